//! What is published, and what each token says to the letter.

use std::collections::BTreeSet;

use policies::{RiskFacts, RiskSignal};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{AT, ISSUER, THUMBPRINT, claims, header, part, payload, tokens};
use crate::token::{ReceiptClaims, SessionClaims, StatusReference};

pub(super) fn receipt() -> ReceiptClaims {
    ReceiptClaims {
        presence: Uuid::from_u128(2),
        establishment: "pharmacy-1".to_owned(),
        time: AT,
        operation: "create Claim".to_owned(),
        log_index: 41,
    }
}

fn names(object: &Value) -> BTreeSet<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn a_session_token_says_what_the_design_lists() {
    let token = tokens().issue_session(&claims()).unwrap();
    assert_eq!(part(&token, 0), header());
    let iat = AT.unix_timestamp();
    let expected = json!({
        "iss": ISSUER, "aud": ISSUER, "sub": super::SUBJECT,
        "exp": iat + 900, "iat": iat, "nbf": iat, "jti": claims().token, "sid": claims().id,
        "client_id": "pharmacy-1", "scope": "prescription billing",
        "cnf": { "x5t#S256": THUMBPRINT },
        "acr": "card", "amr": ["sc", "hwk"], "auth_time": iat - 1,
        "establishment": "pharmacy-1",
        "presence": {
            "id": claims().presence.id, "method": "chip-authentication", "proven_at": iat - 1, "station": "poste-1",
            "card": "9c".repeat(16),
        },
        "purpose": "TREAT", "pol": "ab".repeat(32),
    });
    let mut said = payload();
    let sealed = said.as_object_mut().unwrap().remove("risk").unwrap();
    assert_eq!(said, expected);
    assert_eq!(sealed.as_str().unwrap().len(), 128, "as long as any other");
}

#[test]
fn what_looked_wrong_is_said_in_as_many_octets_and_to_the_gateway_alone() {
    let tokens = tokens();
    let risky = RiskFacts {
        score: 60,
        signals: vec![RiskSignal::TwoPlaces, RiskSignal::TwoCertificates],
        quarantined: true,
        ..RiskFacts::default()
    };
    let claims = SessionClaims { risk: risky.clone(), ..claims() };
    let (quiet, loud) =
        (tokens.issue_session(&super::claims()).unwrap(), tokens.issue_session(&claims).unwrap());
    assert_eq!(part(&quiet, 1).to_string().len(), part(&loud, 1).to_string().len());
    let verified = tokens.verify_session(&loud, &claims.confirmation, AT).unwrap();
    assert_eq!(verified.claims().risk, risky);
    let verified = tokens.verify_session(&quiet, &claims.confirmation, AT).unwrap();
    assert_eq!(verified.claims().risk, RiskFacts::default());
}

#[test]
fn a_status_is_a_token_status_list_reference() {
    let claims = SessionClaims { status: Some(StatusReference { list: 3, index: 5 }), ..claims() };
    let token = tokens().issue_session(&claims).unwrap();
    let expected = json!({ "status_list": { "idx": 5, "uri": format!("{ISSUER}/status/3") } });
    assert_eq!(part(&token, 1)["status"], expected);
}

#[test]
fn a_receipt_says_nothing_medical_and_names_nobody() {
    let token = tokens().issue_receipt(&receipt()).unwrap();
    assert_eq!(part(&token, 0)["typ"], "receipt+jwt");
    let payload = part(&token, 1);
    let said = ["iss", "iat", "jti", "presence", "establishment", "time", "operation", "log_index"];
    assert_eq!(names(&payload), BTreeSet::from(said));
    assert_eq!(
        (payload["time"].as_i64(), payload["log_index"].as_i64()),
        (Some(AT.unix_timestamp()), Some(41))
    );
}

#[test]
fn the_jwks_has_every_signing_key_once_and_no_secret() {
    let tokens = tokens();
    let keys = tokens.jwks(AT).unwrap()["keys"].clone();
    let keys = keys.as_array().unwrap();
    assert_eq!(keys.len(), 4);
    assert_eq!(keys.iter().map(|key| key["kid"].to_string()).collect::<BTreeSet<_>>().len(), 4);
    for key in keys {
        assert_eq!(names(key), BTreeSet::from(["kty", "crv", "use", "alg", "kid", "x", "y"]));
        assert_eq!((&key["use"], &key["alg"], &key["kty"]), (&json!("sig"), &json!("ES256"), &json!("EC")));
    }
}

#[test]
fn a_patient_has_one_name_at_each_audience() {
    let tokens = tokens();
    let name = |audience, health_id| tokens.pairwise_subject(audience, health_id).unwrap();
    assert_eq!(name("dossier", "ID-1"), name("dossier", "ID-1"));
    let all =
        [name("dossier", "ID-1"), name("billing", "ID-1"), name("dossier", "ID-2"), name("dossierI", "D-1")];
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    for name in all {
        assert_eq!(name.len(), 32);
        assert!(name.chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c)), "a FHIR id");
    }
}
