//! Presences of several gateways on one Redis: begun at one, proven at another, once, whatever the Redis does.

use bawaba_tests::harness::Harness;
use bawaba_tests::program;
use bawaba_tests::redis::{Redis, RedisCluster};
use futures_util::future::join_all;

use super::conformance::eventually;

/// A gateway on this state.
async fn town_on(state: toml::Table) -> Harness {
    let edit = move |config: &mut toml::Table, _: &gateway::demo::folder::StateFolder| {
        config.insert("state".to_owned(), state.clone().into());
    };
    Harness::new().configured(edit).start().await
}

async fn state_of(town: &Harness) -> String {
    let ready = town.public("/readyz").await;
    ready.json["checks"]["state"].as_str().expect("a check").to_owned()
}

#[tokio::test]
async fn begun_at_one_node_a_presence_is_proven_at_another() {
    let redis = Redis::start();
    let here = town_on(redis.state()).await;
    let there = here.twin().await;
    for card in ["amina", "youssef", "fatima-guardian"] {
        let answered = here.counter("pharmacy-1").challenge(&mut here.card(card)).await.expect("a challenge");
        let before = there.event_count().await;
        let opened =
            there.counter("pharmacy-1").prove(&answered.presence, &answered.responses, "TREAT").await;
        opened.is(201);
        let event = there.event_after(before, "session-opened").await;
        assert_eq!((&event["presence"], &event["station"]), (&answered.presence.into(), &"poste-1".into()));
    }
}

#[tokio::test]
async fn a_cluster_carries_presences_as_well() {
    let cluster = RedisCluster::start();
    let here = town_on(cluster.state()).await;
    let there = here.twin().await;
    for _ in 0..8 {
        let counter = here.counter("pharmacy-1");
        let answered = counter.challenge(&mut here.card("amina")).await.expect("a challenge");
        let twin = there.counter("pharmacy-1");
        twin.prove(&answered.presence, &answered.responses, "TREAT").await.is(201);
        let again = counter.prove(&answered.presence, &answered.responses, "TREAT").await;
        again.is_problem(409, "presence-not-usable");
    }
}

#[tokio::test]
async fn a_proof_sent_to_all_nodes_at_once_opens_one_session() {
    let redis = Redis::start();
    let here = town_on(redis.state()).await;
    let there = here.twin().await;
    let counters = [here.counter("pharmacy-1"), there.counter("pharmacy-1")];
    let answered = counters[0].challenge(&mut here.card("amina")).await.expect("a challenge");
    let stolen = there.counter("pharmacy-2").prove(&answered.presence, &answered.responses, "TREAT").await;
    stolen.is_problem(409, "presence-not-usable");
    assert_eq!(there.events().await.last().expect("an event")["code"], "presence-of-another-client");
    let proofs =
        (0..16).map(|turn| counters[turn % 2].prove(&answered.presence, &answered.responses, "TREAT"));
    let answers = join_all(proofs).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    assert!(answers.iter().filter(|answer| answer.status != 201).all(|answer| answer.status == 409));
}

