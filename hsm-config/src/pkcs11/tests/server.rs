//! What if the module is another process, and that process dies?

use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::recovery::{signs, signs_again};
use super::station::{Station, isolated};
use super::{MADE, NOW, STAGING};
use crate::pkcs11::TokenKeys;
use crate::{KeyRole, Profile, Signer as _};

const CLIENTS: [&str; 2] = [
    "/usr/lib/x86_64-linux-gnu/pkcs11/p11-kit-client.so",
    "/usr/lib/aarch64-linux-gnu/pkcs11/p11-kit-client.so",
];

/// SoftHSM2 behind a socket (`p11-kit server`), as a network module is behind its daemon.
struct Server {
    process: Child,
    socket: PathBuf,
    alive: bool,
}

impl Server {
    fn start(station: &Station) -> Self {
        let socket = station.folder.join("socket");
        let process = station
            .environment(Command::new("p11-kit"))
            .args(["server", "--foreground", "--provider"])
            .arg(&station.library)
            .arg("--name")
            .arg(&socket)
            .arg("pkcs11:")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // It forks for each client: the group is what is killed.
            .process_group(0)
            .spawn()
            .unwrap();
        let begun = Instant::now();
        while !socket.exists() {
            assert!(begun.elapsed() < Duration::from_secs(10), "p11-kit server did not start");
            thread::sleep(Duration::from_millis(10));
        }
        Self { process, socket, alive: true }
    }

    fn kill(&mut self) {
        let group = format!("-{}", self.process.id());
        let killed = Command::new("kill").args(["-KILL", "--", &group]).status().unwrap();
        assert!(killed.success());
        self.process.wait().unwrap();
        self.alive = false;
        std::fs::remove_file(&self.socket).unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.alive {
            self.kill();
        }
    }
}

#[test]
fn a_module_that_is_killed_and_started_again_is_used_again() {
    isolated(module_path!(), "a_module_that_is_killed_and_started_again_is_used_again", |station| {
        let Some(client) = CLIENTS.iter().map(PathBuf::from).find(|path| path.exists()) else {
            println!("SKIPPED: p11-kit-modules is not installed (make setup installs it)");
            return;
        };
        // This p11-kit does not carry AES-GCM over its socket: the sealing key lives in a file.
        let profile = STAGING.replacen(
            "place = \"pkcs11\"\nlabel = \"bawaba-registry-sealing\"\nid = \"b7\"",
            "place = \"sealed-file\"\nlabel = \"bawaba-registry-sealing\"",
            1,
        );
        let profile = Profile::parse(&profile).unwrap();
        let place = station.place_of(&client);
        let mut server = Server::start(station);
        TokenKeys::provision(&place, &profile, MADE).unwrap();
        let keys = TokenKeys::open(&place, &profile).unwrap();
        let key = keys.current(KeyRole::BackendTokenSigning, NOW).unwrap();
        let code = keys.mac(KeyRole::RegistryIndex, b"BK123456").unwrap();
        for _ in 0..3 {
            signs(&keys, &key).unwrap();
            server.kill();
            let begun = Instant::now();
            let error = signs(&keys, &key).unwrap_err();
            assert!(error.code().starts_with("hsm-"), "{error}");
            assert!(begun.elapsed() < Duration::from_secs(3), "bounded, but took {:?}", begun.elapsed());
            thread::sleep(Duration::from_millis(300));
            signs(&keys, &key).unwrap_err();
            server = Server::start(station);
            signs_again(&keys, &key);
            assert_eq!(keys.mac(KeyRole::RegistryIndex, b"BK123456").unwrap(), code);
        }
        // Killed and back before anybody asks: nobody notices.
        server.kill();
        server = Server::start(station);
        signs(&keys, &key).unwrap();
        drop(server);
    });
}
