//! Consents as patients give them, after the examples of IHE PCF Basic and Intermediate (purpose, named practitioner,
//! period, exceptions of exceptions, "no, except to break the glass") with the words of this country. Written by hand.

use policies::ClientKind;
use policies::Purpose::{self, BreakGlass, EmergencyTreatment, Payment, Treatment};
use policies::Stance::{self, Denies, Permits, Silent};
use serde_json::{Value, json};

const REASON: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
const TYPES: &str = "http://hl7.org/fhir/resource-types";
const CONFIDENTIALITY: &str = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
const KINDS: &str = "https://bawaba.example/fhir/CodeSystem/establishment-kind";
const ROLES: &str = "https://bawaba.example/fhir/sid/practitioner-role";

pub(super) const PURPOSES: [(&str, &str); 4] =
    [(REASON, "TREAT"), (REASON, "ETREAT"), (REASON, "HPAYMT"), (REASON, "HOPERAT")];
pub(super) const CLASSES: [(&str, &str); 2] = [(TYPES, "Observation"), (TYPES, "MedicationRequest")];

/// A reference by identifier.
pub(super) fn logical(system: &str, value: &str) -> Value {
    json!({ "identifier": { "system": system, "value": value } })
}

fn who(reference: Value) -> Value {
    let role = json!({ "coding": [{
        "system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP" }] });
    json!([{ "role": role, "reference": reference }])
}

fn named(reference: &str) -> Value {
    who(json!({ "reference": reference }))
}

fn coded(system: &str, codes: &[&str]) -> Value {
    codes.iter().map(|code| json!({ "system": system, "code": code })).collect()
}

/// Each by a name of its own.
pub(super) fn consents() -> Vec<(&'static str, Value)> {
    vec![
        ("all", json!({ "type": "permit" })),
        ("none", json!({ "type": "deny" })),
        (
            "all for care and its payment",
            json!({
            "type": "permit", "purpose": coded(REASON, &["TREAT", "HPAYMT", "HOPERAT"]) }),
        ),
        (
            "all until june",
            json!({ "type": "permit", "period": { "start": "2026-01", "end": "2026-06-30" } }),
        ),
        ("none from june", json!({ "type": "deny", "period": { "start": "2026-06" } })),
        ("not hospital-1", json!({ "type": "deny", "actor": named("Organization/hospital-1") })),
        ("hospital-1", json!({ "type": "permit", "actor": named("Organization/hospital-1") })),
        ("no pharmacy", json!({ "type": "deny", "actor": who(logical(KINDS, "pharmacy")) })),
        ("pharmacies", json!({ "type": "permit", "actor": who(logical(KINDS, "pharmacy")) })),
        ("not INPE-1", json!({ "type": "deny", "actor": named("Practitioner/INPE-1") })),
        (
            "not INPE-1 at hospital-1",
            json!({
            "type": "deny", "actor": who(logical(ROLES, "INPE-1@hospital-1")) }),
        ),
        (
            "INPE-1 at hospital-1",
            json!({
            "type": "permit", "actor": who(logical(ROLES, "INPE-1@hospital-1")) }),
        ),
        ("no documents", json!({ "type": "deny", "class": coded(TYPES, &["DocumentReference"]) })),
        ("prescriptions", json!({ "type": "permit", "class": coded(TYPES, &["MedicationRequest"]) })),
        ("nothing restricted", json!({ "type": "deny", "securityLabel": coded(CONFIDENTIALITY, &["R"]) })),
        (
            "nothing restricted but to INPE-1",
            json!({
            "type": "deny", "securityLabel": coded(CONFIDENTIALITY, &["R"]),
            "provision": [{ "type": "permit", "actor": named("Practitioner/INPE-1"),
                "provision": [{ "type": "deny", "securityLabel": coded(CONFIDENTIALITY, &["V"]) }] }] }),
        ),
        (
            "none but to break the glass",
            json!({
            "type": "deny", "provision": [{ "type": "permit", "purpose": coded(REASON, &["BTG"]) }] }),
        ),
        (
            "none but emergencies",
            json!({
            "type": "deny", "provision": [{ "type": "permit", "purpose": coded(REASON, &["ETREAT", "BTG"]) }] }),
        ),
        (
            "all but hospital-1, but its INPE-1",
            json!({
            "type": "permit", "provision": [{ "type": "deny", "actor": named("Organization/hospital-1"),
                "provision": [{ "type": "permit", "actor": who(logical(ROLES, "INPE-1@hospital-1")) }] }] }),
        ),
        (
            "two exceptions that differ",
            json!({
            "type": "permit", "provision": [
                { "type": "deny", "class": coded(TYPES, &["Observation"]) },
                { "type": "permit", "actor": named("Organization/hospital-1") }] }),
        ),
    ]
}

