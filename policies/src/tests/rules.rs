//! What must hold whatever the policies say, and what the shipped ones must never say.

use super::{ask, fhir, grid, shipped};
use crate::{
    Acr, Action, CardFacts, ClientKind, Interaction, Obligation, PolicySet, Purpose, RiskSignal, Verdict,
    set::testing::with_policy,
};

fn codes(decision: &crate::AccessDecision) -> Vec<&str> {
    decision.reasons().iter().map(|reason| reason.code.as_str()).collect()
}

#[test]
fn a_pharmacy_never_sees_the_dossier_and_is_told_why() {
    let action = fhir("dossier", "AllergyIntolerance", Interaction::Read);
    let decision = shipped().decide(&ask(ClientKind::Pharmacy, action, Purpose::Treatment, Acr::Holder));
    assert_eq!(decision.verdict(), Verdict::Deny);
    assert_eq!(codes(&decision), ["pharmacy-no-dossier"]);
    assert!(decision.obligations().is_empty());
}

#[test]
fn a_search_is_narrowed_and_an_act_gets_a_receipt() {
    let set = shipped();
    let pharmacy = |action| set.decide(&ask(ClientKind::Pharmacy, action, Purpose::Treatment, Acr::Card));
    let search = pharmacy(fhir("prescription", "MedicationRequest", Interaction::Search));
    assert_eq!(search.obligations(), [Obligation::NarrowToPatient, Obligation::HideLabelled]);
    let dispense = pharmacy(fhir("prescription", "MedicationDispense", Interaction::Create));
    assert_eq!(dispense.obligations(), [Obligation::IssueReceipt, Obligation::HideLabelled]);
    let session = pharmacy(Action::OpenSession(CardFacts::FRESH));
    assert!(session.is_permit() && session.obliges(Obligation::IssueReceipt));
    assert_eq!(session.policy_hash(), set.hash());
}

#[test]
fn a_reported_card_stops_the_session_and_every_access() {
    let set = shipped();
    for mut request in grid() {
        request.facts.risk.signals = vec![RiskSignal::CardReported];
        let decision = set.decide(&request);
        assert!(!decision.is_permit(), "{request:?}");
        assert!(codes(&decision).contains(&"card-reported"), "{request:?}");
    }
}

#[test]
fn back_ends_and_auditors_get_nothing() {
    let set = shipped();
    let machines = [ClientKind::BackEnd, ClientKind::Auditor];
    for request in grid().filter(|request| machines.contains(&request.client.kind)) {
        assert!(codes(&set.decide(&request)).contains(&"not-a-counter"), "{request:?}");
    }
}

#[test]
fn what_the_schema_does_not_know_is_denied_by_default() {
    let set = shipped();
    let unknown = [
        fhir("dossier", "Person", Interaction::Read),
        fhir("imaging", "Patient", Interaction::Read),
        fhir("", "", Interaction::Search),
        fhir("billing", "Claim\" || true || \"", Interaction::Read),
    ];
    for action in unknown {
        let decision = set.decide(&ask(ClientKind::Hospital, action, Purpose::Treatment, Acr::Holder));
        assert_eq!(codes(&decision), ["no-rule-permits"]);
        assert!(decision.errors().is_empty());
    }
}

#[test]
fn a_policy_that_fails_denies_and_is_named() {
    // Well-typed, so validation lets it pass: only the sum is too large, and only at run time.
    let condition = "when { context.acr + 9223372036854775807 > 0 };";
    for effect in ["permit", "forbid"] {
        let set = with_policy("overflows", &format!("{effect} (principal, action, resource) {condition}"));
        let request =
            ask(ClientKind::Pharmacy, Action::OpenSession(CardFacts::FRESH), Purpose::Treatment, Acr::Card);
        assert!(shipped().decide(&request).is_permit());
        let decision = set.decide(&request);
        assert_eq!((decision.verdict(), codes(&decision)), (Verdict::Deny, vec!["cannot-decide"]));
        assert_eq!(decision.errors(), ["overflows"]);
    }
}

#[test]
fn one_more_forbid_never_permits_more() {
    let scopes = [
        "(principal, action, resource)",
        "(principal is Bawaba::Hospital, action, resource)",
        "(principal, action == Bawaba::Action::\"create\", resource)",
        "(principal, action in Bawaba::Action::\"fhir\", resource == Bawaba::Service::\"billing\")",
    ];
    let conditions = ["", "when { context.acr < 2 }", "unless { context.dependant }"];
    let before = shipped();
    for scope in scopes {
        for condition in conditions {
            let after = with_policy("one-more", &format!("forbid {scope} {condition};"));
            for request in grid() {
                let permitted = after.decide(&request).is_permit();
                assert!(!permitted || before.decide(&request).is_permit(), "{scope} {condition} {request:?}");
            }
        }
    }
}

#[test]
fn the_same_question_always_gets_the_same_answer() {
    let (one, other) = (shipped(), PolicySet::shipped().unwrap());
    assert_eq!(one.hash(), other.hash());
    for request in grid() {
        let (first, again, elsewhere) = (one.decide(&request), one.decide(&request), other.decide(&request));
        assert_eq!(format!("{first:?}"), format!("{again:?}"));
        assert_eq!(format!("{first:?}"), format!("{elsewhere:?}"));
        assert!(!first.reasons().is_empty());
    }
}

#[test]
fn the_order_of_signals_means_nothing() {
    let set = shipped();
    let mut request =
        ask(ClientKind::Clinic, Action::OpenSession(CardFacts::FRESH), Purpose::Treatment, Acr::Card);
    request.facts.risk.signals =
        vec![RiskSignal::CardReported, RiskSignal::CloneSuspected, RiskSignal::CardReported];
    let one = codes(&set.decide(&request)).join(" ");
    request.facts.risk.signals.reverse();
    assert_eq!(one, codes(&set.decide(&request)).join(" "));
    assert_eq!(one, "card-reported");
}
