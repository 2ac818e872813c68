//! Whatever is withdrawn is dead on every gateway, and what runs of it is cut: also where it runs on another.

use bawaba_tests::back_end::Manner;
use bawaba_tests::harness::{Harness, Opened, Plan};
use bawaba_tests::postgres::Postgres;
use bawaba_tests::program;
use reqwest::Method;
use serde_json::Value;
use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

const LIST: &str = "/prescription/MedicationRequest";

/// Two gateways of one installation, and a back-end that never stops talking.
struct Pair {
    here: Harness,
    there: Harness,
}

impl Pair {
    async fn start() -> Self {
        Self::of(Harness::new()).await
    }

    async fn of(plan: Plan) -> Self {
        let here = plan.back_end("prescription", Manner::Trickles).start().await;
        let there = here.beside().await;
        Self { here, there }
    }

    /// A session opened here.
    async fn session(&self) -> Opened {
        self.here.session("amina", "pharmacy-1").await
    }

    /// Opens a stream on each gateway, does it, and sees both cut and the session dead on both.
    async fn dies(&self, opened: &Opened, status: u16, code: &str, reason: &str, deed: impl AsyncFnOnce()) {
        let before = self.here.event_count().await;
        let mut streams = Vec::new();
        for town in [&self.here, &self.there] {
            let mut stream = town.counter("pharmacy-1").stream(LIST, &opened.token).await;
            assert_eq!(stream.status(), 200);
            stream.chunk().await.expect("an answer that runs").expect("more");
            streams.push(stream);
        }
        deed().await;
        for stream in &mut streams {
            is_cut(stream).await;
        }
        for town in [&self.here, &self.there] {
            town.counter("pharmacy-1").get(LIST, &opened.token).await.is_problem(status, code);
        }
        let id = &opened.json["session"]["id"];
        let cuts = async || {
            let events = self.here.events_after(before).await;
            events.iter().filter(|event| is_cut_of(event, id, reason)).count() == 2
        };
        assert!(self.here.eventually(cuts).await, "{:#?}", self.here.events_after(before).await);
    }
}

fn is_cut_of(event: &Value, session: &Value, reason: &str) -> bool {
    event["kind"] == "stream-cut"
        && event["code"] == reason
        && event["session"] == *session
        && event["service"] == "prescription"
}

/// A part never looks like the whole: the line breaks, it does not end.
async fn is_cut(stream: &mut reqwest::Response) {
    let end = async {
        loop {
            match stream.chunk().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("it ended as if it were whole"),
                Err(error) => return error,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), end).await.expect("a stream that is cut");
}

/// Runs `bawaba` beside the gateways, with these words on its standard input.
fn operator(town: &Harness, words: &[&str], said: &str) -> String {
    let mut command = program::bawaba(words);
    command.arg("--config").arg(town.files.config()).stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("bawaba");
    child.stdin.take().expect("a pipe").write_all(said.as_bytes()).expect("a listener");
    let done = program::Running::over(child).finish(Duration::from_secs(60));
    let told = program::text(&done.stdout) + &program::text(&done.stderr);
    assert!(done.status.success(), "{words:?}: {told}");
    told
}

#[tokio::test]
async fn a_session_that_is_ended_here_is_dead_there() {
    let pair = Pair::start().await;
    let opened = pair.session().await;
    let other = pair.session().await;
    pair.dies(&opened, 401, "session-ended", "session-ended", async || {
        let path = format!("/v1/sessions/{}", opened.json["session"]["id"].as_str().expect("an id"));
        let ended =
            pair.here.counter("pharmacy-1").ask(Method::DELETE, &path, Some(&opened.token), None).await;
        ended.is(204);
    })
    .await;
    // Another session of the same client and patient goes on, on both.
    for town in [&pair.here, &pair.there] {
        let mut stream = town.counter("pharmacy-1").stream(LIST, &other.token).await;
        stream.chunk().await.expect("an answer that runs").expect("more");
    }
    let metrics = pair.there.app().metrics.encode();
    assert!(metrics.contains("bawaba_withdrawal_delay_seconds_count 1"), "{metrics}");
    assert!(metrics.contains("bawaba_withdrawal_delay_seconds_bucket{le=\"1.0\"}"), "{metrics}");
    assert!(metrics.contains("bawaba_streams_cut_total 1"), "{metrics}");
}

#[tokio::test]
async fn a_client_that_is_suspended_is_out_everywhere() {
    let pair = Pair::start().await;
    let opened = pair.session().await;
    pair.dies(&opened, 403, "client-revoked", "client-suspended", async || {
        operator(&pair.here, &["registry", "suspend", "pharmacy-1"], "");
    })
    .await;
    operator(&pair.here, &["registry", "resume", "pharmacy-1"], "");
    // It may come back; what it had opened before stays dead.
    let back =
        async || pair.there.counter("pharmacy-1").get(LIST, &opened.token).await.code() == "session-ended";
    assert!(pair.here.eventually(back).await);
}

