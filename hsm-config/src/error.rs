//! What can go wrong with a key?

use std::path::PathBuf;

use time::OffsetDateTime;

use crate::pkcs11::ModuleError;
use crate::profile::ProfileError;
use crate::{KeyJob, KeyRole, private_file::Exposure, secret_source::SecretError};

/// Why a key could not be had or used. Never carries key material.
#[derive(Debug, thiserror::Error)]
pub enum HsmError {
    /// A key was asked to do another key's job.
    #[error("the {role} key does not {job}")]
    WrongRole {
        /// The key that was asked.
        role: KeyRole,
        /// What it was asked to do.
        job: KeyJob,
    },
    /// A key of that name is not of this role, or not any more.
    #[error("no such {role} key")]
    UnknownKey {
        /// The role that was asked.
        role: KeyRole,
    },
    /// No key of the role signs yet at that time.
    #[error("no {role} key signs at this time; is the clock right?")]
    NoCurrentKey {
        /// The role that was asked.
        role: KeyRole,
    },
    /// The cryptographic module refused or failed.
    #[error("the {role} key could not {job}")]
    OperationFailed {
        /// The key that was asked.
        role: KeyRole,
        /// What it was asked to do.
        job: KeyJob,
    },
    /// Sealed bytes that this key did not seal, or that were changed since, or for other associated data.
    #[error("sealed bytes do not open under the {role} key")]
    NotSealedHere {
        /// The key that was asked.
        role: KeyRole,
    },
    /// The key file could not be read or written.
    #[error("{path}: {cause}", path = path.display())]
    File {
        /// The key file.
        path: PathBuf,
        /// What the operating system said.
        cause: std::io::Error,
    },
    /// The key file is longer than any honest one.
    #[error("{path}: longer than 256 KiB, so not a key file", path = path.display())]
    FileTooLong {
        /// The key file.
        path: PathBuf,
    },
    /// The key file can be read or replaced by somebody else.
    #[error("{path}: {cause} {path}", path = path.display())]
    FileExposed {
        /// The key file.
        path: PathBuf,
        /// By whom.
        cause: Exposure,
    },
    /// The key file is not one, at that line.
    #[error("{path}: not a key file at line {line}, column {column}", path = path.display())]
    FileMalformed {
        /// The key file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// The key file is for another version of Bawaba.
    #[error("key file of version {0}; this program reads version 2, and imports version 1")]
    FileVersion(u32),
    /// The key file is of the first format, whose keys lie open.
    #[error("{path}: not sealed; run: bawaba keys import {path} keys.sealed", path = path.display())]
    FileUnsealed {
        /// The key file.
        path: PathBuf,
    },
    /// The passphrase is not that of the file, or the file was changed: nobody can tell one from the other.
    #[error("{path}: does not open: wrong passphrase, or a file that was damaged or edited; \
             check where the passphrase comes from, else restore the file from its backup", path = path.display())]
    FileNotOpened {
        /// The key file.
        path: PathBuf,
    },
    /// The key file asks for more memory or work than an honest one, or for too little to protect anything.
    #[error("{path}: key derivation out of bounds: {what}", path = path.display())]
    FileDerivation {
        /// The key file.
        path: PathBuf,
        /// Which figure.
        what: &'static str,
    },
    /// The key file is older than the one that was read before.
    #[error("{path}: revision {found} after revision {known}: an old copy was put back", path = path.display())]
    FileRolledBack {
        /// The key file.
        path: PathBuf,
        /// The revision of the file now.
        found: u64,
        /// The revision read before.
        known: u64,
    },
    /// A key file is there already.
    #[error("{path}: exists; its keys name patients and sign tokens", path = path.display())]
    FileExists {
        /// The key file.
        path: PathBuf,
    },
    /// A new passphrase that can be guessed.
    #[error("the new passphrase is too weak: {0}")]
    PassphraseWeak(&'static str),
    /// A key that is never replaced.
    #[error("the {0} key is not rotated: what it has named or indexed could not be found any more")]
    NeverRotated(KeyRole),
    /// The next key is announced already.
    #[error("the next {role} key is announced and signs from {signs_from}; rotate again after that")]
    RotationPending {
        /// The role that was asked.
        role: KeyRole,
        /// When the announced key signs.
        signs_from: OffsetDateTime,
    },
    /// A role that this program does not know.
    #[error("unknown key role in the key file")]
    UnknownRole,
    /// A role without its key.
    #[error("the key file has no {0} key{remedy}", remedy = remedy(*.0))]
    MissingRole(KeyRole),
    /// A role with two keys.
    #[error("the key file has two {0} keys")]
    DuplicateRole(KeyRole),
    /// One key in two roles.
    #[error("one key has two jobs: {0} and {1}")]
    SharedKey(KeyRole, KeyRole),
    /// A key that is not of the kind that its role needs.
    #[error("the {0} key is not a valid key of its kind")]
    KeyRejected(KeyRole),
    /// The passphrase or PIN could not be had.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The profile that declares the keys is refused.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// The hardware module.
    #[error(transparent)]
    Module(#[from] ModuleError),
    /// The keys could not be put into words.
    #[error("the key file could not be composed")]
    NotWritable,
    /// No memory to stretch a passphrase in.
    #[error("not enough memory to open the key file")]
    NoMemory,
    /// No randomness to make keys from.
    #[error("the operating system gave no randomness")]
    NoRandomness,
}

impl HsmError {
    /// The stable name of this error in logs, metrics and audit events.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::WrongRole { .. } => "key-wrong-role",
            Self::UnknownKey { .. } => "key-unknown",
            Self::NoCurrentKey { .. } => "key-none-current",
            Self::OperationFailed { .. } => "key-operation-failed",
            Self::NotSealedHere { .. } => "key-not-sealed-here",
            Self::File { .. } => "key-file-unreadable",
            Self::FileTooLong { .. } => "key-file-too-long",
            Self::FileExposed { .. } => "key-file-exposed",
            Self::FileMalformed { .. } => "key-file-malformed",
            Self::FileVersion(_) => "key-file-version",
            Self::FileUnsealed { .. } => "key-file-unsealed",
            Self::FileNotOpened { .. } => "key-file-not-opened",
            Self::FileDerivation { .. } => "key-file-derivation",
            Self::FileRolledBack { .. } => "key-file-rolled-back",
            Self::FileExists { .. } => "key-file-exists",
            Self::PassphraseWeak(_) => "passphrase-weak",
            Self::NeverRotated(_) => "key-never-rotated",
            Self::RotationPending { .. } => "key-rotation-pending",
            Self::UnknownRole => "key-role-unknown",
            Self::MissingRole(_) => "key-role-missing",
            Self::DuplicateRole(_) => "key-role-duplicate",
            Self::SharedKey(..) => "key-shared",
            Self::KeyRejected(_) => "key-rejected",
            Self::Secret(cause) => cause.code(),
            Self::Profile(cause) => cause.code(),
            Self::Module(cause) => cause.code(),
            Self::NotWritable => "key-file-not-composed",
            Self::NoMemory => "no-memory",
            Self::NoRandomness => "no-randomness",
        }
    }
}

/// A role that earlier versions did not know is added to their files by the command that rotates it.
const fn remedy(missing: KeyRole) -> &'static str {
    match missing {
        KeyRole::StateSealing => {
            "; a file of an earlier version gets it by: bawaba keys rotate state-sealing"
        }
        _ => "",
    }
}
