//! Which grant is asked for? (RFC 6749 §4.5)

use super::{Answer, Asked, OAuthError, fault};
use super::{client_token, exchange};
use crate::app::App;
use crate::audit::AuditEvent;

/// One grant a name; sessions themselves are opened by a card and by nothing else.
pub(super) async fn grant(app: &App, asked: &Asked, event: &mut AuditEvent) -> Result<Answer, OAuthError> {
    match asked.form().required("grant_type", "grant_type is missing")? {
        client_token::GRANT => client_token::issue(app, asked, event),
        exchange::GRANT => exchange::exchange(app, asked, event).await,
        _ => Err(OAuthError::new(&fault::GRANT)),
    }
}
