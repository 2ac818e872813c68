//! What does a back-end receive instead of the counter's token?

use std::sync::Arc;

use policies::Permit;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{TokenError, Tokens, wire};
use crate::limits::{MAX_BACK_END_LIFETIME, MIN_BACK_END_LIFETIME};
use crate::session::Session;

/// What a back-end may be told and do for one session.
#[derive(Clone, Copy, Debug)]
pub struct BackEndGrant<'a> {
    /// The back-end, as its configuration names it in `aud`.
    pub audience: &'a str,
    /// The patient as that back-end knows them.
    pub subject: &'a str,
    /// Words of the session's scope, no others.
    pub scope: &'a str,
}

/// What makes two requests for a back-end token the same.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct BackEndKey {
    session: Uuid,
    audience: String,
    subject: String,
    scope: String,
}

#[derive(Clone)]
pub(super) struct CachedToken {
    token: Arc<str>,
    kid: Arc<str>,
    expires_at: i64,
}

impl Tokens {
    /// Exchanges a session for a token that one back-end accepts, never beyond the session's end; the same
    /// token again while it is fresh. Nothing is issued without the permit of the policies.
    ///
    /// # Errors
    /// [`TokenError::Scope`] for more than the session has, [`TokenError::Expired`] for a session that is over,
    /// [`TokenError::Signer`] when the key does not answer.
    pub fn issue_back_end(
        &self,
        session: &Session,
        _permit: &Permit,
        grant: &BackEndGrant<'_>,
        at: OffsetDateTime,
    ) -> Result<Arc<str>, TokenError> {
        let claims = session.claims();
        let now = at.unix_timestamp();
        let session_end = claims.expires_at.unix_timestamp();
        if now >= session_end {
            return Err(TokenError::Expired);
        }
        let key = BackEndKey {
            session: claims.id,
            audience: grant.audience.to_owned(),
            subject: grant.subject.to_owned(),
            scope: grant.scope.to_owned(),
        };
        if let Some(known) = self.back_end.get(&key) {
            // Near the session's end there is nothing fresher to be had.
            let fresh = known.expires_at == session_end || known.expires_at - now >= MIN_BACK_END_LIFETIME;
            // A back-end would not know a key that was withdrawn.
            if known.expires_at > now && fresh && self.back_ends.keys().published(&known.kid, at)?.is_some() {
                return Ok(known.token);
            }
        }
        let held: Vec<&str> = claims.scope.split(' ').collect();
        if !grant.scope.split(' ').all(|word| !word.is_empty() && held.contains(&word)) {
            return Err(TokenError::Scope);
        }
        let expires_at = session_end.min(now.saturating_add(MAX_BACK_END_LIFETIME));
        let payload = wire::BackEnd::new(claims, grant, &self.issuer, (now, expires_at));
        let signed = self.back_ends.sign(&payload, at)?;
        let token: Arc<str> = signed.token.into();
        self.back_end.insert(key, CachedToken { token: Arc::clone(&token), kid: signed.kid, expires_at });
        Ok(token)
    }
}
