//! What is wrong with the configuration, where, and what to do about it?

use std::fmt::{self, Display};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// A configuration that cannot be used: the command line prints it and exits 78 (`EX_CONFIG`).
#[derive(Debug)]
pub struct ConfigError {
    /// The configuration file.
    pub file: PathBuf,
    /// The line in it, from 1, where there is one.
    pub line: Option<usize>,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub remedy: String,
}

impl ConfigError {
    pub(super) fn unreadable(file: &Path, error: &io::Error) -> Self {
        Self {
            file: file.to_owned(),
            line: None,
            problem: format!("cannot be read: {error}"),
            remedy: "give the path of a gateway.toml that this user may read".into(),
        }
    }

    pub(super) fn at(
        file: &Path,
        text: &str,
        span: Option<Range<usize>>,
        problem: String,
        remedy: impl Into<String>,
    ) -> Self {
        let line = span.map(|span| {
            let before = text.get(..span.start).unwrap_or(text);
            before.bytes().filter(|byte| *byte == b'\n').count() + 1
        });
        Self { file: file.to_owned(), line, problem, remedy: remedy.into() }
    }
}

impl Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}. Remedy: {}", self.problem, self.remedy)
    }
}

impl std::error::Error for ConfigError {}
