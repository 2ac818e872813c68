//! Three gateways behind one address: whoever answers, it is the same gateway; and one that dies takes nothing along.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bawaba_tests::counter::{Answered, Counter, text};
use bawaba_tests::harness::{Cluster, Harness};
use gateway::clock::Clock as _;
use reqwest::Method;
use serde_json::Value;

const SEARCH: &str = "/prescription/MedicationRequest";

/// Begins at one node and proves at another.
async fn open_across(cluster: &Cluster, card: &str, client: &str, (first, second): (usize, usize)) -> Value {
    let mut card = cluster.town.card(card);
    let begun = cluster.counter_at(first, client).challenge(&mut card).await;
    let Answered { presence, responses } = begun.unwrap_or_else(|refused| panic!("{}", refused.json));
    let opened = cluster.counter_at(second, client).prove(&presence, &responses, "TREAT").await;
    opened.is(201);
    // What is spent is spent everywhere.
    let again = cluster.counter_at(first, client).prove(&presence, &responses, "TREAT").await;
    assert_eq!(again.status.as_u16(), 409, "{}", again.json);
    opened.json
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_answers_it_is_the_same_gateway() {
    let mut cluster = Harness::new().start_as_cluster(3).await;

    // A card read at one node, proven at another, used at the third and through the balancer.
    let opened = open_across(&cluster, "amina", "pharmacy-1", (0, 1)).await;
    let token = text(&opened["token"]);
    for node in 0..3 {
        cluster.counter_at(node, "pharmacy-1").get(SEARCH, &token).await.is(200);
    }
    cluster.town.counter("pharmacy-1").get(SEARCH, &token).await.is(200);

    // Every node shows the same keys.
    let keys: BTreeSet<String> = cluster
        .nodes
        .iter()
        .map(|node| node.probe("/readyz").lines().last().unwrap_or_default().to_owned())
        .map(|body| {
            let ready: Value = serde_json::from_str(&body).unwrap_or_else(|_| panic!("{body}"));
            text(&ready["policy"])
        })
        .collect();
    assert_eq!(keys.len(), 1, "the nodes decide by different policies");

    // A session that ends at one node is over at every other.
    let id = text(&opened["session"]["id"]);
    let path = format!("/v1/sessions/{id}");
    cluster.counter_at(0, "pharmacy-1").ask(Method::DELETE, &path, Some(&token), None).await.is(204);
    for node in 0..3 {
        let counter = cluster.counter_at(node, "pharmacy-1");
        let over = async || counter.get(SEARCH, &token).await.code() == "session-ended";
        assert!(cluster.town.eventually(over).await, "node {node} still serves it");
    }

    // An establishment that is suspended on one machine is suspended on all.
    let token = text(&open_across(&cluster, "youssef", "pharmacy-2", (2, 0)).await["token"]);
    cluster.operator(&["registry", "suspend", "pharmacy-2"]);
    for node in 0..3 {
        let counter = cluster.counter_at(node, "pharmacy-2");
        let out = async || counter.get(SEARCH, &token).await.code() == "client-revoked";
        assert!(cluster.town.eventually(out).await, "node {node} still serves it");
    }

    // A node that comes back knows what it did not hear.
    cluster.nodes[1].kill();
    let opened = open_across(&cluster, "amina", "pharmacy-1", (0, 2)).await;
    let (token, id) = (text(&opened["token"]), text(&opened["session"]["id"]));
    let path = format!("/v1/sessions/{id}");
    cluster.counter_at(2, "pharmacy-1").ask(Method::DELETE, &path, Some(&token), None).await.is(204);
    cluster.nodes[1].start();
    cluster.counter_at(1, "pharmacy-1").get(SEARCH, &token).await.is_problem(401, "session-ended");
}

/// What counters do all day, through the balancer; every acknowledged request is remembered by its id.
struct Load {
    acknowledged: Arc<Mutex<Vec<String>>>,
    surprises: Arc<Mutex<Vec<String>>>,
    answered: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    workers: Vec<std::thread::JoinHandle<()>>,
}

fn on_a_thread<F: Future<Output = ()>>(
    work: impl FnOnce() -> F + Send + 'static,
) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(work());
    })
}

impl Load {
    fn start(cluster: &Cluster) -> Self {
        let mut load = Self {
            acknowledged: Arc::default(),
            surprises: Arc::default(),
            answered: Arc::default(),
            stop: Arc::default(),
            workers: Vec::new(),
        };
        for (number, card) in ["amina", "youssef", "amina", "youssef"].into_iter().enumerate() {
            let client = ["pharmacy-1", "pharmacy-2"][number % 2];
            let identity = cluster.town.identity(client);
            let (api, ca) = (cluster.town.api, cluster.town.files.ca_certificate());
            let file = cluster.town.card_file(card);
            let (acknowledged, surprises) = (load.acknowledged.clone(), load.surprises.clone());
            let (answered, stop) = (load.answered.clone(), load.stop.clone());
            // A card stays on its thread, as a reader does.
            load.workers.push(on_a_thread(move || async move {
                let mut token = String::new();
                while !stop.load(Ordering::Relaxed) {
                    // A connection of its own each time: the balancer chooses anew.
                    let counter = Counter::new(api, &ca, Some(&identity));
                    if token.is_empty() {
                        let mut card = bawaba_tests::counter::TestCard::new(&file);
                        let Some(opened) = counter.try_open(&mut card, "TREAT").await else { continue };
                        if opened.status.as_u16() != 201 {
                            surprises.lock().expect("a list").push(format!("open: {}", opened.json));
                            continue;
                        }
                        acknowledged.lock().expect("a list").push(opened.header("x-request-id").to_owned());
                        token = text(&opened.json["token"]);
                    }
                    for _ in 0..5 {
                        // None: the connection broke with the node, and nothing was promised.
                        let Some(answer) = counter.try_get(SEARCH, &token).await else { break };
                        if answer.status.as_u16() == 200 {
                            let id = answer.header("x-request-id").to_owned();
                            acknowledged.lock().expect("a list").push(id);
                            answered.fetch_add(1, Ordering::Relaxed);
                        } else {
                            surprises.lock().expect("a list").push(format!("read: {}", answer.json));
                        }
                    }
                }
            }));
        }
        load
    }

