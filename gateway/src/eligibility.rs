//! Which rights has the patient, and may the counter rely on the answer?
//!
//! `POST /v1/eligibility`: a FHIR CoverageEligibilityRequest about the patient of a session, or of a receipt where CNSS
//! asks for a claim. The answer is that of CNSS, signed by the gateway and *opposable* until it says: whoever gave care on it
//! is paid. It is remembered only as long. Where CNSS does not answer, the registry's word is given instead, marked as
//! degraded and binding nobody; where CNSS answers what cannot be true, nothing is.

mod answer;
mod ask;
mod asker;
mod cover;
mod money;
mod question;
mod remembered;
mod shapes;
#[cfg(test)]
mod tests;

use axum::extract::Request;
use axum::response::Response;
use http::header::{ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use policies::{AccessRequest, Action, Permit};

use crate::app::App;
use crate::audit::{AuditEvent, EventKind, Outcome};
use crate::caller::Caller;
use crate::config::BackEndConfig;
use crate::edge;
use crate::fhir::FhirError;
use crate::limits::ELIGIBILITY_BODY_BYTES_MAX;
use crate::problem::{Language, ProblemCode};
use crate::refusal::{Refusal, on_record, unrecorded};
use crate::registry::Patient;
use answer::{Addressed, ResponseShape, signed};
use ask::{Asking, NoAnswer, ask};
use asker::Asker;
use cover::Cover;
use question::Question;
use remembered::Key;

pub use remembered::Remembered;
pub use shapes::{
    ANSWER_MODE, BENEFIT_SYSTEM, OPPOSABLE_UNTIL, REFERENCE_PRICE, REIMBURSEMENT_RATE, SCHEME_SYSTEM,
    SIGNED_ANSWER, WAITING_UNTIL,
};

/// One question about cover.
pub(crate) async fn eligibility(
    app: &App,
    caller: &Caller,
    request: Request,
    mut event: AuditEvent,
) -> Response {
    match answered(app, caller, request, &mut event).await {
        Ok((answer, how)) => {
            event.kind = EventKind::EligibilityAnswered;
            event.outcome = Outcome::Permit;
            event.code = how.into();
            match app.audit.record(event).await {
                Ok(_recorded) => on_record(fhir(&answer)),
                Err(error) => unrecorded(error),
            }
        }
        Err(refusal) => refusal.record(&app.audit, event).await,
    }
}

/// The steps, in order: what is asked, by whom, about whom, may they, what says CNSS, signed.
async fn answered(
    app: &App,
    caller: &Caller,
    request: Request,
    event: &mut AuditEvent,
) -> Result<(ResponseShape, &'static str), Refusal> {
    let back_end = app.config.cover_back_end().ok_or_else(|| Refusal::new(ProblemCode::NotFound))?;
    event.service = Some(back_end.service.clone());
    let (parts, body) = request.into_parts();
    is_fhir(&parts.headers)?;
    let body = edge::read_body(&parts.headers, body, ELIGIBILITY_BODY_BYTES_MAX).await;
    let question = Question::read(&body.map_err(Refusal::told)?, event.at)?;
    let asker = Asker::of(app, caller, &parts.headers, &question, event).await?;
    let patient = asker.patient(app).await?;
    let there = app.pseudonym_at(back_end, &patient)?;
    let named = asker.names(&question.patient, &patient, &there)?;
    let permit = permit(app, caller, &asker, event)?;
    let whom = Whom { patient: &patient, there: &there };
    let (cover, how) = cover(app, (back_end, &asker, &permit), whom, &question, (&parts, event)).await?;
    let to = Addressed {
        patient: named,
        establishment: asker.establishment(),
        presence: asker.presence(),
        request_id: event.request_id.as_deref().unwrap_or_default(),
        asked: &question.asked,
        language: language(&parts.headers),
    };
    Ok((signed(&app.tokens, &cover, &to, event.at)?, how))
}

/// The patient, and the name that the back-end knows.
#[derive(Clone, Copy)]
struct Whom<'a> {
    patient: &'a Patient,
    there: &'a str,
}

/// What is known of the patient's cover: remembered, of CNSS, or of the registry; and which of them.
async fn cover(
    app: &App,
    (back_end, asker, permit): (&BackEndConfig, &Asker, &Permit),
    Whom { patient, there }: Whom<'_>,
    question: &Question,
    (parts, event): (&Parts, &mut AuditEvent),
) -> Result<(Cover, &'static str), Refusal> {
    let (asked, at) = (&question.asked, event.at);
    let key = Key::new(&patient.subject, asker.establishment(), asked);
    if let Some(cover) = app.eligibility.get(&key, at) {
        return Ok((cover, "eligibility-remembered"));
    }
    let token = asker.token(app, permit, back_end, there, at)?;
    let asking = Asking {
        service: &back_end.service,
        there,
        establishment: asker.establishment(),
        token: &token,
        context: parts.extensions.clone(),
    };
    match ask(app, asked, &asking, at).await {
        Ok(cover) => {
            app.eligibility.keep(key, &cover);
            Ok((cover, "eligibility-answered"))
        }
        Err(NoAnswer::Away(code)) => {
            event.detail = Some(code.to_owned());
            Ok((Cover::degraded(&patient.coverage, asked.serviced, at), "eligibility-degraded"))
        }
        Err(NoAnswer::Bad(code)) => Err(Refusal::exactly(ProblemCode::BackEndInvalid, code)),
    }
}

fn permit(app: &App, caller: &Caller, asker: &Asker, event: &mut AuditEvent) -> Result<Permit, Refusal> {
    let request = AccessRequest {
        client: caller.facts(),
        action: Action::Eligibility,
        purpose: asker.purpose(),
        acr: asker.acr(),
        dependant: asker.is_dependant(),
        facts: policies::Facts::default(),
    };
    let decision = app.policies.decide_recorded(&request, None, event);
    app.metrics.decision("eligibility", if decision.is_permit() { "permit" } else { "deny" });
    decision.permit().ok_or_else(|| Refusal::denied(&decision))
}

/// FHIR JSON, or plain JSON from who asks no FHIR server otherwise.
fn is_fhir(headers: &HeaderMap) -> Result<(), Refusal> {
    let essence = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = essence.and_then(|value| value.split(';').next()).map(str::trim).unwrap_or_default();
    let json = ["application/fhir+json", "application/json"];
    if json.iter().any(|json| essence.eq_ignore_ascii_case(json)) {
        Ok(())
    } else {
        Err(FhirError::MediaType.into())
    }
}

fn language(headers: &HeaderMap) -> Language {
    let said = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    said.map(Language::negotiate).unwrap_or_default()
}

fn fhir(answer: &ResponseShape) -> Response {
    use axum::response::IntoResponse;
    let headers = [(CONTENT_TYPE, "application/fhir+json"), (CACHE_CONTROL, "no-store")];
    match serde_json::to_vec(answer) {
        Ok(body) => (StatusCode::OK, headers, body).into_response(),
        Err(_) => crate::problem::Problem::new(ProblemCode::Internal).into_response(),
    }
}
