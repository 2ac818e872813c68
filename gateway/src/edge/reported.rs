//! What does somebody else's proxy say of a request that it asks about?
//!
//! Everywhere else these headers are refused or taken away: they are how a client pretends another path, method or
//! certificate. On `/v1/authorize` they are the question itself, from a caller whose own certificate is known; they are
//! put aside here before the rest of the head is judged as always, and believed by nobody yet.

use axum::extract::Request;
use http::{HeaderMap, HeaderValue, Uri};

use super::{malformed, target};
use crate::problem::Problem;

/// The one route that is asked with them.
const ROUTE: &str = "/v1/authorize";

/// Method and target as nginx and our HAProxy script say them, then as Traefik's ForwardAuth says them; the counter's
/// certificate as RFC 9440, nginx, Traefik and Envoy say it.
const REPORTED: [&str; 10] = [
    "x-original-method",
    "x-original-uri",
    "x-forwarded-method",
    "x-forwarded-uri",
    "x-forwarded-host",
    "x-forwarded-proto",
    "client-cert",
    "x-ssl-client-cert",
    "x-forwarded-tls-client-cert",
    "x-forwarded-client-cert",
];

/// What a proxy says of somebody else's request (*demande rapportée*): unbelieved. An extension of every request to
/// `/v1/authorize`.
#[derive(Clone, Debug, Default)]
pub struct ReportedHeaders(HeaderMap);

impl ReportedHeaders {
    /// The one value of this name.
    pub fn one(&self, name: &'static str) -> Result<Option<&str>, Problem> {
        let mut values = self.0.get_all(name).iter();
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => {
                value.to_str().map(Some).map_err(|_| malformed("a header of the proxy is not ASCII"))
            }
            // ATTACK: the counter sends the header too, and the proxy adds its own behind or before it.
            (Some(_), Some(_)) => Err(malformed("a header of the proxy stands twice")),
        }
    }
}

/// What follows the route in the path of a question: empty, or as Envoy's `path_prefix` writes it.
#[must_use]
pub fn asked_about(path: &str) -> Option<&str> {
    path.strip_prefix(ROUTE).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Puts them aside on the one route; elsewhere they stay and meet their refusal.
pub(super) fn put_aside(request: &mut Request) {
    if asked_about(request.uri().path()).is_none() {
        return;
    }
    let mut reported = HeaderMap::new();
    for name in REPORTED {
        if let http::header::Entry::Occupied(entry) = request.headers_mut().entry(name) {
            let (name, values) = entry.remove_entry_mult();
            let values: Vec<HeaderValue> = values.collect();
            values.into_iter().for_each(|value| {
                reported.append(name.clone(), value);
            });
        }
    }
    request.extensions_mut().insert(ReportedHeaders(reported));
}

/// A target in a header, under the same rules as one in a request line.
pub fn reported_target(text: &str) -> Result<Uri, Problem> {
    let uri: Uri = text.parse().map_err(|_| malformed("the reported target is not a path"))?;
    // A URI with a host parses too, and a fragment is cut off without a word: what is judged must be all that was said.
    if uri.path_and_query().is_none_or(|whole| whole.as_str() != text) || uri.authority().is_some() {
        return Err(malformed("the reported target must be in origin form"));
    }
    target::check(&uri)?;
    Ok(uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reported_target_is_judged_as_it_was_said() {
        for sound in ["/Patient/1", "/", "/MedicationRequest?patient=1&status=a|b"] {
            assert_eq!(reported_target(sound).unwrap().to_string(), sound);
        }
        for wrong in [
            "",
            "Patient/1",
            "*",
            "https://elsewhere.example/Patient/1",
            "//elsewhere.example/Patient/1",
            "/Patient/1#x",
            "/Patient/%2e%2e/x",
            "/Patient/../x",
            "/Patient//x",
            "/Patient/1;x=y",
            "/Patient%2f1",
            "/Patient/1 HTTP/1.1",
            "/Patient/\u{e9}",
        ] {
            assert!(reported_target(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_the_one_route_is_a_question() {
        assert_eq!(asked_about("/v1/authorize"), Some(""));
        assert_eq!(asked_about("/v1/authorize/Patient/1"), Some("/Patient/1"));
        for other in ["/v1/authorized", "/v1/authoriz", "/", "/dossier/v1/authorize"] {
            assert_eq!(asked_about(other), None, "{other}");
        }
    }
}
