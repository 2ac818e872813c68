//! What if a part of a cluster is away, lost its memory, or was replaced by a replica that lagged?

use std::time::{Duration, Instant};

use bawaba_tests::redis::{Redis, RedisCluster};
use gateway::state::{Space, Spent, Taken};

use super::conformance::eventually;
use super::node;

const LIFE: Duration = Duration::from_secs(120);

/// Far beyond the deadline of a call, far below for ever.
const BOUNDED: Duration = Duration::from_secs(20);

#[tokio::test]
async fn one_master_of_a_cluster_that_loses_its_memory_ends_the_epoch() {
    let cluster = RedisCluster::start();
    let state = node(&cluster.state());
    let epoch = state.epoch().await.expect("an epoch");
    let names: Vec<_> = (0..32).map(|number| format!("jti-{number}")).collect();
    for name in &names {
        assert_eq!(state.spend(Space::DpopProof, name, LIFE, &epoch).await, Ok(Spent::First));
    }
    cluster.nodes()[1].lose_memory();
    for name in &names {
        let spent = state.spend(Space::DpopProof, name, LIFE, &epoch).await;
        assert!(spent != Ok(Spent::First), "{name}");
    }
    assert!(eventually(async || state.ping().await.is_ok()).await, "the cluster is whole again");
    assert_ne!(state.epoch().await.expect("an epoch").id, epoch.id);
}

#[tokio::test]
async fn a_cluster_that_is_away_is_found_when_it_is_back() {
    let cluster = RedisCluster::start();
    let before = node(&cluster.state());
    before.put(Space::Presence, "a", "me", b"", LIFE).await.expect("kept");
    cluster.nodes().iter().for_each(Redis::kill);
    let start = Instant::now();
    let after = node(&cluster.state());
    for state in [&before, &after] {
        assert!(state.put(Space::Presence, "b", "me", b"", LIFE).await.is_err());
        assert!(state.ping().await.is_err());
    }
    assert!(start.elapsed() < BOUNDED);
    cluster.nodes().iter().for_each(Redis::start_again);
    for state in [&before, &after] {
        assert!(eventually(async || state.ping().await.is_ok()).await, "it is found again");
        assert_eq!(state.take(Space::Presence, "a", "me").await, Ok(Taken::Unknown));
    }
}

#[tokio::test]
async fn a_replica_that_lagged_and_took_over_makes_nothing_spendable() {
    let cluster = RedisCluster::with_replicas(1);
    let state = node(&cluster.state());
    let epoch = state.epoch().await.expect("an epoch");
    let names: Vec<_> = (0..32).map(|number| format!("jti-{number}")).collect();
    for name in &names {
        state.put(Space::Presence, name, "me", b"value", LIFE).await.expect("kept");
    }
    let master = cluster.holder_of("bawaba:{0}:epoch");
    let replica = cluster.replica_of(master);
    let level = async || master.cli(&["DBSIZE"]) == replica.cli(&["DBSIZE"]);
    assert!(eventually(level).await, "the replica knows all so far");
    replica.pause();
    for name in &names {
        assert_eq!(state.spend(Space::DpopProof, name, LIFE, &epoch).await, Ok(Spent::First));
        assert_eq!(state.take(Space::Presence, name, "me").await, Ok(Taken::Now(b"value".to_vec())));
    }
    master.kill();
    replica.resume();
    // Those that went on have to see that the master is gone before the replica may take its place for good.
    let promoted = async || {
        let _asked = replica.cli(&["CLUSTER", "FAILOVER", "TAKEOVER"]);
        let whole = |server: &&Redis| !std::ptr::eq(*server, master);
        cluster
            .nodes()
            .iter()
            .filter(whole)
            .all(|server| server.cli(&["CLUSTER", "INFO"]).contains("cluster_state:ok"))
            && replica.cli(&["ROLE"]).starts_with("master")
    };
    assert!(eventually(promoted).await, "the replica is the master now");
    assert!(replica.cli(&["--scan"]).contains("presence:kept:jti-"), "it lagged: what was taken is there");
    let ready = async || state.ping().await.is_ok();
    assert!(eventually(ready).await, "the cluster is whole again");
    for name in &names {
        let spent = state.spend(Space::DpopProof, name, LIFE, &epoch).await;
        assert!(spent != Ok(Spent::First), "{name}");
        let taken = state.take(Space::Presence, name, "me").await;
        assert!(matches!(taken, Ok(Taken::Before | Taken::Unknown)), "{name}: {taken:?}");
    }
    assert_ne!(state.epoch().await.expect("an epoch").id, epoch.id);
}
