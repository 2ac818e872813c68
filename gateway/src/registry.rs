//! Who is this patient, who is this client?
//!
//! A national number is never a key by itself: whoever looks a person up shows a [`PresenceProof`], the
//! number in it is turned into a keyed hash, and the answer is a pseudonym and a sealed identifier.

mod health_id;
mod holder;
mod rows;
mod snapshot;
mod store;
#[cfg(test)]
mod tests;
mod types;
mod walk;

use std::sync::Arc;

use card_reader::PresenceProof;
use hsm_config::{KeyRole, Signer};
use pki::hot_list::CardDigest;
use quick_cache::sync::Cache;
use time::OffsetDateTime;

use crate::store::Store;
use crate::token::Tokens;
use crate::trust::hot_list::card_digest;

pub use health_id::HealthId;
use snapshot::Snapshot;
pub use types::{
    CardReport, Client, Coverage, CoverageScheme, Dependant, NewPatient, Patient, Presented, RegistryError,
    Relationship,
};

/// For whom the registry names patients: the gateway itself. Not the issuer's URL, which an operator may move;
/// the names in the registry stay.
pub const SUBJECT_AUDIENCE: &str = "bawaba";

/// Patients kept in memory for the access path: those who are at a counter now, not the country.
const PATIENTS_CACHED: usize = 10_000;

/// The registry (*registre*): patients, guardianships, card reports, clients.
///
/// What the access path asks ([`client`](Self::client),
/// [`patient_by_subject`](Self::patient_by_subject)) is answered from memory; [`refresh`](Self::refresh)
/// brings in what another process changed.
pub struct Registry {
    store: Store,
    signer: Arc<dyn Signer>,
    tokens: Arc<Tokens>,
    audience: String,
    snapshot: Snapshot,
    patients: Cache<String, Arc<Patient>>,
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
            signer,
            tokens,
            audience,
            snapshot: Snapshot::default(),
            patients: Cache::new(PATIENTS_CACHED),
        };
        registry.refresh().await?;
        Ok(registry)
    }

    /// Who holds the card that was here, what was reported about it, whom the holder may represent.
    pub async fn presented(&self, proof: &PresenceProof) -> Result<Presented, RegistryError> {
        let number = self.index(b"national-number", proof.card().national_number().expose())?;
        let document = self.index(b"document-number", proof.card().document_number())?;
        let rows = store::presented(&self.store, &number, &document).await?;
        Ok(Presented {
            holder: rows.holder.map(|row| self.opened(row)).transpose()?,
            card: card_name(&document),
            report: rows.report,
            dependants: rows
                .dependants
                .into_iter()
                .map(|(relationship, row)| {
                    Ok(Dependant { relationship, patient: (*self.opened(row)?).clone() })
                })
                .collect::<Result<_, RegistryError>>()?,
        })
    }

    /// The patient of a session, by the `sub` of its verified token. From memory, where it was seen lately.
    pub async fn patient_by_subject(&self, subject: &str) -> Result<Option<Arc<Patient>>, RegistryError> {
        if let Some(patient) = self.patients.get(subject) {
            return Ok(Some(patient));
        }
        let found = store::patient_by_subject(&self.store, subject).await?;
        found.map(|row| self.opened(row)).transpose()
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
            self.patients.clear();
        }
        Ok(())
    }

    /// Whether the database answers, for `/readyz`.
    pub async fn ping(&self) -> Result<(), RegistryError> {
        Ok(self.store.ping().await?)
    }

    /// Enrols a patient or brings the entry up to date; says the subject at the gateway. For operators.
    pub async fn enrol(&self, patient: &NewPatient) -> Result<String, RegistryError> {
        let index = match &patient.national_number {
            Some(number) => Some(self.index(b"national-number", number.expose())?),
            None => None,
        };
        let subject = self
            .tokens
            .pairwise_subject(&self.audience, patient.health_id.expose())
            .map_err(|_| RegistryError::Subject)?;
        let sealed = self.signer.seal(
            KeyRole::RegistrySealing,
            patient.health_id.expose().as_bytes(),
            subject.as_bytes(),
        )?;
        store::enrol(&self.store, index.as_ref().map(<[u8; 32]>::as_slice), &subject, &sealed, patient)
            .await?;
        self.patients.remove(&subject);
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

    /// The name of a card on the hot list.
    pub(crate) fn hot_list_digest(&self, state: &str, number: &str) -> Result<CardDigest, RegistryError> {
        Ok(card_digest(self.signer.as_ref(), state, number)?)
    }

    /// The keyed hash that stands for a number. `kind` keeps numbers of two kinds apart.
    fn index(&self, kind: &[u8], number: &str) -> Result<[u8; 32], RegistryError> {
        let message = zeroize::Zeroizing::new([kind, b"\0", number.as_bytes()].concat());
        Ok(self.signer.mac(KeyRole::RegistryIndex, &message)?)
    }

    /// A row with its seal opened, remembered for the accesses that follow.
    fn opened(&self, row: rows::PatientRow) -> Result<Arc<Patient>, RegistryError> {
        let opened =
            self.signer.open(KeyRole::RegistrySealing, &row.sealed_health_id, row.subject.as_bytes())?;
        let health_id = std::str::from_utf8(&opened)
            .ok()
            .and_then(HealthId::parse)
            .ok_or(RegistryError::Malformed("health_id"))?;
        let patient = Arc::new(Patient {
            subject: row.subject,
            health_id,
            coverage: row.coverage,
            birth_year: row.birth_year,
        });
        self.patients.insert(patient.subject.clone(), patient.clone());
        Ok(patient)
    }
}

/// A card's keyed name: 128 bits of the index of its number, in lower-case hex.
fn card_name(index: &[u8; 32]) -> String {
    hex::encode(index.split_at(16).0)
}
