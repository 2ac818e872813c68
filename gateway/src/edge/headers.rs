//! Which headers may come in, and which are only ours to write?

use http::HeaderMap;
use http::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, FORWARDED, HeaderName, HeaderValue, PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE, VIA,
};

use super::malformed;
use crate::limits::MAX_HEADERS;
use crate::problem::{Problem, ProblemCode};

/// RFC 9110 §7.6.1, and what older servers treat alike.
const HOP_BY_HOP: [HeaderName; 9] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Headers by which a client asks a server behind us for another method or path than we decided on.
const ROUTING_TRICKS: [&str; 7] = [
    "x-http-method-override",
    "x-http-method",
    "x-method-override",
    "x-original-url",
    "x-original-uri",
    "x-original-method",
    "x-rewrite-url",
];

/// Headers in which a proxy speaks of the caller. Only we do.
const IDENTITY_PREFIXES: [&str; 12] = [
    "x-gw-",
    "x-bawaba-",
    "x-forwarded",
    "x-verified-",
    "x-authenticated-",
    "x-auth-",
    "x-remote-",
    "x-client-",
    "x-ssl-",
    "x-tls-",
    "client-cert",
    "ssl-",
];

/// The same, by whole name.
const IDENTITY_NAMES: [&str; 12] = [
    "remote-user",
    "x-user",
    "x-subject",
    "x-patient",
    "x-real-ip",
    "x-cluster-client-ip",
    "x-envoy-external-address",
    "x-request-id",
    "true-client-ip",
    "cf-connecting-ip",
    "fastly-client-ip",
    "http2-settings",
];

/// Whether a header belongs to one connection and must not go further.
#[must_use]
pub fn is_hop_by_hop(name: &HeaderName) -> bool {
    HOP_BY_HOP.contains(name)
}

/// Refuses what changes its meaning from server to server.
pub(super) fn check(headers: &HeaderMap) -> Result<(), Problem> {
    if headers.len() > MAX_HEADERS {
        return Err(ProblemCode::HeadersTooLarge.into());
    }
    for name in headers.keys() {
        let name = name.as_str();
        // CGI, WSGI and nginx read `X_Subject` and `X-Subject` as one header.
        if name.contains('_') {
            return Err(malformed("underscore in a header name"));
        }
        if name.starts_with("x-") && ROUTING_TRICKS.contains(&name) {
            return Err(malformed("method and path cannot be overridden by a header"));
        }
    }
    check_transfer_encoding(headers)?;
    check_content_length(headers)
}

/// RFC 9112 §6.1: exactly one `chunked`, or none. hyper lets `gzip, chunked` and a repeated header through.
fn check_transfer_encoding(headers: &HeaderMap) -> Result<(), Problem> {
    let mut values = headers.get_all(TRANSFER_ENCODING).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(()),
        (Some(value), None) if value.as_bytes().eq_ignore_ascii_case(b"chunked") => {
            if headers.contains_key(CONTENT_LENGTH) {
                return Err(malformed("Content-Length and Transfer-Encoding together"));
            }
            Ok(())
        }
        _ => Err(malformed("Transfer-Encoding must be exactly one `chunked`")),
    }
}

/// RFC 9112 §6.3: one number.
fn check_content_length(headers: &HeaderMap) -> Result<(), Problem> {
    let mut values = headers.get_all(CONTENT_LENGTH).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(()),
        (Some(value), None) if is_number(value) => Ok(()),
        _ => Err(malformed("Content-Length must be exactly one number")),
    }
}

fn is_number(value: &HeaderValue) -> bool {
    !value.is_empty() && value.as_bytes().iter().all(u8::is_ascii_digit)
}

/// Takes away hop-by-hop headers, those that `Connection` names, and every header in which only we speak of the caller.
pub(super) fn strip(headers: &mut HeaderMap) {
    strip_connection(headers);
    headers.remove(EXPECT);
    headers.remove(FORWARDED);
    headers.remove(VIA);
    let ours: Vec<HeaderName> = headers.keys().filter(|name| is_identity(name)).cloned().collect();
    for name in ours {
        headers.remove(name);
    }
}

/// RFC 9110 §7.6.1: what `Connection` names, then the hop-by-hop headers themselves.
pub fn strip_connection(headers: &mut HeaderMap) {
    if headers.contains_key(CONNECTION) {
        let named: Vec<HeaderName> = headers
            .get_all(CONNECTION)
            .iter()
            .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
            .filter_map(|token| HeaderName::from_bytes(token.trim_ascii()).ok())
            .collect();
        for name in named {
            headers.remove(name);
        }
    }
    for name in &HOP_BY_HOP {
        headers.remove(name);
    }
}

fn is_identity(name: &HeaderName) -> bool {
    let name = name.as_str();
    match name.as_bytes().first() {
        Some(b'x' | b'c' | b's' | b'r' | b't' | b'f' | b'h') => {
            IDENTITY_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) || IDENTITY_NAMES.contains(&name)
        }
        _ => false,
    }
}