#[tokio::test]
async fn a_client_whose_certificate_is_revoked_is_out_everywhere() {
    let pair = Pair::start().await;
    let opened = pair.session().await;
    let before = pair.here.event_count().await;
    let mut streams = Vec::new();
    for town in [&pair.here, &pair.there] {
        let mut stream = town.counter("pharmacy-1").stream(LIST, &opened.token).await;
        stream.chunk().await.expect("an answer that runs").expect("more");
        streams.push(stream);
    }
    pair.here.revoke("pharmacy-1").await;
    for stream in &mut streams {
        is_cut(stream).await;
    }
    let event = pair.here.event_of_kind_after(before, "stream-cut").await;
    assert_eq!(event["code"], "client-certificate-revoked");
}

#[tokio::test]
async fn a_card_that_is_reported_ends_its_sessions_and_opens_no_more() {
    let pair = Pair::start().await;
    let opened = pair.session().await;
    let number = gateway::demo::people::PEOPLE.iter().find(|one| one.card == "amina").expect("amina");
    let number = number.document_number.to_ascii_lowercase();
    pair.dies(&opened, 401, "session-ended", "card-stolen", async || {
        let told = operator(&pair.here, &["registry", "report-card", "--reason", "stolen"], &number);
        assert!(!told.to_ascii_lowercase().contains(&number), "{told}");
    })
    .await;
    let refused = pair.there.counter("pharmacy-1").open(&mut pair.there.card("amina"), "TREAT").await;
    refused.is_problem(403, "denied");
    let event = pair.here.event_of_kind_after(0, "withdrawn").await;
    assert_eq!((&event["code"], &event["subject"]), (&"card-stolen".into(), &Value::Null), "{event}");
}

#[tokio::test]
async fn a_patient_who_is_withdrawn_has_no_session_anywhere() {
    let pair = Pair::start().await;
    let opened = pair.session().await;
    let subject = opened.json["session"]["subject"].as_str().expect("a subject").to_owned();
    let elsewhere = pair.here.session("amina", "pharmacy-2").await;
    // At one establishment first: consent.
    pair.dies(&opened, 401, "session-ended", "ended-by-operator", async || {
        let words = ["registry", "end-sessions", "--subject", &subject, "--establishment", "pharmacy-1"];
        operator(&pair.here, &words, "");
    })
    .await;
    let mut stream = pair.there.counter("pharmacy-2").stream(LIST, &elsewhere.token).await;
    assert_eq!(stream.status(), 200, "another establishment is not meant");
    // Then everywhere.
    operator(&pair.here, &["registry", "end-sessions", "--subject", &subject], "");
    is_cut(&mut stream).await;
}

#[tokio::test]
async fn a_key_that_is_withdrawn_is_believed_nowhere() {
    let pair = Pair::start().await;
    let opened = pair.session().await;
    let kid = kid_of(&opened.token);
    pair.dies(&opened, 401, "token-invalid", "key-compromised", async || {
        operator(&pair.here, &["keys", "withdraw", &kid, "--yes"], "");
    })
    .await;
    for town in [&pair.here, &pair.there] {
        let keys = town.public("/.well-known/jwks.json").await;
        assert!(!keys.json.to_string().contains(&kid), "{}", keys.json);
    }
}

fn kid_of(token: &str) -> String {
    use base64::Engine as _;
    let header = token.split('.').next().expect("a header");
    let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(header).expect("base64url");
    serde_json::from_slice::<Value>(&header).expect("JSON")["kid"].as_str().expect("a kid").to_owned()
}

#[tokio::test]
async fn two_gateways_on_postgresql_hear_of_it_as_well() {
    let server = Postgres::start();
    let pair = Pair::of(Harness::new().postgres(&server)).await;
    let opened = pair.session().await;
    let end = async || {
        let path = format!("/v1/sessions/{}", opened.json["session"]["id"].as_str().expect("an id"));
        let counter = pair.there.counter("pharmacy-1");
        counter.ask(Method::DELETE, &path, Some(&opened.token), None).await.is(204);
    };
    pair.dies(&opened, 401, "session-ended", "session-ended", end).await;
    let opened = pair.session().await;
    let subject = opened.json["session"]["subject"].as_str().expect("a subject").to_owned();
    let end = async || {
        operator(&pair.here, &["registry", "end-sessions", "--subject", &subject], "");
    };
    pair.dies(&opened, 401, "session-ended", "ended-by-operator", end).await;
    let metrics = pair.here.app().metrics.encode();
    assert!(metrics.contains("bawaba_withdrawal_delay_seconds_count 2"), "{metrics}");
}

