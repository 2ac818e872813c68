//! Is this request from our own page in a browser of this machine?
//!
//! Any web site that the staff visits can make their browser send requests to loopback. A foreign site shows in
//! `Origin` and `Sec-Fetch-Site`; a site that re-points its own name at 127.0.0.1 (DNS rebinding) shows in `Host`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::Counter;

/// Nothing but what this page brings itself: no foreign script, style, font or image, and no frame around it.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The names under which this page is reached.
#[derive(Debug)]
pub(crate) struct Guard {
    hosts: [String; 3],
}

impl Guard {
    pub(crate) fn for_port(port: u16) -> Guard {
        Guard { hosts: ["127.0.0.1", "localhost", "[::1]"].map(|host| format!("{host}:{port}")) }
    }

    /// Says why a request is not ours.
    fn admit(&self, method: &Method, headers: &HeaderMap) -> Result<(), &'static str> {
        let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        if !text(header::HOST).is_some_and(|host| self.hosts.iter().any(|own| own == host)) {
            return Err("unknown host");
        }
        let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
        match *method {
            // A link from elsewhere may open the empty page; only the page itself may do more.
            Method::GET | Method::HEAD => Ok(()),
            Method::POST => {
                let own_origin = text(header::ORIGIN)
                    .and_then(|origin| origin.strip_prefix("http://"))
                    .is_some_and(|origin| self.hosts.iter().any(|own| own == origin));
                let foreign = site.is_some_and(|site| site != b"same-origin");
                if own_origin && !foreign { Ok(()) } else { Err("foreign origin") }
            }
            _ => Err("method"),
        }
    }
}

/// Lets our own page through and puts the protective headers on every answer.
pub(crate) async fn guard(State(counter): State<Arc<Counter>>, request: Request, next: Next) -> Response {
    let mut response = match counter.guard.admit(request.method(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(why) => {
            tracing::warn!(why, "a request that is not from the counter page was refused");
            (StatusCode::FORBIDDEN, "403\n").into_response()
        }
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Not `no-referrer`: it would turn the `Origin` of our own forms into "null".
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(list: &[(&'static str, &str)]) -> HeaderMap {
        list.iter()
            .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_str(value).unwrap()))
            .collect()
    }

    #[test]
    fn our_own_page_may_act() {
        let guard = Guard::for_port(8443);
        let own = headers(&[
            ("host", "localhost:8443"),
            ("origin", "http://localhost:8443"),
            ("sec-fetch-site", "same-origin"),
        ]);
        assert_eq!(guard.admit(&Method::POST, &own), Ok(()));
        assert_eq!(guard.admit(&Method::GET, &headers(&[("host", "127.0.0.1:8443")])), Ok(()));
    }

    #[test]
    fn foreign_sites_rebound_names_and_origins_left_out_may_not() {
        let guard = Guard::for_port(8443);
        let host = ("host", "127.0.0.1:8443");
        for refused in [
            headers(&[host]),
            headers(&[host, ("origin", "null")]),
            headers(&[host, ("origin", "https://pharmacie.example")]),
            headers(&[host, ("origin", "http://127.0.0.1:8444")]),
            headers(&[host, ("origin", "http://127.0.0.1:8443"), ("sec-fetch-site", "cross-site")]),
            headers(&[("host", "evil.example:8443"), ("origin", "http://evil.example:8443")]),
        ] {
            assert!(guard.admit(&Method::POST, &refused).is_err(), "{refused:?}");
        }
        assert!(guard.admit(&Method::GET, &headers(&[("host", "evil.example:8443")])).is_err());
        assert!(guard.admit(&Method::GET, &headers(&[])).is_err());
        assert!(guard.admit(&Method::DELETE, &headers(&[host])).is_err());
    }
}
