//! What did the operator ask for?
//!
//! One TOML file that refuses unknown keys. If [`Config::load`] returns, every file it names could be read
//! and every value is ready to be used; if not, the error names file, line and remedy.

mod cover;
mod emergency;
mod error;
mod file;
mod keys;
mod policies;
mod state;
mod store;
#[cfg(test)]
mod tests;
mod trust;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hsm_config::KeyPlace;
use url::Url;

use crate::decisions::PolicySource;
use crate::store::StorePlace;

pub use cover::CoverConfig;
pub use emergency::EmergencyConfig;
pub use error::ConfigError;
pub use state::{RedisPlace, StatePlace};
pub use trust::{FetchConfig, FetchSource, HoldersConfig, HotListConfig, TrustConfig};

/// The whole configuration, ready to be built from.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen.
    pub listen: ListenConfig,
    /// How the gateway and its clients prove who they are.
    pub tls: TlsConfig,
    /// `iss` of every token: an https origin without a slash at the end.
    pub issuer: String,
    /// Where clients with a certificate reach the API port: an https origin without a slash at the end.
    pub api: String,
    /// The gateway's own keys.
    pub keys: KeyPlace,
    /// Where registry and log are.
    pub store: StorePlace,
    /// What all nodes remember for a while.
    pub state: StatePlace,
    /// Whose cards are believed.
    pub trust: TrustConfig,
    /// Where the policies come from.
    pub policies: PolicySource,
    /// The back-ends by the first segment of their path.
    pub back_ends: BTreeMap<String, BackEndConfig>,
    /// How often the glass may be broken, and how soon that is reviewed.
    pub emergency: EmergencyConfig,
    /// Cover and claims.
    pub cover: CoverConfig,
    /// What the operator may tune; everything else is in [`crate::limits`].
    pub limits: LimitsConfig,
}

/// Where to listen; port 0 takes a free one.
#[derive(Clone, Debug)]
pub struct ListenConfig {
    /// mTLS: counters and back-ends.
    pub api: SocketAddr,
    /// Metadata, JWKS, health, metrics.
    pub public: SocketAddr,
    /// The host names that requests may be meant for.
    pub hosts: Vec<String>,
}

/// TLS files; re-read when they change.
#[derive(Clone, Debug)]
pub struct TlsConfig {
    /// The server's chain, leaf first.
    pub cert: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// The client CA.
    pub client_ca: PathBuf,
    /// Its revocation list.
    pub client_crl: PathBuf,
}

/// One back-end.
#[derive(Clone, Debug)]
pub struct BackEndConfig {
    /// The first segment of its path here: `dossier`.
    pub service: String,
    /// Its base.
    pub url: Url,
    /// Who issued its server certificate.
    pub ca: PathBuf,
    /// `aud` of the tokens it gets.
    pub audience: String,
    /// By which name it knows the patient.
    pub patient_identifier: PatientIdentifier,
    /// The registered client that is this service: it may ask `/oauth/introspect` and `/v1/authorize` about its own.
    pub client: Option<String>,
    /// Where that proxy is reached: what a counter's DPoP proof names (`htu`, RFC 9449 §4.2).
    pub public_url: Option<Url>,
}

/// By which name a back-end knows the patient.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PatientIdentifier {
    /// The identifiant santé itself.
    HealthId,
    /// A pseudonym that only this back-end gets.
    Pairwise,
}

/// What the operator may tune.
#[derive(Clone, Copy, Debug)]
pub struct LimitsConfig {
    /// Life of a session token, at most 15 minutes.
    pub session: Duration,
    /// Life of a challenge.
    pub presence: Duration,
    /// Requests per second and client, sustained.
    pub requests_per_second: NonZeroU32,
    /// Requests of one client at once.
    pub requests_burst: NonZeroU32,
    /// How long running requests may take once the gateway was told to stop.
    pub drain: Duration,
    /// How long a patient who was at an establishment in person is its patient (*lien thérapeutique*).
    pub therapeutic_link: time::Duration,
}

impl Config {
    /// The back-end that a registered client is.
    #[must_use]
    pub fn back_end_of_client(&self, client: &str) -> Option<&BackEndConfig> {
        self.back_ends.values().find(|back_end| back_end.client.as_deref() == Some(client))
    }

    /// The back-end of an audience, or of a name.
    #[must_use]
    pub fn back_end_of_audience(&self, audience: &str) -> Option<&BackEndConfig> {
        let named = self.back_ends.values().find(|back_end| back_end.audience == audience);
        named.or_else(|| self.back_ends.get(audience))
    }

    /// The back-end at a URL (RFC 8707 §2): its audience, where that is one, or its path at the gateway.
    #[must_use]
    pub fn back_end_of_resource(&self, resource: &str) -> Option<&BackEndConfig> {
        let path = [&self.api, &self.issuer]
            .into_iter()
            .find_map(|base| resource.strip_prefix(base.as_str()).and_then(|rest| rest.strip_prefix('/')));
        match path {
            Some(service) => self.back_ends.get(service.strip_suffix('/').unwrap_or(service)),
            None => Url::parse(resource)
                .is_ok_and(|url| url.fragment().is_none())
                .then(|| self.back_ends.values().find(|back_end| back_end.audience == resource))
                .flatten(),
        }
    }

    /// Reads, parses and tries out the file.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError::unreadable(path, &error))?;
        let config = Self::parse(path, &text)?;
        Ok(config)
    }
}
