//! Is everything of the demonstration in its folder? What is missing is made, what is old is renewed.

use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use hsm_config::SoftwareKeys;
use time::OffsetDateTime;

use super::authority::Authority;
use super::back_ends::Patient;
use super::clients::{CLIENTS, SERVICES};
use super::folder::{StateFolder, write_public};
use super::holders::{self, Holders};
use super::ports::Ports;
use super::signers::Signers;
use super::{cards, enrolment, keys, people};
use crate::registry::{Registry, SUBJECT_AUDIENCE};
use crate::store::{Store, StorePlace};
use crate::token::Tokens;

/// The invented kingdom: a folder with every file that the story needs (monde de démonstration).
///
/// One process at a time: the folder is locked while this is alive.
#[derive(Debug)]
pub struct World {
    folder: StateFolder,
    ports: Ports,
    keys: Arc<SoftwareKeys>,
    _lock: File,
}

impl World {
    /// Makes or completes the folder for a gateway on `ports`.
    ///
    /// Idempotent: keys, cards and data that are there and good for a while are kept; certificates and revocation
    /// lists near their end are renewed.
    pub async fn create(state: &Path, ports: Ports, at: OffsetDateTime) -> Result<Self> {
        let folder =
            StateFolder::create(state).with_context(|| format!("cannot make {}", state.display()))?;
        let lock = lock(&folder)?;
        let keys =
            keys::ensure(&folder, at).with_context(|| format!("cannot use {}", folder.keys().display()))?;
        let world = Self { folder, ports, keys: Arc::new(keys), _lock: lock };
        world.certificates(at)?;
        let signers = Signers::load_or_create(&world.folder, at)?;
        let holders = Holders::load_or_create(&world.folder, at)?;
        cards::personalise(&world.folder, &signers, &holders, at)?;
        holders.sign_crl(&world.folder, at)?;
        world.write_config()?;
        world.fill(&StorePlace::Sqlite(world.folder.database()), at).await?;
        Ok(world)
    }

    /// Enrols everybody in the registry of this database. Twice is as once.
    pub async fn fill(&self, place: &StorePlace, at: OffsetDateTime) -> Result<()> {
        let store = Store::open(place).await.context("cannot open the database")?;
        let tokens = Arc::new(Tokens::new(self.keys.clone(), self.issuer(), self.issuer()));
        let registry =
            Registry::open(store.clone(), self.keys.clone(), tokens, SUBJECT_AUDIENCE.to_owned()).await?;
        enrolment::enrol(&registry, at).await.context("cannot fill the registry")?;
        store.close().await;
        Ok(())
    }

    /// Its files.
    pub fn folder(&self) -> &StateFolder {
        &self.folder
    }

    /// Its ports.
    pub fn ports(&self) -> Ports {
        self.ports
    }

    /// `iss` of the gateway's tokens.
    pub fn issuer(&self) -> String {
        Ports::url(self.ports.public())
    }

    /// Every patient as the back-end with this audience knows them.
    pub fn patients_at(&self, audience: &str) -> Result<Vec<Patient>> {
        let tokens = Tokens::new(self.keys.clone(), self.issuer(), self.issuer());
        let known = people::patients().map(|person| {
            let subject = tokens.pairwise_subject(audience, person.health_id)?;
            Ok(Patient { subject, person })
        });
        known.collect()
    }

    fn certificates(&self, at: OffsetDateTime) -> Result<()> {
        let mut authority = Authority::load_or_create(&self.folder, at)?;
        for client in &CLIENTS {
            authority.ensure_client(client, at)?;
        }
        let folder = &self.folder;
        authority.ensure_server("gateway", &folder.server_certificate(), &folder.server_key(), at)?;
        for service in SERVICES {
            let (certificate, key) = (folder.back_end_certificate(service), folder.back_end_key(service));
            authority.ensure_server(service, &certificate, &key, at)?;
        }
        authority.sign_crl(at)
    }

    /// Paths are relative to the file: the folder can be moved.
    fn write_config(&self) -> Result<()> {
        let (api, public) = (self.ports.api(), self.ports.public());
        let mut text = format!(
            "# Written by `bawaba demo`; changes are lost at its next start.\n\n\
             [listen]\napi = \"127.0.0.1:{api}\"\npublic = \"127.0.0.1:{public}\"\n\n\
             [tls]\ncert = {}\nkey = {}\nclient_ca = {}\nclient_crl = {}\n\n\
             [issuer]\nurl = \"{}\"\n\n\
             [keys]\nfile = {}\n\
             # Beside the file it opens: for the demonstration only.\npassphrase = \"file:{}\"\n\n\
             [store]\nsqlite = {}\n\n\
             [trust]\ncsca = [{}]\ncrl = [{}]\nstore = \"trust\"\n\
             holder_ca = [{}]\nholder_crl = [{}]\nholder_policies = [\"{}\"]\n",
            self.relative(&self.folder.server_certificate())?,
            self.relative(&self.folder.server_key())?,
            self.relative(&self.folder.ca_certificate())?,
            self.relative(&self.folder.client_crl())?,
            self.issuer(),
            self.relative(&self.folder.keys())?,
            self.folder.key_passphrase().file_name().unwrap_or_default().display(),
            self.relative(&self.folder.database())?,
            self.relative(&self.folder.csca_certificate())?,
            self.relative(&self.folder.csca_crl())?,
            self.relative(&self.folder.holder_ca())?,
            self.relative(&self.folder.holder_crl())?,
            holders::POLICY,
        );
        for (place, service) in (0..).zip(SERVICES) {
            text += &format!(
                "\n[backends.{service}]\nurl = \"{}\"\nca = {}\naudience = \"{service}\"\npatient_identifier = \"pairwise\"\nclient = \"{service}\"\n",
                Ports::url(self.ports.back_end(place)),
                self.relative(&self.folder.ca_certificate())?,
            );
        }
        Ok(write_public(&self.folder.config(), text.as_bytes())?)
    }

    /// A path of the folder as a TOML string.
    fn relative(&self, path: &Path) -> Result<String> {
        let relative = path.strip_prefix(self.folder.root())?;
        Ok(toml::Value::from(relative.to_str().context("not UTF-8")?).to_string())
    }
}

/// Two gateways on one folder would overwrite each other's configuration.
fn lock(folder: &StateFolder) -> Result<File> {
    let path = folder.lock();
    let file = fs::OpenOptions::new().create(true).truncate(false).write(true).open(&path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => bail!(
            "another demonstration runs on {}: stop it, or give another folder with --state",
            folder.root().display()
        ),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock {}", path.display()))
        }
    }
}

#[cfg(test)]
mod tests;
