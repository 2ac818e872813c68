//! What does the `[policies]` section say?

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

use super::ConfigError;
use super::file::Source;
use crate::decisions::{PolicySource, Signers};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PoliciesFile {
    dir: Option<Spanned<PathBuf>>,
    bundle: Option<PathBuf>,
    #[serde(default)]
    signers: Vec<Spanned<PathBuf>>,
}

impl Source<'_> {
    pub(super) fn policies(&self, file: &Spanned<PoliciesFile>) -> Result<PolicySource, ConfigError> {
        let parts = file.as_ref();
        match (&parts.dir, &parts.bundle, parts.signers.is_empty()) {
            (Some(dir), None, true) => Ok(PolicySource::Folder(self.readable("policies.dir", dir)?)),
            // The file may be missing: what another node took decides.
            (None, Some(bundle), false) => {
                Ok(PolicySource::Bundle { file: self.dir.join(bundle), signers: self.signers(file)? })
            }
            _ => {
                let problem = "policies: a folder, or a bundle and who may sign it".to_owned();
                Err(self.error(file, problem, "give dir; or bundle and signers"))
            }
        }
    }

    fn signers(&self, file: &Spanned<PoliciesFile>) -> Result<Signers, ConfigError> {
        let files = &file.as_ref().signers;
        let paths: Vec<PathBuf> = files.iter().map(|file| self.dir.join(file.as_ref())).collect();
        Signers::load(&paths).map_err(|(path, error)| {
            let problem = format!("policies.signers: {}: {error}", path.display());
            let remedy = "give the public key as `bawaba policies sign` prints it, or as `openssl pkey -pubout` makes it";
            match files.iter().zip(&paths).find(|(_, known)| **known == path) {
                Some((wrong, _)) => self.error(wrong, problem, remedy),
                None => self.error(file, problem, remedy),
            }
        })
    }
}
