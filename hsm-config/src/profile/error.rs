//! Which rule does a profile break?

use std::path::PathBuf;

use crate::KeyRole;

/// Why a profile is refused.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The file could not be read.
    #[error("{path}: {cause}", path = path.display())]
    Unreadable {
        /// The profile.
        path: PathBuf,
        /// What the operating system said.
        cause: std::io::Error,
    },
    /// It is not a profile, at that line.
    #[error("not a key profile at line {line}: {problem}")]
    Malformed {
        /// Line, from 1.
        line: usize,
        /// What is wrong there.
        problem: String,
    },
    /// A role that this program does not know.
    #[error("unknown key role in the profile")]
    RoleUnknown,
    /// A role without a key.
    #[error(
        "the profile declares no {0} key: copy it from a shipped profile, then run: bawaba keys init --profile"
    )]
    RoleMissing(KeyRole),
    /// A role with two keys.
    #[error("the profile declares two {0} keys")]
    RoleTwice(KeyRole),
    /// Two roles would find the same key.
    #[error("one key has two jobs: {0} and {1} have the same label or id in the same place")]
    TwoJobs(KeyRole, KeyRole),
    /// A mechanism that does another job.
    #[error("the mechanism of the {0} key does not do its job")]
    MechanismMisfit(KeyRole),
    /// A label that a token cannot hold.
    #[error("the label of the {0} key is empty or longer than 32 bytes")]
    LabelMisfit(KeyRole),
    /// An identifier that is missing, not hexadecimal, too long, or has no meaning where the key lives.
    #[error("the id of the {0} key: 1 to 8 bytes in hexadecimal for pkcs11, none elsewhere")]
    IdMisfit(KeyRole),
    /// A key in a file that anybody who copies it can use.
    #[error("the {0} key is in a plain file; seal it (bawaba keys import)")]
    PlainFile(KeyRole),
    /// A key that could leave its token.
    #[error("the {0} key is extractable, which is for development tokens only")]
    Extractable(KeyRole),
    /// A signing role that does not say how it signs.
    #[error("the {0} key needs `signing`: by itself, or by delegate")]
    SigningMissing(KeyRole),
    /// A delegate for what does not sign, lives in a file, or is verified years later.
    #[error("the {0} key cannot have delegates: they are for token keys in a module")]
    DelegationMisfit(KeyRole),
    /// A delegate that lives longer than an hour.
    #[error("delegates of the {0} key live longer than 3600 s")]
    DelegateTooLong(KeyRole),
    /// Not enough time to be published, to sign, and to be verified.
    #[error("delegates of the {0} key: lead at least 60 s, life at least three leads and 1020 s")]
    DelegateTooShort(KeyRole),
    /// A replaced key that would vanish too early, or a limit for keys that are kept for ever.
    #[error("stays_secs of the {0} key: at least 960, and for token keys that sign themselves")]
    StayMisfit(KeyRole),
    /// The machine's configuration does not say where that is.
    #[error("the profile needs [keys] {0}, which the configuration does not give")]
    PlaceUnknown(&'static str),
    /// A node without a name that can stand in a certificate.
    #[error("the name of the node: letters, digits, dots and dashes")]
    NodeName,
}

impl ProfileError {
    /// The stable name of this error in logs and messages.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "profile-unreadable",
            Self::Malformed { .. } => "profile-malformed",
            Self::RoleUnknown => "profile-role-unknown",
            Self::RoleMissing(_) => "profile-role-missing",
            Self::RoleTwice(_) => "profile-role-twice",
            Self::TwoJobs(..) => "profile-key-two-jobs",
            Self::MechanismMisfit(_) => "profile-mechanism-misfit",
            Self::LabelMisfit(_) => "profile-label-misfit",
            Self::IdMisfit(_) => "profile-id-misfit",
            Self::PlainFile(_) => "profile-plain-file",
            Self::Extractable(_) => "profile-extractable",
            Self::SigningMissing(_) => "profile-signing-missing",
            Self::DelegationMisfit(_) => "profile-delegation-misfit",
            Self::DelegateTooLong(_) => "profile-delegate-too-long",
            Self::DelegateTooShort(_) => "profile-delegate-too-short",
            Self::PlaceUnknown(_) => "profile-place-unknown",
            Self::NodeName => "profile-node-name",
            Self::StayMisfit(_) => "profile-stay-misfit",
        }
    }
}
