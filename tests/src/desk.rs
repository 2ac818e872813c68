//! Two operators and their desk: who leads a pseudonym back to a patient.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use gateway::audit::{Audit, AuditStore};
use gateway::clock::{Clock, SystemClock};
use gateway::config::Config;
use gateway::demo::keys::unlock;
use gateway::registry::{Client, Registry, SUBJECT_AUDIENCE};
use gateway::relink::{Desk, OperatorKey};
use gateway::token::Tokens;
use gateway::trust::Trust;
use policies::ClientKind;
use serde_json::Value;

use crate::faulty::{Faults, FaultyStore};
use crate::harness::Harness;
use crate::program;

impl Harness {
    /// Registers a client with a certificate of the authority.
    pub async fn enrol_client(&self, id: &'static str, kind: ClientKind) {
        self.issue_client(id);
        let (name, city) = ("Contrôle".to_owned(), "Rabat".to_owned());
        let client = Client { kind, name, city, active: true, scopes: Vec::new(), ..self.any_client(id) };
        self.app().registry.register_client(&client).await.expect("a registry");
    }

    /// A client as the registry has them, under another id.
    fn any_client(&self, id: &str) -> Client {
        let auditor = self.app().registry.client("auditor").expect("registered");
        Client { id: id.to_owned(), ..(*auditor).clone() }
    }

    /// Suspends a client.
    pub async fn suspend(&self, id: &str) {
        let client = self.app().registry.client(id).expect("registered");
        let client = Client { active: false, ..(*client).clone() };
        self.app().registry.register_client(&client).await.expect("a registry");
    }

    /// The operator's own certificate and key.
    pub fn operator(&self, id: &str) -> OperatorKey {
        OperatorKey::load(&self.files.client_certificate(id), &self.files.client_key(id)).expect("a key")
    }

    /// The desk of this gateway, with a log that fails when told to.
    pub async fn desk(&self, faults: &Faults) -> Desk {
        let config = Config::load(&self.files.config()).expect("a sound configuration");
        let store = self.database().await;
        let signer: Arc<dyn hsm_config::Signer> = Arc::new(unlock(&self.files).expect("the gateway's keys"));
        let tokens = Arc::new(Tokens::new(signer.clone(), config.issuer.clone(), config.issuer.clone()));
        let subjects = SUBJECT_AUDIENCE.to_owned();
        let registry = Registry::open(store.clone(), signer.clone(), tokens.clone(), subjects);
        let registry = registry.await.expect("a registry");
        let trust = Trust::load(&config.trust, &config.tls, Arc::new(SystemClock)).expect("trust");
        let log: Arc<dyn AuditStore> = Arc::new(FaultyStore::new(store.audit(), faults.clone()));
        Desk { config, store, registry, tokens, signer, trust, audit: Audit::start(log) }
    }

    /// `bawaba token relink …` by an operator; standard output as JSON, or what it said was wrong.
    pub fn relink(&self, words: &[&str], operator: Option<&str>, pseudonym: &str) -> Result<Value, String> {
        let mut command = Command::new(program::path("bawaba"));
        command.args(["--json", "token", "relink"]).args(words);
        command.arg("--config").arg(self.files.config());
        if let Some(operator) = operator {
            command.arg("--cert").arg(self.files.client_certificate(operator));
            command.arg("--key").arg(self.files.client_key(operator));
        }
        let file: PathBuf = self.files.root().join("pseudonym.txt");
        std::fs::write(&file, format!("{pseudonym}\n")).expect("a writable folder");
        command.stdin(Stdio::from(std::fs::File::open(&file).expect("the file")));
        let output = program::run(&mut command, Duration::from_secs(60));
        let said = program::text(&output.stderr);
        if !output.status.success() {
            return Err(said);
        }
        Ok(serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}")))
    }
}

/// The machine's time, which the database tells too.
pub fn now() -> time::OffsetDateTime {
    SystemClock.now()
}
