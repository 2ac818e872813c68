//! Which windows does an observation go into, and which does it need back?
//!
//! At most [`WANTED_MAX`], whatever was seen: that bounds the time of a judgement and the calls to a shared store.

use super::address::journeys;
use super::key::Tag;
use super::observation::{EstablishmentFacts, Observation, PresenceSeen, Secret, Seen, Timing};
use super::window::{Entry, Wanted, WindowKind, millis};
use crate::ClientKind;
use crate::facts::Position;

/// How many windows one observation touches at the most.
pub const WANTED_MAX: usize = 10;

/// A tag for what is not known.
pub(crate) const NOBODY: Tag = [0; 8];

/// A certificate is remembered once per quarter of a day, so that eight entries reach over months of ordinary use.
pub(crate) const QUARTER_DAY_MILLIS: u64 = 6 * 60 * 60 * 1000;

/// The windows that this observation goes into or needs.
pub fn wanted(observation: &Observation) -> impl Iterator<Item = Wanted> + use<> {
    let mut wanted = [None; WANTED_MAX];
    let own = match &observation.seen {
        Seen::Presence(presence) => of_presence(observation, presence),
        Seen::WrongSecret(_) => [at_station(observation), None, None, None, None],
        Seen::CardReported { .. } => {
            let places = observation.card.map(|card| WindowKind::CardPlaces.read(card.octets()));
            [places, None, None, None, None]
        }
        Seen::ManualAccess | Seen::BreakGlass { .. } => {
            let cards = WindowKind::EstablishmentCards.read(observation.establishment.key.octets());
            [super::hours::closed(observation).then_some(cards), None, None, None, None]
        }
        Seen::CloneSuspected => [None; 5],
        Seen::Claim { with_presence } => {
            let entry = entry(observation, card_tag(observation), [u8::from(*with_presence), 0, 0, 0, 0, 0]);
            [
                Some(WindowKind::Claims.put(observation.establishment.key.octets(), entry)),
                None,
                None,
                None,
                None,
            ]
        }
        Seen::Dispense { prescription, dispensed, .. } => {
            let [a, b, c, d] = dispensed.to_be_bytes();
            let entry = entry(observation, observation.establishment.key.tag(), [a, b, c, d, 0, 0]);
            [Some(WindowKind::Dispensed.put(prescription.octets(), entry)), None, None, None, None]
        }
    };
    let here = observation.establishment.key.octets();
    let presence = matches!(observation.seen, Seen::Presence(_));
    let common = [
        presence.then(|| WindowKind::Journeys.read(journeys(observation.establishment.key.tag()))),
        presence.then(|| WindowKind::BusyHours.read(here)),
        super::hours::closed(observation).then(|| night(observation)),
        observation.card.map(|card| WindowKind::CardHits.read(card.octets())),
        observation.station.map(|station| WindowKind::StationHits.read(station.octets())),
    ];
    for (place, one) in wanted.iter_mut().zip(own.into_iter().chain(common)) {
        *place = one;
    }
    wanted.into_iter().flatten()
}

fn of_presence(observation: &Observation, presence: &PresenceSeen) -> [Option<Wanted>; 5] {
    let here = &observation.establishment;
    let card = observation.card.map(|card| {
        let entry = entry(observation, here.key.tag(), place(here));
        WindowKind::CardPlaces.put(card.octets(), entry)
    });
    let certificate = observation.chip.zip(presence.certificate).map(|(chip, certificate)| {
        let quarter = millis(observation.at) / QUARTER_DAY_MILLIS * QUARTER_DAY_MILLIS;
        let entry = Entry::new(quarter, certificate.tag(), of_card(card_tag(observation)));
        WindowKind::ChipCertificates.put(chip.octets(), entry)
    });
    let establishment = {
        let [a, b, c, d, ..] = observation.station.map_or(NOBODY, |station| station.tag());
        let entry = entry(observation, card_tag(observation), [a, b, c, d, 0, 0]);
        WindowKind::EstablishmentCards.put(here.key.octets(), entry)
    };
    let times = observation.station.zip(presence.timing).map(|(station, timing)| {
        let mut subject = station.octets();
        if let Some(last) = subject.last_mut() {
            // One window for each method at each station; a station has two or three of them.
            *last ^= timing.method;
        }
        WindowKind::StationTimes.put(subject, entry(observation, card_tag(observation), per_command(timing)))
    });
    [card, certificate, Some(establishment), at_station(observation), times]
}

