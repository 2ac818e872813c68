//! What do we say of a token to who may ask, and under which signature? (RFC 7662 §2.2, RFC 9701 §5)

use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Confirmation, TokenError, TokenSays, Tokens, wire};

/// A signed answer. No `sub` and no `exp`, so that nobody takes it for an access token (RFC 9701 §8.1).
#[derive(Serialize)]
struct SignedAnswer<'a> {
    iss: &'a str,
    aud: &'a str,
    iat: i64,
    token_introspection: Value,
}

impl TokenSays {
    /// `sid`: the session that it belongs to.
    #[must_use]
    pub fn session(&self) -> Uuid {
        match self {
            Self::Session(claims) => claims.id,
            Self::BackEnd(claims, _) => claims.session,
        }
    }
}

impl Tokens {
    /// Everything that a good token says, but for what only the gateway can read.
    ///
    /// # Errors
    /// [`TokenError::Claims`], never met.
    pub fn introspection(&self, says: &TokenSays) -> Result<Value, TokenError> {
        let not_json = |_| TokenError::Claims("not JSON");
        let (mut answer, confirmation) = match says {
            TokenSays::Session(claims) => {
                let payload = wire::Session::new(claims, None, &self.issuer, &self.audience);
                (serde_json::to_value(payload).map_err(not_json)?, Some(&claims.confirmation))
            }
            TokenSays::BackEnd(claims, _) => {
                let payload = wire::BackEnd::new(claims, &self.issuer);
                (serde_json::to_value(payload).map_err(not_json)?, claims.confirmation.as_ref())
            }
        };
        let members = answer.as_object_mut().ok_or(TokenError::Claims("not JSON"))?;
        members.remove("ref");
        members.insert("active".to_owned(), true.into());
        let token_type = if let Some(Confirmation::Key(_)) = confirmation { "DPoP" } else { "Bearer" };
        members.insert("token_type".to_owned(), token_type.into());
        Ok(answer)
    }

    /// An answer that its receiver can keep as evidence: for that asker alone.
    ///
    /// # Errors
    /// [`TokenError::Signer`] when the key does not answer.
    pub fn sign_introspection(
        &self,
        asker: &str,
        answer: Value,
        at: OffsetDateTime,
    ) -> Result<String, TokenError> {
        let claims = SignedAnswer {
            iss: &self.issuer,
            aud: asker,
            iat: at.unix_timestamp(),
            token_introspection: answer,
        };
        Ok(self.introspections.sign(&claims, at)?.token)
    }
}
