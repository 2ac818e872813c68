//! No log, no access: what leaves when the audit store fails, and what is there after `kill -9`?

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bawaba_tests::faulty::Fault;
use bawaba_tests::harness::Harness;

const LIST: &str = "/prescription/MedicationRequest";

#[tokio::test]
async fn while_the_store_fails_no_answer_leaves_and_afterwards_all_is_well() {
    for fault in [Fault::WithoutEffect, Fault::AfterEffect, Fault::Hangs] {
        let town = Harness::healthy().await;
        let counter = town.counter("pharmacy-1");
        let opened = town.session("amina", "pharmacy-1").await;
        let acknowledged = town.event_count().await;
        let known = town.events().await;
        town.audit.fail(fault);
        let access = counter.get(LIST, &opened.token).await;
        assert_eq!(
            (access.status.as_u16(), access.code()),
            (503, "audit-unavailable"),
            "{fault:?}: {}",
            access.json
        );
        assert!(!access.header("retry-after").is_empty(), "{fault:?}");
        assert!(!access.json.to_string().contains("Metformine"), "{fault:?}: data left without a record");
        let session = counter.open(&mut town.card("youssef"), "TREAT").await;
        assert_eq!((session.status.as_u16(), session.code()), (503, "audit-unavailable"), "{fault:?}");
        assert!(session.json["token"].is_null(), "{fault:?}: a token left without a record");
        town.audit.fail(Fault::None);
        let healthy = town.eventually(async || counter.get(LIST, &opened.token).await.status == 200).await;
        assert!(healthy, "{fault:?}: it does not recover by itself");
        let after = town.events().await;
        assert_eq!(after[..known.len()], known[..], "{fault:?}: what was acknowledged changed");
        let indices: Vec<u64> = after.iter().filter_map(|event| event["index"].as_u64()).collect();
        assert!(indices.iter().copied().eq(0..indices.len() as u64), "{fault:?}: a gap or an overwrite");
        assert!(after.len() as u64 > acknowledged, "{fault:?}");
    }
}

#[tokio::test]
async fn a_refusal_too_is_only_told_once_it_is_on_record() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", "pharmacy-1").await;
    town.audit.fail(Fault::WithoutEffect);
    let answer = town.counter("pharmacy-1").get("/dossier/AllergyIntolerance", &opened.token).await;
    answer.is_problem(503, "audit-unavailable");
}

#[tokio::test]
async fn after_kill_9_under_load_a_restart_needs_no_repair_and_every_acknowledged_event_is_there() {
    let mut town = Harness::new().start_as_program().await;
    for round in 1..4 {
        let opened = town.session("amina", "pharmacy-1").await;
        let answered = Arc::new(AtomicUsize::new(0));
        let mut workers = Vec::new();
        for _ in 0..8 {
            let (counter, token, answered) =
                (town.counter("pharmacy-1"), opened.token.clone(), answered.clone());
            workers.push(tokio::spawn(async move {
                let mut acknowledged = Vec::new();
                // Until the gateway is gone in mid-sentence.
                while let Some(answer) = counter.try_get(LIST, &token).await {
                    acknowledged.push(answer.header("x-request-id").to_owned());
                    answered.fetch_add(1, Ordering::Relaxed);
                }
                acknowledged
            }));
        }
        // In the middle of it, however fast this machine is.
        let busy = async || answered.load(Ordering::Relaxed) >= 30 * round;
        assert!(town.eventually(busy).await, "the load was no load");
        town.kill();
        let mut acknowledged = BTreeSet::new();
        for worker in workers {
            acknowledged.extend(worker.await.expect("a worker that ends"));
        }
        assert!(!acknowledged.contains(""), "an answer without a request id");
        town.restart().await;
        let recorded: BTreeSet<String> = town
            .events()
            .await
            .iter()
            .filter_map(|event| event["request_id"].as_str().map(str::to_owned))
            .collect();
        let lost: Vec<_> = acknowledged.difference(&recorded).collect();
        assert!(lost.is_empty(), "{} of {} acknowledged events are gone", lost.len(), acknowledged.len());
        town.counter("pharmacy-1").open(&mut town.card("youssef"), "TREAT").await.is(201);
    }
}
