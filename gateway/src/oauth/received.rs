//! May a token that a back-end received still be used: has nothing behind it been withdrawn?

use super::{OAuthError, fault};
use crate::app::App;
use crate::refusal::Refusal;
use crate::token::{BackEndClaims, PatientReference, TokenSays, VerifiedBackEndToken};
use crate::withdrawal::Ended;

/// A back-end token that verified, whose session runs, and the patient behind it (*jeton reçu*).
///
/// Only `Received::alive` makes one:
///
/// ```compile_fail
/// fn forge(token: gateway::token::VerifiedBackEndToken) -> gateway::oauth::Received {
///     gateway::oauth::Received { token }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Received {
    token: VerifiedBackEndToken,
}

impl Received {
    /// Asks whether session and token still stand.
    pub(super) fn alive(app: &App, token: VerifiedBackEndToken) -> Result<Self, OAuthError> {
        match stands(app, token.claims(), token.patient())? {
            Ok(()) => Ok(Self { token }),
            Err(reason) => Err(OAuthError::exactly(&fault::SESSION_ENDED, reason)),
        }
    }

    /// What the token says.
    #[must_use]
    pub fn claims(&self) -> &BackEndClaims {
        self.token.claims()
    }

    /// The patient, as the gateway knows them.
    #[must_use]
    pub fn patient(&self) -> &PatientReference {
        self.token.patient()
    }
}

#[cfg(test)]
impl Received {
    /// A token for tests of what comes after it: without a list on which it could stand.
    pub(crate) fn never_withdrawn(token: VerifiedBackEndToken) -> Self {
        Self { token }
    }
}

/// Why something is over; nobody is told so by a node that does not know.
type Standing = Result<Result<(), &'static str>, OAuthError>;

/// Whether an access token of either kind still opens anything, and if not, why.
pub(super) fn is_alive(app: &App, says: &TokenSays) -> Standing {
    match says {
        TokenSays::Session(claims) => {
            let session = still(app.withdrawals.session_stands(claims))?;
            Ok(session.and_then(|()| active(app, &claims.client_id)))
        }
        TokenSays::BackEnd(claims, patient) => stands(app, claims, patient),
    }
}

/// A token goes with its session; one that was taken back alone is known by its own id.
fn stands(app: &App, claims: &BackEndClaims, patient: &PatientReference) -> Standing {
    let session = still(app.withdrawals.back_end_stands(claims, patient))?;
    let mut clients = claims.actors.iter().chain([&claims.establishment]);
    Ok(session.and_then(|()| clients.try_for_each(|client| active(app, client))))
}

fn still(standing: Result<(), Ended>) -> Standing {
    match standing {
        Ok(()) => Ok(Ok(())),
        Err(Ended::Withdrawn(reason)) => Ok(Err(reason)),
        Err(Ended::Unknown) => Err(Refusal::from(Ended::Unknown).into()),
    }
}

/// A suspended client's tokens are worth nothing, wherever they are.
fn active(app: &App, client: &str) -> Result<(), &'static str> {
    let active = app.registry.client(client).is_some_and(|client| client.active);
    if active { Ok(()) } else { Err("client-suspended") }
}
