//! Does an explanation name what mattered, and is every way out really one?

use std::time::Duration;

use super::{ask, fhir, grid, shipped};
use crate::set::testing::with_policy;
use crate::{
    AccessRequest, Acr, Action, CardFacts, ClientKind, Difference, Explanation, Interaction, ListFreshness,
    PolicySet, Purpose, RiskFacts,
};

fn needed(explanation: &Explanation) -> Vec<String> {
    let one = |Difference { fact, was, needed }: &Difference| format!("{fact}: {was} -> {needed}");
    let together = |ways: &Vec<Difference>| ways.iter().map(one).collect::<Vec<_>>().join(" and ");
    explanation.otherwise.iter().map(together).collect()
}

fn whole_record(kind: ClientKind, acr: Acr) -> AccessRequest {
    ask(kind, fhir("dossier", "Patient", Interaction::Operation), Purpose::Treatment, acr)
}

/// As the shipped set, whatever its themes will say: what is looked for is in the draft.
fn drafted() -> PolicySet {
    with_policy(
        "late-and-risky",
        "forbid (principal is Bawaba::MobileUnit, action == Bawaba::Action::\"open-session\", resource)
        when { context.risk.score >= 40 && context.hotList.age > 72 };",
    )
}

#[test]
fn who_lacks_the_pin_is_told_that_the_pin_would_have_done() {
    let explanation = shipped().explain(&whole_record(ClientKind::Clinic, Acr::Card), None);
    assert!(!explanation.decision.is_permit());
    let because =
        explanation.because.iter().find(|because| because.reason.code == "holder-required").unwrap();
    assert!(because.facts.contains(&("acr".to_owned(), "1".to_owned())), "{:?}", because.facts);
    assert!(needed(&explanation).contains(&"acr: 1 -> 2".to_owned()), "{:?}", needed(&explanation));
}

#[test]
fn where_the_place_is_wrong_no_fact_helps_but_another_place_would() {
    let explanation = shipped().explain(&whole_record(ClientKind::Pharmacy, Acr::Holder), None);
    let needed = needed(&explanation);
    assert!(needed.contains(&"client: pharmacy -> clinic".to_owned()), "{needed:?}");
    assert!(needed.iter().all(|way| way.contains("client")), "{needed:?}");
}

#[test]
fn two_facts_that_only_matter_together_are_found_each_alone() {
    let late = ListFreshness::Known { age_hours: 80, overdue_hours: 0 };
    let action = Action::OpenSession(CardFacts { hot_list: late, ..CardFacts::FRESH });
    let mut request = ask(ClientKind::MobileUnit, action, Purpose::Treatment, Acr::Card);
    request.facts.risk = RiskFacts { score: 41, ..RiskFacts::default() };
    let set = drafted();
    assert!(!set.decide(&request).is_permit());
    let needed = needed(&set.explain(&request, None));
    for way in ["hotList.age: 80 -> 72", "risk.score: 41 -> 39"] {
        assert!(needed.contains(&way.to_owned()), "{way}: {needed:?}");
    }
}

#[test]
fn a_proof_that_is_too_old_is_what_it_is() {
    let request = whole_record(ClientKind::Clinic, Acr::Holder);
    let explanation = shipped().explain(&request, Some(Duration::from_secs(400)));
    assert!(explanation.decision.is_permit());
    assert_eq!(needed(&explanation), ["proof: 400 s ago -> at most 300 s ago"]);
    let fresh = shipped().explain(&request, Some(Duration::from_secs(10)));
    assert!(needed(&fresh).contains(&"acr: 2 -> 1".to_owned()), "a yes has its ways to a no");
}

#[test]
fn every_refusal_of_the_grid_says_who_refused_and_what_would_have_done() {
    let set = shipped();
    // One in nineteen: every kind, action, purpose and proof comes by.
    for request in grid().step_by(19) {
        let explanation = set.explain(&request, Some(Duration::ZERO));
        let ruled = explanation.because.iter().any(|because| because.reason.policy != "default");
        assert!(ruled || !explanation.decision.is_permit(), "{request:?}");
        for ways in &explanation.otherwise {
            assert!(!ways.is_empty() && ways.len() <= 3, "{request:?}");
            assert!(ways.iter().all(|way| way.was != way.needed), "{request:?} {ways:?}");
        }
    }
}
