//! What if the module is another process, and that process dies?

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
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
        Self::start_at(station, &station.folder.join("socket"))
    }

    fn start_at(station: &Station, socket: &Path) -> Self {
        let socket = socket.to_owned();
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
        while UnixStream::connect(&socket).is_err() {
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
        // This p11-kit does not carry AES-GCM over its socket: the sealing keys live in a file.
        let mut profile = STAGING.to_owned();
        for (role, id) in [("registry-sealing", "b7"), ("state-sealing", "b8")] {
            let token = format!("place = \"pkcs11\"\nlabel = \"bawaba-{role}\"\nid = \"{id}\"");
            assert!(profile.contains(&token));
            profile = profile.replace(&token, &format!("place = \"sealed-file\"\nlabel = \"bawaba-{role}\""));
        }
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

/// Carries what client and server say, until the budget of answers is used up: the next one is lost on the way.
fn relay(front: &Path, back: PathBuf, answers: Arc<AtomicI64>) {
    let listener = UnixListener::bind(front).unwrap();
    thread::spawn(move || {
        for client in listener.incoming() {
            let (client, server) = (client.unwrap(), UnixStream::connect(&back).unwrap());
            let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            thread::spawn(move || carry(from, to, || true));
            let answers = answers.clone();
            thread::spawn(move || carry(server, client, || answers.fetch_sub(1, Ordering::SeqCst) > 0));
        }
    });
}

fn carry(mut from: UnixStream, mut to: UnixStream, goes_on: impl Fn() -> bool) {
    let mut bytes = [0; 64 << 10];
    while let Ok(read @ 1..) = from.read(&mut bytes) {
        if !goes_on() || to.write_all(&bytes[..read]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

/// Making keys is never repeated blindly: whichever answer of the module is lost, no role gets two keys.
///
/// The module itself is not killed here: SoftHSM writes its token in place, and dies with an unreadable one.
#[test]
fn no_key_is_made_twice_whichever_answer_is_lost() {
    isolated(module_path!(), "no_key_is_made_twice_whichever_answer_is_lost", |station| {
        let Some(client) = CLIENTS.iter().map(PathBuf::from).find(|path| path.exists()) else {
            println!("SKIPPED: p11-kit-modules is not installed (make setup installs it)");
            return;
        };
        let (place, profile) = (station.place_of(&client), Profile::parse(STAGING).unwrap());
        let _server = Server::start_at(station, &station.folder.join("behind"));
        let answers = Arc::new(AtomicI64::new(0));
        relay(&station.folder.join("socket"), station.folder.join("behind"), answers.clone());
        let mut failures = 0;
        for round in 0..2_000 {
            answers.store(round, Ordering::SeqCst);
            match TokenKeys::provision(&place, &profile, MADE) {
                Ok(_) => break,
                Err(error) => {
                    assert!(error.code().starts_with("hsm-"), "{error:?}");
                    assert_ne!(error.code(), "hsm-key-twice");
                    failures += 1;
                }
            }
        }
        assert!(failures > 20, "{failures} answers were lost");
        // Seen by the module itself, without the server: one of each.
        assert_eq!(TokenKeys::view(&station.place(), &profile).unwrap().len(), KeyRole::ALL.len());
    });
}
