//! What do the tables of cases say?

use std::collections::HashMap;

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::fraud::FraudError;
use crate::fraud::case::{About, Case, CaseState, KeptHit, Label, Regime, Subject, Worth};
use crate::limits::FRAUD_RULINGS_MAX;
use crate::store::{DatabaseError, Row, Statement, Store};

/// Which cases are asked for.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only those.
    pub state: Option<CaseState>,
    /// Only those with hits of that signal.
    pub signal: Option<String>,
    /// At most so many, the highest score first.
    pub most: u32,
}

/// What gateways must know before they score (*décisions des enquêteurs*).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rulings {
    /// The last change: nothing is read again before there is another.
    pub of: i64,
    /// Signals that an operator ruled on.
    pub regimes: HashMap<String, Regime>,
    /// Cards that need their PIN for everything.
    pub quarantined: Vec<String>,
    /// Signals that were lately found to be mistaken about that subject.
    pub mistaken: Vec<(Subject, String)>,
}

const CASES: &str = "SELECT id, about, name, state, label, labelled_by, score, quarantined, opened_at, seen_at \
    FROM fraud_case WHERE ($1 = '' OR state = $1) AND ($2 = '' OR EXISTS \
    (SELECT 1 FROM fraud_hit WHERE case_id = fraud_case.id AND signal = $2)) \
    ORDER BY score DESC, seen_at DESC LIMIT $3";
const CASE: &str = "SELECT id, about, name, state, label, labelled_by, score, quarantined, opened_at, seen_at \
    FROM fraud_case WHERE id = $1";
const HITS: &str = "SELECT signal, weight, counted, establishment, station, presence, why, at \
    FROM fraud_hit WHERE case_id = $1 ORDER BY at, signal LIMIT 10000";
const NOTES: &str = "SELECT id, at, sealed FROM fraud_note WHERE case_id = $1 ORDER BY at, id LIMIT 10000";
const WORTH: &str = "SELECT signal, CAST(sum(hits) AS BIGINT) AS hits, count(*) AS cases, \
    CAST(sum(CASE WHEN label = 'fraud' THEN 1 ELSE 0 END) AS BIGINT) AS fraud, \
    CAST(sum(CASE WHEN label = 'honest' THEN 1 ELSE 0 END) AS BIGINT) AS honest FROM \
    (SELECT signal, case_id, label, count(*) AS hits FROM fraud_hit \
    JOIN fraud_case ON fraud_case.id = case_id GROUP BY signal, case_id, label) spoke \
    GROUP BY signal ORDER BY signal";
const REGIMES: &str = "SELECT signal, standing FROM fraud_signal ORDER BY signal LIMIT 1000";
const RULED: &str = "SELECT CAST(coalesce(max(ruled_at), 0) AS BIGINT) AS ruled FROM \
    (SELECT max(ruled_at) AS ruled_at FROM fraud_case UNION ALL SELECT max(ruled_at) FROM fraud_signal) ruled";
const QUARANTINED: &str =
    "SELECT name FROM fraud_case WHERE quarantined = 1 AND about = 'card' ORDER BY seen_at DESC LIMIT $1";
const MISTAKEN: &str = "SELECT DISTINCT about, name, signal FROM fraud_case \
    JOIN fraud_hit ON case_id = fraud_case.id WHERE label = 'honest' AND ruled_at > $1 LIMIT $2";

/// A change may become visible a moment after a later one did: until then all is read again.
const UNSETTLED: Duration = Duration::seconds(10);

/// For how long the signals of an honest case are not held against the same card or counter again.
const MISTAKEN_FOR: Duration = Duration::days(30);

/// The cases, the highest score first.
pub async fn cases(store: &Store, filter: &Filter) -> Result<Vec<Case>, FraudError> {
    let statement = Statement::new(CASES)
        .bind(filter.state.map_or("", CaseState::as_str))
        .bind(filter.signal.as_deref().unwrap_or_default())
        .bind(i64::from(filter.most))
        .slow();
    store.read(statement).await?.iter().map(of_case).collect()
}

/// One case.
pub async fn case(store: &Store, id: Uuid) -> Result<Option<Case>, FraudError> {
    store.read(Statement::new(CASE).bind(id)).await?.first().map(of_case).transpose()
}

/// What was said in it, oldest first.
pub async fn hits(store: &Store, case: Uuid) -> Result<Vec<KeptHit>, FraudError> {
    store.read(Statement::new(HITS).bind(case)).await?.iter().map(of_hit).collect()
}

