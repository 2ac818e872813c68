//! How is a question put to PostgreSQL, whatever happens to the server meanwhile?
//!
//! Every question runs to its end in a task of its own, with a bound: a request that is cancelled cancels its wait,
//! never a conversation on a shared connection.

mod connect;
mod failover;
mod question;

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use hsm_config::SecretSource;
use sqlx::PgConnection;
use sqlx::postgres::PgRow;

use super::row::{AnyRow, Row};
use super::{Away, DatabaseError, Engine, Statement, StoreError};
use failover::Hosts;
use question::{Answer, Question};

/// Which servers, and how they are reached.
#[derive(Clone, Debug)]
pub struct PostgresPlace {
    /// The hosts in the order of preference; the first that takes writes is used.
    pub hosts: Vec<PostgresHost>,
    /// Where the password is; none where the server asks for none.
    pub password: Option<SecretSource>,
    /// Who issued the servers' certificates. Always there for a host that is reached over a network.
    pub ca: Option<PathBuf>,
}

/// One host.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PostgresHost {
    /// Its name or address, or the folder of its Unix socket.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The role.
    pub user: String,
    /// The database.
    pub database: String,
}

impl PostgresHost {
    /// For people: `host:port`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// Whether nobody else's network lies between.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.host.starts_with('/')
            || self.host == "localhost"
            || self.host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

/// A server, or several of which one takes writes (*serveur PostgreSQL*).
#[derive(Clone, Debug)]
pub struct PostgresStore(Arc<Hosts>);

impl PostgresStore {
    /// Finds the host that takes writes. Does not look at the schema.
    pub(super) async fn connect(place: &PostgresPlace) -> Result<Self, StoreError> {
        Ok(Self(Arc::new(Hosts::open(connect::hosts(place)?).await?)))
    }

    /// A connection for work that takes long and is done by one alone, such as a migration or an import: no bound on
    /// its statements, closed when it is dropped.
    pub async fn connection(&self) -> Result<PgConnection, DatabaseError> {
        self.0.long_connection().await.map_err(DatabaseError::Away)
    }

    /// The role by which this gateway is known there.
    pub(super) fn user(&self) -> &str {
        self.0.user()
    }

    /// Connections that are open, and those of them that wait for work.
    #[must_use]
    pub fn connections(&self) -> (u32, usize) {
        self.0.connections()
    }

    async fn ask(&self, question: Question) -> Result<Answer, DatabaseError> {
        let hosts = self.0.clone();
        let task = tokio::spawn(async move { hosts.ask(&question).await });
        task.await.unwrap_or(Err(DatabaseError::Away(Away::Lost)))
    }
}

impl Engine for PostgresStore {
    fn read(&self, statement: Statement) -> BoxFuture<'_, Result<Vec<Row>, DatabaseError>> {
        Box::pin(async move { Ok(rows(self.ask(Question::rows(statement)).await?.rows)) })
    }

    fn write(&self, statement: Statement) -> BoxFuture<'_, Result<u64, DatabaseError>> {
        Box::pin(async move {
            let answer = self.ask(Question::change(statement)).await?;
            Ok(answer.affected.first().copied().unwrap_or_default())
        })
    }

    fn write_returning(&self, statement: Statement) -> BoxFuture<'_, Result<Vec<Row>, DatabaseError>> {
        self.read(statement)
    }

    fn transaction(&self, statements: Vec<Statement>) -> BoxFuture<'_, Result<Vec<u64>, DatabaseError>> {
        Box::pin(async move { Ok(self.ask(Question::transaction(statements)).await?.affected) })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.0.close())
    }
}

fn rows(found: Vec<PgRow>) -> Vec<Row> {
    found.into_iter().map(|row| Row(AnyRow::Postgres(row))).collect()
}
