//! What does a sealed key file look like?
//!
//! JSON. What a status needs is readable without the passphrase: roles, times, public halves. Each private half is
//! AES-256-GCM under a key of its own with everything readable about it as associated data, and a MAC over the whole
//! list leaves no entry to be dropped, exchanged or put back. That a whole older file was put back, no file can say
//! of itself: a running gateway sees it by the revision.

use std::{io::Read as _, path::Path};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::derivation::Derivation;
use crate::{HsmError, private_file};

/// Bytes of the largest key file that is read: ten years of monthly rotations take half of it.
const MAX_FILE_LEN: u64 = 256 * 1024;
const FILE_VERSION: u32 = 2;

/// The whole file.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SealedFile {
    version: u32,
    pub(super) list: SealedList,
    /// HMAC-SHA256 over the list, base64.
    #[serde(with = "super::base64_text")]
    pub(super) tag: Vec<u8>,
}

/// Everything that the tag vouches for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SealedList {
    /// One more with each write.
    pub(super) revision: u64,
    #[serde(with = "time::serde::rfc3339")]
    pub(super) written_at: OffsetDateTime,
    pub(super) derivation: Derivation,
    pub(super) keys: Vec<SealedEntry>,
}

/// One generation of one role.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SealedEntry {
    pub(super) open: OpenEntry,
    /// Base64 of `nonce (12) ‖ ciphertext ‖ tag (16)`; none for a key that only verifies.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "super::base64_text::option")]
    pub(super) sealed: Option<Vec<u8>>,
}

/// What anybody who holds the file may read of a key: the associated data of its private half.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OpenEntry {
    pub(super) role: String,
    pub(super) number: u32,
    #[serde(with = "time::serde::rfc3339")]
    pub(super) signs_from: OffsetDateTime,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "time::serde::rfc3339::option")]
    pub(super) published_until: Option<OffsetDateTime>,
    /// SEC1 uncompressed point, base64; only keys that sign have one.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "super::base64_text::option")]
    pub(super) public: Option<Vec<u8>>,
}

impl SealedFile {
    /// The version needs no tag of its own: every key of the file is derived for it.
    pub(super) const fn new(list: SealedList, tag: Vec<u8>) -> Self {
        Self { version: FILE_VERSION, list, tag }
    }
}

/// Only the version of a file: what a newer one says besides is not known here.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

/// Reads a file and believes nothing of it but its form and its bounds.
pub(crate) fn read(path: &Path) -> Result<SealedFile, HsmError> {
    let text = read_private(path)?;
    let malformed = |cause: serde_json::Error| HsmError::FileMalformed {
        path: path.to_owned(),
        line: cause.line(),
        column: cause.column(),
    };
    match serde_json::from_slice::<Version>(&text).map_err(malformed)?.version {
        1 => return Err(HsmError::FileUnsealed { path: path.to_owned() }),
        FILE_VERSION => {}
        other => return Err(HsmError::FileVersion(other)),
    }
    let file: SealedFile = serde_json::from_slice(&text).map_err(malformed)?;
    match file.list.derivation.out_of_bounds() {
        Some(what) => Err(HsmError::FileDerivation { path: path.to_owned(), what }),
        None => Ok(file),
    }
}

/// The bytes of a file that nobody but its owner can read or write. The file of the first format is open text.
pub(crate) fn read_private(path: &Path) -> Result<Zeroizing<Vec<u8>>, HsmError> {
    let unreadable = |cause| HsmError::File { path: path.to_owned(), cause };
    let file = private_file::open(path).map_err(|refusal| match refusal {
        private_file::Refusal::Io(cause) => unreadable(cause),
        private_file::Refusal::Exposed(cause) => HsmError::FileExposed { path: path.to_owned(), cause },
    })?;
    let length = file.metadata().map_err(unreadable)?.len();
    if length > MAX_FILE_LEN {
        return Err(HsmError::FileTooLong { path: path.to_owned() });
    }
    // Room for the whole file at once: a growing buffer would leave copies of the keys behind.
    let mut text = Zeroizing::new(Vec::with_capacity(usize::try_from(length).unwrap_or(0) + 32));
    file.take(length).read_to_end(&mut text).map_err(unreadable)?;
    Ok(text)
}
