//! Keys change while counters work: nobody is refused for it, and whoever must be is.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bawaba_tests::back_end::Manner;
use bawaba_tests::counter::Counter;
use bawaba_tests::harness::Harness;
use bawaba_tests::papers::{claims_of, header_of};
use bawaba_tests::program::{bawaba, run, text};
use bawaba_tests::verifiers::{JOSE, NIMBUS, PATIENT, PyJwt, Verifier};
use gateway::keys::schedule;
use hsm_config::{KeyFile, KeyRole, Rotated, SecretSource, Turn};
use time::{Duration, OffsetDateTime};

const SEARCH: &str = "/prescription/MedicationRequest";
/// How far the hands move at once.
const STEP: Duration = Duration::seconds(20);

/// What is rotated by hand here is rotated by `bawaba keys rotate` elsewhere; only the clock is another.
fn rotate(town: &Harness, role: KeyRole, turn: Turn) -> Rotated {
    let passphrase = SecretSource::File(town.files.key_passphrase()).read().expect("a passphrase");
    let (file, _) = KeyFile::unlock(&town.files.keys(), &passphrase).expect("the key file");
    let at = town.now();
    file.change(at, |keys| keys.rotate(role, turn, &schedule(role), at)).expect("a rotation")
}

async fn published(town: &Harness) -> BTreeSet<String> {
    let keys = town.public("/.well-known/jwks.json").await;
    let keys = keys.is(200).json["keys"].as_array().expect("keys").clone();
    keys.iter().map(|key| key["kid"].as_str().expect("a kid").to_owned()).collect()
}

async fn until_published(towns: &[&Harness], rotated: &Rotated) {
    let kid = rotated.key.as_ref().expect("a signing key").kid();
    for town in towns {
        let there = async || published(town).await.contains(kid);
        assert!(town.eventually(there).await, "the gateway does not follow its key file");
    }
}

/// A session and when it ends.
#[derive(Clone)]
struct Live {
    token: String,
    ends: OffsetDateTime,
}

/// Requests that never stop, at both gateways, with sessions opened at either.
struct Load {
    sessions: Arc<Mutex<Vec<Live>>>,
    refused: Arc<Mutex<Vec<String>>>,
    answered: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    workers: Vec<tokio::task::JoinHandle<()>>,
}

impl Load {
    fn start(gateways: &[Counter], town: &Harness) -> Self {
        let load = Self {
            sessions: Arc::default(),
            refused: Arc::default(),
            answered: Arc::default(),
            stop: Arc::default(),
            workers: Vec::new(),
        };
        let workers = (0..4).map(|number| {
            let gateway = gateways[number % gateways.len()].clone();
            let (sessions, refused) = (load.sessions.clone(), load.refused.clone());
            let (answered, stop, clock) = (load.answered.clone(), load.stop.clone(), town.clock.clone());
            tokio::spawn(async move {
                for turn in number.. {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let now = gateway::clock::Clock::now(&*clock);
                    // Whoever ends while the request is on its way is refused for that, not for a key.
                    let alive: Vec<Live> = sessions.lock().expect("sessions").clone();
                    let alive: Vec<_> = alive.into_iter().filter(|live| live.ends - now > STEP * 2).collect();
                    if alive.is_empty() {
                        tokio::task::yield_now().await;
                        continue;
                    }
                    let answer = gateway.get(SEARCH, &alive[turn % alive.len()].token).await;
                    if answer.status != 200 {
                        refused
                            .lock()
                            .expect("refused")
                            .push(format!("{now}: {} {}", answer.status, answer.json));
                    }
                    answered.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                }
            })
        });
        let workers = workers.collect();
        Self { workers, ..load }
    }

