//! How far is a long command? A bar on a terminal, a line now and then elsewhere, nothing where JSON was asked for.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// The bar of a running command (avancement).
pub(super) struct Bar {
    bar: ProgressBar,
    lines: Option<Instant>,
}

impl Bar {
    /// On standard error. `quiet`: nothing at all.
    pub(super) fn new(quiet: bool) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let target =
            if terminal && !quiet { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        Self { bar, lines: (!terminal && !quiet).then(Instant::now) }
    }

    /// Says what is done now, how much of it, of how much, and what is counted.
    pub(super) fn at(&mut self, what: &str, done: u64, of: Option<u64>, unit: &'static str) {
        if self.bar.length() != of {
            match of {
                Some(of) => self.bar.set_length(of),
                None => self.bar.unset_length(),
            }
            self.bar.set_style(style(of.is_some(), unit));
        }
        self.bar.set_message(what.to_owned());
        self.bar.set_position(done);
        if let Some(last) = self.lines.as_mut().filter(|last| last.elapsed() >= LINE_EVERY) {
            *last = Instant::now();
            let of = of.map(|of| format!(" of {of}")).unwrap_or_default();
            eprintln!("{what}: {done}{of} {unit}");
        }
    }

    /// Leaves the terminal as it was.
    pub(super) fn end(self) {
        self.bar.finish_and_clear();
    }
}

fn style(of: bool, unit: &'static str) -> ProgressStyle {
    let text = match (of, unit) {
        (true, "octets") => "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}",
        (true, _) => "{msg} {wide_bar} {human_pos}/{human_len} {per_sec} {eta}",
        (false, _) => "{spinner} {msg} {human_pos} {per_sec}",
    };
    ProgressStyle::with_template(text).unwrap_or_else(|_| ProgressStyle::default_bar())
}
