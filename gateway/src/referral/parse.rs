//! Is this ServiceRequest a referral that we keep? (FHIR R4 §12.15)

use policies::CareLevel;
use serde_json::{Map, Value};
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, Duration, OffsetDateTime, Time};

use super::{ESTABLISHMENTS, LEVELS, refused};
use crate::limits::{REFERRAL_DAYS, REFERRAL_DAYS_MAX};
use crate::problem::ProblemCode;
use crate::refusal::Refusal;
use crate::wire::is_label;

/// A referral that is asked for, understood (*orientation demandée*).
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) to: CareLevel,
    pub(super) establishment: Option<String>,
    pub(super) expires_at: OffsetDateTime,
}

/// The members that are read; a reason or a note would be medical content, which nobody needs to know the way (loi 09-08
/// art. 3), and a modifier that is not understood may turn everything round (FHIR R4 §2.4.0.2).
const MEMBERS: [&str; 10] = [
    "resourceType",
    "id",
    "meta",
    "status",
    "intent",
    "subject",
    "performerType",
    "performer",
    "occurrencePeriod",
    "authoredOn",
];

impl Wanted {
    /// # Errors
    /// The first rule that is broken, by name. Nothing of the request is repeated.
    pub(super) fn understood(body: &Value, subject: &str, at: OffsetDateTime) -> Result<Self, Refusal> {
        let not_one =
            || refused("referral-not-a-service-request", "send one active ServiceRequest with intent order");
        let members = body.as_object().ok_or_else(not_one)?;
        let is = |name: &str, wanted: &str| members.get(name).and_then(Value::as_str) == Some(wanted);
        if !is("resourceType", "ServiceRequest") || !is("status", "active") || !is("intent", "order") {
            return Err(not_one());
        }
        if members.keys().any(|name| !MEMBERS.contains(&name.as_str())) {
            return Err(refused(
                "referral-says-more",
                "only resourceType, status, intent, subject, performerType, performer and occurrencePeriod are kept: \
                 what ails the patient belongs into the record",
            ));
        }
        let reference = members.get("subject").and_then(|subject| subject.get("reference")?.as_str());
        if reference.and_then(|reference| reference.strip_prefix("Patient/")) != Some(subject) {
            return Err(Refusal::new(ProblemCode::PatientMismatch));
        }
        Ok(Self {
            to: level(members)?,
            establishment: establishment(members)?,
            expires_at: expires_at(members, at)?,
        })
    }
}

/// `performerType`: exactly one coding of our levels.
fn level(members: &Map<String, Value>) -> Result<CareLevel, Refusal> {
    let codings = members.get("performerType").and_then(|kind| kind.get("coding")?.as_array());
    let code = match codings.map(Vec::as_slice) {
        Some([coding]) if coding.get("system").and_then(Value::as_str) == Some(LEVELS) => {
            coding.get("code").and_then(Value::as_str)
        }
        _ => None,
    };
    code.and_then(CareLevel::parse).ok_or_else(|| {
        refused("referral-level-unknown", "performerType names one level of care, by our code system")
    })
}

/// `performer`: none, or exactly one establishment by its registered id.
fn establishment(members: &Map<String, Value>) -> Result<Option<String>, Refusal> {
    let Some(performer) = members.get("performer") else { return Ok(None) };
    let identifier = match performer.as_array().map(Vec::as_slice) {
        Some([one]) => one.get("identifier"),
        _ => None,
    };
    let of_ours = identifier.filter(|one| one.get("system").and_then(Value::as_str) == Some(ESTABLISHMENTS));
    let id = of_ours.and_then(|one| one.get("value")?.as_str()).filter(|id| is_label(id));
    match id {
        Some(id) => Ok(Some(id.to_owned())),
        None => Err(refused(
            "referral-target-unknown",
            "performer is one establishment by its registered identifier",
        )),
    }
}

