//! Where are the gateway's keys: in a sealed file, or where a profile says?

use std::path::PathBuf;

use hsm_config::{KeyPlace, ProfilePlace, SecretError, SecretSource, TokenPlace};
use serde::Deserialize;
use toml::Spanned;

use super::ConfigError;
use super::file::Source;

const POINT: &str =
    "point at the secret: env:NAME, fd:N, credential:NAME or file:PATH; never write it into this file";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeysFile {
    file: Option<Spanned<PathBuf>>,
    passphrase: Option<Spanned<String>>,
    profile: Option<Spanned<PathBuf>>,
    module: Option<PathBuf>,
    token: Option<String>,
    pin: Option<Spanned<String>>,
    node: Option<String>,
}

impl Source<'_> {
    pub(super) fn keys(&self, keys: &Spanned<KeysFile>) -> Result<KeyPlace, ConfigError> {
        let parts = keys.as_ref();
        let file = match (&parts.file, &parts.passphrase) {
            (Some(file), Some(passphrase)) => {
                Some((self.readable("keys.file", file)?, self.secret("keys.passphrase", passphrase)?))
            }
            (None, None) => None,
            _ => return Err(self.incomplete(keys, "file and passphrase belong together")),
        };
        let token = match (&parts.module, &parts.token, &parts.pin) {
            (Some(module), Some(token), Some(pin)) => Some(TokenPlace {
                module: self.dir.join(module),
                token: token.clone(),
                pin: self.secret("keys.pin", pin)?,
            }),
            (None, None, None) => None,
            _ => return Err(self.incomplete(keys, "module, token and pin belong together")),
        };
        match (&parts.profile, file, token) {
            (Some(profile), file, token) => Ok(KeyPlace::Profile(ProfilePlace {
                profile: self.readable("keys.profile", profile)?,
                file,
                token,
                node: parts.node.clone().unwrap_or_else(node),
            })),
            (None, Some((path, passphrase)), None) => Ok(KeyPlace::File { path, passphrase }),
            (None, None, _) => Err(self.incomplete(keys, "neither file nor profile is given")),
            (None, Some(_), Some(_)) => {
                Err(self
                    .incomplete(keys, "a module holds the keys that a profile declares, and there is none"))
            }
        }
    }

    fn incomplete(&self, keys: &Spanned<KeysFile>, problem: &str) -> ConfigError {
        let remedy = "give file and passphrase; or profile, with module, token and pin";
        self.error(keys, format!("keys: {problem}"), remedy)
    }

    pub(super) fn secret(&self, key: &str, source: &Spanned<String>) -> Result<SecretSource, ConfigError> {
        let read: Result<SecretSource, SecretError> = source.as_ref().parse();
        let read = read.map_err(|error| self.error(source, format!("{key}: {error}"), POINT))?;
        Ok(read.relative_to(self.dir))
    }
}

/// The name of this machine, as far as it can stand in a certificate.
fn node() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let fits = |one: &char| one.is_ascii_alphanumeric() || ".-".contains(*one);
    let name: String = name.chars().filter(fits).take(63).collect();
    if name.is_empty() { "node".to_owned() } else { name }
}
