//! A claim rests on a presence: of this patient, here, in time, and once.

use bawaba_tests::back_end::Manner;
use bawaba_tests::claims::bare_claim;
use bawaba_tests::counter::text;
use bawaba_tests::faulty::Fault;
use bawaba_tests::harness::Harness;
use gateway::billing::RECEIPT_EXTENSION;
use serde_json::{Value, json};

#[tokio::test]
async fn a_claim_with_its_receipt_and_care_sheet_is_taken_once() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", "pharmacy-1").await;
    let counter = town.counter("pharmacy-1");
    let next = town.event_count().await;
    counter.send_claim(&opened, &opened.claim("FSE-2026-1")).await.is(201);
    let event = town.event_after(next, "permitted").await;
    assert_eq!((&event["resource_type"], &event["interaction"]), (&json!("Claim"), &json!("create")));
    assert!(event["presence"].is_string(), "the log says which presence was billed: {event}");

    let next = town.event_count().await;
    for fse in ["FSE-2026-1", "FSE-2026-2"] {
        counter.send_claim(&opened, &opened.claim(fse)).await.is_denied("already-billed");
    }
    assert_eq!(town.event_after(next, "already-billed").await["outcome"], "deny");
    let other = town.session("youssef", "pharmacy-1").await;
    counter.send_claim(&other, &other.claim("FSE-2026-1")).await.is_denied("already-billed");
    counter.send_claim(&other, &other.claim("FSE-2026-3")).await.is(201);
    let found = counter.get("/billing/Claim", &opened.token).await;
    assert_eq!(found.is(200).json["total"], 2, "the invented one and this one: {}", found.json);

    town.app().tally.write_down(town.now()).await.expect("a database");
    let day = gateway::tally::day(town.now());
    let counts = town.app().tally.between(day, day).await.expect("counts");
    let pharmacy = counts.iter().find(|counts| counts.client == "pharmacy-1").expect("the pharmacy");
    assert_eq!((pharmacy.claims, pharmacy.claims_with_receipt), (5, 2));
}

#[tokio::test]
async fn a_claim_that_rests_on_nothing_is_refused_with_its_reason() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", "pharmacy-1").await;
    let elsewhere = town.session("amina", "clinic-1").await;
    let another = town.session("youssef", "pharmacy-1").await;
    let counter = town.counter("pharmacy-1");
    let altered = {
        let receipt = opened.receipt();
        let (head, signature) = receipt.rsplit_once('.').expect("three parts");
        format!("{head}.{}", signature.chars().rev().collect::<String>())
    };
    for (what, claim, reason) in [
        ("no receipt", bare_claim(&opened.patient_at("billing")), "claim-without-presence"),
        ("nonsense", opened.claim_on("a.b.c", "FSE-1"), "receipt-not-ours"),
        ("altered", opened.claim_on(&altered, "FSE-1"), "receipt-not-ours"),
        ("a session token", opened.claim_on(&opened.token, "FSE-1"), "receipt-not-ours"),
        ("elsewhere", opened.claim_on(&elsewhere.receipt(), "FSE-1"), "presence-elsewhere"),
        ("another patient", opened.claim_on(&another.receipt(), "FSE-1"), "presence-of-another-patient"),
    ] {
        let next = town.event_count().await;
        let refused = counter.send_claim(&opened, &claim).await;
        assert_eq!(refused.status, 403, "{what}: {}", refused.json);
        refused.is_denied(reason);
        assert_eq!(town.event_of_kind_after(next, "access").await["outcome"], "deny", "{what}");
    }
    let mut no_sheet = opened.claim("FSE-1");
    no_sheet.as_object_mut().expect("an object").remove("identifier");
    counter.send_claim(&opened, &no_sheet).await.is_denied("claim-without-care-sheet");
    // None of them has spent the presence.
    counter.send_claim(&opened, &opened.claim("FSE-1")).await.is(201);
}

