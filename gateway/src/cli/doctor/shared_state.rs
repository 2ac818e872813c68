//! Can the nodes of this gateway remember together, and does nothing throw away what they remember?

use std::sync::Arc;

use super::Finding;
use crate::clock::SystemClock;
use crate::config::StatePlace;
use crate::state::{self, StateError, StateOpenError};

const CHECK: &str = "shared-state";

/// Asks every share of the Redis that the configuration names.
pub(super) async fn look(place: &StatePlace) -> Finding {
    let StatePlace::Redis(redis) = place else {
        return Finding::ok(CHECK, "in this process: for one gateway alone");
    };
    let named: Vec<_> = redis.nodes.iter().filter_map(|node| node.host_str()).collect();
    let state = match state::open(place, Arc::new(SystemClock)) {
        Ok(state) => state,
        Err(error) => return unopened(&error),
    };
    match state.ping().await {
        Ok(()) => Finding::ok(CHECK, named.join(", ")),
        Err(error) => Finding::failed(CHECK, format!("{}: {error}", named.join(", ")), remedy(error)),
    }
}

fn unopened(error: &StateOpenError) -> Finding {
    Finding::failed(CHECK, error.to_string(), "correct [state] of the configuration, and what it points at")
}

fn remedy(error: StateError) -> &'static str {
    match error {
        StateError::Unreachable | StateError::Timeout => {
            "start it, open the way to it (redis-cli -u URL ping), and check ca if it speaks TLS"
        }
        StateError::Refused => {
            "check user and password; the user needs: ~bawaba:* &bawaba:* -@all +@connection +@scripting +@read \
                +@write +@fast +@pubsub +cluster +time +info; and a replica is no place to write"
        }
        StateError::MayEvict => "CONFIG SET maxmemory-policy noeviction, and in redis.conf",
        _ => {
            "see that nobody else writes keys that begin with bawaba:, and that it is a Redis of version 6.2 or later"
        }
    }
}
