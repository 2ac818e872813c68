//! What does a back-end token look like as JSON?

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use policies::{Acr, Purpose};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Cnf, Presence, Status, instant};
use crate::token::{BackEndClaims, PresenceClaims, TokenError};

/// The payload of a back-end token (RFC 9068 §2.2, RFC 8693 §4).
#[derive(Serialize, Deserialize)]
pub(in crate::token) struct BackEnd {
    pub(in crate::token) iss: String,
    aud: String,
    sub: String,
    pub(in crate::token) exp: i64,
    pub(in crate::token) iat: i64,
    pub(in crate::token) nbf: i64,
    jti: Uuid,
    client_id: String,
    scope: String,
    /// None where the gateway itself carries the token, over one TLS connection to the one audience it names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cnf: Option<Cnf>,
    acr: String,
    amr: Vec<String>,
    auth_time: i64,
    act: Chain,
    sid: Uuid,
    establishment: String,
    presence: Presence,
    purpose: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    enc: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    consent: Option<Uuid>,
    pol: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    /// The patient as the gateway knows them, sealed: for the gateway alone, should the token be exchanged onward.
    r#ref: String,
}

/// RFC 8693 §4.1: who acts now is outermost, who acted before is inside.
#[derive(Serialize, Deserialize)]
pub(super) struct Chain {
    sub: String,
    /// Of the counter alone, which is innermost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    practitioner: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    act: Option<Box<Self>>,
}

impl Chain {
    /// `actors`: newest first. Nobody is nobody's name.
    fn new(actors: &[String], practitioner: Option<&str>) -> Self {
        let mut practitioner = practitioner.map(str::to_owned);
        let mut chain = None;
        for sub in actors.iter().rev() {
            let practitioner = practitioner.take();
            chain = Some(Box::new(Self { sub: sub.clone(), practitioner, act: chain }));
        }
        chain.map_or(Self { sub: String::new(), practitioner: None, act: None }, |chain| *chain)
    }

    fn actors(self) -> (Vec<String>, Option<String>) {
        let (mut actors, mut practitioner) = (Vec::new(), None);
        let mut next = Some(Box::new(self));
        while let Some(chain) = next {
            actors.push(chain.sub);
            practitioner = chain.practitioner;
            next = chain.act;
        }
        (actors, practitioner)
    }
}

impl BackEnd {
    pub(in crate::token) fn new(claims: &BackEndClaims, issuer: &str) -> Self {
        let issued_at = claims.issued_at.unix_timestamp();
        Self {
            iss: issuer.to_owned(),
            aud: claims.audience.clone(),
            sub: claims.subject.clone(),
            exp: claims.expires_at.unix_timestamp(),
            iat: issued_at,
            nbf: issued_at,
            jti: claims.token,
            client_id: claims.client_id.clone(),
            scope: claims.scope.clone(),
            cnf: claims.confirmation.as_ref().map(Cnf::new),
            acr: claims.acr.as_str().to_owned(),
            amr: claims.amr.clone(),
            auth_time: claims.authenticated_at.unix_timestamp(),
            act: Chain::new(&claims.actors, claims.practitioner.as_deref()),
            sid: claims.session,
            establishment: claims.establishment.clone(),
            presence: Presence::new(&claims.presence),
            purpose: claims.purpose.as_str().to_owned(),
            enc: claims.encounter.clone(),
            consent: claims.consent,
            pol: claims.policy.clone(),
            status: claims.status.map(|status| Status::new(status, issuer)),
            r#ref: URL_SAFE_NO_PAD.encode(&claims.sealed_patient),
        }
    }

    pub(in crate::token) fn into_claims(self) -> Result<BackEndClaims, TokenError> {
        let status = self.status.map(|status| status.reference(&self.iss)).transpose()?;
        let sealed_patient = URL_SAFE_NO_PAD.decode(&self.r#ref).map_err(|_| TokenError::Claims("ref"))?;
        let (actors, practitioner) = self.act.actors();
        Ok(BackEndClaims {
            session: self.sid,
            token: self.jti,
            audience: self.aud,
            subject: self.sub,
            client_id: self.client_id,
            scope: self.scope,
            confirmation: self.cnf.map(Cnf::confirmation).transpose()?,
            acr: Acr::parse(&self.acr).ok_or(TokenError::Claims("acr"))?,
            amr: self.amr,
            authenticated_at: instant(self.auth_time)?,
            issued_at: instant(self.iat)?,
            expires_at: instant(self.exp)?,
            actors,
            practitioner,
            establishment: self.establishment,
            presence: PresenceClaims {
                id: self.presence.id,
                method: self.presence.method,
                proven_at: instant(self.presence.proven_at)?,
                station: self.presence.station,
                card: None,
            },
            purpose: Purpose::parse(&self.purpose).ok_or(TokenError::Claims("purpose"))?,
            encounter: self.enc,
            consent: self.consent,
            policy: self.pol,
            status,
            sealed_patient,
        })
    }
}
