//! `POST /v1/sessions/{id}/step-up` and `POST /v1/sessions/{id}/step-up/{id}/proof`.

use card_reader::{CardProfile, ResponseApdu};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{ParseError, SessionAnswer, is_label};

/// Which card is on the reader.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BeginStepUpBody {
    /// The station's name.
    pub station: String,
    /// The card profile by which it reads.
    pub profile: String,
}

/// A challenge for the holder's card.
#[derive(Serialize)]
pub struct StepUpAnswer {
    /// The step-up to be proven.
    pub step_up: Uuid,
    /// What to run on the card, in this order: lower-case hex. The VERIFY without data is where the PIN goes.
    pub commands: Vec<String>,
    /// Seconds until it is too late.
    pub expires_in: u64,
}

/// What the card answered.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepUpProofBody {
    /// One answer per command: hex, status word included.
    pub responses: Vec<String>,
}

/// `201` of the proof: the same session, a stronger token.
#[derive(Serialize)]
pub struct SteppedUpAnswer {
    /// The session.
    pub session: SessionAnswer,
    /// The new session token.
    pub token: String,
    /// How it is shown.
    pub token_type: &'static str,
    /// Seconds until it expires, with the session.
    pub expires_in: u64,
}

impl BeginStepUpBody {
    pub(crate) fn understood(self) -> Result<(String, CardProfile), ParseError> {
        if !is_label(&self.station) {
            return Err(ParseError("station is 1 to 64 of A-Z a-z 0-9 . _ -"));
        }
        let profile = self.profile.parse().map_err(|_| ParseError("profile is not a known card profile"))?;
        Ok((self.station, profile))
    }
}

impl StepUpProofBody {
    pub(crate) fn understood(self) -> Result<Vec<ResponseApdu>, ParseError> {
        super::presence::responses(&self.responses)
    }
}
