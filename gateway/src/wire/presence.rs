//! `POST /v1/presences` and `POST /v1/presences/{id}/proof`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use card_reader::{CardProfile, CardTranscript, ResponseApdu};
use policies::Purpose;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{ParseError, is_label};

/// Answers of the chip in one proof; a challenge has a handful of commands.
const RESPONSES_MAX: usize = 64;

/// What a station read from a card.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BeginPresenceBody {
    /// The station's name.
    pub station: String,
    /// The card profile it was read by.
    pub profile: String,
    /// The files, in base64.
    pub files: PresenceFiles,
}

/// The files of the chip, base64 with padding.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PresenceFiles {
    /// EF.CardAccess.
    pub card_access: Option<String>,
    /// EF.SOD.
    pub sod: String,
    /// DG1.
    pub dg1: String,
    /// DG14.
    pub dg14: Option<String>,
    /// DG15.
    pub dg15: Option<String>,
}

/// A challenge for the station's card.
#[derive(Serialize)]
pub struct PresenceAnswer {
    /// The presence to be proven.
    pub presence: Uuid,
    /// How the chip will prove itself.
    pub method: &'static str,
    /// What to run on the chip, in this order: lower-case hex.
    pub commands: Vec<String>,
    /// Seconds until it is too late.
    pub expires_in: u64,
}

/// What the chip answered, and what for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofBody {
    /// One answer per command: hex, status word included.
    pub responses: Vec<String>,
    /// HL7 PurposeOfUse code.
    pub purpose: String,
    /// The establishment's encounter.
    pub encounter: Option<String>,
    /// Subject of the dependant for whom the session is.
    pub dependant: Option<String>,
    /// How long the chip took for all commands, in milliseconds, as the station measured.
    pub took_ms: Option<u32>,
}

/// A [`ProofBody`] understood.
#[derive(Debug)]
pub(crate) struct Proof {
    pub(crate) responses: Vec<ResponseApdu>,
    pub(crate) purpose: Purpose,
    pub(crate) encounter: Option<String>,
    pub(crate) dependant: Option<String>,
    pub(crate) took_ms: Option<u32>,
}

impl BeginPresenceBody {
    /// The station's name and the transcript, still unbelieved.
    pub(crate) fn understood(self) -> Result<(String, CardTranscript), ParseError> {
        if !is_label(&self.station) {
            return Err(ParseError("station is 1 to 64 of A-Z a-z 0-9 . _ -"));
        }
        let profile: CardProfile =
            self.profile.parse().map_err(|_| ParseError("profile is not a known card profile"))?;
        let file =
            |text: String| STANDARD.decode(text).map_err(|_| ParseError("a file is not base64 with padding"));
        let transcript = CardTranscript {
            profile,
            card_access: self.files.card_access.map(file).transpose()?,
            sod: file(self.files.sod)?,
            dg1: file(self.files.dg1)?,
            dg14: self.files.dg14.map(file).transpose()?,
            dg15: self.files.dg15.map(file).transpose()?,
        };
        Ok((self.station, transcript))
    }
}

impl ProofBody {
    pub(crate) fn understood(self) -> Result<Proof, ParseError> {
        let responses = responses(&self.responses)?;
        let purpose =
            Purpose::parse(&self.purpose).ok_or(ParseError("purpose is not a known PurposeOfUse code"))?;
        if !self.encounter.as_deref().is_none_or(is_label) {
            return Err(ParseError("encounter is 1 to 64 of A-Z a-z 0-9 . _ -"));
        }
        if !self.dependant.as_deref().is_none_or(is_label) {
            return Err(ParseError("dependant is the subject of a dependant"));
        }
        let Self { encounter, dependant, took_ms, .. } = self;
        Ok(Proof { responses, purpose, encounter, dependant, took_ms })
    }
}

/// The chip's answers, one per command.
pub(super) fn responses(texts: &[String]) -> Result<Vec<ResponseApdu>, ParseError> {
    if texts.len() > RESPONSES_MAX {
        return Err(ParseError("too many responses"));
    }
    let answer = |text: &String| hex::decode(text).ok().and_then(|bytes| ResponseApdu::parse(&bytes).ok());
    let answers = texts.iter().map(answer).collect::<Option<_>>();
    answers.ok_or(ParseError("a response is not the hex of an APDU response"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::parse;

    #[test]
    fn unknown_members_and_bad_encodings_are_refused_without_an_echo() {
        for body in [
            r#"{"station":"s","profile":"cnie-2020","files":{"sod":"","dg1":""},"secret":1}"#,
            r#"{"station":"s","profile":"cnie-2020","files":{"sod":1,"dg1":"AB123456"}}"#,
            "{",
        ] {
            let error = parse::<BeginPresenceBody>(body.as_bytes()).err().unwrap();
            assert!(!error.0.contains("secret") && !error.0.contains("AB123456"), "{error}");
        }
        let body = r#"{"station":"s","profile":"cnie-2020","files":{"sod":"*","dg1":""}}"#;
        assert!(parse::<BeginPresenceBody>(body.as_bytes()).unwrap().understood().is_err());
    }

    #[test]
    fn proof_is_understood() {
        let body = r#"{"responses":["9000","0102036a82"],"purpose":"TREAT"}"#;
        let proof = parse::<ProofBody>(body.as_bytes()).unwrap().understood().unwrap();
        assert_eq!(proof.responses.len(), 2);
        assert_eq!(proof.purpose, Purpose::Treatment);
        for body in [
            r#"{"responses":["90"],"purpose":"TREAT"}"#,
            r#"{"responses":["9000"],"purpose":"SPYING"}"#,
            r#"{"responses":["9000"],"purpose":"TREAT","encounter":"a b"}"#,
        ] {
            assert!(parse::<ProofBody>(body.as_bytes()).unwrap().understood().is_err(), "{body}");
        }
    }
}
