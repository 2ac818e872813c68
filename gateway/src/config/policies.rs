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

#[cfg(test)]
mod tests {
    use super::super::ConfigError;
    use super::super::tests::load;
    use super::*;

    fn policies(section: &str) -> Result<PolicySource, ConfigError> {
        let text = include_str!("../../config/sample.toml");
        load(&text.replace("# [policies]", &format!("[policies]\n{section}\n#")))
            .map(|config| config.policies)
    }

    #[test]
    fn policies_are_shipped_or_in_a_folder_or_signed_by_somebody_known() {
        assert_eq!(load(include_str!("../../config/sample.toml")).unwrap().policies, PolicySource::Shipped);
        assert!(matches!(policies("dir = \"csca\""), Ok(PolicySource::Folder(_))));
        for wrong in [
            "",
            "dir = \"nowhere\"",
            "bundle = \"p.jws\"",
            "signers = [\"ca.pem\"]",
            "bundle = \"p.jws\"\nsigners = []",
            "dir = \"csca\"\nbundle = \"p.jws\"\nsigners = [\"ca.pem\"]",
        ] {
            let error = policies(wrong).unwrap_err();
            assert!(error.problem.contains("policies") && error.line.is_some(), "{wrong}: {error}");
        }
        let empty = policies("bundle = \"p.jws\"\nsigners = [\"ca.pem\"]").unwrap_err();
        assert!(empty.problem.contains("not a public P-256 key"), "{empty}");
    }
}
