//! Tokens that an attacker would try; each spoils one thing (RFC 8725, and what peers accepted).

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hsm_config::{KeyRole, Signer as _};
use serde_json::json;

use super::{AT, ISSUER, KEYS, genuine, header, judged, payload, signed, tokens, verdict, with, without};

#[test]
fn the_unspoilt_token_is_accepted() {
    assert_eq!(judged(&genuine()), "accepted");
    assert_eq!(verdict(&header().to_string(), &payload().to_string()), "accepted");
    // What a newer node adds does not trouble an older one.
    assert_eq!(
        verdict(&header().to_string(), &with(payload(), "added_later", json!({"a": [1]}))),
        "accepted"
    );
}

#[test]
fn algorithms() {
    for alg in ["none", "None", "nOnE", "", "HS256", "ES384", "ES256K", "RS256", "PS256", "EdDSA", "es256"] {
        assert_eq!(
            verdict(&with(header(), "alg", json!(alg)), &payload().to_string()),
            "token-algorithm",
            "{alg}"
        );
    }
    let unsigned = with(header(), "alg", json!("none"));
    let unsigned = format!("{}.{}.", URL_SAFE_NO_PAD.encode(unsigned), genuine().split('.').nth(1).unwrap());
    assert_eq!(judged(&unsigned), "token-algorithm");
    assert_eq!(judged(&format!("{}.", genuine().rsplit_once('.').unwrap().0)), "token-signature");
}

#[test]
fn hs256_with_the_public_key_as_the_secret() {
    let key = KEYS.current(KeyRole::TokenSigning, AT).unwrap();
    let jwk = tokens().jwks(AT).unwrap()["keys"][0].to_string();
    for alg in ["HS256", "ES256"] {
        for secret in [&key.sec1_uncompressed()[..], &key.sec1_uncompressed()[1..], jwk.as_bytes()] {
            let header = with(header(), "alg", json!(alg));
            let message = format!(
                "{}.{}",
                URL_SAFE_NO_PAD.encode(header),
                URL_SAFE_NO_PAD.encode(payload().to_string())
            );
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
            let forged = format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag));
            assert_eq!(judged(&forged), if alg == "HS256" { "token-algorithm" } else { "token-signature" });
        }
    }
}

#[test]
fn headers_with_more_or_less_than_ours() {
    let payload = payload().to_string();
    for missing in ["alg", "typ", "kid"] {
        assert_eq!(verdict(&without(header(), missing), &payload), "token-header", "{missing}");
        assert_eq!(verdict(&with(header(), missing, json!(null)), &payload), "token-header", "{missing}");
        assert_eq!(verdict(&with(header(), missing, json!(7)), &payload), "token-header", "{missing}");
    }
    let own_key = tokens().jwks(AT).unwrap()["keys"][1].clone();
    for (name, value) in [
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("jku", json!("https://evil.example/jwks.json")),
        ("jwk", own_key),
        ("x5c", json!(["MII="])),
        ("cty", json!("JWT")),
        ("zip", json!("DEF")),
    ] {
        assert_eq!(verdict(&with(header(), name, value), &payload), "token-header", "{name}");
    }
    let header = header().to_string();
    for repeated in ["\"alg\":\"none\",", "\"kid\":\"other\",", "\"typ\":\"JWT\","] {
        assert_eq!(
            verdict(&header.replacen('{', &format!("{{{repeated}"), 1), &payload),
            "token-header",
            "{repeated}"
        );
    }
    for nonsense in ["", "{}", "[]", "null", "\"ES256\"", &format!("{header} x"), &format!("[{header}]")] {
        assert_eq!(verdict(nonsense, &payload), "token-header", "{nonsense}");
    }
}

#[test]
fn types() {
    for typ in ["JWT", "", "receipt+jwt", "AT+JWT", "application/at+jwt", "at+jwt ", "logout+jwt"] {
        assert_eq!(
            verdict(&with(header(), "typ", json!(typ)), &payload().to_string()),
            "token-type",
            "{typ}"
        );
    }
}

#[test]
fn keys() {
    let payload = payload().to_string();
    for kid in ["", "1", "../../dev/null", "' OR 1=1 --", "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U"] {
        assert_eq!(verdict(&with(header(), "kid", json!(kid)), &payload), "token-key-unknown", "{kid}");
    }
    let others = [KeyRole::BackendTokenSigning, KeyRole::ReceiptSigning, KeyRole::CheckpointSigning];
    for role in others {
        // A key of another job signs a perfect session token: under its own name, and under the right one.
        let own_name = with(header(), "kid", json!(KEYS.current(role, AT).unwrap().kid()));
        assert_eq!(judged(&signed(role, &own_name, &payload)), "token-key-unknown", "{role}");
        assert_eq!(judged(&signed(role, &header().to_string(), &payload)), "token-signature", "{role}");
    }
}

