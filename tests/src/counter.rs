//! The counter's side of both flows, step by step, so that a test can spoil any one of them.

use std::net::SocketAddr;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use card_reader::simulated::SimulatedCard;
use card_reader::{Can, CardProfile, CardTranscript, CommandApdu, Conversation, ResponseApdu};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::raw::{Identity, client_config};

/// Where the sound profile of all simulated cards is named.
pub const PROFILE: CardProfile = CardProfile::Cnie2020;

/// An answer, with its body as JSON.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: reqwest::header::HeaderMap,
    /// The body; null if it is not JSON.
    pub json: Value,
}

impl Reply {
    /// The `code` of a problem document, or nothing.
    pub fn code(&self) -> &str {
        self.json["code"].as_str().unwrap_or_default()
    }

    /// One header as text, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Fails unless this is the problem `code` with this status.
    #[track_caller]
    pub fn is_problem(&self, status: u16, code: &str) -> &Self {
        assert_eq!((self.status.as_u16(), self.code()), (status, code), "{}", self.json);
        assert_eq!(self.header("content-type"), "application/problem+json");
        self
    }

    /// Fails unless it succeeded.
    #[track_caller]
    pub fn is(&self, status: u16) -> &Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.json);
        self
    }
}

/// A counter (guichet): one client certificate towards one gateway.
#[derive(Clone)]
pub struct Counter {
    http: reqwest::Client,
    base: String,
}

impl Counter {
    /// A client of the API port at `api`.
    pub fn new(api: SocketAddr, ca: &Path, identity: Option<&Identity>) -> Self {
        let tls = client_config(ca, identity, &["h2", "http/1.1"]);
        let builder = reqwest::Client::builder().tls_backend_preconfigured((*tls).clone());
        let http = builder.no_proxy().redirect(reqwest::redirect::Policy::none()).build();
        Self { http: http.expect("a client"), base: format!("https://localhost:{}", api.port()) }
    }

    /// Reads a resource, and gives nothing where the connection broke before the whole answer was there.
    pub async fn try_get(&self, path: &str, token: &str) -> Option<Reply> {
        let answer = self.http.get(format!("{}{path}", self.base)).bearer_auth(token).send().await.ok()?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let json = serde_json::from_slice(&answer.bytes().await.ok()?).unwrap_or_default();
        Some(Reply { status, headers, json })
    }

    /// An answer of which the head is there, and the rest still comes.
    pub async fn stream(&self, path: &str, token: &str) -> reqwest::Response {
        let asked = self.http.get(format!("{}{path}", self.base)).bearer_auth(token);
        asked.send().await.unwrap_or_else(|error| panic!("{path}: {error:?}"))
    }

