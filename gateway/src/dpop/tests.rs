use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use hsm_config::SoftwareKeys;
use http::{HeaderMap, HeaderValue, Method};
use policies::ClientKind;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::*;
use crate::clock::{Clock, ManualClock};
use crate::limits::{KEY_CLOCK_SKEW, NONCE_LIFE, PROOF_WINDOW};
use crate::registry::Site;
use crate::state::InProcess;

const URL: &str = "https://gw.example/v1/presences";
const TOKEN: &str = "an.access.token";

/// A node, and a client that it knows.
struct Scene {
    proofs: Proofs,
    signer: Arc<SoftwareKeys>,
    clock: Arc<ManualClock>,
    pair: EcdsaKeyPair,
    client: Arc<Client>,
}

impl Scene {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::new(OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap()));
        let signer = Arc::new(SoftwareKeys::generate(clock.now()).unwrap());
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let key = ClientKey::parse(jwk(&pair).to_string().as_bytes()).unwrap();
        let client = Arc::new(Client {
            id: "mobile-1".to_owned(),
            kind: ClientKind::MobileUnit,
            name: String::new(),
            city: String::new(),
            active: true,
            scopes: Vec::new(),
            key: Some(key),
            site: Site::default(),
        });
        let state = Arc::new(InProcess::new(clock.clone()).unwrap());
        Self { proofs: Proofs::new(signer.clone(), state), signer, clock, pair, client }
    }

    fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    async fn nonce(&self) -> String {
        self.proofs.nonce(self.now()).await.unwrap().to_string()
    }

    /// A sound proof, of which a test changes one thing.
    async fn claims(&self) -> Value {
        let ath = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, TOKEN.as_bytes()));
        json!({
            "jti": uuid::Uuid::new_v4(), "htm": "POST", "htu": URL, "iat": self.now().unix_timestamp(),
            "ath": ath, "nonce": self.nonce().await,
        })
    }

    fn header(&self) -> Value {
        json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": jwk(&self.pair) })
    }

    fn sign(&self, header: &str, claims: &str) -> String {
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    async fn show(&self, proof: &str) -> Result<ProvenKey, String> {
        let mut headers = HeaderMap::new();
        headers.insert(DPOP, HeaderValue::from_str(proof).unwrap());
        self.prove(&headers, Some(TOKEN)).await
    }

    async fn prove(&self, headers: &HeaderMap, token: Option<&str>) -> Result<ProvenKey, String> {
        let urls = RequestUrls::new(["https://gw.example"], "/v1/presences");
        let request = ProvenRequest { method: &Method::POST, urls: &urls, token };
        let known = self.client.key.as_ref().map(|key| key.thumbprint().to_owned());
        let registered = |name: &str| (Some(name) == known.as_deref()).then(|| self.client.clone());
        let proven = self.proofs.prove(headers, &request, self.now(), registered).await;
        proven.map_err(|unproven| unproven.code().to_owned())
    }

    /// The code with which a proof of these claims is refused.
    async fn refused(&self, claims: &Value) -> String {
        self.show(&self.sign(&self.header().to_string(), &claims.to_string())).await.unwrap_err()
    }
}

