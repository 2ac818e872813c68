//! Exchange, introspection and revocation by clients that are not ours: Authlib, and plain curl.

use std::process::Command;
use std::time::Duration;

use bawaba_tests::harness::Harness;
use bawaba_tests::oauth::{ACCESS_TOKEN, EXCHANGE};
use bawaba_tests::program::{run, text};
use serde_json::Value;

/// Reads everything from its arguments; says `good` at the end, or fails with a traceback.
const AUTHLIB: &str = r#"
import sys, requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.jose import JsonWebKey, JsonWebToken
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
public, folder, session_token = sys.argv[1:4]
ca = f"{folder}/ca.pem"

def client(name):
    client = OAuth2Session(name, token_endpoint_auth_method="none")
    client.trust_env = False
    client.verify, client.cert = ca, (f"{folder}/clients/{name}/cert.pem", f"{folder}/clients/{name}/key.pem")
    return client

server = requests.get(f"{public}/.well-known/oauth-authorization-server", verify=ca).json()
metadata = AuthorizationServerMetadata(server)
for name in dir(metadata):
    # Empty on purpose: a session is opened by a card, not by an authorization endpoint.
    if name.startswith("validate_") and name != "validate_response_types_supported":
        getattr(metadata, name)()
at = server["mtls_endpoint_aliases"]
counter, back_end, other = client("hospital-1"), client("dossier"), client("billing")
got = counter.fetch_token(at["token_endpoint"],
    grant_type="urn:ietf:params:oauth:grant-type:token-exchange", subject_token=session_token,
    subject_token_type="urn:ietf:params:oauth:token-type:access_token", audience="dossier", scope="dossier.read")
assert got["token_type"] == "Bearer" and got["scope"] == "dossier.read", got
keys = JsonWebKey.import_key_set(requests.get(server["jwks_uri"], verify=ca).json())
wanted = {"iss": {"essential": True, "value": server["issuer"]}, "aud": {"essential": True, "value": "dossier"}}
claims = JsonWebToken(["ES256"]).decode(got["access_token"], keys, claims_options=wanted)
claims.validate()
assert claims["act"]["sub"] == "hospital-1", claims
seen = back_end.introspect_token(at["introspection_endpoint"], token=got["access_token"], token_type_hint="access_token")
assert seen.json()["active"] is True and seen.json()["sub"] == claims["sub"], seen.text
assert other.introspect_token(at["introspection_endpoint"], token=got["access_token"]).json() == {"active": False}
answer = other.introspect_token(at["introspection_endpoint"], token=got["access_token"],
    headers={"Accept": "application/token-introspection+jwt", "Content-Type": "application/x-www-form-urlencoded"})
signed = JsonWebToken(["ES256"]).decode(answer.text, keys)
assert signed.header["typ"] == "token-introspection+jwt" and signed["aud"] == "billing", signed
assert counter.revoke_token(at["revocation_endpoint"], token=got["access_token"]).status_code == 200
assert back_end.introspect_token(at["introspection_endpoint"], token=got["access_token"]).json() == {"active": False}
try:
    other.fetch_token(at["token_endpoint"], grant_type="urn:ietf:params:oauth:grant-type:token-exchange",
        subject_token=session_token, subject_token_type="urn:ietf:params:oauth:token-type:access_token", audience="dossier")
except Exception as error:
    assert getattr(error, "error", "") == "invalid_request", error
else:
    raise AssertionError("another's session was exchanged")
print("good")
"#;

#[tokio::test(flavor = "multi_thread")]
async fn authlib_exchanges_asks_and_takes_back() {
    let there = "import authlib.integrations.requests_client";
    let found = Command::new("/usr/bin/python3").args(["-c", there]).output();
    if !found.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: python3-authlib and python3-requests are not installed");
        return;
    }
    let town = Harness::healthy().await;
    let opened = town.session("amina", "hospital-1").await;
    let public = format!("https://localhost:{}", town.public_port.port());
    let mut python = Command::new("/usr/bin/python3");
    python.args(["-c", AUTHLIB, &public]).arg(town.files.root()).arg(&opened.token);
    let output = run(&mut python, Duration::from_secs(60));
    assert_eq!(text(&output.stdout).trim(), "good", "{}", text(&output.stderr));
}

/// A form by curl, over mutual TLS; the answer as JSON, and its status.
fn curl(town: &Harness, client: &str, path: &str, form: &[(&str, &str)]) -> (u64, Value) {
    let mut curl = Command::new("curl");
    curl.args(["-sS", "-w", "\n%{http_code}", "--cacert"]).arg(town.files.ca_certificate());
    curl.arg("--cert").arg(town.files.client_certificate(client));
    curl.arg("--key").arg(town.files.client_key(client));
    for (name, value) in form {
        curl.arg("--data-urlencode").arg(format!("{name}={value}"));
    }
    curl.arg(format!("https://localhost:{}{path}", town.api.port()));
    let output = run(&mut curl, Duration::from_secs(30));
    let said = text(&output.stdout);
    let (body, status) = said.rsplit_once('\n').unwrap_or_else(|| panic!("{}", text(&output.stderr)));
    (status.parse().expect("a status"), serde_json::from_str(body).unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_exchanges_asks_and_takes_back() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", "pharmacy-1").await;
    let exchange = [
        ("grant_type", EXCHANGE),
        ("subject_token", opened.token.as_str()),
        ("subject_token_type", ACCESS_TOKEN),
        ("audience", "prescription"),
    ];
    let (status, got) = curl(&town, "pharmacy-1", "/oauth/token", &exchange);
    assert_eq!((status, &got["scope"]), (200, &"prescription".into()));
    let token = got["access_token"].as_str().expect("a token");
    let ask =
        |client, token| curl(&town, client, "/oauth/introspect", &[("token", token)]).1["active"].clone();
    assert_eq!(ask("prescription", token), true);
    assert_eq!(ask("dossier", token), false);
    let (status, told) = curl(&town, "pharmacy-2", "/oauth/token", &exchange);
    assert_eq!((status, &told["code"]), (400, &"token-binding".into()));
    assert_eq!(curl(&town, "pharmacy-1", "/oauth/revoke", &[("token", &opened.token)]), (200, Value::Null));
    assert_eq!(ask("prescription", token), false);
}
