//! What do the two requests of an act look like as JSON?
//!
//! Base64 is the standard alphabet with padding; APDUs are lower-case hexadecimal.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use super::error::CounterError;
use crate::apdu::{CommandApdu, ResponseApdu};
use crate::transcript::CardTranscript;

/// `POST /v1/presences`
#[derive(Serialize)]
pub(super) struct BeginPresence {
    station: String,
    profile: &'static str,
    files: Files,
}

#[derive(Serialize)]
struct Files {
    #[serde(skip_serializing_if = "Option::is_none")]
    card_access: Option<String>,
    sod: String,
    dg1: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    dg14: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dg15: Option<String>,
}

impl BeginPresence {
    pub(super) fn new(station: &str, transcript: &CardTranscript) -> BeginPresence {
        BeginPresence {
            station: station.to_owned(),
            profile: transcript.profile.as_str(),
            files: Files {
                card_access: transcript.card_access.as_ref().map(|file| STANDARD.encode(file)),
                sod: STANDARD.encode(&transcript.sod),
                dg1: STANDARD.encode(&transcript.dg1),
                dg14: transcript.dg14.as_ref().map(|file| STANDARD.encode(file)),
                dg15: transcript.dg15.as_ref().map(|file| STANDARD.encode(file)),
            },
        }
    }
}

/// Its answer: what only the original chip can answer.
#[derive(Deserialize)]
pub(super) struct Presence {
    pub(super) presence: String,
    pub(super) method: String,
    commands: Vec<String>,
}

impl Presence {
    /// The commands for the chip. The conversation itself refuses those that a station does not run.
    pub(super) fn commands(&self) -> Result<Vec<CommandApdu>, CounterError> {
        commands(&self.commands)
    }
}

/// A challenge: a list of commands in hexadecimal.
pub(super) fn commands(texts: &[String]) -> Result<Vec<CommandApdu>, CounterError> {
    let parse = |text: &String| CommandApdu::parse(&hex::decode(text).ok()?).ok();
    let commands: Option<Vec<_>> = texts.iter().map(parse).collect();
    commands.ok_or(CounterError::UnexpectedAnswer("the challenge is not a list of commands"))
}

/// What a token of our own says it is for; nothing, if it is not one of ours. Not verified: the counter believes the gateway that
/// just gave it.
pub(super) fn scope(token: &str) -> String {
    #[derive(Default, Deserialize)]
    struct Claims {
        #[serde(default)]
        scope: String,
    }
    let payload = token.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    payload.and_then(|json| serde_json::from_slice::<Claims>(&json).ok()).unwrap_or_default().scope
}

/// `POST /v1/presences/{id}/proof`
#[derive(Serialize)]
pub(super) struct Proof {
    pub(super) responses: Vec<String>,
    pub(super) purpose: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) encounter: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dependant: Option<String>,
    /// How long the chip took for all commands: a chip at the end of a relay is slow.
    pub(super) took_ms: u32,
}

/// `POST /v1/card-failures`
#[derive(Serialize)]
pub(super) struct CardFailure<'a> {
    pub(super) station: &'a str,
    pub(super) failure: &'static str,
}

/// Its answer.
#[derive(Deserialize)]
pub(super) struct Opened {
    pub(super) session: Session,
    pub(super) token: String,
    #[serde(default)]
    pub(super) token_type: String,
    pub(super) expires_in: u64,
    pub(super) receipt: String,
}

/// A session as the gateway describes it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// Names the session.
    pub id: String,
    /// The patient's pseudonym for this counter.
    pub subject: String,
    /// How strongly presence was proven.
    #[serde(default)]
    pub acr: String,
    /// What the session may be used for.
    #[serde(default)]
    pub purpose: String,
    /// End of the session, RFC 3339.
    #[serde(default)]
    pub expires_at: String,
    /// The patient's health cover, when the counter may know it.
    #[serde(default)]
    pub coverage: Option<Coverage>,
    /// Children for whom the holder may open a session.
    #[serde(default)]
    pub dependants: Vec<Dependant>,
    /// The patient's pseudonym at each back-end.
    #[serde(default)]
    pub patient_at: BTreeMap<String, String>,
    /// Whatever else this gateway says.
    #[serde(flatten)]
    pub more: BTreeMap<String, serde_json::Value>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The compulsory health cover (couverture AMO).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Its scheme.
    #[serde(default)]
    pub scheme: Option<String>,
    /// Are the rights open today?
    pub open: bool,
    /// Whatever else this gateway says.
    #[serde(flatten)]
    pub more: BTreeMap<String, serde_json::Value>,
}

/// A child under the holder's cover (ayant droit).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dependant {
    /// The child's pseudonym for this counter.
    pub subject: String,
    /// What the child is to the holder.
    #[serde(default)]
    pub relationship: String,
    /// Whatever else this gateway says.
    #[serde(flatten)]
    pub more: BTreeMap<String, serde_json::Value>,
}

impl fmt::Debug for Dependant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dependant(redacted)")
    }
}

/// Every response as the gateway wants it.
pub(super) fn hex_all(responses: &[ResponseApdu]) -> Vec<String> {
    responses.iter().map(|response| hex::encode(response.encode())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apdu::StatusWord;

    #[test]
    fn a_challenge_that_is_not_commands_is_the_gateways_fault() {
        let presence = |command: &str| Presence {
            presence: String::new(),
            method: String::new(),
            commands: vec![command.to_owned()],
        };
        assert_eq!(presence("0088000008000102030405060700").commands().unwrap().len(), 1);
        assert!(presence("0088").commands().is_err());
        assert!(presence("zz").commands().is_err());
        assert_eq!(hex_all(&[ResponseApdu::status(StatusWord(0x6982))]), ["6982"]);
    }

    #[test]
    fn a_session_is_read_whatever_else_the_gateway_adds() {
        let session: Session = serde_json::from_str(
            r#"{"id":"1","subject":"s","acr":"card","purpose":"TREAT","expires_at":"2026-01-01T00:00:00Z",
                "coverage":{"scheme":"CNSS-salarié","open":true},"dependants":[{"subject":"d","relationship":"child"}],
                "patient_at":{"prescription":"p"},"later":1}"#,
        )
        .unwrap();
        assert_eq!(session.coverage.as_ref().map(|cover| cover.open), Some(true));
        assert_eq!(serde_json::to_value(&session).unwrap()["later"], 1);
        assert!(!format!("{session:?}").contains("\"s\""));
    }
}
