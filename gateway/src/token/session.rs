//! Does this session token open the door, now, over this connection?

use std::sync::Arc;

use aws_lc_rs::digest;
use policies::RiskFacts;
use time::OffsetDateTime;

use super::{Confirmation, SessionClaims, TokenError, Tokens, json, risk, wire};
use crate::limits::{CLOCK_LEEWAY, MAX_SESSION_LIFETIME, MAX_TOKEN_BYTES};

/// A session token that verified: signature, issuer, audience, time and binding (*jeton de session vérifié*).
///
/// Only [`Tokens::verify_session`] makes one:
///
/// ```compile_fail
/// fn forge(claims: gateway::token::SessionClaims) -> gateway::token::VerifiedSessionToken {
///     gateway::token::VerifiedSessionToken { claims: std::sync::Arc::new(claims), kid: "1".into() }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct VerifiedSessionToken {
    claims: Arc<SessionClaims>,
    kid: Arc<str>,
}

impl VerifiedSessionToken {
    /// What the token says.
    #[must_use]
    pub fn claims(&self) -> &SessionClaims {
        &self.claims
    }

    /// The `kid` of the key that signed it, which may be withdrawn while the token lives.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.kid
    }

    pub(super) fn into_shared(self) -> Arc<SessionClaims> {
        self.claims
    }
}

impl Tokens {
    /// Signs a session token.
    ///
    /// # Errors
    /// [`TokenError::Claims`] for a life that is not positive or longer than 15 minutes,
    /// [`TokenError::Signer`] when the key does not answer.
    pub fn issue_session(&self, claims: &SessionClaims) -> Result<String, TokenError> {
        let issued_at = claims.issued_at;
        let risk = risk::seal(&self.envelope, claims)?;
        let claims = wire::Session::new(claims, Some(&risk), &self.issuer, &self.audience);
        check_lifetime(&claims)?;
        Ok(self.sessions.sign(&claims, issued_at)?.token)
    }

    /// Verifies a session token shown at this time by whoever proved this key.
    ///
    /// What does not depend on time and connection is remembered by the token's hash; time, binding and whether
    /// the key is still in use are judged every time.
    ///
    /// # Errors
    /// The first thing that is wrong, from the outside in: form, header, signature, claims, time, binding.
    pub fn verify_session(
        &self,
        token: &str,
        proven: &Confirmation,
        at: OffsetDateTime,
    ) -> Result<VerifiedSessionToken, TokenError> {
        let verified = self.authentic(token, at)?;
        check_time(&verified.claims, at)?;
        if verified.claims.confirmation.is_proven_by(proven) {
            Ok(verified)
        } else {
            Err(TokenError::Binding)
        }
    }

    /// The claims of a token that this gateway signed for itself, whenever and for whomever.
    pub(super) fn authentic(
        &self,
        token: &str,
        at: OffsetDateTime,
    ) -> Result<VerifiedSessionToken, TokenError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::Malformed("too long"));
        }
        let hash = digest::digest(&digest::SHA256, token.as_bytes());
        let key: Option<[u8; 32]> = hash.as_ref().try_into().ok();
        if let Some(known) = key.and_then(|key| self.verified.get(&key)) {
            return match self.sessions.keys().published(&known.kid, at)? {
                Some(_) => Ok(known),
                None => Err(TokenError::UnknownKey),
            };
        }
        let jws = self.sessions.verify(token, at)?;
        let claims: wire::Session =
            json::read_once(&jws.payload).map_err(|_| TokenError::Claims("missing, mistyped or repeated"))?;
        if claims.iss != self.issuer {
            return Err(TokenError::Issuer);
        }
        if claims.aud != self.audience {
            return Err(TokenError::Audience);
        }
        check_lifetime(&claims)?;
        let risk = match claims.sealed_risk()? {
            Some((session, sealed)) => risk::open(&self.envelope, session, &sealed)?,
            None => RiskFacts::default(),
        };
        let verified = VerifiedSessionToken { claims: Arc::new(claims.into_claims(risk)?), kid: jws.kid };
        if let Some(key) = key {
            self.verified.insert(key, verified.clone());
        }
        Ok(verified)
    }
}

fn check_lifetime(claims: &wire::Session) -> Result<(), TokenError> {
    let lifetime = claims.exp.checked_sub(claims.iat).ok_or(TokenError::Claims("lifetime"))?;
    if !(1..=MAX_SESSION_LIFETIME).contains(&lifetime) {
        return Err(TokenError::Claims("lifetime"));
    }
    // `nbf` is written equal to `iat`: one moment to judge, kept in the claims.
    if claims.nbf != claims.iat { Err(TokenError::Claims("nbf")) } else { Ok(()) }
}

fn check_time(claims: &SessionClaims, at: OffsetDateTime) -> Result<(), TokenError> {
    if at >= claims.expires_at {
        return Err(TokenError::Expired);
    }
    if at.unix_timestamp().saturating_add(CLOCK_LEEWAY) < claims.issued_at.unix_timestamp() {
        return Err(TokenError::NotYetValid);
    }
    Ok(())
}
