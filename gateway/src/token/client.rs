//! Which client without a certificate may open presences, for the next few minutes? (RFC 6749 §4.4, RFC 9449)
//!
//! It opens nothing but presences. Its audience is theirs, so that it never passes for a session's token, nor one for it.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::wire::Cnf;
use super::{Confirmation, TokenError, Tokens, json};
use crate::limits::{CLOCK_LEEWAY, MAX_CLIENT_TOKEN_LIFETIME};

/// The one thing that a client token is for (RFC 6749 §3.3).
pub const PRESENCE_SCOPE: &str = "presence";

/// What a client token says (*jeton de client*).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientClaims {
    /// `client_id`, and `sub`: no person is behind it (RFC 9068 §2.2).
    pub client_id: String,
    /// `cnf`: the key that whoever shows the token must prove.
    pub confirmation: Confirmation,
    /// `jti`.
    pub token: Uuid,
    /// `iat` and `nbf`.
    pub issued_at: OffsetDateTime,
    /// `exp`.
    pub expires_at: OffsetDateTime,
}

/// A client token that verified: signature, issuer, audience, time and binding (*jeton de client vérifié*).
///
/// Only [`Tokens::verify_client`] makes one:
///
/// ```compile_fail
/// fn forge(claims: gateway::token::ClientClaims) -> gateway::token::VerifiedClientToken {
///     gateway::token::VerifiedClientToken { claims }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct VerifiedClientToken {
    claims: ClientClaims,
}

/// The payload (RFC 9068 §2.2).
#[derive(Serialize, Deserialize)]
struct Payload {
    iss: String,
    aud: String,
    sub: String,
    exp: i64,
    iat: i64,
    nbf: i64,
    jti: Uuid,
    client_id: String,
    scope: String,
    cnf: Cnf,
}

impl VerifiedClientToken {
    /// What the token says.
    #[must_use]
    pub fn claims(&self) -> &ClientClaims {
        &self.claims
    }
}

impl Tokens {
    /// For whom client tokens are: the routes that open presences.
    #[must_use]
    pub fn presences_audience(&self) -> String {
        format!("{}/v1/presences", self.issuer)
    }

    /// Signs a token with which this client opens presences for [`MAX_CLIENT_TOKEN_LIFETIME`] seconds.
    ///
    /// # Errors
    /// [`TokenError::Signer`] when the key does not answer.
    pub fn issue_client(
        &self,
        client_id: &str,
        confirmation: &Confirmation,
        at: OffsetDateTime,
    ) -> Result<String, TokenError> {
        let now = at.unix_timestamp();
        let payload = Payload {
            iss: self.issuer.clone(),
            aud: self.presences_audience(),
            sub: client_id.to_owned(),
            exp: now.saturating_add(MAX_CLIENT_TOKEN_LIFETIME),
            iat: now,
            nbf: now,
            jti: Uuid::new_v4(),
            client_id: client_id.to_owned(),
            scope: PRESENCE_SCOPE.to_owned(),
            cnf: Cnf::new(confirmation),
        };
        Ok(self.sessions.sign(&payload, at)?.token)
    }

    /// Verifies a client token shown at this time by whoever proved this key.
    ///
    /// # Errors
    /// The first thing that is wrong, from the outside in: form, header, signature, claims, time, binding.
    pub fn verify_client(
        &self,
        token: &str,
        proven: &Confirmation,
        at: OffsetDateTime,
    ) -> Result<VerifiedClientToken, TokenError> {
        let jws = self.sessions.verify(token, at)?;
        let payload: Payload =
            json::read_once(&jws.payload).map_err(|_| TokenError::Claims("missing, mistyped or repeated"))?;
        if payload.iss != self.issuer {
            return Err(TokenError::Issuer);
        }
        if payload.aud != self.presences_audience() {
            return Err(TokenError::Audience);
        }
        let claims = payload.into_claims()?;
        if at >= claims.expires_at {
            return Err(TokenError::Expired);
        }
        if at.unix_timestamp().saturating_add(CLOCK_LEEWAY) < claims.issued_at.unix_timestamp() {
            return Err(TokenError::NotYetValid);
        }
        if claims.confirmation.is_proven_by(proven) {
            Ok(VerifiedClientToken { claims })
        } else {
            Err(TokenError::Binding)
        }
    }
}

impl Payload {
    fn into_claims(self) -> Result<ClientClaims, TokenError> {
        let lifetime = self.exp.checked_sub(self.iat).ok_or(TokenError::Claims("lifetime"))?;
        if !(1..=MAX_CLIENT_TOKEN_LIFETIME).contains(&lifetime) || self.nbf != self.iat {
            return Err(TokenError::Claims("lifetime"));
        }
        if self.sub != self.client_id || self.scope != PRESENCE_SCOPE {
            return Err(TokenError::Claims("sub or scope"));
        }
        Ok(ClientClaims {
            client_id: self.client_id,
            confirmation: self.cnf.confirmation()?,
            token: self.jti,
            issued_at: super::wire::instant(self.iat)?,
            expires_at: super::wire::instant(self.exp)?,
        })
    }
}