type Expectation = (&'static [&'static str], (&'static str, ClientKind), &'static str, Purpose, Stance);

/// Said in this order, what is the patient's stance? Written down before it was run.
pub(super) fn expectations() -> Vec<Expectation> {
    let hospital = ("hospital-1", ClientKind::Hospital);
    let pharmacy = ("pharmacy-1", ClientKind::Pharmacy);
    let seen = "Observation";
    vec![
        (&[], hospital, seen, Treatment, Silent),
        (&["none"], hospital, seen, Treatment, Denies),
        (&["none"], hospital, "Medication", Treatment, Silent),
        (&["all for care and its payment"], hospital, seen, EmergencyTreatment, Silent),
        (&["all for care and its payment"], hospital, seen, Payment, Permits),
        // Who closed the record to all lets one in; who closes it afterwards closes it to that one too.
        (&["none", "hospital-1"], hospital, seen, Treatment, Permits),
        (&["hospital-1", "none"], hospital, seen, Treatment, Denies),
        (&["none", "hospital-1"], pharmacy, seen, Treatment, Denies),
        (&["none", "pharmacies"], pharmacy, seen, Treatment, Permits),
        // To open to all again, the refusal is withdrawn.
        (&["none", "all"], hospital, seen, Treatment, Denies),
        // An exclusion by name holds, whatever comes later.
        (&["not hospital-1", "all"], hospital, seen, Treatment, Denies),
        (&["not hospital-1", "hospital-1"], hospital, seen, Treatment, Denies),
        (&["no pharmacy", "pharmacies"], pharmacy, seen, Treatment, Denies),
        // What is closed stays closed when everything else is opened.
        (&["no documents", "all"], hospital, "DocumentReference", Treatment, Denies),
        (&["no documents", "all"], hospital, seen, Treatment, Permits),
        (&["no documents", "hospital-1"], hospital, "DocumentReference", Treatment, Permits),
        (&["none", "prescriptions"], pharmacy, "MedicationRequest", Treatment, Denies),
        (&["none but to break the glass"], hospital, seen, BreakGlass, Permits),
        (&["none but to break the glass"], hospital, seen, EmergencyTreatment, Denies),
        (&["not INPE-1"], hospital, seen, Treatment, Silent),
        // Nobody knows who sits there: it may be the one who is excluded there.
        (&["not INPE-1 at hospital-1"], hospital, seen, Treatment, Denies),
        (&["not INPE-1 at hospital-1"], pharmacy, seen, Treatment, Silent),
        (&["INPE-1 at hospital-1"], hospital, seen, Treatment, Silent),
        (&["all but hospital-1, but its INPE-1"], hospital, seen, Treatment, Denies),
        (&["all but hospital-1, but its INPE-1"], pharmacy, seen, Treatment, Permits),
        (&["two exceptions that differ"], hospital, seen, Treatment, Denies),
        (&["nothing restricted"], hospital, seen, Treatment, Silent),
        (&["none from june"], hospital, seen, Treatment, Silent),
    ]
}
