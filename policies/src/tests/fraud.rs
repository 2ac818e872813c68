//! What follows from what looks wrong: nothing, the PIN, a wait, a refusal; never for who is brought in as an emergency.

use std::sync::LazyLock;

use super::{ask, fhir, grid, shipped};
use crate::{
    AccessDecision, AccessRequest, Acr, Action, CardFacts, ClientKind, Interaction, PolicySet, Purpose,
    RiskFacts, RiskSignal,
};

/// Read once: the grid asks thousands of questions.
static SET: LazyLock<PolicySet> = LazyLock::new(shipped);

/// So much looks wrong, where holders can be asked for their PIN.
fn risk(score: u8) -> RiskFacts {
    RiskFacts { score, signals: vec![RiskSignal::TwoPlaces], pin: true, ..RiskFacts::default() }
}

fn quarantined(pin: bool) -> RiskFacts {
    RiskFacts { quarantined: true, pin, ..RiskFacts::default() }
}

fn with(risk: &RiskFacts, request: &AccessRequest) -> AccessDecision {
    let mut request = request.clone();
    request.facts.risk = risk.clone();
    SET.decide(&request)
}

fn codes(decision: &AccessDecision) -> Vec<&str> {
    decision.reasons().iter().map(|reason| reason.code.as_str()).collect()
}

fn prescriptions(purpose: Purpose, acr: Acr) -> AccessRequest {
    let read = fhir("prescription", "MedicationRequest", Interaction::Search);
    ask(ClientKind::Clinic, read, purpose, acr)
}

fn claim(acr: Acr) -> AccessRequest {
    ask(ClientKind::Pharmacy, fhir("billing", "Claim", Interaction::Create), Purpose::Treatment, acr)
}

#[test]
fn from_forty_on_and_in_quarantine_the_pin_is_asked_for_and_is_enough() {
    for (risk, permits) in
        [(risk(39), true), (risk(40), false), (risk(100), false), (quarantined(true), false)]
    {
        let by_card = with(&risk, &prescriptions(Purpose::Treatment, Acr::Card));
        assert_eq!(by_card.is_permit(), permits, "{risk:?}");
        assert!(permits || codes(&by_card) == ["holder-required"], "no oracle: {:?}", codes(&by_card));
        assert!(with(&risk, &prescriptions(Purpose::Treatment, Acr::Holder)).is_permit(), "{risk:?}");
        assert!(with(&risk, &prescriptions(Purpose::EmergencyTreatment, Acr::Card)).is_permit(), "{risk:?}");
    }
}

#[test]
fn a_step_up_for_fraud_reads_like_any_other() {
    let whole = fhir("dossier", "Patient", Interaction::Operation);
    let ordinary = SET.decide(&ask(ClientKind::Clinic, whole, Purpose::Treatment, Acr::Card));
    let suspected = with(&quarantined(true), &prescriptions(Purpose::Treatment, Acr::Card));
    assert_eq!(codes(&ordinary), codes(&suspected));
}

#[test]
fn where_there_is_no_pin_care_goes_on_and_money_waits() {
    for risk in [RiskFacts { pin: false, ..risk(60) }, quarantined(false)] {
        assert!(with(&risk, &prescriptions(Purpose::Treatment, Acr::Card)).is_permit(), "{risk:?}");
        assert_eq!(codes(&with(&risk, &claim(Acr::Card))), ["held-for-review"], "{risk:?}");
    }
}

#[test]
fn from_seventy_on_a_claim_waits_whatever_the_pin_says() {
    assert!(with(&risk(69), &claim(Acr::Holder)).is_permit());
    assert_eq!(codes(&with(&risk(70), &claim(Acr::Holder))), ["held-for-review"]);
    let care = fhir("dossier", "Observation", Interaction::Create);
    let care = ask(ClientKind::Clinic, care, Purpose::Treatment, Acr::Holder);
    assert!(with(&risk(100), &care).is_permit(), "what was done for a patient is written down");
}

#[test]
fn from_ninety_on_no_session_opens_but_an_emergency() {
    let open = |purpose| ask(ClientKind::Hospital, Action::OpenSession(CardFacts::FRESH), purpose, Acr::Card);
    assert!(with(&risk(89), &open(Purpose::Treatment)).is_permit());
    assert!(with(&quarantined(true), &open(Purpose::Treatment)).is_permit(), "a session like any other");
    assert_eq!(codes(&with(&risk(90), &open(Purpose::Treatment))), ["risk-too-high"]);
    assert!(with(&risk(90), &open(Purpose::EmergencyTreatment)).is_permit());
}

#[test]
fn a_copy_or_a_lost_memory_changes_nothing_for_the_original() {
    let copied = RiskFacts::of(vec![RiskSignal::CloneSuspected]);
    let unknown = RiskFacts { unknown: true, pin: true, ..RiskFacts::default() };
    for request in grid() {
        let before = SET.decide(&request).is_permit();
        for risk in [&copied, &unknown] {
            assert_eq!(with(risk, &request).is_permit(), before, "{request:?}");
        }
    }
}
