//! Where are registry and log: in a file, or in PostgreSQL?

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;
use url::Url;

use super::ConfigError;
use super::file::Source;
use crate::store::{PostgresHost, PostgresPlace, StorePlace};

const ONE: &str = "give sqlite = \"bawaba.db\" for one machine, or postgres = \"postgres://user@host:5432/database\" for several";
const SHAPE: &str = "write postgres://user@host:5432/database, or postgres://user@/database?host=/run/postgresql for a Unix socket";
const POINT: &str =
    "leave it out, and point at it with password = \"env:NAME\", fd:N, credential:NAME or file:PATH";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoreFile {
    sqlite: Option<PathBuf>,
    postgres: Option<Spanned<OneOrMore>>,
    password: Option<Spanned<String>>,
    ca: Option<Spanned<PathBuf>>,
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl Source<'_> {
    pub(super) fn store(&self, place: &Spanned<StoreFile>) -> Result<StorePlace, ConfigError> {
        let file = place.as_ref();
        let only_postgres = file.password.is_some() || file.ca.is_some();
        match (&file.sqlite, &file.postgres) {
            (Some(path), None) if !only_postgres => Ok(StorePlace::Sqlite(self.dir.join(path))),
            (Some(_), None) => {
                Err(self.error(place, "store: password and ca belong to postgres".to_owned(), ONE))
            }
            (None, Some(urls)) => self.postgres(file, urls).map(StorePlace::Postgres),
            (Some(_), Some(_)) => {
                Err(self.error(place, "store: sqlite and postgres are both given".to_owned(), ONE))
            }
            (None, None) => {
                Err(self.error(place, "store: neither sqlite nor postgres is given".to_owned(), ONE))
            }
        }
    }

    fn postgres(&self, file: &StoreFile, urls: &Spanned<OneOrMore>) -> Result<PostgresPlace, ConfigError> {
        let all = match urls.as_ref() {
            OneOrMore::One(url) => std::slice::from_ref(url),
            OneOrMore::More(all) => all.as_slice(),
        };
        let failed = |(problem, remedy): (String, &str)| self.error(urls, problem, remedy);
        let hosts = all.iter().map(|url| host(url)).collect::<Result<Vec<_>, _>>().map_err(failed)?;
        let Some(first) = hosts.first() else {
            return Err(failed(("store.postgres names no host".to_owned(), SHAPE)));
        };
        if hosts.iter().any(|host| (&host.user, &host.database) != (&first.user, &first.database)) {
            let problem = "store.postgres: the hosts have different users or databases".to_owned();
            return Err(failed((problem, "name copies of one database: a primary and its standbys")));
        }
        let ca = file.ca.as_ref().map(|path| self.readable("store.ca", path)).transpose()?;
        if let (None, Some(far)) = (&ca, hosts.iter().find(|host| !host.is_local())) {
            let problem = format!("store.postgres: {} would be reached without TLS", far.name());
            let remedy = "add ca = \"….pem\", who issued the server's certificate; only a Unix socket or this \
                machine's loopback may go without";
            return Err(failed((problem, remedy)));
        }
        let password =
            file.password.as_ref().map(|source| self.secret("store.password", source)).transpose()?;
        Ok(PostgresPlace { hosts, password, ca })
    }
}

/// One host of a URL; the problem and its remedy never quote the URL, which may hold a password.
fn host(text: &str) -> Result<PostgresHost, (String, &'static str)> {
    let no = |problem: &str| (format!("store.postgres {problem}"), SHAPE);
    // A user without a host is libpq's way to a Unix socket, and no URL (RFC 3986 §3.2.2 with the crate's rule): the host is
    // put in for the parser and left out again.
    let hostless = text.split_once("@/").map(|(before, after)| format!("{before}@socket/{after}"));
    let url = Url::parse(hostless.as_deref().unwrap_or(text))
        .map_err(|error| no(&format!("is not a URL: {error}")))?;
    if !matches!(url.scheme(), "postgres" | "postgresql") {
        return Err(no("does not start with postgres://"));
    }
    if url.password().is_some() {
        return Err(("store.postgres holds a password".to_owned(), POINT));
    }
    let mut socket = None;
    for (key, value) in url.query_pairs() {
        match &*key {
            "host" if value.starts_with('/') => socket = Some(value.into_owned()),
            _ => return Err(no(&format!("has a parameter that is not known: {key}"))),
        }
    }
    let named = url.host_str().filter(|host| !host.is_empty() && hostless.is_none());
    let host = match (named, socket) {
        (Some(host), None) => host.trim_matches(['[', ']']).to_owned(),
        (None, Some(socket)) => socket,
        (Some(_), Some(_)) => return Err(no("names a host and a Unix socket")),
        (None, None) => return Err(no("names no host")),
    };
    let plain = |part: &str| {
        let fits = !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
        fits.then(|| part.to_owned())
    };
    Ok(PostgresHost {
        host,
        port: url.port().unwrap_or(5432),
        user: plain(url.username())
            .ok_or_else(|| no("names no user, or one that is not letters, digits, _ - ."))?,
        database: plain(url.path().trim_start_matches('/'))
            .ok_or_else(|| no("names no database, or one that is not letters, digits, _ - ."))?,
    })
}
