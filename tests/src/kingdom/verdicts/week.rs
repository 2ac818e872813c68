//! What did each establishment do in a week, and who of them stands out among its peers?

use std::collections::HashMap;

use policies::fraud::{Acts, EstablishmentDay, EstablishmentKey, Hit, peers};

use crate::kingdom::Kingdom;
use crate::kingdom::act::{Act, Label, LookAlike, What};
use crate::kingdom::calendar::moment;

/// Days after which peers are compared.
pub(super) const DAYS: i64 = 7;

/// One week's counts, by day (*décompte de la semaine*).
pub(super) struct Week {
    places: HashMap<EstablishmentKey, u32>,
    acts: HashMap<(u32, i64), Acts>,
    /// Who had an odd week for an honest reason.
    odd: HashMap<u32, LookAlike>,
}

impl Week {
    /// An empty one.
    pub(super) fn new(kingdom: &Kingdom) -> Self {
        let places = kingdom.map.places.iter();
        let places = places.map(|place| (kingdom.establishment(place).key, place.number)).collect();
        Self { places, acts: HashMap::new(), odd: HashMap::new() }
    }

    /// Counts an act as the gateway's tally does.
    pub(super) fn count(&mut self, act: &Act) {
        let counts = self.acts.entry((act.place, moment(act.at) as i64)).or_default();
        match act.what {
            What::Presence(_) => {
                counts.presences += 1;
                counts.sessions += 1;
            }
            What::ByHand => counts.manual += 1,
            What::BreakGlass { .. } => counts.break_glass += 1,
            What::Claim { receipt } => {
                counts.claims += 1;
                counts.claims_with_receipt += u64::from(receipt);
            }
            What::WrongChip | What::Report { .. } | What::WrongSecret { .. } | What::Dispense { .. } => {}
        }
        if let Label::LookAlike(look @ (LookAlike::BrokenReader | LookAlike::Accident)) = act.label {
            self.odd.insert(act.place, look);
        }
    }

    /// Who stands out, and what else their week was; begins the next one.
    pub(super) fn end(&mut self, kingdom: &Kingdom) -> Vec<(u32, Hit, Label)> {
        let days: Vec<_> = std::mem::take(&mut self.acts)
            .into_iter()
            .map(|((place, _), acts)| {
                let place = &kingdom.map.places[place as usize];
                EstablishmentDay { key: kingdom.establishment(place).key, kind: place.kind, acts }
            })
            .collect();
        let odd = std::mem::take(&mut self.odd);
        let found = peers::judge(&days).into_iter().map(|(key, hit)| {
            let place = self.places[&key];
            (place, hit, odd.get(&place).map_or(Label::Honest, |look| Label::LookAlike(*look)))
        });
        found.collect()
    }
}
