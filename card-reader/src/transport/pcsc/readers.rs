//! Which readers are connected, and what is on each?

use std::ffi::CStr;
use std::time::Duration;

use pcsc::{Context, ReaderState, Scope, State};

use super::PcscError;

/// A card reader of this counter (lecteur de cartes).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// The name that PC/SC gives it, unique on this machine.
    pub name: String,
    /// What is on it now.
    pub condition: ReaderCondition,
    /// The card's answer to reset, empty without a card.
    pub atr: Vec<u8>,
}

/// What a reader holds at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReaderCondition {
    /// No card.
    Empty,
    /// A card, free to use.
    CardPresent,
    /// A card that another program holds.
    InUse,
    /// A card that does not answer: badly laid, or broken.
    Mute,
    /// The reader itself cannot be used.
    Unavailable,
}

impl ReaderCondition {
    /// Stable name, for `--json` and the page.
    pub fn code(self) -> &'static str {
        match self {
            ReaderCondition::Empty => "empty",
            ReaderCondition::CardPresent => "card-present",
            ReaderCondition::InUse => "in-use",
            ReaderCondition::Mute => "mute",
            ReaderCondition::Unavailable => "unavailable",
        }
    }

    fn from_state(state: State) -> ReaderCondition {
        if state.intersects(State::UNKNOWN | State::UNAVAILABLE) {
            ReaderCondition::Unavailable
        } else if state.contains(State::MUTE) {
            ReaderCondition::Mute
        } else if state.contains(State::EMPTY) || !state.contains(State::PRESENT) {
            ReaderCondition::Empty
        } else if state.contains(State::EXCLUSIVE) {
            ReaderCondition::InUse
        } else {
            ReaderCondition::CardPresent
        }
    }
}

/// The readers connected now, in the order PC/SC lists them. An empty list is an answer, not an error.
pub fn readers() -> Result<Vec<Reader>, PcscError> {
    let context = Context::establish(Scope::User).map_err(PcscError::from_pcsc)?;
    let mut states = states_of(&context)?;
    if states.is_empty() {
        return Ok(Vec::new());
    }
    match context.get_status_change(Duration::ZERO, &mut states) {
        Ok(()) | Err(pcsc::Error::Timeout) => Ok(states.iter().map(describe).collect()),
        Err(error) => Err(PcscError::from_pcsc(error)),
    }
}

/// The reader to use: the one asked for, else the only one with a card. Never simply the first of the list:
/// the order changes when a reader is plugged in again, and with it the patient.
pub fn choose_reader(wanted: Option<&str>) -> Result<String, PcscError> {
    choose(readers()?, wanted)
}

fn choose(readers: Vec<Reader>, wanted: Option<&str>) -> Result<String, PcscError> {
    if let Some(wanted) = wanted {
        return match readers.into_iter().find(|reader| reader.name == wanted) {
            Some(reader) => Ok(reader.name),
            None => Err(PcscError::UnknownReader(wanted.to_owned())),
        };
    }
    if readers.is_empty() {
        return Err(PcscError::NoReader);
    }
    let mut with_card = readers.into_iter().filter(|reader| reader.condition != ReaderCondition::Empty);
    match (with_card.next(), with_card.next()) {
        (None, _) => Err(PcscError::NoCard),
        (Some(only), None) => Ok(only.name),
        (Some(_), Some(_)) => Err(PcscError::SeveralCards),
    }
}

/// A state to ask about for every reader connected now.
pub(super) fn states_of(context: &Context) -> Result<Vec<ReaderState>, PcscError> {
    match context.list_readers_owned() {
        Ok(names) => Ok(names.into_iter().map(|name| ReaderState::new(name, State::UNAWARE)).collect()),
        Err(pcsc::Error::NoReadersAvailable) => Ok(Vec::new()),
        Err(error) => Err(PcscError::from_pcsc(error)),
    }
}

/// Reads what PC/SC answered about one reader.
pub(super) fn describe(state: &ReaderState) -> Reader {
    Reader {
        name: readable(state.name()),
        condition: ReaderCondition::from_state(state.event_state()),
        atr: state.atr().to_vec(),
    }
}

fn readable(name: &CStr) -> String {
    name.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(name: &str, condition: ReaderCondition) -> Reader {
        Reader { name: name.to_owned(), condition, atr: Vec::new() }
    }

    #[test]
    fn the_only_card_is_chosen_wherever_its_reader_is_listed() {
        let list = vec![reader("A", ReaderCondition::Empty), reader("B", ReaderCondition::CardPresent)];
        assert_eq!(choose(list, None), Ok("B".to_owned()));
    }

    #[test]
    fn two_cards_are_never_guessed_between() {
        let list = vec![reader("A", ReaderCondition::CardPresent), reader("B", ReaderCondition::InUse)];
        assert_eq!(choose(list.clone(), None), Err(PcscError::SeveralCards));
        assert_eq!(choose(list, Some("B")), Ok("B".to_owned()));
    }

    #[test]
    fn nothing_to_choose_from_is_said_precisely() {
        assert_eq!(choose(Vec::new(), None), Err(PcscError::NoReader));
        assert_eq!(choose(vec![reader("A", ReaderCondition::Empty)], None), Err(PcscError::NoCard));
        assert_eq!(choose(Vec::new(), Some("A")), Err(PcscError::UnknownReader("A".to_owned())));
    }

    #[test]
    fn a_state_word_is_read_worst_first() {
        assert_eq!(ReaderCondition::from_state(State::PRESENT | State::MUTE), ReaderCondition::Mute);
        assert_eq!(ReaderCondition::from_state(State::PRESENT | State::EXCLUSIVE), ReaderCondition::InUse);
        assert_eq!(ReaderCondition::from_state(State::PRESENT), ReaderCondition::CardPresent);
        assert_eq!(ReaderCondition::from_state(State::EMPTY), ReaderCondition::Empty);
        assert_eq!(ReaderCondition::from_state(State::UNAVAILABLE), ReaderCondition::Unavailable);
    }
}
