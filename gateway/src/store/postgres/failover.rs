//! Which host takes writes now, and what if it stops in mid-sentence?
//!
//! All connections of the pool go to one host. When one of them breaks, does not answer, or says that it became a
//! standby, the hosts are tried in turn; the first that takes writes gets a new pool, and what was asked is asked
//! again there, as long as the patience of the question lasts.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnection, PgPool, PgPoolOptions, PgRow};
use sqlx::query::Query;
use sqlx::{Connection, Postgres};
use tokio::time::{Instant, sleep, timeout_at};

use super::super::{Away, DatabaseError, Statement, StoreError, Value};
use super::connect::Host;
use crate::limits::{
    DATABASE_CONNECT, DATABASE_CONNECTIONS, DATABASE_PATIENCE, DATABASE_PATIENCE_SLOW, DATABASE_PAUSE,
    DATABASE_TRY,
};

/// What is asked.
pub(super) struct Question {
    statements: Vec<Statement>,
    form: Form,
}

#[derive(Clone, Copy)]
enum Form {
    Change,
    Rows,
    Transaction,
}

/// What was answered.
#[derive(Default)]
pub(super) struct Answer {
    pub(super) rows: Vec<PgRow>,
    pub(super) affected: Vec<u64>,
}

impl Question {
    pub(super) fn rows(statement: Statement) -> Self {
        Self { statements: vec![statement], form: Form::Rows }
    }

    pub(super) fn change(statement: Statement) -> Self {
        Self { statements: vec![statement], form: Form::Change }
    }

    pub(super) fn transaction(statements: Vec<Statement>) -> Self {
        Self { statements, form: Form::Transaction }
    }
}

/// The hosts, and the one in use.
pub(super) struct Hosts {
    hosts: Vec<Host>,
    held: ArcSwap<Held>,
    electing: tokio::sync::Mutex<()>,
    /// Why the last round found no host.
    reason: Mutex<Away>,
}

/// The pool of one host.
struct Held {
    host: usize,
    pool: PgPool,
}

impl std::fmt::Debug for Hosts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.hosts.iter().map(|host| &host.name)).finish()
    }
}

/// Why one try failed.
enum Trouble {
    /// The host is gone, frozen or a standby: look for another.
    Host(Away),
    /// Nothing is wrong with the host.
    Passing(Away),
    /// The next try would fail alike.
    Final(DatabaseError),
}

impl Hosts {
    /// Finds a host, within the patience of one question.
    pub(super) async fn open(hosts: Vec<Host>) -> Result<Self, StoreError> {
        let Some(first) = hosts.first() else { return Err(StoreError::Postgres(Away::Lost)) };
        let held = ArcSwap::from_pointee(Held { host: 0, pool: pool(first) });
        let this =
            Self { hosts, held, electing: tokio::sync::Mutex::default(), reason: Mutex::new(Away::Timeout) };
        let none = this.held.load_full();
        let deadline = Instant::now() + DATABASE_PATIENCE;
        match timeout_at(deadline, this.elect(&none)).await {
            Ok(Ok(())) => Ok(this),
            Ok(Err(away)) => Err(StoreError::Postgres(away)),
            Err(_) => Err(StoreError::Postgres(this.reason())),
        }
    }

    /// Asks until there is an answer or the patience ends.
    pub(super) async fn ask(&self, question: &Question) -> Result<Answer, DatabaseError> {
        let patience = question.statements.iter().map(|statement| statement.patience).max();
        let deadline = Instant::now() + patience.unwrap_or(DATABASE_PATIENCE);
        loop {
            let held = self.held.load_full();
            match self.try_once(&held.pool, question, deadline).await {
                Ok(answer) => return Ok(answer),
                Err(Trouble::Final(error)) => return Err(error),
                Err(Trouble::Passing(away)) if Instant::now() + DATABASE_PAUSE >= deadline => {
                    return Err(DatabaseError::Away(away));
                }
                Err(Trouble::Passing(_)) => sleep(DATABASE_PAUSE).await,
                Err(Trouble::Host(away)) => match timeout_at(deadline, self.elect(&held)).await {
                    Ok(Ok(())) if Instant::now() < deadline => {}
                    Ok(Ok(())) => return Err(DatabaseError::Away(away)),
                    Ok(Err(away)) => return Err(DatabaseError::Away(away)),
                    Err(_) => return Err(DatabaseError::Away(self.reason())),
                },
            }
        }
    }

    /// One try, on one connection.
    async fn try_once(
        &self,
        pool: &PgPool,
        question: &Question,
        deadline: Instant,
    ) -> Result<Answer, Trouble> {
        let mut connection = pool.acquire().await.map_err(|error| match error {
            sqlx::Error::PoolTimedOut if pool.size() > 0 => Trouble::Passing(Away::Busy),
            error => trouble(error),
        })?;
        // An operator's long question is one long try; a counter's leaves time for another host.
        let slow = question.statements.iter().any(|statement| statement.patience == DATABASE_PATIENCE_SLOW);
        let end = if slow { deadline } else { deadline.min(Instant::now() + DATABASE_TRY) };
        let outcome = timeout_at(end, put(&mut connection, question)).await;
        let failed = match outcome {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => trouble(error),
            Err(_) => Trouble::Host(Away::Timeout),
        };
        // Where it stands in its conversation is not known: nobody else gets this connection.
        if !matches!(failed, Trouble::Final(_)) || matches!(question.form, Form::Transaction) {
            end_hard(connection);
        }
        Err(failed)
    }

