//! Does a body end in time, within its size, and really end?
//!
//! hyper bounds neither the size nor the time of a body. [`Bounded`] does, both ways, and makes every failure to arrive
//! at the true end an error: hyper then aborts the connection (HTTP/1) or resets the stream (HTTP/2), and nobody takes
//! a part for the whole. Trailers are dropped: they would be headers that no check saw.

use std::error::Error;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt as _;
use thiserror::Error;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::limits;
use crate::problem::{Problem, ProblemCode};

/// How a body failed to arrive (corps incomplet).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BodyError {
    /// Longer than the bound.
    #[error("the body is longer than allowed")]
    TooLarge,
    /// Nothing came for too long, or the whole took too long.
    #[error("the body came too slowly")]
    TooSlow,
    /// It broke off, or its framing is wrong.
    #[error("the body broke off")]
    Broken,
    /// Its session ended meanwhile.
    #[error("the session of the body has ended")]
    Withdrawn,
}

impl BodyError {
    /// What it means when the sender is a client of ours.
    #[must_use]
    pub fn problem(self) -> Problem {
        match self {
            Self::TooLarge => ProblemCode::BodyTooLarge.into(),
            Self::TooSlow => ProblemCode::RequestTimeout.into(),
            Self::Withdrawn => ProblemCode::SessionEnded.into(),
            Self::Broken => Problem::new(ProblemCode::Malformed).with_detail("the body broke off"),
        }
    }

    /// Finds it below the errors that axum and hyper put around it.
    #[must_use]
    pub fn find(error: &(dyn Error + 'static)) -> Option<Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(found) = error.downcast_ref::<Self>() {
                return Some(*found);
            }
            next = error.source();
        }
        None
    }
}

/// Bounds of one body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyLimits {
    /// Octets.
    pub bytes: u64,
    /// Between two frames.
    pub frame: Duration,
    /// From first to last.
    pub total: Duration,
}

impl BodyLimits {
    /// The shipped times with this size.
    #[must_use]
    pub fn of_request(bytes: u64) -> Self {
        Self { bytes, frame: limits::BODY_FRAME_TIMEOUT, total: limits::BODY_TOTAL_TIMEOUT }
    }
}

/// How far a request body has come, for whoever waits for the answer meanwhile.
#[derive(Debug)]
pub struct Progress {
    started: Instant,
    /// Milliseconds after `started` of the last frame handed on.
    moved: AtomicU64,
    waiting: AtomicBool,
    ended: AtomicBool,
    failure: OnceLock<BodyError>,
}

impl Progress {
    /// Nothing has come yet.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            started: Instant::now(),
            moved: AtomicU64::new(0),
            waiting: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            failure: OnceLock::new(),
        })
    }

    /// When the last frame was handed on.
    #[must_use]
    pub fn moved(&self) -> Instant {
        self.started + Duration::from_millis(self.moved.load(Relaxed))
    }

    /// Whether it is the sender who keeps everyone waiting; the body's own bounds then apply.
    #[must_use]
    pub fn waits_for_sender(&self) -> bool {
        self.waiting.load(Relaxed) && !self.ended.load(Relaxed)
    }

    /// How it failed, where it did: then the fault is the sender's, whatever the transport makes of it.
    #[must_use]
    pub fn failure(&self) -> Option<BodyError> {
        self.failure.get().copied()
    }

    fn note(&self, waiting: bool, ended: bool) {
        self.waiting.store(waiting, Relaxed);
        self.ended.store(ended, Relaxed);
        if !waiting {
            let elapsed = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
            self.moved.store(elapsed, Relaxed);
        }
    }
}

/// A body that keeps its bounds or fails.
pub struct Bounded<B> {
    inner: B,
    left: u64,
    frame: Duration,
    end: Instant,
    /// Armed only while the inner body makes us wait.
    alarm: Option<Pin<Box<Sleep>>>,
    armed: bool,
    progress: Option<Arc<Progress>>,
    over: bool,
}

