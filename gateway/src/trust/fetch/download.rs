//! What does this URL answer, within bounds of time and size?

use std::sync::Arc;

use http::StatusCode;
use http::header::{ETAG, HeaderMap, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use url::Url;

use super::FetchError;
use super::kept::Validators;
use crate::config::FetchConfig;
use crate::trust::certificates;

/// An HTTP client for lists (client de récupération): no proxy of the environment, no redirect, no cookie.
pub(super) struct Downloader(reqwest::Client);

pub(super) enum Answer {
    NotModified,
    Body { bytes: Vec<u8>, validators: Validators },
}

impl Downloader {
    pub(super) fn new(config: &FetchConfig) -> Result<Self, FetchError> {
        let mut roots = rustls::RootCertStore::empty();
        for path in &config.ca {
            for certificate in certificates(path).map_err(|_| FetchError::Unreadable)? {
                roots.add(certificate).map_err(|_| FetchError::Unreadable)?;
            }
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| FetchError::Unreachable)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(config.timeout)
            .build();
        client.map(Self).map_err(|_| FetchError::Unreachable)
    }

    pub(super) async fn get(&self, url: &Url, known: &Validators) -> Result<Answer, FetchError> {
        let mut request = self.0.get(url.clone());
        for (name, value) in [(IF_NONE_MATCH, &known.etag), (IF_MODIFIED_SINCE, &known.last_modified)] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        let mut answer = request.send().await.map_err(|error| named(&error))?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_MODIFIED => return Ok(Answer::NotModified),
            status if status.is_redirection() => return Err(FetchError::Redirected),
            status => return Err(FetchError::Status(status.as_u16())),
        }
        let bound = pki::limits::CRL;
        let announced = answer.content_length().unwrap_or(0);
        if usize::try_from(announced).map_or(true, |announced| announced > bound) {
            return Err(FetchError::TooLarge);
        }
        let validators = validators(answer.headers());
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| named(&error))? {
            if bytes.len() + chunk.len() > bound {
                return Err(FetchError::TooLarge);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Answer::Body { bytes, validators })
    }
}

fn validators(headers: &HeaderMap) -> Validators {
    let text = |name: HeaderName| {
        let value = headers.get(name)?.to_str().ok()?;
        // RFC 9110 §8.8.3 knows no bound; nobody needs more.
        (value.len() <= 256).then(|| value.to_owned())
    };
    Validators { etag: text(ETAG), last_modified: text(LAST_MODIFIED) }
}

fn named(error: &reqwest::Error) -> FetchError {
    if error.is_timeout() {
        FetchError::Timeout
    } else if error.is_body() || error.is_decode() {
        FetchError::Truncated
    } else {
        FetchError::Unreachable
    }
}
