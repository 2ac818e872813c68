//! Why was nothing imported?

use std::path::PathBuf;

use super::csv::HeaderError;
use crate::registry::RegistryError;

/// Why an import ended before its end. What was read stays in the staging area unless it says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The folder holds another import that did not end.
    #[error(
        "the staging area holds another import: other files, changed files, another mode, or standard input"
    )]
    AnotherImport,
    /// A file cannot be read.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The header of a CSV file.
    #[error("{}: {error}", path.display())]
    Header {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: HeaderError,
    },
    /// Somebody changed a patient while a large merge was on its way: what it had taken over from the registry is no
    /// longer what the registry says.
    #[error("patients were changed while the new registry was built")]
    Overtaken,
    /// PostgreSQL lets only the owner of the schema exchange its tables.
    #[error("this role of PostgreSQL does not own the registry's tables")]
    NotOwner,
    /// The registry or its keys.
    #[error("the registry: {0}")]
    Registry(#[from] RegistryError),
    /// Another process imports.
    #[error("another import is running")]
    Running,
    /// The staging area's database.
    #[error("the staging area: {0}")]
    StagingDatabase(#[from] sqlx::Error),
    /// The staging area's folder, or the report.
    #[error("{}: {error}", path.display())]
    Staging {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// There is an import that was interrupted.
    #[error("an import was interrupted")]
    Unfinished,
}

impl ImportError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::AnotherImport => "another-import",
            Self::File { .. } => "file-unreadable",
            Self::Header { .. } => "header-unusable",
            Self::NotOwner => "not-owner",
            Self::Overtaken => "import-overtaken",
            Self::Registry(error) => error.code(),
            Self::Running => "import-running",
            Self::StagingDatabase(_) => "staging-failed",
            Self::Staging { .. } => "staging-unusable",
            Self::Unfinished => "import-unfinished",
        }
    }
}
