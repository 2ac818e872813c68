//! RFC 7009: whose token may a client take back, and what ends with it?
//!
//! | token | who may | what ends |
//! |---|---|---|
//! | session token | the client that holds it: its key is proven | the session, with every token that came of it |
//! | back-end token | the client it was issued to, not its audience: its key is proven | that token alone |
//! | anything else | anybody | nothing: 200, as for a token that is over (RFC 7009 §2.2) |
//!
//! A back-end token that was taken back is worth nothing at introspection and exchange from then on. A back-end that
//! validates offline and reads no status list takes it until its `exp`, five minutes at most.

use super::{Answer, Asked, OAuthError, fault};
use crate::app::App;
use crate::audit::{AuditEvent, EventKind, Outcome};
use crate::token::{TokenRefusal, TokenSays};
use crate::withdrawal::Withdrawn;

/// Takes a token back: durable, and known to this node, when this answers.
pub(super) async fn revoke(app: &App, asked: &Asked, event: &mut AuditEvent) -> Result<Answer, OAuthError> {
    // The hint only helps servers that search (RFC 7009 §2.1); ours read the token.
    let token = asked.form().required("token", "token is missing")?;
    let caller = asked.caller();
    let code = match app.tokens.introspect(token, event.at) {
        Ok(TokenSays::Session(claims)) => {
            event.session = Some(claims.id);
            if !claims.confirmation.is_proven_by(caller.confirmation()) {
                return Err(OAuthError::new(&fault::NOT_YOURS));
            }
            event.subject = Some(claims.subject.clone());
            app.withdrawals.withdraw_session(&claims, "token-revoked", event.at).await?;
            "session-revoked"
        }
        Ok(TokenSays::BackEnd(claims, _)) => {
            event.session = Some(claims.session);
            let held =
                claims.confirmation.as_ref().is_some_and(|key| key.is_proven_by(caller.confirmation()));
            if !held || claims.client_id != **caller.id() {
                return Err(OAuthError::new(&fault::NOT_YOURS));
            }
            // Its id is in the list of ended sessions: both are random, neither is ever the other.
            let what = Withdrawn::Session(claims.token);
            app.withdrawals.withdraw(what, "token-revoked", claims.expires_at, event.at).await?;
            "token-revoked"
        }
        Err(error) if error.refusal() == TokenRefusal::Unavailable => return Err(error.into()),
        Err(error) => error.code(),
    };
    event.kind = EventKind::TokenRevoked;
    event.outcome = Outcome::Permit;
    event.code = code.into();
    Ok(Answer::Empty)
}
