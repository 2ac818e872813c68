//! What stands before several gateways? HAProxy as a TCP balancer: it sees neither certificates nor requests.

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::program::Running;

/// One gateway, as the balancer sees it.
pub struct Behind {
    /// The mTLS port.
    pub api: SocketAddr,
    /// The public port, where its readiness is asked.
    pub public: SocketAddr,
}

/// A running balancer (répartiteur).
pub struct Balancer {
    _running: Running,
    _folder: tempfile::TempDir,
}

impl Balancer {
    /// Starts it on these two ports; whoever is not ready gets no new connection.
    pub fn start(api: SocketAddr, public: SocketAddr, gateways: &[Behind]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("haproxy.cfg");
        let text = configuration(api, public, gateways);
        std::fs::File::create(&file).and_then(|mut file| file.write_all(text.as_bytes())).expect("a file");
        let mut command = Command::new("/usr/sbin/haproxy");
        command.args(["-db", "-q", "-f"]).arg(&file).stdout(Stdio::null()).stderr(Stdio::piped());
        let child = command.spawn().expect("haproxy is not installed: run the tests through `make test`");
        let mut running = Running::over(child);
        let start = Instant::now();
        while TcpStream::connect(api).and_then(|_| TcpStream::connect(public)).is_err() {
            assert!(running.ended().is_none(), "haproxy does not take\n{text}");
            assert!(start.elapsed() < Duration::from_secs(30), "haproxy does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { _running: running, _folder: folder }
    }
}

/// `agent`-less: readiness is asked over plain HTTP on the public port, as any balancer can.
fn configuration(api: SocketAddr, public: SocketAddr, gateways: &[Behind]) -> String {
    let mut text = "global\n    maxconn 4000\ndefaults\n    mode tcp\n    timeout connect 2s\n    timeout client 120s\n    \
                    timeout server 120s\n    retries 3\n    option redispatch 1\n"
        .to_owned();
    for (name, address) in [("api", api), ("public", public)] {
        text += &format!(
            "frontend {name}\n    bind {address}\n    default_backend {name}_nodes\nbackend {name}_nodes\n    balance roundrobin\n    \
             option httpchk\n    http-check send meth GET uri /readyz ver HTTP/1.1 hdr Host localhost\n    \
             default-server inter 300ms fall 1 rise 1 on-marked-down shutdown-sessions\n"
        );
        for (number, gateway) in gateways.iter().enumerate() {
            let (to, check) =
                if name == "api" { (gateway.api, gateway.public) } else { (gateway.public, gateway.public) };
            text += &format!("    server node{number} {to} check port {}\n", check.port());
        }
    }
    text
}
