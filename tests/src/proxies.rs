//! Proxies that are not ours: real nginx and HAProxy, on the configurations that we ship, ports and paths replaced.

use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::counter::Counter;
use crate::harness::{Harness, free_base};
use crate::program::{self, Running};
use crate::raw::Wire;
use crate::source;

/// Where the shipped configurations expect certificates and keys.
const SHIPPED_FOLDER: &str = "/etc/bawaba-proxy";

/// A proxy in front of a service, asking the gateway (*mandataire du service*).
pub struct Proxy {
    /// Its name in messages.
    pub name: &'static str,
    /// Where it listens, for mTLS.
    pub address: SocketAddr,
    running: Running,
    _folder: tempfile::TempDir,
}

/// Where a proxy of the dossier finds what it needs.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    /// The gateway's kingdom.
    pub town: &'a Harness,
    /// The gateway's API port.
    pub gateway: u16,
    /// The dossier's own port.
    pub service: u16,
}

impl<'a> Around<'a> {
    /// Everything where it is.
    pub fn of(town: &'a Harness) -> Self {
        Self { town, gateway: town.api.port(), service: service_port(town) }
    }
}

/// The dossier's port, as the gateway is configured.
fn service_port(town: &Harness) -> u16 {
    let text = std::fs::read_to_string(town.files.config()).expect("a configuration");
    let config: toml::Table = text.parse().expect("TOML");
    let url = config["backends"]["dossier"]["url"].as_str().expect("a URL");
    url.trim_end_matches('/').rsplit_once(':').expect("a port").1.parse().expect("a port")
}

impl Proxy {
    /// Both that can run here, in front of the dossier; one that is not installed is said to be skipped.
    pub fn both(around: Around<'_>) -> Vec<Self> {
        [Self::nginx(around), Self::haproxy(around)].into_iter().flatten().collect()
    }

    /// Debian's nginx.
    pub fn nginx(around: Around<'_>) -> Option<Self> {
        let program = installed("nginx", "/usr/sbin/nginx")?;
        let folder = prepared(around.town);
        let port = free_base();
        let shipped = source::read("gateway/config/proxies/nginx.conf");
        let text = localised(&shipped, around, folder.path())
            .replace("listen 443 ", &format!("listen 127.0.0.1:{port} "));
        // The shipped file is one of /etc/nginx/conf.d; this is what stands around it there.
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .iter()
            .map(|kind| format!("{kind}_temp_path {}/{kind};\n", folder.path().display()))
            .collect();
        let whole = format!(
            "worker_processes 1;\npid {0}/nginx.pid;\nerror_log stderr warn;\nevents {{}}\nhttp {{\n{temporary}{text}\n}}\n",
            folder.path().display()
        );
        let conf = folder.path().join("nginx.conf");
        std::fs::write(&conf, whole).expect("a writable folder");
        let mut command = Command::new(program);
        command.arg("-p").arg(folder.path()).arg("-c").arg(&conf).args(["-g", "daemon off;"]);
        Some(Self::started("nginx", &mut command, port, folder))
    }

    /// Debian's HAProxy.
    pub fn haproxy(around: Around<'_>) -> Option<Self> {
        let program = installed("haproxy", "/usr/sbin/haproxy")?;
        let folder = prepared(around.town);
        let port = free_base();
        let socket = folder.path().join("bawaba.sock");
        for name in ["haproxy.cfg", "haproxy-authorize.lua"] {
            let shipped = source::read(&format!("gateway/config/proxies/{name}"));
            let text = localised(&shipped, around, folder.path())
                .replace("bind :443 ", &format!("bind 127.0.0.1:{port} "))
                .replace("/run/haproxy/bawaba.sock", socket.to_str().expect("UTF-8"));
            std::fs::write(folder.path().join(name), text).expect("a writable folder");
        }
        let mut command = Command::new(program);
        command.arg("-db").arg("-f").arg(folder.path().join("haproxy.cfg"));
        Some(Self::started("haproxy", &mut command, port, folder))
    }

    fn started(name: &'static str, command: &mut Command, port: u16, folder: tempfile::TempDir) -> Self {
        let mut running = Running::start(command.stdin(Stdio::null()));
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            if let Some(status) = running.ended() {
                panic!("{name}: {status}: {}", program::text(&running.finish(Duration::ZERO).stderr));
            }
            assert!(start.elapsed() < Duration::from_secs(30), "{name} does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { name, address, running, _folder: folder }
    }

    /// A counter that goes through this proxy.
    pub fn counter(&self, town: &Harness, client: &str) -> Counter {
        Counter::new(self.address, &town.files.ca_certificate(), Some(&town.identity(client)))
    }

    /// A connection to it that speaks bytes.
    pub async fn wire(&self, town: &Harness, client: &str) -> Wire {
        town.wire_to(self.address, client).await
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // nginx has children, which end with their master only if it is told.
        if self.running.ended().is_none() {
            self.running.signal("TERM");
            let start = Instant::now();
            while self.running.ended().is_none() && start.elapsed() < Duration::from_secs(10) {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    }
}

fn installed(name: &str, path: &'static str) -> Option<&'static str> {
    let there = Path::new(path).exists();
    if !there {
        eprintln!("skipped: {name} is not installed");
    }
    there.then_some(path)
}

/// The certificates of the proxy, under the names that the shipped configurations use.
fn prepared(town: &Harness) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let read = |path: &Path| std::fs::read_to_string(path).expect("a file of the kingdom");
    let (server, server_key) =
        (read(&town.files.back_end_certificate("dossier")), read(&town.files.back_end_key("dossier")));
    let (client, client_key) =
        (read(&town.files.client_certificate("dossier")), read(&town.files.client_key("dossier")));
    for (name, content) in [
        ("ca.pem", read(&town.files.ca_certificate())),
        ("server-with-key.pem", format!("{server}{server_key}")),
        ("client-with-key.pem", format!("{client}{client_key}")),
        ("server.pem", server),
        ("server.key", server_key),
        ("client.pem", client),
        ("client.key", client_key),
    ] {
        std::fs::write(folder.path().join(name), content).expect("a writable folder");
    }
    folder
}

/// Ports, names and paths of this machine; nothing else.
fn localised(shipped: &str, around: Around<'_>, folder: &Path) -> String {
    shipped
        .replace("bawaba.example.ma:8440", &format!("127.0.0.1:{}", around.gateway))
        .replace("127.0.0.1:9443", &format!("127.0.0.1:{}", around.service))
        .replace("bawaba.example.ma", "localhost")
        .replace("dossier.example.ma", "localhost")
        .replace(SHIPPED_FOLDER, folder.to_str().expect("UTF-8"))
}
