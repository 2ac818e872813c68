//! How is every patient seen once, without holding the country in memory?

use hsm_config::KeyRole;

use super::{HealthId, Registry, RegistryError, store};
use crate::store::Statement;

/// Patients of one page: some hundred octets each.
const PAGE: &str = "SELECT id, subject, health_id FROM patient WHERE id > $1 ORDER BY id LIMIT 4096";
const COUNT: &str = "SELECT count(*) AS patients FROM patient";

/// A patient on the way through the registry.
pub(crate) struct Walked {
    /// The place of the row: where the next page begins.
    pub(crate) row: i64,
    /// The name at the gateway itself.
    pub(crate) subject: String,
    /// The identifiant santé.
    pub(crate) health_id: HealthId,
}

impl Registry {
    /// The patients after this row, in order; none at the end.
    pub(crate) async fn patients_after(&self, row: i64) -> Result<Vec<Walked>, RegistryError> {
        let rows = self.store.read(Statement::new(PAGE).bind(row).slow()).await?;
        let walked = rows.iter().map(|row| {
            let subject = row.text("subject")?.to_owned();
            let opened =
                self.signer.open(KeyRole::RegistrySealing, row.bytes("health_id")?, subject.as_bytes())?;
            let health_id = std::str::from_utf8(&opened).ok().and_then(HealthId::parse);
            let health_id = health_id.ok_or(RegistryError::Malformed("health_id"))?;
            Ok(Walked { row: row.int("id")?, subject, health_id })
        });
        walked.collect()
    }

    /// How many there are.
    pub(crate) async fn patient_count(&self) -> Result<u64, RegistryError> {
        let rows = self.store.read(Statement::new(COUNT).slow()).await?;
        let count = rows.first().map(|row| row.int("patients")).transpose()?.unwrap_or_default();
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// Another number as soon as any patient was changed.
    pub(crate) async fn patients_version(&self) -> Result<i64, RegistryError> {
        Ok(store::versions(&self.store).await?.patients)
    }
}
