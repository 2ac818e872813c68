//! Is the simulated kingdom one that the fraud signals can be judged on?

use std::collections::{BTreeMap, HashMap};

use bawaba_tests::kingdom::act::{Act, Label, What};
use bawaba_tests::kingdom::cities::REGIONS;
use bawaba_tests::kingdom::frauds::FraudKind;
use bawaba_tests::kingdom::journeys::fastest;
use bawaba_tests::kingdom::verdicts::Trial;
use bawaba_tests::kingdom::{Kingdom, Size};
use policies::{ClientKind, RiskSignal};

fn small() -> Size {
    Size { frauds: 0.2, ..Size::of(4_000) }
}

#[test]
fn the_same_seed_is_the_same_month_and_another_is_another() {
    let month = |seed: u64| -> Vec<Act> { Kingdom::new(Size { seed, ..small() }).month().collect() };
    let (one, again, other) = (month(1), month(1), month(2));
    assert_eq!(format!("{:?}", one[..2_000].to_vec()), format!("{:?}", again[..2_000].to_vec()));
    assert_eq!(one.len(), again.len());
    assert_ne!(one.len(), other.len());
    assert!(one.is_sorted_by_key(|act| act.at), "in the order of time");
}

#[test]
fn the_month_streams_by_and_a_day_of_it_is_in_memory() {
    let kingdom = Kingdom::new(small());
    let (mut month, mut all, mut most) = (kingdom.month(), 0, 0);
    while month.next().is_some() {
        all += 1;
        most = most.max(month.held());
    }
    assert!(most * 12 < all, "{most} acts of {all} at once: a busy day and the bills of its week are fewer");
}

#[test]
fn every_region_has_what_it_needs_and_people_live_where_they_do() {
    let kingdom = Kingdom::new(Size::WHOLE);
    let count = |kind: ClientKind| kingdom.map.places.iter().filter(|place| place.kind == kind).count();
    assert_eq!(count(ClientKind::Pharmacy), 12_000);
    let public = [ClientKind::Hospital, ClientKind::Clinic, ClientKind::MobileUnit].map(count);
    assert_eq!(public.iter().sum::<usize>(), 3_000);
    assert_eq!(kingdom.people.all.len(), 200_000);
    let mut regions: BTreeMap<usize, usize> = BTreeMap::new();
    for person in &kingdom.people.all {
        *regions.entry(kingdom.map.towns[person.town as usize].region).or_default() += 1;
    }
    assert_eq!(regions.len(), REGIONS.len());
    let all: f64 = REGIONS.iter().map(|region| region.people).sum();
    for (region, people) in regions {
        let (is, should) = (people as f64 / 200_000.0, REGIONS[region].people / all);
        assert!(
            (is - should).abs() < 0.03,
            "{}: {is:.3} of all, should be {should:.3}",
            REGIONS[region].name
        );
    }
}

/// What tempts a signal must be possible: no honest card is faster than nature allows.
#[test]
fn no_honest_card_is_in_two_places() {
    let kingdom = Kingdom::new(small());
    let mut last: HashMap<_, Act> = HashMap::new();
    let (mut moves, mut impossible) = (0, Vec::new());
    for act in kingdom.month() {
        let (Some(card), What::Presence(_)) = (act.card, act.what) else { continue };
        if matches!(act.label, Label::Fraud(_) | Label::Victim(_)) {
            continue;
        }
        if let Some(before) = last.insert(card, act) {
            let at = |act: &Act| kingdom.map.places[act.place as usize].at;
            let mobile = |act: &Act| kingdom.map.places[act.place as usize].kind == ClientKind::MobileUnit;
            let way = at(&before).kilometres_to(at(&act));
            let minutes = (act.at - before.at).as_seconds_f64() / 60.0;
            if way > 30.0 && !mobile(&before) && !mobile(&act) {
                moves += 1;
                if minutes < fastest(at(&before), at(&act)) * 0.8 {
                    impossible.push(format!("{before:?}\n{act:?}: {way:.0} km in {minutes:.0} min"));
                }
            }
        }
    }
    assert!(moves > 100, "{moves} honest moves between towns are too few to tempt anybody");
    assert!(impossible.is_empty(), "{} of {moves}: {}", impossible.len(), impossible[0]);
}

#[test]
fn every_kind_of_fraud_happens_and_is_rare() {
    let kingdom = Kingdom::new(Size::of(20_000));
    let (mut all, mut frauds) = (0, 0);
    let mut kinds: BTreeMap<FraudKind, usize> = BTreeMap::new();
    for act in kingdom.month() {
        all += 1;
        if let Label::Fraud(case) = act.label {
            frauds += 1;
            *kinds.entry(kingdom.cases[case as usize].kind).or_default() += 1;
        }
    }
    assert_eq!(kinds.len(), FraudKind::ALL.len(), "{kinds:?}");
    assert!(frauds * 25 < all && frauds * 1_000 > all, "{frauds} of {all}: {kinds:?}");
}

/// Every signal finds frauds and is mostly right about them. The floors are well below what is measured, and any signal that no longer
/// works falls through its own.
#[test]
fn every_signal_finds_its_frauds_and_is_mostly_right() {
    use RiskSignal as S;
    // Percent of its alerts that are right, percent of the cases with its trace that it finds.
    let floors = [
        (S::CardReported, 85, 80),
        (S::CloneSuspected, 95, 100),
        (S::ImpossibleTravel, 60, 75),
        (S::TwoPlaces, 60, 75),
        (S::TwoCertificates, 60, 60),
        (S::CardVelocity, 80, 15),
        (S::StationVelocity, 75, 20),
        (S::EstablishmentVelocity, 50, 10),
        (S::NightActivity, 70, 50),
        (S::BreakGlassRate, 75, 70),
        (S::ManualRate, 70, 75),
        (S::PresenceWithoutClaim, 70, 70),
        (S::ClaimWithoutPresence, 75, 75),
        (S::RelaySuspected, 50, 25),
        (S::SecretsRun, 75, 70),
        (S::OverDispensing, 80, 80),
    ];
    assert_eq!(floors.map(|(signal, ..)| signal), RiskSignal::ALL, "a new signal needs its floor");
    let kingdom = Kingdom::new(Size { seed: 2, frauds: 0.4, ..Size::of(8_000) });
    let verdicts = Trial::of(&kingdom);
    for (signal, precision, recall) in floors {
        let outcome = &verdicts.signals[&signal];
        let reached = (outcome.precision().unwrap_or(0.0), outcome.recall().unwrap_or(0.0));
        assert!(
            reached.0 >= f64::from(precision) && reached.1 >= f64::from(recall),
            "{signal}: precision and recall {reached:.0?} %, at least ({precision}, {recall}) expected; {outcome:?}"
        );
    }
    assert!(verdicts.recall() >= Some(60.0), "of all cases: {:?}", verdicts.recall());
    let (presences, [pin, held, denied]) = verdicts.honest;
    assert!(
        pin * 100 < presences && held * 400 < presences && denied * 1_000 < presences,
        "{:?}",
        verdicts.honest
    );
}
