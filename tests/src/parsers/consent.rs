//! What a patient says, as a counter brings it: FHIR R4 Consent.

use std::sync::Arc;

use gateway::consent::fhir::{Expected, read};
use gateway::consent::{Asker, Consent, Provision, Rules};
use policies::{ClientKind, Purpose, Stance};
use time::macros::datetime;
use uuid::Uuid;

/// Consents of every form that is understood.
pub const CONSENT_SEEDS: [&str; 3] = [
    r#"{"resourceType":"Consent","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},"category":[{}],"policyRule":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"OPTOUT"}]},"provision":{"type":"permit","actor":[{"reference":{"reference":"Organization/hospital-1"}}],"period":{"start":"2026","end":"2027-05-01T10:00:00Z"}}}"#,
    r#"{"resourceType":"Consent","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},"category":[{}],"patient":{"reference":"Patient/p1"},"dateTime":"2026-05-04","performer":[{"reference":"Patient/p1"}],"provision":{"type":"deny","securityLabel":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"R"}],"provision":[{"type":"permit","purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"TREAT"}],"class":[{"system":"http://hl7.org/fhir/resource-types","code":"Observation"}]}]}}"#,
    r#"{"resourceType":"Consent","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},"category":[{}],"provision":{"type":"deny","actor":[{"role":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ParticipationType","code":"IRCP"}]},"reference":{"identifier":{"system":"https://bawaba.example/fhir/sid/practitioner-role","value":"INPE-1@hospital-1"}}}]}}"#,
];

/// A consent that is taken is stored as it was meant, and what it denies it hides.
pub fn consent(bytes: &[u8]) {
    let at = datetime!(2026-05-04 10:00 UTC);
    let expected =
        Expected { patient: &["p1"], guardian: None, establishment: "pharmacy-1", present_since: at, at };
    let Ok(root) = read(bytes, expected) else { return };
    let stored = serde_json::to_string(&root).expect("JSON");
    let again: Provision = serde_json::from_str(&stored).expect("what was written");
    assert_eq!(again, root);
    let consent = Consent { id: Uuid::nil(), given_at: at, holder: false, guardian: None, root };
    let asker = Asker { establishment: "hospital-1", kind: ClientKind::Hospital };
    let rules = Arc::new(Rules::compile(&[consent], asker, false, at));
    for purpose in Purpose::ALL {
        let facts = rules.facts("Observation", *purpose, Some("INPE-1"));
        if facts.stance == Stance::Denies && *purpose != Purpose::BreakGlass {
            let hidden = rules.hidden(*purpose, Some("INPE-1")).expect("what is denied is hidden");
            assert!(hidden.hides("Observation", []));
        }
    }
}
