//! Bodies that stall, swell, break off or say more than they should.

use futures_util::stream::{self, StreamExt as _};
use http_body_util::StreamBody;

use super::*;

type Said = Result<Frame<Bytes>, std::io::Error>;

fn data(text: &'static str) -> Said {
    Ok(Frame::data(Bytes::from_static(text.as_bytes())))
}

fn limits() -> BodyLimits {
    BodyLimits { bytes: 10, frame: Duration::from_millis(50), total: Duration::from_millis(200) }
}

/// What a reader of at most a hundred octets gets.
async fn read(said: impl stream::Stream<Item = Said> + Send + Unpin + 'static) -> Result<Bytes, Problem> {
    let body = Body::new(Bounded::new(StreamBody::new(said), limits()));
    read_body(&HeaderMap::new(), body, 100).await
}

fn code(read: Result<Bytes, Problem>) -> ProblemCode {
    read.unwrap_err().code()
}

#[tokio::test]
async fn only_a_body_that_truly_ends_is_read() {
    assert_eq!(read(stream::iter([data("ab"), data("cd"), data("ef")])).await.unwrap(), "abcdef");
    assert_eq!(read(stream::iter([data("0123456789")])).await.unwrap(), "0123456789");
    assert_eq!(code(read(stream::iter([data("012345"), data("67890")])).await), ProblemCode::BodyTooLarge);
    let broken = stream::iter([data("ab"), Err(std::io::Error::other("gone"))]);
    assert_eq!(code(read(broken).await), ProblemCode::Malformed);
    let stalled = stream::iter([data("ab")]).chain(stream::pending());
    assert_eq!(code(read(stalled).await), ProblemCode::RequestTimeout);
}

#[tokio::test]
async fn dripping_is_bounded_as_a_whole() {
    let dripping = stream::unfold((), |()| async {
        tokio::time::sleep(Duration::from_millis(30)).await;
        Some((data(""), ()))
    });
    let started = Instant::now();
    assert_eq!(code(read(Box::pin(dripping)).await), ProblemCode::RequestTimeout);
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn trailers_are_dropped() {
    let mut trailers = HeaderMap::new();
    trailers.insert("x-gw-patient", http::HeaderValue::from_static("1"));
    let said = stream::iter([data("ab"), Ok(Frame::trailers(trailers))]);
    let whole = Bounded::new(StreamBody::new(said), limits()).collect().await.unwrap();
    assert!(whole.trailers().is_none());
    assert_eq!(whole.to_bytes(), "ab");
}

#[tokio::test]
async fn a_routes_own_bound_holds_below_the_edges() {
    let mut headers = HeaderMap::new();
    assert_eq!(code(read_body(&headers, Body::from("abc"), 2).await), ProblemCode::BodyTooLarge);
    headers.insert(CONTENT_LENGTH, http::HeaderValue::from_static("99999999999999999999999999"));
    assert_eq!(code(read_body(&headers, Body::from("a"), 2).await), ProblemCode::BodyTooLarge);
}

#[tokio::test]
async fn who_waits_for_the_answer_learns_whose_fault_it_is() {
    let progress = Progress::new();
    let stalled = StreamBody::new(stream::iter([data("ab")]).chain(stream::pending()));
    let mut body = Bounded::new(stalled, limits()).with_progress(Arc::clone(&progress));
    assert!(body.frame().await.unwrap().is_ok() && !progress.waits_for_sender());
    let waiting = tokio::spawn(async move { body.frame().await });
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(progress.waits_for_sender());
    assert_eq!(waiting.await.unwrap().unwrap().unwrap_err(), BodyError::TooSlow);
    assert!(!progress.waits_for_sender());
    assert_eq!(progress.failure(), Some(BodyError::TooSlow));
}
