//! Who sent this patient on, to whom, and is that still good? The care pathway (*parcours de soins*, loi-cadre 06-22).
//!
//! Whoever treats a patient writes a referral in the patient's session, as a FHIR R4 ServiceRequest of which only the way is
//! kept: from which establishment, to which level of care or establishment, until when. What ails the patient is written in
//! their record and not here. Policy then requires it, prefers it or ignores it, for each scheme.

mod parse;
mod remembered;
mod store;

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use policies::{CareLevel, Purpose};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use crate::app::App;
use crate::audit::{AuditEvent, EventKind, Outcome};
use crate::caller::Caller;
use crate::limits::REFERRALS_LISTED;
use crate::presence;
use crate::problem::ProblemCode;
use crate::refusal::{Refusal, on_record, unrecorded};
use crate::session::{self, Session};

use parse::Wanted;
pub use remembered::Referrals;

/// The code system of levels of care in a referral.
const LEVELS: &str = "https://bawaba.example.ma/fhir/CodeSystem/care-level";

/// The system of establishments' registered ids.
const ESTABLISHMENTS: &str = "https://bawaba.example.ma/fhir/sid/establishment";

/// A referral as stored (*lettre d'orientation*).
#[derive(Clone)]
struct Referral {
    id: Uuid,
    subject: String,
    from: String,
    from_level: CareLevel,
    to: CareLevel,
    /// None: anyone of that level.
    to_establishment: Option<String>,
    written_at: OffsetDateTime,
    expires_at: OffsetDateTime,
}

/// `POST /v1/referrals`: the patient of the session is sent on.
pub(crate) async fn write(
    app: &App,
    caller: &Caller,
    (headers, body): (&HeaderMap, Value),
    mut event: AuditEvent,
) -> Response {
    let written = async {
        let session = of_treatment(app, caller, headers, &mut event)?;
        let wanted = Wanted::understood(&body, &session.claims().subject, event.at)?;
        let from_level = may_refer(caller, wanted.to)?;
        if wanted.establishment.as_deref().is_some_and(|id| !is_of_level(app, id, wanted.to)) {
            return Err(refused(
                "referral-target-unknown",
                "no establishment of that level has that identifier",
            ));
        }
        let referral = Referral {
            id: Uuid::new_v4(),
            subject: session.claims().subject.clone(),
            from: caller.client().id.clone(),
            from_level,
            to: wanted.to,
            to_establishment: wanted.establishment,
            written_at: event.at,
            expires_at: wanted.expires_at,
        };
        store::insert(&app.store, &referral).await?;
        app.referrals.forget(&referral.subject);
        Ok(referral)
    };
    let referral = match written.await {
        Ok(referral) => referral,
        Err(refusal) => return refusal.record(&app.audit, event).await,
    };
    event.detail = Some(format!("referral {}, {} to {}", referral.id, referral.from_level, referral.to));
    recorded(app, event, "referral-written", StatusCode::CREATED, &resource(&referral)).await
}

/// `GET /v1/referrals`: those of the session's patient that are still good, as a FHIR Bundle.
pub(crate) async fn list(app: &App, caller: &Caller, headers: &HeaderMap, mut event: AuditEvent) -> Response {
    let found = async {
        let session = of_treatment(app, caller, headers, &mut event)?;
        Ok::<_, Refusal>(
            store::good(&app.store, &session.claims().subject, event.at, REFERRALS_LISTED).await?,
        )
    };
    let found = match found.await {
        Ok(found) => found,
        Err(refusal) => return refusal.record(&app.audit, event).await,
    };
    let entries: Vec<Value> = found.iter().map(|one| json!({ "resource": resource(one) })).collect();
    let bundle = json!({
        "resourceType": "Bundle", "type": "searchset", "total": entries.len(), "entry": entries,
    });
    recorded(app, event, "referrals-listed", StatusCode::OK, &bundle).await
}

