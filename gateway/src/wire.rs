//! What do requests and answers look like as JSON?
//!
//! Shapes only: they are turned into domain types at the edge and know nothing of the flows.

mod card_failure;
mod emergency;
mod presence;
mod receipts;
mod session;
mod step_up;

pub(crate) use card_failure::CardFailure;
pub use card_failure::CardFailureBody;
pub use emergency::{
    EmergencyAnswer, EmergencyBody, EmergencyEntry, EmergencySession, NamedEstablishment, NoticeAnswer,
    NoticeText, NoticesAnswer,
};
pub(crate) use presence::Proof;
pub use presence::{BeginPresenceBody, PresenceAnswer, PresenceFiles, ProofBody};
pub(crate) use receipts::AskedReceipt;
pub use receipts::{AskedReceiptBody, ClaimedReceiptBody, ReceiptAnswer, ReceiptsAnswer, VerifyReceiptsBody};
pub use session::{CoverageAnswer, DependantAnswer, OpenedSessionAnswer, SessionAnswer};
pub use step_up::{BeginStepUpBody, StepUpAnswer, StepUpProofBody, SteppedUpAnswer};

/// A body that is not the shape of its route: 400, with the rule that it breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ParseError(pub &'static str);

/// Reads a body of a route; serde's own message would quote what the caller sent.
pub(crate) fn parse<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, ParseError> {
    serde_json::from_slice(body).map_err(|error| {
        ParseError(match error.classify() {
            serde_json::error::Category::Data => "the JSON has not the members of this route",
            _ => "the body is not JSON",
        })
    })
}

/// A name that a client gives to a thing of its own: 1 to 64 of `A-Za-z0-9._-`.
pub(crate) fn is_label(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}
