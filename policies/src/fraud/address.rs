//! Does an establishment stand where the register says?
//!
//! Of a thousand addresses one is wrong: the establishment moved, or somebody mistook a figure. Its patients would all
//! travel impossibly. So an establishment remembers from how far away its last patients came on the same day: where most
//! came from another town, its address proves nothing against anybody.

use super::key::{KEY_OCTETS, Tag};
use super::observation::{Observation, Seen};
use super::signals::Windows;
use super::wanted::{card_tag, site};
use super::window::{Entry, Wanted, WindowKind, millis};
use crate::facts::Position;

/// Metres beyond which a patient comes from another town.
const FAR_METRES: u32 = 20_000;

/// What lies further back says nothing of the way.
const DAY_MILLIS: u64 = 24 * 60 * 60 * 1000;

/// Journeys from nearby after which no more are kept: they vouch for the address.
const VOUCHED: usize = 6;

/// What an entry of [`WindowKind::CardPlaces`] says where the place is not known, or not believed.
const NOWHERE: [u8; 6] = [0xFF; 6];

/// Whether that establishment's address is doubtful, by the journeys of other patients than this one.
pub(crate) fn doubtful(seen: &Observation, windows: &Windows<'_>) -> bool {
    let own = card_tag(seen);
    let others = windows.all(WindowKind::Journeys).iter().filter(|entry| entry.tag() != own);
    let (far, near) = others.fold((0_u32, 0_u32), |(far, near), entry| match entry.data().first() {
        Some(0) => (far, near + 1),
        _ => (far + 1, near),
    });
    far * 2 > near
}

/// Where that card was, as far as the addresses are believed.
pub(crate) fn believed(places: &[Entry]) -> impl Iterator<Item = (&Entry, Position)> {
    places.iter().filter_map(|entry| {
        let place = Position::from_octets(entry.data())?;
        let twin = |other: &&Entry| {
            other.millis() == entry.millis() && other.tag() == entry.tag() && other.data() == NOWHERE
        };
        places.iter().find(twin).is_none().then_some((entry, place))
    })
}

/// The window of the journeys of an establishment: by its short name, for of the one before no more is known.
pub(crate) fn journeys([a, b, c, d, e, f, g, h]: Tag) -> [u8; KEY_OCTETS] {
    [a, b, c, d, e, f, g, h, 0, 0, 0, 0, 0, 0, 0, 0]
}

/// What is to be remembered: that this address was doubtful when this patient was here, and for both ends of their journey
/// how far it was.
pub(crate) fn remember(seen: &Observation, windows: &Windows<'_>) -> [Option<Wanted>; 3] {
    let (Seen::Presence(_), Some(card), Some(here)) = (seen.seen, seen.card, site(&seen.establishment))
    else {
        return [None; 3];
    };
    let (now, tag) = (millis(seen.at), seen.establishment.key.tag());
    let doubt = doubtful(seen, windows)
        .then(|| WindowKind::CardPlaces.put(card.octets(), Entry::new(now, tag, NOWHERE)));
    let elsewhere = believed(windows.all(WindowKind::CardPlaces)).filter(|(entry, _)| entry.tag() != tag);
    let last = elsewhere.min_by_key(|(entry, _)| (entry.millis().abs_diff(now), entry.tag()));
    let last = last.filter(|(entry, _)| entry.millis().abs_diff(now) < DAY_MILLIS);
    let Some((there, metres)) = last.map(|(entry, there)| (entry.tag(), here.metres_to(there))) else {
        return [doubt, None, None];
    };
    let far = metres > FAR_METRES;
    let near = windows.all(WindowKind::Journeys).iter().filter(|entry| entry.data().first() == Some(&0));
    if !far && near.count() >= VOUCHED {
        return [doubt, None, None];
    }
    let entry = Entry::new(now, card.tag(), [u8::from(far), 0, 0, 0, 0, 0]);
    [
        doubt,
        Some(WindowKind::Journeys.put(journeys(tag), entry)),
        Some(WindowKind::Journeys.put(journeys(there), entry)),
    ]
}
