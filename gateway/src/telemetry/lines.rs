//! How does a log line reach stderr without a request waiting for it?
//!
//! Lines go through a bounded queue to one thread, which writes what has gathered with one system call. A terminal or
//! a log collector that stalls loses lines, which are counted and said; it never delays a counter. What must not be
//! lost is in the audit, not here.

use std::io::{self, Write};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

/// Lines that wait at most; about 4 MiB.
const QUEUE: usize = 16_384;

/// Octets written at once at most.
const BATCH: usize = 64 << 10;

enum Entry {
    Line(Vec<u8>),
    Flush(SyncSender<()>),
}

static LOST: AtomicU64 = AtomicU64::new(0);

/// The queue of this process; its thread starts with the first line.
static QUEUED: LazyLock<Option<SyncSender<Entry>>> = LazyLock::new(|| {
    let (sender, receiver) = sync_channel(QUEUE);
    let started = std::thread::Builder::new().name("log".into()).spawn(move || write_out(&receiver));
    started.is_ok().then_some(sender)
});

/// Where the log layer writes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lines;

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        *self
    }
}

impl Write for Lines {
    /// The log layer hands over one whole line at a time.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let Some(queue) = &*QUEUED else { return io::stderr().write(line) };
        if let Err(TrySendError::Full(_)) = queue.try_send(Entry::Line(line.to_vec())) {
            LOST.fetch_add(1, Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Waits until every line so far is written, at most a second.
pub(super) fn flush() {
    let Some(queue) = &*QUEUED else { return };
    let (done, written) = sync_channel(1);
    if queue.try_send(Entry::Flush(done)).is_ok() {
        let _ = written.recv_timeout(Duration::from_secs(1));
    }
}

fn write_out(queue: &Receiver<Entry>) {
    let mut batch = Vec::with_capacity(BATCH);
    while let Ok(first) = queue.recv() {
        let mut next = Some(first);
        while let Some(entry) = next {
            match entry {
                Entry::Line(line) => batch.extend_from_slice(&line),
                Entry::Flush(done) => {
                    write_batch(&mut batch);
                    let _ = done.try_send(());
                }
            }
            next = if batch.len() < BATCH { queue.try_recv().ok() } else { None };
        }
        write_batch(&mut batch);
    }
}

fn write_batch(batch: &mut Vec<u8>) {
    let lost = LOST.swap(0, Relaxed);
    if lost > 0 {
        let notice = format!(
            "{{\"level\":\"WARN\",\"target\":\"log\",\"message\":\"log lines lost\",\"count\":{lost}}}\n"
        );
        batch.extend_from_slice(notice.as_bytes());
    }
    // Nobody is left to tell if stderr is gone.
    let _ = io::stderr().write_all(batch);
    batch.clear();
}
