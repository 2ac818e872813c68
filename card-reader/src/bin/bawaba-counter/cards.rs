//! `cards`: which cards does a demonstration have, and what is printed on each?

use std::path::Path;

use card_reader::Can;
use card_reader::counter::{CounterError, DemoState, Holder};
use card_reader::simulated::{CardFile, SimulatedCard};
use serde_json::json;

use crate::args::CardsArgs;
use crate::failure::Failure;
use crate::output;

/// The front of a demonstration card: what anybody can read off it without a reader.
#[derive(Debug, Clone)]
pub(crate) struct PrintedCard {
    /// The card's name among the demonstration's.
    pub(crate) name: String,
    /// Who it was made for.
    pub(crate) holder: Option<Holder>,
    /// The number printed on the front.
    pub(crate) can: String,
}

impl PrintedCard {
    /// Every card of the demonstration, sorted by name.
    pub(crate) fn all(state: &DemoState) -> Result<Vec<PrintedCard>, CounterError> {
        let mut cards = Vec::new();
        for name in state.cards()? {
            // A file that is no card is left out here and named where somebody uses it.
            cards.extend(PrintedCard::read(&name, &state.card(&name)?));
        }
        Ok(cards)
    }

    pub(crate) fn read(name: &str, path: &Path) -> Result<PrintedCard, CounterError> {
        let file = CardFile::load(path)
            .map_err(|error| CounterError::Files { path: path.to_owned(), why: error.to_string() })?;
        Ok(PrintedCard { name: name.to_owned(), holder: Holder::from_dg1(&file.files.dg1.0), can: file.can })
    }

    /// The chip of a card file.
    pub(crate) fn chip(path: &Path) -> Result<SimulatedCard, Failure> {
        SimulatedCard::from_file(path).map_err(|error| Failure::CardFile(path.to_owned(), error))
    }

    pub(crate) fn can(&self) -> Result<Can, Failure> {
        Can::parse(&self.can)
            .ok_or_else(|| Failure::Internal(format!("no usable CAN is printed on {}", self.name)))
    }

    /// The holder's name, or the file's where the card shows none.
    pub(crate) fn title(&self) -> String {
        self.holder.as_ref().map_or_else(|| self.name.clone(), Holder::full_name)
    }
}

pub(crate) fn run(args: &CardsArgs) -> Result<(), Failure> {
    let cards = PrintedCard::all(&DemoState::new(&args.state))?;
    if args.json {
        let list: Vec<_> = cards
            .iter()
            .map(|card| json!({"name": card.name, "holder": card.title(), "can": card.can}))
            .collect();
        output::json(&json!({"cards": list}));
        return Ok(());
    }
    for card in cards {
        output::line(&format!("{:<24} CAN {}  {}", card.name, card.can, card.title()));
    }
    Ok(())
}
