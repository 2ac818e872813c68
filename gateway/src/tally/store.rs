//! With which statements are the counts kept? The same table in both engines.

use serde::Serialize;
use time::Date;
use time::macros::format_description;
use uuid::Uuid;

use super::Counted;
use crate::registry::RegistryError;
use crate::store::{Row, Statement, Store};

/// Rows of one transaction: counters wait for the one writer of SQLite meanwhile.
const ROWS: usize = 200;

/// Counts only grow, so a statement that is asked again, or comes late, changes nothing.
const WRITE: [&str; 2] = [
    "INSERT INTO establishment_day \
        (client, day, run, presences, sessions, claims, claims_with_receipt, manual, break_glass) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (day, client, run) DO UPDATE SET \
        presences = max(establishment_day.presences, excluded.presences), \
        sessions = max(establishment_day.sessions, excluded.sessions), \
        claims = max(establishment_day.claims, excluded.claims), \
        claims_with_receipt = max(establishment_day.claims_with_receipt, excluded.claims_with_receipt), \
        manual = max(establishment_day.manual, excluded.manual), \
        break_glass = max(establishment_day.break_glass, excluded.break_glass)",
    "INSERT INTO establishment_day \
        (client, day, run, presences, sessions, claims, claims_with_receipt, manual, break_glass) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (day, client, run) DO UPDATE SET \
        presences = greatest(establishment_day.presences, excluded.presences), \
        sessions = greatest(establishment_day.sessions, excluded.sessions), \
        claims = greatest(establishment_day.claims, excluded.claims), \
        claims_with_receipt = greatest(establishment_day.claims_with_receipt, excluded.claims_with_receipt), \
        manual = greatest(establishment_day.manual, excluded.manual), \
        break_glass = greatest(establishment_day.break_glass, excluded.break_glass)",
];

const BETWEEN: &str = "SELECT client, CAST(sum(presences) AS BIGINT) AS presences, \
    CAST(sum(sessions) AS BIGINT) AS sessions, CAST(sum(claims) AS BIGINT) AS claims, \
    CAST(sum(claims_with_receipt) AS BIGINT) AS claims_with_receipt, CAST(sum(manual) AS BIGINT) AS manual, \
    CAST(sum(break_glass) AS BIGINT) AS break_glass \
    FROM establishment_day WHERE day >= $1 AND day <= $2 GROUP BY client ORDER BY client";

/// What one establishment did in a span of days, on all nodes (*activité*).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EstablishmentCounts {
    /// The registered client.
    pub client: String,
    /// Cards whose files were believed.
    pub presences: u64,
    /// Sessions that a chip opened.
    pub sessions: u64,
    /// Claims that were sent, accepted or not.
    pub claims: u64,
    /// Claims whose receipt was sound.
    pub claims_with_receipt: u64,
    /// Accesses without any card.
    pub manual: u64,
    /// Emergency accesses, with a card or without.
    pub break_glass: u64,
}

impl EstablishmentCounts {
    /// Of a hundred patients who were served, for how many the chip was read, rounded down; nothing where nobody was.
    #[must_use]
    pub fn chip_read_percent(&self) -> Option<u64> {
        let all = self.sessions.checked_add(self.manual).filter(|all| *all > 0)?;
        self.sessions.checked_mul(100)?.checked_div(all)
    }
}

/// Rows of one run, absolute.
pub(super) async fn write_down(
    store: &Store,
    run: Uuid,
    rows: &[((Date, String), [u32; Counted::ALL.len()])],
) -> Result<(), RegistryError> {
    for some in rows.chunks(ROWS) {
        let statements = some.iter().map(|((day, client), counts)| {
            let statement = Statement::of_each(WRITE[0], WRITE[1]).bind(client.as_str()).bind(text(*day)?);
            Ok(counts.iter().fold(statement.bind(run), |statement, count| statement.bind(i64::from(*count))))
        });
        store.transaction(statements.collect::<Result<_, RegistryError>>()?).await?;
    }
    Ok(())
}

pub(super) async fn between(
    store: &Store,
    first: Date,
    last: Date,
) -> Result<Vec<EstablishmentCounts>, RegistryError> {
    let asked = Statement::new(BETWEEN).bind(text(first)?).bind(text(last)?).slow();
    store.read(asked).await?.iter().map(counts).collect()
}

fn counts(row: &Row) -> Result<EstablishmentCounts, RegistryError> {
    let number = |column: &str| row.int(column).map(i64::unsigned_abs);
    Ok(EstablishmentCounts {
        client: row.text("client")?.to_owned(),
        presences: number("presences")?,
        sessions: number("sessions")?,
        claims: number("claims")?,
        claims_with_receipt: number("claims_with_receipt")?,
        manual: number("manual")?,
        break_glass: number("break_glass")?,
    })
}

fn text(day: Date) -> Result<String, RegistryError> {
    day.format(format_description!("[year]-[month]-[day]"))
        .map_err(|_| RegistryError::Malformed("establishment_day.day"))
}
