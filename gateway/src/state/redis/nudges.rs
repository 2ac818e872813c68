//! How do all nodes hear at once that they should look? By publish and subscribe, which may lose a word.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use redis::Client;
use tokio::time::{Instant, interval_at, sleep, timeout};

use super::Inner;
use crate::limits::STATE_ANSWER_TIMEOUT;

/// Where it is said. A word to one node of a cluster reaches all of them.
const CHANNEL: &str = "bawaba:nudge";

/// After a silence of this length we ask whether anybody is there at all.
const SILENCE: Duration = Duration::from_secs(15);

/// Between two attempts to listen.
const PAUSE: Duration = Duration::from_millis(500);

/// To the listeners of this node now, to the other nodes soon.
pub(super) fn nudge(inner: &Inner) {
    heard(inner);
    inner.to_tell.notify_one();
}

/// Says it to the others; words that come faster than they can be said are one.
pub(super) async fn tell(inner: Arc<Inner>) {
    loop {
        inner.to_tell.notified().await;
        let mut word = redis::cmd("PUBLISH");
        word.arg(CHANNEL).arg("look");
        // It may be lost: the others look by themselves soon enough.
        let _said = inner.link.ask(&word).await;
    }
}

/// Hears what the others say, as long as this process lives.
pub(super) async fn listen(inner: Arc<Inner>) {
    for turn in 0_usize.. {
        if let Some(server) = inner.link.dial().listened_to(turn) {
            let _gone = listen_to(&inner, server).await;
        }
        sleep(PAUSE).await;
    }
}

/// Until the connection is gone.
async fn listen_to(inner: &Inner, server: &Client) -> Option<()> {
    let connection = timeout(STATE_ANSWER_TIMEOUT, server.get_async_pubsub()).await.ok()?.ok()?;
    let (mut sink, mut words) = connection.split();
    timeout(STATE_ANSWER_TIMEOUT, sink.subscribe(CHANNEL)).await.ok()?.ok()?;
    // What was said before we listened.
    heard(inner);
    let mut silence = interval_at(Instant::now() + SILENCE, SILENCE);
    loop {
        tokio::select! {
            word = words.next() => {
                word?;
                heard(inner);
            }
            _ = silence.tick() => {
                timeout(STATE_ANSWER_TIMEOUT, sink.ping::<redis::Value>()).await.ok()?.ok()?;
            }
        }
    }
}

fn heard(inner: &Inner) {
    inner.nudges.send_modify(|number| *number = number.wrapping_add(1));
}
