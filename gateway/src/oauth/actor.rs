//! Which practitioner acts? RFC 8693 §2.1: an `actor_token`, signed by the practitioner's own card or key.
//!
//! The assertion (`typ: actor+jwt`) says `{ iss, aud, sid, iat, exp }`. It is made for one session (`sid`), so it is worth
//! nothing in any other, and may be shown for each back-end of that one while it lives.

use serde::Deserialize;
use time::OffsetDateTime;

use super::exchange::JWT;
use super::{Form, OAuthError, fault};
use crate::app::App;
use crate::limits::{CLOCK_LEEWAY, MAX_ACTOR_TOKEN_BYTES, MAX_SESSION_LIFETIME};
use crate::practitioner::{Practitioner, Unsigned};
use crate::session::Session;

const TYP: &str = "actor+jwt";

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

/// The practitioner whom the form names, if it names one.
pub(super) fn of_request(
    app: &App,
    form: &Form,
    session: &Session,
    at: OffsetDateTime,
) -> Result<Option<Practitioner>, OAuthError> {
    let (token, of_type) = match (form.get("actor_token"), form.get("actor_token_type")) {
        (None, None) => return Ok(None),
        (Some(token), Some(of_type)) => (token, of_type),
        // RFC 8693 §2.1: the one is required with the other, and must not come without it.
        _ => return Err(OAuthError::new(&fault::ACTOR_TOKEN_TYPE)),
    };
    if of_type != JWT {
        return Err(OAuthError::new(&fault::ACTOR_TOKEN_TYPE));
    }
    let known = (&*app.trust, &app.registry);
    let (practitioner, said) =
        Practitioner::signed::<Assertion>(known, token, (TYP, MAX_ACTOR_TOKEN_BYTES), at)?;
    let refused = |exact: &'static str| OAuthError::exactly(&fault::ACTOR_TOKEN, exact);
    let lifetime =
        said.exp.checked_sub(said.iat).is_some_and(|life| (1..=MAX_SESSION_LIFETIME).contains(&life));
    if said.iss != practitioner.id() || said.aud != app.config.issuer || !lifetime {
        return Err(refused("actor-token-claims"));
    }
    if said.sid != session.claims().id {
        return Err(refused("actor-token-session"));
    }
    let now = at.unix_timestamp();
    if now >= said.exp || now.saturating_add(CLOCK_LEEWAY) < said.iat {
        return Err(refused("actor-token-expired"));
    }
    Ok(Some(practitioner))
}

impl From<Unsigned> for OAuthError {
    fn from(error: Unsigned) -> Self {
        let refused = |exact: &'static str| Self::exactly(&fault::ACTOR_TOKEN, exact);
        match error {
            Unsigned::Malformed => refused("actor-token-malformed"),
            Unsigned::Key => refused("actor-token-key"),
            Unsigned::Signature => refused("actor-token-signature"),
            Unsigned::Unvouched(error) => refused(error.code()),
            Unsigned::Revoked => refused("actor-certificate-revoked"),
            Unsigned::StandingUnknown => Self::exactly(&fault::UNAVAILABLE, "client-crl-stale"),
            Unsigned::NotAPractitioner => refused("actor-not-a-practitioner"),
            Unsigned::Claims => refused("actor-token-claims"),
        }
    }
}
