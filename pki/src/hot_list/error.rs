//! Why is this hot list not used?

use thiserror::Error;

/// Why a file of the hot list was refused, or could not be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HotListError {
    /// The file ends before its header says.
    #[error("the file is cut short")]
    Truncated,
    /// The file goes on after its header says.
    #[error("the file is longer than its header says")]
    TrailingOctets,
    /// No hot list, or one whose octets are not those that were signed.
    #[error("the file is damaged or no hot list")]
    Damaged,
    /// Of another version than this program reads.
    #[error("the file is of another version")]
    Version,
    /// More entries than can be kept.
    #[error("more entries than a node keeps")]
    TooLarge,
    /// Nobody signed it.
    #[error("the file is not signed")]
    Unsigned,
    /// Not signed by the key of the pinned certificate.
    #[error("the signature is not by the pinned certificate")]
    WrongSigner,
    /// The pinned certificate is not valid at the moment of the check.
    #[error("the pinned certificate is not valid now")]
    SignerNotValid,
    /// Made after the moment of the check.
    #[error("the file is from the future")]
    FromTheFuture,
    /// Made under another index key: no card would ever be found on it.
    #[error("the file was made under another registry index key")]
    OtherKey,
    /// The entries do not rise, or one is there twice.
    #[error("the entries are not in order")]
    Unordered,
    /// Older than what is in force.
    #[error("the file is older than what is in force")]
    RolledBack,
    /// A delta that does not follow what is in force.
    #[error("a delta before this one is missing")]
    Gap,
    /// A delta where a base is due, or the other way round.
    #[error("a base and a delta were taken for each other")]
    WrongKind,
    /// There is no base to begin with.
    #[error("there is no base")]
    NoBase,
    /// The system does not let it be read.
    #[error("the file cannot be read")]
    Unreadable,
}

impl HotListError {
    /// The stable name used alike in log, metric and audit event.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Truncated => "hot-list-truncated",
            Self::TrailingOctets => "hot-list-trailing-octets",
            Self::Damaged => "hot-list-damaged",
            Self::Version => "hot-list-version",
            Self::TooLarge => "hot-list-too-large",
            Self::Unsigned => "hot-list-unsigned",
            Self::WrongSigner => "hot-list-wrong-signer",
            Self::SignerNotValid => "hot-list-signer-not-valid",
            Self::FromTheFuture => "hot-list-from-the-future",
            Self::OtherKey => "hot-list-other-key",
            Self::Unordered => "hot-list-unordered",
            Self::RolledBack => "hot-list-rolled-back",
            Self::Gap => "hot-list-gap",
            Self::WrongKind => "hot-list-wrong-kind",
            Self::NoBase => "hot-list-no-base",
            Self::Unreadable => "hot-list-unreadable",
        }
    }
}

impl From<std::io::Error> for HotListError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::UnexpectedEof => Self::Truncated,
            _ => Self::Unreadable,
        }
    }
}
