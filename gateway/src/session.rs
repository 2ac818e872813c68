//! What is a session, and has it ended?
//!
//! A session is its token: nothing is stored when one opens. Only its end before time is stored, durably.

use axum::response::{IntoResponse, Response};
use http::header::AUTHORIZATION;
use http::{HeaderMap, StatusCode};
use policies::RiskFacts;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::app::App;
use crate::audit::{AuditEvent, EventKind, Outcome};
use crate::caller::Caller;
use crate::presence;
use crate::problem::ProblemCode;
use crate::refusal::{Refusal, on_record, unrecorded};
use crate::registry::Patient;
use crate::token::{Scheme, SessionClaims, VerifiedSessionToken};
use crate::withdrawal::{Ended, Withdrawals};

/// A session that may still be used (*session*): its token verified, and it was not ended before its time.
///
/// Only [`Withdrawals::running`](crate::withdrawal::Withdrawals::running) makes one, from a verified token:
///
/// ```compile_fail
/// fn forge(token: gateway::token::VerifiedSessionToken) -> gateway::session::Session {
///     gateway::session::Session { token }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Session {
    token: VerifiedSessionToken,
}

impl Session {
    /// What its token says.
    #[must_use]
    pub fn claims(&self) -> &SessionClaims {
        self.token.claims()
    }

    /// What looked wrong when it was opened, and what its card came under since.
    pub(crate) fn risk(&self, app: &App) -> RiskFacts {
        let claims = self.claims();
        let quarantined = claims.risk.quarantined || app.fraud.quarantines(claims.presence.card.as_deref());
        RiskFacts { quarantined, ..claims.risk.clone() }
    }

    /// The `kid` of the key that signed its token.
    pub(crate) fn key(&self) -> &str {
        self.token.key()
    }
}

#[cfg(test)]
impl Session {
    /// A session for tests of what comes after it: without a registry that could have ended it.
    pub(crate) fn never_ended(token: VerifiedSessionToken) -> Self {
        Self { token }
    }
}

impl Withdrawals {
    /// The session of a token, unless it or what it rests on was withdrawn.
    ///
    /// # Errors
    /// [`Ended::Unknown`] where this node has not heard for too long what was withdrawn.
    pub fn running(&self, token: VerifiedSessionToken) -> Result<Session, Ended> {
        self.stands(&token)?;
        Ok(Session { token })
    }
}

impl From<Ended> for Refusal {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Withdrawn(reason) => Self::exactly(ProblemCode::SessionEnded, reason),
            Ended::Unknown => Self::exactly(ProblemCode::RegistryUnavailable, "withdrawals-unheard"),
        }
    }
}

/// The session of a request: its token is ours, in time, bound to this very certificate, and not ended.
pub(crate) fn of_request(
    app: &App,
    caller: &Caller,
    headers: &HeaderMap,
    at: OffsetDateTime,
) -> Result<Session, Refusal> {
    let proven = caller.confirmation();
    let token = app.tokens.verify_session(access_token(headers, proven.scheme())?, proven, at)?;
    Ok(app.withdrawals.running(token)?)
}

/// The patient of a session.
pub(crate) async fn patient(app: &App, session: &Session) -> Result<std::sync::Arc<Patient>, Refusal> {
    let found = app.registry.patient_by_subject(&session.claims().subject).await?;
    found.ok_or_else(|| Refusal::exactly(ProblemCode::TokenInvalid, "session-patient-unknown"))
}

/// `GET /v1/sessions/{id}`: what the session's token says, to the client that opened it.
pub(crate) async fn read(
    app: &App,
    caller: &Caller,
    id: Uuid,
    headers: &HeaderMap,
    mut event: AuditEvent,
) -> Response {
    match show(app, caller, id, headers, &mut event).await {
        Ok(answer) => on_record(presence::json(StatusCode::OK, &answer)),
        Err(refusal) => refusal.record(&app.audit, event).await,
    }
}

async fn show(
    app: &App,
    caller: &Caller,
    id: Uuid,
    headers: &HeaderMap,
    event: &mut AuditEvent,
) -> Result<crate::wire::SessionAnswer, Refusal> {
    let session = named(app, caller, id, headers, event)?;
    let patient = patient(app, &session).await?;
    Ok(presence::session_answer(app, session.claims(), &patient, Vec::new(), event.at)?)
}

/// `DELETE /v1/sessions/{id}`: from this answer on the token opens nothing on this node, also after a restart,
/// and within a second on every other.
pub(crate) async fn end(
    app: &App,
    caller: &Caller,
    id: Uuid,
    headers: &HeaderMap,
    mut event: AuditEvent,
) -> Response {
    let ended = async {
        let session = named(app, caller, id, headers, &mut event)?;
        app.withdrawals.withdraw_session(session.claims(), "session-ended", event.at).await?;
        Ok::<_, Refusal>(())
    };
    if let Err(refusal) = ended.await {
        return refusal.record(&app.audit, event).await;
    }
    event.kind = EventKind::SessionEnded;
    event.outcome = Outcome::Permit;
    event.code = "session-ended".into();
    match app.audit.record(event).await {
        Ok(_recorded) => on_record(StatusCode::NO_CONTENT.into_response()),
        Err(error) => unrecorded(error),
    }
}

/// The session of the request, if it is the one in the path.
pub(crate) fn named(
    app: &App,
    caller: &Caller,
    id: Uuid,
    headers: &HeaderMap,
    event: &mut AuditEvent,
) -> Result<Session, Refusal> {
    let session = of_request(app, caller, headers, event.at)?;
    event.session = Some(session.claims().id);
    event.subject = Some(session.claims().subject.clone());
    if session.claims().id == id { Ok(session) } else { Err(Refusal::new(ProblemCode::SessionUnknown)) }
}

/// The one access token (RFC 6750 section 2.1, RFC 9449 section 7.1); never from a query or a form.
///
/// The scheme follows from how the caller proves its key: a token that is bound to a DPoP key is refused as a bearer
/// token, or a thief would simply leave the proof away (RFC 9449 section 7.2).
pub(crate) fn access_token(headers: &HeaderMap, expected: Scheme) -> Result<&str, Refusal> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(Refusal::new(ProblemCode::Unauthenticated));
    };
    let (scheme, token) = value
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .ok_or_else(|| Refusal::exactly(ProblemCode::TokenInvalid, "authorization-malformed"))?;
    if scheme.eq_ignore_ascii_case(expected.as_str()) {
        Ok(token)
    } else {
        Err(Refusal::exactly(ProblemCode::Unauthenticated, "authorization-scheme"))
    }
}