/// Its notes, sealed, oldest first: id, when, octets.
pub async fn notes(store: &Store, case: Uuid) -> Result<Vec<(Uuid, OffsetDateTime, Vec<u8>)>, FraudError> {
    let rows = store.read(Statement::new(NOTES).bind(case)).await?;
    rows.iter().map(|row| Ok((id(row, "id")?, instant(row, "at")?, row.bytes("sealed")?.to_vec()))).collect()
}

/// What every signal that spoke was worth.
pub async fn worth(store: &Store) -> Result<Vec<Worth>, FraudError> {
    let rows = store.read(Statement::new(WORTH).slow()).await?;
    let count = |row: &Row, column| Ok::<_, DatabaseError>(u64::try_from(row.int(column)?).unwrap_or(0));
    rows.iter()
        .map(|row| {
            Ok(Worth {
                signal: row.text("signal")?.to_owned(),
                hits: count(row, "hits")?,
                cases: count(row, "cases")?,
                fraud: count(row, "fraud")?,
                honest: count(row, "honest")?,
            })
        })
        .collect()
}

/// What operators ruled of signals.
pub async fn regimes(store: &Store) -> Result<HashMap<String, Regime>, FraudError> {
    let rows = store.read(Statement::new(REGIMES)).await?;
    let regime = |row: &Row| Ok((row.text("signal")?.to_owned(), word(row, "standing", Regime::parse)?));
    rows.iter().map(regime).collect()
}

/// What was ruled; nothing, where it is what is known already.
pub async fn rulings(store: &Store, known: i64, at: OffsetDateTime) -> Result<Option<Rulings>, FraudError> {
    let ruled = store.read(Statement::new(RULED)).await?;
    let of = ruled.first().map(|row| row.int("ruled")).transpose()?.unwrap_or_default();
    if of == known && of < crate::audit::unix_micros(at - UNSETTLED) {
        return Ok(None);
    }
    let most = FRAUD_RULINGS_MAX;
    let quarantined = store.read(Statement::new(QUARANTINED).bind(most)).await?;
    let quarantined = quarantined.iter().map(|row| Ok(row.text("name")?.to_owned()));
    let mistaken = store.read(Statement::new(MISTAKEN).bind(at - MISTAKEN_FOR).bind(most)).await?;
    let mistaken = mistaken.iter().map(|row| Ok((subject(row)?, row.text("signal")?.to_owned())));
    Ok(Some(Rulings {
        of,
        regimes: regimes(store).await?,
        quarantined: quarantined.collect::<Result<_, FraudError>>()?,
        mistaken: mistaken.collect::<Result<_, FraudError>>()?,
    }))
}

fn of_case(row: &Row) -> Result<Case, FraudError> {
    Ok(Case {
        id: id(row, "id")?,
        subject: subject(row)?,
        state: word(row, "state", CaseState::parse)?,
        label: row
            .optional_text("label")?
            .map(|label| Label::parse(label).ok_or(FraudError::Malformed("label")))
            .transpose()?,
        labelled_by: row.optional_text("labelled_by")?.map(str::to_owned),
        score: small(row, "score")?,
        quarantined: row.int("quarantined")? == 1,
        opened_at: instant(row, "opened_at")?,
        seen_at: instant(row, "seen_at")?,
    })
}

fn of_hit(row: &Row) -> Result<KeptHit, FraudError> {
    let presence = row.optional_text("presence")?.map(Uuid::parse_str).transpose();
    Ok(KeptHit {
        signal: row.text("signal")?.to_owned(),
        weight: small(row, "weight")?,
        counted: row.int("counted")? == 1,
        establishment: row.optional_text("establishment")?.map(str::to_owned),
        station: row.optional_text("station")?.map(str::to_owned),
        presence: presence.map_err(|_| FraudError::Malformed("presence"))?,
        why: row.text("why")?.to_owned(),
        at: instant(row, "at")?,
    })
}

fn subject(row: &Row) -> Result<Subject, FraudError> {
    Ok(Subject { about: word(row, "about", About::parse)?, name: row.text("name")?.to_owned() })
}

fn word<T>(row: &Row, column: &'static str, parse: fn(&str) -> Option<T>) -> Result<T, FraudError> {
    parse(row.text(column)?).ok_or(FraudError::Malformed(column))
}

fn id(row: &Row, column: &'static str) -> Result<Uuid, FraudError> {
    Uuid::parse_str(row.text(column)?).map_err(|_| FraudError::Malformed(column))
}

fn small(row: &Row, column: &'static str) -> Result<u8, FraudError> {
    u8::try_from(row.int(column)?).map_err(|_| FraudError::Malformed(column))
}

fn instant(row: &Row, column: &'static str) -> Result<OffsetDateTime, FraudError> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(row.int(column)?) * 1_000)
        .map_err(|_| FraudError::Malformed(column))
}
