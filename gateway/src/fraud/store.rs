//! With which statements are cases kept? The same tables in both engines; twice is as once.

mod reading;

use time::OffsetDateTime;
use uuid::Uuid;

use super::FraudError;
use super::case::{CaseState, Found, KeptHit, Label, Regime};
use crate::limits::FRAUD_HITS_PER_SIGNAL_MAX;
use crate::store::{Statement, Store};

pub use reading::{Filter, Rulings, case, cases, hits, notes, regimes, rulings, worth};

const OPEN: &str = "INSERT INTO fraud_case (id, about, name, score, quarantined, opened_at, seen_at, ruled_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $6, $6) \
    ON CONFLICT (about, name) WHERE state <> 'closed' DO UPDATE SET \
    score = CASE WHEN excluded.score > fraud_case.score THEN excluded.score ELSE fraud_case.score END, \
    seen_at = CASE WHEN excluded.seen_at > fraud_case.seen_at THEN excluded.seen_at \
        ELSE fraud_case.seen_at END, \
    ruled_at = CASE WHEN excluded.quarantined > fraud_case.quarantined THEN excluded.ruled_at \
        ELSE fraud_case.ruled_at END, \
    quarantined = CASE WHEN excluded.quarantined = 1 THEN 1 ELSE fraud_case.quarantined END";

/// A case that is never looked at does not grow for ever.
const HIT: &str = "INSERT INTO fraud_hit \
    (id, case_id, signal, weight, counted, establishment, station, presence, why, at) \
    SELECT $1, fraud_case.id, $2, $3, $4, $5, $6, $7, $8, $9 FROM fraud_case \
    WHERE about = $10 AND name = $11 AND state <> 'closed' \
    AND (SELECT count(*) FROM fraud_hit WHERE case_id = fraud_case.id AND signal = $2) < $12 \
    ON CONFLICT (id) DO NOTHING";

const NOTE: &str = "INSERT INTO fraud_note (id, case_id, at, sealed) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (id) DO NOTHING";
const LOOKED_AT: &str = "UPDATE fraud_case SET state = 'under-review' WHERE id = $1 AND state = 'open'";

/// A card that was honest, or of which nobody will ever know, is free again. One that was a fraud's stays as it is.
const LABEL: &str = "UPDATE fraud_case SET state = 'closed', label = $2, labelled_by = $3, ruled_at = $4, \
    quarantined = CASE WHEN $2 = 'fraud' THEN quarantined ELSE 0 END WHERE id = $1";

const REGIME: &str = "INSERT INTO fraud_signal (signal, standing, ruled_at) VALUES ($1, $2, $3) \
    ON CONFLICT (signal) DO UPDATE SET standing = excluded.standing, ruled_at = excluded.ruled_at";

/// Writes down what was found: into the running case about it, or into a new one.
pub async fn record(store: &Store, found: &Found) -> Result<(), FraudError> {
    let Found { subject, score, quarantine, hits, at } = found;
    let open = Statement::new(OPEN)
        .bind(Uuid::new_v4())
        .bind(subject.about.as_str())
        .bind(subject.name.as_str())
        .bind(i64::from(*score))
        .bind(i64::from(*quarantine))
        .bind(*at);
    let hits = hits.iter().map(|hit| of_hit(hit).bind(subject.about.as_str()).bind(subject.name.as_str()));
    let hits = hits.map(|statement| statement.bind(FRAUD_HITS_PER_SIGNAL_MAX));
    store.transaction(std::iter::once(open).chain(hits).collect()).await?;
    Ok(())
}

fn of_hit(hit: &KeptHit) -> Statement {
    Statement::new(HIT)
        .bind(Uuid::new_v4())
        .bind(hit.signal.as_str())
        .bind(i64::from(hit.weight))
        .bind(i64::from(hit.counted))
        .bind(hit.establishment.as_deref())
        .bind(hit.station.as_deref())
        .bind(hit.presence.map(|presence| presence.to_string()))
        .bind(hit.why.as_str())
        .bind(hit.at)
}

/// Adds a note, sealed already, to a case that is there; somebody looks at it now.
pub async fn note(
    store: &Store,
    (case, note): (Uuid, Uuid),
    sealed: &[u8],
    at: OffsetDateTime,
) -> Result<(), FraudError> {
    let written = Statement::new(NOTE).bind(note).bind(case).bind(at).bind(sealed);
    store.transaction(vec![written, Statement::new(LOOKED_AT).bind(case)]).await?;
    Ok(())
}

/// Says what it was. Whether there is such a case.
pub async fn label(
    store: &Store,
    case: Uuid,
    (label, by): (Label, &str),
    at: OffsetDateTime,
) -> Result<Option<CaseState>, FraudError> {
    let statement = Statement::new(LABEL).bind(case).bind(label.as_str()).bind(by).bind(at);
    Ok((store.write(statement).await? > 0).then_some(CaseState::Closed))
}

/// Says what the hits of a signal are worth from now on.
pub async fn set_regime(
    store: &Store,
    signal: &str,
    regime: Regime,
    at: OffsetDateTime,
) -> Result<(), FraudError> {
    store.write(Statement::new(REGIME).bind(signal).bind(regime.as_str()).bind(at)).await?;
    Ok(())
}
