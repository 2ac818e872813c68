//! `cards`: which cards does a demonstration have, and which numbers open them?

use std::path::Path;

use card_reader::counter::{CounterError, DemoState, Holder};
use card_reader::simulated::{CardFile, SimulatedCard};
use card_reader::{Can, Pin};
use serde_json::json;

use crate::args::CardsArgs;
use crate::failure::Failure;
use crate::output;

/// The front of a demonstration card: what anybody can read off it without a reader.
#[derive(Clone)]
pub(crate) struct PrintedCard {
    /// The card's name among the demonstration's.
    pub(crate) name: String,
    /// Who it was made for.
    pub(crate) holder: Option<Holder>,
    /// The number printed on the front.
    pub(crate) can: String,
    /// The PIN: what no card shows, but visitors of a demonstration must know.
    pub(crate) pin: Option<String>,
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
        Ok(PrintedCard {
            name: name.to_owned(),
            holder: Holder::from_dg1(&file.files.dg1.0),
            can: file.can,
            pin: file.holder.map(|holder| holder.pin),
        })
    }

    /// The chip of a card file.
    pub(crate) fn chip(path: &Path) -> Result<SimulatedCard, Failure> {
        SimulatedCard::from_file(path).map_err(|error| Failure::CardFile(path.to_owned(), error))
    }

    pub(crate) fn can(&self) -> Result<Can, Failure> {
        Can::parse(&self.can)
            .ok_or_else(|| Failure::Internal(format!("no usable CAN is printed on {}", self.name)))
    }

    pub(crate) fn pin(&self) -> Option<Pin> {
        self.pin.as_deref().and_then(Pin::parse)
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
            .map(|card| json!({"name": card.name, "holder": card.title(), "can": card.can, "pin": card.pin}))
            .collect();
        output::json(&json!({"cards": list}));
        return Ok(());
    }
    for card in cards {
        let pin = card.pin.as_deref().unwrap_or("-");
        output::line(&format!("{:<24} CAN {}  PIN {pin:<8}  {}", card.name, card.can, card.title()));
    }
    Ok(())
}