    /// Any request, with a token and a JSON body if there are any.
    pub async fn ask(&self, method: Method, path: &str, token: Option<&str>, body: Option<&Value>) -> Reply {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            let media = if path.starts_with("/v1/") { "application/json" } else { "application/fhir+json" };
            request = request.header("content-type", media).body(body.to_string());
        }
        let answer = request.send().await.unwrap_or_else(|error| panic!("{path}: {error:?}"));
        let (status, headers) = (answer.status(), answer.headers().clone());
        let bytes = answer.bytes().await.unwrap_or_else(|error| panic!("{path}: {error:?}"));
        Reply { status, headers, json: serde_json::from_slice(&bytes).unwrap_or_default() }
    }

    /// A form at an OAuth endpoint.
    pub async fn form(&self, path: &str, parameters: &[(&str, &str)]) -> Reply {
        self.raw_form(path, encoded(parameters), &[]).await.0
    }

    /// Any body at an OAuth endpoint, with more headers; the answer, and its text as it came.
    pub async fn raw_form(&self, path: &str, body: String, headers: &[(&str, &str)]) -> (Reply, String) {
        let mut request = self.http.post(format!("{}{path}", self.base)).body(body);
        if !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/x-www-form-urlencoded");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.unwrap_or_else(|error| panic!("{path}: {error:?}"));
        let (status, headers) = (answer.status(), answer.headers().clone());
        let bytes = answer.bytes().await.unwrap_or_else(|error| panic!("{path}: {error:?}"));
        let json = serde_json::from_slice(&bytes).unwrap_or_default();
        (Reply { status, headers, json }, String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Any request with just these headers.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Reply {
        let answer = self.try_send(method, path, headers, body).await;
        answer.unwrap_or_else(|| panic!("{path}: no answer"))
    }

    /// The same, where there may be no answer.
    pub async fn try_send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Option<Reply> {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let answer = request.send().await.ok()?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let bytes = answer.bytes().await.ok()?;
        Some(Reply { status, headers, json: serde_json::from_slice(&bytes).unwrap_or_default() })
    }

    /// Whether the request was answered at all.
    pub async fn is_heard(&self, path: &str) -> bool {
        self.http.get(format!("{}{path}", self.base)).send().await.is_ok()
    }

    /// Reads a resource with a session token.
    pub async fn get(&self, path: &str, token: &str) -> Reply {
        self.ask(Method::GET, path, Some(token), None).await
    }

    /// Sends a resource with a session token.
    pub async fn post(&self, path: &str, token: &str, body: &Value) -> Reply {
        self.ask(Method::POST, path, Some(token), Some(body)).await
    }

    /// First request of the counter flow.
    pub async fn present(&self, transcript: &CardTranscript) -> Reply {
        self.ask(Method::POST, "/v1/presences", None, Some(&presence_body(transcript))).await
    }

    /// Second request of the counter flow.
    pub async fn prove(&self, presence: &str, responses: &[ResponseApdu], purpose: &str) -> Reply {
        let body = proof_body(responses, purpose);
        self.ask(Method::POST, &format!("/v1/presences/{presence}/proof"), None, Some(&body)).await
    }

    /// The whole counter flow; the answer to its second request, or to its first if that was refused.
    pub async fn open(&self, card: &mut TestCard, purpose: &str) -> Reply {
        let answered = self.challenge(card).await;
        match answered {
            Ok(Answered { presence, responses }) => self.prove(&presence, &responses, purpose).await,
            Err(refused) => refused,
        }
    }

    /// The same, and nothing where the connection broke before the whole answer was there.
    pub async fn try_open(&self, card: &mut TestCard, purpose: &str) -> Option<Reply> {
        let mut conversation = card.conversation();
        let transcript = conversation.read_transcript().expect("a card that can be read");
        let begun = self.try_post("/v1/presences", &presence_body(&transcript)).await?;
        if begun.status != StatusCode::CREATED {
            return Some(begun);
        }
        let responses = conversation.run(&commands(&begun.json)).expect("a chip that answers");
        let path = format!("/v1/presences/{}/proof", text(&begun.json["presence"]));
        self.try_post(&path, &proof_body(&responses, purpose)).await
    }

    async fn try_post(&self, path: &str, body: &Value) -> Option<Reply> {
        let request =
            self.http.post(format!("{}{path}", self.base)).header("content-type", "application/json");
        let answer = request.body(body.to_string()).send().await.ok()?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let json = serde_json::from_slice(&answer.bytes().await.ok()?).unwrap_or_default();
        Some(Reply { status, headers, json })
    }

    /// The counter flow up to the chip's answers, which nobody has sent yet.
    pub async fn challenge(&self, card: &mut TestCard) -> Result<Answered, Reply> {
        let mut conversation = card.conversation();
        let transcript = conversation.read_transcript().expect("a card that can be read");
        let begun = self.present(&transcript).await;
        if begun.status != StatusCode::CREATED {
            return Err(begun);
        }
        let responses = conversation.run(&commands(&begun.json)).expect("a chip that answers");
        Ok(Answered { presence: text(&begun.json["presence"]), responses })
    }
}

/// What the chip answered to the gateway's challenge.
pub struct Answered {
    /// The presence it belongs to.
    pub presence: String,
    /// The answers.
    pub responses: Vec<ResponseApdu>,
}

/// A card on the reader: the chip in software, and the number printed on it.
pub struct TestCard {
    chip: SimulatedCard,
    can: String,
}

impl TestCard {
    /// From the text of a card file.
    pub fn new(file: &Value) -> Self {
        let chip = SimulatedCard::from_json(&file.to_string()).expect("a card file");
        Self { chip, can: text(&file["can"]) }
    }

    /// The chip.
    pub fn chip(&mut self) -> &mut SimulatedCard {
        &mut self.chip
    }

    /// PACE, with the number printed on the card.
    pub fn conversation(&mut self) -> Conversation<'_> {
        let can = Can::parse(&self.can).expect("six digits");
        Conversation::open(&mut self.chip, &can, PROFILE).expect("PACE with the right CAN")
    }

    /// What a sound station would send.
    pub fn transcript(&mut self) -> CardTranscript {
        self.conversation().read_transcript().expect("a card that can be read")
    }
}

/// The body of the second request.
fn proof_body(responses: &[ResponseApdu], purpose: &str) -> Value {
    let responses: Vec<String> = responses.iter().map(|response| hex::encode(response.encode())).collect();
    json!({ "responses": responses, "purpose": purpose })
}

/// The body of the first request.
pub fn presence_body(transcript: &CardTranscript) -> Value {
    let mut files =
        json!({ "sod": STANDARD.encode(&transcript.sod), "dg1": STANDARD.encode(&transcript.dg1) });
    let optional =
        [("card_access", &transcript.card_access), ("dg14", &transcript.dg14), ("dg15", &transcript.dg15)];
    for (name, content) in optional {
        if let Some(content) = content {
            files[name] = STANDARD.encode(content).into();
        }
    }
    json!({ "station": "poste-1", "profile": transcript.profile.as_str(), "files": files })
}

/// The gateway's challenge, as it stands in the answer to the first request.
pub fn commands(begun: &Value) -> Vec<CommandApdu> {
    let commands = begun["commands"].as_array().expect("commands");
    commands
        .iter()
        .map(|one| CommandApdu::parse(&hex::decode(text(one)).expect("hex")).expect("an APDU"))
        .collect()
}

/// A JSON string that must be there.
#[track_caller]
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("a string, not {value}")).to_owned()
}

/// Parameters as `application/x-www-form-urlencoded`.
pub fn encoded(parameters: &[(&str, &str)]) -> String {
    let escaped = |text: &str| -> String {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
    };
    let pairs = parameters.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value)));
    pairs.collect::<Vec<_>>().join("&")
}
