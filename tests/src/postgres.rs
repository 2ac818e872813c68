//! A PostgreSQL of one's own: real server, private folder, free port; it can be stopped, killed, frozen, brought back.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use gateway::store::{self, PostgresHost, PostgresPlace};
use hsm_config::SecretSource;

use crate::harness::free_base;

/// The password of both roles.
pub const PASSWORD: &str = "test-password-4711";
/// The role that owns the schema and migrates it.
pub const OWNER: &str = "bawaba_owner";
/// The role of the gateways.
pub const GATEWAY: &str = "bawaba_gateway";
/// The database.
pub const DATABASE: &str = "bawaba";

/// Time for a server on a busy machine to start or to recover.
const PATIENCE: Duration = Duration::from_secs(60);

/// As an operator of one machine would set it up, but small. Durability is not touched.
const SETTINGS: &str = "listen_addresses = '127.0.0.1'\nmax_connections = 60\nshared_buffers = 16MB\n\
    max_wal_size = 256MB\nwal_level = replica\nmax_wal_senders = 4\nhot_standby = on\n\
    logging_collector = off\nlog_min_messages = fatal\ntimezone = 'UTC'\nautovacuum_naptime = 1h\n";

/// A real server (serveur d'essai), gone with its folder when the test lets go of it.
pub struct Postgres {
    folder: tempfile::TempDir,
    port: u16,
    server: Option<Child>,
}

impl Postgres {
    /// A running server with an empty database [`DATABASE`], the roles [`OWNER`] and [`GATEWAY`], and no schema.
    pub fn start() -> Self {
        Self::start_with("")
    }

    /// The same with more lines in `postgresql.conf`.
    pub fn start_with(settings: &str) -> Self {
        let mut server = Self::in_folder();
        let mut make = server.tool("initdb");
        make.args(["--no-sync", "--no-instructions", "--encoding=UTF8", "--locale=C.UTF-8"]);
        make.args(["--username=postgres", "--auth-local=trust", "--auth-host=scram-sha-256", "--pgdata"]);
        succeeds(make.arg(server.data()));
        server.configure(settings);
        server.restart();
        server.sql(
            "postgres",
            &format!(
                "CREATE ROLE {OWNER} LOGIN PASSWORD '{PASSWORD}'; CREATE ROLE {GATEWAY} LOGIN PASSWORD '{PASSWORD}'"
            ),
        );
        server.sql("postgres", &format!("CREATE DATABASE {DATABASE} OWNER {OWNER}"));
        server
    }

    /// A hot standby of this server, which follows it until it is promoted.
    pub fn standby(&self) -> Self {
        let mut standby = Self::in_folder();
        let mut copy = standby.tool("pg_basebackup");
        copy.args([
            "--write-recovery-conf",
            "--checkpoint=fast",
            "--wal-method=stream",
            "--username=postgres",
        ]);
        succeeds(
            copy.arg("--host")
                .arg(self.folder.path())
                .args(["--port", &self.port.to_string(), "--pgdata"])
                .arg(standby.data()),
        );
        standby.configure("");
        standby.restart();
        standby
    }

    /// Makes a standby the new primary.
    pub fn promote(&self) {
        self.sql("postgres", "SELECT pg_promote(true, 60)");
    }

    /// Shows this certificate to whoever connects from now on; TCP without TLS is refused.
    pub fn use_tls(&mut self, certificate_pem: &str, key_pem: &str) {
        for (name, text) in [("server.crt", certificate_pem), ("server.key", key_pem)] {
            let path = self.data().join(name);
            std::fs::write(&path, text).expect("a writable folder");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("a file of ours");
            if let Some(user) = other_user() {
                succeeds(Command::new("chown").arg(user).arg(&path));
            }
        }
        let access = "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n";
        std::fs::write(self.data().join("pg_hba.conf"), access).expect("a writable folder");
        self.configure("ssl = on\n");
        self.restart();
    }

    /// Where gateways connect, without the password.
    pub fn url(&self) -> String {
        self.url_as(GATEWAY)
    }

    /// The same for the owner of the schema.
    pub fn owner_url(&self) -> String {
        self.url_as(OWNER)
    }

    /// The same for this role.
    pub fn url_as(&self, role: &str) -> String {
        format!("postgres://{role}@127.0.0.1:{}/{DATABASE}", self.port)
    }

    /// The server as a gateway's configuration has it.
    pub fn place(&self) -> PostgresPlace {
        self.place_as(GATEWAY)
    }

    /// The same for the owner of the schema.
    pub fn owner_place(&self) -> PostgresPlace {
        self.place_as(OWNER)
    }

    /// The same for this role.
    pub fn place_as(&self, role: &str) -> PostgresPlace {
        let host = PostgresHost {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            user: role.to_owned(),
            database: DATABASE.to_owned(),
        };
        let password = Some(SecretSource::File(self.password_file()));
        PostgresPlace { hosts: vec![host], password, ca: None }
    }

    /// Makes the schema, as its owner, and lets the gateways' role use it.
    pub async fn migrate(&self) {
        store::migrate(&self.owner_place(), Some(GATEWAY)).await.expect("a schema");
    }

