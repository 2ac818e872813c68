//! Where do the keys of a gateway live, and how are they opened there?

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{HsmError, LiveKeys, SecretSource, Signer};

/// Where an operator keeps the keys (*emplacement des clés*).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyPlace {
    /// A sealed key file of this machine.
    File {
        /// The file.
        path: PathBuf,
        /// Where its passphrase is to be read.
        passphrase: SecretSource,
    },
}

impl KeyPlace {
    /// The key file, where keys live in one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File { path, .. } => Some(path),
        }
    }
}

impl fmt::Display for KeyPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, .. } => write!(f, "{}", path.display()),
        }
    }
}

/// Keys that are ready to be used.
pub struct OpenKeys {
    /// What signs.
    pub signer: Arc<dyn Signer>,
    /// The file behind it, to be looked at again now and then; none where keys do not live in a file.
    pub file: Option<Arc<LiveKeys>>,
}

/// Opens the keys of a gateway.
///
/// # Errors
/// Why the keys cannot be had; nothing works without them.
pub fn open(place: &KeyPlace) -> Result<OpenKeys, HsmError> {
    match place {
        KeyPlace::File { path, passphrase } => {
            let file = Arc::new(LiveKeys::open(path, passphrase.clone())?);
            Ok(OpenKeys { signer: file.clone(), file: Some(file) })
        }
    }
}

impl fmt::Debug for OpenKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenKeys").field("file", &self.file).finish_non_exhaustive()
    }
}
