//! What do tokens look like as JSON?

mod back_end;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use policies::{Acr, Purpose, RiskFacts};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Confirmation, PresenceClaims, ReceiptClaims, SessionClaims, StatusReference, TokenError};

pub(super) use back_end::BackEnd;

/// The payload of a session token (RFC 9068 §2.2, design: "Session token").
#[derive(Serialize, Deserialize)]
pub(super) struct Session {
    pub(super) iss: String,
    pub(super) aud: String,
    sub: String,
    pub(super) exp: i64,
    pub(super) iat: i64,
    pub(super) nbf: i64,
    jti: Uuid,
    sid: Uuid,
    client_id: String,
    scope: String,
    cnf: Cnf,
    acr: String,
    amr: Vec<String>,
    auth_time: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    act: Option<Actor>,
    establishment: String,
    presence: Presence,
    purpose: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    enc: Option<String>,
    pol: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    /// Base64url; none in a token of a version before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    risk: Option<String>,
}

/// The payload of a receipt.
#[derive(Serialize, Deserialize)]
pub(super) struct Receipt {
    iss: String,
    iat: i64,
    jti: Uuid,
    presence: Uuid,
    establishment: String,
    time: i64,
    operation: String,
    log_index: u64,
}

/// RFC 8705 §3.1 or RFC 9449 §6.1: one of them.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cnf {
    #[serde(rename = "x5t#S256", default, skip_serializing_if = "Option::is_none")]
    x5t_s256: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    jkt: Option<String>,
}

/// RFC 8693 §4.1.
#[derive(Serialize, Deserialize)]
struct Actor {
    sub: String,
}

#[derive(Serialize, Deserialize)]
struct Presence {
    id: Uuid,
    method: String,
    proven_at: i64,
    station: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    card: Option<String>,
}

/// The `status` claim of a token status list.
#[derive(Serialize, Deserialize)]
struct Status {
    status_list: StatusList,
}

#[derive(Serialize, Deserialize)]
struct StatusList {
    idx: u32,
    uri: String,
}

impl Session {
    pub(super) fn new(claims: &SessionClaims, risk: Option<&[u8]>, issuer: &str, audience: &str) -> Self {
        let issued_at = claims.issued_at.unix_timestamp();
        Self {
            iss: issuer.to_owned(),
            aud: audience.to_owned(),
            sub: claims.subject.clone(),
            exp: claims.expires_at.unix_timestamp(),
            iat: issued_at,
            nbf: issued_at,
            jti: claims.token,
            sid: claims.id,
            client_id: claims.client_id.clone(),
            scope: claims.scope.clone(),
            cnf: Cnf::new(&claims.confirmation),
            acr: claims.acr.as_str().to_owned(),
            amr: claims.amr.clone(),
            auth_time: claims.authenticated_at.unix_timestamp(),
            act: claims.actor.clone().map(|sub| Actor { sub }),
            establishment: claims.establishment.clone(),
            presence: Presence { card: claims.presence.card.clone(), ..Presence::new(&claims.presence) },
            purpose: claims.purpose.as_str().to_owned(),
            enc: claims.encounter.clone(),
            pol: claims.policy.clone(),
            status: claims.status.map(|status| Status::new(status, issuer)),
            risk: risk.map(|risk| URL_SAFE_NO_PAD.encode(risk)),
        }
    }

    /// What is sealed in it, and for which session.
    pub(super) fn sealed_risk(&self) -> Result<Option<(Uuid, Vec<u8>)>, TokenError> {
        let risk = self.risk.as_ref().map(|risk| URL_SAFE_NO_PAD.decode(risk)).transpose();
        Ok(risk.map_err(|_| TokenError::Claims("risk"))?.map(|sealed| (self.sid, sealed)))
    }

    pub(super) fn into_claims(self, risk: RiskFacts) -> Result<SessionClaims, TokenError> {
        let status = self.status.map(|status| status.reference(&self.iss)).transpose()?;
        Ok(SessionClaims {
            id: self.sid,
            token: self.jti,
            subject: self.sub,
            client_id: self.client_id,
            establishment: self.establishment,
            confirmation: self.cnf.confirmation()?,
            scope: self.scope,
            acr: Acr::parse(&self.acr).ok_or(TokenError::Claims("acr"))?,
            amr: self.amr,
            authenticated_at: instant(self.auth_time)?,
            issued_at: instant(self.iat)?,
            expires_at: instant(self.exp)?,
            actor: self.act.map(|act| act.sub),
            presence: PresenceClaims {
                id: self.presence.id,
                method: self.presence.method,
                proven_at: instant(self.presence.proven_at)?,
                station: self.presence.station,
                card: self.presence.card,
            },
            purpose: Purpose::parse(&self.purpose).ok_or(TokenError::Claims("purpose"))?,
            encounter: self.enc,
            policy: self.pol,
            status,
            risk,
        })
    }
}

impl Receipt {
    pub(super) fn new(receipt: &ReceiptClaims, issuer: &str, id: Uuid) -> Self {
        let time = receipt.time.unix_timestamp();
        Self {
            iss: issuer.to_owned(),
            iat: time,
            jti: id,
            presence: receipt.presence,
            establishment: receipt.establishment.clone(),
            time,
            operation: receipt.operation.clone(),
            log_index: receipt.log_index,
        }
    }

    /// What it says, and its `jti`.
    pub(super) fn into_claims(self, issuer: &str) -> Result<(ReceiptClaims, Uuid), TokenError> {
        if self.iss != issuer {
            return Err(TokenError::Issuer);
        }
        let claims = ReceiptClaims {
            presence: self.presence,
            establishment: self.establishment,
            time: instant(self.time)?,
            operation: self.operation,
            log_index: self.log_index,
        };
        Ok((claims, self.jti))
    }
}

impl Cnf {
    pub(super) fn new(confirmation: &Confirmation) -> Self {
        match confirmation.clone() {
            Confirmation::Certificate(thumbprint) => Self { x5t_s256: Some(thumbprint), jkt: None },
            Confirmation::Key(thumbprint) => Self { x5t_s256: None, jkt: Some(thumbprint) },
        }
    }

    pub(super) fn confirmation(self) -> Result<Confirmation, TokenError> {
        match (self.x5t_s256, self.jkt) {
            (Some(thumbprint), None) => Ok(Confirmation::Certificate(thumbprint)),
            (None, Some(thumbprint)) => Ok(Confirmation::Key(thumbprint)),
            _ => Err(TokenError::Claims("cnf")),
        }
    }
}

impl Presence {
    /// Without the card: one name of it at two back-ends would let them join what they know.
    fn new(presence: &PresenceClaims) -> Self {
        Self {
            id: presence.id,
            method: presence.method.clone(),
            proven_at: presence.proven_at.unix_timestamp(),
            station: presence.station.clone(),
            card: None,
        }
    }
}

impl Status {
    fn new(reference: StatusReference, issuer: &str) -> Self {
        let uri = format!("{issuer}/status/{}", reference.list);
        Self { status_list: StatusList { idx: reference.index, uri } }
    }

    fn reference(&self, issuer: &str) -> Result<StatusReference, TokenError> {
        let list = self.status_list.uri.strip_prefix(issuer).and_then(|path| path.strip_prefix("/status/"));
        let list = list.and_then(|number| number.parse().ok()).ok_or(TokenError::Claims("status"))?;
        Ok(StatusReference { list, index: self.status_list.idx })
    }
}

pub(super) fn instant(seconds: i64) -> Result<OffsetDateTime, TokenError> {
    OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| TokenError::Claims("time"))
}
