//! Where does the holder's PIN come from?
//!
//! Never from the command line, which every user of the machine can see, and never typed where a terminal would show it: it is
//! pointed at, in the four forms that all secrets of Bawaba have.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::str::FromStr;

use card_reader::Pin;
use clap::Args;
use zeroize::Zeroizing;

use crate::failure::Failure;

/// Octets that are read: eight digits and a line end are ten.
const OCTETS: u64 = 64;

/// Whether the holder agrees by PIN, and where the PIN is.
#[derive(Debug, Args)]
pub(crate) struct HolderArgs {
    /// Step the session up by the holder's PIN (acr=holder), right after it was opened.
    #[arg(long)]
    pub(crate) holder: bool,
    /// Where the PIN is read: env:NAME, fd:N, credential:NAME or file:PATH (mode 0600). With --card, that card's own PIN without it.
    #[arg(long, value_name = "SOURCE", requires = "holder")]
    pub(crate) pin_from: Option<PinSource>,
    /// Try the PIN even if the card would block it after one more wrong one.
    #[arg(long, requires = "holder")]
    pub(crate) last_try: bool,
}

/// Where a secret is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PinSource {
    /// An environment variable.
    Environment(String),
    /// An open file descriptor.
    Descriptor(u32),
    /// A file of systemd's `$CREDENTIALS_DIRECTORY`.
    Credential(String),
    /// A file that only its owner can read.
    File(PathBuf),
}

impl FromStr for PinSource {
    type Err = String;

    /// What names no source is not repeated: it may be the PIN itself.
    fn from_str(text: &str) -> Result<PinSource, String> {
        let plain = |name: &str| {
            !name.is_empty()
                && !name.starts_with('.')
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
        };
        let source = match text.split_once(':') {
            Some(("env", name)) if plain(name) => PinSource::Environment(name.to_owned()),
            Some(("fd", number)) => PinSource::Descriptor(number.parse().map_err(|_| SOURCES.to_owned())?),
            Some(("credential", name)) if plain(name) => PinSource::Credential(name.to_owned()),
            Some(("file", path)) if !path.is_empty() => PinSource::File(PathBuf::from(path)),
            _ => return Err(SOURCES.to_owned()),
        };
        Ok(source)
    }
}

const SOURCES: &str = "write env:NAME, fd:N, credential:NAME or file:PATH";

impl PinSource {
    pub(crate) fn read(&self) -> Result<Pin, Failure> {
        let text = self.text().map_err(|why| Failure::Usage(format!("the PIN cannot be read: {why}")))?;
        Pin::parse(&text)
            .ok_or_else(|| Failure::Usage("a PIN is four to eight digits, nothing else".to_owned()))
    }

    fn text(&self) -> Result<Zeroizing<String>, String> {
        match self {
            PinSource::Environment(name) => {
                std::env::var(name).map(Zeroizing::new).map_err(|_| format!("{name} is not set"))
            }
            PinSource::Descriptor(number) => bounded(&PathBuf::from(format!("/proc/self/fd/{number}"))),
            PinSource::Credential(name) => match std::env::var_os("CREDENTIALS_DIRECTORY") {
                Some(folder) => bounded(&PathBuf::from(folder).join(name)),
                None => Err("CREDENTIALS_DIRECTORY is not set".to_owned()),
            },
            PinSource::File(path) => {
                let mode = std::fs::metadata(path).map_err(|error| format!("{}: {error}", path.display()))?;
                if mode.mode() & 0o077 != 0 {
                    return Err(format!("{}: others can read it; chmod 600", path.display()));
                }
                bounded(path)
            }
        }
    }
}

fn bounded(path: &std::path::Path) -> Result<Zeroizing<String>, String> {
    // Room for all of it from the start: a growing buffer would leave copies behind.
    let mut text = Zeroizing::new(String::with_capacity(256));
    let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    file.take(OCTETS).read_to_string(&mut text).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn four_forms_and_a_pin_itself_is_none_of_them() {
        for good in ["env:PIN", "fd:3", "credential:pin", "file:/run/pin"] {
            assert!(good.parse::<PinSource>().is_ok(), "{good}");
        }
        for bad in ["4417", "env:", "fd:x", "credential:../pin", "file:", "pin:4417"] {
            let refused = bad.parse::<PinSource>().unwrap_err();
            assert!(!refused.contains("4417"), "{refused}");
        }
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pin");
        std::fs::write(&path, "4417\n").unwrap();
        let source = PinSource::File(path.clone());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(source.read().is_err());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(source.read().is_ok());
        std::fs::write(&path, "none\n").unwrap();
        assert!(source.read().is_err());
    }
}
