//! What does a back-end receive instead of the counter's token?

use std::sync::Arc;

use policies::Permit;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{BackEndClaims, Confirmation, TokenError, Tokens, scope, wire};
use crate::limits::{MAX_BACK_END_LIFETIME, MIN_BACK_END_LIFETIME};
use crate::oauth::Received;
use crate::practitioner::Practitioner;
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
    /// The consent on which the access rests, if it rests on one.
    pub consent: Option<Uuid>,
}

/// Who asks for a token that it brings to a back-end itself.
#[derive(Clone, Copy, Debug)]
pub struct Holder<'a> {
    /// Its registered id.
    pub client_id: &'a str,
    /// The key that it proved, to which the token is bound.
    pub confirmation: &'a Confirmation,
}

/// A token that was made for its holder, and until when it lives.
#[derive(Clone)]
pub struct IssuedToken {
    /// The compact JWS.
    pub token: String,
    /// `jti`.
    pub id: Uuid,
    /// `exp`.
    pub expires_at: OffsetDateTime,
    /// `act.practitioner`.
    pub practitioner: Option<String>,
}

/// What makes two requests for a back-end token the same.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct BackEndKey {
    session: Uuid,
    /// The session's token: after a step-up it says more than before.
    token: Uuid,
    audience: String,
    subject: String,
    scope: String,
    consent: Option<Uuid>,
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
            token: claims.token,
            audience: grant.audience.to_owned(),
            subject: grant.subject.to_owned(),
            scope: grant.scope.to_owned(),
            consent: grant.consent,
        };
        if let Some(known) = self.back_end.get(&key) {
            // Near the session's end there is nothing fresher to be had.
            let fresh = known.expires_at == session_end || known.expires_at - now >= MIN_BACK_END_LIFETIME;
            // A back-end would not know a key that was withdrawn.
            if known.expires_at > now && fresh && self.back_ends.keys().published(&known.kid, at)?.is_some() {
                return Ok(known.token);
            }
        }
        let payload = self.of_session(session, grant, None, at)?;
        let signed = self.back_ends.sign(&wire::BackEnd::new(&payload, &self.issuer), at)?;
        let token: Arc<str> = signed.token.into();
        let expires_at = payload.expires_at.unix_timestamp();
        self.back_end.insert(key, CachedToken { token: Arc::clone(&token), kid: signed.kid, expires_at });
        Ok(token)
    }

    /// Exchanges a session for a token that the counter brings to one back-end itself, bound to the counter's key
    /// (RFC 8693), with the practitioner who acts there. A new one each time: a counter that takes one back has not taken back another.
    ///
    /// # Errors
    /// As [`Tokens::issue_back_end`].
    pub fn exchange(
        &self,
        session: &Session,
        _permit: &Permit,
        grant: &BackEndGrant<'_>,
        (holder, practitioner): (Holder<'_>, Option<&Practitioner>),
        at: OffsetDateTime,
    ) -> Result<IssuedToken, TokenError> {
        let mut claims = self.of_session(session, grant, Some(holder), at)?;
        claims.practitioner = practitioner.map(|practitioner| practitioner.id().to_owned());
        self.issued(&claims, at)
    }

    /// Exchanges a token that a back-end received for one that it brings to the next: bound to that back-end's key,
    /// with both in `act`, and never for longer. `permits`: the policies let this back-end go on, and would have let
    /// the counter go there.
    ///
    /// # Errors
    /// [`TokenError::Claims`] for a token that was exchanged onward before, [`TokenError::Scope`] for a scope wider
    /// than the received one, [`TokenError::Signer`] when the key does not answer.
    pub fn exchange_onward(
        &self,
        received: &Received,
        _permits: (&Permit, &Permit),
        grant: &BackEndGrant<'_>,
        holder: Holder<'_>,
        at: OffsetDateTime,
    ) -> Result<IssuedToken, TokenError> {
        let before = received.claims();
        let [counter] = before.actors.as_slice() else { return Err(TokenError::Claims("act")) };
        let (issued_at, expires_at) = life(before.expires_at, at)?;
        let token = Uuid::new_v4();
        let claims = BackEndClaims {
            token,
            audience: grant.audience.to_owned(),
            subject: grant.subject.to_owned(),
            client_id: holder.client_id.to_owned(),
            scope: grant.scope.to_owned(),
            consent: grant.consent,
            confirmation: Some(holder.confirmation.clone()),
            issued_at,
            expires_at,
            actors: vec![holder.client_id.to_owned(), counter.clone()],
            sealed_patient: self.seal_patient(received.patient(), token, grant.audience)?,
            ..before.clone()
        };
        self.issued(&claims, at)
    }

    fn of_session(
        &self,
        session: &Session,
        grant: &BackEndGrant<'_>,
        holder: Option<Holder<'_>>,
        at: OffsetDateTime,
    ) -> Result<BackEndClaims, TokenError> {
        let claims = session.claims();
        if !scope::covers(&claims.scope, grant.scope) {
            return Err(TokenError::Scope);
        }
        let (issued_at, expires_at) = life(claims.expires_at, at)?;
        let token = Uuid::new_v4();
        let patient = super::PatientReference {
            subject: claims.subject.clone(),
            guardian: claims.actor.clone(),
            card: claims.presence.card.clone(),
        };
        Ok(BackEndClaims {
            session: claims.id,
            token,
            audience: grant.audience.to_owned(),
            subject: grant.subject.to_owned(),
            client_id: claims.client_id.clone(),
            scope: grant.scope.to_owned(),
            confirmation: holder.map(|holder| holder.confirmation.clone()),
            acr: claims.acr,
            amr: claims.amr.clone(),
            authenticated_at: claims.authenticated_at,
            issued_at,
            expires_at,
            // The counter acts for the patient (RFC 8693 §4.1).
            actors: vec![claims.client_id.clone()],
            practitioner: None,
            establishment: claims.establishment.clone(),
            presence: claims.presence.clone(),
            purpose: claims.purpose,
            encounter: claims.encounter.clone(),
            consent: grant.consent,
            policy: claims.policy.clone(),
            status: claims.status,
            sealed_patient: self.seal_patient(&patient, token, grant.audience)?,
        })
    }

    fn issued(&self, claims: &BackEndClaims, at: OffsetDateTime) -> Result<IssuedToken, TokenError> {
        let signed = self.back_ends.sign(&wire::BackEnd::new(claims, &self.issuer), at)?;
        Ok(IssuedToken {
            token: signed.token,
            id: claims.token,
            expires_at: claims.expires_at,
            practitioner: claims.practitioner.clone(),
        })
    }
}

/// From now, in whole seconds, for at most five minutes, and not beyond `end`.
fn life(end: OffsetDateTime, at: OffsetDateTime) -> Result<(OffsetDateTime, OffsetDateTime), TokenError> {
    let issued_at = at.replace_nanosecond(0).map_err(|_| TokenError::Claims("time"))?;
    if issued_at >= end {
        return Err(TokenError::Expired);
    }
    Ok((issued_at, end.min(issued_at + Duration::seconds(MAX_BACK_END_LIFETIME))))
}

impl std::fmt::Debug for IssuedToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IssuedToken").field("id", &self.id).field("expires_at", &self.expires_at).finish()
    }
}
