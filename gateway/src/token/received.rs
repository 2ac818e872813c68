//! Is this back-end token ours, in time, and for this back-end?

use std::sync::Arc;

use aws_lc_rs::digest;
use hsm_config::{HsmError, KeyRole};
use serde::{Deserialize, Serialize};
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
    patient: Arc<PatientReference>,
}

/// The patient behind a back-end token, as the gateway knows them: what `ref` says to the gateway alone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatientReference {
    /// `sub` of the session.
    #[serde(rename = "s")]
    pub subject: String,
    /// `act.sub` of the session: the holder of the card, where the patient is a dependant.
    #[serde(rename = "g", default, skip_serializing_if = "Option::is_none")]
    pub guardian: Option<String>,
    /// `presence.card` of the session.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub card: Option<String>,
}

/// What an access token of this gateway says to whoever may ask: no proof that the asker may use it.
#[derive(Clone, Debug)]
pub enum TokenSays {
    /// A session token.
    Session(Arc<SessionClaims>),
    /// A back-end token, and the patient behind it, who is not for the asker.
    BackEnd(Arc<BackEndClaims>, Arc<PatientReference>),
}

/// What is remembered of a token: the key too, which may be withdrawn while the token lives.
#[derive(Clone)]
pub(super) struct RememberedBackEnd {
    claims: Arc<BackEndClaims>,
    patient: Arc<PatientReference>,
    kid: Arc<str>,
}

impl VerifiedBackEndToken {
    /// What the token says.
    #[must_use]
    pub fn claims(&self) -> &Arc<BackEndClaims> {
        &self.claims
    }

    /// The patient, as the gateway knows them.
    #[must_use]
    pub fn patient(&self) -> &PatientReference {
        &self.patient
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
        let RememberedBackEnd { claims, patient, .. } = self.authentic_back_end(token, at)?;
        if claims.audience != audience {
            return Err(TokenError::Audience);
        }
        check_time(claims.issued_at, claims.expires_at, at)?;
        Ok(VerifiedBackEndToken { claims, patient })
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
                let RememberedBackEnd { claims, patient, .. } = self.authentic_back_end(token, at)?;
                check_time(claims.issued_at, claims.expires_at, at)?;
                Ok(TokenSays::BackEnd(claims, patient))
            }
            Err(error) => Err(error),
        }
    }

    /// The patient behind a back-end token: only the gateway can open it, and only for that token.
    fn patient_of(&self, claims: &BackEndClaims) -> Result<PatientReference, TokenError> {
        let context = sealing_context(claims.token, &claims.audience);
        match self.signer.open(KeyRole::RegistrySealing, &claims.sealed_patient, &context) {
            Ok(opened) => serde_json::from_slice(&opened).map_err(|_| TokenError::Claims("ref")),
            Err(HsmError::NotSealedHere { .. }) => Err(TokenError::Claims("ref")),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn seal_patient(
        &self,
        patient: &PatientReference,
        token: Uuid,
        audience: &str,
    ) -> Result<Vec<u8>, TokenError> {
        let text = serde_json::to_vec(patient).map_err(|_| TokenError::Claims("ref"))?;
        Ok(self.signer.seal(KeyRole::RegistrySealing, &text, &sealing_context(token, audience))?)
    }

    /// The claims of a back-end token that this gateway signed, whenever and for whomever.
    fn authentic_back_end(&self, token: &str, at: OffsetDateTime) -> Result<RememberedBackEnd, TokenError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::Malformed("too long"));
        }
        let hash = digest::digest(&digest::SHA256, token.as_bytes());
        let key: Option<[u8; 32]> = hash.as_ref().try_into().ok();
        if let Some(known) = key.and_then(|key| self.received.get(&key)) {
            return match self.back_ends.keys().published(&known.kid, at)? {
                Some(_) => Ok(known),
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
        let claims = payload.into_claims()?;
        let patient = Arc::new(self.patient_of(&claims)?);
        let read = RememberedBackEnd { claims: Arc::new(claims), patient, kid: jws.kid };
        if let Some(key) = key {
            self.received.insert(key, read.clone());
        }
        Ok(read)
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
