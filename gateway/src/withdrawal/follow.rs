//! What of a session is still running, and how is it cut when the session ends?
//!
//! A request is followed from its permit to the last octet of its answer. When its session is withdrawn, its body fails
//! in both directions: hyper then aborts the connection (HTTP/1) or resets the stream (HTTP/2), so that a part never
//! looks like the whole.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use time::OffsetDateTime;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::known::RestsOn;
use super::{Ended, Withdrawals};
use crate::app::App;
use crate::audit::AuditEvent;
use crate::caller::Caller;
use crate::edge::BodyError;
use crate::session::Session;

/// Every request whose answer is not over.
#[derive(Default)]
pub(super) struct Followers(Mutex<Entries>);

#[derive(Default)]
struct Entries {
    next: u64,
    running: HashMap<u64, Arc<Followed>>,
}

/// One of them.
pub(super) struct Followed {
    session: Session,
    caller: Caller,
    pub(super) event: Arc<AuditEvent>,
    over: CancellationToken,
    reason: OnceLock<&'static str>,
}

/// A request that ends when its session does (*flux suivi*), until it is dropped.
pub(crate) struct Following {
    place: u64,
    followed: Arc<Followed>,
    withdrawals: Arc<Withdrawals>,
}

/// Follows a request of a session that runs; `event` is its own.
pub(crate) fn follow(
    app: &App,
    session: &Session,
    caller: &Caller,
    event: &Arc<AuditEvent>,
) -> Arc<Following> {
    let followed = Arc::new(Followed {
        session: session.clone(),
        caller: caller.clone(),
        event: event.clone(),
        over: CancellationToken::new(),
        reason: OnceLock::new(),
    });
    let withdrawals = app.withdrawals.clone();
    let mut entries = withdrawals.followers.0.lock().unwrap_or_else(PoisonError::into_inner);
    let place = entries.next;
    entries.next = place.wrapping_add(1);
    entries.running.insert(place, followed.clone());
    drop(entries);
    // Its body may have taken minutes: what was withdrawn since the look at its token is not sent on.
    if let Some(reason) = followed.ended(app, app.clock.now()) {
        followed.cut(reason);
    }
    Arc::new(Following { place, followed, withdrawals })
}

impl Withdrawals {
    /// Every request that runs at this moment.
    pub(super) fn followed(&self) -> Vec<Arc<Followed>> {
        let entries = self.followers.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.running.values().filter(|followed| !followed.over.is_cancelled()).cloned().collect()
    }
}

impl Followed {
    /// Why it must not go on, if that is certain.
    pub(super) fn ended(&self, app: &App, at: OffsetDateTime) -> Option<&'static str> {
        let Self { session, caller, .. } = self;
        match app.withdrawals.verdict(&RestsOn::of_session(session.claims(), session.key())) {
            Err(Ended::Withdrawn(reason)) => Some(reason),
            Err(Ended::Unknown) => None,
            Ok(()) => caller.barred(&app.trust, &app.registry, at),
        }
    }

    /// Cuts it. Whether it was running until now.
    pub(super) fn cut(&self, reason: &'static str) -> bool {
        let first = self.reason.set(reason).is_ok();
        self.over.cancel();
        first
    }
}

impl Following {
    /// Waits until the session ends before its time; why it did.
    pub(crate) async fn ended(&self) -> &'static str {
        self.followed.over.cancelled().await;
        self.followed.reason.get().copied().unwrap_or("withdrawn")
    }

    /// A body that fails when the session ends.
    pub(crate) fn body(self: &Arc<Self>, body: Body) -> Body {
        if body.is_end_stream() {
            return body;
        }
        let over = Box::pin(self.followed.over.clone().cancelled_owned());
        Body::new(FollowedBody { inner: body, over, cut: false, _following: self.clone() })
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let mut entries = self.withdrawals.followers.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.running.remove(&self.place);
    }
}

/// A body of a session.
struct FollowedBody {
    inner: Body,
    over: Pin<Box<WaitForCancellationFutureOwned>>,
    cut: bool,
    _following: Arc<Following>,
}

impl HttpBody for FollowedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.cut {
            return Poll::Ready(None);
        }
        if self.over.as_mut().poll(cx).is_ready() {
            self.cut = true;
            return Poll::Ready(Some(Err(axum::Error::new(BodyError::Withdrawn))));
        }
        Pin::new(&mut self.inner).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
