//! Which keys does this installation declare, and where does each live?

mod error;
mod file;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::time::Duration;

pub use self::error::ProfileError;
use crate::{KeyJob, KeyRole};

/// The longest life of a token that these keys sign: 15 minutes (session and back-end tokens alike).
pub const TOKEN_LIFE: Duration = Duration::from_secs(15 * 60);

/// How wrong the clock of a verifier may be.
pub const CLOCK_LEEWAY: Duration = Duration::from_secs(60);

/// The longest life of a delegate: what is stolen from a node's memory is worthless after it.
pub const DELEGATE_LIFE_MAX: Duration = Duration::from_secs(60 * 60);

/// How serious an installation is (*environnement*): it decides what a profile may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Environment {
    /// One developer's machine; keys may be thrown away.
    Development,
    /// Like production, with test cards.
    Staging,
    /// Real patients.
    Production,
}

/// Where keys live (*emplacement*).
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// A key file that lies open; it can be named, and is always refused.
    PlainFile,
    /// A key file sealed under a passphrase.
    SealedFile,
    /// A hardware module behind PKCS#11.
    Pkcs11,
}

/// What a key does, by the name of the algorithm (*mécanisme*).
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
pub enum Mechanism {
    /// ES256: ECDSA over P-256 with SHA-256.
    #[serde(rename = "ecdsa-p256-sha256")]
    EcdsaP256Sha256,
    /// HMAC with SHA-256 and 32 bytes of key.
    #[serde(rename = "hmac-sha256")]
    HmacSha256,
    /// AES-256 in GCM.
    #[serde(rename = "aes-256-gcm")]
    Aes256Gcm,
}

/// Whether the declared key itself signs (*signature directe ou déléguée*).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signing {
    /// Every signature is made where the key lives.
    Direct,
    /// The key certifies short-lived keys in memory, and they sign.
    Delegated(DelegationTimes),
}

/// The times of a delegate (*délais de délégation*).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DelegationTimes {
    /// From its certificate's `notBefore` to its `notAfter`.
    pub life: Duration,
    /// How long it is published before it signs.
    pub lead: Duration,
}

/// One declared key (*clé déclarée*).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyDeclaration {
    /// Its one job.
    pub role: KeyRole,
    /// Where it lives.
    pub place: Place,
    /// Its name there; `CKA_LABEL` in a token.
    pub label: String,
    /// The first bytes of its `CKA_ID` in a token.
    pub id: Vec<u8>,
    /// What it computes.
    pub mechanism: Mechanism,
    /// Whether it may leave the token in a wrapped form.
    pub extractable: bool,
    /// For a key that signs: itself, or by delegates.
    pub signing: Signing,
    /// How long a key is published after its successor began to sign; none: for ever.
    pub stays: Option<Duration>,
}

/// The keys of an installation (*profil de clés*): every role once, one key one job.
#[derive(Clone, Debug)]
pub struct Profile {
    environment: Environment,
    keys: Vec<KeyDeclaration>,
}

impl Profile {
    /// Reads a profile and refuses one that breaks a rule.
    ///
    /// # Errors
    /// [`ProfileError`]: unreadable, not a profile, or the rule that it breaks.
    pub fn load(path: &Path) -> Result<Self, ProfileError> {
        let unreadable = |cause| ProfileError::Unreadable { path: path.to_owned(), cause };
        Self::parse(&std::fs::read_to_string(path).map_err(unreadable)?)
    }

