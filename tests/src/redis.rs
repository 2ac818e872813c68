//! A Redis of one's own: a real server, or a real cluster of three, in a temporary folder, to be stopped, killed and paused.

use std::fs::Permissions;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::harness::free_base;
use crate::program::{self, Running};

/// What every user of these servers says.
pub const PASSWORD: &str = "redis-test-4711";

/// The user that may do no more than the gateway needs; its rights are those that the README gives.
pub const USER: &str = "bawaba";

/// How long a server may take to come up.
const START_LIMIT: Duration = Duration::from_secs(30);

/// One server (mémoire partagée d'essai). Nothing is written to disk unless asked for: a restart forgets all.
pub struct Redis {
    folder: tempfile::TempDir,
    port: u16,
    scheme: &'static str,
    running: Mutex<Option<Running>>,
}

/// Three masters that share the keys among them.
pub struct RedisCluster {
    nodes: Vec<Redis>,
}

impl Redis {
    /// A server that is up.
    #[must_use]
    pub fn start() -> Self {
        Self::configured("")
    }

    /// A server that keeps what it was told across a restart (`appendfsync always`).
    #[must_use]
    pub fn durable() -> Self {
        Self::configured("appendonly yes\nappendfsync always\n")
    }

    /// A server with more lines in its configuration.
    #[must_use]
    pub fn configured(more: &str) -> Self {
        let server = Self::on(free_base(), "redis", more);
        server.up();
        server
    }

    /// A server that speaks TLS only, with this certificate and key.
    #[must_use]
    pub fn with_tls(certificate: &Path, key: &Path) -> Self {
        let (certificate, key) = (certificate.display(), key.display());
        let base = free_base();
        let more = format!(
            "port 0\ntls-port {base}\ntls-cert-file {certificate}\ntls-key-file {key}\ntls-auth-clients no\n"
        );
        let server = Self::on(base, "rediss", &more);
        server.up();
        server
    }

    fn on(port: u16, scheme: &'static str, more: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let rights = "~bawaba:* &bawaba:* -@all +@connection +@scripting +@read +@write +@fast +@pubsub +cluster +time +info";
        let text = format!(
            "bind 127.0.0.1\nport {port}\ndir {}\nsave \"\"\nappendonly no\nloglevel warning\n\
             unixsocket {}\nrequirepass {PASSWORD}\nmasterauth {PASSWORD}\nuser {USER} on >{PASSWORD} {rights}\n{more}",
            folder.path().display(),
            folder.path().join("redis.sock").display(),
        );
        std::fs::write(folder.path().join("redis.conf"), text).expect("a writable folder");
        let server = Self { folder, port, scheme, running: Mutex::default() };
        std::fs::write(server.password_file(), PASSWORD).expect("a writable folder");
        // A secret that others can read is refused.
        std::fs::set_permissions(server.password_file(), Permissions::from_mode(0o600)).expect("our file");
        server
    }

