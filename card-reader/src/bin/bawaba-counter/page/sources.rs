//! Where can a card come from: which readers, which cards of the demonstration?

use std::path::PathBuf;

use card_reader::CardTransport;
use card_reader::counter::{CounterError, DemoState};
use card_reader::transport::pcsc::{
    PcscDeadlines, PcscError, PcscTransport, Reader, ReaderCondition, ReaderWatch,
};

use crate::cards::PrintedCard;

/// The readers of this machine, followed as they come and go, and the demonstration's cards.
pub(crate) struct Sources {
    watch: Result<ReaderWatch, PcscError>,
    demo: Option<DemoState>,
}

/// What the staff chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// The card on this reader.
    Reader(String),
    /// This card of the demonstration.
    Card(String),
}

impl Source {
    /// Reads the value of the form's field.
    pub(crate) fn parse(value: &str) -> Option<Source> {
        match value.split_once(':')? {
            ("reader", name) if !name.is_empty() => Some(Source::Reader(name.to_owned())),
            ("card", name) if !name.is_empty() => Some(Source::Card(name.to_owned())),
            _ => None,
        }
    }

    /// The value of the form's field.
    pub(crate) fn value(&self) -> String {
        match self {
            Source::Reader(name) => format!("reader:{name}"),
            Source::Card(name) => format!("card:{name}"),
        }
    }
}

impl Sources {
    pub(crate) fn new(demo: Option<DemoState>) -> Sources {
        Sources { watch: ReaderWatch::start(), demo }
    }

    pub(crate) fn readers(&self) -> Result<Vec<Reader>, PcscError> {
        match &self.watch {
            Ok(watch) => watch.readers(),
            Err(error) => Err(error.clone()),
        }
    }

    /// The demonstration's cards; none outside of a demonstration.
    pub(crate) fn cards(&self) -> Vec<PrintedCard> {
        self.demo.as_ref().map(PrintedCard::all).and_then(Result::ok).unwrap_or_default()
    }

    /// What to choose when nobody has chosen yet: the only reader with a card, else the first demonstration card.
    pub(crate) fn suggestion(&self, readers: &[Reader], cards: &[PrintedCard]) -> Option<Source> {
        let mut ready = readers.iter().filter(|reader| reader.condition == ReaderCondition::CardPresent);
        match (ready.next(), ready.next(), cards.first()) {
            (Some(only), None, _) => Some(Source::Reader(only.name.clone())),
            (_, _, Some(card)) => Some(Source::Card(card.name.clone())),
            _ => None,
        }
    }

    /// Takes the card that was chosen. Blocks.
    pub(crate) fn take(&self, source: &Source) -> Result<Box<dyn CardTransport + Send>, CounterError> {
        match source {
            Source::Reader(name) => Ok(Box::new(PcscTransport::connect(name, PcscDeadlines::default())?)),
            Source::Card(name) => {
                let missing = |path: PathBuf, why: String| CounterError::Files { path, why };
                let demo = self
                    .demo
                    .as_ref()
                    .ok_or_else(|| missing(PathBuf::from(name), "no demonstration".to_owned()))?;
                let path = demo.card(name)?;
                let chip = card_reader::simulated::SimulatedCard::from_file(&path)
                    .map_err(|error| missing(path, error.to_string()))?;
                Ok(Box::new(chip))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_survives_the_form() {
        for source in [Source::Reader("Virtual PCD 00: 00".to_owned()), Source::Card("fatima".to_owned())] {
            assert_eq!(Source::parse(&source.value()), Some(source));
        }
        for nothing in ["", "fatima", "reader:", "file:/etc/passwd"] {
            assert_eq!(Source::parse(nothing), None);
        }
    }
}
