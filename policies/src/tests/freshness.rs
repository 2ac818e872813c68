//! How old may a list be, and whose fault is it that it is older?

use std::time::Duration;

use super::{ask, shipped};
use crate::set::testing::{annotated, with_policy};
use crate::{
    AccessDecision, Acr, Action, CardFacts, ClientKind, ListFreshness, PolicySet, Purpose, RiskSignal,
};

fn opened(set: &PolicySet, revocation: ListFreshness, purpose: Purpose) -> AccessDecision {
    let action = Action::OpenSession(CardFacts { revocation, ..CardFacts::FRESH });
    set.decide(&ask(ClientKind::Hospital, action, purpose, Acr::Card))
}

#[test]
fn hours_begin_with_the_first_second_past_the_promise() {
    let overdue = |overdue| ListFreshness::known(Duration::from_secs(7_199), overdue);
    for (seconds, hours) in [(0, 0), (1, 1), (3_600, 1), (3_601, 2)] {
        let expected = ListFreshness::Known { age_hours: 1, overdue_hours: hours };
        assert_eq!(overdue(Duration::from_secs(seconds)), expected);
    }
    let nanosecond = ListFreshness::Known { age_hours: 1, overdue_hours: 1 };
    assert_eq!(overdue(Duration::from_nanos(1)), nanosecond);
    assert!(matches!(overdue(Duration::MAX), ListFreshness::Known { overdue_hours: u32::MAX, .. }));
}

#[test]
fn an_unknown_list_never_permits_whoever_asks_for_whatever() {
    let set = shipped();
    for kind in ClientKind::ALL {
        for purpose in Purpose::ALL {
            for facts in [
                CardFacts { revocation: ListFreshness::Unknown, ..CardFacts::FRESH },
                CardFacts { revocation: ListFreshness::NotKept, ..CardFacts::FRESH },
                CardFacts { hot_list: ListFreshness::Unknown, ..CardFacts::FRESH },
            ] {
                let decision = set.decide(&ask(*kind, Action::OpenSession(facts), *purpose, Acr::Holder));
                assert!(!decision.is_permit(), "{kind} {purpose} {facts:?}");
            }
        }
    }
}

#[test]
fn a_refusal_for_age_is_an_outage_unless_there_is_another_reason_too() {
    let set = shipped();
    let late = ListFreshness::Known { age_hours: 800, overdue_hours: 1 };
    let refused = opened(&set, late, Purpose::Treatment);
    assert_eq!(refused.reasons()[0].code, "revocation-overdue");
    assert!(refused.is_gateways_fault());
    assert!(opened(&set, late, Purpose::EmergencyTreatment).is_permit());
    assert!(!opened(&set, ListFreshness::FRESH, Purpose::Treatment).is_gateways_fault());
    // A card that is known to be stolen is not a matter of waiting for a list.
    let action = Action::OpenSession(CardFacts { revocation: late, ..CardFacts::FRESH });
    let mut stolen = ask(ClientKind::Hospital, action, Purpose::Treatment, Acr::Card);
    stolen.facts.risk.signals = vec![RiskSignal::CardReported];
    assert!(!set.decide(&stolen).is_gateways_fault());
}

#[test]
fn a_security_team_may_ask_for_more() {
    let stricter = "forbid (principal is Bawaba::Cnss, action == Bawaba::Action::\"open-session\", resource)
        when { context.revocation.age > 24 };";
    let set = with_policy("a-day-for-cnss", stricter);
    let facts = CardFacts {
        revocation: ListFreshness::Known { age_hours: 25, overdue_hours: 0 },
        ..CardFacts::FRESH
    };
    let asked = ask(ClientKind::Cnss, Action::OpenSession(facts), Purpose::Payment, Acr::Card);
    assert!(shipped().decide(&asked).is_permit());
    let refused = set.decide(&asked);
    assert!(!refused.is_permit() && !refused.is_gateways_fault());
}

#[test]
fn only_a_forbid_can_be_the_gateways_fault() {
    let dir = tempfile::tempdir().unwrap();
    let shipped = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("cedar/bawaba.cedarschema");
    std::fs::copy(shipped, dir.path().join("bawaba.cedarschema")).unwrap();
    for (fault, effect, sound) in
        [("gateway", "forbid", true), ("gateway", "permit", false), ("counter", "forbid", false)]
    {
        let policy =
            annotated("one", &format!("@fault(\"{fault}\")\n{effect} (principal, action, resource);"));
        std::fs::write(dir.path().join("one.cedar"), policy).unwrap();
        let refused = PolicySet::load(dir.path()).err().map(|error| error.code());
        assert_eq!(refused != Some("policies-annotation"), sound, "{fault} {effect}");
    }
}