    /// Finds the host that takes writes, unless another task did so since `failed` was in use.
    ///
    /// Runs until there is one; an error is what waiting does not heal.
    async fn elect(&self, failed: &Arc<Held>) -> Result<(), Away> {
        let _one_at_a_time = self.electing.lock().await;
        loop {
            if !Arc::ptr_eq(&self.held.load_full(), failed) {
                return Ok(());
            }
            let mut passing = false;
            for (place, host) in self.hosts.iter().enumerate() {
                match host.connect().await {
                    Ok(connection) => {
                        let old = self.held.swap(Arc::new(Held { host: place, pool: pool(host) }));
                        tracing::info!(host = host.name, "PostgreSQL takes writes");
                        tokio::spawn(async move { old.pool.close().await });
                        drop(connection);
                        return Ok(());
                    }
                    Err(away) => {
                        passing |= away.may_pass();
                        *self.reason.lock().unwrap_or_else(PoisonError::into_inner) = away;
                    }
                }
            }
            if !passing {
                return Err(self.reason());
            }
            sleep(DATABASE_PAUSE).await;
        }
    }

    /// A connection of one's own.
    pub(super) async fn long_connection(&self) -> Result<PgConnection, Away> {
        let held = self.held.load_full();
        match self.hosts.get(held.host) {
            Some(host) => host.connect_for_long().await,
            None => Err(Away::Lost),
        }
    }

    pub(super) fn user(&self) -> &str {
        self.hosts.first().map(|host| host.options.get_username()).unwrap_or_default()
    }

    pub(super) fn connections(&self) -> (u32, usize) {
        let held = self.held.load();
        (held.pool.size(), held.pool.num_idle())
    }

    pub(super) async fn close(&self) {
        self.held.load_full().pool.close().await;
    }

    fn reason(&self) -> Away {
        self.reason.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A pool that opens connections when they are needed.
fn pool(host: &Host) -> PgPool {
    let this = host.clone();
    PgPoolOptions::new()
        .max_connections(DATABASE_CONNECTIONS)
        .acquire_timeout(DATABASE_CONNECT)
        // A broken connection is found by using it; a question before each question would double its time.
        .test_before_acquire(false)
        .after_connect(move |connection, _| {
            let host = this.clone();
            // A host that came back as a standby of another must not answer with what was true yesterday.
            Box::pin(async move {
                host.look_at(connection).await.map_err(|away| sqlx::Error::Protocol(away.to_string()))
            })
        })
        .connect_lazy_with(host.options.clone())
}

/// Puts the question to this connection.
async fn put(connection: &mut PgConnection, question: &Question) -> Result<Answer, sqlx::Error> {
    let mut answer = Answer::default();
    match question.form {
        Form::Rows => {
            for statement in &question.statements {
                answer.rows = query(statement).fetch_all(&mut *connection).await?;
            }
        }
        Form::Change => {
            for statement in &question.statements {
                answer.affected.push(query(statement).execute(&mut *connection).await?.rows_affected());
            }
        }
        Form::Transaction => {
            let mut transaction = connection.begin().await?;
            for statement in &question.statements {
                answer.affected.push(query(statement).execute(&mut *transaction).await?.rows_affected());
            }
            transaction.commit().await?;
        }
    }
    Ok(answer)
}

fn query(statement: &Statement) -> Query<'_, Postgres, sqlx::postgres::PgArguments> {
    statement.values.iter().fold(sqlx::query(statement.postgres), |query, value| match value {
        Value::Bool(value) => query.bind(value),
        Value::Bytes(value) => query.bind(value.as_deref()),
        Value::Int(value) => query.bind(value),
        Value::Ints(values) => query.bind(values),
        Value::Text(value) => query.bind(value.as_deref()),
        Value::Texts(values) => query.bind(values),
    })
}

/// Closes the socket without another word.
fn end_hard(connection: PoolConnection<Postgres>) {
    drop(connection.detach());
}

/// What an error says about the host. Codes: PostgreSQL, appendix A.
fn trouble(error: sqlx::Error) -> Trouble {
    match &error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => {
            Trouble::Host(Away::Lost)
        }
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => Trouble::Host(Away::Timeout),
        sqlx::Error::Database(refused) => match refused.code().as_deref().unwrap_or_default() {
            // read_only_sql_transaction; admin_shutdown, crash_shutdown, cannot_connect_now
            "25006" | "57P01" | "57P02" | "57P03" => Trouble::Host(Away::Lost),
            // connection_exception …
            state if state.starts_with("08") => Trouble::Host(Away::Lost),
            // too_many_connections, lock_not_available, serialization_failure, deadlock_detected
            "53300" | "55P03" | "40001" | "40P01" => Trouble::Passing(Away::Busy),
            _ => Trouble::Final(DatabaseError::Statement(error)),
        },
        _ => Trouble::Final(DatabaseError::Statement(error)),
    }
}
