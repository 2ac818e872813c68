//! One healthy gateway with everything around it, on ports and in a folder of its own. A test spoils one thing.

mod cluster;
mod engine;
mod events;
mod plan;
mod second;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gateway::clock::{Clock, ManualClock};
use gateway::demo::authority::Authority;
use gateway::demo::clients::Client;
use gateway::demo::folder::StateFolder;
use gateway::demo::keys::unlock;
use gateway::demo::ports::Ports;
use hsm_config::{KeyRole, Signer};
use serde_json::Value;
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

use crate::back_end::BackEnd;
use crate::counter::{Counter, Reply, TestCard, text};
use crate::faulty::Faults;
use crate::raw::{Identity, Wire, client_config};

pub use cluster::{Cluster, Node};
use engine::Engine;
pub use plan::{Plan, Prepared, free_base};

/// A running gateway with its back-ends (banc d'essai).
pub struct Harness {
    /// Every file of the invented kingdom.
    pub files: StateFolder,
    /// The mTLS port.
    pub api: SocketAddr,
    /// The public port.
    pub public_port: SocketAddr,
    /// The gateway's clock, turned by hand; a gateway in its own process has its own.
    pub clock: Arc<ManualClock>,
    /// What goes wrong with the audit store; not for a gateway in its own process.
    pub audit: Faults,
    engine: Engine,
    misbehaving: Vec<(&'static str, BackEnd)>,
    back_ends: CancellationToken,
    _folder: tempfile::TempDir,
}

/// A session, as the counter was told.
pub struct Opened {
    /// The whole answer.
    pub json: Value,
    /// The session token.
    pub token: String,
}

impl Opened {
    /// The patient's name at a back-end.
    pub fn patient_at(&self, service: &str) -> String {
        text(&self.json["session"]["patient_at"][service])
    }
}

#[expect(clippy::new_ret_no_self, reason = "a plan comes first, and a healthy one is the common case")]
impl Harness {
    /// A plan, to be spoiled and started.
    pub fn new() -> Plan {
        Plan::default()
    }

    /// Everything in order.
    pub async fn healthy() -> Self {
        Self::new().start().await
    }

    /// A second gateway for the same counters: its own ports and database, the same clock, issuer, back-ends, and the
    /// very same key file.
    pub async fn twin(&self) -> Self {
        second::twin(self).await
    }

    /// A second gateway of the same installation: its own ports and machine, the same database, keys and back-ends.
    pub async fn beside(&self) -> Self {
        second::beside(self).await
    }

    /// The certificate of a client of the kingdom.
    pub fn identity(&self, client: &str) -> Identity {
        Identity::from_files(&self.files.client_certificate(client), &self.files.client_key(client))
    }

    /// A client at the API port.
    pub fn counter(&self, client: &str) -> Counter {
        self.counter_with(Some(&self.identity(client)))
    }

    /// Anybody at the API port.
    pub fn counter_with(&self, identity: Option<&Identity>) -> Counter {
        Counter::new(self.api, &self.files.ca_certificate(), identity)
    }

    /// A connection to the API port that speaks bytes.
    pub async fn wire(&self, client: &str) -> Wire {
        self.wire_to(self.api, client).await
    }

    /// A connection of this client to another port, such as a proxy's.
    pub async fn wire_to(&self, address: SocketAddr, client: &str) -> Wire {
        let config = client_config(&self.files.ca_certificate(), Some(&self.identity(client)), &["http/1.1"]);
        Wire::connect(address, &config).await.expect("a connection")
    }

    /// A page of the public port.
    pub async fn public(&self, path: &str) -> Reply {
        let anyone = Counter::new(self.public_port, &self.files.ca_certificate(), None);
        anyone.ask(reqwest::Method::GET, path, None, None).await
    }

