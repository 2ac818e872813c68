//! One thing was seen: does it look wrong, and who is told?

use std::collections::HashMap;

use policies::fraud::{EstablishmentFacts, Hit, Observation, PresenceSeen, WindowKind};
use policies::fraud::{Seen as What, Timing};
use policies::{RiskFacts, RiskSignal};

use super::case::{About, Found, KeptHit, Subject};
use super::look::{self, Seen};
use super::standing::{Standing, about};
use super::told::Told;
use crate::app::App;
use crate::audit::{AuditEvent, EventKind, Outcome};
use crate::problem::ProblemCode;
use crate::refusal::Refusal;
use crate::registry::Client;

/// From this weight on two of a card are about: it is quarantined.
const CERTAIN_OF_TWO: u8 = 60;

/// What a flow saw, in the words of the log (*constat*).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sighting<'a> {
    /// What.
    pub(crate) what: What,
    /// Of which card, by its keyed name.
    pub(crate) card: Option<&'a str>,
    /// The digest of the chip's public key.
    pub(crate) chip: Option<&'a [u8; 32]>,
    /// At which station.
    pub(crate) station: Option<&'a str>,
}

/// Looks at it with all that is remembered. What it came to is on record, in a case, and in the answer, for policy.
///
/// # Errors
/// It cannot be recorded.
pub(crate) async fn observe(
    app: &App,
    client: &Client,
    sighting: Sighting<'_>,
    event: &mut AuditEvent,
) -> Result<RiskFacts, Refusal> {
    let observation = observation(app, client, &sighting, event);
    event.observed = Told::of(&observation).text();
    let standing = app.fraud.standing();
    let subjects = Subjects::new(client, &sighting);
    let wanted: Vec<_> = standing.engine().wanted(&observation).collect();
    // What is wrong by itself is seen without what was before.
    let (mut seen, unknown) = match looked(app, &wanted, event).await {
        Some(seen) => (seen, false),
        None => (Seen::default(), true),
    };
    subjects.forgive(&standing, &mut seen);
    let windows = seen.windows();
    let mut hits = standing.engine().judge(&observation, &windows);
    hits.retain(|hit| subjects.of(hit).is_some_and(|subject| standing.hears(hit, subject)));
    let risk = standing.engine().risk(&observation, &windows, &hits);
    let remembered: Vec<_> = standing.engine().remember(&observation, &windows, &hits).collect();
    if !remembered.is_empty() {
        looked(app, &remembered, event).await;
    }
    if !hits.is_empty() {
        tell(app, &standing, &subjects, (&hits, risk.score), event)?;
    }
    let two = hits.iter().any(|hit| shows_two(hit) && standing.counts(hit.signal));
    let quarantined = two || sighting.card.is_some_and(|card| standing.quarantines(card));
    Ok(RiskFacts { score: risk.score, signals: risk.signals, quarantined, unknown, pin: false })
}

/// What is in those windows; nothing where that could not be had in time.
async fn looked(app: &App, wanted: &[policies::fraud::Wanted], event: &AuditEvent) -> Option<Seen> {
    let started = std::time::Instant::now();
    let seen = look::look(app.state.as_ref(), wanted, event.at).await;
    app.metrics.fraud_looked(seen.is_ok(), started.elapsed());
    match seen {
        Ok(seen) => Some(seen),
        Err(error) => {
            tracing::warn!(code = error.code(), "fraud windows cannot be had");
            None
        }
    }
}

fn observation(app: &App, client: &Client, sighting: &Sighting<'_>, event: &AuditEvent) -> Observation {
    let names = app.fraud.names();
    Observation {
        at: event.at,
        seen: sighting.what,
        card: sighting.card.map(|card| names.card(card)),
        chip: sighting.chip.map(|digest| names.chip(digest)),
        station: sighting.station.map(|station| names.station(&client.id, station)),
        establishment: establishment(app, client),
    }
}

/// What is known of the establishment.
pub(crate) fn establishment(app: &App, client: &Client) -> EstablishmentFacts {
    EstablishmentFacts {
        key: app.fraud.names().establishment(&client.id),
        kind: client.kind,
        position: client.site.position,
        hours: client.site.hours,
        on_duty: false,
        usual_hour: None,
    }
}