/// What a station's window remembers: the card that was on the reader, and whether a secret was wrong.
fn at_station(observation: &Observation) -> Option<Wanted> {
    let wrong = match observation.seen {
        Seen::WrongSecret(Secret::Can) => 1,
        Seen::WrongSecret(Secret::Pin) => 2,
        _ => 0,
    };
    let entry = entry(observation, card_tag(observation), [wrong, 0, 0, 0, 0, 0]);
    observation.station.map(|station| WindowKind::StationCards.put(station.octets(), entry))
}

fn night(observation: &Observation) -> Wanted {
    let entry = Entry::new(super::hours::night_of(observation.at), NOBODY, [0; 6]);
    WindowKind::Nights.put(observation.establishment.key.octets(), entry)
}

fn entry(observation: &Observation, tag: Tag, data: [u8; 6]) -> Entry {
    Entry::new(millis(observation.at), tag, data)
}

/// The card's tag; that of nobody, where no card is known.
pub(crate) fn card_tag(observation: &Observation) -> Tag {
    observation.card.map_or(NOBODY, |card| card.tag())
}

/// What an entry of a chip says of the card that it is in.
pub(crate) fn of_card([a, b, c, d, e, f, ..]: Tag) -> [u8; 6] {
    [a, b, c, d, e, f]
}

/// Tenths of a millisecond that one command took in the whole and in the chip alone; 0 in the chip: not said.
pub(crate) fn per_command(timing: Timing) -> [u8; 6] {
    let share = |millis: u32| {
        let tenths = u64::from(millis) * 10 / u64::from(timing.commands.max(1));
        u32::try_from(tenths).unwrap_or(u32::MAX).min(0x00FF_FFFF).to_be_bytes()
    };
    let ([_, a, b, c], [_, d, e, f]) = (share(timing.whole), share(timing.chip.unwrap_or(0)));
    [a, b, c, d, e, f]
}

/// Where an establishment is for certain, as coarse as entries say it: a mobile unit is not where it is registered.
pub(crate) fn site(establishment: &EstablishmentFacts) -> Option<Position> {
    Position::from_octets(place(establishment))
}

/// A place in six octets, to about two metres; all ones: not known.
fn place(establishment: &EstablishmentFacts) -> [u8; 6] {
    let sure = establishment.position.filter(|_| establishment.kind != ClientKind::MobileUnit);
    sure.map_or([0xFF; 6], Position::to_octets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fraud::key::CertificateKey;
    use crate::fraud::testing::{MORNING, at, octets};

    #[test]
    fn a_presence_touches_no_more_windows_than_there_may_be_and_each_once() {
        let timing = Timing { method: 1, commands: 10, whole: 900, chip: Some(700) };
        let presence = PresenceSeen {
            certificate: Some(CertificateKey::new(octets(3))),
            reported: false,
            timing: Some(timing),
        };
        let night = MORNING + time::Duration::hours(16);
        let seen = Observation { seen: Seen::Presence(presence), ..at(night) };
        let wanted: Vec<_> = wanted(&seen).collect();
        assert_eq!(wanted.len(), WANTED_MAX);
        let kinds: std::collections::BTreeSet<_> = wanted.iter().map(|wanted| wanted.key.kind).collect();
        assert_eq!(kinds.len(), WANTED_MAX);
    }

    #[test]
    fn two_presences_of_a_quarter_day_are_one_entry_of_the_chip() {
        let entry = |minutes| {
            let certificate = Some(CertificateKey::new(octets(3)));
            let presence = PresenceSeen { certificate, reported: false, timing: None };
            let seen = Observation {
                seen: Seen::Presence(presence),
                ..at(MORNING + time::Duration::minutes(minutes))
            };
            wanted(&seen).find(|wanted| wanted.key.kind == WindowKind::ChipCertificates).unwrap().entry
        };
        assert_eq!(entry(0), entry(60));
        assert_ne!(entry(0), entry(6 * 60));
    }

    #[test]
    fn who_says_nothing_of_the_card_touches_only_the_place() {
        let seen = Observation { card: None, chip: None, station: None, ..at(MORNING) };
        let kinds: Vec<_> = wanted(&seen).map(|wanted| wanted.key.kind).collect();
        assert_eq!(kinds, [WindowKind::EstablishmentCards, WindowKind::Journeys, WindowKind::BusyHours]);
    }
}
