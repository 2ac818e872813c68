//! Where do the keys of a gateway live, and how are they opened there?

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use time::OffsetDateTime;

use crate::pkcs11::Provisioned;
use crate::{
    HsmError, KeyFile, KeyFileView, KeyRole, KeyView, LiveKeys, Places, Profile, ProfileError, PublishedKey,
    Rotated, Schedule, SecretSource, Signer, TokenKeys, TokenPlace, Turn, installed,
    profile::{Place, Signing},
};

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
    /// Where a profile says, each key for itself.
    Profile(ProfilePlace),
}

/// A profile, and where its places are on this machine (*emplacements d'un profil*).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfilePlace {
    /// The profile.
    pub profile: PathBuf,
    /// The sealed key file and its passphrase, for roles that live in one.
    pub file: Option<(PathBuf, SecretSource)>,
    /// The token, for roles that live in one.
    pub token: Option<TokenPlace>,
    /// The name of this node in the certificates of its delegates.
    pub node: String,
}

impl KeyPlace {
    /// The key file, where keys live in one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File { path, .. } => Some(path),
            Self::Profile(place) => place.file.as_ref().map(|(path, _)| path.as_path()),
        }
    }
}

impl fmt::Display for KeyPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, .. } => write!(f, "{}", path.display()),
            Self::Profile(place) => write!(f, "{}", place.profile.display()),
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

/// Opens the keys of a gateway; delegates are made as of that time.
///
/// # Errors
/// Why the keys cannot be had; nothing works without them.
pub fn open(place: &KeyPlace, at: OffsetDateTime) -> Result<OpenKeys, HsmError> {
    match place {
        KeyPlace::File { path, passphrase } => {
            let file = Arc::new(LiveKeys::open(path, passphrase.clone())?);
            Ok(OpenKeys { signer: file.clone(), file: Some(file) })
        }
        KeyPlace::Profile(place) => place.open(at),
    }
}

impl ProfilePlace {
    fn open(&self, at: OffsetDateTime) -> Result<OpenKeys, HsmError> {
        let profile = Profile::load(&self.profile)?;
        let in_file = profile.at(Place::SealedFile).next().is_some();
        let file = match &self.file {
            Some((path, passphrase)) if in_file => Some(Arc::new(LiveKeys::open(path, passphrase.clone())?)),
            _ => None,
        };
        let places = Places {
            file: file.clone().map(|file| file as Arc<dyn Signer>),
            token: self.token.clone(),
            node: self.node.clone(),
        };
        Ok(OpenKeys { signer: Arc::new(installed::open(&profile, places, at)?), file })
    }

    /// Makes every key of the profile's token that is not there yet.
    ///
    /// # Errors
    /// As [`TokenKeys::provision`].
    pub fn provision(&self, at: OffsetDateTime) -> Result<Vec<Provisioned>, HsmError> {
        TokenKeys::provision(self.token()?, &Profile::load(&self.profile)?, at)
    }

    /// Makes the next key of a role, where that role's keys live.
    ///
    /// # Errors
    /// As [`SoftwareKeys::rotate`](crate::SoftwareKeys::rotate) and [`TokenKeys::rotate`].
    pub fn rotate(
        &self,
        role: KeyRole,
        turn: Turn,
        schedule: &Schedule,
        at: OffsetDateTime,
    ) -> Result<Rotated, HsmError> {
        let profile = Profile::load(&self.profile)?;
        if profile.at(Place::Pkcs11).any(|key| key.role == role) {
            return TokenKeys::rotate(self.token()?, &profile, role, turn, schedule, at);
        }
        let (path, passphrase) = self.file()?;
        let (file, _) = KeyFile::unlock(path, &passphrase.read()?)?;
        file.change(at, |keys| keys.rotate(role, turn, schedule, at))
    }

    /// What can be said of every key, wherever it lives.
    ///
    /// # Errors
    /// As [`TokenKeys::view`] and [`KeyFileView::read`].
    pub fn view(&self) -> Result<Vec<KeyView>, HsmError> {
        let profile = Profile::load(&self.profile)?;
        let mut keys = match profile.at(Place::Pkcs11).next() {
            Some(_) => TokenKeys::view(self.token()?, &profile)?,
            None => Vec::new(),
        };
        if profile.at(Place::SealedFile).next().is_some() {
            let in_file = |key: &KeyView| profile.at(Place::SealedFile).any(|here| here.role == key.role);
            keys.extend(KeyFileView::read(&self.file()?.0)?.keys.into_iter().filter(in_file));
        }
        Ok(keys)
    }

    /// The public keys that verifiers may meet, without those that each node makes for itself: a key that delegates signs
    /// no token, and its delegates are known to their node only.
    ///
    /// # Errors
    /// As [`ProfilePlace::view`].
    pub fn published(&self, at: OffsetDateTime) -> Result<Vec<(KeyRole, PublishedKey)>, HsmError> {
        let profile = Profile::load(&self.profile)?;
        let keys = self.view()?;
        let signs =
            |role| profile.keys().iter().any(|key| key.role == role && key.signing == Signing::Direct);
        let keys = keys.iter().filter(|key| signs(key.role));
        let keys = keys.filter_map(|key| Some((key.role, key.published()?)));
        Ok(keys.filter(|(_, key)| key.is_published(at)).collect())
    }

    fn token(&self) -> Result<&TokenPlace, ProfileError> {
        self.token.as_ref().ok_or(ProfileError::PlaceUnknown("module"))
    }

    fn file(&self) -> Result<&(PathBuf, SecretSource), ProfileError> {
        self.file.as_ref().ok_or(ProfileError::PlaceUnknown("file"))
    }
}

impl fmt::Debug for OpenKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenKeys").field("file", &self.file).finish_non_exhaustive()
    }
}
