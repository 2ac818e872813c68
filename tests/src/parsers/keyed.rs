//! What clients without a certificate send: keys, proofs, assertions.

use std::sync::{Arc, OnceLock};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::FutureExt;
use gateway::clock::ManualClock;
use gateway::dpop::{ClientKey, DPOP, Proofs, ProvenRequest, RequestUrls};
use gateway::registry::{Client, Site};
use gateway::state::InProcess;
use hsm_config::SoftwareKeys;
use policies::ClientKind;
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::json;
use time::OffsetDateTime;

const ISSUER: &str = "https://localhost:8441";

/// A sound proof's claims but for the nonce, and a sound assertion's: seeds.
pub const KEYED_SEEDS: [&str; 4] = [
    r#"{"jti":"j-1","htm":"POST","htu":"https://localhost:8441/oauth/token","iat":0,"ath":"x","nonce":"AAAA"}"#,
    r#"{"iss":"mobile-2","sub":"mobile-2","aud":"https://localhost:8441","iat":0,"exp":60,"jti":"j-2"}"#,
    r#"{"kty":"EC","crv":"P-256","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs","y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"}"#,
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIn19.e30.AAAA",
];

struct Known {
    proofs: Proofs,
    client: Arc<Client>,
    key: jsonwebtoken::EncodingKey,
    header: String,
}

fn known() -> &'static Known {
    static KNOWN: OnceLock<Known> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let pair = rcgen::KeyPair::generate().expect("a key");
        let (_, point) = pair.public_key_raw().split_at(1);
        let [x, y] = [0..32, 32..64].map(|half| URL_SAFE_NO_PAD.encode(&point[half]));
        let jwk = json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y });
        let at = OffsetDateTime::UNIX_EPOCH;
        let keys = Arc::new(SoftwareKeys::generate(at).expect("keys"));
        let state = InProcess::new(Arc::new(ManualClock::new(at))).expect("a memory");
        let client = Client {
            id: "mobile-2".to_owned(),
            kind: ClientKind::MobileUnit,
            name: String::new(),
            city: String::new(),
            active: true,
            scopes: Vec::new(),
            key: Some(ClientKey::parse(jwk.to_string().as_bytes()).expect("a public key")),
            site: Site::default(),
        };
        Known {
            proofs: Proofs::new(keys, Arc::new(state)),
            client: Arc::new(client),
            key: jsonwebtoken::EncodingKey::from_ec_der(&pair.serialize_der()),
            header: json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": jwk }).to_string(),
        }
    })
}

/// A key, a proof, and the claims of a proof and of an assertion that a registered key did sign: none is believed without
/// a nonce of ours, or before the memory is old enough.
pub fn dpop(bytes: &[u8]) {
    if let Ok(key) = ClientKey::parse(bytes) {
        assert_eq!(ClientKey::parse(key.to_jwk().as_bytes()).as_ref(), Ok(&key));
    }
    let Known { client, header, .. } = known();
    prove(bytes);
    prove(signed(header, bytes).as_bytes());
    let assertion = signed(r#"{"alg":"ES256"}"#, bytes);
    let registered = |_: &str| Some(client.clone());
    let at = OffsetDateTime::UNIX_EPOCH;
    let accepted = known().proofs.accept(&assertion, &[ISSUER], None, at, registered).now_or_never();
    assert!(accepted.expect("this memory is at hand").is_err());
}

fn prove(proof: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(proof) else { return };
    let headers = HeaderMap::from_iter([(DPOP, value)]);
    let urls = RequestUrls::new([ISSUER], "/oauth/token");
    let request = ProvenRequest { method: &Method::POST, urls: &urls, token: None };
    let registered = |_: &str| Some(known().client.clone());
    let proven = known().proofs.prove(&headers, &request, OffsetDateTime::UNIX_EPOCH, registered);
    assert!(proven.now_or_never().expect("this memory is at hand").is_err());
}

fn signed(header: &str, claims: &[u8]) -> String {
    let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature =
        jsonwebtoken::crypto::sign(input.as_bytes(), &known().key, jsonwebtoken::Algorithm::ES256);
    format!("{input}.{}", signature.expect("a signature"))
}
