//! Requests that reach for somebody else, one way each, through the running gateway: refused by name, on record, and no
//! back-end hears of them.

use bawaba_tests::back_end::Manner;
use bawaba_tests::harness::{Harness, Opened};

/// One way to reach for somebody else. `MINE` and `OTHER` stand for the patients' names at the dossier.
struct Row {
    how: &'static str,
    line: &'static str,
    headers: &'static str,
    body: &'static str,
    answer: (u16, &'static str),
}

const fn get(how: &'static str, target: &'static str, answer: (u16, &'static str)) -> Row {
    Row { how, line: target, headers: "", body: "", answer }
}

const fn send(
    how: &'static str,
    line: &'static str,
    headers: &'static str,
    body: &'static str,
    answer: (u16, &'static str),
) -> Row {
    Row { how, line, headers, body, answer }
}

const MISMATCH: (u16, &str) = (403, "patient-mismatch");
const MALFORMED: (u16, &str) = (400, "malformed");
const NOT_TAKEN: (u16, &str) = (400, "interaction-not-taken");
const MEDIA: (u16, &str) = (415, "unsupported-media-type");
const JSON: &str = "Content-Type: application/fhir+json\r\n";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";
const PATCH: &str = "Content-Type: application/json-patch+json\r\n";
const SOUND: &str = r#"{"resourceType":"Observation","subject":{"reference":"Patient/MINE"}}"#;

fn rows() -> Vec<Row> {
    [paths(), searches(), heads(), bodies()].into_iter().flatten().collect()
}

fn paths() -> Vec<Row> {
    vec![
        get("another patient", "GET /Patient/OTHER", MISMATCH),
        get("another's compartment", "GET /Patient/OTHER/Observation", MISMATCH),
        get("another's history", "GET /Patient/OTHER/_history/1", MISMATCH),
        get("dot segments", "GET /Patient/MINE/../OTHER", MALFORMED),
        get("encoded dot segments", "GET /Patient/MINE/%2e%2e/OTHER", MALFORMED),
        get("half-encoded dot segments", "GET /Patient/MINE/.%2E/OTHER", MALFORMED),
        get("an encoded slash", "GET /Patient%2fOTHER", MALFORMED),
        get("an encoded letter", "GET /P%61tient/OTHER", MALFORMED),
        get("an encoded escape", "GET /Patient/%252e%252e/OTHER", MALFORMED),
        get("an empty segment", "GET /Patient//OTHER", MALFORMED),
        get("a path parameter", "GET /Patient/MINE;x=/OTHER", MALFORMED),
        get("everybody's history", "GET /Observation/_history", NOT_TAKEN),
        get("all of a compartment", "GET /Patient/MINE/*", NOT_TAKEN),
        get("GraphQL", "GET /Patient/MINE/$graphql?query=x", NOT_TAKEN),
        get("a merge", "GET /Patient/MINE/$merge", NOT_TAKEN),
        get("an export of a group", "GET /Group/1/$export", NOT_TAKEN),
        get("a standing query", "GET /Subscription/1", NOT_TAKEN),
    ]
}

fn searches() -> Vec<Row> {
    vec![
        get("two patients", "GET /Observation?patient=MINE&patient=OTHER", MISMATCH),
        get("two patients, the other first", "GET /Observation?patient=OTHER&patient=MINE", MISMATCH),
        get("two patients in one", "GET /Observation?patient=MINE,OTHER", MISMATCH),
        get("an encoded name", "GET /Observation?p%61tient=OTHER", MISMATCH),
        get("another case", "GET /Observation?Patient=OTHER&patient=MINE", MISMATCH),
        get("an array", "GET /Observation?patient[]=OTHER&patient=MINE", MALFORMED),
        get("an identifier", "GET /Observation?patient:identifier=x%7Cy", MISMATCH),
        get("another parameter", "GET /Observation?performer:Patient=OTHER", MISMATCH),
        get("a chain", "GET /Observation?subject:Patient.name=x", MISMATCH),
        get("a chain through another type", "GET /Observation?encounter.status=x", NOT_TAKEN),
        get("a reverse chain", "GET /Observation?_has:AuditEvent:entity:agent=x", NOT_TAKEN),
        get("all that is included", "GET /Observation?_include=*", NOT_TAKEN),
        get("what refers to a doctor", "GET /Practitioner?_revinclude=Encounter:practitioner", NOT_TAKEN),
        get("a filter", "GET /Observation?_filter=patient%20eq%20OTHER", NOT_TAKEN),
        get("a named query", "GET /Observation?_query=x", NOT_TAKEN),
        get("somebody's list", "GET /Observation?_list=1", NOT_TAKEN),
        send("another in a form", "POST /Observation/_search", FORM, "patient=MINE&patient=OTHER", MISMATCH),
        send(
            "a form and its query",
            "POST /Observation/_search?patient=OTHER",
            FORM,
            "patient=MINE",
            MISMATCH,
        ),
    ]
}

/// What says in a head what the line does not say.
fn heads() -> Vec<Row> {
    vec![
        send(
            "a method override",
            "POST /Observation",
            "X-HTTP-Method-Override: DELETE\r\n",
            SOUND,
            MALFORMED,
        ),
        send("an older override", "POST /Observation", "X-Method-Override: PUT\r\n", SOUND, MALFORMED),
        send("another URL", "GET /Observation", "X-Original-URL: /Patient/OTHER\r\n", "", MALFORMED),
        send("an override in the query", "POST /Observation?_method=DELETE", JSON, SOUND, MALFORMED),
        send(
            "another charset",
            "POST /Observation",
            "Content-Type: application/fhir+json; charset=utf-7\r\n",
            SOUND,
            MEDIA,
        ),
        send(
            "two media types",
            "POST /Observation",
            "Content-Type: application/fhir+json\r\nContent-Type: text/plain\r\n",
            SOUND,
            MALFORMED,
        ),
        send(
            "a compressed body",
            "POST /Observation",
            "Content-Type: application/fhir+json\r\nContent-Encoding: gzip\r\n",
            SOUND,
            MEDIA,
        ),
        send(
            "another in a condition",
            "POST /Observation",
            "Content-Type: application/fhir+json\r\nIf-None-Exist: patient=OTHER\r\n",
            SOUND,
            MISMATCH,
        ),
        send("a condition that chooses", "PUT /Observation?subject=OTHER", JSON, SOUND, MISMATCH),
    ]
}

fn bodies() -> Vec<Row> {
    vec![
        send(
            "a Bundle whose second entry is another patient",
            "POST /",
            JSON,
            r#"{"resourceType":"Bundle","type":"transaction","entry":[
                {"resource":{"resourceType":"Observation","subject":{"reference":"Patient/MINE"}},"request":{"method":"POST","url":"Observation"}},
                {"resource":{"resourceType":"Observation","subject":{"reference":"Patient/OTHER"}},"request":{"method":"POST","url":"Observation"}}]}"#,
            MISMATCH,
        ),
        send(
            "a Bundle that reads another patient",
            "POST /",
            JSON,
            r#"{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Patient/OTHER"}}]}"#,
            MISMATCH,
        ),
        send(
            "a Bundle that searches everybody",
            "POST /",
            JSON,
            r#"{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Observation"}}]}"#,
            MISMATCH,
        ),
        send(
            "a Bundle that leaves its base",
            "POST /",
            JSON,
            r#"{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Observation/../Patient/OTHER"}}]}"#,
            NOT_TAKEN,
        ),
        send(
            "a subject in two cases",
            "POST /Observation",
            JSON,
            r#"{"resourceType":"Observation","subject":{"reference":"Patient/MINE"},"Subject":{"reference":"Patient/OTHER"}}"#,
            MALFORMED,
        ),
        send(
            "a contained patient",
            "POST /Observation",
            JSON,
            r##"{"resourceType":"Observation","subject":{"reference":"#p"},"contained":[{"resourceType":"Patient","id":"p"}]}"##,
            MISMATCH,
        ),
        send(
            "a reference that a lenient server trims",
            "POST /Observation",
            JSON,
            r#"{"resourceType":"Observation","subject":{"reference":"Patient/MINE"},"performer":[{"reference":" Patient/OTHER"}]}"#,
            MISMATCH,
        ),
        send(
            "a patch of the subject",
            "PATCH /Observation/1",
            PATCH,
            r#"[{"op":"replace","path":"/subject/reference","value":"Patient/OTHER"}]"#,
            MISMATCH,
        ),
        send(
            "a patch of the labels",
            "PATCH /Observation/1",
            PATCH,
            r#"[{"op":"remove","path":"/meta/security/0"}]"#,
            NOT_TAKEN,
        ),
        send("a patch that is a resource", "PATCH /Observation/1", JSON, SOUND, MEDIA),
    ]
}

fn written(row: &Row, opened: &Opened, other: &str) -> String {
    let mine = opened.patient_at("dossier");
    let named = |text: &str| text.replace("MINE", &mine).replace("OTHER", other);
    let (method, target) = row.line.split_once(' ').expect("a method and a target");
    let (headers, body) = (named(row.headers), named(row.body));
    let target = named(target);
    format!(
        "{method} /dossier{target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        opened.token,
        body.len()
    )
}

#[tokio::test]
async fn whoever_reaches_for_another_patient_is_refused_by_name_and_no_back_end_hears_of_it() {
    let town = Harness::new().back_end("dossier", Manner::Answers).start().await;
    let hers = town.session("amina", "hospital-1").await;
    let other = town.session("youssef", "hospital-1").await.patient_at("dossier");
    for row in rows() {
        let before = town.event_count().await;
        let answer = town.wire("hospital-1").await.ask(&written(&row, &hers, &other)).await;
        let (status, code) = row.answer;
        assert_eq!(
            (answer.status, answer.code().as_deref()),
            (status, Some(code)),
            "{}: {answer:?}",
            row.how
        );
        let event = town.event_after(before, code).await;
        assert_eq!(
            (&event["outcome"], &event["client"]),
            (&"refused".into(), &"hospital-1".into()),
            "{}: {event}",
            row.how
        );
        assert!(town.heard("dossier").is_empty(), "{}: {:?}", row.how, town.heard("dossier"));
        assert!(!event.to_string().contains(&other), "{}: the event names the other patient", row.how);
    }
}

/// What can be bound is bound, and said in a way that no server takes for less.
#[tokio::test]
async fn what_can_be_bound_to_the_patient_reaches_the_back_end_so_bound() {
    let town = Harness::new().back_end("dossier", Manner::Answers).start().await;
    let hers = town.session("amina", "hospital-1").await;
    let mine = hers.patient_at("dossier");
    let rows = [
        ("GET /Observation?code=1", "", "", format!("GET /Observation?code=1&patient={mine} ")),
        ("GET /Patient/MINE/Condition", "", "", format!("GET /Patient/{mine}/Condition?patient={mine} ")),
        ("POST /Observation/_search", FORM, "code=1", format!("code=1&patient={mine}")),
        (
            "POST /Observation",
            "Content-Type: application/fhir+json\r\nIf-None-Exist: identifier=1\r\n",
            SOUND,
            format!("if-none-exist: identifier=1&patient={mine}\r\n"),
        ),
        (
            "PUT /Observation?identifier=1",
            JSON,
            SOUND,
            format!("PUT /Observation?identifier=1&patient={mine} "),
        ),
        (
            "PATCH /Observation/1",
            PATCH,
            r#"[{"op":"replace","path":"/valueQuantity/value","value":1.50}]"#,
            "\"value\":1.50".to_owned(),
        ),
        (
            "GET /Observation/1",
            "If-None-Match: W/\"3\"\r\nPrefer: respond-async\r\n",
            "",
            "if-none-match: W/\"3\"".to_owned(),
        ),
    ];
    for (line, headers, body, wanted) in rows {
        let row = Row { how: line, line, headers, body, answer: (200, "") };
        let answer = town.wire("hospital-1").await.ask(&written(&row, &hers, "")).await;
        assert_eq!(answer.status, 200, "{line}: {answer:?}");
        let heard = town.heard("dossier").pop().expect("a request");
        assert!(heard.contains(&wanted), "{line}: {heard}");
        assert!(!heard.contains("respond-async"), "{heard}");
        assert_eq!(heard.contains("prefer: handling=strict"), heard.contains("patient="), "{heard}");
    }
}
