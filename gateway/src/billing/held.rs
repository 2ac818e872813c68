//! Who may send this claim now, and what became of it?

use http::{HeaderName, HeaderValue, StatusCode};
use policies::Permit;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Examined;
use super::claim::FSE_SYSTEM;
use super::rows::{self, Key, Standing};
use crate::app::App;
use crate::problem::ProblemCode;
use crate::proxy::ProxyError;
use crate::refusal::Refusal;
use crate::store::DatabaseError;

/// FHIR R4 §3.1.0.8.1, conditional create: a claim that the back-end has already is not stored again.
const IF_NONE_EXIST: HeaderName = HeaderName::from_static("if-none-exist");

/// A claim that this request alone may send (*facture réservée*). Whoever drops it without a word leaves the presence
/// to this claim: it may be sent again once it cannot be on its way any more.
///
/// Only [`Examined::hold`] makes one, from a permit.
#[must_use = "what became of the claim is to be said"]
pub(crate) struct Held {
    taken: Option<(Key, Uuid)>,
}

/// What became of a claim (*suite donnée*).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Became {
    /// The back-end has it.
    Accepted,
    /// The back-end does not have it.
    Refused,
    /// Nobody knows.
    Unknown,
}

impl Examined {
    /// Takes the presence for this claim, durably and on all nodes, before anything is sent.
    pub(crate) async fn hold(self, app: &App, _permit: &Permit, at: OffsetDateTime) -> Result<Held, Refusal> {
        let Some(key) = self.key.filter(|_| self.bills) else { return Ok(Held { taken: None }) };
        let attempt = Uuid::new_v4();
        match rows::take(&app.store, &key, attempt, at).await.map_err(database)? {
            Standing::Free => Ok(Held { taken: Some((key, attempt)) }),
            // Between the look and the hand another node, or another request, was faster.
            Standing::OnItsWay | Standing::Billed => Err(on_its_way()),
        }
    }
}

impl Held {
    /// What tells the back-end to store a claim once, although it may be sent again: the number of its care sheet.
    pub(crate) fn condition(&self) -> Option<(HeaderName, HeaderValue)> {
        let (key, _) = self.taken.as_ref()?;
        let condition = format!("identifier={FSE_SYSTEM}|{}", key.fse.as_deref()?);
        Some((IF_NONE_EXIST, HeaderValue::from_str(&condition).ok()?))
    }

    /// The presence that is billed.
    pub(crate) fn presence(&self) -> Option<Uuid> {
        self.taken.as_ref().map(|(key, _)| key.presence)
    }

    /// Writes down what became of it. Where that fails the presence stays with this claim, which may be sent again.
    pub(crate) async fn settle(self, app: &App, became: Became, at: OffsetDateTime) {
        let Some((Key { presence, .. }, attempt)) = self.taken else { return };
        let written = match became {
            Became::Accepted => rows::accepted(&app.store, presence, attempt, at).await,
            Became::Refused => rows::refused(&app.store, presence, attempt, at).await,
            Became::Unknown => rows::unknown(&app.store, presence, attempt, at).await,
        };
        if let Err(error) = written {
            tracing::warn!(%error, "what became of a claim is not written down");
        }
    }
}

/// What the back-end's answer, or its absence, says about a claim.
pub(crate) fn outcome(answer: Result<StatusCode, ProxyError>) -> Became {
    match answer {
        Ok(status) if status.is_success() => Became::Accepted,
        // It gave up waiting for a body that may have come.
        Ok(StatusCode::REQUEST_TIMEOUT) => Became::Unknown,
        Ok(status) if status.is_client_error() => Became::Refused,
        Ok(_) => Became::Unknown,
        // Nothing was sent, or not to the end, or our token was not believed.
        Err(
            ProxyError::NoSuchBackEnd
            | ProxyError::Overloaded
            | ProxyError::Request
            | ProxyError::RequestBody(_)
            | ProxyError::TokenRefused,
        ) => Became::Refused,
        Err(ProxyError::Unreachable | ProxyError::Timeout | ProxyError::Invalid) => Became::Unknown,
    }
}

/// The same claim was sent a moment ago.
pub(super) fn on_its_way() -> Refusal {
    Refusal::new(ProblemCode::ClaimOnItsWay)
}

pub(super) fn database(error: DatabaseError) -> Refusal {
    tracing::warn!(%error, "billed presences");
    Refusal::exactly(ProblemCode::RegistryUnavailable, "billed-presences-unknown")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_no_gives_the_presence_back() {
        for (answer, became) in [
            (Ok(StatusCode::CREATED), Became::Accepted),
            (Ok(StatusCode::OK), Became::Accepted),
            (Ok(StatusCode::UNPROCESSABLE_ENTITY), Became::Refused),
            (Ok(StatusCode::TOO_MANY_REQUESTS), Became::Refused),
            (Ok(StatusCode::REQUEST_TIMEOUT), Became::Unknown),
            (Ok(StatusCode::INTERNAL_SERVER_ERROR), Became::Unknown),
            (Ok(StatusCode::NOT_MODIFIED), Became::Unknown),
            (Err(ProxyError::TokenRefused), Became::Refused),
            (Err(ProxyError::Overloaded), Became::Refused),
            (Err(ProxyError::Timeout), Became::Unknown),
            (Err(ProxyError::Unreachable), Became::Unknown),
            (Err(ProxyError::Invalid), Became::Unknown),
        ] {
            assert_eq!(outcome(answer), became, "{answer:?}");
        }
    }
}
