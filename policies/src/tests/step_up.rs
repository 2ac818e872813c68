//! Who is asked for the PIN instead of being turned away, and how long does it last?

use std::sync::Arc;
use std::time::Duration;

use super::{ask, fhir, grid, shipped};
use crate::set::testing::with_policy;
use crate::{Acr, ClientKind, Interaction, Purpose};

#[test]
fn the_whole_record_is_a_clinics_for_five_minutes_after_the_pin() {
    let set = shipped();
    let whole = fhir("dossier", "Patient", Interaction::Operation);
    let asked = ask(ClientKind::Clinic, whole.clone(), Purpose::Treatment, Acr::Card);
    assert!(!set.decide(&asked).is_permit());
    let with_pin = Arc::new(set.decide(&asked.with_holder().unwrap()));
    assert_eq!(with_pin.max_age(), Some(Duration::from_secs(300)));
    assert!(with_pin.permit().is_none(), "who does not look at the age gets no permit");
    assert!(with_pin.permit_at_age(Duration::from_secs(300)).is_some());
    assert!(with_pin.permit_at_age(Duration::from_secs(301)).is_none());
    let pharmacy = ask(ClientKind::Pharmacy, whole, Purpose::Treatment, Acr::Card);
    assert!(
        !set.decide(&pharmacy.with_holder().unwrap()).is_permit(),
        "no PIN opens the record to a pharmacy"
    );
}

#[test]
fn a_pin_never_takes_a_permit_away_and_is_asked_for_once() {
    let set = shipped();
    for request in grid() {
        match request.with_holder() {
            Some(stronger) => {
                assert_eq!((request.acr, stronger.acr), (Acr::Card, Acr::Holder));
                assert!(
                    !set.decide(&request).is_permit() || set.decide(&stronger).is_permit(),
                    "{request:?}"
                );
            }
            None => assert_ne!(request.acr, Acr::Card),
        }
    }
}

#[test]
fn the_strictest_of_those_that_permit_counts_and_a_permit_without_a_word_lasts() {
    let permit = "@max_age(\"60\")\npermit (principal, action == Bawaba::Action::\"operation\", resource);";
    let set = with_policy("recent", permit);
    let whole = fhir("dossier", "Patient", Interaction::Operation);
    let decision = set.decide(&ask(ClientKind::Clinic, whole, Purpose::Treatment, Acr::Holder));
    assert_eq!(decision.max_age(), Some(Duration::from_secs(60)));
    let read = fhir("dossier", "Patient", Interaction::Read);
    let decision = Arc::new(set.decide(&ask(ClientKind::Clinic, read, Purpose::Treatment, Acr::Card)));
    assert_eq!(decision.max_age(), None);
    assert!(decision.permit().is_some() && decision.permit_at_age(Duration::MAX).is_some());
}
