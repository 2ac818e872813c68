//! What holds for every observation, window and hit, whatever they are?

use proptest::prelude::*;
use time::{Duration, OffsetDateTime};

use super::engine::Engine;
use super::hit::{Hit, Subject, Why};
use super::in_process::InProcessWindows;
use super::key::{CardKey, CertificateKey, ChipKey, PractitionerKey, PrescriptionKey, StationKey};
use super::observation::{Observation, PresenceSeen, Secret, Seen, Timing};
use super::score::{SignalSet, score};
use super::testing::{MORNING, octets, pharmacy};
use super::window::{CARD_OCTETS_MAX, ENTRY_OCTETS, Entry, Window, WindowKind, millis};
use crate::facts::{OpeningHours, Position};
use crate::{ClientKind, RiskSignal};

fn timing() -> impl Strategy<Value = Timing> {
    (any::<u8>(), any::<u16>(), any::<u32>(), any::<Option<u32>>())
        .prop_map(|(method, commands, whole, chip)| Timing { method, commands, whole, chip })
}

fn seen(things: u64) -> impl Strategy<Value = Seen> {
    let certificate = proptest::option::of((0..things).prop_map(|n| CertificateKey::new(octets(n))));
    prop_oneof![
        5 => (certificate, any::<bool>(), proptest::option::of(timing()))
            .prop_map(|(certificate, reported, timing)| Seen::Presence(PresenceSeen { certificate, reported, timing })),
        1 => proptest::option::of(-100_000..100_000_i64).prop_map(|seconds| Seen::CardReported {
            missing_since: seconds.map(|seconds| MORNING + Duration::seconds(seconds)),
        }),
        1 => Just(Seen::CloneSuspected),
        2 => prop_oneof![Just(Secret::Can), Just(Secret::Pin)].prop_map(Seen::WrongSecret),
        1 => Just(Seen::ManualAccess),
        1 => (0..things).prop_map(|n| Seen::BreakGlass { practitioner: PractitionerKey::new(octets(n)) }),
        1 => any::<bool>().prop_map(|with_presence| Seen::Claim { with_presence }),
        1 => (0..things, any::<u32>(), any::<u32>(), any::<u32>()).prop_map(|(n, prescribed, dispensed, pack)| {
            Seen::Dispense { prescription: PrescriptionKey::new(octets(n)), prescribed, dispensed, pack }
        }),
    ]
}

/// Anything, of so many cards, stations and establishments, within so many seconds of the morning.
fn observation(things: u64, seconds: i64) -> impl Strategy<Value = Observation> {
    let key = move || proptest::option::weighted(0.9, 0..things);
    let place = proptest::option::of((-90.0..=90.0, -180.0..=180.0));
    let hours = proptest::option::of((0..1440_u16, 0..=1440_u16));
    let kind = proptest::sample::select(ClientKind::ALL);
    let here = (0..things, kind, place, hours, any::<bool>(), any::<Option<u16>>());
    (-seconds..=seconds, seen(things), key(), key(), key(), here).prop_map(
        |(second, seen, card, chip, station, (number, kind, place, hours, on_duty, usual_hour))| {
            let mut establishment = pharmacy(number);
            establishment.kind = kind;
            establishment.position = place.and_then(|(north, east)| Position::degrees(north, east));
            establishment.hours = hours.and_then(|(opens, closes)| OpeningHours::minutes(opens, closes));
            (establishment.on_duty, establishment.usual_hour) = (on_duty, usual_hour);
            Observation {
                at: MORNING + Duration::seconds(second),
                seen,
                card: card.map(|number| CardKey::new(octets(number))),
                chip: chip.map(|number| ChipKey::new(octets(number))),
                station: station.map(|number| StationKey::new(octets(number))),
                establishment,
            }
        },
    )
}

/// The same, where an establishment is the same whenever it is seen.
fn consistent(things: u64, seconds: i64) -> impl Strategy<Value = Observation> {
    observation(things, seconds).prop_map(|mut seen| {
        let [.., number] = seen.establishment.key.octets();
        seen.establishment.kind = ClientKind::ALL[usize::from(number) % ClientKind::ALL.len()];
        seen.establishment.position = Position::degrees(33.0 + f64::from(number) / 7.0, -7.0);
        seen.establishment.hours = pharmacy(0).hours;
        (seen.establishment.on_duty, seen.establishment.usual_hour) = (false, None);
        seen
    })
}

fn entry() -> impl Strategy<Value = Entry> {
    any::<[u8; ENTRY_OCTETS]>().prop_map(|octets| Entry::from_bytes(&octets).unwrap())
}

fn hit() -> impl Strategy<Value = Hit> {
    (proptest::sample::select(RiskSignal::ALL), any::<u8>()).prop_map(|(signal, weight)| Hit {
        signal,
        weight,
        about: Subject::Card,
        why: Why { of: "test", seen: 0, plausible: 0, seconds: 0 },
    })
}

/// What is put in once a thing is judged.
const LEARNT: [WindowKind; 4] =
    [WindowKind::CardHits, WindowKind::StationHits, WindowKind::Journeys, WindowKind::BusyHours];

fn observe(windows: &mut InProcessWindows, happened: &[Observation]) {
    for seen in happened {
        Engine::new().observe(windows, seen);
    }
}

