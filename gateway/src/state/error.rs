//! Why does the shared state not answer?

use std::path::PathBuf;

use crate::problem::ProblemCode;
use crate::refusal::Refusal;

/// Why nothing can be said of what all nodes remember (*mémoire partagée indisponible*). No permit is given then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// No connection, or it broke, and the repetitions found none either.
    #[error("the shared state cannot be reached")]
    Unreachable,
    /// It did not answer in time; whether it did what was asked is not known.
    #[error("the shared state did not answer in time")]
    Timeout,
    /// It answers, but does not do what we ask: wrong password, missing right, read-only replica, out of memory.
    #[error("the shared state refuses us")]
    Refused,
    /// What it says is no answer to our question, or something that is not ours is at our key.
    #[error("the shared state answers what nobody asked")]
    Unexpected,
    /// It lost what it held since that epoch began.
    #[error("the shared state lost its memory")]
    MemoryLost,
    /// It is set up to throw away what is not past (`maxmemory-policy` is not `noeviction`).
    #[error("the shared state may throw away what is not past")]
    MayEvict,
    /// The space holds as much as it may.
    #[error("no more can be kept")]
    Full,
    /// There is something at this key.
    #[error("the key is taken")]
    KeyTaken,
    /// Key or value are longer than the bound.
    #[error("key or value are too long")]
    TooLong,
    /// The machine has no random numbers.
    #[error("no random numbers")]
    NoRandom,
}

/// Why the shared state cannot even be set up: the operator's to mend.
#[derive(Debug, thiserror::Error)]
pub enum StateOpenError {
    /// The machine has no random numbers.
    #[error(transparent)]
    State(#[from] StateError),
    /// The password.
    #[error("state.password: {0}")]
    Password(#[from] hsm_config::SecretError),
    /// The authorities of the server's certificate.
    #[error("{}: cannot be read: {error}", path.display())]
    Authority {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// No server is named.
    #[error("[state]: no server is named")]
    NoServer,
    /// The address or the authorities are not usable; never with the password.
    #[error("[state]: {0}")]
    Client(#[from] redis::RedisError),
}

impl StateError {
    /// The stable name in logs, metrics and audit events.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unreachable => "state-unreachable",
            Self::Timeout => "state-timeout",
            Self::Refused => "state-refused",
            Self::Unexpected => "state-unexpected",
            Self::MemoryLost => "state-memory-lost",
            Self::MayEvict => "state-may-evict",
            Self::Full => "state-full",
            Self::KeyTaken => "state-key-taken",
            Self::TooLong => "state-too-long",
            Self::NoRandom => "state-no-random",
        }
    }
}

impl From<StateError> for Refusal {
    fn from(error: StateError) -> Self {
        let problem = match error {
            StateError::Full => ProblemCode::Overloaded,
            StateError::KeyTaken | StateError::TooLong | StateError::NoRandom => ProblemCode::Internal,
            StateError::Unreachable
            | StateError::Timeout
            | StateError::Refused
            | StateError::Unexpected
            | StateError::MemoryLost
            | StateError::MayEvict => ProblemCode::StateUnavailable,
        };
        tracing::warn!(code = error.code(), "shared state");
        Self::exactly(problem, error.code())
    }
}
