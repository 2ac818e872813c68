//! How soon does every gateway know what was withdrawn? Three on one PostgreSQL and one Redis, by their own histogram.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result};
use bawaba_tests::counter::text;
use bawaba_tests::harness::Harness;
use reqwest::Method;

/// Sessions that are opened and ended, at each gateway in turn; each is heard of by all three.
const SESSIONS: usize = 60;
const METRIC: &str = "bawaba_withdrawal_delay_seconds_bucket{le=\"";

pub(crate) async fn table() -> Result<()> {
    let cluster = Harness::new().start_as_cluster(3).await;
    let mut card = cluster.town.card("amina");
    for turn in 0..SESSIONS {
        let counter = cluster.counter_at(turn % 3, "pharmacy-1");
        let opened = counter.open(&mut card, "TREAT").await;
        let (token, id) = (text(&opened.is(201).json["token"]), text(&opened.json["session"]["id"]));
        let path = format!("/v1/sessions/{id}");
        counter.ask(Method::DELETE, &path, Some(&token), None).await.is(204);
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut heard: BTreeMap<u64, (String, u64)> = BTreeMap::new();
    for node in &cluster.nodes {
        for line in node.probe("/metrics").lines() {
            let Some((bound, count)) = line.strip_prefix(METRIC).and_then(|rest| rest.split_once("\"} "))
            else {
                continue;
            };
            let seconds: f64 = bound.parse().unwrap_or(f64::INFINITY);
            let count: u64 = count.trim().parse::<f64>().context("a count")? as u64;
            heard.entry(seconds.to_bits()).or_insert((bound.to_owned(), 0)).1 += count;
        }
    }
    let all = heard.values().last().context("a histogram")?.1;
    println!(
        "\nWithdrawn at one of three gateways, heard by all: {SESSIONS} ended sessions, {all} times heard.\n"
    );
    println!("| within, s | share |\n|---|---|");
    for (bound, count) in heard.values().filter(|(_, count)| *count > 0) {
        println!("| {bound} | {:.1} % |", *count as f64 * 100.0 / all as f64);
        if *count == all {
            break;
        }
    }
    Ok(())
}