    fn up(&self) {
        self.launch();
        let start = Instant::now();
        while !self.try_cli(&["PING"]).contains("PONG") {
            assert!(start.elapsed() < START_LIMIT, "redis-server does not come up");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn launch(&self) {
        let mut command = Command::new("redis-server");
        command.arg(self.folder.path().join("redis.conf")).current_dir(self.folder.path());
        let started = command
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("redis-server is not installed: run the tests through `make test`");
        *self.running() = Some(Running::over(started));
    }

    /// Where it is; without the password.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://{}:{}", self.scheme, Ipv4Addr::LOCALHOST, self.port)
    }

    /// The same for the user with few rights.
    #[must_use]
    pub fn user_url(&self) -> String {
        format!("{}://{USER}@{}:{}", self.scheme, Ipv4Addr::LOCALHOST, self.port)
    }

    /// The file with the password.
    #[must_use]
    pub fn password_file(&self) -> PathBuf {
        self.folder.path().join("password")
    }

    /// The `[state]` of a gateway that uses it.
    #[must_use]
    pub fn state(&self) -> toml::Table {
        state(vec![self.user_url()], &self.password_file(), false)
    }

    /// Ends it politely; what is not on disk is gone.
    pub fn stop(&self) {
        let Some(running) = self.running().take() else { return };
        running.signal("TERM");
        running.finish(START_LIMIT);
    }

    /// `kill -9`.
    pub fn kill(&self) {
        drop(self.running().take());
    }

    /// Starts it again, in the same place.
    pub fn start_again(&self) {
        assert!(self.running().is_none(), "it runs");
        self.up();
    }

    /// A server that comes back knowing nothing.
    pub fn lose_memory(&self) {
        self.kill();
        self.start_again();
    }

    /// Stands still without going away: connections stay, nothing is answered (`SIGSTOP`).
    pub fn pause(&self) {
        self.running().as_ref().expect("it runs").signal("STOP");
    }

    /// Goes on, with all that was sent meanwhile.
    pub fn resume(&self) {
        self.running().as_ref().expect("it runs").signal("CONT");
    }

    /// What `redis-cli` says to these words.
    #[must_use]
    pub fn cli(&self, words: &[&str]) -> String {
        let said = self.try_cli(words);
        assert!(!said.contains("Could not connect"), "{said}");
        said
    }

    fn try_cli(&self, words: &[&str]) -> String {
        let mut command = Command::new("redis-cli");
        // By the socket in its folder: it works under TLS as well.
        command.arg("-s").arg(self.folder.path().join("redis.sock")).args(words);
        said(&mut command)
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RedisCluster {
    /// Three masters without replicas, joined.
    #[must_use]
    pub fn start() -> Self {
        Self::with_replicas(0)
    }

    /// Three masters with so many replicas each; those are never promoted unless asked to.
    #[must_use]
    pub fn with_replicas(replicas: u16) -> Self {
        let (base, buses) = (free_base(), free_base());
        let nodes: Vec<_> = (0..3 + 3 * replicas)
            .map(|place| {
                let more = format!(
                    "cluster-enabled yes\ncluster-port {}\ncluster-node-timeout 2000\n\
                     cluster-replica-no-failover yes\n",
                    buses + place
                );
                let node = Redis::on(base + place, "redis", &more);
                node.up();
                node
            })
            .collect();
        let mut command = Command::new("redis-cli");
        command.args(["--cluster", "create"]);
        command.args(nodes.iter().map(|node| format!("{}:{}", Ipv4Addr::LOCALHOST, node.port)));
        command.args(["--cluster-replicas", &replicas.to_string(), "--cluster-yes"]);
        let made = said(&mut command);
        assert!(made.contains("[OK] All 16384 slots covered"), "{made}");
        let cluster = Self { nodes };
        let start = Instant::now();
        while !cluster.is_whole() {
            assert!(start.elapsed() < START_LIMIT, "the cluster does not come up");
            std::thread::sleep(Duration::from_millis(20));
        }
        cluster
    }

    /// Its servers.
    #[must_use]
    pub fn nodes(&self) -> &[Redis] {
        &self.nodes
    }

    /// The `[state]` of a gateway that uses it.
    #[must_use]
    pub fn state(&self) -> toml::Table {
        let urls = self.nodes.iter().map(Redis::user_url).collect();
        let password = self.nodes.first().expect("three nodes").password_file();
        state(urls, &password, true)
    }

    /// The server that holds this key.
    #[must_use]
    pub fn holder_of(&self, key: &str) -> &Redis {
        let holds = |node: &&Redis| !node.cli(&["EXISTS", key]).contains("MOVED");
        self.nodes.iter().find(holds).expect("every slot has its master")
    }

    /// A replica of this master.
    #[must_use]
    pub fn replica_of(&self, master: &Redis) -> &Redis {
        let id = master.cli(&["CLUSTER", "MYID"]);
        let follows = |node: &&Redis| {
            let nodes = node.cli(&["CLUSTER", "NODES"]);
            let myself = nodes.lines().find(|line| line.contains("myself")).unwrap_or_default();
            myself.split_whitespace().nth(3) == Some(id.trim())
        };
        self.nodes.iter().find(follows).expect("a replica")
    }

    /// Whether every server believes that every slot is served.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.nodes.iter().all(|node| node.try_cli(&["CLUSTER", "INFO"]).contains("cluster_state:ok"))
    }
}

fn state(urls: Vec<String>, password: &Path, cluster: bool) -> toml::Table {
    let mut table = toml::Table::new();
    table.insert("redis".to_owned(), urls.into());
    table.insert("password".to_owned(), format!("file:{}", password.display()).into());
    table.insert("cluster".to_owned(), cluster.into());
    table
}

fn said(command: &mut Command) -> String {
    command.env("REDISCLI_AUTH", PASSWORD).stdin(std::process::Stdio::null());
    let output = program::run(command, START_LIMIT);
    format!("{}{}", program::text(&output.stdout), program::text(&output.stderr))
}
