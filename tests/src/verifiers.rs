//! How does a back-end of somebody else check our tokens? Stock JWT libraries, and the ways in which they keep keys.

pub mod evidence;
pub mod readme;

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use crate::counter::Counter;
use crate::harness::Harness;

/// When a library asks for the published keys again (*politique de cache*).
#[derive(Clone, Copy, Debug)]
pub struct Habit {
    /// It keeps them so long.
    pub keeps: Duration,
    /// For a key it does not know it asks again, but not sooner than this after the last time; none: never.
    pub asks_again: Option<Duration>,
}

/// As Cache-Control says, and no key is looked for in between: the most patient a correct client can be.
pub const PATIENT: Habit = Habit { keeps: Duration::seconds(300), asks_again: None };
/// As npm's `jose` (`createRemoteJWKSet`: cacheMaxAge 600 s, cooldownDuration 30 s).
pub const JOSE: Habit = Habit { keeps: Duration::seconds(600), asks_again: Some(Duration::seconds(30)) };
/// As Java's Nimbus (`JWKSourceBuilder`: 300 s, refresh limited to once in 30 s).
pub const NIMBUS: Habit = Habit { keeps: Duration::seconds(300), asks_again: Some(Duration::seconds(30)) };

/// The `jsonwebtoken` crate with keys fetched from a gateway and kept by habit.
pub struct Verifier {
    habit: Habit,
    gateway: Counter,
    issuer: String,
    keys: Option<(OffsetDateTime, JwkSet)>,
    /// How often it asked.
    pub asked: usize,
}

impl Verifier {
    /// A verifier that asks this gateway for keys of that issuer.
    pub fn new(habit: Habit, gateway: &Harness, issuer: &str) -> Self {
        let gateway = Counter::new(gateway.public_port, &gateway.files.ca_certificate(), None);
        Self { habit, gateway, issuer: issuer.to_owned(), keys: None, asked: 0 }
    }

    /// Checks a token for this audience at that time.
    pub async fn check(&mut self, token: &str, audience: &str, at: OffsetDateTime) -> Result<(), String> {
        let said = |error: jsonwebtoken::errors::Error| format!("{:?}: {error}", self.habit);
        let kid = decode_header(token).map_err(said)?.kid.ok_or("no kid")?;
        if self.keys.as_ref().is_none_or(|(asked, _)| at - *asked >= self.habit.keeps) {
            self.ask(at).await;
        }
        if !self.knows(&kid) && self.may_ask_again(at) {
            self.ask(at).await;
        }
        let keys = self.keys.as_ref().map(|(_, keys)| keys).ok_or("no keys")?;
        let key = keys.find(&kid).ok_or_else(|| format!("{:?}: key {kid} is not known", self.habit))?;
        let said = |error: jsonwebtoken::errors::Error| format!("{:?}: {error}", self.habit);
        let key = DecodingKey::from_jwk(key).map_err(said)?;
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[audience]);
        // The library knows no clock but the machine's, and the gateway's is turned by hand.
        validation.validate_exp = false;
        let claims = decode::<Value>(token, &key, &validation).map_err(said)?.claims;
        let (now, exp) = (at.unix_timestamp(), claims["exp"].as_i64().unwrap_or_default());
        if now < exp { Ok(()) } else { Err(format!("expired {} s ago", now - exp)) }
    }

    fn knows(&self, kid: &str) -> bool {
        self.keys.as_ref().is_some_and(|(_, keys)| keys.find(kid).is_some())
    }

    fn may_ask_again(&self, at: OffsetDateTime) -> bool {
        let Some(pause) = self.habit.asks_again else { return false };
        self.keys.as_ref().is_none_or(|(asked, _)| at - *asked >= pause)
    }

    async fn ask(&mut self, at: OffsetDateTime) {
        let answer = self.gateway.ask(reqwest::Method::GET, "/.well-known/jwks.json", None, None).await;
        let keys = serde_json::from_value(answer.json).expect("a JWK Set");
        self.keys = Some((at, keys));
        self.asked += 1;
    }
}

/// Reads `now`, audience and token; the two clocks that the library reads show `now`.
const PYJWT: &str = r#"
import sys, datetime, jwt
from jwt import PyJWKClient, api_jwt, jwk_set_cache, api_jwk
now = 0
class Clock:
    monotonic = staticmethod(lambda: now)
class Calendar(datetime.datetime):
    @classmethod
    def now(cls, tz=None): return cls.fromtimestamp(now, tz)
jwk_set_cache.time = api_jwk.time = Clock
api_jwt.datetime = Calendar
keys = PyJWKClient(sys.argv[1])
for line in sys.stdin:
    at, audience, token = line.split()
    now = int(at)
    try:
        key = keys.get_signing_key_from_jwt(token).key
        jwt.decode(token, key, algorithms=["ES256"], audience=audience, issuer=sys.argv[2],
                   options={"require": ["exp", "iat", "nbf", "iss", "aud", "sub"]})
        print("good", flush=True)
    except Exception as error:
        print(type(error).__name__, error, flush=True)
"#;

/// Debian's PyJWT with its own `PyJWKClient`.
pub struct PyJwt {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl PyJwt {
    /// A Python that asks this gateway for keys; none where Debian's python3-jwt is not installed.
    pub fn start(gateway: &Harness, issuer: &str) -> Option<Self> {
        let python = "/usr/bin/python3";
        let there = Command::new(python).args(["-c", "import jwt"]).stderr(Stdio::null()).status();
        if !there.is_ok_and(|status| status.success()) {
            eprintln!("skipped: python3-jwt is not installed");
            return None;
        }
        let url = format!("https://localhost:{}/.well-known/jwks.json", gateway.public_port.port());
        let mut child = Command::new(python)
            .args(["-c", PYJWT, &url, issuer])
            .env("SSL_CERT_FILE", gateway.files.ca_certificate())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3");
        let (to, from) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
        Some(Self { child, to, from: BufReader::new(from) })
    }

    /// Checks a token for this audience at that time. The caller's runtime must have more than one thread: the
    /// library asks the gateway for keys meanwhile.
    pub fn check(&mut self, token: &str, audience: &str, at: OffsetDateTime) -> Result<(), String> {
        writeln!(self.to, "{} {audience} {token}", at.unix_timestamp()).map_err(|error| error.to_string())?;
        let mut line = String::new();
        self.from.read_line(&mut line).map_err(|error| error.to_string())?;
        if line.trim() == "good" { Ok(()) } else { Err(format!("PyJWT: {}", line.trim())) }
    }
}

impl Drop for PyJwt {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