#[test]
fn our_other_tokens_are_not_session_tokens() {
    let tokens = tokens();
    let session = super::session_of(&tokens, &super::claims());
    let grant =
        crate::token::BackEndGrant { audience: ISSUER, subject: "p", scope: "billing", consent: None };
    assert_eq!(
        judged(&tokens.issue_back_end(&session, &super::permit(), &grant, AT).unwrap()),
        "token-key-unknown"
    );
    assert_eq!(judged(&tokens.issue_receipt(&super::shape::receipt()).unwrap()), "token-type");
}

#[test]
fn claims_missing_mistyped_or_repeated() {
    let header = header().to_string();
    // What a token of the version before does not say.
    let optional = |name: &&String| *name == "risk";
    assert_eq!(verdict(&header, &without(payload(), "risk")), "accepted");
    for forged in ["", "AAAA", "*"] {
        assert_eq!(verdict(&header, &with(payload(), "risk", json!(forged))), "token-claims", "{forged}");
    }
    for name in payload().as_object().unwrap().keys().filter(|name| !optional(name)) {
        assert_eq!(verdict(&header, &without(payload(), name)), "token-claims", "no {name}");
        assert_eq!(verdict(&header, &with(payload(), name, json!(null))), "token-claims", "null {name}");
        assert_eq!(verdict(&header, &with(payload(), name, json!([[]]))), "token-claims", "list {name}");
        let repeated = format!("{{{}:{},", json!(name), payload()[name]);
        let repeated = payload().to_string().replacen('{', &repeated, 1);
        assert_eq!(verdict(&header, &repeated), "token-claims", "twice {name}");
    }
    let exp = payload()["exp"].as_i64().unwrap();
    for value in [json!(exp.to_string()), json!(exp as f64), json!(true), json!(u64::MAX), json!(1e300)] {
        assert_eq!(verdict(&header, &with(payload(), "exp", value.clone())), "token-claims", "{value}");
    }
    for value in [json!(exp + 1), json!(i64::MAX), json!(i64::MIN), json!(0), json!(-1)] {
        assert_eq!(verdict(&header, &with(payload(), "exp", value.clone())), "token-claims", "{value}");
    }
    for (name, value) in
        [("acr", "root"), ("purpose", "MARKETING"), ("jti", "1"), ("enc", ""), ("acr", "Card")]
    {
        let expected = if name == "enc" { "accepted" } else { "token-claims" };
        assert_eq!(verdict(&header, &with(payload(), name, json!(value))), expected, "{name} {value}");
    }
    let nested = payload().to_string().replacen("\"station\":", "\"station\":\"poste-9\",\"station\":", 1);
    assert_eq!(verdict(&header, &nested), "token-claims");
    let escaped = payload().to_string().replacen("\"sub\":", "\"s\\u0075b\":\"another\",\"sub\":", 1);
    assert_eq!(verdict(&header, &escaped), "token-claims");
    let unknown = payload().to_string().replacen('{', "{\"new\":{\"a\":1,\"a\":2},", 1);
    assert_eq!(verdict(&header, &unknown), "token-claims");
}

#[test]
fn payloads_that_are_not_claims() {
    let header = header().to_string();
    let deep = format!("{}{}", "[".repeat(1_400), "]".repeat(1_400));
    let trailing = format!("{} {{}}", payload());
    for payload in ["", "{}", "[]", "null", "7", "\u{feff}{}", "{\"sub\":}", deep.as_str(), trailing.as_str()]
    {
        assert_eq!(verdict(&header, payload), "token-claims");
    }
}

#[test]
fn audiences_and_issuers() {
    let header = header().to_string();
    assert_eq!(verdict(&header, &with(payload(), "aud", json!("https://dossier.example"))), "token-audience");
    assert_eq!(verdict(&header, &with(payload(), "aud", json!(format!("{ISSUER}/")))), "token-audience");
    assert_eq!(verdict(&header, &with(payload(), "aud", json!([ISSUER]))), "token-claims");
    assert_eq!(
        verdict(&header, &with(payload(), "aud", json!([ISSUER, "https://evil.example"]))),
        "token-claims"
    );
    assert_eq!(verdict(&header, &with(payload(), "iss", json!("https://evil.example"))), "token-issuer");
    assert_eq!(verdict(&header, &with(payload(), "iss", json!(""))), "token-issuer");
}

#[test]
fn times() {
    let header = header().to_string();
    let moved = |seconds: i64| {
        let mut payload = payload();
        for name in ["iat", "nbf", "exp"] {
            payload[name] = json!(payload[name].as_i64().unwrap() + seconds);
        }
        payload.to_string()
    };
    assert_eq!(verdict(&header, &moved(6)), "token-not-yet-valid");
    assert_eq!(verdict(&header, &moved(-900)), "token-expired");
    assert_eq!(verdict(&header, &moved(-899)), "accepted");
    let nbf = payload()["nbf"].as_i64().unwrap();
    for other in [nbf - 1, nbf + 600] {
        assert_eq!(verdict(&header, &with(payload(), "nbf", json!(other))), "token-claims");
    }
}
