//! Does a stock JWT library agree? (`jsonwebtoken`, both ways)

use std::collections::HashMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode,
    jwk::{Jwk, JwkSet},
};
use serde_json::Value;

use super::{AT, ISSUER, KEYS, claims, header, judged, payload, tokens};
use crate::token::BackEndGrant;

/// As a back-end engineer would: the key the header names, from the published set.
fn validated(token: &str, audience: Option<&str>) -> Result<Value, jsonwebtoken::errors::Error> {
    let set: JwkSet = serde_json::from_value(tokens().jwks(AT).unwrap()).unwrap();
    let key: &Jwk = set.find(&decode_header(token)?.kid.unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_issuer(&[ISSUER]);
    // The tests' time is not this machine's.
    validation.validate_exp = false;
    match audience {
        Some(audience) => {
            validation.set_audience(&[audience]);
            validation.set_required_spec_claims(&["iss", "aud", "sub", "exp", "nbf"]);
        }
        None => validation.set_required_spec_claims(&["iss"]),
    }
    decode(token, &DecodingKey::from_jwk(key)?, &validation).map(|data| data.claims)
}

#[test]
fn ours_verify_there() {
    let tokens = tokens();
    let session = tokens.issue_session(&claims()).unwrap();
    assert_eq!(validated(&session, Some(ISSUER)).unwrap(), payload());
    let running = super::session_of(&tokens, &claims());
    let grant = BackEndGrant { audience: "https://billing.example", subject: "p", scope: "billing" };
    let back_end = tokens.issue_back_end(&running, &super::permit(), &grant, AT).unwrap();
    assert_eq!(validated(&back_end, Some(grant.audience)).unwrap()["sub"], "p");
    assert!(validated(&back_end, Some("https://dossier.example")).is_err());
    assert!(validated(&session, Some(grant.audience)).is_err());
    let receipt = tokens.issue_receipt(&super::shape::receipt()).unwrap();
    assert_eq!(validated(&receipt, None).unwrap()["log_index"], 41);
    let altered = receipt.replacen('.', ".AAAA", 1);
    assert!(validated(&altered, None).is_err());
}

/// The PKCS#8 keys of the key file by role, as another program would read them.
fn private_keys() -> HashMap<String, EncodingKey> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keys.json");
    KEYS.save(&path).unwrap();
    let file: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let keys =
        file["keys"].as_array().unwrap().iter().filter(|key| key["role"].to_string().contains("signing"));
    keys.map(|key| {
        let der = STANDARD.decode(key["key"].as_str().unwrap()).unwrap();
        (key["role"].as_str().unwrap().to_owned(), EncodingKey::from_ec_der(&der))
    })
    .collect()
}

#[test]
fn theirs_are_judged_here() {
    let keys = private_keys();
    let key = &keys["token-signing"];
    let kid = header()["kid"].as_str().unwrap().to_owned();
    let mut header = Header::new(Algorithm::ES256);
    header.kid = Some(kid.clone());
    assert_eq!(
        judged(&encode(&header, &payload(), key).unwrap()),
        "token-type",
        "the library's own typ is JWT"
    );
    header.typ = Some("at+jwt".to_owned());
    assert_eq!(judged(&encode(&header, &payload(), key).unwrap()), "accepted");
    assert_eq!(
        judged(&encode(&header, &payload(), &keys["backend-token-signing"]).unwrap()),
        "token-signature"
    );
    header.kid = None;
    assert_eq!(judged(&encode(&header, &payload(), key).unwrap()), "token-header");
    let mut symmetric = Header::new(Algorithm::HS256);
    symmetric.typ = Some("at+jwt".to_owned());
    symmetric.kid = Some(kid);
    let secret = EncodingKey::from_secret(b"secret");
    assert_eq!(judged(&encode(&symmetric, &payload(), &secret).unwrap()), "token-algorithm");
}