#[tokio::test]
async fn a_claim_that_could_be_read_in_two_ways_is_refused_by_name() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", "pharmacy-1").await;
    let counter = town.counter("pharmacy-1");
    let mut two = opened.claim("FSE-1");
    let receipt = two["extension"][0].clone();
    two["extension"] = json!([receipt, receipt]);
    let mut of_another_type = opened.claim("FSE-1");
    of_another_type["extension"] = json!([{"url": RECEIPT_EXTENSION, "valueUri": opened.receipt()}]);
    let mut search = opened.claim("FSE-1");
    search["identifier"][0]["value"] = json!("FSE-1,FSE-2");
    for claim in [two, of_another_type, search] {
        counter.send_claim(&opened, &claim).await.is_problem(400, "malformed");
    }
    let entry = json!({"resource": opened.claim("FSE-1"), "request": {"method": "POST", "url": "Claim"}});
    let bundle = json!({"resourceType": "Bundle", "type": "transaction", "entry": [entry]});
    counter.post("/billing/", &opened.token, &bundle).await.is_problem(400, "malformed");
}

#[tokio::test]
async fn a_claim_out_of_time_is_refused() {
    let cover = |config: &mut toml::Table, _: &_| {
        config.insert("cover".to_owned(), toml::toml! { claim_days = 1 }.into());
    };
    let town = Harness::new().configured(cover).start().await;
    let early = town.session("amina", "pharmacy-1").await.receipt();
    town.clock.advance(time::Duration::hours(25));
    let opened = town.session("amina", "pharmacy-1").await;
    let late = opened.claim_on(&early, "FSE-1");
    town.counter("pharmacy-1").send_claim(&opened, &late).await.is_denied("claim-out-of-time");
}

#[tokio::test]
async fn a_claim_that_the_back_end_refuses_leaves_the_presence_to_a_better_one() {
    let town = Harness::new().back_end("billing", Manner::Says(422, "{}")).start().await;
    let opened = town.session("amina", "pharmacy-1").await;
    let counter = town.counter("pharmacy-1");
    counter.send_claim(&opened, &opened.claim("FSE-1")).await.is(422);
    town.back_end("billing").becomes(Manner::Says(201, "{}"));
    counter.send_claim(&opened, &opened.claim("FSE-2")).await.is(201);
    counter.send_claim(&opened, &opened.claim("FSE-3")).await.is_denied("already-billed");
    let heard = town.heard("billing");
    assert_eq!(heard.len(), 2, "{heard:#?}");
    assert!(
        heard[1].to_ascii_lowercase().contains("if-none-exist: identifier=") && heard[1].contains("|FSE-2")
    );
}

#[tokio::test]
async fn where_the_answer_was_lost_the_presence_stays_with_that_claim() {
    let town = Harness::new().back_end("billing", Manner::HangsUp).start().await;
    let opened = town.session("amina", "pharmacy-1").await;
    let counter = town.counter("pharmacy-1");
    counter.send_claim(&opened, &opened.claim("FSE-1")).await.is_problem(502, "back-end-unreachable");
    counter.send_claim(&opened, &opened.claim("FSE-2")).await.is_denied("already-billed");
    // What the back-end says of a repetition says nothing of the first.
    town.back_end("billing").becomes(Manner::Says(422, "{}"));
    counter.send_claim(&opened, &opened.claim("FSE-1")).await.is(422);
    counter.send_claim(&opened, &opened.claim("FSE-2")).await.is_denied("already-billed");
    town.back_end("billing").becomes(Manner::Says(200, "{}"));
    counter.send_claim(&opened, &opened.claim("FSE-1")).await.is(200);
    counter.send_claim(&opened, &opened.claim("FSE-1")).await.is_denied("already-billed");
}

#[tokio::test]
async fn a_claim_on_its_way_is_not_sent_twice() {
    let town = Harness::new().back_end("billing", Manner::Silent).start().await;
    let opened = town.session("amina", "pharmacy-1").await;
    let counter = town.counter("pharmacy-1");
    let (sending, claim, token) = (counter.clone(), opened.claim("FSE-1"), opened.token.clone());
    let first = tokio::spawn(async move { sending.post("/billing/Claim", &token, &claim).await });
    assert!(town.eventually(async || town.heard("billing").len() == 1).await);
    let again = counter.send_claim(&opened, &opened.claim("FSE-1")).await;
    again.is_problem(409, "claim-on-its-way");
    assert_eq!(again.header("retry-after"), "30");
    // The counter hangs up; a while later it may ask again, and only for this.
    first.abort();
    town.clock.advance(time::Duration::seconds(31));
    town.back_end("billing").becomes(Manner::Says(201, "{}"));
    counter.send_claim(&opened, &opened.claim("FSE-2")).await.is_denied("already-billed");
    counter.send_claim(&opened, &opened.claim("FSE-1")).await.is(201);
}

