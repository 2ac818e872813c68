//! How does each test get a SoftHSM2 of its own?
//!
//! A library is initialised once in a process and reads its configuration from the environment; so each test runs itself
//! again in a process of its own, with a token directory of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::pkcs11::{TokenKeys, TokenPlace};
use crate::{Profile, SecretSource};

/// Where Debian and others put it.
const LIBRARIES: [&str; 4] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
];

pub(crate) const PIN: &str = "test-pin-4711";
const SO_PIN: &str = "test-so-pin-4711";
const FOLDER: &str = "BAWABA_TEST_TOKEN_FOLDER";
const LABEL: &str = "bawaba";

/// A token directory with one fresh token.
pub(crate) struct Station {
    pub(crate) folder: PathBuf,
    pub(crate) library: PathBuf,
}

/// Runs the body in a process of its own; in that process, runs the body.
pub(crate) fn isolated(module: &str, name: &str, body: impl FnOnce(&Station)) {
    let Some(library) = LIBRARIES.iter().map(PathBuf::from).find(|path| path.exists()) else {
        println!("SKIPPED: SoftHSM2 is not installed (make setup installs it)");
        return;
    };
    if let Some(folder) = std::env::var_os(FOLDER) {
        let station = Station { folder: folder.into(), library };
        body(&station);
        std::fs::write(station.folder.join("done"), name).unwrap();
        return;
    }
    let folder = TempDir::new().unwrap();
    let station = Station { folder: folder.path().to_owned(), library };
    station.configure();
    station.init_token(LABEL);
    let path = module.split_once("::").map_or(module, |(_, path)| path);
    let ran = station
        .environment(Command::new(std::env::current_exe().unwrap()))
        .args([&format!("{path}::{name}"), "--exact", "--nocapture"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout) + String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{said}");
    assert!(folder.path().join("done").exists(), "the test did not run: {said}");
    assert!(!said.contains(PIN), "the PIN was printed");
}

impl Station {
    pub(crate) fn tokens(&self) -> PathBuf {
        self.folder.join("tokens")
    }

    fn configure(&self) {
        std::fs::create_dir(self.tokens()).unwrap();
        let text = format!(
            "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
            self.tokens().display()
        );
        std::fs::write(self.folder.join("softhsm2.conf"), text).unwrap();
    }

    pub(crate) fn environment(&self, mut command: Command) -> Command {
        command
            .env("SOFTHSM2_CONF", self.folder.join("softhsm2.conf"))
            .env("BAWABA_TEST_PIN", PIN)
            .env("P11_KIT_SERVER_ADDRESS", format!("unix:path={}", self.folder.join("socket").display()))
            .env(FOLDER, &self.folder);
        command
    }

    pub(crate) fn init_token(&self, label: &str) {
        self.softhsm2_util(&["--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", SO_PIN]);
    }

    pub(crate) fn delete_token(&self) {
        self.softhsm2_util(&["--delete-token", "--token", LABEL]);
    }

    fn softhsm2_util(&self, arguments: &[&str]) {
        let ran = self.environment(Command::new("softhsm2-util")).args(arguments).output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    }

    /// What another program does with the token, by OpenSC's tool.
    pub(crate) fn pkcs11_tool(&self, arguments: &[&str]) -> String {
        let ran = self
            .environment(Command::new("pkcs11-tool"))
            .args([
                "--module",
                self.library.to_str().unwrap(),
                "--token-label",
                LABEL,
                "--login",
                "--pin",
                PIN,
            ])
            .args(arguments)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&ran.stdout) + String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "{said}");
        said.into_owned()
    }

    pub(crate) fn place(&self) -> TokenPlace {
        self.place_of(&self.library)
    }

    pub(crate) fn place_of(&self, module: &Path) -> TokenPlace {
        TokenPlace {
            module: module.to_owned(),
            token: LABEL.to_owned(),
            pin: SecretSource::Environment("BAWABA_TEST_PIN".to_owned()),
        }
    }

    /// The token with every key of the profile.
    pub(crate) fn keys(&self, profile: &str) -> TokenKeys {
        let profile = Profile::parse(profile).unwrap();
        TokenKeys::provision(&self.place(), &profile, super::MADE).unwrap();
        TokenKeys::open(&self.place(), &profile).unwrap()
    }

    /// Takes the token away, as a pulled cable does.
    pub(crate) fn take_away(&self) {
        std::fs::rename(self.tokens(), self.folder.join("away")).unwrap();
    }

    pub(crate) fn bring_back(&self) {
        std::fs::rename(self.folder.join("away"), self.tokens()).unwrap();
    }
}
