//! How does this program end when it could not do what was asked?

use card_reader::CardError;
use card_reader::TransportError;
use card_reader::counter::{CounterError, Explanation, Language};
use card_reader::simulated::CardFileError;
use card_reader::transport::pcsc::PcscError;
use card_reader::vpcd::VpcdError;
use serde_json::json;

use crate::output;

/// Wrong usage (sysexits EX_USAGE).
pub(crate) const USAGE: u8 = 64;
/// The card, or what was typed for it, was refused (EX_DATAERR).
const REFUSED: u8 = 65;
/// Reader, card, gateway or back-end not there (EX_UNAVAILABLE).
const UNAVAILABLE: u8 = 69;
/// An answer nobody expected (EX_SOFTWARE).
const INTERNAL: u8 = 70;
/// Known, and not permitted (EX_NOPERM).
const NOT_PERMITTED: u8 = 77;
/// A file of this counter is missing or wrong (EX_CONFIG).
const CONFIGURATION: u8 = 78;

/// Why a command ended early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line asks for something that makes no sense.
    Usage(String),
    /// The counter flow failed.
    Counter(CounterError),
    /// The virtual reader failed.
    Virtual(VpcdError),
    /// A card file is missing or no card.
    CardFile(std::path::PathBuf, CardFileError),
    /// What this program needs of the machine is taken or not there.
    Unavailable(String),
    /// The machine failed.
    Internal(String),
}

impl From<CounterError> for Failure {
    fn from(error: CounterError) -> Failure {
        Failure::Counter(error)
    }
}

impl From<PcscError> for Failure {
    fn from(error: PcscError) -> Failure {
        Failure::Counter(error.into())
    }
}

impl From<CardError> for Failure {
    fn from(error: CardError) -> Failure {
        Failure::Counter(error.into())
    }
}

impl Failure {
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Failure::Usage(_) => USAGE,
            Failure::Counter(error) => counter_code(error),
            Failure::Virtual(_) | Failure::Unavailable(_) => UNAVAILABLE,
            Failure::CardFile(..) => CONFIGURATION,
            Failure::Internal(_) => INTERNAL,
        }
    }

    /// Says it: to people on stderr in their language, to programs on stdout as JSON.
    pub(crate) fn report(&self, language: Language, json: bool) {
        let (code, party, said, detail) = match self {
            Failure::Counter(error) => (
                error.code().to_owned(),
                error.party().to_owned(),
                error.explain(language),
                Some(error.to_string()),
            ),
            Failure::Usage(text) => plain("usage", "station", text),
            Failure::Virtual(error) => plain("virtual-reader", "reader", &error.to_string()),
            Failure::CardFile(path, error) => {
                plain("card-file", "station", &format!("{}: {error}", path.display()))
            }
            Failure::Unavailable(text) => plain("unavailable", "station", text),
            Failure::Internal(text) => plain("internal", "station", text),
        };
        if json {
            let tries_left = match self {
                Failure::Counter(error) => error.tries_left(),
                _ => None,
            };
            output::json(&json!({"error": {
                "code": code, "party": party, "title": said.title, "reasons": said.reasons, "next_step": said.next_step,
                "tries_left": tries_left, "detail": detail,
            }}));
        }
        output::error(&said, &party, &code, detail.as_deref());
    }
}

fn plain(code: &str, party: &str, text: &str) -> (String, String, Explanation, Option<String>) {
    let said = Explanation { title: text.to_owned(), reasons: Vec::new(), next_step: String::new() };
    (code.to_owned(), party.to_owned(), said, None)
}

fn counter_code(error: &CounterError) -> u8 {
    match error {
        CounterError::Card(CardError::Transport(
            TransportError::NoCard | TransportError::ReaderUnusable | TransportError::Garbled,
        )) => UNAVAILABLE,
        CounterError::Card(
            CardError::CommandNotAllowed | CardError::TooManyCommands | CardError::NoRandom,
        ) => INTERNAL,
        CounterError::Card(_) => REFUSED,
        CounterError::Reader(PcscError::MuteCard | PcscError::SessionLost(_)) => REFUSED,
        CounterError::Reader(PcscError::SeveralCards | PcscError::UnknownReader(_)) => USAGE,
        CounterError::Reader(_) => UNAVAILABLE,
        CounterError::Files { .. } => CONFIGURATION,
        CounterError::Unreachable | CounterError::TimedOut => UNAVAILABLE,
        CounterError::TlsRefused => NOT_PERMITTED,
        CounterError::Refused(problem) => match problem.status {
            401 | 403 => NOT_PERMITTED,
            422 => REFUSED,
            429 | 502..=504 => UNAVAILABLE,
            _ => INTERNAL,
        },
        CounterError::UnexpectedAnswer(_) | CounterError::Interrupted => INTERNAL,
    }
}
