//! A client without a certificate: one registered key, and a proof of it with every request (RFC 9449), step by step, so
//! that a test can spoil any one.

use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use card_reader::ResponseApdu;
use gateway::clock::{Clock, ManualClock};
use gateway::dpop::ClientKey;
use gateway::registry::{Client, Site};
use policies::ClientKind;
use reqwest::Method;
use serde_json::{Value, json};

use crate::counter::{Counter, Reply, TestCard, commands, encoded, presence_body, text};
use crate::harness::Harness;

/// RFC 7523 §2.2.
pub const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A mobile unit with a key and no certificate (unité mobile).
pub struct Mobile {
    /// Its registered id.
    pub id: String,
    key: rcgen::KeyPair,
    clock: Arc<ManualClock>,
    /// `iss` of the gateway, and where it is asked: not the same at a second node.
    issuer: String,
    base: String,
    http: Counter,
    nonce: Mutex<Option<String>>,
}

impl Harness {
    /// A mobile unit whose key is registered here.
    pub async fn mobile(&self, id: &str) -> Mobile {
        let mobile = Mobile::new(self, id, rcgen::KeyPair::generate().expect("a key"));
        mobile.register(self, true).await;
        mobile
    }
}

impl Mobile {
    /// A mobile unit with that key, registered nowhere.
    pub fn new(town: &Harness, id: &str, key: rcgen::KeyPair) -> Self {
        let base = format!("https://localhost:{}", town.public_port.port());
        Self {
            id: id.to_owned(),
            key,
            clock: town.clock.clone(),
            issuer: town.app().config.issuer.clone(),
            base,
            http: Counter::new(town.public_port, &town.files.ca_certificate(), None),
            nonce: Mutex::default(),
        }
    }

    /// The same unit, asking another node of the same installation.
    pub fn at(&self, node: &Harness) -> Self {
        let key = rcgen::KeyPair::from_pkcs8_der_and_sign_algo(
            &self.key.serialize_der().as_slice().into(),
            &rcgen::PKCS_ECDSA_P256_SHA256,
        );
        let other = Self::new(node, &self.id, key.expect("the same key"));
        *other.nonce.lock().unwrap_or_else(PoisonError::into_inner) = self.nonce();
        other
    }

    /// Registers its key at a gateway, or brings the entry up to date.
    pub async fn register(&self, town: &Harness, active: bool) {
        let key = ClientKey::parse(self.jwk().to_string().as_bytes()).expect("a public key");
        let client = Client {
            id: self.id.clone(),
            kind: ClientKind::MobileUnit,
            name: "Unité mobile".to_owned(),
            city: "Imilchil".to_owned(),
            active,
            scopes: ["dossier", "prescription", "billing"].map(str::to_owned).to_vec(),
            key: Some(key),
            site: Site::default(),
        };
        town.app().registry.register_client(&client).await.expect("a registry");
    }

