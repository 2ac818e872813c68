//! Each bad token, spoilt in one place, and what the back-end says.

use super::*;
use crate::demo::https;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{EncodingKey, Header, encode, get_current_timestamp};
use serde_json::{Value, json};

const ISSUER: &str = "https://localhost:8441";
const AUDIENCE: &str = "prescription";

/// A gateway that signs what a test asks it to.
pub(in crate::demo::back_ends) struct Gateway {
    key: EncodingKey,
    public_pem: String,
    jwks: JwkSet,
}

impl Gateway {
    pub(in crate::demo::back_ends) fn new() -> Self {
        let pair = rcgen::KeyPair::generate().unwrap();
        let key = EncodingKey::from_ec_pem(pair.serialize_pem().as_bytes()).unwrap();
        let mut jwk = Jwk::from_encoding_key(&key, Algorithm::ES256).unwrap();
        jwk.common.key_id = Some("key-1".into());
        Self { key, public_pem: pair.public_key_pem(), jwks: JwkSet { keys: vec![jwk] } }
    }

    pub(in crate::demo::back_ends) fn validator(&self) -> TokenValidator {
        let client = https::client(b"", None).unwrap();
        // Nothing listens there: a test that needs the keys again sees the fetch fail.
        let validator = TokenValidator::new(ISSUER, AUDIENCE, "https://localhost:1/jwks.json".into(), client);
        validator.trust(&self.jwks);
        validator
    }

    /// A good token about this patient.
    pub(in crate::demo::back_ends) fn token_for(&self, subject: &str) -> String {
        let mut claims = claims();
        claims["sub"] = json!(subject);
        encode(&header(), &claims, &self.key).unwrap()
    }

    async fn judge(&self, header: &Header, claims: &Value) -> Result<BackEndClaims, TokenRefusal> {
        let token = encode(header, claims, &self.key).unwrap();
        judge(&self.validator(), &token).await
    }
}

fn header() -> Header {
    let mut header = Header::new(Algorithm::ES256);
    header.typ = Some("at+jwt".into());
    header.kid = Some("key-1".into());
    header
}

fn claims() -> Value {
    let now = get_current_timestamp();
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "subject-1", "client_id": "pharmacy-1",
        "scope": "x", "iat": now, "nbf": now, "exp": now + 300,
    })
}

async fn judge(validator: &TokenValidator, token: &str) -> Result<BackEndClaims, TokenRefusal> {
    let mut headers = HeaderMap::new();
    headers.insert(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
    validator.validate(&headers).await
}

#[tokio::test]
async fn a_good_token_is_accepted() {
    let accepted = Gateway::new().judge(&header(), &claims()).await.unwrap();
    assert_eq!(accepted.sub, "subject-1");
}

#[tokio::test]
async fn each_spoilt_claim_is_refused() {
    let gateway = Gateway::new();
    let now = get_current_timestamp();
    let spoilt = [
        ("iss", json!("https://elsewhere"), TokenRefusal::Invalid),
        ("iss", Value::Null, TokenRefusal::Invalid),
        ("aud", json!("billing"), TokenRefusal::Invalid),
        ("aud", Value::Null, TokenRefusal::Invalid),
        ("sub", Value::Null, TokenRefusal::Invalid),
        ("exp", json!(now - 60), TokenRefusal::Expired),
        ("exp", Value::Null, TokenRefusal::Invalid),
        ("nbf", json!(now + 120), TokenRefusal::Invalid),
        ("nbf", Value::Null, TokenRefusal::Invalid),
    ];
    for (name, value, expected) in spoilt {
        let mut claims = claims();
        let fields = claims.as_object_mut().unwrap();
        match value {
            Value::Null => drop(fields.remove(name)),
            value => drop(fields.insert(name.into(), value)),
        }
        assert_eq!(gateway.judge(&header(), &claims).await.unwrap_err(), expected, "{name}: {claims}");
    }
}

#[tokio::test]
async fn each_spoilt_header_is_refused() {
    let gateway = Gateway::new();
    let mut no_typ = header();
    no_typ.typ = None;
    let mut id_token = header();
    id_token.typ = Some("JWT".into());
    let mut no_kid = header();
    no_kid.kid = None;
    let mut critical = header();
    critical.crit = Some(vec!["b64".into()]);
    for spoilt in [no_typ, id_token, no_kid, critical] {
        assert_eq!(gateway.judge(&spoilt, &claims()).await.unwrap_err(), TokenRefusal::Invalid, "{spoilt:?}");
    }
    let mut unknown = header();
    unknown.kid = Some("key-2".into());
    assert_eq!(gateway.judge(&unknown, &claims()).await.unwrap_err(), TokenRefusal::KeysUnavailable);
}

#[tokio::test]
async fn no_algorithm_and_a_public_key_as_secret_are_refused() {
    let gateway = Gateway::new();
    let validator = gateway.validator();
    let mut hs256 = header();
    hs256.alg = Algorithm::HS256;
    let secret = EncodingKey::from_secret(gateway.public_pem.as_bytes());
    let token = encode(&hs256, &claims(), &secret).unwrap();
    assert_eq!(judge(&validator, &token).await.unwrap_err(), TokenRefusal::Invalid);

    // {"alg":"none","typ":"at+jwt","kid":"key-1"}, no signature.
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0Iiwia2lkIjoia2V5LTEifQ";
    let good = encode(&header(), &claims(), &gateway.key).unwrap();
    let body = good.split('.').nth(1).unwrap();
    assert_eq!(judge(&validator, &format!("{none}.{body}.")).await.unwrap_err(), TokenRefusal::Invalid);
}

#[tokio::test]
async fn an_altered_token_and_another_gateways_are_refused() {
    let gateway = Gateway::new();
    let token = encode(&header(), &claims(), &gateway.key).unwrap();
    let mut other = claims();
    other["sub"] = json!("subject-2");
    let foreign = encode(&header(), &other, &Gateway::new().key).unwrap();
    let parts: Vec<_> = token.split('.').collect();
    let body = foreign.split('.').nth(1).unwrap();
    let altered = [parts[0], body, parts[2]].join(".");
    for bad in [altered, foreign, "a.b.c".into(), String::new()] {
        assert!(judge(&gateway.validator(), &bad).await.is_err(), "{bad}");
    }
}

#[tokio::test]
async fn one_bearer_token_is_required() {
    let gateway = Gateway::new();
    let good = format!("Bearer {}", encode(&header(), &claims(), &gateway.key).unwrap());
    let mut headers = HeaderMap::new();
    let validator = gateway.validator();
    assert_eq!(validator.validate(&headers).await.unwrap_err(), TokenRefusal::Missing);
    headers.append(header::AUTHORIZATION, good.parse().unwrap());
    headers.append(header::AUTHORIZATION, good.parse().unwrap());
    assert_eq!(validator.validate(&headers).await.unwrap_err(), TokenRefusal::Missing);
    headers.insert(header::AUTHORIZATION, "Basic YTpi".parse().unwrap());
    assert_eq!(validator.validate(&headers).await.unwrap_err(), TokenRefusal::Missing);
}