    /// The text of a card file.
    pub fn card_file(&self, name: &str) -> Value {
        let text =
            std::fs::read_to_string(self.files.card(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        serde_json::from_str(&text).expect("a card file")
    }

    /// A card of the kingdom, on the reader.
    pub fn card(&self, name: &str) -> TestCard {
        TestCard::new(&self.card_file(name))
    }

    /// A session of this patient at this establishment, to treat.
    pub async fn session(&self, card: &str, client: &str) -> Opened {
        let opened = self.counter(client).open(&mut self.card(card), "TREAT").await;
        opened.is(201);
        Opened { token: text(&opened.json["token"]), json: opened.json }
    }

    /// What the gateway's clock shows.
    pub fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// Requests that a misbehaving back-end has heard.
    pub fn heard(&self, service: &str) -> Vec<String> {
        self.back_end(service).heard()
    }

    /// A misbehaving back-end.
    pub fn back_end(&self, service: &str) -> &BackEnd {
        let found = self.misbehaving.iter().find(|(name, _)| *name == service);
        &found.unwrap_or_else(|| panic!("{service} is a sound back-end")).1
    }

    /// A genuine certificate for an id of which the register knows nothing.
    pub fn issue_client(&self, id: &'static str) -> Identity {
        let client = Client { id, kind: "pharmacy", name: "Personne", city: "Nulle part", site: [""; 3] };
        let mut authority = Authority::load_or_create(&self.files, self.now()).expect("the authority");
        authority.ensure_client(&client, self.now()).expect("a certificate");
        self.identity(id)
    }

    /// Puts a client on the revocation list, and waits until the gateway has read it.
    pub async fn revoke(&self, client: &str) {
        let mut authority = Authority::load_or_create(&self.files, self.now()).expect("the authority");
        authority.revoke_client(client, self.now()).expect("a revocation list");
        let serial = self.identity(client);
        let certificate =
            pki::ClientCertificate::from_der(serial.certificate()).expect("a client certificate");
        let app = self.engine.app();
        let seen = async || {
            app.trust.client_standing(&certificate, self.now()) == gateway::trust::ClientStanding::Revoked
        };
        assert!(self.eventually(seen).await, "the revocation list is not read again");
    }

    /// The parts of a gateway in this process.
    pub fn app(&self) -> &gateway::app::App {
        self.engine.app()
    }

    /// The country signer of the kingdom, with its key.
    pub fn country_signer(&self) -> pki::issuing::CountrySigner {
        use base64::Engine as _;
        let text = std::fs::read_to_string(self.files.csca_keys()).expect("the country signer");
        let keys: Value = serde_json::from_str(&text).expect("JSON");
        let certificate = base64::engine::general_purpose::STANDARD.decode(text_of(&keys, "certificate"));
        let scheme = pki::issuing::SignatureScheme::EcdsaP256;
        pki::issuing::CountrySigner::restore(&certificate.expect("base64"), text_of(&keys, "key"), scheme)
            .expect("a country signer")
    }

    /// Whom the gateway believes.
    pub fn trust_store(&self) -> Arc<pki::TrustStore> {
        self.engine.app().trust.documents()
    }

    /// The public key of session tokens, as PEM.
    pub fn token_key_pem(&self) -> String {
        let keys = unlock(&self.files).expect("the gateway's keys");
        keys.current(KeyRole::TokenSigning, self.now()).expect("a signing key").to_pem()
    }

    /// Whether this becomes true within a few seconds.
    pub async fn eventually(&self, mut there: impl AsyncFnMut() -> bool) -> bool {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(30) {
            if there().await {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        false
    }

    /// The process of a gateway that has its own.
    pub fn program_id(&self) -> u32 {
        self.engine.program_id()
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.engine.kill();
    }

    /// SIGTERM.
    pub fn terminate(&self) {
        self.engine.terminate();
    }

    /// SIGTERM; everything that the process logged from its start to its end.
    pub async fn stop_and_read_log(&mut self) -> String {
        self.engine.stop()
    }

    /// Whether the process has ended with 0, within a few seconds.
    pub async fn stopped_with_success(&mut self) -> bool {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(30) {
            if let Some(status) = self.engine.ended() {
                return status.success();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        false
    }

    /// Starts the process again on the same folder. How long it took until it was ready.
    pub async fn restart(&mut self) -> Duration {
        self.engine.start_program(&self.files, self.public_port).await
    }
}

impl Drop for Harness {
    fn drop(&mut self) {
        self.back_ends.cancel();
    }
}

fn text_of<'a>(keys: &'a Value, name: &str) -> &'a str {
    keys["country"][name].as_str().expect("a text")
}

/// The two ports of the gateway.
fn addresses(ports: Ports) -> (SocketAddr, SocketAddr) {
    let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
    (at(ports.api()), at(ports.public()))
}
