//! How large is the registry? Counts, no names.

use serde::Serialize;

use super::RegistryError;
use crate::store::{Statement, Store};

const COUNTS: &str = "SELECT (SELECT count(*) FROM patient) AS patients, \
    (SELECT count(national_number_index) FROM patient) AS with_card, \
    (SELECT count(*) FROM guardianship) AS guardianships, (SELECT count(*) FROM card_report) AS card_reports, \
    (SELECT count(*) FROM client) AS clients, \
    CAST((SELECT coalesce(max(sealed), 0) FROM registry_import) AS BIGINT) AS sealed";

/// How much of what the registry knows (*effectifs*).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RegistryStats {
    /// Patients.
    pub patients: u64,
    /// Those who can present a card.
    pub with_card: u64,
    /// Guardian and dependant.
    pub guardianships: u64,
    /// Cards reported lost, stolen or withdrawn.
    pub card_reports: u64,
    /// Registered clients.
    pub clients: u64,
    /// Lines of all imports so far: how often sealing keys were used at most. Each may 2³² times.
    pub sealed: u64,
}

pub(super) async fn of(store: &Store) -> Result<RegistryStats, RegistryError> {
    let rows = store.read(Statement::new(COUNTS).slow()).await?;
    let row = rows.first().ok_or(RegistryError::Malformed("counts"))?;
    let number = |name: &str| row.int(name).map(i64::unsigned_abs);
    Ok(RegistryStats {
        patients: number("patients")?,
        with_card: number("with_card")?,
        guardianships: number("guardianships")?,
        card_reports: number("card_reports")?,
        clients: number("clients")?,
        sealed: number("sealed")?,
    })
}
