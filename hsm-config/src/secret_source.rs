//! From where does a passphrase or a PIN come, if not from the command line?
//!
//! Arguments are seen by every user of the machine (`ps`) and kept by shells; so a secret is only ever pointed at.

use std::{
    env, fmt,
    fs::File,
    io::{self, Read as _},
    path::PathBuf,
    str::FromStr,
};

use zeroize::Zeroizing;

use crate::private_file;

/// Octets of the longest passphrase or PIN that is read; a generated one takes less than 100.
pub const MAX_SECRET_LEN: usize = 4 << 10;

/// Where a secret is to be read (*source de secret*): `env:NAME`, `fd:N`, `credential:NAME`, `file:PATH`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// `env:NAME`: an environment variable.
    Environment(String),
    /// `fd:N`: an open file descriptor, read to its end. A pipe gives its secret once.
    Descriptor(u32),
    /// `credential:NAME`: a file of systemd's `$CREDENTIALS_DIRECTORY` (systemd.exec(5), `LoadCredential=`).
    Credential(String),
    /// `file:PATH`: a file that only its owner can read.
    File(PathBuf),
}

/// Why there is no secret. Never carries any of it.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The text names no source. It is not repeated: it may be the secret itself.
    #[error("not a source of a secret; write env:NAME, fd:N, credential:NAME or file:PATH")]
    Unknown,
    /// The source could not be read.
    #[error("{place}: {cause}")]
    Unreadable {
        /// The source.
        place: SecretSource,
        /// What the operating system said.
        cause: io::Error,
    },
    /// The file can be reached by somebody else than its owner.
    #[error("{place}: {cause}")]
    Exposed {
        /// The source.
        place: SecretSource,
        /// Who else.
        cause: private_file::Exposure,
    },
    /// Nothing is there.
    #[error("{0}: empty")]
    Empty(SecretSource),
    /// More than a secret is there.
    #[error("{0}: longer than {MAX_SECRET_LEN} bytes")]
    TooLong(SecretSource),
    /// No text, or text with control characters, which no terminal could have typed.
    #[error("{0}: not one line of UTF-8 text")]
    NotText(SecretSource),
}

impl SecretSource {
    /// Reads the secret, without the one line end that editors and `echo` add.
    ///
    /// # Errors
    /// [`SecretError`]: not there, exposed, empty, too long or not text.
    pub fn read(&self) -> Result<Zeroizing<String>, SecretError> {
        let unreadable = |cause| SecretError::Unreadable { place: self.clone(), cause };
        let mut bytes = match self {
            Self::Environment(name) => {
                let value = env::var_os(name)
                    .ok_or_else(|| unreadable(io::Error::new(io::ErrorKind::NotFound, "not set")))?;
                Zeroizing::new(value.into_encoded_bytes())
            }
            // Opened anew by the kernel, without taking the descriptor from whoever owns it.
            Self::Descriptor(number) => {
                let file = File::open(format!("/proc/self/fd/{number}")).map_err(unreadable)?;
                bounded(file).map_err(unreadable)?
            }
            Self::Credential(name) => {
                let folder = env::var_os("CREDENTIALS_DIRECTORY").ok_or_else(|| {
                    unreadable(io::Error::new(io::ErrorKind::NotFound, "CREDENTIALS_DIRECTORY is not set"))
                })?;
                // The service manager made it, sees to its mode, and may link it from elsewhere.
                bounded(File::open(PathBuf::from(folder).join(name)).map_err(unreadable)?)
                    .map_err(unreadable)?
            }
            Self::File(path) => {
                let file = private_file::open(path).map_err(|refusal| match refusal {
                    private_file::Refusal::Io(cause) => unreadable(cause),
                    private_file::Refusal::Exposed(cause) => {
                        SecretError::Exposed { place: self.clone(), cause }
                    }
                })?;
                bounded(file).map_err(unreadable)?
            }
        };
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
            if bytes.last() == Some(&b'\r') {
                bytes.pop();
            }
        }
        if bytes.is_empty() {
            return Err(SecretError::Empty(self.clone()));
        }
        if bytes.len() > MAX_SECRET_LEN {
            return Err(SecretError::TooLong(self.clone()));
        }
        match std::str::from_utf8(&bytes) {
            Ok(text) if !text.chars().any(char::is_control) => Ok(Zeroizing::new(text.to_owned())),
            _ => Err(SecretError::NotText(self.clone())),
        }
    }

    /// The same source, where a relative path is one of that folder.
    #[must_use]
    pub fn relative_to(self, folder: &std::path::Path) -> Self {
        match self {
            Self::File(path) => Self::File(folder.join(path)),
            other => other,
        }
    }
}

/// Everything there is, up to one byte more than is allowed, and room for it from the start: a growing buffer
/// would leave copies behind.
fn bounded(file: File) -> io::Result<Zeroizing<Vec<u8>>> {
    // Two for a line end, one to know that there is more.
    let most = MAX_SECRET_LEN + 3;
    let mut bytes = Zeroizing::new(Vec::with_capacity(most + 32));
    file.take(u64::try_from(most).unwrap_or(u64::MAX)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

impl FromStr for SecretSource {
    type Err = SecretError;

    fn from_str(text: &str) -> Result<Self, SecretError> {
        let plain = |name: &str| {
            !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
        };
        match text.split_once(':') {
            Some(("env", name)) if plain(name) => Ok(Self::Environment(name.to_owned())),
            Some(("fd", number)) => number.parse().map(Self::Descriptor).map_err(|_| SecretError::Unknown),
            // One plain name (systemd.exec(5)): a path would lead out of the folder.
            Some(("credential", name)) if plain(name) && !name.starts_with('.') => {
                Ok(Self::Credential(name.to_owned()))
            }
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(PathBuf::from(path))),
            _ => Err(SecretError::Unknown),
        }
    }
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(name) => write!(f, "env:{name}"),
            Self::Descriptor(number) => write!(f, "fd:{number}"),
            Self::Credential(name) => write!(f, "credential:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}

impl SecretError {
    /// The stable name of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "secret-source-unknown",
            Self::Unreadable { .. } => "secret-unreadable",
            Self::Exposed { .. } => "secret-exposed",
            Self::Empty(_) => "secret-empty",
            Self::TooLong(_) => "secret-too-long",
            Self::NotText(_) => "secret-not-text",
        }
    }
}
