//! Where does each file of a demonstration live, and who may read it?

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The folder of one demonstration (dossier d'état): every path of `--state DIR`, in one place.
///
/// The root is absolute, so that a configuration written into it works from any working directory.
#[derive(Debug, Clone)]
pub struct StateFolder {
    root: PathBuf,
}

impl StateFolder {
    /// Makes the folder (readable by its owner alone) if it is missing.
    pub fn create(root: &Path) -> io::Result<Self> {
        create_private_dir(root)?;
        let root = fs::canonicalize(root)?;
        for part in ["clients", "cards", "pki", "csca", "holders", "back-ends"] {
            create_private_dir(&root.join(part))?;
        }
        Ok(Self { root })
    }

    /// An existing folder; nothing is made.
    pub fn open(root: &Path) -> io::Result<Self> {
        Ok(Self { root: fs::canonicalize(root)? })
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The configuration that `bawaba serve` reads.
    pub fn config(&self) -> PathBuf {
        self.root.join("gateway.toml")
    }

    /// Certificate of the demonstration's own authority: what `curl --cacert` takes.
    pub fn ca_certificate(&self) -> PathBuf {
        self.root.join("ca.pem")
    }

    /// Private key of the demonstration's authority.
    pub fn ca_key(&self) -> PathBuf {
        self.root.join("pki/ca.key.pem")
    }

    /// Revocation list of client certificates.
    pub fn client_crl(&self) -> PathBuf {
        self.root.join("pki/clients.crl.pem")
    }

    /// What the authority has issued: serial numbers, expiry, revocations.
    pub fn ledger(&self) -> PathBuf {
        self.root.join("pki/issued.json")
    }

    /// Certificate of the gateway's TLS ports.
    pub fn server_certificate(&self) -> PathBuf {
        self.root.join("pki/server.cert.pem")
    }

    /// Private key of the gateway's TLS ports.
    pub fn server_key(&self) -> PathBuf {
        self.root.join("pki/server.key.pem")
    }

    /// Server certificate of a sample back-end.
    pub fn back_end_certificate(&self, service: &str) -> PathBuf {
        self.root.join("back-ends").join(format!("{service}.cert.pem"))
    }

    /// Server key of a sample back-end.
    pub fn back_end_key(&self, service: &str) -> PathBuf {
        self.root.join("back-ends").join(format!("{service}.key.pem"))
    }

    /// Client certificate of an establishment, a back-end or an auditor.
    pub fn client_certificate(&self, client: &str) -> PathBuf {
        self.root.join("clients").join(client).join("cert.pem")
    }

    /// Client key of an establishment, a back-end or an auditor.
    pub fn client_key(&self, client: &str) -> PathBuf {
        self.root.join("clients").join(client).join("key.pem")
    }

    /// A simulated card.
    pub fn card(&self, name: &str) -> PathBuf {
        self.root.join("cards").join(format!("{name}.json"))
    }

    /// Certificate of the country signer that vouches for the cards.
    pub fn csca_certificate(&self) -> PathBuf {
        self.root.join("csca/csca.pem")
    }

    /// Revocation list of document signers.
    pub fn csca_crl(&self) -> PathBuf {
        self.root.join("csca/csca.crl.pem")
    }

    /// Keys of the country signer and its document signers.
    pub fn csca_keys(&self) -> PathBuf {
        self.root.join("csca/signers.json")
    }

    /// Certificate of the authority of cardholders.
    pub fn holder_ca(&self) -> PathBuf {
        self.root.join("holders/ca.pem")
    }

    /// Its revocation list.
    pub fn holder_crl(&self) -> PathBuf {
        self.root.join("holders/ca.crl.pem")
    }

    /// Its key.
    pub fn holder_keys(&self) -> PathBuf {
        self.root.join("holders/authority.key.json")
    }

    /// The gateway's own keys, sealed.
    pub fn keys(&self) -> PathBuf {
        self.root.join("keys.sealed")
    }

    /// What opens them; beside them only here, in a demonstration.
    pub fn key_passphrase(&self) -> PathBuf {
        self.root.join("keys.passphrase")
    }

    /// Where an earlier version kept the gateway's keys, unsealed.
    pub fn unsealed_keys(&self) -> PathBuf {
        self.root.join("keys.json")
    }

    /// Registry, sessions and audit log.
    pub fn database(&self) -> PathBuf {
        self.root.join("bawaba.db")
    }

    /// Who the cards were made for: invented people, so that a test can look them up.
    pub fn people(&self) -> PathBuf {
        self.root.join("people.json")
    }

    /// Header file with the token of the last session opened by the demonstration.
    pub fn session_header(&self) -> PathBuf {
        self.root.join("session.header")
    }

    /// Taken by the demonstration that runs on this folder.
    pub fn lock(&self) -> PathBuf {
        self.root.join("demo.lock")
    }
}

/// Writes a file that anybody on this machine may read, whole or not at all.
pub fn write_public(path: &Path, content: &[u8]) -> io::Result<()> {
    write(path, content, 0o644)
}

/// Writes a file that only its owner may read (a key, a token), whole or not at all.
pub fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    write(path, content, 0o600)
}

/// A file under another name first, then renamed: a kill at any moment leaves the old content or the new one.
fn write(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;

    if let Some(parent) = path.parent() {
        create_private_dir(parent)?;
    }
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".new");
    let draft = path.with_file_name(name);
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    // The mode is given at creation: a key must not be readable by others even for a moment.
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&draft)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&draft, path)
}

fn create_private_dir(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_private_file_is_private_and_replaced_whole() {
        let dir = tempfile::tempdir().unwrap();
        let folder = StateFolder::create(&dir.path().join("un dossier à espaces")).unwrap();
        write_private(&folder.keys(), b"one").unwrap();
        write_private(&folder.keys(), b"two").unwrap();
        assert_eq!(fs::read(folder.keys()).unwrap(), b"two");
        let mode = fs::metadata(folder.keys()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(folder.root().is_absolute());
    }
}
