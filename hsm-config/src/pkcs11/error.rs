//! What can go wrong with a hardware module?

use std::path::PathBuf;

use crate::KeyRole;

/// Why a hardware module cannot do what it is asked. Never carries a PIN or what a module says of one.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ModuleError {
    /// The library cannot be loaded or started.
    #[error("{path}: not a PKCS#11 module that can be started: {problem}", path = path.display())]
    Unusable {
        /// The library.
        path: PathBuf,
        /// What it or the loader said.
        problem: String,
    },
    /// The module does not answer, or not any more; it is tried again in the background.
    #[error("the hardware module does not answer: {0}")]
    Unavailable(String),
    /// Every session is in use, and none came back in time.
    #[error("every session of the hardware module is in use")]
    Busy,
    /// No token of that label.
    #[error("the hardware module has no token {0:?}")]
    TokenMissing(String),
    /// Two tokens of that label: which one is meant?
    #[error("the hardware module has two tokens {0:?}")]
    TokenTwice(String),
    /// The PIN is wrong. It is not tried again: the next attempts would lock the token.
    #[error("the token refuses the PIN; it is not tried again, so that the token is not locked")]
    PinRefused,
    /// The token is locked, or its PIN expired.
    #[error("the PIN of the token is locked or expired")]
    PinLocked,
    /// One attempt is left, and a person should use it.
    #[error("only one attempt at the PIN is left; log in by hand once, then start again")]
    PinLastTry,
    /// The token was initialised, but nobody gave it a user PIN.
    #[error("the token has no user PIN yet")]
    PinMissing,
    /// A role without its key in the token.
    #[error("the token has no {0} key")]
    KeyMissing(KeyRole),
    /// Two keys where there must be one.
    #[error("the token has two {0} keys with one id")]
    KeyTwice(KeyRole),
    /// A key whose `CKA_ID` does not say its generation and time.
    #[error("a {0} key in the token has an id that Bawaba did not give")]
    KeyIdMalformed(KeyRole),
    /// A key that may do what it must not, or may not do what it must.
    #[error("the {role} key in the token has the wrong {attribute}")]
    KeyAttribute {
        /// Its role.
        role: KeyRole,
        /// The attribute, by its name in PKCS#11.
        attribute: &'static str,
    },
    /// A delegating key without its certificate.
    #[error("the token has no certificate for the {0} key")]
    CertificateMissing(KeyRole),
    /// A certificate of another key, or for another job.
    #[error("the certificate of the {role} key {problem}")]
    CertificateWrong {
        /// The role of the key.
        role: KeyRole,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The module was away for so long that no delegate may sign any more.
    #[error("the last delegate of the {0} key has ended, and the hardware module made no other")]
    DelegateEnded(KeyRole),
    /// The module refused to make or change something.
    #[error("the hardware module refused: {0}")]
    Refused(String),
}

impl ModuleError {
    /// The stable name of this error in logs, metrics and audit events.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unusable { .. } => "hsm-module-unusable",
            Self::Unavailable(_) => "hsm-unavailable",
            Self::Busy => "hsm-busy",
            Self::TokenMissing(_) => "hsm-token-missing",
            Self::TokenTwice(_) => "hsm-token-twice",
            Self::PinRefused => "hsm-pin-refused",
            Self::PinLocked => "hsm-pin-locked",
            Self::PinLastTry => "hsm-pin-last-try",
            Self::PinMissing => "hsm-pin-missing",
            Self::KeyMissing(_) => "hsm-key-missing",
            Self::KeyTwice(_) => "hsm-key-twice",
            Self::KeyIdMalformed(_) => "hsm-key-id-malformed",
            Self::KeyAttribute { .. } => "hsm-key-attribute",
            Self::CertificateMissing(_) => "hsm-certificate-missing",
            Self::CertificateWrong { .. } => "hsm-certificate-wrong",
            Self::DelegateEnded(_) => "hsm-delegate-ended",
            Self::Refused(_) => "hsm-refused",
        }
    }

    /// Whether only a person can mend it: trying again would lock the token.
    pub(super) const fn is_final(&self) -> bool {
        matches!(self, Self::PinRefused | Self::PinLocked | Self::PinLastTry)
    }
}