    /// The public half of its key.
    pub fn jwk(&self) -> Value {
        let (_, point) = self.key.public_key_raw().split_at(1);
        let (x, y) = point.split_at(32);
        json!({ "kty": "EC", "crv": "P-256", "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y) })
    }

    /// Its key for another library: PKCS #8 in base64.
    pub fn pkcs8(&self) -> String {
        base64::engine::general_purpose::STANDARD.encode(self.key.serialize_der())
    }

    /// Any JWS by its key.
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        self.sign_text(&header.to_string(), &claims.to_string())
    }

    /// The same, of texts that need not be JSON.
    pub fn sign_text(&self, header: &str, claims: &str) -> String {
        let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let key = jsonwebtoken::EncodingKey::from_ec_der(&self.key.serialize_der());
        let signature = jsonwebtoken::crypto::sign(input.as_bytes(), &key, jsonwebtoken::Algorithm::ES256);
        format!("{input}.{}", signature.expect("a signature"))
    }

    /// The header of a sound proof.
    pub fn proof_header(&self) -> Value {
        json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk() })
    }

    /// The claims of a sound proof for that request.
    pub fn proof_claims(&self, method: &Method, path: &str, token: Option<&str>) -> Value {
        let mut claims = json!({
            "jti": uuid::Uuid::new_v4(), "htm": method.as_str(), "htu": format!("{}{path}", self.base),
            "iat": self.clock.now().unix_timestamp(),
        });
        if let Some(token) = token {
            claims["ath"] = sha256(token).into();
        }
        if let Some(nonce) = self.nonce() {
            claims["nonce"] = nonce.into();
        }
        claims
    }

    /// A sound proof for that request.
    pub fn proof(&self, method: &Method, path: &str, token: Option<&str>) -> String {
        self.sign(&self.proof_header(), &self.proof_claims(method, path, token))
    }

    /// The last nonce that it was given.
    pub fn nonce(&self) -> Option<String> {
        self.nonce.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A sound assertion.
    pub fn assertion_claims(&self) -> Value {
        let now = self.clock.now().unix_timestamp();
        json!({
            "iss": self.id, "sub": self.id, "aud": self.issuer, "iat": now, "exp": now + 60,
            "jti": uuid::Uuid::new_v4(),
        })
    }

    /// A form with these headers, sent once.
    pub async fn form_with(&self, path: &str, headers: &[(&str, &str)], form: &[(&str, &str)]) -> Reply {
        let media = ("content-type", "application/x-www-form-urlencoded");
        let headers: Vec<_> = headers.iter().copied().chain([media]).collect();
        self.keep(self.http.send(Method::POST, path, &headers, Some(encoded(form))).await)
    }

    /// Any request with these headers, sent once.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Reply {
        let media = if path.starts_with("/v1/") { "application/json" } else { "application/fhir+json" };
        let mut headers = headers.to_vec();
        if body.is_some() {
            headers.push(("content-type", media));
        }
        self.keep(self.http.send(method, path, &headers, body.map(Value::to_string)).await)
    }

    /// A reading with these headers, which may be too long to be answered.
    pub async fn try_send(&self, path: &str, headers: &[(&str, &str)]) -> Option<Reply> {
        self.http.try_send(Method::GET, path, headers, None).await
    }

    fn keep(&self, answer: Reply) -> Reply {
        if !answer.header("dpop-nonce").is_empty() {
            *self.nonce.lock().unwrap_or_else(PoisonError::into_inner) =
                Some(answer.header("dpop-nonce").to_owned());
        }
        answer
    }

    /// A request with a token and a sound proof; once more where a nonce is asked for.
    pub async fn ask(&self, method: Method, path: &str, token: &str, body: Option<&Value>) -> Reply {
        let path_only = path.split('?').next().unwrap_or_default();
        let mut answer = None;
        for _ in 0..2 {
            let proof = self.proof(&method, path_only, Some(token));
            let headers = [("authorization", format!("DPoP {token}")), ("dpop", proof)];
            let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let reply = self.send(method.clone(), path, &headers, body).await;
            if reply.code() != "proof-nonce" {
                return reply;
            }
            answer = Some(reply);
        }
        answer.expect("an answer")
    }

    /// Reads a resource.
    pub async fn get(&self, path: &str, token: &str) -> Reply {
        self.ask(Method::GET, path, token, None).await
    }

    /// A request of the token endpoint with a sound proof and a sound assertion.
    pub async fn token(&self, form: &[(&str, &str)]) -> Reply {
        let mut answer = None;
        for _ in 0..2 {
            let proof = self.proof(&Method::POST, "/oauth/token", None);
            let assertion = self.sign(&json!({ "alg": "ES256" }), &self.assertion_claims());
            let mut whole =
                vec![("client_assertion_type", JWT_BEARER), ("client_assertion", assertion.as_str())];
            whole.extend_from_slice(form);
            let reply = self.form_with("/oauth/token", &[("dpop", &proof)], &whole).await;
            if reply.json["error"] != "use_dpop_nonce" {
                return reply;
            }
            answer = Some(reply);
        }
        answer.expect("an answer")
    }

    /// A token to open presences with.
    pub async fn client_token(&self) -> String {
        let answer = self.token(&[("grant_type", "client_credentials")]).await;
        answer.is(200);
        text(&answer.json["access_token"])
    }

    /// The whole counter flow; the answer to its second request, or to its first if that was refused.
    pub async fn open(&self, card: &mut TestCard, purpose: &str) -> Reply {
        let token = self.client_token().await;
        let mut conversation = card.conversation();
        let transcript = conversation.read_transcript().expect("a card that can be read");
        let begun = self.ask(Method::POST, "/v1/presences", &token, Some(&presence_body(&transcript))).await;
        if begun.status != 201 {
            return begun;
        }
        let responses = conversation.run(&commands(&begun.json)).expect("a chip that answers");
        let responses: Vec<String> = responses.iter().map(ResponseApdu::encode).map(hex::encode).collect();
        let body = json!({ "responses": responses, "purpose": purpose });
        let path = format!("/v1/presences/{}/proof", text(&begun.json["presence"]));
        self.ask(Method::POST, &path, &token, Some(&body)).await
    }

    /// The token of a session of this patient.
    pub async fn session(&self, town: &Harness, card: &str) -> String {
        let opened = self.open(&mut town.card(card), "TREAT").await;
        opened.is(201);
        assert_eq!(opened.json["token_type"], "DPoP");
        text(&opened.json["token"])
    }
}

/// Base64url of SHA-256: `ath` (RFC 9449 §4.2).
pub fn sha256(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, text.as_bytes()))
}
