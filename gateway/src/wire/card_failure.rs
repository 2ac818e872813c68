//! `POST /v1/card-failures`.

use serde::Deserialize;

use super::{ParseError, is_label};

/// A card refused what was typed: told by the station, about no card, because none opened.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardFailureBody {
    /// The station's name.
    pub station: String,
    /// What was wrong: `wrong-can` or `wrong-pin`.
    pub failure: String,
}

/// A [`CardFailureBody`] understood (*échec de carte*).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CardFailure {
    pub(crate) station: String,
    pub(crate) code: &'static str,
}

impl CardFailureBody {
    /// Which station, and what was wrong there.
    pub(crate) fn understood(self) -> Result<CardFailure, ParseError> {
        if !is_label(&self.station) {
            return Err(ParseError("station is 1 to 64 of A-Z a-z 0-9 . _ -"));
        }
        let code = ["wrong-can", "wrong-pin"].into_iter().find(|code| *code == self.failure);
        let code = code.ok_or(ParseError("failure is wrong-can or wrong-pin"))?;
        Ok(CardFailure { station: self.station, code })
    }
}
