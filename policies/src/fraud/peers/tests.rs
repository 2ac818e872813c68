//! Who stands out among peers, and who must not.

use super::*;
use crate::fraud::testing::octets;

/// 300 pharmacies of different sizes whose rates differ as honest ones do: from 1 to 5 in a hundred.
fn peers(kind: ClientKind) -> Vec<EstablishmentDay> {
    (0..300_u64)
        .map(|n| {
            let sessions = 200 + n * 7 % 900;
            let manual = sessions * (1 + n * 31 % 5) / 100;
            let acts = Acts {
                presences: sessions,
                sessions,
                claims: sessions - sessions / 20,
                claims_with_receipt: sessions - sessions / 20 - sessions * (n * 17 % 6) / 100,
                manual,
                break_glass: u64::from(n % 9 == 0),
            };
            EstablishmentDay { key: key(n), kind, acts }
        })
        .collect()
}

fn key(n: u64) -> EstablishmentKey {
    EstablishmentKey::new(octets(n))
}

fn with(kind: ClientKind, change: impl FnOnce(&mut Acts)) -> Vec<(EstablishmentKey, Hit)> {
    let mut days = peers(ClientKind::Pharmacy);
    let mut odd = EstablishmentDay { key: key(9_999), kind, ..days[150] };
    change(&mut odd.acts);
    days.push(odd);
    judge(&days)
}

fn signals(found: &[(EstablishmentKey, Hit)], of: u64) -> Vec<RiskSignal> {
    found.iter().filter(|(who, _)| *who == key(of)).map(|(_, hit)| hit.signal).collect()
}

#[test]
fn who_types_numbers_instead_of_reading_cards_stands_out() {
    let found = with(ClientKind::Pharmacy, |acts| acts.manual = acts.sessions / 3);
    assert_eq!(signals(&found, 9_999), [RiskSignal::ManualRate]);
    assert_eq!(found.len(), 1, "and nobody else: {found:?}");
    let (_, hit) = found[0];
    assert!(hit.weight >= 50 && hit.about == Subject::Establishment && hit.why.seen > hit.why.plausible);
}

#[test]
fn who_breaks_the_glass_often_stands_out() {
    let found = with(ClientKind::Pharmacy, |acts| acts.break_glass = 15);
    assert_eq!(signals(&found, 9_999), [RiskSignal::BreakGlassRate]);
}

#[test]
fn ghosts_and_collected_presences_stand_out() {
    let ghosts = with(ClientKind::Pharmacy, |acts| acts.claims += acts.sessions / 2);
    assert_eq!(signals(&ghosts, 9_999), [RiskSignal::ClaimWithoutPresence]);
    let collected = with(ClientKind::Pharmacy, |acts| {
        acts.sessions *= 3;
        acts.presences *= 3;
    });
    assert!(signals(&collected, 9_999).contains(&RiskSignal::PresenceWithoutClaim));
}

#[test]
fn small_counts_are_chance() {
    let new = with(ClientKind::Pharmacy, |acts| {
        *acts =
            Acts { presences: 3, sessions: 3, claims: 3, claims_with_receipt: 2, manual: 3, break_glass: 1 };
    });
    assert!(new.is_empty(), "three of six are no habit: {new:?}");
    assert!(with(ClientKind::Pharmacy, |acts| acts.break_glass = 2).is_empty());
}

#[test]
fn honest_peers_differ_and_none_stands_out() {
    assert!(judge(&peers(ClientKind::Pharmacy)).is_empty());
}

#[test]
fn a_hospital_is_no_peer_of_a_pharmacy() {
    let emergency = |acts: &mut Acts| (acts.manual, acts.break_glass) = (acts.sessions / 2, 60);
    assert!(with(ClientKind::Hospital, emergency).is_empty(), "one hospital has no peers");
    let mut days = peers(ClientKind::Pharmacy);
    let pharmacies = days.clone();
    days.extend((5_000_u64..).zip(pharmacies).take(50).map(|(n, pharmacy)| {
        let mut hospital = EstablishmentDay { key: key(n), kind: ClientKind::Hospital, ..pharmacy };
        emergency(&mut hospital.acts);
        hospital
    }));
    assert!(judge(&days).is_empty(), "all hospitals do it");
}

#[test]
fn many_frauds_do_not_make_themselves_usual() {
    let mut days = peers(ClientKind::Pharmacy);
    for day in days.iter_mut().step_by(12) {
        day.acts.manual = day.acts.sessions / 2;
    }
    let found = judge(&days).into_iter().filter(|(_, hit)| hit.signal == RiskSignal::ManualRate).count();
    assert_eq!(found, 25, "all 25 of 300");
}

#[test]
fn one_night_of_an_accident_accuses_nobody_and_every_night_does() {
    let week = |break_glass: [u64; 7]| {
        let mut days = peers(ClientKind::Hospital);
        days.extend(break_glass.map(|break_glass| EstablishmentDay {
            key: key(9_999),
            kind: ClientKind::Hospital,
            acts: Acts {
                presences: 60,
                sessions: 60,
                claims: 57,
                claims_with_receipt: 56,
                manual: 1,
                break_glass,
            },
        }));
        judge(&days)
    };
    assert!(week([0, 0, 25, 0, 1, 0, 0]).is_empty());
    assert_eq!(signals(&week([3, 4, 25, 3, 5, 4, 3]), 9_999), [RiskSignal::BreakGlassRate]);
}

#[test]
fn days_come_in_any_order() {
    let mut days = peers(ClientKind::Pharmacy);
    for (n, extra) in (0..7_u64).zip([90, 300, 400, 200, 350, 300, 250]) {
        let mut day = days[150];
        (day.key, day.acts.manual) = (key(9_999), extra + n);
        days.push(day);
    }
    let found = judge(&days);
    assert!(!found.is_empty());
    days.reverse();
    assert_eq!(judge(&days), found);
    assert!(judge(&[]).is_empty());
}
