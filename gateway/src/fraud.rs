//! What looks wrong at the counters, who is told, and what does it change?
//!
//! Modules in reading order:
//!
//! | module | the question it answers |
//! |---|---|
//! | [`case`] | what is a case of fraud, and how far is it? |
//! | [`note`] | who wrote what about it? |
//! | [`store`] | with which statements are cases kept? |

pub mod case;
pub mod note;
pub mod store;

use hsm_config::HsmError;

use crate::state::StateError;
use crate::store::DatabaseError;

/// Why nothing is known of what looks wrong.
#[derive(Debug, thiserror::Error)]
pub enum FraudError {
    /// The database refused or is away.
    #[error("the database of cases failed: {0}")]
    Database(#[from] DatabaseError),
    /// A key did not do its job.
    #[error("a key failed: {0}")]
    Key(#[from] HsmError),
    /// A stored row is not what this program writes.
    #[error("a row of a case cannot be read: {0}")]
    Malformed(&'static str),
    /// The shared windows did not answer.
    #[error("the shared windows failed: {0}")]
    State(#[from] StateError),
}

impl FraudError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Database(_) => "fraud-database-failed",
            Self::Key(error) => error.code(),
            Self::Malformed(_) => "fraud-row-malformed",
            Self::State(error) => error.code(),
        }
    }
}
