//! Which establishments stand out among their peers, once a night over the counts of the last week?

use policies::fraud::{Acts, EstablishmentDay, EstablishmentKey, Hit, peers};
use time::{Date, Duration, OffsetDateTime};

use super::case::{About, Found, KeptHit, Regime, Subject};
use super::names::Names;
use crate::app::App;
use crate::audit::{AuditEvent, EventKind, Outcome};
use crate::registry::{Registry, RegistryError};
use crate::state::{Space, Spent};
use crate::tally::{Tally, day};

/// Days of counts that are compared: a week has every weekday and one Friday.
const DAYS: Duration = Duration::days(7);

/// The hour in Morocco from which the day before is complete on every node.
const FROM_HOUR: u8 = 3;

/// For how long a night's comparison is remembered as made.
const MADE: std::time::Duration = std::time::Duration::from_hours(48);

/// Which stand out between these days, both included, and how (*écarts*).
pub(crate) async fn standing_out(
    tally: &Tally,
    (names, registry): (&Names, &Registry),
    (first, last): (Date, Date),
) -> Result<Vec<(String, Hit)>, RegistryError> {
    // Day by day: one bad night accuses nobody.
    let (mut counts, mut day) = (Vec::new(), first);
    while day <= last {
        counts.extend(tally.between(day, day).await?);
        let Some(next) = day.next_day() else { break };
        day = next;
    }
    let known = counts.into_iter().filter_map(|counts| Some((registry.client(&counts.client)?, counts)));
    let (clients, days): (Vec<_>, Vec<_>) = known
        .map(|(client, counts)| {
            let key = names.establishment(&client.id);
            let acts = Acts {
                presences: counts.presences,
                sessions: counts.sessions,
                claims: counts.claims,
                claims_with_receipt: counts.claims_with_receipt,
                manual: counts.manual,
                break_glass: counts.break_glass,
            };
            ((key, client.id.clone()), EstablishmentDay { key, kind: client.kind, acts })
        })
        .unzip();
    let named = |key: EstablishmentKey| clients.iter().find(|(of, _)| *of == key).map(|(_, id)| id.clone());
    Ok(peers::judge(&days).into_iter().filter_map(|(key, hit)| Some((named(key)?, hit))).collect())
}

/// Compares once a night, on one of all nodes.
pub(super) async fn compare_by_night(app: &App) {
    let at = app.clock.now();
    let today = day(at);
    if day(at - Duration::hours(i64::from(FROM_HOUR))) != today {
        return;
    }
    let Ok(epoch) = app.state.epoch().await else { return };
    let night = format!("peers {today}");
    match app.state.spend(Space::Fraud, &night, MADE, &epoch).await {
        Ok(Spent::First) => {}
        // Another node does, or nobody can say; a memory that was lost compares twice, which changes nothing.
        Ok(Spent::Again) | Err(_) => return,
    }
    let days = (today - DAYS, today - Duration::DAY);
    match standing_out(&app.tally, (&app.fraud.names, &app.registry), days).await {
        Ok(found) => {
            for (client, hit) in found {
                tell(app, client, &hit, at);
            }
        }
        Err(error) => tracing::error!(code = error.code(), "establishments are not compared this night"),
    }
}

fn tell(app: &App, client: String, hit: &Hit, at: OffsetDateTime) {
    let standing = app.fraud.standing();
    let subject = Subject { about: About::Establishment, name: client.clone() };
    if standing.regime(hit.signal) == Regime::Off || !standing.hears(hit, &subject) {
        return;
    }
    let counted = standing.counts(hit.signal);
    app.metrics.fraud_hit(hit.signal.as_str(), counted);
    let mut event = AuditEvent::new(EventKind::RiskSignal, Outcome::Refused, hit.signal.as_str(), at);
    event.client = Some(client.clone());
    event.detail = Some(hit.why.to_string());
    if let Err(error) = app.audit.begin(&event) {
        tracing::error!(code = error.code(), "what stands out is not on record");
    }
    let kept = KeptHit {
        signal: hit.signal.as_str().to_owned(),
        weight: hit.weight,
        counted,
        establishment: Some(client),
        station: None,
        presence: None,
        why: hit.why.to_string(),
        at,
    };
    let score = if counted { hit.weight } else { 0 };
    app.fraud.tell(Found { subject, score, quarantine: false, hits: vec![kept], at }, &app.metrics);
}
