//! What does a profile look like as TOML?

use std::time::Duration;

use serde::Deserialize;

use super::{DelegationTimes, Environment, KeyDeclaration, Mechanism, Place, Profile, ProfileError, Signing};
use crate::{KeyJob, KeyRole};

/// Bytes of the longest label; some modules cut what is longer, and two labels become one.
pub(super) const LABEL_LEN_MAX: usize = 32;

/// Bytes of the longest identifier that a profile gives; generation and time are appended to it.
pub(super) const ID_LEN_MAX: usize = 8;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProfileFile {
    environment: Environment,
    #[serde(default)]
    key: Vec<KeyFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    role: String,
    place: Place,
    label: String,
    #[serde(default)]
    id: String,
    mechanism: Mechanism,
    #[serde(default)]
    extractable: bool,
    signing: Option<SigningFile>,
    stays_secs: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, tag = "by", rename_all = "kebab-case")]
enum SigningFile {
    Itself,
    Delegate { life_secs: u64, lead_secs: u64 },
}

pub(super) fn read(text: &str) -> Result<Profile, ProfileError> {
    let file: ProfileFile = toml::from_str(text).map_err(|cause| ProfileError::Malformed {
        line: cause.span().map_or(0, |span| text.get(..span.start).unwrap_or("").lines().count().max(1)),
        problem: cause.message().to_owned(),
    })?;
    let keys = file.key.into_iter().map(KeyFile::declaration).collect::<Result<_, _>>()?;
    Ok(Profile { environment: file.environment, keys })
}

impl KeyFile {
    fn declaration(self) -> Result<KeyDeclaration, ProfileError> {
        let role = KeyRole::from_name(&self.role).ok_or(ProfileError::RoleUnknown)?;
        let signing = match (self.signing, role.job() == KeyJob::Sign) {
            (Some(SigningFile::Itself), true) | (None, false) => Signing::Direct,
            (Some(SigningFile::Delegate { life_secs, lead_secs }), true) => {
                Signing::Delegated(DelegationTimes { life: seconds(life_secs), lead: seconds(lead_secs) })
            }
            (None, true) => return Err(ProfileError::SigningMissing(role)),
            (Some(_), false) => return Err(ProfileError::DelegationMisfit(role)),
        };
        Ok(KeyDeclaration {
            role,
            place: self.place,
            label: self.label,
            id: hex::decode(&self.id).map_err(|_| ProfileError::IdMisfit(role))?,
            mechanism: self.mechanism,
            extractable: self.extractable,
            signing,
            stays: self.stays_secs.map(seconds),
        })
    }
}

/// A year at most: sums of such times cannot overflow.
fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds.min(366 * 24 * 3600))
}
