//! Step-up seen from the counter: through a real pcscd, by the program, and on its page.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use bawaba_tests::harness::Harness;
use bawaba_tests::program;
use card_reader::counter::{
    Act, ClientIdentity, CounterError, GatewayClient, KeptCard, OpenedSession, open_and_keep,
};
use card_reader::simulated::CardFile;
use card_reader::{Can, CardError, Pin};
use serde_json::Value;

use crate::pcsc::{Daemon, Plugged, connect};

const HOSPITAL: &str = "hospital-1";

fn gateway(town: &Harness) -> GatewayClient {
    let identity = ClientIdentity {
        certificate: town.files.client_certificate(HOSPITAL),
        key: town.files.client_key(HOSPITAL),
        ca: town.files.ca_certificate(),
    };
    GatewayClient::new(&format!("https://localhost:{}", town.api.port()), &identity).expect("a client")
}

fn pin(digits: &str) -> Pin {
    Pin::parse(digits).expect("a PIN")
}

async fn whole_record(
    gateway: &GatewayClient,
    opened: &OpenedSession,
    token: &str,
) -> Result<Value, CounterError> {
    let patient = &opened.session.patient_at["dossier"];
    gateway.fhir(token, &format!("/dossier/Patient/{patient}/$everything")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn through_a_real_reader_the_card_that_stays_signs_once_the_pin_is_right() {
    let town = Harness::healthy().await;
    let Some(_daemon) = Daemon::get() else { return };
    let card = CardFile::load(&town.files.card("amina")).expect("a card");
    let can = Can::parse(&card.can).expect("a CAN");
    let _plugged = Plugged::insert(card);
    let gateway = gateway(&town);
    let act = Act::new(can, "TREAT");
    let (opened, mut kept) =
        open_and_keep(Box::new(connect()), act, &gateway, |_| {}).await.expect("a session");

    let asked = whole_record(&gateway, &opened, &opened.token).await.expect_err("the holder was not asked");
    let wanted = asked.step_up().expect("a step-up is asked for");
    assert_eq!((wanted.acr_values.as_str(), wanted.max_age), ("holder", Some(300)));

    let session = (opened.session.id.as_str(), opened.token.as_str());
    assert_eq!(kept.pin_state().await.expect("a card").tries_left, Some(3));
    let before = town.event_count().await;
    let wrong = kept.step_up(pin("0000"), session, &gateway).await.expect_err("a wrong PIN was taken");
    assert_eq!((wrong.code(), wrong.tries_left()), ("wrong-pin", Some(2)));
    let event = town.event_after(before, "pin-wrong").await;
    assert_eq!(event["detail"], "tries left, as the station says: 2");
    assert_eq!(
        kept.pin_state().await.expect("a card").tries_left,
        Some(2),
        "nothing was tried again by itself"
    );

    let stepped = kept.step_up(pin("4417"), session, &gateway).await.expect("a step-up");
    assert_eq!((stepped.session.acr.as_str(), &stepped.session.id), ("holder", &opened.session.id));
    println!("{:?}", stepped.steps);
    let record = whole_record(&gateway, &opened, &stepped.token).await.expect("the whole record");
    assert!(record["entry"].as_array().is_some_and(|entries| entries.len() > 1), "{record}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_left_is_opened_again_and_a_blocked_one_is_told_before_anything_is_sent() {
    let town = Harness::healthy().await;
    let gateway = gateway(&town);
    let act = |card: &CardFile| Act::new(Can::parse(&card.can).expect("a CAN"), "TREAT");
    let card = CardFile::load(&town.files.card("amina")).expect("a card");
    let chip = || Box::new(card.clone().insert().expect("a chip"));
    let (opened, kept) = open_and_keep(chip(), act(&card), &gateway, |_| {}).await.expect("a session");
    drop(kept);
    let session = (opened.session.id.as_str(), opened.token.as_str());
    let mut again = KeptCard::open(chip(), act(&card)).await.expect("the same card");
    assert_eq!(again.step_up(pin("4417"), session, &gateway).await.expect("a step-up").session.acr, "holder");

    for (name, expected) in
        [("mehdi", CardError::WrongPin { tries_left: Some(0) }), ("brahim", CardError::NoHolderApplication)]
    {
        let card = CardFile::load(&town.files.card(name)).expect("a card");
        let chip = Box::new(card.clone().insert().expect("a chip"));
        let (opened, mut kept) = open_and_keep(chip, act(&card), &gateway, |_| {}).await.expect("a session");
        let before = town.event_count().await;
        let session = (opened.session.id.as_str(), opened.token.as_str());
        let refused = kept.step_up(pin("1234"), session, &gateway).await.expect_err("no PIN can be right");
        assert_eq!(refused.code(), expected.code());
        assert_eq!(town.event_count().await, before, "{name}: the gateway heard of it");
    }
}

/// `bawaba-counter open` against that gateway.
fn open(town: &Harness, more: &[&str], pin: Option<&str>) -> (Output, Value) {
    let mut command = Command::new(program::path("bawaba-counter"));
    command.args(["open", "--json", "--as", HOSPITAL, "--state"]).arg(town.files.root()).args(more);
    if let Some(pin) = pin {
        command.env("THE_PIN", pin);
    }
    let output = command.output().expect("the program");
    let said = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output, said)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_steps_up_with_a_pin_that_is_pointed_at() {
    let town = Harness::healthy().await;
    let run = async |more: &'static [&'static str], pin: Option<&'static str>| {
        tokio::task::block_in_place(|| open(&town, more, pin))
    };
    let (done, said) = run(&["--card", "amina", "--holder", "--pin-from", "env:THE_PIN"], Some("4417")).await;
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(said["session"]["acr"], "holder");
    assert!(said["step_up"]["steps"].is_array() && said["receipt"].is_string(), "{said}");
    let patient = said["session"]["patient_at"]["dossier"].as_str().expect("a patient");
    let token = said["token"].as_str().expect("a token");
    town.counter(HOSPITAL).get(&format!("/dossier/Patient/{patient}/$everything"), token).await.is(200);
    let (_, said) = run(&["--card", "amina", "--holder"], None).await;
    assert_eq!(said["session"]["acr"], "holder", "a card of the demonstration brings its PIN");
    let (_, said) = run(&["--card", "amina"], None).await;
    assert_eq!(said["session"]["acr"], "card");

    let (wrong, said) =
        run(&["--card", "amina", "--holder", "--pin-from", "env:THE_PIN"], Some("0000")).await;
    assert_eq!((wrong.status.code(), &said["error"]["code"]), (Some(65), &"wrong-pin".into()));
    assert_eq!(said["error"]["tries_left"], 2);
    for (arguments, code) in [
        (&["--card", "mehdi", "--holder"][..], "pin-blocked"),
        (&["--card", "brahim", "--holder"][..], "holder-application-missing"),
        (&["--card", "karim", "--holder"][..], "holder-refused"),
    ] {
        let (_, said) = tokio::task::block_in_place(|| open(&town, arguments, None));
        assert_eq!(said["error"]["code"], code, "{said}");
    }
    let (usage, _) = run(&["--card", "amina", "--holder", "--pin-from", "4417"], None).await;
    assert_eq!(usage.status.code(), Some(64));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pin_is_nowhere_but_in_the_card_even_at_trace_level() {
    const LONG: &str = "27182818";
    let town = Harness::healthy().await;
    let mut card = town.card_file("amina");
    card["holder"]["pin"] = LONG.into();
    std::fs::write(town.files.card("amina-long"), card.to_string()).expect("a writable folder");
    let mut command = Command::new(program::path("bawaba-counter"));
    command.args(["open", "--json", "--as", HOSPITAL, "--card", "amina-long", "--holder", "--pin-from"]);
    command.args(["env:THE_PIN", "--state"]).arg(town.files.root());
    command.env("THE_PIN", LONG).env("BAWABA_LOG", "trace");
    let output = tokio::task::block_in_place(|| command.output().expect("the program"));
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.lines().count() > 50,
        "too little is said to show anything: {said}"
    );
    for seen in [LONG.to_owned(), hex::encode(LONG)] {
        assert!(!said.contains(&seen), "the PIN was written");
    }
    assert!(town.events().await.iter().all(|event| !event.to_string().contains(LONG)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_says_why_shows_the_tries_and_goes_on_in_the_same_session() {
    let town = Harness::healthy().await;
    let port = bawaba_tests::harness::free_base();
    let page = Page::start(town.files.root(), port);
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let base = format!("http://127.0.0.1:{port}");
    assert!(town.eventually(async || http.get(&base).send().await.is_ok()).await, "the page is not served");
    let post = async |path: &str, form: &[(&str, &str)]| {
        let body: Vec<String> = form.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let sent = http.post(format!("{base}{path}")).header("origin", &base);
        let kind = "application/x-www-form-urlencoded";
        let answer = sent.header("content-type", kind).body(body.join("&")).send().await.expect("an answer");
        answer.url().path().to_owned()
    };
    let shows = async |path: &str, text: &str| {
        let seen = async || {
            let answer = http.get(format!("{base}{path}")).send().await.expect("an answer");
            answer.text().await.expect("a page").contains(text)
        };
        assert!(town.eventually(seen).await, "{path} never shows {text:?}");
    };
    let act = post("/acts", &[("source", "card:amina"), ("can", "204417")]).await;
    shows(&act, "Extraire le dossier complet").await;
    post(&format!("{act}/record"), &[]).await;
    shows(&act, "Le dossier entier demande l&#39;accord du titulaire").await;
    shows(&act, "Essais restants : <b>3</b>").await;
    for (typed, then) in [("0000", "Essais restants : <b>2</b>"), ("9999", "Dernier essai")] {
        post(&format!("{act}/pin"), &[("pin", typed)]).await;
        shows(&act, then).await;
    }
    post(&format!("{act}/pin"), &[("pin", "nothing")]).await;
    shows(&act, "Tapez les quatre à huit chiffres").await;
    post(&format!("{act}/pin"), &[("pin", "4417")]).await;
    shows(&act, "Accord du titulaire donné par code PIN").await;
    shows(&format!("{act}?lang=ar"), "وافق صاحب البطاقة برمزه السري").await;
    let done = town.events().await.into_iter().filter(|event| event["code"] == "step-up-done").count();
    assert_eq!(done, 1);
    drop(page);
}

/// The counter's page, ended with the test.
struct Page(std::process::Child);

impl Page {
    fn start(state: &Path, port: u16) -> Page {
        let mut command = Command::new(program::path("bawaba-counter"));
        command.args(["serve", "--as", HOSPITAL, "--listen", &format!("127.0.0.1:{port}"), "--state"]);
        let child = command.arg(state).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        std::thread::sleep(Duration::from_millis(100));
        Page(child.expect("the program"))
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
