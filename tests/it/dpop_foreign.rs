//! A client that is not ours, on the public port: npm's openid-client, with its own DPoP, `private_key_jwt` and nonces.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use bawaba_tests::harness::Harness;
use bawaba_tests::program::{run, text};
use bawaba_tests::snippets::node_modules;
use gateway::clock::{Clock as _, SystemClock};
use serde_json::json;

/// Reads what it needs from `input.json`; says `good` at the end, or fails with a stack.
const OPENID_CLIENT: &str = r#"
import { readFileSync } from 'node:fs';
import { webcrypto } from 'node:crypto';
import assert from 'node:assert/strict';
import * as oc from 'openid-client';

const { issuer, id, pkcs8, jwk, session, skew } = JSON.parse(readFileSync('input.json'));
const { subtle } = webcrypto, es256 = { name: 'ECDSA', namedCurve: 'P-256' };
const privateKey = await subtle.importKey('pkcs8', Buffer.from(pkcs8, 'base64'), es256, false, ['sign']);
const publicKey = await subtle.importKey('jwk', jwk, es256, true, ['verify']);
const config = await oc.discovery(new URL(issuer), id, { [oc.clockSkew]: skew }, oc.PrivateKeyJwt(privateKey), {
  algorithm: 'oauth2',
});
const server = config.serverMetadata();
assert.deepEqual(server.dpop_signing_alg_values_supported, ['ES256']);
assert.ok(server.token_endpoint_auth_methods_supported.includes('private_key_jwt'));
const DPoP = oc.getDPoPHandle(config, { privateKey, publicKey });

// The nonce is asked for and given within the call.
const client = await oc.clientCredentialsGrant(config, { scope: 'presence' }, { DPoP });
assert.equal(client.token_type, 'dpop');
// The library counts down from the answer; on a busy machine a second has passed.
assert.ok(client.expires_in === 300 && client.expiresIn() <= 300);
const ask = (token, path, method, body) => oc.fetchProtectedResource(config, token, new URL(path, issuer), method, body,
  new Headers(body ? { 'content-type': 'application/json' } : {}), { DPoP });
const code = async (answer) => { try { return [(await answer).status, (await (await answer).json()).code]; } catch (error) {
  return [error.status, error.cause?.[0]?.parameters?.error]; } };
assert.deepEqual(await code(ask(client.access_token, '/v1/presences', 'POST', '{}')), [400, 'malformed']);
assert.deepEqual(await code(ask(client.access_token, '/prescription/MedicationRequest', 'GET')), [401, 'invalid_token']);

const claims = JSON.parse(Buffer.from(session.split('.')[1], 'base64url')), own = `/v1/sessions/${claims.sid}`;
const seen = await ask(session, own, 'GET');
assert.equal(seen.status, 200);
assert.equal((await seen.json()).id, claims.sid);
const exchanged = await oc.genericGrantRequest(config, 'urn:ietf:params:oauth:grant-type:token-exchange', {
  subject_token: session, subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  audience: 'prescription', scope: 'prescription.read',
}, { DPoP });
assert.equal(exchanged.token_type, 'dpop');
assert.equal(exchanged.scope, 'prescription.read');

const worth = await oc.tokenIntrospection(config, exchanged.access_token);
assert.equal(worth.active, true);
assert.deepEqual(worth.cnf, claims.cnf);
await oc.tokenRevocation(config, session);
assert.equal((await oc.tokenIntrospection(config, session)).active, false);
assert.deepEqual(await code(ask(session, own, 'GET')), [401, 'invalid_token']);

// Without a proof there is no token.
await assert.rejects(oc.clientCredentialsGrant(config, {}), { error: 'invalid_dpop_proof' });
const another = oc.getDPoPHandle(config, await oc.randomDPoPKeyPair('ES256'));
await assert.rejects(oc.clientCredentialsGrant(config, {}, { DPoP: another }), { error: 'invalid_dpop_proof' });
console.log('good');
"#;

/// What a Node.js says to a script beside npm's libraries; nothing where they are not there.
fn node(script: &str, input: &serde_json::Value, authority: &Path) -> Option<(String, String)> {
    let modules = node_modules();
    let there = Command::new("node").arg("--version").output().is_ok_and(|node| node.status.success());
    if !there || !modules.join("openid-client").exists() {
        return None;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::os::unix::fs::symlink(&modules, folder.path().join("node_modules")).expect("a writable folder");
    std::fs::write(folder.path().join("script.mjs"), script).expect("a writable folder");
    std::fs::write(folder.path().join("input.json"), input.to_string()).expect("a writable folder");
    let mut command = Command::new("node");
    command.arg("--experimental-global-webcrypto").arg("script.mjs").current_dir(folder.path());
    command.env("NODE_EXTRA_CA_CERTS", authority);
    let output = run(&mut command, Duration::from_secs(60));
    Some((text(&output.stdout).trim().to_owned(), text(&output.stderr)))
}

#[tokio::test(flavor = "multi_thread")]
async fn openid_client_discovers_proves_exchanges_asks_and_takes_back() {
    let town = Harness::healthy().await;
    // Introspection and revocation come without a proof: the memory must be old enough for their assertions.
    town.clock.advance(time::Duration::seconds(130));
    let mobile = town.mobile("mobile-2").await;
    let input = json!({
        "issuer": format!("https://localhost:{}", town.public_port.port()),
        "id": mobile.id,
        "pkcs8": mobile.pkcs8(),
        "jwk": mobile.jwk(),
        "session": mobile.session(&town, "amina").await,
        "skew": (town.now() - SystemClock.now()).whole_seconds(),
    });
    match node(OPENID_CLIENT, &input, &town.files.ca_certificate()) {
        Some((said, wrong)) => assert_eq!(said, "good", "{wrong}"),
        None => eprintln!("skipped: node, or openid-client from npm (make setup-npm), is not installed"),
    }
}