/// `occurrencePeriod.end`: in the future, and not for more than a year.
fn expires_at(members: &Map<String, Value>, at: OffsetDateTime) -> Result<OffsetDateTime, Refusal> {
    let Some(period) = members.get("occurrencePeriod") else { return Ok(at + Duration::days(REFERRAL_DAYS)) };
    let wrong = |code| refused(code, "occurrencePeriod.end is a day in the next 365");
    let end = period.get("end").and_then(Value::as_str).and_then(moment);
    let end = end.ok_or_else(|| wrong("referral-end-malformed"))?;
    if end <= at {
        return Err(wrong("referral-end-past"));
    }
    if end > at + Duration::days(REFERRAL_DAYS_MAX) {
        return Err(wrong("referral-end-too-far"));
    }
    Ok(end)
}

/// A FHIR dateTime that has a day: the whole of it, where it has no time.
fn moment(text: &str) -> Option<OffsetDateTime> {
    if let Ok(moment) = OffsetDateTime::parse(text, &Rfc3339) {
        return Some(moment);
    }
    let day = Date::parse(text, format_description!("[year]-[month]-[day]")).ok()?;
    Some(day.next_day()?.with_time(Time::MIDNIGHT).assume_utc())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-22 09:00 UTC);

    fn sound() -> Value {
        json!({
            "resourceType": "ServiceRequest", "status": "active", "intent": "order",
            "subject": { "reference": "Patient/p-1" },
            "performerType": { "coding": [{ "system": LEVELS, "code": "hospital" }] },
        })
    }

    fn code(spoil: impl FnOnce(&mut Value)) -> String {
        let mut body = sound();
        spoil(&mut body);
        Wanted::understood(&body, "p-1", NOW).unwrap_err().into_codes().1.into_owned()
    }

    #[test]
    fn a_referral_is_good_for_ninety_days_or_until_the_end_of_its_last_day() {
        let wanted = Wanted::understood(&sound(), "p-1", NOW).unwrap();
        assert_eq!((wanted.to, wanted.establishment), (CareLevel::Hospital, None));
        assert_eq!(wanted.expires_at, NOW + Duration::days(90));
        let mut body = sound();
        body["occurrencePeriod"] = json!({ "end": "2026-11-22" });
        let wanted = Wanted::understood(&body, "p-1", NOW).unwrap();
        assert_eq!(wanted.expires_at, datetime!(2026-11-23 00:00 UTC));
        body["performer"] = json!([{ "identifier": { "system": ESTABLISHMENTS, "value": "hospital-1" } }]);
        let wanted = Wanted::understood(&body, "p-1", NOW).unwrap();
        assert_eq!(wanted.establishment.as_deref(), Some("hospital-1"));
    }

    #[test]
    fn whatever_is_no_such_referral_is_refused_by_name() {
        let end =
            |end: &'static str| move |body: &mut Value| body["occurrencePeriod"] = json!({ "end": end });
        assert_eq!(code(|body| body["resourceType"] = "Claim".into()), "referral-not-a-service-request");
        assert_eq!(code(|body| body["status"] = "draft".into()), "referral-not-a-service-request");
        assert_eq!(code(|body| body["intent"] = "plan".into()), "referral-not-a-service-request");
        assert_eq!(code(|body| *body = json!([])), "referral-not-a-service-request");
        assert_eq!(code(|body| body["doNotPerform"] = true.into()), "referral-says-more");
        assert_eq!(code(|body| body["reasonCode"] = json!([{ "text": "x" }])), "referral-says-more");
        assert_eq!(code(|body| body["subject"]["reference"] = "Patient/p-2".into()), "patient-mismatch");
        assert_eq!(code(|body| body["subject"] = Value::Null), "patient-mismatch");
        assert_eq!(
            code(|body| body["performerType"]["coding"][0]["code"] = "spa".into()),
            "referral-level-unknown"
        );
        assert_eq!(
            code(|body| body["performerType"]["coding"][0]["system"] = "x".into()),
            "referral-level-unknown"
        );
        assert_eq!(code(|body| body["performerType"] = Value::Null), "referral-level-unknown");
        assert_eq!(code(|body| body["performer"] = json!([])), "referral-target-unknown");
        assert_eq!(code(end("2026-11-21")), "referral-end-past");
        assert_eq!(code(end("2026-11-22T08:59:59Z")), "referral-end-past");
        assert_eq!(code(end("2027-11-24")), "referral-end-too-far");
        assert_eq!(code(end("2026-13-01")), "referral-end-malformed");
        assert_eq!(code(end("2026")), "referral-end-malformed");
    }
}
