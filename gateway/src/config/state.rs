//! Where is what all nodes remember: in this process, or in a Redis that they share?

use std::path::PathBuf;

use hsm_config::SecretSource;
use serde::Deserialize;
use toml::Spanned;
use url::Url;

use super::ConfigError;
use super::file::Source;

/// Where the shared state is (*lieu de la mémoire partagée*).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatePlace {
    /// In this process: one gateway, alone.
    InProcess,
    /// In a Redis or a Redis Cluster, for any number of gateways.
    Redis(RedisPlace),
}

/// Which Redis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisPlace {
    /// `redis://user@host:port/db`, or `rediss://` for TLS. Of a cluster, some of its nodes, to ask for the others.
    pub nodes: Vec<Url>,
    /// Whether it is a cluster.
    pub cluster: bool,
    /// The password of the user.
    pub password: Option<SecretSource>,
    /// Who issued the server's certificate, PEM; given exactly with `rediss://`.
    pub ca: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StateFile {
    redis: Spanned<Vec<Spanned<String>>>,
    password: Option<Spanned<String>>,
    ca: Option<Spanned<PathBuf>>,
    #[serde(default)]
    cluster: bool,
}

impl Source<'_> {
    pub(super) fn state(&self, file: Option<StateFile>) -> Result<StatePlace, ConfigError> {
        let Some(file) = file else { return Ok(StatePlace::InProcess) };
        let urls = file.redis.as_ref();
        let nodes = urls.iter().map(|url| self.redis_url(url)).collect::<Result<Vec<_>, _>>()?;
        if nodes.is_empty() {
            let problem = "state.redis is empty".to_owned();
            return Err(self.error(&file.redis, problem, "name a server, or leave the section out"));
        }
        let cluster = file.cluster || nodes.len() > 1;
        if let Some(url) = urls.iter().zip(&nodes).find(|(_, url)| cluster && database(url) != Some(0)) {
            let problem = "a cluster has no databases but 0".to_owned();
            return Err(self.error(url.0, problem, "leave the number at the end out"));
        }
        let tls = |url: &&Url| url.scheme() == "rediss";
        match (nodes.iter().filter(tls).count(), &file.ca) {
            (0, Some(ca)) => {
                let problem = "state.ca is given, and no server speaks TLS".to_owned();
                return Err(self.error(ca, problem, "start the URLs with rediss://, or leave ca out"));
            }
            (some, None) if some > 0 => {
                let problem = "state.ca is missing: whose certificate does the server show?".to_owned();
                return Err(self.error(&file.redis, problem, "give ca, a PEM file"));
            }
            (some, _) if some > 0 && some < nodes.len() => {
                let problem = "some servers speak TLS and some do not".to_owned();
                return Err(self.error(&file.redis, problem, "start all URLs with rediss://"));
            }
            _ => {}
        }
        Ok(StatePlace::Redis(RedisPlace {
            nodes,
            cluster,
            password: file.password.map(|source| self.secret("state.password", &source)).transpose()?,
            ca: file.ca.map(|ca| self.readable("state.ca", &ca)).transpose()?,
        }))
    }

    fn redis_url(&self, text: &Spanned<String>) -> Result<Url, ConfigError> {
        const SHAPE: &str = "write redis://user@host:port or rediss://user@host:port";
        // The text is not repeated: it may hold the password.
        let wrong = |problem: &str, remedy| Err(self.error(text, format!("state.redis: {problem}"), remedy));
        let Ok(url) = Url::parse(text.as_ref()) else { return wrong("not a URL", SHAPE) };
        if url.password().is_some() {
            return wrong("a password in the URL", "give state.password, which says where the password is");
        }
        let shape = matches!(url.scheme(), "redis" | "rediss") && url.has_host();
        if !shape || url.query().is_some() || url.fragment().is_some() || database(&url).is_none() {
            return wrong("not the URL of a Redis", SHAPE);
        }
        Ok(url)
    }
}

/// The number at the end of the URL; 0 where there is none.
fn database(url: &Url) -> Option<u16> {
    match url.path().trim_start_matches('/') {
        "" => Some(0),
        number => number.parse().ok(),
    }
}
