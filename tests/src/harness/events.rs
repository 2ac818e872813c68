//! What is on record? Every test looks here too.

use std::time::{Duration, Instant};

use gateway::audit::AuditFilter;
use gateway::config::Config;
use gateway::store::Store;
use serde_json::Value;

use super::Harness;

/// An event may follow its answer where there is none to hold back, such as a refused connection.
const PATIENCE: Duration = Duration::from_secs(10);

impl Harness {
    /// All events, oldest first, each with its index.
    pub async fn events(&self) -> Vec<Value> {
        self.events_after(0).await
    }

    /// The events from this index on.
    pub async fn events_after(&self, from: u64) -> Vec<Value> {
        let database = self.database().await;
        let store = database.audit();
        let mut events = Vec::new();
        let mut filter = AuditFilter { from, ..AuditFilter::default() };
        loop {
            let page = store.read(&filter).await.expect("a log that can be read");
            let Some(last) = page.last() else { break };
            filter.from = last.index + 1;
            for stored in page {
                let mut event = serde_json::to_value(&stored.event).expect("JSON");
                event["index"] = stored.index.into();
                events.push(event);
            }
        }
        database.close().await;
        events
    }

    /// How many there are: the index of the next.
    pub async fn event_count(&self) -> u64 {
        let database = self.database().await;
        let next = database.audit().next_index().await.expect("a log that can be read");
        database.close().await;
        next
    }

    /// The gateway's database, opened once more, whichever engine it is.
    pub async fn database(&self) -> Store {
        let config = Config::load(&self.files.config()).expect("a sound configuration");
        Store::open(&config.store).await.expect("the gateway's database")
    }

    /// The codes of all events of a kind.
    pub async fn event_codes(&self, kind: &str) -> Vec<String> {
        let events = self.events().await.into_iter().filter(|event| event["kind"] == kind);
        events.filter_map(|event| event["code"].as_str().map(str::to_owned)).collect()
    }

    /// The first event from this index on that has this code, or the first at all where none is given.
    pub async fn event_after(&self, from: u64, code: &str) -> Value {
        self.found(from, &format!("code {code:?}"), |event| code.is_empty() || event["code"] == code).await
    }

    /// The first event of this kind from this index on.
    pub async fn event_of_kind_after(&self, from: u64, kind: &str) -> Value {
        self.found(from, kind, |event| event["kind"] == kind).await
    }

    async fn found(&self, from: u64, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let start = Instant::now();
        loop {
            let events = self.events_after(from).await;
            if let Some(event) = events.iter().find(|event| wanted(event)) {
                return event.clone();
            }
            assert!(start.elapsed() < PATIENCE, "no event with {what} among {events:#?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