    /// A file with [`PASSWORD`], mode 0600: `password = "file:…"`.
    pub fn password_file(&self) -> PathBuf {
        self.folder.path().join("password")
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder of its Unix socket.
    pub fn socket_folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs SQL as the superuser; each row is a line, columns separated by `|`.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        let mut psql = self.tool("psql");
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]);
        psql.arg("--host").arg(self.folder.path()).args([
            "--port",
            &self.port.to_string(),
            "--username=postgres",
        ]);
        succeeds(psql.args(["--dbname", database, "--command", sql])).trim().to_owned()
    }

    /// Stops in order; connections are cut (`pg_ctl stop -m fast`).
    pub fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            signal("INT", &[server.id()]);
            server.wait().expect("a child of ours");
        }
    }

    /// `kill -9` of every process of the server at once, as a power cut ends it.
    pub fn kill(&mut self) {
        let Some(mut server) = self.server.take() else { return };
        let all = stopped(server.id());
        signal("KILL", &all);
        server.wait().expect("a child of ours");
        // A new server refuses the folder while a process of the old one is attached to its memory.
        while all.iter().any(|process| parent(*process).is_some()) {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Freezes it: connections stay open, nothing answers (SIGSTOP).
    pub fn pause(&self) {
        signal("STOP", &stopped(self.id()));
    }

    /// Goes on after [`pause`](Self::pause).
    pub fn resume(&self) {
        signal("CONT", &stopped(self.id()));
    }

    /// Starts it again, on the same folder and port, and waits until it takes connections.
    pub fn restart(&mut self) {
        self.stop();
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.log()).expect("a log file");
        let mut command = self.tool("postgres");
        command.arg("-D").arg(self.data()).args(["-p", &self.port.to_string(), "-k"]).arg(self.folder.path());
        let server = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn();
        let mut server = server.expect("a server that starts");
        let start = Instant::now();
        while !self.ready(server.id()) {
            let ended = server.try_wait().expect("a child of ours");
            assert!(ended.is_none() && start.elapsed() < PATIENCE, "no PostgreSQL: {}", self.said());
            std::thread::sleep(Duration::from_millis(10));
        }
        self.server = Some(server);
    }

    fn in_folder() -> Self {
        let folder = tempfile::Builder::new().prefix("bawaba-pg-").tempdir().expect("a temporary folder");
        let server = Self { folder, port: free_base(), server: None };
        let mut file = std::fs::File::create(server.password_file()).expect("a writable folder");
        writeln!(file, "{PASSWORD}").expect("a writable folder");
        let mode = std::fs::Permissions::from_mode(0o600);
        file.set_permissions(mode).expect("a file of ours");
        if let Some(user) = other_user() {
            succeeds(Command::new("chown").arg(user).arg(server.folder.path()));
        }
        server
    }

    fn configure(&self, settings: &str) {
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .open(self.data().join("postgresql.conf"))
            .expect("a configuration");
        write!(file, "{SETTINGS}{settings}").expect("a writable folder");
    }

    /// The server says in its lock file how far it is; one that was killed leaves its own behind.
    fn ready(&self, server: u32) -> bool {
        let lock = std::fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        let mut lines = lock.lines().map(str::trim);
        lines.next() == Some(server.to_string().as_str()) && matches!(lines.nth(6), Some("ready" | "standby"))
    }

    fn said(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap_or_default()
    }

    fn id(&self) -> u32 {
        self.server.as_ref().expect("a server that runs").id()
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// A program of PostgreSQL, as a user that it accepts.
    fn tool(&self, name: &str) -> Command {
        let program = binaries().join(name);
        let mut command = match other_user() {
            Some(user) => {
                let mut command = Command::new("setpriv");
                command.args(["--reuid", user, "--regid", user, "--clear-groups"]).arg(program);
                command
            }
            None => Command::new(program),
        };
        command.current_dir(self.folder.path());
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Where the newest server is: Debian puts each version in a folder of its own.
fn binaries() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .max()
        .map(|version| PathBuf::from(format!("/usr/lib/postgresql/{version}/bin")));
    let found = newest.or_else(|| {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).find(|folder| folder.join("initdb").exists())
    });
    found.expect("PostgreSQL is not installed: run the tests through `make test`")
}

/// PostgreSQL does not run as root: there it gets the user that its package made.
fn other_user() -> Option<&'static str> {
    let output = Command::new("id").arg("-u").output().expect("id");
    (output.stdout == b"0\n").then_some("postgres")
}

/// The server, stopped so that it starts no more, and the processes that it has started.
fn stopped(server: u32) -> Vec<u32> {
    signal("STOP", &[server]);
    let processes = std::fs::read_dir("/proc").expect("/proc").flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    std::iter::once(server).chain(ids.filter(|id| parent(*id) == Some(server))).collect()
}

/// Whose child a process is: the second word after the name in brackets (proc(5)). None if it is gone.
fn parent(process: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let mut words = stat.rsplit(')').next()?.split_ascii_whitespace();
    if words.next()? == "Z" { None } else { words.next()?.parse().ok() }
}

fn signal(name: &str, processes: &[u32]) {
    let ids = processes.iter().map(u32::to_string);
    // One of them may have ended by itself.
    let _ = Command::new("kill").arg(format!("-{name}")).args(ids).stderr(Stdio::null()).status();
}

fn succeeds(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
