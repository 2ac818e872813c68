//! How fast can one counter serve? Honest people wait until the reader is free.

use std::collections::HashMap;
use std::time::Duration;

use time::OffsetDateTime;

use super::Kingdom;
use super::act::{Act, Label, LookAlike, What};
use super::calendar::Day;
use super::chance::{About, Chance};

/// From one card on a reader to the next (*temps de service*), in the middle: a greeting, a prescription, a bag.
const SERVING: Duration = Duration::from_secs(100);

impl Kingdom {
    /// Who comes while the reader is taken goes to another one, or is served later.
    pub(super) fn queue(&self, day: Day, acts: &mut [Act]) {
        acts.sort_by_key(Act::order);
        let mut chance = Chance::new(self.size.seed, About::PlaceDay, u64::MAX, u64::from(day.0));
        let mut free: HashMap<(u32, u32), OffsetDateTime> = HashMap::new();
        for act in acts.iter_mut().filter(|act| matches!(act.what, What::Presence(_))) {
            // Who belongs together is read together.
            if matches!(act.label, Label::LookAlike(LookAlike::Family | LookAlike::Delegate)) {
                continue;
            }
            let free_at = |station: u32| free.get(&(act.place, station)).copied().unwrap_or(act.at);
            if free_at(act.station) > act.at {
                let mut stations = 0..self.map.places[act.place as usize].stations;
                act.station = stations.find(|station| free_at(*station) <= act.at).unwrap_or(act.station);
            }
            act.at = act.at.max(free_at(act.station));
            free.insert((act.place, act.station), act.at + SERVING.mul_f64(chance.skewed(1.0, 0.35)));
        }
    }
}
