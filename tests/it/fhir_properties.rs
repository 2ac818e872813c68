//! Requests put together at random from what attackers use: none that is forwarded reaches a foreign patient.
//!
//! Judged by a reader of our own making that shares nothing with the gateway's: it decodes twice, folds case, trims, and
//! takes for a patient whatever some server might.

use bytes::Bytes;
use gateway::fhir::{FhirRequest, PatientNames, Said, Target};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

const HERE: &str = "fedcba9876543210fedcba9876543210";
const THERE: &str = "0123456789abcdef0123456789abcdef";
const FOREIGN: &str = "f0e1f0e1f0e1f0e1f0e1f0e1f0e1f0e1";

fn id() -> impl Strategy<Value = String> {
    let spelt = |id: &'static str| {
        select(vec![id.to_owned(), id.to_uppercase(), format!(" {id}"), format!("{id},{FOREIGN}")])
    };
    prop_oneof![6 => Just(HERE.to_owned()), 4 => Just(THERE.to_owned()), 3 => Just(FOREIGN.to_owned()), 1 => spelt(FOREIGN), 1 => spelt(HERE)]
}

fn reference() -> impl Strategy<Value = String> {
    let before = select(vec![
        "Patient/",
        "Patient/",
        "Patient/",
        "patient/",
        "/Patient/",
        "./Patient/",
        "Practitioner/../Patient/",
        "Patient%2F",
        "https://d.example/fhir/Patient/",
        "Patient?_id=",
        " Patient/",
        "Group/",
        "#",
        "",
        "urn:uuid:",
    ]);
    (before, id(), select(vec!["", "", "", "/_history/1", "#x", "?x=1", " "]))
        .prop_map(|(before, id, after)| format!("{before}{id}{after}"))
}

fn parameter() -> impl Strategy<Value = (String, String)> {
    let base = select(vec![
        "patient",
        "patient",
        "subject",
        "Patient",
        "PATIENT",
        "patient[]",
        "beneficiary",
        "_id",
        "performer",
        "code",
        "_include",
        "_revinclude",
        "_has:Observation:patient:code",
        "_has:Observation:patient:patient",
        "_filter",
        "_list",
        "subject:Patient.name",
        "encounter.patient",
        "performer:Practitioner.name",
        "_method",
        "_elements",
    ]);
    let modifier =
        select(vec!["", "", "", "", ":Patient", ":identifier", ":missing", ":not", ":Group", ".name"]);
    let value = prop_oneof![
        id(),
        reference(),
        select(vec![
            "1".to_owned(),
            "true".to_owned(),
            "Observation:patient".to_owned(),
            "Observation:encounter".to_owned(),
            "*".to_owned(),
            format!("patient eq {FOREIGN}"),
        ])
    ];
    (base, modifier, value).prop_map(|(base, modifier, value)| (format!("{base}{modifier}"), value))
}

fn query() -> impl Strategy<Value = String> {
    (prop::collection::vec(parameter(), 0..4), any::<bool>()).prop_map(|(parameters, twice)| {
        let written = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&parameters).finish();
        if twice { written.replace("%2F", "%252F") } else { written }
    })
}

fn path() -> impl Strategy<Value = String> {
    let of = select(vec![
        "Patient",
        "Observation",
        "Claim",
        "Coverage",
        "Encounter",
        "Practitioner",
        "Group",
        "AdverseEvent",
    ]);
    let tail = select(vec![
        "",
        "",
        "/_search",
        "/$everything",
        "/_history",
        "/Observation",
        "/Condition/_search",
        "/../",
    ]);
    let of_id =
        prop_oneof![Just(String::new()), Just("/123".to_owned()), id().prop_map(|id| format!("/{id}"))];
    prop_oneof![1 => Just("/".to_owned()), 8 => (of, of_id, tail).prop_map(|(of, id, tail)| format!("/{of}{id}{tail}"))]
}

