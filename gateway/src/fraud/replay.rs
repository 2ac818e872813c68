//! What was seen then? An observation from its event, so that signals can be tried before they count.

use policies::fraud::{EstablishmentFacts, Hit, Observation};

use super::case::About;
use super::names::Names;
use super::standing::about;
use super::told::Told;
use crate::audit::{EventKind, StoredEvent};
use crate::registry::{Registry, RegistryError};

/// Makes observations of events (*rejeu*).
#[derive(Debug)]
pub(crate) struct Replay(Names);

/// An observation, and about what its hits are.
pub(crate) struct Observed {
    pub(crate) observation: Observation,
    card: Option<String>,
    station: Option<String>,
    establishment: String,
}

/// What a signal said of one event.
#[derive(Clone, Debug)]
pub(crate) struct Spoken {
    /// About which card, station or establishment.
    pub(crate) about: String,
    /// The event's place in the log, where it was one event.
    pub(crate) event: Option<u64>,
    /// The numbers.
    pub(crate) why: String,
}

impl Replay {
    /// With the names that the gateways of this registry give.
    pub(crate) fn new(registry: &Registry) -> Result<Self, RegistryError> {
        Names::new(registry).map(Self)
    }

    /// The names.
    pub(crate) const fn names(&self) -> &Names {
        &self.0
    }

    /// What was seen; nothing, where the event tells of no observation or its establishment is not known any more. Place and
    /// hours are those of today.
    pub(crate) fn observation(&self, registry: &Registry, stored: &StoredEvent) -> Option<Observed> {
        let event = &stored.event;
        // The event of a signal tells of an observation that another event tells of, too.
        if event.kind == EventKind::RiskSignal {
            return None;
        }
        let told = Told::read(event.observed.as_deref()?)?;
        let client = registry.client(event.client.as_deref()?)?;
        let names = &self.0;
        let (card, station) = (event.card.clone(), event.station.clone());
        let observation = Observation {
            at: event.at,
            seen: told.seen(),
            card: card.as_deref().map(|card| names.card(card)),
            chip: told.chip(),
            station: station.as_deref().map(|station| names.station(&client.id, station)),
            establishment: EstablishmentFacts {
                key: names.establishment(&client.id),
                kind: client.kind,
                position: client.site.position,
                hours: client.site.hours,
                on_duty: false,
                usual_hour: None,
            },
        };
        let station = station.map(|station| format!("{}/{station}", client.id));
        Some(Observed { observation, card, station, establishment: client.id.clone() })
    }
}

impl Observed {
    /// What a signal said of it.
    pub(crate) fn spoken(&self, hit: &Hit, event: u64) -> Spoken {
        let about = match about(hit) {
            About::Card => self.card.clone(),
            About::Station => self.station.clone(),
            About::Establishment => Some(self.establishment.clone()),
        };
        Spoken { about: about.unwrap_or_default(), event: Some(event), why: hit.why.to_string() }
    }
}