#[tokio::test]
async fn an_upload_is_cut_too_and_its_back_end_sees_no_end() {
    let here = Harness::new()
        .back_end("prescription", Manner::Swallows)
        .configured(|config, files| {
            let folder = files.root().join("policies");
            allow_binaries(&folder);
            config.insert("policies".to_owned(), toml::toml! { dir = "policies" }.into());
        })
        .start()
        .await;
    let there = here.beside().await;
    let opened = here.session("amina", "pharmacy-1").await;
    let mut wire = there.wire("pharmacy-1").await;
    let head = format!(
        "POST /prescription/Binary HTTP/1.1\r\nHost: localhost\r\nAccept-Language: en\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/pdf\r\nContent-Length: 1000000\r\n\r\n%PDF-1.7",
        opened.token
    );
    wire.send(head.as_bytes()).await.expect("a gateway that reads");
    assert!(here.eventually(async || here.heard("prescription").contains(&"begun".to_owned())).await);
    let path = format!("/v1/sessions/{}", opened.json["session"]["id"].as_str().expect("an id"));
    here.counter("pharmacy-1").ask(Method::DELETE, &path, Some(&opened.token), None).await.is(204);
    let answer = wire.answer().await;
    assert_eq!((answer.status, answer.code().as_deref()), (401, Some("session-ended")), "{}", answer.text());
    let over = async || here.heard("prescription").contains(&"broken off".to_owned());
    assert!(here.eventually(over).await, "{:?}", here.heard("prescription"));
    assert!(!here.heard("prescription").contains(&"whole".to_owned()));
    assert_eq!(here.event_of_kind_after(0, "stream-cut").await["code"], "session-ended");
}

/// The shipped policies and one more: uploads as they come.
fn allow_binaries(folder: &std::path::Path) {
    let shipped = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies/cedar");
    std::fs::create_dir_all(folder).expect("a writable folder");
    for file in std::fs::read_dir(shipped).expect("the shipped policies") {
        let path = file.expect("a file").path();
        let text = std::fs::read_to_string(&path).expect("a text");
        let text = text.replace(
            "\"Patient\", \"AllergyIntolerance\"",
            "\"Patient\", \"Binary\", \"AllergyIntolerance\"",
        );
        std::fs::write(folder.join(path.file_name().expect("a name")), text).expect("a writable folder");
    }
    let more = "@id(\"binary\")\n@reason(\"binary-for-care\")\n@legal(\"test\")\n@fr(\"Un document.\")\n\
        @ar(\"وثيقة\")\n@en(\"A document.\")\n\
        permit (principal, action == Bawaba::Action::\"create\", resource == Bawaba::Service::\"prescription\")\n\
        when { context.resourceType == Bawaba::FhirType::\"Binary\" };\n";
    std::fs::write(folder.join("binary.cedar"), more).expect("a writable folder");
}

#[tokio::test]
async fn a_node_that_cannot_hear_what_was_withdrawn_opens_nothing_and_cuts_what_runs() {
    let pair = Pair::start().await;
    let opened = pair.session().await;
    let mut stream = pair.there.counter("pharmacy-1").stream(LIST, &opened.token).await;
    stream.chunk().await.expect("an answer that runs").expect("more");
    let database = pair.here.database().await;
    database
        .write(gateway::store::Statement::new("ALTER TABLE withdrawal RENAME TO elsewhere"))
        .await
        .expect("done");
    let deaf = async || {
        let ready = pair.there.public("/readyz").await;
        ready.json["checks"]["withdrawals"] == "withdrawals-unheard"
    };
    assert!(pair.here.eventually(deaf).await);
    let refused = pair.there.counter("pharmacy-1").get(LIST, &opened.token).await;
    refused.is_problem(503, "registry-unavailable");
    assert_eq!(refused.json["party"], "registry");
    is_cut(&mut stream).await;
    assert_eq!(pair.here.event_of_kind_after(0, "stream-cut").await["code"], "withdrawals-unheard");
    database
        .write(gateway::store::Statement::new("ALTER TABLE elsewhere RENAME TO withdrawal"))
        .await
        .expect("done");
    database.close().await;
    let heard = async || pair.there.public("/readyz").await.status == 200;
    assert!(pair.here.eventually(heard).await);
    let mut stream = pair.there.counter("pharmacy-1").stream(LIST, &opened.token).await;
    stream.chunk().await.expect("an answer that runs").expect("more");
}
