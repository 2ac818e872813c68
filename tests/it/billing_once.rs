//! Billed once: over two nodes, over `kill -9`, whatever was under way.

use bawaba_tests::back_end::Manner;
use bawaba_tests::harness::{Harness, Plan};
use bawaba_tests::postgres::Postgres;
use futures_util::future::join_all;

/// Twenty claims on one presence, each with a care sheet of its own, at two nodes at once: one is taken.
async fn one_of_many_is_taken(plan: Plan) {
    let town = plan.start().await;
    let other = town.beside().await;
    let opened = town.session("amina", "pharmacy-1").await;
    let counters = [town.counter("pharmacy-1"), other.counter("pharmacy-1")];
    let claims: Vec<_> = (0..20).map(|number| opened.claim(&format!("FSE-{number}"))).collect();
    let sent =
        claims.iter().enumerate().map(|(number, claim)| counters[number % 2].send_claim(&opened, claim));
    let answers = join_all(sent).await;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 201 | 403 | 409)), "{statuses:?}");
    let found = counters[0].get("/billing/Claim", &opened.token).await;
    assert_eq!(found.is(200).json["total"], 2, "the invented one and the one that was taken");

    // One care sheet on two presences is one claim too.
    let two = [town.session("youssef", "pharmacy-1").await, town.session("karim", "pharmacy-1").await];
    let claims = two.each_ref().map(|opened| opened.claim("FSE-shared"));
    let sent = (0..2).map(|node| counters[node].send_claim(&two[node], &claims[node]));
    let taken = join_all(sent).await.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(taken, 1);
}

#[tokio::test]
async fn of_many_claims_at_two_nodes_one_is_taken() {
    one_of_many_is_taken(Harness::new()).await;
}

#[tokio::test]
async fn of_many_claims_at_two_nodes_on_postgresql_one_is_taken() {
    let server = Postgres::start();
    one_of_many_is_taken(Harness::new().postgres(&server)).await;
}

#[tokio::test]
async fn a_claim_under_way_at_kill_9_is_never_billed_by_another() {
    let mut town = Harness::new().back_end("billing", Manner::Silent).start_as_program().await;
    let opened = town.session("amina", "pharmacy-1").await;
    let (counter, claim, token) = (town.counter("pharmacy-1"), opened.claim("FSE-1"), opened.token.clone());
    let sending = tokio::spawn(async move { counter.try_claim(&token, &claim).await });
    assert!(
        town.eventually(async || town.heard("billing").len() == 1).await,
        "the claim reaches the back-end"
    );
    town.kill();
    let answer = sending.await.expect("a task");
    assert!(answer.is_none_or(|answer| answer.status != 201), "nobody was told that it was taken");
    town.back_end("billing").becomes(Manner::Says(201, "{}"));
    town.restart().await;
    let counter = town.counter("pharmacy-1");
    // Whether the back-end has it nobody knows: no other claim may take its place.
    counter.send_claim(&opened, &opened.claim("FSE-2")).await.is_denied("already-billed");
    // The same one may be sent again, once it cannot be on its way any more.
    // Half a minute may have passed meanwhile: then it is sent, as the same claim.
    let same = counter.send_claim(&opened, &opened.claim("FSE-1")).await;
    let sent = town.heard("billing").len();
    assert!(matches!((same.status.as_u16(), sent), (409, 1) | (201, 2)), "{sent}: {}", same.json);
}

#[tokio::test]
async fn a_claim_that_was_taken_stays_taken_over_kill_9() {
    let mut town = Harness::new().back_end("billing", Manner::Says(201, "{}")).start_as_program().await;
    let opened = town.session("amina", "pharmacy-1").await;
    town.counter("pharmacy-1").send_claim(&opened, &opened.claim("FSE-1")).await.is(201);
    town.kill();
    town.restart().await;
    let counter = town.counter("pharmacy-1");
    for fse in ["FSE-1", "FSE-2"] {
        counter.send_claim(&opened, &opened.claim(fse)).await.is_denied("already-billed");
    }
    assert_eq!(town.heard("billing").len(), 1);
}

#[tokio::test]
async fn no_token_lets_a_counter_claim_past_the_gateway() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", "pharmacy-1").await;
    let counter = town.counter("pharmacy-1");
    let at_billing = ("audience", "billing");
    let answer = counter.exchange_with(&opened.token, &[at_billing]).await;
    assert_eq!(answer.is(200).json["scope"], "billing.read");
    for scope in ["billing", "billing.write"] {
        let refused = counter.exchange_with(&opened.token, &[at_billing, ("scope", scope)]).await;
        refused.is_oauth_error("invalid_scope", "scope-not-held");
    }
}
