//! Which practitioner acts? RFC 8693 §2.1: an `actor_token`, signed by the practitioner's own card or key.
//!
//! The assertion is a JWS (`typ: actor+jwt`, ES256, chain in `x5c`) under a certificate of the client authority that
//! belongs to no registered client: `{ iss, aud, sid, iat, exp }`. It is made for one session (`sid`), so it is worth
//! nothing in any other, and may be shown for each back-end of that one while it lives.
//!
//! Practitioners stand in no register of ours: the authority that issues and revokes their certificates knows them.

use serde::Deserialize;
use time::OffsetDateTime;

use super::exchange::JWT;
use super::{Form, OAuthError, fault};
use crate::app::App;
use crate::limits::{CLOCK_LEEWAY, MAX_ACTOR_TOKEN_BYTES, MAX_SESSION_LIFETIME};
use crate::session::Session;
use crate::token::read_once;
use crate::trust::{ClientStanding, StatementError};
use crate::wire::is_label;

const TYP: &str = "actor+jwt";

/// A practitioner who proved to act in this session (*professionnel de santé*).
///
/// Only `Practitioner::of_request` makes one:
///
/// ```compile_fail
/// fn forge() -> gateway::oauth::Practitioner {
///     gateway::oauth::Practitioner { id: "INPE-1".to_owned() }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Practitioner {
    id: String,
}

/// What the practitioner signed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Assertion {
    iss: String,
    aud: String,
    sid: uuid::Uuid,
    iat: i64,
    exp: i64,
}

impl Practitioner {
    /// The number of their certificate's subject: in Morocco, of their professional registration.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The practitioner whom the form names, if it names one.
    pub(super) fn of_request(
        app: &App,
        form: &Form,
        session: &Session,
        at: OffsetDateTime,
    ) -> Result<Option<Self>, OAuthError> {
        let (token, of_type) = match (form.get("actor_token"), form.get("actor_token_type")) {
            (None, None) => return Ok(None),
            (Some(token), Some(of_type)) => (token, of_type),
            // RFC 8693 §2.1: the one is required with the other, and must not come without it.
            _ => return Err(OAuthError::new(&fault::ACTOR_TOKEN_TYPE)),
        };
        if of_type != JWT {
            return Err(OAuthError::new(&fault::ACTOR_TOKEN_TYPE));
        }
        let refused = |exact: &'static str| OAuthError::exactly(&fault::ACTOR_TOKEN, exact);
        let stated =
            app.trust.statement(token, TYP, MAX_ACTOR_TOKEN_BYTES, at).map_err(|error| match error {
                StatementError::Malformed(_) => refused("actor-token-malformed"),
                StatementError::Key => refused("actor-token-key"),
                StatementError::Signature => refused("actor-token-signature"),
                StatementError::Unvouched(error) => refused(error.code()),
            })?;
        let certificate = stated.signer().certificate();
        match app.trust.client_standing(certificate, at) {
            ClientStanding::Good => {}
            ClientStanding::Revoked => return Err(refused("actor-certificate-revoked")),
            ClientStanding::Unknown => {
                return Err(OAuthError::exactly(&fault::UNAVAILABLE, "client-crl-stale"));
            }
        }
        let id = certificate.subject_serial_number();
        if app.registry.client(id).is_some() || !is_label(id) {
            return Err(refused("actor-not-a-practitioner"));
        }
        let said: Assertion = read_once(stated.payload()).map_err(|_| refused("actor-token-claims"))?;
        let lifetime =
            said.exp.checked_sub(said.iat).is_some_and(|life| (1..=MAX_SESSION_LIFETIME).contains(&life));
        if said.iss != id || said.aud != app.config.issuer || !lifetime {
            return Err(refused("actor-token-claims"));
        }
        if said.sid != session.claims().id {
            return Err(refused("actor-token-session"));
        }
        let now = at.unix_timestamp();
        if now >= said.exp || now.saturating_add(CLOCK_LEEWAY) < said.iat {
            return Err(refused("actor-token-expired"));
        }
        Ok(Some(Self { id: id.to_owned() }))
    }
}
