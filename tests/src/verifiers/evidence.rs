//! Does a receipt, or a signed answer about cover, verify offline? With a file of keys and a stock library, no gateway.

use std::io::Write as _;
use std::process::{Command, Stdio};

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::Value;

/// Reads keys and token from standard input; money stays decimal.
const PYJWT: &str = r#"
import sys, json, decimal, jwt
keys, token = json.load(sys.stdin)
header = jwt.get_unverified_header(token)
key = jwt.PyJWKSet.from_dict(keys)[header["kid"]].key
claims = jwt.decode(token, key, algorithms=["ES256"], issuer=sys.argv[1], options={"require": ["iss", "iat", "jti"]})
print(json.dumps({"typ": header["typ"], "claims": claims}))
"#;

/// By Debian's PyJWT: what kind of token it is, and what it says.
pub fn by_pyjwt(keys: &Value, issuer: &str, token: &str) -> Result<Value, String> {
    let mut child = Command::new("/usr/bin/python3")
        .args(["-c", PYJWT, issuer])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    let input = serde_json::json!([keys, token]).to_string();
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).map_err(|error| error.to_string())?;
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    match output.status.success() {
        true => serde_json::from_slice(&output.stdout).map_err(|error| error.to_string()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// By the `jsonwebtoken` crate.
pub fn by_jsonwebtoken(keys: &Value, issuer: &str, token: &str) -> Result<Value, String> {
    let said = |error: jsonwebtoken::errors::Error| error.to_string();
    let keys: JwkSet = serde_json::from_value(keys.clone()).map_err(|error| error.to_string())?;
    let header = decode_header(token).map_err(said)?;
    let key = keys.find(header.kid.as_deref().unwrap_or_default()).ok_or("unknown key")?;
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_issuer(&[issuer]);
    validation.set_required_spec_claims(&["iss"]);
    let key = DecodingKey::from_jwk(key).map_err(said)?;
    let claims = decode::<Value>(token, &key, &validation).map_err(said)?.claims;
    Ok(serde_json::json!({"typ": header.typ, "claims": claims}))
}