#[tokio::test]
async fn the_redis_reads_nothing_and_what_it_exchanges_is_refused() {
    let redis = Redis::start();
    let here = town_on(redis.state()).await;
    let there = here.twin().await;
    let counter = here.counter("pharmacy-1");
    let mut card = here.card("amina");
    let number = card.transcript().dg1;
    let first = counter.challenge(&mut card).await.expect("a challenge");
    let second = counter.challenge(&mut card).await.expect("a challenge");
    let key = |presence: &str| {
        redis.cli(&["--scan", "--pattern", &format!("*:presence:kept:{presence}")]).trim().to_owned()
    };
    // All that is there, as the server would write it to its disk.
    let held = redis.cli(&["HGETALL", &key(&first.presence)]);
    let name: String = number.iter().rev().take(30).rev().map(|octet| char::from(*octet)).collect();
    assert!(!held.is_empty() && !held.contains(&name) && !held.contains("poste-1"), "{held}");
    let exchange = "redis.call('HSET', KEYS[1], 'value', ARGV[1])";
    for value in ["x", ""] {
        let before = there.event_count().await;
        assert!(!redis.cli(&["EVAL", exchange, "1", &key(&first.presence), value]).contains("ERR"));
        let refused = there.counter("pharmacy-1").prove(&first.presence, &first.responses, "TREAT").await;
        if value == "x" {
            refused.is_problem(503, "state-unavailable");
            there.event_after(before, "presence-not-ours").await;
        }
    }
    // The challenge of one presence in the place of another: sealed for its own id.
    let third = counter.challenge(&mut card).await.expect("a challenge");
    let copy = "redis.call('HSET', KEYS[2], 'value', redis.call('HGET', KEYS[1], 'value')) return 'OK'";
    // Different shares, one server: it does not mind.
    assert!(redis.cli(&["EVAL", copy, "2", &key(&second.presence), &key(&third.presence)]).contains("OK"));
    let refused = there.counter("pharmacy-1").prove(&third.presence, &second.responses, "TREAT").await;
    refused.is_problem(503, "state-unavailable");
}

#[tokio::test]
async fn one_client_cannot_fill_the_memory_of_all_nodes() {
    let redis = Redis::start();
    let here = town_on(redis.state()).await;
    let there = here.twin().await;
    let counters = [here.counter("pharmacy-1"), there.counter("pharmacy-1")];
    let transcript = here.card("amina").transcript();
    for _ in 0..32 {
        let begun = join_all((0..16).map(|turn| counters[turn % 2].present(&transcript))).await;
        assert!(begun.iter().all(|answer| answer.status == 201));
    }
    for (counter, town) in counters.iter().zip([&here, &there]) {
        let before = town.event_count().await;
        counter.present(&transcript).await.is_problem(429, "rate-limited");
        town.event_after(before, "client-presences-full").await;
    }
    let modest = there.counter("clinic-1");
    modest.open(&mut there.card("youssef"), "TREAT").await.is(201);
    let inside = || here.app().state.inside(gateway::state::Space::Presence, "all");
    assert!(eventually(async || inside().await == Ok(512)).await, "what is spent waits no more");
}

#[tokio::test]
async fn without_the_redis_no_presence_begins_sessions_go_on_and_it_is_named() {
    let redis = Redis::start();
    let town = town_on(redis.state()).await;
    let session = town.session("amina", "pharmacy-1").await;
    let waiting = town.counter("pharmacy-1").challenge(&mut town.card("youssef")).await.expect("a challenge");
    assert_eq!(state_of(&town).await, "ok");
    redis.stop();
    let counter = town.counter("pharmacy-1");
    let before = town.event_count().await;
    let refused = counter.present(&town.card("amina").transcript()).await;
    refused.is_problem(503, "state-unavailable");
    assert_eq!(refused.json["party"], "gateway");
    assert_eq!(town.event_after(before, "state-unreachable").await["kind"], "presence-refused");
    let proof = counter.prove(&waiting.presence, &waiting.responses, "TREAT").await;
    proof.is_problem(503, "state-unavailable");
    counter.get("/prescription/MedicationRequest", &session.token).await.is(200);
    assert_eq!(state_of(&town).await, "state-unreachable");
    assert_eq!(town.public("/readyz").await.status, 503);
    redis.start_again();
    assert!(eventually(async || state_of(&town).await == "ok").await, "it is found again, without a restart");
    // It came back empty: what waited is unknown, and nothing that was spent can be spent.
    let proof = counter.prove(&waiting.presence, &waiting.responses, "TREAT").await;
    proof.is_problem(410, "presence-unknown");
    counter.open(&mut town.card("amina"), "TREAT").await.is(201);
}

