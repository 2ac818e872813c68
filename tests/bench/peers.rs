//! Who else does that job? HAProxy with client certificates and `jwt_verify`, over our own token and keys.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

/// A running HAProxy, stopped when dropped.
pub(crate) struct Haproxy {
    child: Child,
    pub(crate) port: u16,
}

/// What HAProxy has to know.
pub(crate) struct Setup<'a> {
    /// Where its files go.
    pub(crate) folder: &'a Path,
    /// The server certificate and its key, PEM.
    pub(crate) server: (&'a Path, &'a Path),
    /// The authority of clients and back-ends.
    pub(crate) ca: &'a Path,
    /// The public key of the tokens, PEM.
    pub(crate) token_key: &'a str,
    /// Expected issuer and audience.
    pub(crate) issuer: &'a str,
    /// The back-end.
    pub(crate) back_end_port: u16,
}

impl Haproxy {
    /// Starts one on a free port, on one thread; none if it is not installed.
    pub(crate) fn start(setup: &Setup<'_>) -> Result<Option<Self>> {
        let Some(program) =
            ["/usr/sbin/haproxy", "/usr/local/sbin/haproxy"].iter().find(|path| Path::new(path).exists())
        else {
            return Ok(None);
        };
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let bundle = setup.folder.join("bundle.pem");
        let pem =
            [std::fs::read_to_string(setup.server.0)?, std::fs::read_to_string(setup.server.1)?].join("\n");
        std::fs::write(&bundle, pem)?;
        let key = setup.folder.join("token.pub.pem");
        std::fs::write(&key, setup.token_key)?;
        let text = configuration(setup, port, &bundle, &key);
        let file = setup.folder.join("haproxy.cfg");
        std::fs::write(&file, text)?;
        let mut command = Command::new("taskset");
        command.args(["-c", "0", program, "-db", "-q", "-f"]).arg(&file).stdout(Stdio::null());
        let child = command.spawn().context("HAProxy does not start")?;
        Ok(Some(Self { child, port }))
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Haproxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The same judgement as ours without policy and durable log: certificate, signature, issuer, audience, expiry, binding.
fn configuration(setup: &Setup<'_>, port: u16, bundle: &Path, key: &Path) -> String {
    let (bundle, key, ca) = (bundle.display(), key.display(), setup.ca.display());
    let (issuer, back_end) = (setup.issuer, setup.back_end_port);
    format!(
        r#"global
    nbthread 1
    ssl-default-bind-options ssl-min-ver TLSv1.3
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
frontend api
    bind 127.0.0.1:{port} ssl crt '{bundle}' alpn http/1.1 curves X25519 ca-file '{ca}' verify required
    http-request set-var(txn.token) http_auth_bearer
    http-request deny deny_status 401 unless {{ var(txn.token),jwt_header_query('$.alg') -m str ES256 }}
    http-request deny deny_status 401 unless {{ var(txn.token),jwt_verify("ES256",'{key}') -m int 1 }}
    http-request deny deny_status 401 unless {{ var(txn.token),jwt_payload_query('$.iss') -m str {issuer} }}
    http-request deny deny_status 401 unless {{ var(txn.token),jwt_payload_query('$.aud') -m str {issuer} }}
    http-request set-var(txn.exp) var(txn.token),jwt_payload_query('$.exp','int')
    http-request set-var(txn.now) date()
    http-request deny deny_status 401 if {{ var(txn.exp),sub(txn.now) -m int lt 0 }}
    http-request set-var(txn.bound) var(txn.token),jwt_payload_query('$.cnf.x5t#S256')
    http-request set-var(txn.shown) ssl_c_der,sha2(256),ub64enc
    http-request deny deny_status 401 unless {{ var(txn.bound),strcmp(txn.shown) eq 0 }}
    http-request set-path '%[path,regsub(^/prescription,)]'
    default_backend prescription
backend prescription
    http-reuse always
    server one localhost:{back_end} ssl ca-file '{ca}' verify required sni str(localhost) alpn http/1.1
"#
    )
}
