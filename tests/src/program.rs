//! The programs themselves, as an operator starts them.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

/// A program of this build (`bawaba`, `bawaba-counter`), found beside the test binary whatever the target folder is.
pub fn path(name: &str) -> PathBuf {
    let here = std::env::current_exe().expect("this program has a path");
    let folder = here.parent().and_then(Path::parent).expect("target/<profile>/deps/<test>");
    let program = folder.join(name);
    assert!(program.exists(), "{} is not built: run the tests through `make test`", program.display());
    program
}

/// `bawaba` with these words, from an empty environment but for what every program needs.
pub fn bawaba(words: &[&str]) -> Command {
    let mut command = Command::new(path("bawaba"));
    command.args(words).stdin(Stdio::null()).env_remove("RUST_LOG").env("RUST_BACKTRACE", "0");
    command
}

/// Runs to the end; a program that does not end in `limit` fails the test.
pub fn run(command: &mut Command, limit: Duration) -> Output {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a program that starts");
    Running::over(child).finish(limit)
}

/// A program that is running, killed when the test lets go of it.
pub struct Running {
    child: Child,
    stdout: Option<std::thread::JoinHandle<Vec<u8>>>,
    stderr: Option<std::thread::JoinHandle<Vec<u8>>>,
}

impl Running {
    /// Starts it; output is collected so that it never blocks.
    pub fn start(command: &mut Command) -> Self {
        Self::over(
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a program that starts"),
        )
    }

    /// Takes over a child that was started elsewhere.
    pub fn over(mut child: Child) -> Self {
        let stdout = child.stdout.take().map(collect);
        let stderr = child.stderr.take().map(collect);
        Self { child, stdout, stderr }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`, and waits until it is gone.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Sends a signal by name, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.id().to_string()).status();
        assert!(sent.expect("kill").success(), "the program was gone already");
    }

    /// Whether it has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child of ours")
    }

    /// Waits for the end and gives all it said.
    pub fn finish(mut self, limit: Duration) -> Output {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.ended() {
                break Some(status);
            }
            if start.elapsed() > limit {
                self.kill();
                break None;
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        let said = |thread: Option<std::thread::JoinHandle<Vec<u8>>>| {
            thread.map(|thread| thread.join().expect("a reader that ends")).unwrap_or_default()
        };
        let (stdout, stderr) = (said(self.stdout.take()), said(self.stderr.take()));
        let status = status.unwrap_or_else(|| {
            panic!("still running after {limit:?}; it said: {}", String::from_utf8_lossy(&stderr));
        });
        Output { status, stdout, stderr }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

fn collect(mut from: impl Read + Send + 'static) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut all = Vec::new();
        let _ = from.read_to_end(&mut all);
        all
    })
}

/// The text of one stream.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
