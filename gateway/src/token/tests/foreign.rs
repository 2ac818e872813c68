//! Does a stock JWT library agree? (`jsonwebtoken`, both ways)

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hsm_config::{KeyJob, KeyRole, Signer as _, SoftwareKeys};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode,
    jwk::{Jwk, JwkSet},
};
use serde_json::{Value, json};

use super::{AT, ISSUER, bound, claims, part, payload, tokens};
use crate::token::{BackEndGrant, Tokens};

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
    assert_eq!(validated(&session, Some(ISSUER)).unwrap(), part(&session, 1));
    let running = super::session_of(&tokens, &claims());
    let grant =
        BackEndGrant { audience: "https://billing.example", subject: "p", scope: "billing", consent: None };
    let back_end = tokens.issue_back_end(&running, &super::permit(), &grant, AT).unwrap();
    assert_eq!(validated(&back_end, Some(grant.audience)).unwrap()["sub"], "p");
    assert!(validated(&back_end, Some("https://dossier.example")).is_err());
    assert!(validated(&session, Some(grant.audience)).is_err());
    let receipt = tokens.issue_receipt(&super::shape::receipt()).unwrap();
    assert_eq!(validated(&receipt, None).unwrap()["log_index"], 41);
    let altered = receipt.replacen('.', ".AAAA", 1);
    assert!(validated(&altered, None).is_err());
}

/// Keys made elsewhere, and a gateway that holds the same ones.
struct Foreign {
    token: EncodingKey,
    back_end: EncodingKey,
    here: Tokens,
    kid: String,
}

fn foreign() -> Foreign {
    let keys = KeyRole::ALL.map(|role| match role.job() {
        KeyJob::Sign => rcgen::KeyPair::generate().unwrap().serialize_der(),
        KeyJob::Mac | KeyJob::Seal => format!("{:-^32}", role.name()).into_bytes(),
    });
    let entry =
        |(role, key): (KeyRole, &Vec<u8>)| json!({ "role": role.name(), "key": STANDARD.encode(key) });
    let entries: Vec<Value> = KeyRole::ALL.into_iter().zip(&keys).map(entry).collect();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keys.json");
    let text = json!({ "version": 1, "keys": entries }).to_string();
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let held = Arc::new(SoftwareKeys::import(&path).unwrap());
    Foreign {
        token: EncodingKey::from_ec_der(&keys[0]),
        back_end: EncodingKey::from_ec_der(&keys[1]),
        kid: held.current(KeyRole::TokenSigning, AT).unwrap().kid().to_owned(),
        here: Tokens::new(held, ISSUER.to_owned(), ISSUER.to_owned()),
    }
}

#[test]
fn theirs_are_judged_here() {
    let Foreign { token, back_end, here, kid } = foreign();
    let judged = |header: &Header, key: &EncodingKey| {
        // What is sealed for the gateway, nobody else can write.
        let mut said = payload();
        said.as_object_mut().unwrap().remove("risk");
        let token = encode(header, &said, key).unwrap();
        here.verify_session(&token, &bound(), AT).map_or_else(|error| error.code(), |_| "accepted")
    };
    let mut header = Header::new(Algorithm::ES256);
    header.kid = Some(kid.clone());
    assert_eq!(judged(&header, &token), "token-type", "the library's own typ is JWT");
    header.typ = Some("at+jwt".to_owned());
    assert_eq!(judged(&header, &token), "accepted");
    assert_eq!(judged(&header, &back_end), "token-signature");
    header.kid = None;
    assert_eq!(judged(&header, &token), "token-header");
    let mut symmetric = Header::new(Algorithm::HS256);
    symmetric.typ = Some("at+jwt".to_owned());
    symmetric.kid = Some(kid);
    assert_eq!(judged(&symmetric, &EncodingKey::from_secret(b"secret")), "token-algorithm");
}
