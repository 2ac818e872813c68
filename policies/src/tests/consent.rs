//! What does a refusal close, what does an agreement open, and who may write either down?

use super::{SERVICES, ask, exchange, fhir, grid, onward, shipped};
use crate::{AccessRequest, Acr, Action, ClientKind, ConsentFacts, Purpose, Stance};

fn said(request: AccessRequest, consent: ConsentFacts) -> AccessRequest {
    let mut request = request;
    request.facts.consent = consent;
    request
}

const DENIES: ConsentFacts =
    ConsentFacts { stance: Stance::Denies, linked: true, holder: false, hides: true };
const PERMITS: ConsentFacts =
    ConsentFacts { stance: Stance::Permits, linked: true, holder: true, hides: false };

#[test]
fn a_refusal_closes_record_and_prescriptions_for_whoever_asks_and_leaves_the_payment_open() {
    let set = shipped();
    for request in grid() {
        let before = set.decide(&request);
        let after = set.decide(&said(request.clone(), DENIES));
        let closed = match &request.action {
            Action::Fhir { service, .. } | Action::Exchange { service } => {
                service.0 != "billing" && request.purpose != Purpose::BreakGlass
            }
            _ => false,
        };
        if closed {
            assert!(!after.is_permit(), "{request:?}");
            let told = after.reasons().iter().any(|reason| reason.code == "consent-denied");
            assert!(told, "{request:?}");
        } else if request.purpose != Purpose::BreakGlass {
            assert_eq!(after.is_permit(), before.is_permit(), "{request:?}");
        }
    }
}

#[test]
fn an_agreement_opens_nothing_that_the_rules_keep_closed() {
    let set = shipped();
    for request in grid() {
        let before = set.decide(&request).is_permit();
        assert_eq!(set.decide(&said(request.clone(), PERMITS)).is_permit(), before, "{request:?}");
    }
}

#[test]
fn where_something_is_hidden_nobody_takes_a_token_of_their_own_to_the_back_end() {
    let set = shipped();
    let hides = ConsentFacts { stance: Stance::Silent, linked: true, holder: false, hides: true };
    for (service, types) in SERVICES {
        let through = ask(
            ClientKind::Hospital,
            fhir(service, types.last().expect("a type"), crate::Interaction::Read),
            Purpose::Treatment,
            Acr::Card,
        );
        assert!(set.decide(&said(through, hides)).is_permit(), "{service}");
        let own = ask(ClientKind::Hospital, exchange(service), Purpose::Treatment, Acr::Card);
        assert_eq!(set.decide(&said(own, hides)).is_permit(), service == "billing", "{service}");
    }
    let on = ask(ClientKind::BackEnd, onward("dossier", "prescription"), Purpose::Treatment, Acr::Card);
    assert!(set.decide(&on).is_permit());
    assert!(!set.decide(&said(on, hides)).is_permit());
}

#[test]
fn consents_are_given_at_counters_with_the_patient_present() {
    let set = shipped();
    for kind in ClientKind::ALL {
        for acr in Acr::ALL {
            let purpose = if *kind == ClientKind::Cnss { Purpose::Payment } else { Purpose::Treatment };
            let counter = !matches!(kind, ClientKind::BackEnd | ClientKind::Auditor);
            let permitted = set.decide(&ask(*kind, Action::Consent, purpose, *acr)).is_permit();
            assert_eq!(permitted, counter && *acr >= Acr::Card, "{kind} {acr}");
        }
    }
}

#[test]
fn what_was_closed_with_the_pin_is_opened_with_the_pin() {
    let set = shipped();
    let withdraw = |acr, holder| {
        let consent = ConsentFacts { holder, ..DENIES };
        set.decide(&said(ask(ClientKind::Clinic, Action::Consent, Purpose::Treatment, acr), consent))
            .is_permit()
    };
    assert!(withdraw(Acr::Card, false) && withdraw(Acr::Holder, true));
    assert!(!withdraw(Acr::Card, true));
}
