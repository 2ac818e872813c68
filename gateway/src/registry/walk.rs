//! How is every patient seen once, without holding the country in memory?

use super::{HealthId, Registry, RegistryError, store};
use crate::store::Statement;

/// Patients of one page, in the order of their subjects: some hundred octets each.
const PAGE: [&str; 2] = [
    "SELECT lower(hex(subject)) AS subject, health_id FROM patient WHERE patient.subject > unhex($1) \
    ORDER BY patient.subject LIMIT 4096",
    "SELECT subject, health_id FROM patient WHERE subject > $1 ORDER BY subject LIMIT 4096",
];
const COUNT: &str = "SELECT count(*) AS patients FROM patient";

/// A patient on the way through the registry.
pub(crate) struct Walked {
    /// The name at the gateway itself.
    pub(crate) subject: String,
    /// The identifiant santé.
    pub(crate) health_id: HealthId,
}

impl Registry {
    /// The patients after this subject, in order; none at the end. After none: the first.
    pub(crate) async fn patients_after(&self, subject: &str) -> Result<Vec<Walked>, RegistryError> {
        let page = Statement::of_each(PAGE[0], PAGE[1]).bind(subject).slow();
        let rows = self.store.read(page).await?;
        let walked = rows.iter().map(|row| {
            let subject = row.text("subject")?.to_owned();
            let health_id = self.sealer.opened(row.bytes("health_id")?, &subject)?;
            Ok(Walked { subject, health_id })
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