fn resource() -> impl Strategy<Value = Value> {
    let of = select(vec![
        "Observation",
        "Claim",
        "Patient",
        "Appointment",
        "Practitioner",
        "Parameters",
        "Coverage",
    ]);
    let element = select(vec!["subject", "patient", "beneficiary", "Subject", "focus", "performer"]);
    let named = (element, reference(), any::<bool>()).prop_map(|(element, reference, many)| {
        let one = json!({ "reference": reference });
        (element.to_owned(), if many { json!([one]) } else { one })
    });
    let inside = (select(vec!["extension", "participant", "contained", "entry"]), reference(), of.clone())
        .prop_map(|(name, reference, of)| {
            (name.to_owned(), json!([{ "resourceType": of, "actor": { "reference": reference } }]))
        });
    (of, prop::collection::vec(named, 0..3), prop::option::of(inside), prop::option::of(id())).prop_map(
        |(of, named, inside, id)| {
            let mut members = serde_json::Map::from_iter([("resourceType".to_owned(), json!(of))]);
            members.extend(id.map(|id| ("id".to_owned(), json!(id))));
            members.extend(named);
            members.extend(inside);
            Value::Object(members)
        },
    )
}

fn body() -> impl Strategy<Value = String> {
    let entry = (
        prop::option::of(resource()),
        select(vec!["GET", "POST", "PUT", "DELETE"]),
        path(),
        query(),
        reference(),
    )
        .prop_map(|(resource, method, path, query, full_url)| {
            let url =
                format!("{}{}{query}", path.trim_start_matches('/'), if query.is_empty() { "" } else { "?" });
            let mut entry = json!({ "fullUrl": full_url, "request": { "method": method, "url": url } });
            if let Some(resource) = resource {
                entry["resource"] = resource;
            }
            entry
        });
    let bundle = prop::collection::vec(entry, 1..4)
        .prop_map(|entries| json!({ "resourceType": "Bundle", "type": "transaction", "entry": entries }));
    let operation = (
        select(vec![
            "/subject",
            "/subject/reference",
            "/performer/0",
            "/performer/0/reference",
            "/valueString",
            "/id",
        ]),
        prop_oneof![
            reference().prop_map(Value::String),
            reference().prop_map(|it| json!({ "reference": it }))
        ],
    );
    let patch = prop::collection::vec(operation, 1..3).prop_map(|operations| {
        operations
            .into_iter()
            .map(|(path, value)| json!({ "op": "add", "path": path, "value": value }))
            .collect()
    });
    prop_oneof![
        4 => resource().prop_map(|it| it.to_string()),
        2 => bundle.prop_map(|it| it.to_string()),
        1 => patch.prop_map(|it: Value| it.to_string()),
        2 => query(),
        3 => Just(String::new()),
    ]
}

#[derive(Clone, Debug)]
struct Asked {
    method: &'static str,
    path: String,
    query: Option<String>,
    if_none_exist: Option<String>,
    media: Option<&'static str>,
    body: String,
}

fn asked() -> impl Strategy<Value = Asked> {
    let method = select(vec!["GET", "GET", "POST", "POST", "PUT", "PATCH", "DELETE", "HEAD"]);
    let media = select(vec![
        Some("application/fhir+json"),
        Some("application/fhir+json"),
        Some("application/x-www-form-urlencoded"),
        Some("application/json-patch+json"),
        None,
    ]);
    (method, path(), prop::option::of(query()), prop::option::weighted(0.1, query()), media, body()).prop_map(
        |(method, path, query, if_none_exist, media, body)| Asked {
            method,
            path,
            query,
            if_none_exist,
            media,
            body,
        },
    )
}

fn bound(asked: &Asked) -> Option<FhirRequest> {
    let target = Target::parse(&asked.method.parse().expect("a method"), &asked.path, asked.media).ok()?;
    let body = (!asked.body.is_empty() && target.body().is_judged()).then(|| Bytes::from(asked.body.clone()));
    let said = Said { query: asked.query.as_deref(), if_none_exist: asked.if_none_exist.as_deref() };
    target.bind(said, body, PatientNames { here: HERE, there: THERE }).ok()
}

