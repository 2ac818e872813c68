//! How does the counter speak to the gateway?

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT_LANGUAGE, AUTHORIZATION};
use reqwest::{Method, RequestBuilder, Response, redirect};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde::de::DeserializeOwned;

use super::Step;
use super::error::{CounterError, Problem};
use super::language::Language;
use super::wanted::StepUpWanted;
use super::wire::{BeginPresence, CardFailure, Opened, Presence, Proof};

/// A gateway that cannot be connected to in this time is not there.
const CONNECT: Duration = Duration::from_secs(3);
/// The longest that one request may take; the card waits on the reader meanwhile.
const REQUEST: Duration = Duration::from_secs(15);
/// The longest that telling a wrong number may hold up whoever types it again.
const TELLING: Duration = Duration::from_secs(1);
/// The most that an answer may hold: a patient's whole list of prescriptions is far below.
const ANSWER_BYTES: usize = 2 << 20;

/// The files that say who this counter is and whom it trusts, all PEM.
#[derive(Debug, Clone)]
pub struct ClientIdentity {
    /// This counter's certificate, and its chain if any.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// Who vouches for the gateway.
    pub ca: PathBuf,
}

/// This counter's connection to one gateway. Cheap to clone; connections are kept open between requests.
#[derive(Debug, Clone)]
pub struct GatewayClient {
    http: reqwest::Client,
    base: String,
    language: Language,
}

impl GatewayClient {
    /// Prepares a client of the gateway at `base` (`https://host:port`); nothing is sent yet.
    pub fn new(base: &str, identity: &ClientIdentity) -> Result<GatewayClient, CounterError> {
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls(identity)?)
            .https_only(true)
            // A national gateway is reached directly and never answers with a redirect.
            .no_proxy()
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT)
            .timeout(REQUEST)
            .user_agent(concat!("bawaba-counter/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| CounterError::Files {
                path: identity.certificate.clone(),
                why: format!("no TLS client can be made of it: {error}"),
            })?;
        Ok(GatewayClient { http, base: base.trim_end_matches('/').to_owned(), language: Language::default() })
    }

    /// The same client, asking for the texts of problems in another language.
    #[must_use]
    pub fn speaking(&self, language: Language) -> GatewayClient {
        GatewayClient { language, ..self.clone() }
    }

    /// The gateway's address.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    pub(super) async fn begin_presence(&self, begin: &BeginPresence) -> Result<Presence, CounterError> {
        answer(self.request(Method::POST, "/v1/presences").json(begin)).await
    }

    /// Never repeated: the challenge is spent once, whatever became of the answer.
    pub(super) async fn prove_presence(
        &self,
        presence: &str,
        proof: &Proof,
    ) -> Result<(Opened, Vec<Step>), CounterError> {
        let presence = plain(presence)?;
        let path = format!("/v1/presences/{presence}/proof");
        let response = send(self.request(Method::POST, &path).json(proof)).await?;
        let timing = server_timing(&response);
        Ok((read(response).await?, timing))
    }

    /// Tells that a card refused its number, and nothing of the card: who tries numbers on many cards is noticed so. What
    /// becomes of it is nobody's concern at the counter.
    pub(super) async fn tell_wrong_can(&self, station: &str) {
        let failure = CardFailure { station, failure: "wrong-can" };
        let telling = self.request(Method::POST, "/v1/card-failures").json(&failure).send();
        let _ = tokio::time::timeout(TELLING, telling).await;
    }

    /// Reads a FHIR resource or search through the gateway: `path` such as `/prescription/MedicationRequest`.
    pub async fn fhir(&self, token: &str, path: &str) -> Result<serde_json::Value, CounterError> {
        answer(self.request(Method::GET, path).header(AUTHORIZATION, format!("Bearer {token}"))).await
    }

    /// Ends a session before its time: the patient leaves the counter.
    pub async fn end_session(&self, token: &str, session: &str) -> Result<(), CounterError> {
        let request = self.request(Method::DELETE, &format!("/v1/sessions/{session}"));
        let response = send(request.header(AUTHORIZATION, format!("Bearer {token}"))).await?;
        if response.status().is_success() { Ok(()) } else { Err(refused(response).await) }
    }

    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).header(ACCEPT_LANGUAGE, self.language.tag())
    }
}

