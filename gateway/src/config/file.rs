//! What does `gateway.toml` look like?

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;
use url::Url;

use super::cover::CoverFile;
use super::emergency::EmergencyFile;
use super::keys::KeysFile;
use super::policies::PoliciesFile;
use super::state::StateFile;
use super::store::StoreFile;
use super::trust::TrustFile;
use super::{
    BackEndConfig, Config, ConfigError, LimitsConfig, ListenConfig, PatientIdentifier, TlsConfig, TrustConfig,
};
use crate::limits::LINK_DAYS;
use crate::rate::RateLimits;
use crate::store::StorePlace;

/// RFC 9068 asks for short lives; design.md sets 15 minutes.
const SESSION_SECS_MAX: u64 = 900;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfigFile {
    listen: ListenFile,
    tls: TlsFile,
    issuer: IssuerFile,
    keys: Spanned<KeysFile>,
    store: Spanned<StoreFile>,
    state: Option<StateFile>,
    trust: TrustFile,
    policies: Option<Spanned<PoliciesFile>>,
    #[serde(default)]
    backends: BTreeMap<String, BackEndFile>,
    cover: Option<CoverFile>,
    #[serde(default)]
    emergency: EmergencyFile,
    #[serde(default)]
    limits: LimitsFile,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListenFile {
    api: SocketAddr,
    public: SocketAddr,
    #[serde(default)]
    hosts: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TlsFile {
    cert: Spanned<PathBuf>,
    key: Spanned<PathBuf>,
    client_ca: Spanned<PathBuf>,
    client_crl: Spanned<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IssuerFile {
    url: Spanned<String>,
    api: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BackEndFile {
    url: Spanned<String>,
    ca: Spanned<PathBuf>,
    audience: String,
    patient_identifier: PatientIdentifier,
    client: Option<Spanned<String>>,
    public_url: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct LimitsFile {
    session_secs: Spanned<u64>,
    presence_secs: u64,
    requests_per_second: NonZeroU32,
    requests_burst: NonZeroU32,
    drain_secs: u64,
    therapeutic_link_days: NonZeroU32,
}

impl Default for LimitsFile {
    fn default() -> Self {
        let limits = RateLimits::default();
        Self {
            session_secs: Spanned::new(0..0, SESSION_SECS_MAX),
            presence_secs: 60,
            requests_per_second: limits.per_second,
            requests_burst: limits.burst,
            drain_secs: 10,
            therapeutic_link_days: LINK_DAYS,
        }
    }
}

impl Config {
    /// Parses `text`, the content of the file at `path`; other paths are relative to that file.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let file: ConfigFile = toml::from_str(text).map_err(|error| {
            ConfigError::at(path, text, error.span(), error.message().to_owned(), UNKNOWN_REMEDY)
        })?;
        Source { path, text, dir: path.parent().unwrap_or(Path::new("")) }.config(file)
    }
}

const UNKNOWN_REMEDY: &str = "compare with the sample, gateway/config/sample.toml; \
    every key is there and no other is known";

/// The file being parsed: what relative paths and error lines refer to.
pub(super) struct Source<'a> {
    path: &'a Path,
    text: &'a str,
    pub(super) dir: &'a Path,
}

impl Source<'_> {
    fn config(&self, file: ConfigFile) -> Result<Config, ConfigError> {
        if file.trust.csca.as_ref().is_empty() && file.trust.store.is_none() {
            let problem =
                "trust.csca is empty and there is no trust.store: no card could ever be believed".to_owned();
            return Err(self.error(
                &file.trust.csca,
                problem,
                "name at least one country signer certificate, or a store that bawaba pki import fills",
            ));
        }
        self.one_service_each(&file.backends)?;
        let back_ends = file
            .backends
            .into_iter()
            .map(|(service, back_end)| Ok((service.clone(), self.back_end(service, back_end)?)))
            .collect::<Result<BTreeMap<_, _>, ConfigError>>()?;
        let cover = self.cover(file.cover.as_ref(), |name| back_ends.contains_key(name))?;
        let store = self.store(&file.store)?;
        // Beside what this node alone writes to.
        let mark = match &store {
            StorePlace::Sqlite(path) => path.with_extension("hot-list-mark"),
            StorePlace::Postgres(_) => self.path.with_extension("hot-list-mark"),
        };
        Ok(Config {
            listen: ListenConfig {
                api: file.listen.api,
                public: file.listen.public,
                hosts: self.hosts(file.listen.hosts, &file.issuer.url)?,
            },
            tls: TlsConfig {
                cert: self.readable("tls.cert", &file.tls.cert)?,
                key: self.readable("tls.key", &file.tls.key)?,
                client_ca: self.readable("tls.client_ca", &file.tls.client_ca)?,
                client_crl: self.readable("tls.client_crl", &file.tls.client_crl)?,
            },
            issuer: self.issuer(&file.issuer.url)?,
            api: self.api(&file.issuer, file.listen.api)?,
            keys: self.keys(&file.keys)?,
            store,
            state: self.state(file.state)?,
            trust: TrustConfig {
                csca: self.all_readable("trust.csca", file.trust.csca.as_ref())?,
                crl: self.all_readable("trust.crl", &file.trust.crl)?,
                store: file.trust.store.map(|store| self.dir.join(store)),
                sha1: file.trust.sha1.into(),
                fetch: file.trust.fetch.map(|fetch| self.fetch(fetch)).transpose()?,
                hot_list: file.trust.hot_list.map(|list| self.hot_list(&list, &mark)).transpose()?,
                holders: self.holders(
                    &file.trust.holder_ca,
                    &file.trust.holder_crl,
                    &file.trust.holder_policies,
                )?,
            },
            policies: file.policies.map(|file| self.policies(&file)).transpose()?.unwrap_or_default(),
            cover,
            back_ends,
            emergency: self.emergency(&file.emergency)?,
            limits: self.limits(&file.limits)?,
        })
    }

    fn back_end(&self, service: String, file: BackEndFile) -> Result<BackEndConfig, ConfigError> {
        Ok(BackEndConfig {
            url: self.https(&file.url)?,
            ca: self.readable("ca", &file.ca)?,
            audience: file.audience,
            patient_identifier: file.patient_identifier,
            public_url: file.public_url.as_ref().map(|url| self.https(url)).transpose()?,
            client: file.client.map(Spanned::into_inner),
            service,
        })
    }

    /// A proxy asks about its own service; which one that is must be clear.
    fn one_service_each(&self, back_ends: &BTreeMap<String, BackEndFile>) -> Result<(), ConfigError> {
        let mut seen = BTreeSet::new();
        for client in back_ends.values().filter_map(|back_end| back_end.client.as_ref()) {
            if !seen.insert(client.as_ref()) {
                let problem = format!("{:?} is the client of two back-ends", client.as_ref());
                return Err(self.error(client, problem, "register a client of its own for each service"));
            }
        }
        Ok(())
    }

    fn issuer(&self, url: &Spanned<String>) -> Result<String, ConfigError> {
        self.https(url)?;
        Ok(url.as_ref().trim_end_matches('/').to_owned())
    }

    /// Without a word, the issuer's host at the port of the API.
    fn api(&self, file: &IssuerFile, listen: SocketAddr) -> Result<String, ConfigError> {
        if let Some(api) = &file.api {
            return self.issuer(api);
        }
        let mut url = self.https(&file.url)?;
        let _ = url.set_port(Some(listen.port())); // an https URL takes any port
        url.set_path("");
        Ok(url.as_str().trim_end_matches('/').to_owned())
    }

    /// Without a list, the issuer's host; where that is this machine, its loopback addresses too.
    fn hosts(&self, given: Vec<String>, issuer: &Spanned<String>) -> Result<Vec<String>, ConfigError> {
        if !given.is_empty() {
            return Ok(given);
        }
        let mut hosts: Vec<_> = self.https(issuer)?.host_str().map(str::to_owned).into_iter().collect();
        if hosts.iter().any(|host| host == "localhost") {
            hosts.extend(["127.0.0.1".to_owned(), "::1".to_owned()]);
        }
        Ok(hosts)
    }

    fn https(&self, url: &Spanned<String>) -> Result<Url, ConfigError> {
        match Url::parse(url.as_ref()) {
            Ok(parsed) if parsed.scheme() == "https" && parsed.has_host() => Ok(parsed),
            Ok(_) => {
                let problem = format!("{:?} is not an https URL", url.as_ref());
                Err(self.error(url, problem, "start it with https://"))
            }
            Err(error) => {
                let problem = format!("{:?} is not a URL: {error}", url.as_ref());
                Err(self.error(url, problem, "write https://host:port"))
            }
        }
    }

    fn limits(&self, file: &LimitsFile) -> Result<LimitsConfig, ConfigError> {
        let secs = *file.session_secs.as_ref();
        if secs == 0 || secs > SESSION_SECS_MAX {
            let problem = format!("limits.session_secs is {secs}");
            return Err(self.error(&file.session_secs, problem, "set it between 1 and 900"));
        }
        Ok(LimitsConfig {
            session: Duration::from_secs(secs),
            presence: Duration::from_secs(file.presence_secs),
            requests_per_second: file.requests_per_second,
            requests_burst: file.requests_burst,
            drain: Duration::from_secs(file.drain_secs),
            therapeutic_link: time::Duration::days(file.therapeutic_link_days.get().into()),
        })
    }

    pub(super) fn all_readable(
        &self,
        key: &str,
        paths: &[Spanned<PathBuf>],
    ) -> Result<Vec<PathBuf>, ConfigError> {
        paths.iter().map(|path| self.readable(key, path)).collect()
    }

    /// The full path, once it is known that it opens.
    pub(super) fn readable(&self, key: &str, path: &Spanned<PathBuf>) -> Result<PathBuf, ConfigError> {
        let full = self.dir.join(path.as_ref());
        match File::open(&full) {
            Ok(_) => Ok(full),
            Err(error) => Err(self.error(
                path,
                format!("{key}: {} cannot be read: {error}", full.display()),
                "correct the path, or let the user that runs the gateway read the file",
            )),
        }
    }

    pub(super) fn error<T>(&self, place: &Spanned<T>, problem: String, remedy: &str) -> ConfigError {
        ConfigError::at(self.path, self.text, Some(place.span()), problem, remedy)
    }
}