#[tokio::test]
async fn the_doctor_says_what_is_wrong_with_the_redis_and_what_to_do() {
    let redis = Redis::configured("maxmemory 64mb\nmaxmemory-policy allkeys-lru\n");
    let town = town_on(redis.state()).await;
    let finding = async || {
        let config = town.files.config().display().to_string();
        let mut doctor = program::bawaba(&["doctor", "--config", &config, "--json"]);
        let run = move || program::run(&mut doctor, std::time::Duration::from_secs(60));
        let said = tokio::task::spawn_blocking(run).await.expect("no panic");
        let said: serde_json::Value = serde_json::from_slice(&said.stdout).expect("JSON");
        let findings = said["findings"].as_array().expect("findings");
        findings.iter().find(|one| one["check"] == "shared-state").expect("a finding").clone()
    };
    let evicts = finding().await;
    assert_eq!(evicts["standing"], "failed");
    assert!(evicts["remedy"].as_str().is_some_and(|remedy| remedy.contains("noeviction")), "{evicts}");
    assert_eq!(state_of(&town).await, "state-may-evict");
    assert!(redis.cli(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]).contains("OK"));
    assert_eq!(finding().await["standing"], "ok");
    redis.stop();
    let away = finding().await;
    assert!(away["remedy"].as_str().is_some_and(|remedy| remedy.contains("start it")), "{away}");
    assert!(!away.to_string().contains(bawaba_tests::redis::PASSWORD), "{away}");
}

#[tokio::test]
async fn a_presence_that_was_spent_stays_spent_whatever_the_redis_forgets() {
    let redis = Redis::start();
    let here = town_on(redis.state()).await;
    let there = here.twin().await;
    let answered = here.counter("pharmacy-1").challenge(&mut here.card("amina")).await.expect("a challenge");
    let prove = async |town: &Harness| {
        town.counter("pharmacy-1").prove(&answered.presence, &answered.responses, "TREAT").await
    };
    prove(&there).await.is(201);
    prove(&here).await.is_problem(409, "presence-not-usable");
    redis.lose_memory();
    assert!(eventually(async || state_of(&here).await == "ok" && state_of(&there).await == "ok").await);
    // The node that made it still has it beside: that alone opens nothing.
    prove(&here).await.is_problem(410, "presence-unknown");
    prove(&there).await.is_problem(410, "presence-unknown");
}

#[tokio::test]
async fn a_paused_redis_delays_nobody_for_long() {
    let redis = Redis::start();
    let town = town_on(redis.state()).await;
    let counter = town.counter("pharmacy-1");
    let session = town.session("amina", "pharmacy-1").await;
    let transcript = town.card("amina").transcript();
    redis.pause();
    let answers = tokio::time::timeout(
        std::time::Duration::from_secs(30),
        join_all((0..8).map(|_| counter.present(&transcript))),
    );
    for answer in answers.await.expect("an answer in bounded time") {
        answer.is_problem(503, "state-unavailable");
    }
    counter.get("/prescription/MedicationRequest", &session.token).await.is(200);
    assert_eq!(state_of(&town).await, "state-timeout");
    redis.resume();
    assert!(eventually(async || counter.present(&transcript).await.status == 201).await);
}

#[tokio::test]
async fn a_proof_whose_counter_hung_up_is_spent_whole_and_holds_no_place() {
    let redis = Redis::start();
    let town = town_on(redis.state()).await;
    let counter = town.counter("pharmacy-1");
    let answered = counter.challenge(&mut town.card("amina")).await.expect("a challenge");
    let sealed = redis.cli(&["--scan", "--pattern", "*:presence:kept:*"]).trim().to_owned();
    redis.pause();
    // The request is on its way to a Redis that does not answer; the counter does not wait for it.
    let hung_up = tokio::time::timeout(
        std::time::Duration::from_millis(300),
        counter.prove(&answered.presence, &answered.responses, "TREAT"),
    );
    assert!(hung_up.await.is_err(), "nobody answered");
    redis.resume();
    let taken = async || redis.cli(&["HEXISTS", &sealed, "taker"]).trim() == "1";
    assert!(eventually(taken).await, "what was begun is done to its end");
    let inside = || town.app().state.inside(gateway::state::Space::Presence, "all");
    assert!(eventually(async || inside().await == Ok(0)).await, "its place is free");
    let again = counter.prove(&answered.presence, &answered.responses, "TREAT").await;
    again.is_problem(409, "presence-not-usable");
}
