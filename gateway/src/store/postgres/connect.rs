//! Which hosts are there, and does this one keep what it acknowledges?

use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use sqlx::{ConnectOptions, Connection, Row};
use tokio::time::timeout;

use super::super::{Away, StoreError};
use super::{PostgresHost, PostgresPlace};
use crate::limits::DATABASE_CONNECT;

/// `transaction_read_only` and all that follows must mean what it says there, whatever the role's defaults are.
/// `synchronous_commit`: an acknowledged event is on stable storage. The other bounds end what nobody waits for.
const SETTINGS: [(&str, &str); 7] = [
    ("synchronous_commit", "on"),
    ("default_transaction_read_only", "off"),
    ("default_transaction_isolation", "read committed"),
    ("search_path", "public"),
    ("statement_timeout", "60s"),
    ("lock_timeout", "2s"),
    ("idle_in_transaction_session_timeout", "10s"),
];

/// What PostgreSQL says about itself to a newcomer.
const STANDING: &str = "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on' AS standby, \
    current_setting('fsync') = 'on' AS fsync, current_setting('full_page_writes') = 'on' AS full_pages, \
    current_setting('server_version_num')::bigint / 10000 AS version, \
    CASE WHEN pg_is_in_recovery() THEN '' ELSE pg_walfile_name(pg_current_wal_lsn()) END AS wal";

/// One host with everything needed to reach it. No `Debug`: the password is in it.
#[derive(Clone)]
pub(super) struct Host {
    pub(super) name: String,
    pub(super) options: PgConnectOptions,
}

/// The hosts, the password read.
pub(super) fn hosts(place: &PostgresPlace) -> Result<Vec<Host>, StoreError> {
    let password = place.password.as_ref().map(|source| source.read()).transpose()?;
    let host = |host: &PostgresHost| {
        let mut options = PgConnectOptions::new_without_pgpass()
            .port(host.port)
            .username(&host.user)
            .database(&host.database)
            .application_name("bawaba")
            .options(SETTINGS)
            .disable_statement_logging();
        options = match host.host.starts_with('/') {
            true => options.socket(&host.host),
            false => options.host(&host.host),
        };
        options = match &place.ca {
            Some(ca) if !host.host.starts_with('/') => {
                options.ssl_mode(PgSslMode::VerifyFull).ssl_root_cert(ca)
            }
            // The configuration lets only local hosts go without.
            _ => options.ssl_mode(PgSslMode::Disable),
        };
        if let Some(password) = &password {
            options = options.password(password);
        }
        Host { name: host.name(), options }
    };
    Ok(place.hosts.iter().map(host).collect())
}

/// How often a standby was made the primary: the first eight digits of a file of its log (PostgreSQL, §27.2).
///
/// Of two hosts that take writes, the one with the higher timeline replaced the other.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Timeline(u32);

impl Host {
    /// A new connection to a host that takes writes and keeps them.
    pub(super) async fn connect(&self) -> Result<(PgConnection, Timeline), Away> {
        self.connect_with(&self.options).await
    }

    /// The same for work that may take as long as it takes.
    pub(super) async fn connect_for_long(&self) -> Result<PgConnection, Away> {
        let unbounded = [("statement_timeout", "0"), ("lock_timeout", "0")];
        Ok(self.connect_with(&self.options.clone().options(unbounded)).await?.0)
    }

    async fn connect_with(&self, options: &PgConnectOptions) -> Result<(PgConnection, Timeline), Away> {
        let connected = timeout(DATABASE_CONNECT, async {
            let mut connection =
                PgConnection::connect_with(options).await.map_err(|error| self.away(&error))?;
            let timeline = self.look_at(&mut connection).await?;
            Ok((connection, timeline))
        });
        connected.await.unwrap_or(Err(Away::Timeout))
    }

    /// Whether it takes writes and keeps them.
    pub(super) async fn look_at(&self, connection: &mut PgConnection) -> Result<Timeline, Away> {
        let row = sqlx::query(STANDING).fetch_one(connection).await.map_err(|error| self.away(&error))?;
        let wal = row.try_get::<&str, _>("wal").unwrap_or_default();
        let timeline =
            wal.get(..8).and_then(|digits| u32::from_str_radix(digits, 16).ok()).unwrap_or_default();
        let flag = |name: &str| row.try_get::<bool, _>(name).unwrap_or_default();
        let version = row.try_get::<i64, _>("version").unwrap_or_default();
        let host = self.name.clone();
        if flag("standby") {
            Err(Away::Standby { host })
        } else if version < 13 {
            Err(Away::TooOld { host, found: version })
        } else if !flag("fsync") {
            Err(Away::Forgetful { host, setting: "fsync" })
        } else if !flag("full_pages") {
            Err(Away::Forgetful { host, setting: "full_page_writes" })
        } else {
            Ok(Timeline(timeline))
        }
    }

    /// Why there is no connection. PostgreSQL's own words may quote names; its codes do not.
    fn away(&self, error: &sqlx::Error) -> Away {
        let host = self.name.clone();
        match error {
            sqlx::Error::Database(error) => match error.code().unwrap_or_default().into_owned() {
                // invalid_authorization, no such database, insufficient_privilege
                state if state.starts_with("28") || state.starts_with("3D") || state.starts_with("42") => {
                    Away::Entry { host, state }
                }
                state => Away::Connection { host, what: format!("SQLSTATE {state}") },
            },
            sqlx::Error::Io(error) => Away::Connection { host, what: error.kind().to_string() },
            sqlx::Error::Tls(error) => Away::Connection { host, what: format!("TLS: {error}") },
            _ => Away::Connection { host, what: "it does not speak as PostgreSQL does".to_owned() },
        }
    }
}