impl<B> Bounded<B> {
    /// The time starts now.
    pub fn new(inner: B, limits: BodyLimits) -> Self {
        Self {
            inner,
            left: limits.bytes,
            frame: limits.frame,
            end: Instant::now() + limits.total,
            alarm: None,
            armed: false,
            progress: None,
            over: false,
        }
    }

    /// Reports how far it has come.
    #[must_use]
    pub fn with_progress(mut self, progress: Arc<Progress>) -> Self {
        self.progress = Some(progress);
        self
    }

    fn fail(&mut self, error: BodyError) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.over = true;
        if let Some(progress) = &self.progress {
            progress.note(false, true);
            let _ = progress.failure.set(error);
        }
        Poll::Ready(Some(Err(error)))
    }

    /// Waits for the inner body, but not for ever.
    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let until = (Instant::now() + self.frame).min(self.end);
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(until)));
        if !self.armed {
            self.armed = true;
            alarm.as_mut().reset(until);
        }
        alarm.as_mut().poll(cx)
    }
}

impl<B> HttpBody for Bounded<B>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        if this.over {
            return Poll::Ready(None);
        }
        loop {
            let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(cx) else {
                if let Some(progress) = &this.progress {
                    progress.note(true, false);
                }
                ready!(this.wait(cx));
                return this.fail(BodyError::TooSlow);
            };
            this.armed = false;
            match frame {
                None => {
                    this.over = true;
                    if let Some(progress) = &this.progress {
                        progress.note(false, true);
                    }
                    return Poll::Ready(None);
                }
                Some(Err(error)) => {
                    let error: Box<dyn Error + Send + Sync> = error.into();
                    let error = BodyError::find(&*error).unwrap_or(BodyError::Broken);
                    return this.fail(error);
                }
                Some(Ok(frame)) => {
                    let Ok(data) = frame.into_data() else { continue };
                    let length = u64::try_from(data.len()).unwrap_or(u64::MAX);
                    if length > this.left {
                        return this.fail(BodyError::TooLarge);
                    }
                    this.left -= length;
                    if Instant::now() >= this.end {
                        return this.fail(BodyError::TooSlow);
                    }
                    if let Some(progress) = &this.progress {
                        progress.note(false, this.inner.is_end_stream());
                    }
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.over || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Refuses a body at its announcement, before a byte of it is read.
pub(super) fn check_declared_length(headers: &HeaderMap, bound: u64) -> Result<(), Problem> {
    let declared = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    match declared.map(str::parse::<u64>) {
        None => Ok(()),
        Some(Ok(length)) if length <= bound => Ok(()),
        // A number that does not fit 64 bits is too large too.
        Some(_) => Err(ProblemCode::BodyTooLarge.into()),
    }
}

/// Reads a whole body of at most `bound` octets, for the gateway's own routes.
pub async fn read_body(headers: &HeaderMap, mut body: Body, bound: u64) -> Result<Bytes, Problem> {
    check_declared_length(headers, bound)?;
    let mut whole = BytesMut::new();
    let mut first: Option<Bytes> = None;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| BodyError::find(&error).unwrap_or(BodyError::Broken).problem())?;
        let Ok(data) = frame.into_data() else { continue };
        let length = whole.len() + first.as_ref().map_or(0, Bytes::len) + data.len();
        if u64::try_from(length).unwrap_or(u64::MAX) > bound {
            return Err(ProblemCode::BodyTooLarge.into());
        }
        // Most bodies come in one frame: no copy then.
        match first.take() {
            None if whole.is_empty() => first = Some(data),
            None => whole.extend_from_slice(&data),
            Some(earlier) => {
                whole.extend_from_slice(&earlier);
                whole.extend_from_slice(&data);
            }
        }
    }
    Ok(first.unwrap_or_else(|| whole.freeze()))
}

#[cfg(test)]
mod tests;
