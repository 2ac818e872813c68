//! A software HSM of one's own: SoftHSM2 with one token in a temporary folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use hsm_config::{SecretSource, TokenPlace};

/// Where Debian and others put the library.
const LIBRARIES: [&str; 4] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
];

/// The user PIN of the token.
pub const PIN: &str = "test-pin-4711";
/// The label of the token.
pub const TOKEN: &str = "bawaba";
/// The environment variable in which programs find the PIN.
pub const PIN_VARIABLE: &str = "BAWABA_TEST_PIN";

/// A token that can be taken away (jeton d'essai).
pub struct SoftHsm {
    folder: tempfile::TempDir,
    library: PathBuf,
}

impl SoftHsm {
    /// A fresh token without keys; none, said plainly, where SoftHSM2 is not installed.
    pub fn new() -> Option<Self> {
        let Some(library) = LIBRARIES.iter().map(PathBuf::from).find(|path| path.exists()) else {
            println!("SKIPPED: SoftHSM2 is not installed (make setup installs it)");
            return None;
        };
        let hsm = Self { folder: tempfile::tempdir().expect("a temporary folder"), library };
        std::fs::create_dir(hsm.tokens()).expect("a writable folder");
        let text = format!(
            "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
            hsm.tokens().display()
        );
        std::fs::write(hsm.configuration(), text).expect("a writable folder");
        let made = hsm
            .environment(&mut Command::new("softhsm2-util"))
            .args(["--init-token", "--free", "--label", TOKEN, "--pin", PIN, "--so-pin", "test-so-pin"])
            .output()
            .expect("softhsm2-util");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Some(hsm)
    }

    /// Lets a program find the token and its PIN.
    pub fn environment<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env("SOFTHSM2_CONF", self.configuration()).env(PIN_VARIABLE, PIN)
    }

    /// The same as a list.
    pub fn variables(&self) -> Vec<(String, String)> {
        let file = self.configuration().display().to_string();
        vec![("SOFTHSM2_CONF".to_owned(), file), (PIN_VARIABLE.to_owned(), PIN.to_owned())]
    }

    /// The PKCS#11 library.
    pub fn library(&self) -> &Path {
        &self.library
    }

    /// Takes the token away, as a pulled cable does.
    pub fn take_away(&self) {
        std::fs::rename(self.tokens(), self.folder.path().join("away")).expect("a token");
    }

    /// Brings it back.
    pub fn bring_back(&self) {
        std::fs::rename(self.folder.path().join("away"), self.tokens()).expect("a token that is away");
    }

    fn tokens(&self) -> PathBuf {
        self.folder.path().join("tokens")
    }

    fn configuration(&self) -> PathBuf {
        self.folder.path().join("softhsm2.conf")
    }
}

/// The token, for a process that was given [`SoftHsm::environment`].
pub fn place(library: &Path) -> TokenPlace {
    TokenPlace {
        module: library.to_owned(),
        token: TOKEN.to_owned(),
        pin: SecretSource::Environment(PIN_VARIABLE.to_owned()),
    }
}
