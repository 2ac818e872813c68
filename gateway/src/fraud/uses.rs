//! What was a card used for between its loss and its report? The log knows, on whichever node it was.

use policies::fraud::{Engine, InProcessWindows, Observation, Seen};
use time::OffsetDateTime;

use super::case::{About, Found, KeptHit, Subject};
use super::replay::Replay;
use crate::audit::{AuditFilter, AuditStore, AuditStoreError, EventKind};
use crate::registry::Registry;

/// Events of one reading.
const PAGE: u32 = 5_000;

/// The uses since it was missed, as a case, if there were any.
pub(crate) async fn before_report(
    audit: &dyn AuditStore,
    (registry, replay): (&Registry, &Replay),
    (card, missing_since): (&str, OffsetDateTime),
    at: OffsetDateTime,
) -> Result<Option<Found>, AuditStoreError> {
    let (engine, mut windows) = (Engine::new(), InProcessWindows::default());
    let (mut last, mut kept) = (None, Vec::new());
    let kind = Some(EventKind::SessionOpened);
    let mut filter = AuditFilter { since: Some(missing_since), kind, limit: PAGE, ..AuditFilter::default() };
    loop {
        let page = audit.read(&filter).await?;
        let end = page.last().map(|stored| stored.index);
        let full = page.len() >= PAGE as usize;
        for stored in page.iter().filter(|stored| stored.event.card.as_deref() == Some(card)) {
            let Some(used) = replay.observation(registry, stored) else { continue };
            engine.observe(&mut windows, &used.observation);
            kept.push((stored.event.client.clone(), stored.event.station.clone(), stored.event.presence));
            last = Some(used.observation);
        }
        match end.filter(|_| full) {
            Some(end) => filter.from = end + 1,
            None => break,
        }
    }
    let Some(last) = last else { return Ok(None) };
    let seen = Seen::CardReported { missing_since: Some(missing_since) };
    let judged = engine.observe(&mut windows, &Observation { at, seen, station: None, ..last });
    let (establishment, station, presence) = kept.pop().unwrap_or_default();
    let hits: Vec<_> = judged
        .hits
        .iter()
        .map(|hit| KeptHit {
            signal: hit.signal.as_str().to_owned(),
            weight: hit.weight,
            counted: true,
            establishment: establishment.clone(),
            station: station.clone(),
            presence,
            why: hit.why.to_string(),
            at,
        })
        .collect();
    let Some(score) = hits.iter().map(|hit| hit.weight).max() else { return Ok(None) };
    let subject = Subject { about: About::Card, name: card.to_owned() };
    Ok(Some(Found { subject, score, quarantine: false, hits, at }))
}
