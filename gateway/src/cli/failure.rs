//! How does a command end when it does not end well?

use std::fmt::Display;
use std::process::ExitCode;

/// How a command ended, by the names of BSD `sysexits.h` (code de sortie).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It ran, and found something wrong.
    Failed = 1,
    /// What was typed makes no sense.
    Usage = 64,
    /// A service or a resource is not there.
    Unavailable = 69,
    /// The program is at fault.
    Internal = 70,
    /// A file cannot be read or written.
    Io = 74,
    /// The configuration is wrong.
    Config = 78,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// What went wrong and what to do about it (échec).
#[derive(Debug)]
pub struct Failure {
    /// How the program ends.
    pub exit: Exit,
    /// One sentence.
    pub message: String,
    /// What to do, if it can be said.
    pub remedy: Option<String>,
}

impl Failure {
    /// A failure without a known remedy.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), remedy: None }
    }

    /// The same, with what to do.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// A file that could not be read or written.
    pub fn io(what: impl Display, error: &std::io::Error) -> Self {
        Self::new(Exit::Io, format!("{what}: {error}"))
    }

    /// To standard error.
    pub(super) fn print(&self) {
        eprintln!("bawaba: {}", self.message);
        if let Some(remedy) = &self.remedy {
            eprintln!("  remedy: {remedy}");
        }
    }
}

impl From<anyhow::Error> for Failure {
    /// An I/O error somewhere below decides the exit code.
    fn from(error: anyhow::Error) -> Self {
        let io = error.chain().any(|cause| cause.is::<std::io::Error>());
        Self::new(if io { Exit::Io } else { Exit::Unavailable }, format!("{error:#}"))
    }
}