fn jwk(pair: &EcdsaKeyPair) -> Value {
    let (_, point) = pair.public_key().as_ref().split_at(1);
    let (x, y) = point.split_at(32);
    json!({ "kty": "EC", "crv": "P-256", "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y) })
}

fn with(part: &Value, name: &str, value: impl Into<Value>) -> Value {
    let mut part = part.clone();
    part[name] = value.into();
    part
}

#[tokio::test]
async fn a_proof_is_accepted_once() {
    let scene = Scene::new();
    let proof = scene.sign(&scene.header().to_string(), &scene.claims().await.to_string());
    let proven = scene.show(&proof).await.unwrap();
    assert_eq!(proven.client().id, "mobile-1");
    assert!(!proven.nonce_is_old());
    assert_eq!(scene.show(&proof).await.unwrap_err(), "dpop-replayed");
    // The same jti under another signature: an ECDSA signature can be rewritten by anybody.
    let claims = scene.claims().await;
    let [one, other] = [0, 1].map(|_| scene.sign(&scene.header().to_string(), &claims.to_string()));
    assert_ne!(one, other);
    scene.show(&one).await.unwrap();
    assert_eq!(scene.show(&other).await.unwrap_err(), "dpop-replayed");
}

#[tokio::test]
async fn every_claim_must_be_of_this_request() {
    let scene = Scene::new();
    let sound = scene.claims().await;
    let now = scene.now().unix_timestamp();
    for (claims, code) in [
        (with(&sound, "htm", "GET"), "dpop-method"),
        (with(&sound, "htm", "post"), "dpop-method"),
        (with(&sound, "htu", "https://gw.example/v1/presences/x"), "dpop-url"),
        (with(&sound, "htu", "https://evil.example/v1/presences"), "dpop-url"),
        (with(&sound, "ath", "x"), "dpop-token"),
        (with(&sound, "ath", Value::Null), "dpop-token"),
        (with(&sound, "jti", ""), "dpop-jti"),
        (with(&sound, "jti", "a b"), "dpop-jti"),
        (with(&sound, "jti", "j".repeat(129)), "dpop-jti"),
        (with(&sound, "iat", now - PROOF_WINDOW - 1), "dpop-too-old"),
        (with(&sound, "iat", now + PROOF_WINDOW + 1), "dpop-future"),
        (with(&sound, "iat", "now"), "dpop-claims"),
        (with(&sound, "iat", i64::MIN), "dpop-too-old"),
        (with(&sound, "iat", i64::MAX), "dpop-future"),
        (with(&sound, "htu", 7), "dpop-claims"),
        (with(&sound, "nonce", Value::Null), "dpop-nonce-missing"),
        (with(&sound, "nonce", "A".repeat(70)), "dpop-nonce-foreign"),
        (with(&sound, "nonce", "?"), "dpop-nonce-foreign"),
    ] {
        assert_eq!(scene.refused(&claims).await, code, "{claims}");
    }
    let twice = sound.to_string().replacen('{', "{\"jti\":\"another\",", 1);
    let proof = scene.sign(&scene.header().to_string(), &twice);
    assert_eq!(scene.show(&proof).await.unwrap_err(), "dpop-claims", "a name given twice");
    scene.show(&scene.sign(&scene.header().to_string(), &sound.to_string())).await.unwrap();
}

#[tokio::test]
async fn the_header_is_typ_alg_and_one_public_registered_key() {
    let scene = Scene::new();
    let (header, claims) = (scene.header(), scene.claims().await.to_string());
    let another = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let private = with(&header["jwk"], "d", "AAAA");
    for (header, code) in [
        (with(&header, "typ", "jwt"), "dpop-type"),
        (with(&header, "alg", "none"), "dpop-algorithm"),
        (with(&header, "alg", "HS256"), "dpop-algorithm"),
        (with(&header, "alg", "RS256"), "dpop-algorithm"),
        (with(&header, "crit", json!(["exp"])), "dpop-header"),
        (with(&header, "kid", "x"), "dpop-header"),
        (with(&header, "jwk", "x"), "dpop-header"),
        (with(&header, "jwk", private), "dpop-key-private"),
        (with(&header, "jwk", json!({ "kty": "oct", "k": "AAAA" })), "dpop-key-private"),
        (with(&header, "jwk", json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB" })), "dpop-key-malformed"),
        (with(&header, "jwk", jwk(&another)), "dpop-key-unknown"),
    ] {
        let refused = scene.show(&scene.sign(&header.to_string(), &claims)).await.unwrap_err();
        assert_eq!(refused, code, "{header}");
    }
    let twice = header.to_string().replacen('{', "{\"alg\":\"ES256\",", 1);
    assert_eq!(scene.show(&scene.sign(&twice, &claims)).await.unwrap_err(), "dpop-header");

    let sound = scene.sign(&header.to_string(), &claims);
    let (signed, _) = sound.rsplit_once('.').unwrap();
    for (proof, code) in [
        (format!("{signed}."), "dpop-signature"),
        (format!("{signed}.{}", "A".repeat(86)), "dpop-signature"),
        (signed.to_owned(), "dpop-proof-malformed"),
        (format!("{sound}.x"), "dpop-proof-malformed"),
        (format!("{sound}=="), "dpop-proof-malformed"),
        ("x".repeat(crate::limits::MAX_PROOF_BYTES + 1), "dpop-proof-too-long"),
    ] {
        assert_eq!(scene.show(&proof).await.unwrap_err(), code, "{proof}");
    }
    let mut headers = HeaderMap::new();
    assert_eq!(scene.prove(&headers, Some(TOKEN)).await.unwrap_err(), "dpop-proof-missing");
    for _ in 0..2 {
        headers.append(DPOP, HeaderValue::from_str(&sound).unwrap());
    }
    assert_eq!(scene.prove(&headers, Some(TOKEN)).await.unwrap_err(), "dpop-proof-repeated");
    scene.show(&sound).await.unwrap();
}

#[tokio::test]
async fn a_nonce_ages_is_good_at_every_node_and_ends_with_the_memory() {
    let scene = Scene::new();
    let early = scene.claims().await;
    assert_eq!(scene.nonce().await, early["nonce"], "one for everybody for a while");
    scene.clock.advance(Duration::seconds(NONCE_LIFE));
    let now = scene.now().unix_timestamp();
    let proof = scene.sign(&scene.header().to_string(), &with(&early, "iat", now).to_string());
    assert!(scene.show(&proof).await.unwrap().nonce_is_old(), "the answer brings the next");
    assert_ne!(scene.nonce().await, early["nonce"]);
    scene.clock.advance(Duration::seconds(1));
    assert_eq!(scene.refused(&with(&early, "iat", now)).await, "dpop-nonce-expired");

    let claims = scene.claims().await;
    let proof = scene.sign(&scene.header().to_string(), &claims.to_string());
    let state = Arc::new(InProcess::new(scene.clock.clone()).unwrap());
    let lost = Scene { proofs: Proofs::new(scene.signer.clone(), state), ..Scene::new() };
    let lost = Scene { client: scene.client.clone(), clock: scene.clock.clone(), ..lost };
    assert_eq!(lost.show(&proof).await.unwrap_err(), "dpop-nonce-epoch", "another memory, the same keys");
    scene.show(&proof).await.unwrap();

    scene.clock.advance(Duration::seconds(crate::limits::NONCE_FRESH));
    let ahead = scene.claims().await;
    scene.clock.advance(Duration::seconds(-KEY_CLOCK_SKEW));
    let proof = with(&ahead, "iat", scene.now().unix_timestamp());
    scene.show(&scene.sign(&scene.header().to_string(), &proof.to_string())).await.unwrap();
    scene.clock.advance(Duration::seconds(-1));
    assert_eq!(scene.refused(&with(&proof, "jti", "another")).await, "dpop-nonce-expired");
}
