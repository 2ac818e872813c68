//! RFC 6749 §4.4: with what does a client without a certificate open presences? With a token for that alone.

use serde::Serialize;

use super::{Answer, Asked, OAuthError, fault};
use crate::app::App;
use crate::audit::{AuditEvent, EventKind, Outcome};
use crate::limits::MAX_CLIENT_TOKEN_LIFETIME;
use crate::token::{PRESENCE_SCOPE, Scheme};

/// `grant_type` of RFC 6749 §4.4.2.
pub(super) const GRANT: &str = "client_credentials";

/// RFC 6749 §5.1, RFC 9449 §5.
#[derive(Serialize)]
struct Issued {
    access_token: String,
    token_type: &'static str,
    expires_in: i64,
    scope: &'static str,
}

/// Gives a client token to whoever proved its key twice: who it is, and that it is now.
pub(super) fn issue(app: &App, asked: &Asked, event: &mut AuditEvent) -> Result<Answer, OAuthError> {
    let caller = asked.caller();
    // A certificate opens presences by itself.
    if caller.confirmation().scheme() != Scheme::Dpop {
        return Err(OAuthError::new(&fault::GRANT_NOT_YOURS));
    }
    if asked.form().get("scope").is_some_and(|scope| scope != PRESENCE_SCOPE) {
        return Err(OAuthError::new(&fault::SCOPE).saying("the scope of a client token is presence"));
    }
    let access_token = app.tokens.issue_client(caller.id(), caller.confirmation(), event.at)?;
    event.kind = EventKind::ClientTokenIssued;
    event.outcome = Outcome::Permit;
    event.code = "client-token-issued".into();
    Answer::of(&Issued {
        access_token,
        token_type: Scheme::Dpop.as_str(),
        expires_in: MAX_CLIENT_TOKEN_LIFETIME,
        scope: PRESENCE_SCOPE,
    })
}
