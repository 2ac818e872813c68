//! What does a gateway see of it? Pseudonyms, what the register says of the counter, and never who really did it.

use std::time::Duration;

use policies::fraud::{
    CardKey, CertificateKey, ChipKey, EstablishmentFacts, EstablishmentKey, Observation, OpeningHours,
    Position, PractitionerKey, PrescriptionKey, PresenceSeen, Secret, Seen, StationKey, Timing,
};

use super::Kingdom;
use super::act::{Act, Card, Took, What};
use super::calendar::moment;
use super::chance::{About, Chance};
use super::places::Place;

/// What a key is the key of.
#[derive(Clone, Copy)]
enum Of {
    Card = 10,
    Chip,
    Certificate,
    Station,
    Establishment,
    Practitioner,
    Prescription,
}

impl Kingdom {
    /// What the gateway sees of an act.
    pub fn observation(&self, act: &Act) -> Observation {
        let station = self.key(Of::Station, u64::from(act.place), u64::from(act.station));
        let place = &self.map.places[act.place as usize];
        Observation {
            at: act.at,
            seen: self.seen(act),
            card: act.card.map(|card| self.card_key(card)),
            chip: act.card.filter(|_| matches!(act.what, What::Presence(_))).map(|card| self.chip_key(card)),
            station: (act.place != self.hot_line()).then(|| StationKey::new(station)),
            establishment: self.establishment(place),
        }
    }

    fn seen(&self, act: &Act) -> Seen {
        match act.what {
            What::Presence(took) => Seen::Presence(PresenceSeen {
                certificate: act.card.map(|card| self.certificate_key(card)),
                reported: act.card.is_some_and(|card| self.is_reported(card, moment(act.at))),
                timing: Some(timing(took)),
            }),
            What::WrongChip => Seen::CloneSuspected,
            What::Report { missing_days } => Seen::CardReported {
                missing_since: Some(act.at - Duration::from_secs_f32(missing_days * 86_400.0)),
            },
            What::WrongSecret { pin } => Seen::WrongSecret(if pin { Secret::Pin } else { Secret::Can }),
            What::ByHand => Seen::ManualAccess,
            What::BreakGlass { practitioner } => {
                let key = self.key(Of::Practitioner, u64::from(act.place), u64::from(practitioner));
                Seen::BreakGlass { practitioner: PractitionerKey::new(key) }
            }
            What::Claim { receipt } => Seen::Claim { with_presence: receipt },
            What::Dispense { prescription, prescribed, dispensed, pack } => {
                let prescription = PrescriptionKey::new(self.key(Of::Prescription, prescription, 0));
                Seen::Dispense { prescription, prescribed, dispensed, pack }
            }
        }
    }

    /// What the register says of an establishment. Nobody tells it the turns of duty.
    pub fn establishment(&self, place: &Place) -> EstablishmentFacts {
        EstablishmentFacts {
            key: EstablishmentKey::new(self.key(Of::Establishment, u64::from(place.number), 0)),
            kind: place.kind,
            position: Position::degrees(place.registered.latitude, place.registered.longitude),
            hours: place.hours.and_then(|(opens, closes)| OpeningHours::minutes(opens, closes)),
            on_duty: false,
            usual_hour: None,
        }
    }

    /// A card by its number: a renewed one has another, a new certificate on the old chip has not.
    pub fn card_key(&self, card: Card) -> CardKey {
        CardKey::new(self.key(Of::Card, u64::from(card.person), u64::from(card.issue.0)))
    }

    fn chip_key(&self, card: Card) -> ChipKey {
        // Who copies a chip's key copies the one of the day.
        let issue = if card.chip_of == card.person { card.issue.0 } else { 0 };
        ChipKey::new(self.key(Of::Chip, u64::from(card.chip_of), u64::from(issue)))
    }

    fn certificate_key(&self, card: Card) -> CertificateKey {
        let issue = u64::from(card.issue.0) << 8 | u64::from(card.issue.1);
        CertificateKey::new(self.key(Of::Certificate, u64::from(card.person), issue))
    }

    fn key(&self, of: Of, first: u64, second: u64) -> [u8; 16] {
        Chance::new(self.size.seed, About::Key, first, (of as u64) << 32 | second).key()
    }
}

fn timing(took: Took) -> Timing {
    Timing {
        method: took.method,
        commands: took.commands,
        whole: took.whole as u32,
        chip: Some(took.chip as u32),
    }
}
