//! Which host takes writes now, and what if it stops in mid-sentence?
//!
//! All connections of the pool go to one host. When one of them breaks, does not answer, or says that it became a
//! standby, all hosts are asked; the one that takes writes gets a new pool, and what was asked is asked again there, as
//! long as the patience of the question lasts.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use futures_util::future::join_all;
use sqlx::Postgres;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnection, PgPool, PgPoolOptions};
use tokio::time::{Instant, sleep, timeout_at};

use super::super::{Away, DatabaseError, StoreError};
use super::connect::{Host, Timeline};
use super::question::{Answer, Question, Trouble, put, trouble};
use crate::limits::{
    DATABASE_CONNECT, DATABASE_CONNECTIONS, DATABASE_PATIENCE, DATABASE_PAUSE, DATABASE_TRY,
};

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
    /// None before anybody was asked.
    timeline: Timeline,
}

impl std::fmt::Debug for Hosts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.hosts.iter().map(|host| &host.name)).finish()
    }
}

impl Hosts {
    /// Finds a host, within the patience of one question.
    pub(super) async fn open(hosts: Vec<Host>) -> Result<Self, StoreError> {
        let Some(first) = hosts.first() else { return Err(StoreError::Postgres(Away::Lost)) };
        let held = ArcSwap::from_pointee(Held {
            host: 0,
            pool: pool(first, Timeline::default()),
            timeline: Timeline::default(),
        });
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
        let deadline = Instant::now() + question.patience();
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
        let end = if question.is_slow() { deadline } else { deadline.min(Instant::now() + DATABASE_TRY) };
        let outcome = timeout_at(end, put(&mut connection, question)).await;
        let failed = match outcome {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => trouble(error),
            Err(_) => Trouble::Host(Away::Timeout),
        };
        // Where it stands in its conversation is not known: nobody else gets this connection.
        if !matches!(failed, Trouble::Final(_)) || question.is_transaction() {
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
            let asked = join_all(self.hosts.iter().map(Host::connect)).await;
            let mut passing = false;
            let mut best: Option<(Timeline, usize)> = None;
            for (place, outcome) in asked.into_iter().enumerate() {
                match outcome {
                    // A primary that was replaced and came back takes writes too; nobody must go back to it.
                    Ok((_, timeline)) if timeline < failed.timeline => passing = true,
                    Ok((_, timeline)) if best.is_none_or(|(other, _)| timeline > other) => {
                        best = Some((timeline, place));
                    }
                    Ok(_) => {}
                    Err(away) => {
                        passing |= away.may_pass();
                        *self.reason.lock().unwrap_or_else(PoisonError::into_inner) = away;
                    }
                }
            }
            if let Some((host, (timeline, place))) =
                best.and_then(|(timeline, place)| Some((self.hosts.get(place)?, (timeline, place))))
            {
                let held = Held { host: place, pool: pool(host, timeline), timeline };
                let old = self.held.swap(Arc::new(held));
                tracing::info!(host = host.name, "PostgreSQL takes writes");
                tokio::spawn(async move { old.pool.close().await });
                return Ok(());
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
fn pool(host: &Host, elected: Timeline) -> PgPool {
    let this = host.clone();
    PgPoolOptions::new()
        .max_connections(DATABASE_CONNECTIONS)
        .acquire_timeout(DATABASE_CONNECT)
        // A broken connection is found by using it; a question before each question would double its time.
        .test_before_acquire(false)
        .after_connect(move |connection, _| {
            let host = this.clone();
            // A host that came back after it was replaced must not answer with what was true yesterday.
            Box::pin(async move {
                match host.look_at(connection).await {
                    Ok(timeline) if timeline >= elected => Ok(()),
                    Ok(_) => Err(sqlx::Error::Protocol("it was replaced".to_owned())),
                    Err(away) => Err(sqlx::Error::Protocol(away.to_string())),
                }
            })
        })
        .connect_lazy_with(host.options.clone())
}

/// Closes the socket without another word.
fn end_hard(connection: PoolConnection<Postgres>) {
    drop(connection.detach());
}