    async fn stop(self) -> (usize, Vec<String>) {
        self.stop.store(true, Ordering::Relaxed);
        for worker in self.workers {
            worker.await.expect("a worker");
        }
        let refused = self.refused.lock().expect("refused").clone();
        (self.answered.load(Ordering::Relaxed), refused)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_rotations_under_load_refuse_nobody() {
    let town = Harness::new().back_end("prescription", Manner::Answers).start().await;
    let twin = town.twin().await;
    let issuer = format!("https://localhost:{}", town.public_port.port());
    let mut verifiers = [
        Verifier::new(PATIENT, &town, &issuer),
        Verifier::new(PATIENT, &twin, &issuer),
        Verifier::new(JOSE, &town, &issuer),
        Verifier::new(NIMBUS, &twin, &issuer),
    ];
    let mut python = PyJwt::start(&town, &issuer);
    let counters = [town.counter("pharmacy-1"), twin.counter("pharmacy-1")];
    let load = Load::start(&counters, &town);
    let first = published(&town).await;
    let (mut kids, mut heard, mut checked) = (BTreeSet::new(), 0, 0);
    let roles = [KeyRole::TokenSigning, KeyRole::BackendTokenSigning];
    for step in 0..240_usize {
        // The second rotation begins while the keys of before the first are still published.
        if step == 6 || step == 60 {
            for role in roles {
                let rotated = rotate(&town, role, Turn::Announced);
                until_published(&[&town, &twin], &rotated).await;
            }
        }
        let now = town.now();
        let place = step % 2;
        if step % 4 < 2 {
            let opened = [&town, &twin][place].session("amina", "pharmacy-1").await;
            let ends = claims_of(&opened.token)["exp"].as_i64().expect("exp");
            let ends = OffsetDateTime::from_unix_timestamp(ends).expect("a time");
            kids.insert(header_of(&opened.token)["kid"].to_string());
            load.sessions.lock().expect("sessions").push(Live { token: opened.token, ends });
        }
        // The oldest session still counts to its last second, at the gateway that did not sign it.
        let mut alive = load.sessions.lock().expect("sessions").clone();
        alive.retain(|live| live.ends > now);
        let oldest = alive.first().expect("a session").token.clone();
        for (counter, token) in counters.iter().zip([&oldest, &alive.last().expect("a session").token]) {
            let answer = counter.get(SEARCH, token).await;
            assert_eq!(answer.status, 200, "step {step}: {}", answer.json);
        }
        *load.sessions.lock().expect("sessions") = alive;
        // What the back-end has heard meanwhile is checked as it would check it: now, and with the keys it has.
        let requests = town.heard("prescription").split_off(heard);
        heard += requests.len();
        let tokens: BTreeSet<String> = requests.iter().filter_map(|request| bearer(request)).collect();
        for token in &tokens {
            if claims_of(token)["exp"].as_i64().expect("exp") <= now.unix_timestamp() {
                continue;
            }
            kids.insert(header_of(token)["kid"].to_string());
            for verifier in &mut verifiers {
                verifier
                    .check(token, "prescription", now)
                    .await
                    .unwrap_or_else(|error| panic!("step {step}: {error}"));
            }
            checked += 1;
        }
        if let (Some(python), Some(token)) = (&mut python, tokens.last()) {
            python.check(token, "prescription", now).unwrap_or_else(|error| panic!("step {step}: {error}"));
        }
        for verifier in &mut verifiers {
            verifier
                .check(&oldest, &issuer, now)
                .await
                .unwrap_or_else(|error| panic!("step {step}: {error}"));
        }
        town.clock.advance(STEP);
    }
    let (answered, refused) = load.stop().await;
    assert_eq!(refused, Vec::<String>::new());
    assert!(answered > 300 && checked > 200, "{answered} answers, {checked} tokens: that was no load");
    assert_eq!(kids.len(), 6, "three keys of two roles have signed: {kids:?}");
    // A verifier that asks when it should asks seldom: 80 minutes of five minutes each.
    assert!(verifiers.iter().all(|verifier| verifier.asked <= 20), "it asked too often");
    let last = published(&town).await;
    assert_eq!(last, published(&twin).await);
    assert_eq!(last.len(), 4, "what has ended is no longer published");
    assert_eq!(first.intersection(&last).count(), 2, "receipt and checkpoint keys were not touched");
}

/// The token of a request as a back-end hears it.
fn bearer(request: &str) -> Option<String> {
    let line =
        request.lines().find(|line| line.to_ascii_lowercase().starts_with("authorization: bearer "))?;
    line.split(' ').next_back().map(|token| token.trim().to_owned())
}

#[tokio::test]
async fn a_withdrawn_key_signs_nothing_and_verifies_nothing_any_more() {
    let town = Harness::new().back_end("prescription", Manner::Answers).start().await;
    let twin = town.twin().await;
    let opened = town.session("amina", "pharmacy-1").await;
    for gateway in [&town, &twin] {
        // Twice: the second time the token is remembered.
        gateway.counter("pharmacy-1").get(SEARCH, &opened.token).await.is(200);
        gateway.counter("pharmacy-1").get(SEARCH, &opened.token).await.is(200);
    }
    let rotated = rotate(&town, KeyRole::TokenSigning, Turn::AtOnce);
    until_published(&[&town, &twin], &rotated).await;
    for gateway in [&town, &twin] {
        let before = gateway.event_count().await;
        let answer = gateway.counter("pharmacy-1").get(SEARCH, &opened.token).await;
        answer.is_problem(401, "token-invalid");
        assert_eq!(gateway.event_after(before, "token-key-unknown").await["outcome"], "refused");
        let old = header_of(&opened.token)["kid"].as_str().expect("a kid").to_owned();
        assert!(!published(gateway).await.contains(&old));
        let again = gateway.session("amina", "pharmacy-1").await;
        gateway.counter("pharmacy-1").get(SEARCH, &again.token).await.is(200);
    }
    // Tokens for back-ends are remembered too: one of a withdrawn key must not be sent again.
    let again = town.session("amina", "pharmacy-1").await;
    town.counter("pharmacy-1").get(SEARCH, &again.token).await.is(200);
    let rotated = rotate(&town, KeyRole::BackendTokenSigning, Turn::AtOnce);
    until_published(&[&town], &rotated).await;
    town.counter("pharmacy-1").get(SEARCH, &again.token).await.is(200);
    let sent = bearer(town.heard("prescription").last().expect("a request")).expect("a token");
    assert_eq!(header_of(&sent)["kid"], rotated.key.expect("a key").kid());
}

#[tokio::test]
async fn receipts_are_verified_long_after_their_key() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", "pharmacy-1").await;
    let kid = header_of(opened.json["receipt"].as_str().expect("a receipt"))["kid"].clone();
    let rotated = rotate(&town, KeyRole::ReceiptSigning, Turn::Announced);
    until_published(&[&town], &rotated).await;
    let kid = kid.as_str().expect("a kid");
    for years in [1, 5, 9] {
        town.clock.set(rotated.signs_from + Duration::days(365 * years));
        assert!(published(&town).await.contains(kid), "after {years} years");
    }
    town.clock.set(rotated.old_until.expect("an end"));
    assert!(!published(&town).await.contains(kid));
}

#[tokio::test]
async fn a_running_program_follows_the_commands_of_an_operator() {
    let mut town = Harness::new().log("info").start_as_program().await;
    let before = published(&town).await;
    let state = town.files.root().to_str().expect("UTF-8").to_owned();
    let keys = |words: &[&str]| {
        let output = run(
            bawaba(&["keys"]).args(words).args(["--state", &state, "--json"]),
            std::time::Duration::from_secs(60),
        );
        assert!(output.status.success(), "{words:?}: {}", text(&output.stderr));
        serde_json::from_slice::<serde_json::Value>(&output.stdout).expect("JSON")
    };
    let rotated = keys(&["rotate", "token-signing"]);
    let kid = rotated["kid"].as_str().expect("a kid").to_owned();
    let there = async || published(&town).await.contains(&kid);
    assert!(town.eventually(there).await, "the gateway does not follow");
    assert_eq!(published(&town).await.len(), before.len() + 1, "the old one is still there");
    let status = keys(&["status"]);
    let states: Vec<_> = status["keys"].as_array().expect("keys").iter().map(|key| &key["state"]).collect();
    assert!(states.iter().any(|state| *state == "announced"), "{status}");
    assert_eq!(status["verified"], true);
    assert_eq!(keys(&["export"])["keys"].as_array().map(Vec::len), Some(before.len() + 1));

    // A file that cannot be used changes nothing, and is said.
    let good = std::fs::read(town.files.keys()).expect("the key file");
    std::fs::write(town.files.keys(), &good[..good.len() / 2]).expect("our own file");
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    let opened = town.session("amina", "pharmacy-1").await;
    assert!(before.contains(header_of(&opened.token)["kid"].as_str().expect("a kid")));
    assert!(published(&town).await.contains(&kid));
    std::fs::write(town.files.keys(), &good).expect("our own file");
    let log = town.stop_and_read_log().await;
    assert!(log.contains("key file taken") && log.contains("key-file-malformed"), "{log}");
}

#[tokio::test]
async fn the_published_keys_are_kept_for_as_long_as_it_is_said_and_asked_for_cheaply() {
    let town = Harness::healthy().await;
    let path = "/.well-known/jwks.json";
    let first = town.public(path).await;
    assert_eq!(first.is(200).header("cache-control"), "public, max-age=300, must-revalidate");
    let tag = first.header("etag").to_owned();
    let ca = std::fs::read(town.files.ca_certificate()).expect("the authority");
    let client = gateway::demo::https::client(&ca, None).expect("a client");
    let url = format!("https://localhost:{}{path}", town.public_port.port());
    let ask = async |known: String| {
        let asked = client.get(&url).header("if-none-match", known).send().await.expect("an answer");
        asked.status().as_u16()
    };
    assert_eq!(ask(tag.clone()).await, 304);
    assert_eq!(ask(format!("\"other\", W/{tag}")).await, 304);
    assert_eq!(ask("\"other\"".to_owned()).await, 200);
    let rotated = rotate(&town, KeyRole::TokenSigning, Turn::Announced);
    until_published(&[&town], &rotated).await;
    assert_eq!(ask(tag).await, 200, "other keys have another tag");
}
