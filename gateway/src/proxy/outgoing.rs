//! What exactly does a back-end receive?
//!
//! A new request, written by us. Nothing of the caller's head passes but the listed headers; what says who asks is in
//! the back-end token alone, which the back-end verifies itself.

use http::header::{
    ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_ENCODING, CONTENT_LANGUAGE,
    CONTENT_TYPE, HOST, HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE, RANGE,
    USER_AGENT,
};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Uri, Version};

use super::ProxyError;
use crate::edge::X_REQUEST_ID;

/// FHIR R4 §3.1.0 and RFC 9110 content negotiation and conditions. Accept-Encoding passes: a compressed answer is
/// relayed as it is.
const PASSED: [HeaderName; 16] = [
    ACCEPT,
    ACCEPT_ENCODING,
    ACCEPT_LANGUAGE,
    CONTENT_ENCODING,
    CONTENT_LANGUAGE,
    CONTENT_TYPE,
    IF_MATCH,
    IF_MODIFIED_SINCE,
    HeaderName::from_static("if-none-exist"),
    IF_NONE_MATCH,
    IF_UNMODIFIED_SINCE,
    HeaderName::from_static("prefer"),
    RANGE,
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("tracestate"),
    USER_AGENT,
];

/// Where a back-end is, in the pieces that a request line needs.
pub(super) struct Origin {
    scheme: http::uri::Scheme,
    authority: http::uri::Authority,
    host: HeaderValue,
    /// Without the last slash; empty for the root.
    base: String,
}

impl Origin {
    pub(super) fn parse(url: &str) -> Option<Self> {
        let parts = url.parse::<Uri>().ok()?.into_parts();
        let scheme = parts.scheme.filter(|scheme| matches!(scheme.as_str(), "http" | "https"))?;
        let authority = parts.authority.filter(|authority| !authority.as_str().contains('@'))?;
        let path = parts.path_and_query?;
        if path.query().is_some() {
            return None;
        }
        let host = HeaderValue::from_str(authority.as_str()).ok()?;
        Some(Self { scheme, authority, host, base: path.path().trim_end_matches('/').to_owned() })
    }

    pub(super) fn is_https(&self) -> bool {
        self.scheme == http::uri::Scheme::HTTPS
    }

    /// The whole URI of a request for `target`.
    pub(super) fn uri(&self, target: &Uri) -> Result<Uri, ProxyError> {
        let asked = target.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        let path = if self.base.is_empty() {
            asked
        } else {
            format!("{}{}", self.base, asked).parse().map_err(|_| ProxyError::Request)?
        };
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(path);
        Uri::from_parts(parts).map_err(|_| ProxyError::Request)
    }

    /// A `Location` of the back-end as the client may use it: `/service/…`. `None` for a place elsewhere.
    pub(super) fn relative_to_service(&self, service: &str, location: &str) -> Option<String> {
        let path = if location.starts_with('/') && !location.starts_with("//") {
            location.to_owned()
        } else {
            let uri: Uri = location.parse().ok()?;
            let ours = uri.scheme() == Some(&self.scheme) && uri.authority() == Some(&self.authority);
            ours.then(|| uri.path_and_query().map(ToString::to_string))??
        };
        let rest = path.strip_prefix(&self.base)?;
        rest.starts_with('/').then(|| format!("/{service}{rest}"))
    }

    /// The whole head of a request, but for its method and target.
    pub(super) fn headers(
        &self,
        incoming: &HeaderMap,
        authorization: HeaderValue,
        request_id: Option<HeaderValue>,
        version: Version,
    ) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(incoming.len() + 4);
        for name in &PASSED {
            for value in incoming.get_all(name) {
                headers.append(name, value.clone());
            }
        }
        if version < Version::HTTP_2 {
            headers.insert(HOST, self.host.clone());
        }
        headers.insert(AUTHORIZATION, authorization);
        if let Some(id) = request_id {
            headers.insert(X_REQUEST_ID, id);
        }
        headers
    }
}

/// `Bearer` and the token, marked so that nobody prints or indexes it (RFC 7541 §7.1.3).
pub(super) fn bearer(token: &str) -> Result<HeaderValue, ProxyError> {
    let mut text = String::with_capacity(7 + token.len());
    text.push_str("Bearer ");
    text.push_str(token);
    let mut value = HeaderValue::try_from(text).map_err(|_| ProxyError::Request)?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_path_is_put_before_the_target_and_taken_from_a_location() {
        let origin = Origin::parse("https://dossier.example:9443/fhir/").unwrap();
        let uri = origin.uri(&"/Patient/1?_summary=true".parse().unwrap()).unwrap();
        assert_eq!(uri, "https://dossier.example:9443/fhir/Patient/1?_summary=true");
        for (location, ours) in [
            ("https://dossier.example:9443/fhir/Patient/1", Some("/dossier/Patient/1")),
            ("/fhir/Patient/1/_history/2", Some("/dossier/Patient/1/_history/2")),
            ("https://elsewhere.example/fhir/Patient/1", None),
            ("//elsewhere.example/fhir/x", None),
            ("/other", None),
            ("/fhirx", None),
        ] {
            assert_eq!(origin.relative_to_service("dossier", location).as_deref(), ours, "{location}");
        }
    }

    #[test]
    fn a_url_that_could_mislead_is_refused() {
        for url in ["", "dossier", "ftp://a/", "https://a/?x", "https://u@a/", "/x"] {
            assert!(Origin::parse(url).is_none(), "{url}");
        }
        assert!(Origin::parse("http://127.0.0.1:8444").is_some());
    }
}
