//! Why did an act at the counter not end in a session, and who can change that?

use std::path::PathBuf;

use serde::Deserialize;

use super::wanted::StepUpWanted;
use crate::error::CardError;
#[cfg(feature = "pcsc")]
use crate::transport::pcsc::PcscError;

/// What an act can end in. No variant carries data of the card or of the patient.
#[derive(Debug, thiserror::Error)]
pub enum CounterError {
    /// The card, or what was typed to open it. Nothing was sent if this comes before the first request.
    #[error(transparent)]
    Card(#[from] CardError),
    /// The reader, before any conversation began.
    #[cfg(feature = "pcsc")]
    #[error(transparent)]
    Reader(#[from] PcscError),
    /// This counter's own files: certificate, key, trust, state folder.
    #[error("{path}: {why}")]
    Files {
        /// The file at fault.
        path: PathBuf,
        /// What is wrong with it, and the remedy.
        why: String,
    },
    /// Nobody answers at the gateway's address.
    #[error("the gateway cannot be reached")]
    Unreachable,
    /// The gateway did not answer in time.
    #[error("the gateway did not answer in time")]
    TimedOut,
    /// The TLS handshake failed: one side does not accept the other's certificate.
    #[error("the secure connection to the gateway failed")]
    TlsRefused,
    /// The gateway answered with a problem document (RFC 9457).
    #[error("the gateway refused: {}", .0.code)]
    Refused(Box<Problem>),
    /// The gateway's answer is not what this release understands.
    #[error("unexpected answer of the gateway: {0}")]
    UnexpectedAnswer(&'static str),
    /// The act was given up, or its thread ended.
    #[error("the act was interrupted")]
    Interrupted,
}

/// A problem document of the gateway. Its texts come from fixed tables there; they hold no personal data.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Problem {
    /// HTTP status.
    pub status: u16,
    /// Stable name.
    pub code: String,
    /// What happened, in the language asked for.
    pub title: String,
    /// Who is at fault.
    pub party: String,
    /// More about this one case.
    pub detail: Option<String>,
    /// What the counter's staff can do.
    pub action_staff: String,
    /// What the software's vendor can do.
    pub action_vendor: String,
    /// Names the request in the gateway's logs.
    pub request_id: Option<String>,
    /// Why policy said no.
    pub reasons: Vec<Reason>,
    /// What the holder has to prove first (RFC 9470 §3), from `WWW-Authenticate`.
    #[serde(skip)]
    pub step_up: Option<StepUpWanted>,
}

/// One reason of a refusal by policy, in the language asked for.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Reason {
    /// Stable name.
    pub code: String,
    /// The reason.
    pub text: String,
}

impl CounterError {
    /// Stable name, the same in logs, `--json` and on the page.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            CounterError::Card(error) => error.code(),
            #[cfg(feature = "pcsc")]
            CounterError::Reader(error) => error.code(),
            CounterError::Files { .. } => "counter-files",
            CounterError::Unreachable => "gateway-unreachable",
            CounterError::TimedOut => "gateway-timeout",
            CounterError::TlsRefused => "gateway-tls-refused",
            CounterError::Refused(problem) => &problem.code,
            CounterError::UnexpectedAnswer(_) => "gateway-unexpected-answer",
            CounterError::Interrupted => "act-interrupted",
        }
    }

    /// Who has to act: `card`, `reader`, `station`, `gateway`, or whoever the gateway names.
    #[must_use]
    pub fn party(&self) -> &str {
        match self {
            CounterError::Card(error) => error.party().as_str(),
            #[cfg(feature = "pcsc")]
            CounterError::Reader(error) => error.party().as_str(),
            CounterError::Files { .. } | CounterError::Interrupted => "station",
            CounterError::Unreachable
            | CounterError::TimedOut
            | CounterError::TlsRefused
            | CounterError::UnexpectedAnswer(_) => "gateway",
            CounterError::Refused(problem) if problem.party.is_empty() => "gateway",
            CounterError::Refused(problem) => &problem.party,
        }
    }

    /// Tries of the CAN or the PIN that are left, when the card said so.
    #[must_use]
    pub fn tries_left(&self) -> Option<u8> {
        match self {
            CounterError::Card(CardError::WrongCan { tries_left } | CardError::WrongPin { tries_left }) => {
                *tries_left
            }
            _ => None,
        }
    }

    /// What the holder of the card has to prove first, where that is all that is missing (RFC 9470).
    #[must_use]
    pub fn step_up(&self) -> Option<&StepUpWanted> {
        match self {
            CounterError::Refused(problem) => problem.step_up.as_ref(),
            _ => None,
        }
    }
}
