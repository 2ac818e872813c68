//! For whom does a token become another, and is it never more than the counter could have had?

use super::{SERVICES, ask, exchange, fhir, onward, shipped};
use crate::{Acr, Action, ClientKind, Interaction, Purpose, RiskSignal, set::testing::with_policy};

#[test]
fn a_token_is_exchanged_only_for_a_back_end_that_could_be_read_through_the_gateway() {
    let set = shipped();
    for kind in ClientKind::ALL {
        for purpose in Purpose::ALL {
            for (service, types) in SERVICES {
                let permitted = |action| set.decide(&ask(*kind, action, *purpose, Acr::Card)).is_permit();
                let readable = types.iter().any(|of| permitted(fhir(service, of, Interaction::Read)));
                assert_eq!(permitted(exchange(service)), readable, "{kind} {service} {purpose}");
            }
        }
    }
}

#[test]
fn only_back_ends_go_onward_and_only_where_a_rule_says_so() {
    let set = shipped();
    for kind in ClientKind::ALL {
        for (from, _) in SERVICES {
            for (to, _) in SERVICES {
                let decision = set.decide(&ask(*kind, onward(from, to), Purpose::Treatment, Acr::Card));
                let ruled = [("dossier", "prescription"), ("prescription", "billing")].contains(&(from, to));
                assert_eq!(decision.is_permit(), ruled && *kind == ClientKind::BackEnd, "{kind} {from} {to}");
            }
        }
    }
}

#[test]
fn a_reported_card_stops_every_exchange() {
    let set = shipped();
    for (kind, action) in [
        (ClientKind::Pharmacy, exchange("prescription")),
        (ClientKind::BackEnd, onward("dossier", "prescription")),
    ] {
        let mut request = ask(kind, action, Purpose::Treatment, Acr::Card);
        assert!(set.decide(&request).is_permit());
        request.facts.risk.signals = vec![RiskSignal::CardReported];
        assert!(!set.decide(&request).is_permit());
    }
}

#[test]
fn auditors_may_ask_about_tokens_only_where_a_policy_of_the_place_says_so() {
    let asked = |kind| ask(kind, Action::Introspect, Purpose::Treatment, Acr::Card);
    let rule = "permit (principal is Bawaba::Auditor, action == Bawaba::Action::\"introspect\", resource);";
    let changed = with_policy("auditors-ask", rule);
    for kind in ClientKind::ALL {
        assert!(!shipped().decide(&asked(*kind)).is_permit(), "{kind}");
        assert_eq!(changed.decide(&asked(*kind)).is_permit(), *kind == ClientKind::Auditor, "{kind}");
    }
}
