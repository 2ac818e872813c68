//! How busy are an establishment's busiest hours?
//!
//! It remembers of each day how many patients an hour had, in steps that grow: a day takes a few entries, and weeks fit.

use super::observation::{Observation, Seen};
use super::signals::{Windows, distinct};
use super::wanted::{NOBODY, card_tag};
use super::window::{Entry, Wanted, WindowKind, millis};
use crate::ClientKind;

const HOUR_MILLIS: u64 = 60 * 60 * 1000;

const DAY_MILLIS: u64 = 24 * HOUR_MILLIS;

/// The numbers of patients in an hour that are remembered.
const STEPS: [u64; 9] = [1, 2, 4, 7, 12, 20, 35, 60, 110];

/// Days without which an establishment has no history.
const DAYS: usize = 3;

/// Different cards of the hour before this observation, its own among them.
pub(crate) fn this_hour(seen: &Observation, windows: &Windows<'_>, seconds: u64) -> u64 {
    let now = millis(seen.at);
    let before = windows.all(WindowKind::EstablishmentCards).iter().filter(|entry| entry.millis() <= now);
    let within = before.filter(|entry| now - entry.millis() < seconds * 1000).map(|entry| entry.tag());
    distinct(within.chain(std::iter::once(card_tag(seen))))
}

/// How many patients the busiest hour of two in three other days had at the most, as far as it is known: what a few odd
/// days had is not made usual by them.
pub(crate) fn busiest(seen: &Observation, windows: &Windows<'_>) -> Option<u64> {
    let today = millis(seen.at) / DAY_MILLIS * DAY_MILLIS;
    let mut days: Vec<(u64, u64)> = Vec::new();
    for entry in windows.all(WindowKind::BusyHours).iter().filter(|entry| entry.millis() != today) {
        let patients = patients(entry);
        match days.iter_mut().find(|(day, _)| *day == entry.millis()) {
            Some((_, most)) => *most = patients.max(*most),
            None => days.push((entry.millis(), patients)),
        }
    }
    days.sort_unstable_by_key(|(_, most)| *most);
    let (_, most) = *days.get(days.len() * 2 / 3).filter(|_| days.len() >= DAYS)?;
    // Between two steps nobody knows: it may have been just short of the next.
    Some(STEPS.into_iter().find(|step| *step > most).unwrap_or(most + 1) - 1)
}

/// What is to be remembered: that this hour reached a step.
pub(crate) fn remember(seen: &Observation, windows: &Windows<'_>) -> Option<Wanted> {
    // Whoever has all its windows full has no busiest hour that they could tell.
    if !matches!(seen.seen, Seen::Presence(_)) || seen.establishment.kind == ClientKind::Hospital {
        return None;
    }
    let count = this_hour(seen, windows, HOUR_MILLIS / 1000);
    let today = millis(seen.at) / DAY_MILLIS * DAY_MILLIS;
    let [.., high, low] = count.min(0xFFFF).to_be_bytes();
    let entry = Entry::new(today, NOBODY, [high, low, 0, 0, 0, 0]);
    let known = windows.all(WindowKind::BusyHours).contains(&entry);
    (STEPS.contains(&count) && !known)
        .then(|| WindowKind::BusyHours.put(seen.establishment.key.octets(), entry))
}

fn patients(entry: &Entry) -> u64 {
    let [high, low, ..] = entry.data();
    u16::from_be_bytes([high, low]).into()
}
