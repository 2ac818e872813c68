//! Gateways that share a database share its time, whatever their machines' clocks show.

use std::sync::Arc;

use bawaba_tests::harness::Harness;
use bawaba_tests::postgres::Postgres;
use gateway::app::{App, Overrides};
use gateway::clock::{Clock, SystemClock};
use gateway::config::Config;
use time::{Duration, OffsetDateTime};

/// A machine whose clock is off.
#[derive(Debug)]
struct Off(Duration);

impl Clock for Off {
    fn now(&self) -> OffsetDateTime {
        SystemClock.now() + self.0
    }
}

async fn node(town: &Harness, off: Duration) -> Arc<App> {
    let config = Config::load(&town.files.config()).expect("a sound configuration");
    let overrides = Overrides { own_clock: Some(Arc::new(Off(off))), ..Overrides::default() };
    App::build_with(config, overrides).await.expect("a gateway")
}

#[tokio::test]
async fn on_postgresql_two_machines_thirty_seconds_apart_tell_one_time() {
    let server = Postgres::start();
    let town = Harness::new().postgres(&server).start().await;
    let (fast, slow) = (node(&town, Duration::seconds(30)).await, node(&town, Duration::seconds(-30)).await);
    let apart = fast.clock.now() - slow.clock.now();
    assert!(apart.abs() < Duration::seconds(5), "{apart}");
    for (node, off) in [(&fast, 30.0), (&slow, -30.0)] {
        let offset = node.shared_clock.as_ref().expect("a shared clock").offset().as_seconds_f64();
        assert!((offset - off).abs() < 5.0, "the operator is told {offset}");
    }
    fast.store.close().await;
    slow.store.close().await;
}

#[tokio::test]
async fn on_sqlite_it_is_the_machines_own() {
    let town = Harness::healthy().await;
    let node = node(&town, Duration::seconds(30)).await;
    assert!(node.shared_clock.is_none());
    assert!(node.clock.now() - SystemClock.now() > Duration::seconds(25));
    let ready = town.public("/readyz").await;
    assert_eq!(
        (&ready.json["checks"]["clock"], &ready.json["clock_offset_seconds"]),
        (&"ok".into(), &0.0.into())
    );
}
