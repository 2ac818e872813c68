//! Does the answer keep what the permits oblige to? Only what was looked at leaves.
//!
//! Where nothing has to be looked for, the answer streams and nothing of it is kept. Else it is read whole, within a
//! bound of its own and one for all such answers together, and judged before its first octet leaves.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_LOCATION, CONTENT_TYPE, ETAG, LINK, LOCATION};
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::{BodyExt as _, Full};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::condition::Condition;
use crate::edge::BodyError;
use crate::fhir::answer::{AnswerError, Expected, Seen};
use crate::limits::{LOOKED_AT_BYTES_MAX, LOOKED_AT_KIB_TOGETHER};
use crate::problem::ProblemCode;
use crate::refusal::Refusal;

/// Memory for answers that are looked at, in kibibytes.
static ROOM: Semaphore = Semaphore::const_new(LOOKED_AT_KIB_TOGETHER);

/// An answer that may leave (*réponse contrôlée*): it was looked through, or nothing obliges to.
///
/// Only [`through`] makes one, so no answer passes by its duties.
pub(super) struct LookedThrough(Response);

impl LookedThrough {
    pub(super) fn into_response(self) -> Response {
        self.0
    }
}

/// The answer, where it keeps what is due.
pub(super) async fn through(
    expected: Option<&Expected>,
    condition: &Condition,
    answer: Response,
) -> Result<LookedThrough, Refusal> {
    let Some(expected) = expected else { return Ok(LookedThrough(answer)) };
    let (mut head, body) = answer.into_parts();
    head.headers.remove(LINK);
    for place in [LOCATION, CONTENT_LOCATION] {
        let own = |value: &HeaderValue| value.to_str().is_ok_and(|place| expected.is_own_place(place));
        if head.headers.get(&place).is_some_and(|value| !own(value)) {
            return Err(foreign(AnswerError::Foreign));
        }
    }
    if body.is_end_stream() {
        return Ok(LookedThrough(Response::from_parts(head, body)));
    }
    if !is_plain_json(&head.headers) {
        return if head.status.is_success() {
            Err(refused(AnswerError::NotUnderstood))
        } else {
            // A page that says what went wrong: how, its status says.
            Ok(LookedThrough(empty(head)))
        };
    }
    let (read, held) = read(body).await?;
    let seen = expected.look(&read).map_err(|error| match error {
        AnswerError::NotUnderstood => refused(error),
        AnswerError::Foreign | AnswerError::Unasked => foreign(error),
    })?;
    let left = match seen {
        Seen::Hidden => return Err(Refusal::exactly(ProblemCode::NotFound, "hidden")),
        Seen::Whole => read,
        Seen::Without(left) => {
            // What is left is no version that the back-end knows.
            head.headers.remove(ETAG);
            left.into()
        }
    };
    if head.status == StatusCode::OK && condition.holds(&head.headers) {
        head.status = StatusCode::NOT_MODIFIED;
        return Ok(LookedThrough(empty(head)));
    }
    head.headers.insert(CONTENT_LENGTH, HeaderValue::from(left.len()));
    let body = Body::new(Held { body: Full::new(left), _room: held });
    Ok(LookedThrough(Response::from_parts(head, body)))
}

fn empty(mut head: http::response::Parts) -> Response {
    for name in [CONTENT_LENGTH, CONTENT_TYPE, CONTENT_ENCODING] {
        head.headers.remove(name);
    }
    Response::from_parts(head, Body::empty())
}

fn foreign(error: AnswerError) -> Refusal {
    Refusal::exactly(ProblemCode::BackEndForeign, error.code())
}

fn refused(error: AnswerError) -> Refusal {
    Refusal::exactly(ProblemCode::BackEndInvalid, error.code())
}

/// Whether the body is FHIR JSON as it stands; compressed, it could not be read.
fn is_plain_json(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let mut media = text(CONTENT_TYPE).unwrap_or_default().split(';');
    let essence = media.next().unwrap_or_default().trim();
    let json =
        ["application/fhir+json", "application/json"].iter().any(|it| essence.eq_ignore_ascii_case(it));
    let charset = media.filter_map(|part| part.split_once('=')).all(|(name, value)| {
        !name.trim().eq_ignore_ascii_case("charset")
            || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
    });
    json && charset
        && text(CONTENT_ENCODING).is_none_or(|it| it.eq_ignore_ascii_case("identity"))
        && headers.get_all(CONTENT_TYPE).iter().count() == 1
}

/// The whole body, and the room it takes.
async fn read(mut body: Body) -> Result<(Bytes, Option<SemaphorePermit<'static>>), Refusal> {
    let too_large = || Refusal::exactly(ProblemCode::BackEndInvalid, "answer-too-large");
    let mut whole = BytesMut::new();
    let mut held: Option<SemaphorePermit<'static>> = None;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| broken(BodyError::find(&error).unwrap_or(BodyError::Broken)))?;
        let Ok(data) = frame.into_data() else { continue };
        if whole.len() + data.len() > LOOKED_AT_BYTES_MAX {
            return Err(too_large());
        }
        let room = u32::try_from(data.len().div_ceil(1024)).map_err(|_| too_large())?;
        let room = ROOM
            .try_acquire_many(room)
            .map_err(|_| Refusal::exactly(ProblemCode::Overloaded, "answers-wait"))?;
        match &mut held {
            Some(held) => held.merge(room),
            None => held = Some(room),
        }
        whole.extend_from_slice(&data);
    }
    Ok((whole.freeze(), held))
}

/// What a body that fails says of the back-end.
fn broken(error: BodyError) -> Refusal {
    match error {
        BodyError::TooLarge => Refusal::exactly(ProblemCode::BackEndInvalid, "answer-too-large"),
        BodyError::TooSlow => Refusal::new(ProblemCode::BackEndTimeout),
        BodyError::Broken => Refusal::new(ProblemCode::BackEndUnreachable),
        BodyError::Withdrawn => Refusal::new(ProblemCode::SessionEnded),
    }
}

/// A body that keeps its room until it is gone.
struct Held {
    body: Full<Bytes>,
    _room: Option<SemaphorePermit<'static>>,
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
