//! What do all nodes remember of a card, a reader, an establishment?

use futures_util::future::try_join_all;
use policies::fraud::{Entry, Wanted, Window, WindowKind, window};
use time::OffsetDateTime;
use tokio::time::timeout;

use crate::limits::FRAUD_PATIENCE;
use crate::state::{Look, SharedState, Space, StateError};

/// The windows of one observation, once it is in them (*fenêtres*).
#[derive(Debug, Default)]
pub(crate) struct Seen(Vec<(WindowKind, Vec<Entry>)>);

/// Puts the observation into its windows and reads them, all at once and in bounded time.
pub(crate) async fn look(
    state: &dyn SharedState,
    wanted: &[Wanted],
    at: OffsetDateTime,
) -> Result<Seen, StateError> {
    let looks = try_join_all(wanted.iter().map(|wanted| one(state, wanted, at)));
    Ok(Seen(timeout(FRAUD_PATIENCE, looks).await.map_err(|_| StateError::Timeout)??))
}

async fn one(
    state: &dyn SharedState,
    wanted: &Wanted,
    at: OffsetDateTime,
) -> Result<(WindowKind, Vec<Entry>), StateError> {
    let name = wanted.key.name();
    let entry = wanted.entry.map(Entry::to_bytes);
    let keep = u64::try_from(wanted.keep.as_millis()).unwrap_or(u64::MAX);
    let from = Entry::new(window::millis(at).saturating_sub(keep), [0; 8], [0; 6]).to_bytes();
    let look = Look {
        entry: entry.as_ref().map(<[u8; window::ENTRY_OCTETS]>::as_slice),
        from: &from,
        most: wanted.most,
        keep: wanted.keep,
    };
    let entries = state.window(Space::Fraud, &name, look).await?;
    // What is of another version is not understood, and not there.
    Ok((wanted.key.kind, entries.iter().filter_map(|entry| Entry::from_bytes(entry)).collect()))
}

impl Seen {
    /// What is remembered in that kind of window.
    pub(crate) fn entries(&mut self, kind: WindowKind) -> Option<&mut Vec<Entry>> {
        self.0.iter_mut().find(|(of, _)| *of == kind).map(|(_, entries)| entries)
    }

    /// As the engine takes them.
    pub(crate) fn windows(&self) -> Vec<Window<'_>> {
        self.0.iter().map(|(kind, entries)| Window { kind: *kind, entries }).collect()
    }
}