    fn answered(&self) -> usize {
        self.answered.load(Ordering::Relaxed)
    }

    /// So many requests more were answered.
    async fn goes_on(&self, town: &Harness, more: usize) {
        let wanted = self.answered() + more;
        assert!(town.eventually(async || self.answered() >= wanted).await, "nothing is answered any more");
    }

    async fn stop(self) -> (Vec<String>, Vec<String>) {
        self.stop.store(true, Ordering::Relaxed);
        for worker in self.workers {
            worker.join().expect("a worker");
        }
        let take = |list: &Mutex<Vec<String>>| list.lock().expect("a list").clone();
        (take(&self.acknowledged), take(&self.surprises))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_killed_under_load_takes_no_acknowledged_event_along() {
    let mut cluster = Harness::new().start_as_cluster(3).await;
    let load = Load::start(&cluster);
    load.goes_on(&cluster.town, 60).await;
    for victim in [1, 0] {
        cluster.nodes[victim].kill();
        load.goes_on(&cluster.town, 60).await;
        cluster.nodes[victim].start();
        load.goes_on(&cluster.town, 60).await;
    }
    let (acknowledged, surprises) = load.stop().await;
    assert!(surprises.is_empty(), "{} requests were refused: {surprises:#?}", surprises.len());

    let log = cluster.postgres.sql(
        "bawaba",
        "SELECT position || ' ' || coalesce(event::json->>'request_id', '-') || ' ' || (event::json->>'outcome') \
         FROM audit_event ORDER BY position",
    );
    let mut permitted: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, line) in log.lines().enumerate() {
        let mut words = line.split(' ');
        assert_eq!(words.next(), Some(number.to_string().as_str()), "the log has a gap");
        let request = words.next().expect("a request id");
        if words.next() == Some("permit") && request != "-" {
            *permitted.entry(request).or_default() += 1;
        }
    }
    assert!(acknowledged.len() > 200);
    for request in &acknowledged {
        assert_eq!(
            permitted.get(request.as_str()),
            Some(&1),
            "{request} was answered, and its event is not there once"
        );
    }
}

/// Two machines whose clocks are thirty seconds from the truth, one ahead and one behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_whose_clocks_are_apart_agree() {
    let clocks = [Some("+30s"), Some("-30s")];
    let cluster = Harness::new().start_as_cluster_at(&clocks).await;
    for (first, second) in [(0, 1), (1, 0)] {
        let opened = open_across(&cluster, "amina", "pharmacy-1", (first, second)).await;
        let token = text(&opened["token"]);
        for node in [first, second] {
            cluster.counter_at(node, "pharmacy-1").get(SEARCH, &token).await.is(200);
        }
        // What they date is the time of the database they share, which is this machine's.
        let claims = bawaba_tests::papers::claims_of(&token);
        let issued = claims["iat"].as_i64().expect("a time");
        let now = gateway::clock::SystemClock.now().unix_timestamp();
        assert!((now - issued).abs() < 20, "issued {} s from now", issued - now);
    }
}

/// Registry, log and memory away, one after the other: who is at fault is said, and everything comes back by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_shared_goes_away_and_comes_back() {
    let mut cluster = Harness::new().start_as_cluster(2).await;
    let opened = open_across(&cluster, "amina", "pharmacy-1", (0, 1)).await;
    let token = text(&opened["token"]);
    let counter = cluster.counter_at(0, "pharmacy-1");

    cluster.redis.stop();
    // Sessions that run go on; a new presence is refused by name.
    counter.get(SEARCH, &token).await.is(200);
    let mut card = cluster.town.card("amina");
    let refused = counter.challenge(&mut card).await.err().expect("no new presence");
    refused.is_problem(503, "state-unavailable");
    assert_eq!(refused.json["party"], "gateway");
    let node = &cluster.nodes[0];
    assert!(cluster.town.eventually(async || node.readiness().starts_with("HTTP/1.1 503")).await);
    assert!(node.readiness().contains("\"state\":\"state-"), "{}", node.readiness());
    cluster.redis.start_again();
    assert!(cluster.town.eventually(async || node.is_ready()).await, "{}", node.readiness());
    let opens = async || counter.open(&mut cluster.town.card("amina"), "TREAT").await.status.as_u16() == 201;
    assert!(cluster.town.eventually(opens).await);

    cluster.postgres.stop();
    let refused = counter.get(SEARCH, &token).await;
    assert_eq!(refused.status.as_u16(), 503, "{}", refused.json);
    assert!(matches!(refused.code(), "audit-unavailable" | "registry-unavailable"), "{}", refused.json);
    let node = &cluster.nodes[1];
    assert!(cluster.town.eventually(async || node.readiness().starts_with("HTTP/1.1 503")).await);
    cluster.postgres.restart();
    let node = &cluster.nodes[1];
    assert!(cluster.town.eventually(async || node.is_ready()).await, "{}", node.readiness());
    let serves = async || counter.get(SEARCH, &token).await.status.as_u16() == 200;
    assert!(cluster.town.eventually(serves).await);
}
