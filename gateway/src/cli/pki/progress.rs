//! How far is a long import? One line on standard error, on a terminal only.

use std::io::{self, IsTerminal, Write};

/// How many steps pass between two lines: enough to be seen to move.
const EVERY: u64 = 64;

/// The line of a running command (avancement).
pub(super) struct ProgressLine {
    shown: bool,
    terminal: bool,
}

impl ProgressLine {
    pub(super) fn new() -> Self {
        Self { shown: false, terminal: io::stderr().is_terminal() }
    }

    pub(super) fn step(&mut self, what: &str, done: u64, of: Option<u64>) {
        if !self.terminal || (!done.is_multiple_of(EVERY) && of != Some(done)) {
            return;
        }
        let of = of.map(|of| format!(" of {of}")).unwrap_or_default();
        // A terminal that went away changes nothing about the work.
        let _ = write!(io::stderr().lock(), "\r\x1b[K{what}: {done}{of}");
        self.shown = true;
    }

    /// Leaves the terminal as it was.
    pub(super) fn end(self) {
        if self.shown {
            let _ = write!(io::stderr().lock(), "\r\x1b[K");
        }
    }
}