/// What a careless server may make of a text.
fn careless(text: &str) -> String {
    let decoded = url::form_urlencoded::parse(format!("x={}", text.replace('&', "%26")).as_bytes())
        .map(|(_, value)| value.into_owned())
        .collect::<String>();
    decoded.trim().to_ascii_lowercase()
}

/// Every patient whom a careless server finds in these texts: what follows `patient/`.
fn patients_in(text: &str) -> Vec<String> {
    let text = careless(&careless(text));
    let ends = |c: char| !c.is_ascii_alphanumeric();
    text.split("patient/")
        .skip(1)
        .map(|rest| rest.split(ends).next().unwrap_or_default().to_owned())
        .collect()
}

fn texts_of(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| texts_of(value, texts)),
        Value::Object(members) => members.values().for_each(|value| texts_of(value, texts)),
        _ => {}
    }
}

/// A search as a careless server reads it: whom it may find.
fn require_narrow(of: &str, query: &str) -> Result<(), TestCaseError> {
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let parameter = match of {
        "Patient" => "_id",
        "AdverseEvent" => "subject",
        "Practitioner" => return Ok(()),
        _ => "patient",
    };
    let mut found = 0;
    for (name, value) in &pairs {
        let name = name.to_ascii_lowercase();
        let plain = name.trim_end_matches("[]").split(':').next().unwrap_or_default();
        if plain == parameter {
            let id = value.strip_prefix("Patient/").unwrap_or(value);
            prop_assert_eq!(id, THERE, "{} {}", of, query);
            found += 1;
        }
    }
    prop_assert!(found > 0, "a search of {of} that is not narrowed: {query}");
    Ok(())
}

fn require_own(asked: &Asked, bound: &FhirRequest) -> Result<(), TestCaseError> {
    let (path, query) = bound.path_and_query.split_once('?').unwrap_or((&bound.path_and_query, ""));
    let body = bound.body.as_ref().map(|body| String::from_utf8_lossy(body).into_owned()).unwrap_or_default();
    let mut texts = vec![path.to_owned(), bound.if_none_exist.clone().unwrap_or_default()];
    texts.extend(url::form_urlencoded::parse(query.as_bytes()).map(|(_, value)| value.into_owned()));
    match serde_json::from_str(&body) {
        Ok(json) => texts_of(&json, &mut texts),
        Err(_) => {
            texts.extend(url::form_urlencoded::parse(body.as_bytes()).map(|(_, value)| value.into_owned()))
        }
    }
    for text in &texts {
        for id in patients_in(text) {
            prop_assert_eq!(&id, THERE, "{} of {:?}", text, asked);
        }
    }
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let form = asked.media == Some("application/x-www-form-urlencoded") && path.ends_with("/_search");
    match (asked.method, segments.as_slice()) {
        ("POST", [of, "_search"]) | ("POST", [_, _, of, "_search"]) if form => require_narrow(of, &body)?,
        ("GET" | "HEAD" | "PUT" | "PATCH" | "DELETE", [of]) => require_narrow(of, query)?,
        ("GET" | "HEAD", [_, _, of]) if !of.starts_with(['$', '_']) => require_narrow(of, query)?,
        _ => {}
    }
    if let Some(condition) = &bound.if_none_exist {
        require_narrow(segments[0], condition)?;
    }
    Ok(())
}

#[test]
fn no_generated_request_reaches_a_foreign_patient() {
    let taken = std::cell::Cell::new(0);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 40_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let outcome = runner.run(&asked(), |asked| {
        let Some(bound) = bound(&asked) else { return Ok(()) };
        taken.set(taken.get() + 1);
        require_own(&asked, &bound)
    });
    assert!(outcome.is_ok(), "{outcome:?}");
    // Had nothing been taken, nothing would have been shown.
    assert!(taken.get() > 2_000, "only {} were taken", taken.get());
}
