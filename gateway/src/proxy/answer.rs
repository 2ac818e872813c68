//! What of a back-end's answer does the client receive?

use axum::body::Body;
use bytes::Bytes;
use http::header::{
    ACCEPT_RANGES, ALLOW, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE,
    CONTENT_LENGTH, CONTENT_LOCATION, CONTENT_RANGE, CONTENT_TYPE, DATE, ETAG, HeaderName, LAST_MODIFIED,
    LINK, LOCATION, RETRY_AFTER, VARY,
};
use http::{HeaderMap, HeaderValue, Response, StatusCode, Version};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::OwnedSemaphorePermit;

use super::ProxyError;
use super::outgoing::Origin;
use crate::edge::{BodyError, BodyLimits, Bounded, strip_connection};

/// What a FHIR client needs. `Location` and `Content-Location` are rewritten, everything else is dropped.
const PASSED: [HeaderName; 14] = [
    ACCEPT_RANGES,
    ALLOW,
    CONTENT_DISPOSITION,
    CONTENT_ENCODING,
    CONTENT_LANGUAGE,
    CONTENT_LENGTH,
    CONTENT_RANGE,
    CONTENT_TYPE,
    DATE,
    ETAG,
    LAST_MODIFIED,
    LINK,
    RETRY_AFTER,
    VARY,
];

/// Turns a back-end's answer into ours.
pub(super) fn relay(
    answer: Response<Incoming>,
    origin: &Origin,
    service: &str,
    limits: BodyLimits,
    permit: OwnedSemaphorePermit,
) -> Result<Response<Body>, ProxyError> {
    let (mut head, body) = answer.into_parts();
    match head.status {
        // They concern the gateway's token or connection; a counter told 401 would open a new session for nothing.
        StatusCode::UNAUTHORIZED | StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
            return Err(ProxyError::TokenRefused);
        }
        // 1xx is hyper's to swallow; 101 would hand the client a raw connection.
        status if status.is_informational() => return Err(ProxyError::Invalid),
        _ => {}
    }
    if content_lengths_differ(&head.headers) {
        return Err(ProxyError::Invalid);
    }
    strip_connection(&mut head.headers);
    let mut headers = HeaderMap::with_capacity(PASSED.len() + 2);
    for name in &PASSED {
        for value in head.headers.get_all(name) {
            headers.append(name, value.clone());
        }
    }
    for name in [LOCATION, CONTENT_LOCATION] {
        let place = head.headers.get(&name).and_then(|value| value.to_str().ok());
        if let Some(place) = place.and_then(|place| origin.relative_to_service(service, place))
            && let Ok(value) = HeaderValue::try_from(place)
        {
            headers.insert(name, value);
        }
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));

    let body = if body.is_end_stream() {
        Body::empty()
    } else {
        Body::new(Relayed { body: Bounded::new(body, limits), _permit: permit })
    };
    let mut relayed = Response::new(body);
    *relayed.status_mut() = head.status;
    *relayed.version_mut() = Version::HTTP_11;
    *relayed.headers_mut() = headers;
    Ok(relayed)
}

fn content_lengths_differ(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(CONTENT_LENGTH).iter();
    let first = values.next();
    values.any(|value| Some(value) != first)
}

/// An answer's body; while it streams, the back-end has a request in flight.
struct Relayed {
    body: Bounded<Incoming>,
    _permit: OwnedSemaphorePermit,
}

impl HttpBody for Relayed {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
