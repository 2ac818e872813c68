//! Practitioners at the bedside: what they sign when the glass is to be broken, and what they ask.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::counter::{Reply, text};
use crate::harness::{Harness, Opened};
use crate::papers::claims_of;
use crate::raw::Identity;

/// The doctor on duty.
pub const DOCTOR: &str = "INPE-104217";
/// The nurse beside them.
pub const NURSE: &str = "INPE-209931";
/// Why, so that a reviewer can judge it.
pub const WORDS: &str = "Patient amené inconscient après un accident, antécédents inconnus.";

/// A JWS by the key of a certificate, with its chain.
pub fn signed(typ: &str, payload: &Value, by: &Identity) -> String {
    let header = json!({ "alg": "ES256", "typ": typ, "x5c": [STANDARD.encode(by.certificate())] });
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let message = format!("{}.{}", encode(&header), encode(payload));
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, by.key_der()).expect("a P-256 key");
    let signature = key.sign(&SystemRandom::new(), message.as_bytes()).expect("a signature");
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// An access that is being asked for, to be spoiled in one place.
pub struct Bedside<'a> {
    town: &'a Harness,
    /// The body without its statements.
    pub body: Value,
    /// What each practitioner signs.
    pub statements: Vec<(Identity, Value)>,
    client: &'static str,
    session: Option<String>,
}

impl Harness {
    /// The glass, with the patient's card on the reader and the doctor's signature.
    pub fn with_card(&self, client: &'static str, opened: &Opened) -> Bedside<'_> {
        let mut bedside = Bedside {
            town: self,
            body: json!({ "reason": "unconscious", "words": WORDS, "station": "urgences-1" }),
            statements: Vec::new(),
            client,
            session: Some(opened.token.clone()),
        };
        let sid = claims_of(&opened.token)["sid"].clone();
        bedside.sign(DOCTOR, "sid", sid);
        bedside
    }

    /// The glass, with nothing but a number, and two people who sign for it.
    pub fn without_card(&self, client: &'static str, number: &str) -> Bedside<'_> {
        let mut bedside = Bedside {
            town: self,
            body: json!({
                "reason": "unconscious", "words": WORDS, "station": "urgences-1", "identifier": number,
            }),
            statements: Vec::new(),
            client,
            session: None,
        };
        bedside.sign(DOCTOR, "identifier", number.into());
        bedside.sign(NURSE, "identifier", number.into());
        bedside
    }
}

impl Bedside<'_> {
    /// One more practitioner signs what is asked for.
    pub fn sign(&mut self, who: &'static str, about: &str, patient: Value) {
        let now = self.town.now().unix_timestamp();
        let words = self.body["words"].as_str().expect("words");
        let mut said = json!({
            "iss": who, "aud": format!("https://localhost:{}", self.town.public_port.port()),
            "establishment": self.client, "jti": Uuid::new_v4(), "iat": now, "exp": now + 300,
            "reason": self.body["reason"], "words": URL_SAFE_NO_PAD.encode(digest(&SHA256, words.as_bytes())),
        });
        said[about] = patient;
        self.statements.push((self.town.issue_client(who), said));
    }

    /// What each of them signed.
    pub fn signatures(&self) -> Vec<String> {
        self.statements.iter().map(|(by, said)| signed("emergency+jwt", said, by)).collect()
    }

    /// The whole body.
    pub fn request(&self) -> Value {
        let mut body = self.body.clone();
        body["statements"] = self.signatures().into();
        body
    }

    /// Asks, at this gateway.
    pub async fn asks_at(&self, town: &Harness) -> Reply {
        self.asks_with(town, self.signatures()).await
    }

    /// Asks with these statements.
    pub async fn asks_with(&self, town: &Harness, statements: Vec<String>) -> Reply {
        let mut body = self.body.clone();
        body["statements"] = statements.into();
        let counter = town.counter(self.client);
        counter.ask(Method::POST, "/v1/emergency-accesses", self.session.as_deref(), Some(&body)).await
    }

    /// Asks.
    pub async fn asks(&self) -> Reply {
        self.asks_at(self.town).await
    }

    /// Asks, and is let in.
    pub async fn opens(&self) -> Opened {
        let reply = self.asks().await;
        reply.is(201);
        Opened { token: text(&reply.json["token"]), json: reply.json }
    }
}