pub(super) async fn answer<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, CounterError> {
    read(send(request).await?).await
}

async fn read<T: DeserializeOwned>(response: Response) -> Result<T, CounterError> {
    if !response.status().is_success() {
        return Err(refused(response).await);
    }
    let body = bounded_body(response).await?;
    serde_json::from_slice(&body)
        .map_err(|_| CounterError::UnexpectedAnswer("not the JSON that was announced"))
}

/// The parts of the gateway's own time that we know by name (W3C Server Timing): `chip;dur=0.412, patient;dur=0.080`.
fn server_timing(response: &Response) -> Vec<Step> {
    const PARTS: [&str; 6] = ["chip", "patient", "policy", "token", "audit", "receipt"];
    let header = response.headers().get("server-timing").and_then(|value| value.to_str().ok());
    let parts = header.unwrap_or_default().split(',').filter_map(|part| part.trim().split_once(";dur="));
    parts
        .filter_map(|(part, ms)| {
            let name = PARTS.into_iter().find(|name| *name == part)?;
            Some(Step { name, ms: ms.parse().ok()? })
        })
        .collect()
}

/// A name that the gateway gave, for a path.
pub(super) fn plain(name: &str) -> Result<&str, CounterError> {
    let usable = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if usable { Ok(name) } else { Err(CounterError::UnexpectedAnswer("what was begun has no usable name")) }
}

async fn send(request: RequestBuilder) -> Result<Response, CounterError> {
    request.send().await.map_err(|error| transport_error(&error))
}

async fn refused(response: Response) -> CounterError {
    let status = response.status().as_u16();
    let step_up = StepUpWanted::of(response.headers());
    let Ok(body) = bounded_body(response).await else { return CounterError::Unreachable };
    match serde_json::from_slice::<Problem>(&body) {
        Ok(problem) if !problem.code.is_empty() => {
            CounterError::Refused(Box::new(Problem { status, step_up, ..problem }))
        }
        _ => CounterError::UnexpectedAnswer("an error without a problem document"),
    }
}

async fn bounded_body(mut response: Response) -> Result<Vec<u8>, CounterError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| transport_error(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() > ANSWER_BYTES {
            return Err(CounterError::UnexpectedAnswer("longer than any answer to a counter"));
        }
    }
    Ok(body)
}

/// Tells "nobody there" from "too slow" from "we do not accept each other".
fn transport_error(error: &reqwest::Error) -> CounterError {
    if caused_by_tls(error) {
        CounterError::TlsRefused
    } else if error.is_timeout() {
        CounterError::TimedOut
    } else {
        CounterError::Unreachable
    }
}

/// Looks through the causes. An I/O error has to be opened: its own `source` steps over what it wraps.
fn caused_by_tls(error: &(dyn std::error::Error + 'static)) -> bool {
    if error.is::<rustls::Error>() {
        return true;
    }
    match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
        Some(wrapped) => caused_by_tls(wrapped),
        None => error.source().is_some_and(caused_by_tls),
    }
}

/// The TLS of a counter: its own certificate, one pinned authority, this process's own provider whatever the
/// program around has installed.
fn tls(identity: &ClientIdentity) -> Result<rustls::ClientConfig, CounterError> {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in certificates(&identity.ca)? {
        roots
            .add(certificate)
            .map_err(|_| unusable(&identity.ca, "not a certificate that can be trusted"))?;
    }
    let key = PrivateKeyDer::from_pem_file(&identity.key)
        .map_err(|error| unusable(&identity.key, &format!("no private key in PEM ({error})")))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| unusable(&identity.certificate, "this build has no usable TLS version"))?
        .with_root_certificates(roots)
        .with_client_auth_cert(certificates(&identity.certificate)?, key)
        .map_err(|_| unusable(&identity.certificate, "the private key is not that of the certificate"))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, CounterError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(unusable(path, "no certificate in PEM")),
        Err(error) => Err(unusable(path, &format!("no certificate in PEM ({error})"))),
    }
}

fn unusable(path: &Path, why: &str) -> CounterError {
    CounterError::Files { path: path.to_owned(), why: why.to_owned() }
}
