//! Who is this patient, who is this client?
//!
//! A national number is never a key by itself: whoever looks a person up shows a [`PresenceProof`], the
//! number in it is turned into a keyed hash, and the answer is a pseudonym and a sealed identifier.

mod health_id;
mod holder;
pub mod import;
mod rows;
mod seal;
mod snapshot;
mod stats;
mod store;
#[cfg(test)]
mod tests;
mod types;
mod walk;

use std::sync::Arc;

use arc_swap::ArcSwap;
use card_reader::PresenceProof;
use hsm_config::Signer;
use pki::hot_list::CardDigest;
use quick_cache::sync::Cache;
use time::OffsetDateTime;

use crate::store::Store;
use crate::token::Tokens;
use crate::trust::hot_list::card_digest;

pub use health_id::HealthId;
pub use policies::CoverageScheme;
pub use seal::Sealer;
use snapshot::Snapshot;
pub use stats::RegistryStats;
pub use types::{
    CardReport, Client, Coverage, Dependant, NewPatient, Patient, Presented, RegistryError, Relationship,
    Site, majority,
};

/// For whom the registry names patients: the gateway itself. Not the issuer's URL, which an operator may move;
/// the names in the registry stay.
pub const SUBJECT_AUDIENCE: &str = "bawaba";

/// Patients kept in memory for the access path: those who are at a counter now, not the country.
const PATIENTS_CACHED: usize = 10_000;

/// Patients seen lately, by subject. A whole one is thrown away when patients change: what was asked before the change
/// and is answered after it goes into the one that is gone, never into its successor.
type Patients = Cache<String, Arc<Patient>>;

/// The registry (*registre*): patients, guardianships, card reports, clients.
///
/// What the access path asks ([`client`](Self::client),
/// [`patient_by_subject`](Self::patient_by_subject)) is answered from memory; [`refresh`](Self::refresh)
/// brings in what another process changed.
pub struct Registry {
    store: Store,
    sealer: Sealer,
    snapshot: Snapshot,
    patients: ArcSwap<Patients>,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Registry")
    }
}

impl Registry {
    /// Opens the registry of this database. `audience` is the gateway's own, for which subjects are derived.
    pub async fn open(
        store: Store,
        signer: Arc<dyn Signer>,
        tokens: Arc<Tokens>,
        audience: String,
    ) -> Result<Self, RegistryError> {
        let registry = Self {
            store,
            sealer: Sealer::new(signer, tokens, audience),
            snapshot: Snapshot::default(),
            patients: ArcSwap::from_pointee(Patients::new(PATIENTS_CACHED)),
        };
        registry.refresh().await?;
        Ok(registry)
    }

    /// Who holds the card that was here, what was reported about it, whom the holder may represent.
    pub async fn presented(&self, proof: &PresenceProof) -> Result<Presented, RegistryError> {
        let number = self.sealer.national_number(proof.card().national_number())?;
        let document = self.index(b"document-number", proof.card().document_number())?;
        let lately = self.lately();
        let rows = store::presented(&self.store, &number, &document).await?;
        Ok(Presented {
            holder: rows.holder.map(|row| self.opened(row, &lately)).transpose()?,
            card: card_name(&document),
            report: rows.report,
            dependants: rows
                .dependants
                .into_iter()
                .map(|(relationship, row)| {
                    Ok(Dependant { relationship, patient: (*self.opened(row, &lately)?).clone() })
                })
                .collect::<Result<_, RegistryError>>()?,
        })
    }

    /// The patient of a session, by the `sub` of its verified token. From memory, where it was seen lately.
    pub async fn patient_by_subject(&self, subject: &str) -> Result<Option<Arc<Patient>>, RegistryError> {
        let lately = self.lately();
        if let Some(patient) = lately.get(subject) {
            return Ok(Some(patient));
        }
        let found = store::patient_by_subject(&self.store, subject).await?;
        found.map(|row| self.opened(row, &lately)).transpose()
    }

    /// The client of that id. From memory.
    #[must_use]
    pub fn client(&self, id: &str) -> Option<Arc<Client>> {
        self.snapshot.client(id)
    }

    /// The client whose key has this RFC 7638 thumbprint. From memory.
    #[must_use]
    pub fn client_by_key(&self, thumbprint: &str) -> Option<Arc<Client>> {
        self.snapshot.client_by_key(thumbprint)
    }

    /// Every registered client, by id. From memory; for operators.
    #[must_use]
    pub fn clients(&self) -> Vec<Arc<Client>> {
        self.snapshot.clients()
    }