/// `DELETE /v1/referrals/{id}`: whoever wrote it takes it back, in a session of that patient.
pub(crate) async fn revoke(
    app: &App,
    caller: &Caller,
    (id, headers): (Uuid, &HeaderMap),
    mut event: AuditEvent,
) -> Response {
    let revoked = async {
        let session = of_treatment(app, caller, headers, &mut event)?;
        let (subject, here) = (&session.claims().subject, &caller.client().id);
        if !store::revoke(&app.store, id, (subject, here), event.at).await? {
            return Err(Refusal::exactly(ProblemCode::NotFound, "referral-unknown"));
        }
        app.referrals.forget(subject);
        Ok::<_, Refusal>(())
    };
    if let Err(refusal) = revoked.await {
        return refusal.record(&app.audit, event).await;
    }
    event.kind = EventKind::Referred;
    event.outcome = Outcome::Permit;
    event.code = "referral-revoked".into();
    event.detail = Some(format!("referral {id}"));
    match app.audit.record(event).await {
        Ok(_recorded) => on_record(StatusCode::NO_CONTENT.into_response()),
        Err(error) => unrecorded(error),
    }
}

async fn recorded(
    app: &App,
    mut event: AuditEvent,
    code: &'static str,
    status: StatusCode,
    answer: &Value,
) -> Response {
    event.kind = EventKind::Referred;
    event.outcome = Outcome::Permit;
    event.code = code.into();
    match app.audit.record(event).await {
        Ok(_recorded) => on_record(presence::json(status, answer)),
        Err(error) => unrecorded(error),
    }
}

/// A session in which the patient is treated: neither payment nor a broken glass sends anybody on.
fn of_treatment(
    app: &App,
    caller: &Caller,
    headers: &HeaderMap,
    event: &mut AuditEvent,
) -> Result<Session, Refusal> {
    let session = session::of_request(app, caller, headers, event.at)?;
    let claims = session.claims();
    event.session = Some(claims.id);
    event.subject = Some(claims.subject.clone());
    event.purpose = Some(claims.purpose.as_str().to_owned());
    match claims.purpose {
        Purpose::Treatment | Purpose::EmergencyTreatment => Ok(session),
        Purpose::Payment | Purpose::BreakGlass => {
            Err(Refusal::exactly(ProblemCode::Denied, "referral-not-in-treatment"))
        }
    }
}

/// The level of whoever sends, where that may send there: primary care to both others, they to each other.
fn may_refer(caller: &Caller, to: CareLevel) -> Result<CareLevel, Refusal> {
    match caller.client().site.level {
        None => Err(refused("referral-not-by-this-kind", "this establishment gives no care that refers")),
        Some(_) if to == CareLevel::Primary => {
            Err(refused("referral-to-primary", "nobody needs a referral to primary care"))
        }
        Some(from) => Ok(from),
    }
}

fn is_of_level(app: &App, id: &str, level: CareLevel) -> bool {
    app.registry.client(id).is_some_and(|client| client.active && client.site.level == Some(level))
}

fn refused(code: &'static str, detail: &'static str) -> Refusal {
    Refusal::exactly(ProblemCode::ReferralRefused, code).detail(detail)
}

/// A referral in FHIR.
fn resource(referral: &Referral) -> Value {
    let moment =
        |at: OffsetDateTime| at.replace_nanosecond(0).unwrap_or(at).format(&Rfc3339).unwrap_or_default();
    let organisation =
        |id: &str| json!({ "type": "Organization", "identifier": { "system": ESTABLISHMENTS, "value": id } });
    let mut resource = json!({
        "resourceType": "ServiceRequest",
        "id": referral.id.to_string(),
        "status": "active",
        "intent": "order",
        "subject": { "reference": format!("Patient/{}", referral.subject) },
        "authoredOn": moment(referral.written_at),
        "requester": organisation(&referral.from),
        "performerType": { "coding": [{ "system": LEVELS, "code": referral.to.as_str() }] },
        "occurrencePeriod": { "end": moment(referral.expires_at) },
    });
    if let (Some(id), Some(members)) = (&referral.to_establishment, resource.as_object_mut()) {
        members.insert("performer".to_owned(), json!([organisation(id)]));
    }
    resource
}
