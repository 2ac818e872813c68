//! RFC 7009: whose token may a client take back, and what ends with it?
//!
//! | token | who may | what ends |
//! |---|---|---|
//! | session token | the client that holds it: its key is proven | the session, with every token that came of it |
//! | anything else | anybody | nothing: 200, as for a token that is over (RFC 7009 §2.2) |

use super::{Answer, Asked, OAuthError, fault};
use crate::app::App;
use crate::audit::{AuditEvent, EventKind, Outcome};
use crate::token::{TokenError, TokenRefusal};

/// Takes a token back: durable, and known to this node, when this answers.
pub(super) async fn revoke(app: &App, asked: &Asked, event: &mut AuditEvent) -> Result<Answer, OAuthError> {
    // The hint only helps servers that search (RFC 7009 §2.1); ours read the token.
    let token = asked.form().required("token", "token is missing")?;
    match app.tokens.verify_session(token, asked.caller().confirmation(), event.at) {
        Ok(session) => {
            let claims = session.claims();
            event.session = Some(claims.id);
            event.subject = Some(claims.subject.clone());
            app.registry.end_session(claims.id, claims.expires_at, event.at).await?;
            revoked(event, "session-revoked")
        }
        Err(TokenError::Binding) => Err(OAuthError::new(&fault::NOT_YOURS)),
        Err(error) if error.refusal() == TokenRefusal::Unavailable => Err(error.into()),
        Err(error) => revoked(event, error.code()),
    }
}

fn revoked(event: &mut AuditEvent, code: &'static str) -> Result<Answer, OAuthError> {
    event.kind = EventKind::TokenRevoked;
    event.outcome = Outcome::Permit;
    event.code = code.into();
    Ok(Answer::Empty)
}
