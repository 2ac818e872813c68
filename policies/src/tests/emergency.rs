//! Who may break the glass, what may then be read, and does the care pathway only ever advise or refuse?

use super::{ask, fhir, grid, shipped};
use crate::set::testing::without_policy;
use crate::{
    AccessDecision, AccessRequest, Acr, Action, CardFacts, CareLevel, ClientKind, CoverageScheme,
    EmergencyFacts, EmergencyReason, Identified, Interaction, Obligation, PathwayFacts, Purpose,
};

const SOUND: EmergencyFacts = EmergencyFacts {
    identified: Identified::TwoPractitioners,
    reason: EmergencyReason::OtherUrgent,
    left_of_practitioner: 1,
    left_of_establishment: 1,
    reviews_overdue: 0,
};

fn broken(kind: ClientKind, facts: EmergencyFacts, purpose: Purpose) -> AccessDecision {
    shipped().decide(&ask(kind, Action::BreakGlass(facts), purpose, Acr::Emergency))
}

fn codes(decision: &AccessDecision) -> Vec<&str> {
    decision.reasons().iter().map(|reason| reason.code.as_str()).collect()
}

#[test]
fn the_glass_is_broken_where_care_is_given_with_somebody_who_answers_and_quota_left() {
    for kind in ClientKind::ALL {
        let care = [ClientKind::Clinic, ClientKind::Hospital, ClientKind::MobileUnit].contains(kind);
        assert_eq!(broken(*kind, SOUND, Purpose::BreakGlass).is_permit(), care, "{kind}");
        for purpose in Purpose::ALL.iter().filter(|purpose| **purpose != Purpose::BreakGlass) {
            assert!(!broken(*kind, SOUND, *purpose).is_permit(), "{kind} {purpose}");
        }
    }
    let hospital = |facts| broken(ClientKind::Hospital, facts, Purpose::BreakGlass);
    assert!(hospital(EmergencyFacts { identified: Identified::Card, ..SOUND }).is_permit());
    let nothing = EmergencyFacts { identified: Identified::Nothing, ..SOUND };
    assert_eq!(codes(&hospital(nothing)), ["two-practitioners-required"]);
    let practitioner = EmergencyFacts { left_of_practitioner: 0, ..SOUND };
    assert_eq!(codes(&hospital(practitioner)), ["emergency-quota-practitioner"]);
    let establishment = EmergencyFacts { left_of_establishment: 0, ..SOUND };
    assert_eq!(codes(&hospital(establishment)), ["emergency-quota-establishment"]);
}

#[test]
fn late_reviews_hold_up_the_open_ended_reason_alone() {
    for reason in EmergencyReason::ALL {
        for (overdue, held_up) in [(20, false), (21, *reason == EmergencyReason::OtherUrgent)] {
            let facts = EmergencyFacts { reason: *reason, reviews_overdue: overdue, ..SOUND };
            let decision = broken(ClientKind::Hospital, facts, Purpose::BreakGlass);
            assert_eq!(decision.is_permit(), !held_up, "{reason} {overdue}");
        }
    }
}

#[test]
fn a_broken_glass_shows_what_is_checked_and_hides_what_is_hidden_and_changes_nothing() {
    let set = shipped();
    for request in grid().filter(|request| request.purpose == Purpose::BreakGlass) {
        let decision = set.decide(&request);
        if !decision.is_permit() {
            continue;
        }
        assert_eq!(request.acr, Acr::Emergency, "{request:?}");
        let Action::Fhir { interaction, .. } = &request.action else { panic!("{request:?}") };
        assert!(matches!(interaction, Interaction::Read | Interaction::Search), "{request:?}");
        for duty in [Obligation::NarrowToPatient, Obligation::CheckAnswer, Obligation::HideLabelled] {
            assert!(decision.obliges(duty), "{request:?} without {}", duty.as_str());
        }
    }
    let documents = fhir("dossier", "DocumentReference", Interaction::Search);
    let decision = set.decide(&ask(ClientKind::Hospital, documents, Purpose::BreakGlass, Acr::Emergency));
    assert_eq!(codes(&decision), ["essentials-only"]);
}

#[test]
fn without_a_proven_presence_nothing_else_opens() {
    let set = shipped();
    let others =
        grid().filter(|request| request.acr == Acr::Emergency && request.purpose != Purpose::BreakGlass);
    for request in others {
        assert!(!set.decide(&request).is_permit(), "{request:?}");
    }
}

/// Every way in which a patient can have come.
fn pathways() -> impl Iterator<Item = PathwayFacts> {
    let schemes = CoverageScheme::ALL.iter().copied().map(Some).chain([None]);
    schemes.flat_map(|scheme| {
        let levels = CareLevel::ALL.iter().copied().map(Some).chain([None]);
        levels.flat_map(move |level| [true, false].map(|referred| PathwayFacts { scheme, level, referred }))
    })
}

#[test]
fn what_the_care_pathway_prefers_permits_nothing_that_is_not_permitted_anyway() {
    let (with, without) = (shipped(), without_policy("care-pathway-preferred"));
    for pathway in pathways() {
        for mut request in grid() {
            request.facts.pathway = pathway;
            let (one, other) = (with.decide(&request), without.decide(&request));
            assert_eq!(one.is_permit(), other.is_permit(), "{request:?}");
        }
    }
}

#[test]
fn a_referral_never_takes_a_permit_away_and_only_a_claim_waits_for_one() {
    let set = shipped();
    for pathway in pathways().filter(|pathway| !pathway.referred) {
        for mut request in grid() {
            request.facts.pathway = pathway;
            let alone = set.decide(&request);
            let referred = AccessRequest {
                facts: crate::Facts {
                    pathway: PathwayFacts { referred: true, ..pathway },
                    ..request.facts.clone()
                },
                ..request.clone()
            };
            let referred = set.decide(&referred);
            assert!(!alone.is_permit() || referred.is_permit(), "{request:?}");
            if alone.is_permit() != referred.is_permit() {
                assert!(codes(&alone).contains(&"referral-required"), "{request:?}");
                assert_eq!((request.client.kind, request.action.name()), (ClientKind::Hospital, "create"));
                assert_ne!(request.purpose, Purpose::EmergencyTreatment);
            }
        }
    }
}

#[test]
fn the_counter_is_told_what_is_preferred() {
    let told = |scheme, purpose| {
        let mut request =
            ask(ClientKind::Hospital, Action::OpenSession(CardFacts::FRESH), purpose, Acr::Card);
        request.facts.pathway = PathwayFacts {
            scheme: Some(scheme),
            level: Some(CareLevel::Hospital),
            ..PathwayFacts::default()
        };
        let decision = shipped().decide(&request);
        assert!(decision.is_permit());
        decision.advice().map(|reason| reason.code.clone()).collect::<Vec<_>>()
    };
    assert_eq!(told(CoverageScheme::CnssSalarie, Purpose::Treatment), ["referral-preferred"]);
    assert!(told(CoverageScheme::Tns, Purpose::Treatment).is_empty());
    assert!(told(CoverageScheme::Tadamon, Purpose::EmergencyTreatment).is_empty());
}
