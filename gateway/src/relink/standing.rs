//! What stands of a stored request at this moment, and how is every step put on record?

use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use time::OffsetDateTime;
use uuid::Uuid;

use super::operator::Operator;
use super::statement::{Approval, Kind, Request};
use super::{Desk, RelinkError, Shown, Wanted, rows};
use crate::audit::{AuditEvent, EventKind, Outcome};
use crate::config::PatientIdentifier;
use crate::registry::SUBJECT_AUDIENCE;
use crate::wire::is_label;

/// A stored request whose statements verified, with who made them.
pub(super) struct Standing {
    pub(super) request: Request,
    pub(super) requester: Operator,
    pub(super) approval: Option<(Approval, Operator)>,
    pub(super) request_digest: String,
    pub(super) approval_digest: Option<String>,
}

impl Desk {
    /// A configured audience that knows patients by pseudonyms of its own.
    pub(super) fn audience(&self, named: &str) -> Result<String, RelinkError> {
        if named == SUBJECT_AUDIENCE {
            return Ok(named.to_owned());
        }
        match self.config.back_end_of_audience(named) {
            Some(back_end) if back_end.patient_identifier == PatientIdentifier::Pairwise => {
                Ok(back_end.audience.clone())
            }
            _ => Err(RelinkError::Audience),
        }
    }

    /// Reads and believes nothing: every signature and every certificate of a stored request is judged again.
    pub(super) async fn standing(&self, id: Uuid, at: OffsetDateTime) -> Result<Standing, RelinkError> {
        let row = rows::find(&self.store, id).await?.ok_or(RelinkError::UnknownRequest)?;
        let text = self.opened(id, Kind::Request, &row.request)?;
        let (request, requester) = self.operator::<Request>(&text, Kind::Request, at)?;
        if request.of.jti != id {
            return Err(RelinkError::Statement("of another request"));
        }
        if at.unix_timestamp() >= request.exp {
            return Err(RelinkError::Expired);
        }
        if row.opened {
            return Err(RelinkError::AlreadyOpened);
        }
        let request_digest = digest_of(&text);
        let (mut approval, mut approval_digest) = (None, None);
        if let Some(sealed) = row.approval {
            let text = self.opened(id, Kind::Approval, &sealed)?;
            let (stated, approver) = self.operator::<Approval>(&text, Kind::Approval, at)?;
            if stated.of.jti != id || stated.request != request_digest {
                return Err(RelinkError::Statement("an approval of something else"));
            }
            if approver.id() == requester.id() {
                return Err(RelinkError::SameOperator);
            }
            approval_digest = Some(digest_of(&text));
            approval = Some((stated, approver));
        }
        Ok(Standing { request, requester, approval, request_digest, approval_digest })
    }

    /// Passes a result on; a refusal goes on record first, in the name that was claimed.
    pub(super) async fn or_refused<T>(
        &self,
        result: Result<T, RelinkError>,
        id: Uuid,
        operator: Option<&str>,
        at: OffsetDateTime,
    ) -> Result<T, RelinkError> {
        let error = match result {
            Ok(good) => return Ok(good),
            Err(error) => error,
        };
        let mut event = AuditEvent::new(EventKind::Relinked, Outcome::Refused, error.code(), at);
        event.client = operator.filter(|claimed| is_label(claimed)).map(str::to_owned);
        event.detail = Some(format!("request {id}"));
        let _recorded = self.audit.record(event).await?;
        Err(error)
    }

    pub(super) fn event(
        &self,
        code: &'static str,
        id: Uuid,
        operator: &Operator,
        wanted: &Wanted,
        statement: &str,
        at: OffsetDateTime,
    ) -> AuditEvent {
        let mut event = AuditEvent::new(EventKind::Relinked, Outcome::Permit, code, at);
        event.client = Some(operator.id().to_owned());
        event.service = self.config.back_end_of_audience(&wanted.audience).map(|to| to.service.clone());
        event.detail = Some(format!(
            "request {id}, from {}, to {}, ground {}, reference {}, statement {}",
            wanted.audience,
            wanted.to.as_deref().unwrap_or("identifiant-sante"),
            wanted.ground.as_str(),
            wanted.reference,
            digest_of(statement),
        ));
        event
    }
}

impl Standing {
    pub(super) fn shown(&self, id: Uuid) -> Shown {
        let request = &self.request;
        Shown {
            id,
            requested_by: self.requester.id().to_owned(),
            approved_by: self.approval.as_ref().map(|(_, approver)| approver.id().to_owned()),
            audience: request.audience.clone(),
            to: request.to.clone(),
            ground: request.ground.as_str(),
            reference: request.reference.clone(),
            expires_at: request.exp,
        }
    }
}

/// What names a signed statement in an event and in the statements that follow it.
fn digest_of(statement: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, statement.as_bytes()))
}