/// About what the hits of one sighting can be.
struct Subjects(HashMap<About, Subject>);

impl Subjects {
    fn new(client: &Client, sighting: &Sighting<'_>) -> Self {
        let station = sighting.station.map(|station| format!("{}/{station}", client.id));
        let names = [
            (About::Card, sighting.card.map(str::to_owned)),
            (About::Station, station),
            (About::Establishment, Some(client.id.clone())),
        ];
        let subjects =
            names.into_iter().filter_map(|(about, name)| Some((about, Subject { about, name: name? })));
        Self(subjects.collect())
    }

    fn of(&self, hit: &Hit) -> Option<&Subject> {
        self.0.get(&about(hit))
    }

    fn forgive(&self, standing: &Standing, seen: &mut Seen) {
        for (about, kind) in [(About::Card, WindowKind::CardHits), (About::Station, WindowKind::StationHits)]
        {
            if let (Some(subject), Some(entries)) = (self.0.get(&about), seen.entries(kind)) {
                standing.forgive(subject, entries);
            }
        }
    }
}

/// Writes what looks wrong into the log, at once and in its order, and into cases, soon.
fn tell(
    app: &App,
    standing: &Standing,
    subjects: &Subjects,
    (hits, score): (&[Hit], u8),
    event: &AuditEvent,
) -> Result<(), Refusal> {
    let mut found: HashMap<About, Found> = HashMap::new();
    for hit in hits {
        let Some(subject) = subjects.of(hit) else { continue };
        let counted = standing.counts(hit.signal);
        app.metrics.fraud_hit(hit.signal.as_str(), counted);
        if !app.fraud.is_news(subject, hit.signal, event.at) {
            continue;
        }
        record(app, hit, counted, event)?;
        let case = found.entry(subject.about).or_insert_with(|| Found {
            subject: subject.clone(),
            score: 0,
            quarantine: false,
            hits: Vec::new(),
            at: event.at,
        });
        if counted {
            case.score = case.score.max(if subject.about == About::Card { score } else { hit.weight });
            case.quarantine |= subject.about == About::Card && shows_two(hit);
        }
        case.hits.push(kept(hit, counted, event));
    }
    for found in found.into_values() {
        app.fraud.tell(found, &app.metrics);
    }
    Ok(())
}

/// Whether it says that two of a card are about.
fn shows_two(hit: &Hit) -> bool {
    hit.signal == RiskSignal::TwoCertificates && hit.weight >= CERTAIN_OF_TWO
}

fn kept(hit: &Hit, counted: bool, event: &AuditEvent) -> KeptHit {
    KeptHit {
        signal: hit.signal.as_str().to_owned(),
        weight: hit.weight,
        counted,
        establishment: event.client.clone(),
        station: event.station.clone(),
        presence: event.presence,
        why: hit.why.to_string(),
        at: event.at,
    }
}

/// Leaves an event of its own for those who look for fraud; the writer keeps the order of the queue, so it is
/// durable before the answer that follows it is given.
fn record(app: &App, hit: &Hit, counted: bool, about: &AuditEvent) -> Result<(), Refusal> {
    let mut event = about.clone();
    event.kind = EventKind::RiskSignal;
    event.outcome = Outcome::Refused;
    event.code = hit.signal.as_str().into();
    event.observed = None;
    let why = if counted { hit.why.to_string() } else { format!("on trial: {}", hit.why) };
    event.detail = Some(event.detail.map_or(why.clone(), |detail| format!("{detail}; {why}")));
    // The recording goes on without us; the event behind it in the same queue is what is waited for.
    let _recording = app
        .audit
        .begin(&event)
        .map_err(|error| Refusal::exactly(ProblemCode::AuditUnavailable, error.code()))?;
    Ok(())
}

/// What a proven presence showed besides itself.
pub(crate) fn presence_seen(
    app: &App,
    proof: &card_reader::PresenceProof,
    reported: bool,
    timing: Option<Timing>,
) -> What {
    let certificate = Some(app.fraud.names().certificate(proof.card().security_object_digest()));
    What::Presence(PresenceSeen { certificate, reported, timing })
}