    /// Takes over what changed in the database since the last time; a background task calls it every second.
    pub async fn refresh(&self) -> Result<(), RegistryError> {
        if self.snapshot.refresh(&self.store).await? {
            self.patients.store(Arc::new(Patients::new(PATIENTS_CACHED)));
        }
        Ok(())
    }

    /// Whether the database answers, for `/readyz`.
    pub async fn ping(&self) -> Result<(), RegistryError> {
        Ok(self.store.ping().await?)
    }

    /// Enrols a patient or brings the entry up to date; says the subject at the gateway. For operators.
    pub async fn enrol(&self, patient: &NewPatient) -> Result<String, RegistryError> {
        let number = patient.national_number.as_ref();
        let index = number.map(|number| self.sealer.national_number(number)).transpose()?;
        let subject = self.sealer.subject(&patient.health_id)?;
        let sealed = self.sealer.sealed(&patient.health_id, &subject)?;
        store::enrol(&self.store, index.as_ref().map(<[u8; 32]>::as_slice), &subject, &sealed, patient)
            .await?;
        self.patients.load().remove(&subject);
        Ok(subject)
    }

    /// Says that one patient may represent another, both by their subject. For operators.
    pub async fn link_guardian(
        &self,
        guardian: &str,
        dependant: &str,
        relationship: Relationship,
    ) -> Result<(), RegistryError> {
        store::link_guardian(&self.store, guardian, dependant, relationship).await
    }

    /// What one patient is to another who may represent them, both by their subject.
    pub async fn guardianship(
        &self,
        guardian: &str,
        dependant: &str,
    ) -> Result<Option<Relationship>, RegistryError> {
        store::guardianship(&self.store, guardian, dependant).await
    }

    /// Reports a card by the number of the document: it opens no more sessions. Its keyed name, by which those that
    /// it has opened are withdrawn. For operators.
    pub async fn report_card(
        &self,
        document_number: &str,
        report: CardReport,
        at: OffsetDateTime,
    ) -> Result<String, RegistryError> {
        let index = self.index(b"document-number", document_number)?;
        store::report_card(&self.store, &index, report, at).await?;
        Ok(card_name(&index))
    }

    /// Registers a client or brings its entry up to date. For operators.
    pub async fn register_client(&self, client: &Client) -> Result<(), RegistryError> {
        store::register_client(&self.store, client).await?;
        self.refresh().await
    }

    /// The keyed name of the card with that number of the document.
    pub(crate) fn card_named(&self, document_number: &str) -> Result<String, RegistryError> {
        Ok(card_name(&self.index(b"document-number", document_number)?))
    }

    /// A secret of the registry's key for names of another kind, the same at every node.
    pub(crate) fn secret_for(&self, purpose: &str) -> Result<[u8; 32], RegistryError> {
        self.index(b"secret", purpose)
    }

    /// The name of a card on the hot list.
    pub(crate) fn hot_list_digest(&self, state: &str, number: &str) -> Result<CardDigest, RegistryError> {
        Ok(card_digest(self.sealer.signer().as_ref(), state, number)?)
    }

    /// How large the registry is. For operators: it counts row by row.
    pub async fn stats(&self) -> Result<RegistryStats, RegistryError> {
        stats::of(&self.store).await
    }

    /// What an import turns people into rows with.
    #[must_use]
    pub const fn sealer(&self) -> &Sealer {
        &self.sealer
    }

    /// The keyed hash that stands for a number. `kind` keeps numbers of two kinds apart.
    fn index(&self, kind: &[u8], number: &str) -> Result<[u8; 32], RegistryError> {
        self.sealer.index(kind, number)
    }

    /// Patients seen lately, taken before the database is asked.
    fn lately(&self) -> Arc<Patients> {
        self.patients.load_full()
    }

    /// A row with its seal opened, remembered for the accesses that follow.
    fn opened(&self, row: rows::PatientRow, lately: &Patients) -> Result<Arc<Patient>, RegistryError> {
        let health_id = self.sealer.opened(&row.sealed_health_id, &row.subject)?;
        let patient = Arc::new(Patient {
            subject: row.subject,
            health_id,
            coverage: row.coverage,
            birth_year: row.birth_year,
        });
        lately.insert(patient.subject.clone(), patient.clone());
        Ok(patient)
    }
}

/// A card's keyed name: 128 bits of the index of its number, in lower-case hex.
fn card_name(index: &[u8; 32]) -> String {
    hex::encode(index.split_at(16).0)
}
