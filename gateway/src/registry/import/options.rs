//! What did the operator ask for, and what are they told meanwhile?

use std::path::{Path, PathBuf};
use std::str::FromStr;

/// One import (*import*).
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// What is read, in this order; `-` is standard input.
    pub files: Vec<PathBuf>,
    /// The format of all files; none: by each file's name.
    pub format: Option<Format>,
    /// What becomes of those who are in the registry already.
    pub mode: Mode,
    /// How many bad lines are borne.
    pub max_bad: MaxBad,
    /// Where the bad lines are named.
    pub report: Option<PathBuf>,
    /// The folder of the staging area.
    pub staging: PathBuf,
    /// What becomes of an import that was interrupted.
    pub start: Start,
    /// Whether nothing else in this process uses SQLite. Sorting a country takes as much room as its rows: then beside
    /// the staging area, else in /var/tmp, because SQLite knows one such folder for a whole process.
    pub alone_in_process: bool,
}

/// How a line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Rows under a header.
    Csv,
    /// FHIR R4 resources as JSON, one a line.
    Fhir,
}

impl Format {
    /// By the name: `.csv` and `.csv.gz` are CSV, all else is FHIR.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        if name.ends_with(".csv") { Self::Csv } else { Self::Fhir }
    }
}

/// What becomes of those who are in the registry already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They stay; those in the files are brought up to date. Nobody is removed.
    Merge,
    /// The files are the registry: who is not in them is not in it.
    Replace,
}

impl Mode {
    /// The name on the command line and in the staging area.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Replace => "replace",
        }
    }
}

/// How many bad lines are borne before nothing is taken at all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MaxBad {
    /// That many.
    Lines(u64),
    /// That share of all lines, in percent.
    Percent(f64),
}

impl MaxBad {
    /// Whether so many are too many.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a share of lines")]
    pub fn is_passed(self, bad: u64, lines: u64) -> bool {
        match self {
            Self::Lines(most) => bad > most,
            // A line may be bad for two reasons.
            Self::Percent(most) => most < 100.0 && bad as f64 * 100.0 > most * lines as f64,
        }
    }
}

impl FromStr for MaxBad {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const HOW: &str = "write a number of lines, such as 100, or a share, such as 0.5%";
        match text.strip_suffix('%') {
            None => text.parse().map(Self::Lines).map_err(|_| HOW),
            Some(share) => match share.parse() {
                Ok(share) if (0.0..=100.0).contains(&share) => Ok(Self::Percent(share)),
                _ => Err(HOW),
            },
        }
    }
}

/// What becomes of an import that was interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// There must be none.
    New,
    /// It goes on, if it was this one.
    Resume,
    /// It is thrown away.
    Again,
}

/// Where an import is (*avancement*).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Reading, hashing, sealing.
    Reading {
        /// The file.
        file: PathBuf,
        /// Octets of it behind us, after decompression.
        done: u64,
        /// Its octets; none where they are not known.
        of: Option<u64>,
        /// Lines of it behind us.
        lines: u64,
    },
    /// Sorting and joining.
    Judging {
        /// Steps behind us.
        done: i64,
        /// Of so many.
        of: i64,
    },
    /// Writing the new tables.
    Loading {
        /// Rows behind us.
        done: u64,
        /// Of so many.
        of: u64,
    },
    /// Removing the old tables: the new registry is in force.
    Cleaning,
}

/// Who wants to know (*témoin*).
pub trait Progress: Send {
    /// The import is there now.
    fn at(&mut self, step: Step);
}