    /// Reads the text of a profile and refuses one that breaks a rule.
    ///
    /// # Errors
    /// [`ProfileError`]: not a profile, or the rule that it breaks.
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        let profile = file::read(text)?;
        for role in KeyRole::ALL {
            match profile.keys.iter().filter(|key| key.role == role).count() {
                0 => return Err(ProfileError::RoleMissing(role)),
                1 => {}
                _ => return Err(ProfileError::RoleTwice(role)),
            }
        }
        for (position, key) in profile.keys.iter().enumerate() {
            key.check(profile.environment)?;
            if let Some(other) = profile.keys.iter().take(position).find(|other| other.is_same_as(key)) {
                return Err(ProfileError::TwoJobs(other.role, key.role));
            }
        }
        Ok(profile)
    }

    /// How serious the installation is.
    #[must_use]
    pub const fn environment(&self) -> Environment {
        self.environment
    }

    /// Every declared key, in the order of the file.
    #[must_use]
    pub fn keys(&self) -> &[KeyDeclaration] {
        &self.keys
    }

    /// The declared keys of one place.
    pub fn at(&self, place: Place) -> impl Iterator<Item = &KeyDeclaration> {
        self.keys.iter().filter(move |key| key.place == place)
    }
}

impl Mechanism {
    /// The only thing that can be done with it here.
    #[must_use]
    pub const fn job(self) -> KeyJob {
        match self {
            Self::EcdsaP256Sha256 => KeyJob::Sign,
            Self::HmacSha256 => KeyJob::Mac,
            Self::Aes256Gcm => KeyJob::Seal,
        }
    }
}

impl KeyDeclaration {
    /// One key under two names is found by either: the label or the identifier is enough.
    fn is_same_as(&self, other: &Self) -> bool {
        let ids = !self.id.is_empty() && self.id == other.id;
        self.place == other.place && (self.label == other.label || ids)
    }

    fn check(&self, environment: Environment) -> Result<(), ProfileError> {
        let role = self.role;
        let in_token = self.place == Place::Pkcs11;
        if self.mechanism.job() != role.job() {
            return Err(ProfileError::MechanismMisfit(role));
        }
        if self.label.is_empty() || self.label.len() > file::LABEL_LEN_MAX {
            return Err(ProfileError::LabelMisfit(role));
        }
        if in_token == self.id.is_empty() || self.id.len() > file::ID_LEN_MAX {
            return Err(ProfileError::IdMisfit(role));
        }
        if self.place == Place::PlainFile {
            return Err(ProfileError::PlainFile(role));
        }
        if self.extractable && (environment != Environment::Development || !in_token) {
            return Err(ProfileError::Extractable(role));
        }
        match self.signing {
            Signing::Delegated(times) => self.check_delegation(times)?,
            Signing::Direct => {}
        }
        self.check_stay()
    }

    /// A delegate is gone after an hour: what must be verified later cannot be signed by one.
    fn check_delegation(&self, times: DelegationTimes) -> Result<(), ProfileError> {
        if self.place != Place::Pkcs11 || !self.role.signs_tokens() {
            return Err(ProfileError::DelegationMisfit(self.role));
        }
        if times.life > DELEGATE_LIFE_MAX {
            return Err(ProfileError::DelegateTooLong(self.role));
        }
        // Published, then signing for twice the lead (its successor has to be known by then), then verified only.
        let least = times.lead * 3 + TOKEN_LIFE + CLOCK_LEEWAY * 2;
        if times.lead < CLOCK_LEEWAY || times.life < least {
            return Err(ProfileError::DelegateTooShort(self.role));
        }
        Ok(())
    }

    fn check_stay(&self) -> Result<(), ProfileError> {
        let fits = match self.stays {
            Some(stay) => {
                let replaced = self.role.signs_tokens() && self.signing == Signing::Direct;
                replaced && stay >= TOKEN_LIFE + CLOCK_LEEWAY
            }
            None => true,
        };
        if fits { Ok(()) } else { Err(ProfileError::StayMisfit(self.role)) }
    }
}

impl KeyRole {
    /// Whether what the key signs is verified within minutes only; receipts and checkpoints are for years.
    #[must_use]
    pub const fn signs_tokens(self) -> bool {
        matches!(self, Self::TokenSigning | Self::BackendTokenSigning)
    }
}
