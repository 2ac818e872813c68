//! With which statements are withdrawals kept? The same table in both engines.

use time::OffsetDateTime;
use uuid::Uuid;

use super::{Withdrawn, reason};
use crate::registry::RegistryError;
use crate::store::{Row, Statement, Store};
use crate::token::StatusReference;

/// Something that was withdrawn, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Withdrawal {
    pub(crate) what: Withdrawn,
    /// Why: a stable code.
    pub(crate) reason: &'static str,
    /// Where the status of that session is published.
    pub(crate) place: Option<StatusReference>,
    /// What was issued later is not meant.
    pub(crate) issued_before: OffsetDateTime,
    /// Afterwards everything that is meant is refused by its own date.
    pub(crate) expires_at: OffsetDateTime,
}

/// A withdrawal that was read. Whoever has read number `n` never meets a smaller one that was not there then.
#[derive(Clone, Debug)]
pub(super) struct Numbered {
    pub(super) number: i64,
    /// When it was written, by the database's clock, in microseconds since 1970.
    pub(super) recorded_at: i64,
    pub(super) withdrawal: Withdrawal,
}

/// One reading.
#[derive(Clone, Debug)]
pub(super) struct Page {
    /// The database's clock at that reading, in microseconds since 1970.
    pub(super) now: i64,
    /// What is new, oldest first; at most [`PAGE_ROWS`].
    pub(super) rows: Vec<Numbered>,
}

/// Rows of one reading.
pub(super) const PAGE_ROWS: usize = 10_000;

/// PostgreSQL: number and moment are the trigger's. Twice is as once: it is withdrawn.
const APPEND: [&str; 2] = [
    "INSERT INTO withdrawal \
     (kind, name, reason, status_list, status_index, issued_before, expires_at, recorded_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, CAST(unixepoch('subsec') * 1000000 AS INTEGER))",
    "INSERT INTO withdrawal \
     (kind, name, reason, status_list, status_index, issued_before, expires_at, number, recorded_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0)",
];

/// The clock is read also where there is no row.
const AFTER: [&str; 2] = [
    "SELECT clock.now, number, kind, name, reason, status_list, status_index, issued_before, recorded_at, \
     expires_at FROM (SELECT CAST(unixepoch('subsec') * 1000000 AS INTEGER) AS now) clock \
     LEFT JOIN withdrawal ON number > $1 AND expires_at > $2 ORDER BY number LIMIT $3",
    "SELECT clock.now, number, kind, name, reason, status_list, status_index, issued_before, recorded_at, \
     expires_at FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now) clock \
     LEFT JOIN withdrawal ON number > $1 AND expires_at > $2 ORDER BY number LIMIT $3",
];

const SWEEP: &str = "DELETE FROM withdrawal WHERE expires_at < $1";

fn of_each(texts: [&'static str; 2]) -> Statement {
    let [sqlite, postgres] = texts;
    Statement::of_each(sqlite, postgres)
}

/// Writes one down, durably.
pub(super) async fn append(store: &Store, withdrawal: &Withdrawal) -> Result<(), RegistryError> {
    let statement = of_each(APPEND)
        .bind(withdrawal.what.kind())
        .bind(withdrawal.what.name())
        .bind(withdrawal.reason)
        .bind(withdrawal.place.map(|place| i64::from(place.list)))
        .bind(withdrawal.place.map(|place| i64::from(place.index)))
        .bind(withdrawal.issued_before)
        .bind(withdrawal.expires_at);
    store.write(statement).await?;
    Ok(())
}

/// What was withdrawn after that number and has not expired at that moment.
pub(super) async fn after(store: &Store, number: i64, at: OffsetDateTime) -> Result<Page, RegistryError> {
    let limit = i64::try_from(PAGE_ROWS).unwrap_or(i64::MAX);
    let found = store.read(of_each(AFTER).bind(number).bind(at).bind(limit)).await?;
    let first = found.first().ok_or(RegistryError::Malformed("clock"))?;
    let now = first.int("now")?;
    let rows = found.iter().map(numbered).filter_map(Result::transpose).collect::<Result<_, _>>()?;
    Ok(Page { now, rows })
}

/// Forgets what expired before that moment.
pub(super) async fn sweep(store: &Store, before: OffsetDateTime) -> Result<(), RegistryError> {
    store.write(Statement::new(SWEEP).bind(before)).await?;
    Ok(())
}

/// Nothing for the row that only brings the clock.
fn numbered(row: &Row) -> Result<Option<Numbered>, RegistryError> {
    let Some(number) = row.optional_int("number")? else { return Ok(None) };
    let what = Withdrawn::parse(row.text("kind")?, row.text("name")?)
        .ok_or(RegistryError::Malformed("withdrawal.kind"))?;
    let part = |column| row.optional_int(column).map(|part| part.and_then(|part| u32::try_from(part).ok()));
    let place = match (part("status_list")?, part("status_index")?) {
        (Some(list), Some(index)) => Some(StatusReference { list, index }),
        _ => None,
    };
    let withdrawal = Withdrawal {
        what,
        reason: reason(row.text("reason")?),
        place,
        issued_before: instant(row.int("issued_before")?)?,
        expires_at: instant(row.int("expires_at")?)?,
    };
    Ok(Some(Numbered { number, recorded_at: row.int("recorded_at")?, withdrawal }))
}

fn instant(micros: i64) -> Result<OffsetDateTime, RegistryError> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000)
        .map_err(|_| RegistryError::Malformed("withdrawal time"))
}

impl Withdrawn {
    /// The kind's name in the store, in logs and in figures.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Session(_) => "session",
            Self::Client(_) => "client",
            Self::Card(_) => "card",
            Self::Patient(_) => "patient",
            Self::Consent { .. } => "consent",
            Self::Key(_) => "key",
        }
    }

    /// Its name in the store. A subject has no space.
    fn name(&self) -> String {
        match self {
            Self::Session(id) => id.to_string(),
            Self::Client(name) | Self::Card(name) | Self::Patient(name) | Self::Key(name) => name.clone(),
            Self::Consent { subject, establishment } => format!("{subject} {establishment}"),
        }
    }

    /// What these two words mean. A kind of a later version is an error: a node that cannot honour a withdrawal must
    /// not go on as if there were none.
    fn parse(kind: &str, name: &str) -> Option<Self> {
        Some(match kind {
            "session" => Self::Session(Uuid::parse_str(name).ok()?),
            "client" => Self::Client(name.to_owned()),
            "card" => Self::Card(name.to_owned()),
            "patient" => Self::Patient(name.to_owned()),
            "key" => Self::Key(name.to_owned()),
            "consent" => {
                let (subject, establishment) = name.split_once(' ')?;
                Self::Consent { subject: subject.to_owned(), establishment: establishment.to_owned() }
            }
            _ => return None,
        })
    }
}
