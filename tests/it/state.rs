//! What all nodes remember for a while: one suite against this process, a real Redis, and a real cluster of three.

mod clusters;
mod conformance;
mod faults;
mod presences;

use std::sync::Arc;

use bawaba_tests::redis::{Redis, RedisCluster};
use gateway::clock::SystemClock;
use gateway::config::{RedisPlace, StatePlace};
use gateway::state::{self, SharedState};
use hsm_config::SecretSource;

/// Where `[state]` of the tests says.
fn place(table: &toml::Table) -> StatePlace {
    let text = |key: &str| table.get(key).and_then(toml::Value::as_str);
    let urls = table["redis"].as_array().expect("a list");
    StatePlace::Redis(RedisPlace {
        nodes: urls.iter().map(|url| url.as_str().expect("text").parse().expect("a URL")).collect(),
        cluster: table["cluster"].as_bool().expect("a word"),
        password: text("password").map(|source| source.parse::<SecretSource>().expect("a source")),
        ca: text("ca").map(Into::into),
    })
}

/// Another node's view of it.
fn node(table: &toml::Table) -> Arc<dyn SharedState> {
    state::open(&place(table), Arc::new(SystemClock)).expect("a state")
}

#[tokio::test]
async fn this_process_remembers_as_agreed() {
    let alone = state::open(&StatePlace::InProcess, Arc::new(SystemClock)).expect("a state");
    conformance::all([alone.clone(), alone]).await;
}

#[tokio::test]
async fn a_redis_remembers_as_agreed() {
    let redis = Redis::start();
    conformance::all([node(&redis.state()), node(&redis.state())]).await;
    conformance::every_key_has_an_expiry(&redis);
}

#[tokio::test]
async fn a_cluster_remembers_as_agreed() {
    let cluster = RedisCluster::start();
    conformance::all([node(&cluster.state()), node(&cluster.state())]).await;
    for server in cluster.nodes() {
        conformance::every_key_has_an_expiry(server);
    }
}