/// Cases of each in a test run; three thousand were tried once.
const CASES: u32 = 48;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    /// A store may hold anything: garbled, of another version, of somebody who wishes us ill.
    #[test]
    fn no_window_makes_it_panic(
        seen in observation(3, 10_000_000_000),
        entries in proptest::collection::vec(entry(), 0..130),
    ) {
        let windows = WindowKind::ALL.map(|kind| Window { kind, entries: &entries });
        let hits = Engine::new().judge(&seen, &windows);
        let risk = Engine::new().risk(&seen, &windows, &hits);
        prop_assert!(risk.score <= 100);
        prop_assert!(hits.iter().all(|hit| (1..=100).contains(&hit.weight)));
        let extreme = Observation { at: OffsetDateTime::UNIX_EPOCH, ..seen };
        let hits = Engine::new().judge(&extreme, &windows);
        prop_assert!(hits.len() <= super::signals::LIVE.len());
    }

    /// Nodes hear of simultaneous things in different orders; what they put into windows is the same, and so is what follows
    /// from it. What an establishment learns of itself, and when a hit was first told, may differ.
    #[test]
    fn the_order_of_simultaneous_observations_does_not_matter(
        before in proptest::collection::vec(consistent(4, 5_000), 0..20),
        happened in proptest::collection::vec(consistent(4, 0), 1..8),
        after in consistent(4, 0),
    ) {
        let judged = |together: &[Observation]| {
            let mut windows = InProcessWindows::default();
            observe(&mut windows, &before);
            observe(&mut windows, together);
            let later = Observation { at: MORNING + Duration::hours(2), ..after };
            let wanted: Vec<_> = Engine::new().wanted(&later).collect();
            let held: Vec<_> = wanted.iter().map(|wanted| windows.window(&wanted.key)).collect();
            let put: Vec<_> = held.into_iter().filter(|window| !LEARNT.contains(&window.kind)).collect();
            // Nor is a doubt about an address put in: it is learnt.
            let sure = |entry: &&Entry| entry.data() != [0xFF; 6];
            let contents: Vec<Vec<Entry>> =
                put.iter().map(|window| window.entries.iter().filter(sure).copied().collect()).collect();
            let surely: Vec<_> = put
                .iter()
                .zip(&contents)
                .map(|(window, entries)| Window { kind: window.kind, entries })
                .collect();
            (Engine::new().judge(&later, &surely), contents.clone())
        };
        let mut backwards = happened.clone();
        backwards.reverse();
        prop_assert_eq!(judged(&happened), judged(&backwards));
    }

    /// A call that is repeated, as after a lost answer, changes nothing.
    #[test]
    fn the_same_observation_twice_is_as_once(happened in proptest::collection::vec(observation(4, 5_000), 1..20)) {
        let (mut once, mut twice) = (InProcessWindows::default(), InProcessWindows::default());
        observe(&mut once, &happened);
        for seen in &happened {
            let first = Engine::new().observe(&mut twice, seen);
            let second = Engine::new().observe(&mut twice, seen);
            prop_assert_eq!(first.hits, second.hits);
        }
        for kind in WindowKind::ALL {
            prop_assert_eq!(once.room(kind).0, twice.room(kind).0);
        }
    }

    /// However much happens, a card takes no more room than is stated.
    #[test]
    fn memory_is_bounded(happened in proptest::collection::vec(observation(1, 40_000), 100..250)) {
        let mut windows = InProcessWindows::default();
        observe(&mut windows, &happened);
        let of_card = [WindowKind::CardPlaces, WindowKind::ChipCertificates, WindowKind::CardHits];
        let octets: usize = of_card.iter().map(|kind| windows.entries(*kind) * ENTRY_OCTETS).sum();
        prop_assert!(octets <= CARD_OCTETS_MAX);
        for kind in WindowKind::ALL {
            let (count, _) = windows.room(kind);
            prop_assert!(windows.entries(kind) <= count * kind.most(), "{kind:?}");
        }
    }

    /// One more hit, or a heavier one, never makes it look better; time never makes it look worse.
    #[test]
    fn the_score_is_monotone(
        hits in proptest::collection::vec(hit(), 0..6), more in hit(), heavier in any::<u8>(),
        ages in proptest::collection::vec(0..100_000_000_000_u64, 6), longer in 0..10_000_000_000_u64,
    ) {
        let of = |hits: &[Hit], later: u64| {
            let remembered = hits.iter().zip(&ages).map(|(hit, age)| (hit.signal, hit.weight, 200_000_000_000 - age));
            score(&[], remembered, 200_000_000_000 + later, SignalSet::NONE).score
        };
        let fresh = |hits: &[Hit]| score(hits, std::iter::empty(), 0, SignalSet::NONE).score;
        let with: Vec<Hit> = hits.iter().copied().chain([more]).collect();
        prop_assert!(fresh(&with) >= fresh(&hits));
        let weightier = Hit { weight: more.weight.max(heavier), ..more };
        let heavy: Vec<Hit> = hits.iter().copied().chain([weightier]).collect();
        prop_assert!(fresh(&heavy) >= fresh(&with));
        prop_assert!(of(&hits, longer) <= of(&hits, 0));
        let mut backwards = with.clone();
        backwards.reverse();
        prop_assert_eq!(fresh(&backwards), fresh(&with));
    }

    /// Honest people who come to one counter an hour apart, in any number, make nobody suspicious.
    #[test]
    fn an_honest_day_is_quiet(cards in proptest::collection::vec(0..12_u64, 1..40)) {
        let mut windows = InProcessWindows::default();
        for (n, card) in cards.iter().enumerate() {
            let seen = super::testing::after(i64::try_from(n).unwrap() * 600).card(*card);
            let judged = Engine::new().observe(&mut windows, &seen);
            prop_assert!(judged.hits.is_empty() || millis(seen.at) == 0);
        }
    }
}
