//! Which keys are there, and what is the one job of each?

use std::fmt;

use crate::HsmError;

/// The one purpose of a key (*rôle de clé*): one key, one job.
///
/// A key that signed both tokens and receipts would let a forged token pass for a receipt; a key that
/// both names patients and indexes the registry would let one leak open the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyRole {
    /// Signs the session tokens that counters hold (ES256).
    TokenSigning,
    /// Signs the tokens that back-ends receive (ES256).
    BackendTokenSigning,
    /// Signs the receipts that CNSS verifies later (ES256).
    ReceiptSigning,
    /// Signs the checkpoints of the audit log (ES256).
    CheckpointSigning,
    /// Derives the pseudonym of a patient at one audience (HMAC-SHA256).
    PairwiseSubject,
    /// Indexes the registry by national number without storing it (HMAC-SHA256).
    RegistryIndex,
    /// Seals the *identifiant santé* at rest (AES-256-GCM).
    RegistrySealing,
    /// Seals the keys of an hour under which nodes leave each other what they share for a minute (AES-256-GCM).
    StateSealing,
}

/// What a key does, whoever it does it for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyJob {
    /// ECDSA P-256 with SHA-256.
    Sign,
    /// HMAC-SHA256.
    Mac,
    /// AES-256-GCM with a random nonce.
    Seal,
}

impl KeyRole {
    /// Every role, in the order of the key file.
    pub const ALL: [Self; 8] = [
        Self::TokenSigning,
        Self::BackendTokenSigning,
        Self::ReceiptSigning,
        Self::CheckpointSigning,
        Self::PairwiseSubject,
        Self::RegistryIndex,
        Self::RegistrySealing,
        Self::StateSealing,
    ];

    /// The only thing that a key of this role does.
    #[must_use]
    pub const fn job(self) -> KeyJob {
        match self {
            Self::TokenSigning
            | Self::BackendTokenSigning
            | Self::ReceiptSigning
            | Self::CheckpointSigning => KeyJob::Sign,
            Self::PairwiseSubject | Self::RegistryIndex => KeyJob::Mac,
            Self::RegistrySealing | Self::StateSealing => KeyJob::Seal,
        }
    }

    /// Refuses a key another key's job.
    ///
    /// # Errors
    /// [`HsmError::WrongRole`] when that job is not this role's.
    pub fn must(self, job: KeyJob) -> Result<(), HsmError> {
        if self.job() == job { Ok(()) } else { Err(HsmError::WrongRole { role: self, job }) }
    }

    /// The name of the role in key files, profiles and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TokenSigning => "token-signing",
            Self::BackendTokenSigning => "backend-token-signing",
            Self::ReceiptSigning => "receipt-signing",
            Self::CheckpointSigning => "checkpoint-signing",
            Self::PairwiseSubject => "pairwise-subject",
            Self::RegistryIndex => "registry-index",
            Self::RegistrySealing => "registry-sealing",
            Self::StateSealing => "state-sealing",
        }
    }

    /// Whether key files and installations of an earlier version lack it: then it is made, and nothing is lost by it.
    #[must_use]
    pub const fn is_newer_than_some_files(self) -> bool {
        matches!(self, Self::StateSealing)
    }

    /// The role of that name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

impl fmt::Display for KeyRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl KeyJob {
    /// The name of the job in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sign => "sign",
            Self::Mac => "mac",
            Self::Seal => "seal",
        }
    }
}

impl fmt::Display for KeyJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
