//! Does the compiled form of consents decide as the FHIR resources themselves say?
//!
//! Beside the compiled rules stands an interpretation that is independent of them, slow and obvious: it walks the JSON of
//! the resources for every single question. Both must agree on a corpus and on consents that nobody thought of.

mod corpus;
mod obvious;

use gateway::consent::fhir::{Expected, read};
use gateway::consent::{Asker, Consent, Rules};
use policies::{ClientKind, ConsentFacts, Purpose, Stance};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::Arc;
use time::OffsetDateTime;
use time::macros::datetime;
use uuid::Uuid;

use obvious::{Answer, Asked};

const NOW: OffsetDateTime = datetime!(2026-05-04 10:00 UTC);
/// Now, and after each of the periods in the corpus.
const MOMENTS: [OffsetDateTime; 3] = [NOW, datetime!(2026-06-13 10:00 UTC), datetime!(2027-06-08 10:00 UTC)];
const CLASSES: [&str; 4] = ["Observation", "MedicationRequest", "DocumentReference", "Medication"];
const LABELS: [(&str, &str); 4] = [
    ("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "N"),
    ("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "R"),
    ("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "V"),
    ("http://terminology.hl7.org/CodeSystem/v3-ActCode", "HIV"),
];
const ASKERS: [(&str, ClientKind); 4] = [
    ("pharmacy-1", ClientKind::Pharmacy),
    ("pharmacy-2", ClientKind::Pharmacy),
    ("hospital-1", ClientKind::Hospital),
    ("cnss", ClientKind::Cnss),
];
const PRACTITIONERS: [Option<&str>; 3] = [None, Some("INPE-1"), Some("INPE-2")];

/// One consent of a patient: what came in as FHIR, when, and whether the PIN was given.
#[derive(Clone, Debug)]
struct Said {
    resource: Value,
    minutes: i64,
    pin: bool,
}

/// A whole consent around these rules.
fn resource(provision: &Value) -> Value {
    json!({
        "resourceType": "Consent",
        "status": "active",
        "scope": { "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy" }] },
        "category": [{ "coding": [{ "system": "http://loinc.org", "code": "59284-0" }] }],
        "patient": { "reference": "Patient/p1" },
        "provision": provision,
    })
}

/// What is taken of them; what is refused stands for nothing.
fn taken(said: &[Said]) -> Vec<(Consent, &Said)> {
    let expected = Expected {
        patient: &["p1"],
        guardian: None,
        establishment: "pharmacy-1",
        present_since: NOW,
        at: NOW,
    };
    let consent = |(place, said): (usize, &Said)| Consent {
        id: Uuid::from_u128(place as u128),
        given_at: NOW + time::Duration::minutes(said.minutes),
        holder: said.pin,
        guardian: None,
        root: read(said.resource.to_string().as_bytes(), expected).expect("taken"),
    };
    let is_taken = |said: &&Said| read(said.resource.to_string().as_bytes(), expected).is_ok();
    let taken: Vec<&Said> = said.iter().filter(is_taken).collect();
    taken.iter().enumerate().map(|said| (consent((said.0, said.1)), *said.1)).collect()
}

/// Every question that can be asked with these words at these moments by these askers, of both.
fn both_agree(said: &[Said], moments: &[OffsetDateTime], askers: &[(&str, ClientKind)]) {
    let (consents, said): (Vec<Consent>, Vec<&Said>) = taken(said).into_iter().unzip();
    let told: Vec<(&Value, i64, bool)> =
        said.iter().map(|said| (&said.resource, said.minutes, said.pin)).collect();
    for at in moments {
        for (establishment, kind) in askers {
            let asker = Asker { establishment, kind: *kind };
            let rules = Arc::new(Rules::compile(&consents, asker, false, *at));
            for (purpose, practitioner) in
                Purpose::ALL.iter().flat_map(|one| PRACTITIONERS.map(|who| (one, who)))
            {
                let asked = Asked {
                    establishment,
                    kind: kind.as_str(),
                    practitioner,
                    purpose: purpose.as_str(),
                    resource_type: "",
                    labels: &[],
                    at: *at,
                };
                agree_on(&rules, &told, (*purpose, practitioner), asked);
            }
        }
    }
}

fn agree_on(
    rules: &Arc<Rules>,
    told: &[(&Value, i64, bool)],
    (purpose, practitioner): (Purpose, Option<&str>),
    asked: Asked<'_>,
) {
    let hidden = rules.hidden(purpose, practitioner);
    let mut any_hidden = false;
    for class in CLASSES {
        let stance = match obvious::decide(told, &Asked { resource_type: class, ..asked }) {
            Answer::Silent => Stance::Silent,
            Answer::Permits => Stance::Permits,
            Answer::Denies => Stance::Denies,
        };
        let facts: ConsentFacts = rules.facts(class, purpose, practitioner);
        assert_eq!(facts.stance, stance, "{class} {asked:?} {told:#?}");
        assert_eq!(facts.hides, hidden.is_some());
        for chosen in 0..1_usize << LABELS.len() {
            let carried = |place: &usize| chosen >> place & 1 == 1;
            let labels: Vec<_> = (0..LABELS.len()).filter(carried).map(|place| LABELS[place]).collect();
            let asked = Asked { resource_type: class, labels: &labels, ..asked };
            let obvious = obvious::hides(told, &asked);
            any_hidden |= obvious;
            let compiled = hidden.as_ref().is_some_and(|hidden| hidden.hides(class, labels.iter().copied()));
            assert_eq!(compiled, obvious, "{asked:?} {told:#?}");
        }
    }
    assert_eq!(hidden.is_some(), any_hidden, "{asked:?} {told:#?}");
}

#[test]
fn the_corpus_means_compiled_what_it_means_read_aloud() {
    let corpus = corpus::consents();
    for (name, provision) in &corpus {
        let said = [Said { resource: resource(provision), minutes: 0, pin: false }];
        assert_eq!(taken(&said).len(), 1, "{name} is taken");
        both_agree(&said, &MOMENTS, &ASKERS);
    }
    // Every two of them, either one first.
    for (_, one) in &corpus {
        for (_, other) in &corpus {
            let said =
                |provision, minutes| Said { resource: resource(provision), minutes, pin: minutes == 1 };
            both_agree(&[said(one, 1), said(other, 2)], &MOMENTS[..1], &ASKERS[1..3]);
        }
    }
}

#[test]
fn the_corpus_decides_what_a_patient_would_expect() {
    for (said, (establishment, kind), class, purpose, stance) in corpus::expectations() {
        let told: Vec<Said> = said
            .iter()
            .enumerate()
            .map(|(minutes, name)| {
                let (_, provision) =
                    corpus::consents().into_iter().find(|(known, _)| known == name).expect("known");
                Said { resource: resource(&provision), minutes: minutes as i64, pin: false }
            })
            .collect();
        let consents: Vec<Consent> = taken(&told).into_iter().map(|(consent, _)| consent).collect();
        let rules = Rules::compile(&consents, Asker { establishment, kind }, false, NOW);
        assert_eq!(
            rules.facts(class, purpose, None).stance,
            stance,
            "{said:?} {establishment} {class} {purpose}"
        );
    }
}

#[test]
fn who_breaks_the_glass_passes_a_refusal_but_not_a_label() {
    let restricted = ("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "R");
    for (name, purpose, all, labelled) in [
        ("none", Purpose::BreakGlass, false, false),
        ("none", Purpose::EmergencyTreatment, true, true),
        ("nothing restricted", Purpose::BreakGlass, false, true),
        ("nothing restricted", Purpose::Treatment, false, true),
    ] {
        let (_, provision) = corpus::consents().into_iter().find(|(known, _)| *known == name).expect("known");
        let said = [Said { resource: resource(&provision), minutes: 0, pin: false }];
        let consents: Vec<Consent> = taken(&said).into_iter().map(|(consent, _)| consent).collect();
        let asker = Asker { establishment: "hospital-1", kind: ClientKind::Hospital };
        let rules = Arc::new(Rules::compile(&consents, asker, false, NOW));
        let hidden = rules.hidden(purpose, None);
        let hides = |security: &[(&str, &str)]| {
            hidden.as_ref().is_some_and(|hidden| hidden.hides("Observation", security.iter().copied()))
        };
        assert_eq!((hides(&[]), hides(&[restricted])), (all, labelled), "{name} {purpose}");
    }
}

/// Rules that nobody thought of: few words, so that they meet often.
fn provision(depth: u32) -> BoxedStrategy<Value> {
    let actor = prop_oneof![
        Just(json!({ "reference": "Organization/pharmacy-1" })),
        Just(json!({ "reference": "Organization/hospital-1" })),
        Just(json!({ "reference": "Practitioner/INPE-1" })),
        Just(corpus::logical("https://bawaba.example/fhir/CodeSystem/establishment-kind", "pharmacy")),
        Just(corpus::logical("https://bawaba.example/fhir/sid/practitioner-role", "INPE-1@hospital-1")),
    ];
    let some = |words: &'static [(&'static str, &'static str)]| {
        let coding = move |place: prop::sample::Index| {
            let (system, code) = words[place.index(words.len())];
            json!({ "system": system, "code": code })
        };
        prop::collection::vec(any::<prop::sample::Index>().prop_map(coding), 0..3)
    };
    let period = prop_oneof![
        4 => Just(Value::Null),
        1 => Just(json!({ "end": "2026-06-01" })),
        1 => Just(json!({ "start": "2026-06-01T00:00:00Z", "end": "2027-05" })),
        1 => Just(json!({ "start": "2026" })),
    ];
    let below = if depth == 0 {
        Just(Vec::new()).boxed()
    } else {
        prop::collection::vec(provision(depth - 1), 0..3).boxed()
    };
    let words = (
        prop::collection::vec(actor, 0..3),
        some(&corpus::PURPOSES),
        some(&corpus::CLASSES),
        prop_oneof![3 => Just(Vec::new()).boxed(), 1 => some(&LABELS).boxed()],
    );
    (any::<bool>(), words, period, below).prop_map(rule).boxed()
}

type Words = (Vec<Value>, Vec<Value>, Vec<Value>, Vec<Value>);

fn rule((permit, words, period, below): (bool, Words, Value, Vec<Value>)) -> Value {
    let (actors, purposes, classes, labels) = words;
    let actors: Vec<Value> = actors.into_iter().map(|reference| json!({ "reference": reference })).collect();
    // A permit by label alone is refused.
    let labels = if permit { Vec::new() } else { labels };
    let mut rule = json!({ "type": if permit { "permit" } else { "deny" } });
    let lists = [
        ("actor", actors),
        ("purpose", purposes),
        ("class", classes),
        ("securityLabel", labels),
        ("provision", below),
    ];
    for (name, list) in lists {
        if !list.is_empty() {
            rule[name] = list.into();
        }
    }
    if !period.is_null() {
        rule["period"] = period;
    }
    rule
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn consents_that_nobody_thought_of_mean_the_same(
        provisions in prop::collection::vec((provision(2), 0_i64..3, any::<bool>()), 1..4)
    ) {
        let said: Vec<Said> = provisions
            .into_iter()
            .map(|(provision, minutes, pin)| Said { resource: resource(&provision), minutes, pin })
            .collect();
        both_agree(&said, &MOMENTS[..2], &ASKERS);
    }

    #[test]
    fn the_order_in_which_consents_are_read_means_nothing(
        provisions in prop::collection::vec((provision(1), 0_i64..3, any::<bool>()), 2..4)
    ) {
        let said: Vec<Said> = provisions
            .into_iter()
            .map(|(provision, minutes, pin)| Said { resource: resource(&provision), minutes, pin })
            .collect();
        let mut consents: Vec<Consent> = taken(&said).into_iter().map(|(consent, _)| consent).collect();
        let asker = Asker { establishment: "hospital-1", kind: ClientKind::Hospital };
        let facts = |consents: &[Consent]| {
            let rules = Rules::compile(consents, asker, false, NOW);
            let all = CLASSES.map(|class| (rules.facts(class, Purpose::Treatment, None), rules.id_for(class, Purpose::Treatment, None)));
            (all, rules.facts_of_everything(Purpose::Treatment, Some("INPE-1")))
        };
        let before = facts(&consents);
        consents.reverse();
        prop_assert_eq!(facts(&consents), before);
    }
}
