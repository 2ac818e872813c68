//! How does a question reach Redis and its answer come back, once, in bounded time?

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use arc_swap::ArcSwap;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::cluster::ClusterConfig;
use redis::cluster_async::ClusterConnection;
use redis::{Cmd, RedisResult, Value};
use tokio::time::{Instant, sleep, timeout_at};

use super::dial::Dial;
use super::fault::Fault;
use super::scripts::Script;
use crate::limits::{STATE_ANSWER_TIMEOUT, STATE_ATTEMPTS, STATE_DEADLINE, STATE_PAUSE};
use crate::state::StateError;

/// Faults in a row after which the connection is made anew: one whose other end is frozen or gone says nothing.
const FAULTS_IN_A_ROW: u32 = 3;

/// A way to Redis that mends itself (*liaison*).
pub(super) struct Link {
    dial: Dial,
    current: ArcSwap<Numbered>,
    faults: AtomicU32,
}

/// A connection and its place in the row, so that of many who saw it fail one replaces it.
struct Numbered {
    number: u64,
    connection: Connection,
}

#[derive(Clone)]
enum Connection {
    One(ConnectionManager),
    Cluster(ClusterConnection),
}

impl Link {
    /// Connects when it is first needed.
    pub(super) fn new(dial: Dial) -> Result<Self, StateError> {
        let connection = connect(&dial).map_err(|_| StateError::Unreachable)?;
        let current = ArcSwap::from_pointee(Numbered { number: 0, connection });
        Ok(Self { dial, current, faults: AtomicU32::new(0) })
    }

    /// Runs a script that may be repeated: it knows a repetition by an argument of its own.
    pub(super) async fn run(
        &self,
        script: &Script,
        keys: &[&str],
        arguments: &[&[u8]],
    ) -> Result<Value, StateError> {
        let deadline = Instant::now() + STATE_DEADLINE;
        let mut pause = STATE_PAUSE;
        for attempt in 1.. {
            let answer = timeout_at(deadline, self.once(script, keys, arguments)).await;
            let fault = match answer {
                Ok(Ok(value)) => return Ok(value),
                Ok(Err(fault)) => fault,
                Err(_) => return Err(StateError::Timeout),
            };
            if !fault.again || attempt >= STATE_ATTEMPTS || Instant::now() + pause >= deadline {
                return Err(fault.error);
            }
            sleep(pause).await;
            pause *= 2;
        }
        Err(StateError::Unreachable)
    }

    /// One attempt.
    pub(super) async fn once(
        &self,
        script: &Script,
        keys: &[&str],
        arguments: &[&[u8]],
    ) -> Result<Value, Fault> {
        match self.ask(&script.by_hash(keys, arguments)).await {
            // It was never told, or forgot all scripts.
            Err(fault) if fault.script_unknown => self.ask(&script.in_full(keys, arguments)).await,
            answer => answer,
        }
    }

    /// One command, once.
    pub(super) async fn ask(&self, command: &Cmd) -> Result<Value, Fault> {
        let current = self.current.load_full();
        match current.connection.clone().send(command).await {
            Ok(value) => {
                self.faults.store(0, Relaxed);
                Ok(value)
            }
            Err(error) => {
                let fault = Fault::of(&error);
                if !fault.script_unknown {
                    tracing::debug!(code = fault.error.code(), kind = ?error.kind(), "shared state");
                }
                let in_a_row = self.faults.fetch_add(1, Relaxed) + 1;
                if fault.dead || (fault.again && in_a_row >= FAULTS_IN_A_ROW) {
                    self.renew(&current);
                }
                Err(fault)
            }
        }
    }

    /// Another connection in the place of this one, unless somebody was faster.
    fn renew(&self, failed: &Arc<Numbered>) {
        if self.current.load().number != failed.number {
            return;
        }
        if let Ok(connection) = connect(&self.dial) {
            let next = Arc::new(Numbered { number: failed.number.wrapping_add(1), connection });
            self.current.compare_and_swap(failed, next);
            self.faults.store(0, Relaxed);
        }
    }

    pub(super) fn dial(&self) -> &Dial {
        &self.dial
    }
}

impl Connection {
    async fn send(&mut self, command: &Cmd) -> RedisResult<Value> {
        match self {
            Self::One(one) => command.query_async(one).await,
            Self::Cluster(cluster) => command.query_async(cluster).await,
        }
    }
}

/// A connection that is made when it is first used.
fn connect(dial: &Dial) -> RedisResult<Connection> {
    Ok(match dial {
        Dial::One(client) => {
            let config = ConnectionManagerConfig::new()
                .set_connection_timeout(Some(STATE_ANSWER_TIMEOUT))
                .set_response_timeout(Some(STATE_ANSWER_TIMEOUT))
                .set_number_of_retries(1)
                .set_min_delay(Duration::from_millis(5))
                .set_max_delay(STATE_PAUSE)
                // Requests of all clients share it; a short queue would be a bottleneck.
                .set_pipeline_buffer_size(1_024);
            Connection::One(ConnectionManager::new_lazy_with_config(client.clone(), config)?)
        }
        Dial::Cluster { client, .. } => {
            let config = ClusterConfig::new()
                .set_connection_timeout(STATE_ANSWER_TIMEOUT)
                .set_response_timeout(STATE_ANSWER_TIMEOUT);
            Connection::Cluster(client.get_pending_async_connection_with_config(config))
        }
    })
}