#[tokio::test]
async fn a_claim_that_is_not_on_record_is_not_sent_and_spends_nothing() {
    let town = Harness::new().back_end("billing", Manner::Says(201, "{}")).start().await;
    let opened = town.session("amina", "pharmacy-1").await;
    let counter = town.counter("pharmacy-1");
    town.audit.fail(Fault::WithoutEffect);
    counter.send_claim(&opened, &opened.claim("FSE-1")).await.is_problem(503, "audit-unavailable");
    town.audit.fail(Fault::None);
    assert!(town.heard("billing").is_empty(), "nothing was sent");
    counter.send_claim(&opened, &opened.claim("FSE-2")).await.is(201);
}

#[tokio::test]
async fn what_is_asked_beforehand_bills_nothing() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", "pharmacy-1").await;
    let counter = town.counter("pharmacy-1");
    let mut beforehand = opened.claim("FSE-1");
    beforehand["use"] = json!("preauthorization");
    counter.send_claim(&opened, &beforehand).await.is(201);
    counter.send_claim(&opened, &opened.claim("FSE-2")).await.is(201);
}

#[tokio::test]
async fn receipts_are_judged_in_a_batch_for_who_pays() {
    let town = Harness::healthy().await;
    let (billed, free) =
        (town.session("amina", "pharmacy-1").await, town.session("youssef", "pharmacy-1").await);
    town.counter("pharmacy-1").send_claim(&billed, &billed.claim("FSE-1")).await.is(201);
    let receipt = free.receipt();
    let claimed = |member: &str, value: &str| json!({"receipt": receipt, member: value});
    let here = format!("Patient/{}", free.patient_at("billing"));
    let body = json!({"receipts": [
        billed.receipt(), receipt, "a.b.c", free.token,
        claimed("establishment", "pharmacy-2"), claimed("patient", &billed.patient_at("billing")),
        claimed("patient", &here), claimed("establishment", "pharmacy-1"),
    ]});
    let cnss = town.counter("cnss");
    let ask =
        async |body: &Value| cnss.ask(reqwest::Method::POST, "/v1/receipts/verify", None, Some(body)).await;
    let next = town.event_count().await;
    let answer = ask(&body).await;
    let told = answer.is(200).json["receipts"].as_array().expect("answers").clone();
    let standings: Vec<String> = told.iter().map(|one| text(&one["standing"])).collect();
    let expected =
        ["billed", "sound", "unsigned", "unsigned", "elsewhere", "another-patient", "sound", "sound"];
    assert_eq!(standings, expected);
    assert!(told[0]["billed_at"].is_string() && told[1]["billed_at"].is_null());
    assert_eq!(
        (&told[1]["establishment"], &told[1]["operation"]),
        (&json!("pharmacy-1"), &json!("open-session"))
    );
    assert_eq!(told[2], json!({"standing": "unsigned"}), "of nothing known, nothing is told");
    let event = town.event_of_kind_after(next, "receipts-verified").await;
    assert_eq!((&event["client"], &event["detail"]), (&json!("cnss"), &json!("8 receipts, 3 sound")));

    let pharmacy = town.counter("pharmacy-1");
    let asked = pharmacy.ask(reqwest::Method::POST, "/v1/receipts/verify", None, Some(&body)).await;
    asked.is_problem(403, "denied");
    assert_eq!(town.event_of_kind_after(next, "receipts-refused").await["client"], "pharmacy-1");
    for receipts in [json!([]), json!(vec!["a.b.c"; 1_001]), json!([{"receipt": "a.b.c", "patient": "a b"}])]
    {
        ask(&json!({"receipts": receipts})).await.is_problem(400, "malformed");
    }
    let many = ask(&json!({"receipts": vec![receipt.as_str(); 1_000]})).await;
    assert_eq!(many.is(200).json["receipts"].as_array().map(Vec::len), Some(1_000));
    let long = vec!["a".repeat(2_000); 1_000];
    ask(&json!({"receipts": long})).await.is_problem(413, "body-too-large");
}
