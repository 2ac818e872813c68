//! Is this back-end token ours, in time, and for this back-end?

use std::sync::Arc;

use aws_lc_rs::digest;
use hsm_config::{HsmError, KeyRole};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{BackEndClaims, SessionClaims, TokenError, Tokens, json, wire};
use crate::limits::{CLOCK_LEEWAY, MAX_BACK_END_LIFETIME, MAX_TOKEN_BYTES};

/// A back-end token that verified: signature, issuer, time, and that it is for the back-end that shows it.
///
/// Only [`Tokens::verify_back_end`] makes one:
///
/// ```compile_fail
/// fn forge(claims: gateway::token::BackEndClaims) -> gateway::token::VerifiedBackEndToken {
///     gateway::token::VerifiedBackEndToken { claims: std::sync::Arc::new(claims) }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct VerifiedBackEndToken {
    claims: Arc<BackEndClaims>,
}

/// The patient behind a back-end token, as the gateway knows them.
#[derive(Clone, PartialEq, Eq)]
pub struct PatientReference {
    /// `sub` of the session.
    pub subject: String,
    /// The session is for a dependant of the card's holder.
    pub dependant: bool,
}

/// What an access token of this gateway says to whoever may ask: no proof that the asker may use it.
#[derive(Clone, Debug)]
pub enum TokenSays {
    /// A session token.
    Session(Arc<SessionClaims>),
    /// A back-end token.
    BackEnd(Arc<BackEndClaims>),
}

/// What is remembered of a token: the key too, which may be withdrawn while the token lives.
#[derive(Clone)]
pub(super) struct RememberedBackEnd {
    claims: Arc<BackEndClaims>,
    kid: Arc<str>,
}

impl VerifiedBackEndToken {
    /// What the token says.
    #[must_use]
    pub fn claims(&self) -> &Arc<BackEndClaims> {
        &self.claims
    }
}

impl Tokens {
    /// Verifies a back-end token that the back-end of this audience received, and shows at this time.
    ///
    /// Not its binding: it is the counter's key, or none, and the back-end is the audience, not the holder.
    ///
    /// # Errors
    /// The first thing that is wrong, from the outside in: form, header, signature, claims, audience, time.
    pub fn verify_back_end(
        &self,
        token: &str,
        audience: &str,
        at: OffsetDateTime,
    ) -> Result<VerifiedBackEndToken, TokenError> {
        let claims = self.authentic_back_end(token, at)?;
        if claims.audience != audience {
            return Err(TokenError::Audience);
        }
        check_time(claims.issued_at, claims.expires_at, at)?;
        Ok(VerifiedBackEndToken { claims })
    }

    /// What an access token of either kind says, if it is ours and in time (RFC 7662).
    ///
    /// # Errors
    /// The first thing that is wrong, from the outside in: form, header, signature, claims, time.
    pub fn introspect(&self, token: &str, at: OffsetDateTime) -> Result<TokenSays, TokenError> {
        match self.authentic(token, at) {
            Ok(session) => {
                let claims = session.into_shared();
                check_time(claims.issued_at, claims.expires_at, at)?;
                Ok(TokenSays::Session(claims))
            }
            Err(TokenError::UnknownKey) => {
                let claims = self.authentic_back_end(token, at)?;
                check_time(claims.issued_at, claims.expires_at, at)?;
                Ok(TokenSays::BackEnd(claims))
            }
            Err(error) => Err(error),
        }
    }

    /// The patient behind a back-end token: only the gateway can open it, and only for that token.
    ///
    /// # Errors
    /// [`TokenError::Claims`] for anything that this gateway did not seal into that token, [`TokenError::Signer`]
    /// when the key does not answer.
    pub fn patient_of(&self, token: &VerifiedBackEndToken) -> Result<PatientReference, TokenError> {
        let claims = token.claims();
        let context = sealing_context(claims.token, &claims.audience);
        let opened = match self.signer.open(KeyRole::RegistrySealing, &claims.sealed_patient, &context) {
            Ok(opened) => opened,
            Err(HsmError::NotSealedHere { .. }) => return Err(TokenError::Claims("ref")),
            Err(error) => return Err(error.into()),
        };
        let (dependant, subject) = match opened.split_first() {
            Some((b'0', subject)) => (false, subject),
            Some((b'1', subject)) => (true, subject),
            _ => return Err(TokenError::Claims("ref")),
        };
        let subject = std::str::from_utf8(subject).map_err(|_| TokenError::Claims("ref"))?.to_owned();
        Ok(PatientReference { subject, dependant })
    }

    pub(super) fn seal_patient(
        &self,
        patient: &PatientReference,
        token: Uuid,
        audience: &str,
    ) -> Result<Vec<u8>, TokenError> {
        let text = format!("{}{}", u8::from(patient.dependant), patient.subject);
        let context = sealing_context(token, audience);
        Ok(self.signer.seal(KeyRole::RegistrySealing, text.as_bytes(), &context)?)
    }

    /// The claims of a back-end token that this gateway signed, whenever and for whomever.
    fn authentic_back_end(&self, token: &str, at: OffsetDateTime) -> Result<Arc<BackEndClaims>, TokenError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::Malformed("too long"));
        }
        let hash = digest::digest(&digest::SHA256, token.as_bytes());
        let key: Option<[u8; 32]> = hash.as_ref().try_into().ok();
        if let Some(known) = key.and_then(|key| self.received.get(&key)) {
            return match self.back_ends.keys().published(&known.kid, at)? {
                Some(_) => Ok(known.claims),
                None => Err(TokenError::UnknownKey),
            };
        }
        let jws = self.back_ends.verify(token, at)?;
        let payload: wire::BackEnd =
            json::read_once(&jws.payload).map_err(|_| TokenError::Claims("missing, mistyped or repeated"))?;
        if payload.iss != self.issuer {
            return Err(TokenError::Issuer);
        }
        let lifetime = payload.exp.checked_sub(payload.iat).ok_or(TokenError::Claims("lifetime"))?;
        if !(1..=MAX_BACK_END_LIFETIME).contains(&lifetime) {
            return Err(TokenError::Claims("lifetime"));
        }
        if payload.nbf != payload.iat {
            return Err(TokenError::Claims("nbf"));
        }
        let claims = Arc::new(payload.into_claims()?);
        if let Some(key) = key {
            self.received.insert(key, RememberedBackEnd { claims: Arc::clone(&claims), kid: jws.kid });
        }
        Ok(claims)
    }
}

/// What ties a sealed patient to one token: it cannot be cut out of it and put into another.
fn sealing_context(token: Uuid, audience: &str) -> Vec<u8> {
    [b"back-end-token\0".as_slice(), token.as_bytes(), audience.as_bytes()].concat()
}

fn check_time(
    issued_at: OffsetDateTime,
    expires_at: OffsetDateTime,
    at: OffsetDateTime,
) -> Result<(), TokenError> {
    if at >= expires_at {
        return Err(TokenError::Expired);
    }
    if at.unix_timestamp().saturating_add(CLOCK_LEEWAY) < issued_at.unix_timestamp() {
        return Err(TokenError::NotYetValid);
    }
    Ok(())
}

impl std::fmt::Debug for PatientReference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PatientReference(redacted)")
    }
}
