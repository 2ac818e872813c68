//! Several gateways behind one address: the same configuration, one PostgreSQL, one Redis, a balancer that knows nothing.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use gateway::clock::{Clock as _, SystemClock};
use gateway::config::Config;
use gateway::demo::ports::Ports;
use gateway::store::StorePlace;

use super::{Harness, Plan, addresses, free_base};
use crate::balancer::{Balancer, Behind};
use crate::counter::Counter;
use crate::postgres::Postgres;
use crate::program::{self, Running, bawaba, run};
use crate::redis::Redis;

/// How long a node may take until it is ready, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Gateways that share everything (grappe).
pub struct Cluster {
    /// The town, whose addresses are the balancer's.
    pub town: Harness,
    /// Registry and audit log of all.
    pub postgres: Postgres,
    /// What all remember for a while.
    pub redis: Redis,
    /// The gateways.
    pub nodes: Vec<Node>,
    _balancer: Balancer,
}

/// One gateway of several, as the program (nœud).
pub struct Node {
    /// The mTLS port.
    pub api: SocketAddr,
    /// The public port.
    pub public: SocketAddr,
    config: PathBuf,
    variables: Vec<(String, String)>,
    clock: Option<String>,
    running: Option<Running>,
}

impl Plan {
    /// So many gateways as programs behind one balancer.
    pub async fn start_as_cluster(self, nodes: usize) -> Cluster {
        self.start_as_cluster_at(&vec![None; nodes]).await
    }

    /// The same with a clock for each: none, or what `faketime` takes, such as `+30s`.
    pub async fn start_as_cluster_at(self, clocks: &[Option<&str>]) -> Cluster {
        let (postgres, redis) = (Postgres::start(), Redis::start());
        let (variables, prepared) = (self.variables_of(), self.prepare().await);
        let files = prepared.files.clone();
        let text = std::fs::read_to_string(files.config()).expect("a configuration");
        let mut nodes = Vec::new();
        for (number, clock) in clocks.iter().enumerate() {
            let (api, public) = addresses(Ports::at(free_base()));
            let mut config: toml::Table = text.parse().expect("TOML");
            config["listen"]["api"] = api.to_string().into();
            config["listen"]["public"] = public.to_string().into();
            config.insert("store".to_owned(), store(&postgres, &postgres.url()).into());
            config.insert("state".to_owned(), redis.state().into());
            let file = files.root().join(format!("node-{number}.toml"));
            std::fs::write(&file, config.to_string()).expect("a writable folder");
            let clock = clock.map(str::to_owned);
            nodes.push(Node {
                api,
                public,
                config: file,
                variables: variables.clone(),
                clock,
                running: None,
            });
        }
        let owner = files.root().join("owner.toml");
        let mut config: toml::Table = text.parse().expect("TOML");
        config.insert("store".to_owned(), store(&postgres, &postgres.owner_url()).into());
        std::fs::write(&owner, config.to_string()).expect("a writable folder");
        migrate(&owner).await;
        let first = Config::load(&nodes[0].config).expect("a sound configuration");
        prepared.world().fill(&first.store, SystemClock.now()).await.expect("a registry");
        let town = prepared.without_gateway().await;
        for node in &mut nodes {
            node.start();
        }
        let behind: Vec<_> = nodes.iter().map(|node| Behind { api: node.api, public: node.public }).collect();
        let balancer = Balancer::start(town.api, town.public_port, &behind);
        Cluster { town, postgres, redis, nodes, _balancer: balancer }
    }
}

fn store(postgres: &Postgres, url: &str) -> toml::Table {
    let password = format!("file:{}", postgres.password_file().display());
    toml::Table::from_iter([("postgres".to_owned(), url.into()), ("password".to_owned(), password.into())])
}

/// As the owner of the schema, who lets the gateways' role use it.
async fn migrate(owner: &Path) {
    let config = Config::load(owner).expect("a sound configuration");
    let StorePlace::Postgres(place) = &config.store else { panic!("not PostgreSQL") };
    gateway::store::migrate(place, Some(crate::postgres::GATEWAY)).await.expect("a schema");
}

impl Cluster {
    /// A client at one node, past the balancer.
    pub fn counter_at(&self, node: usize, client: &str) -> Counter {
        let identity = self.town.identity(client);
        Counter::new(self.nodes[node].api, &self.town.files.ca_certificate(), Some(&identity))
    }

    /// `bawaba` on the first node's configuration.
    pub fn operator(&self, words: &[&str]) -> String {
        let mut command = bawaba(words);
        command.arg("--config").arg(&self.nodes[0].config);
        let ran = run(&mut command, PATIENCE);
        assert!(ran.status.success(), "{words:?}: {}", program::text(&ran.stderr));
        program::text(&ran.stdout)
    }
}

/// The library that shifts a program's clock, wherever Debian puts it on this machine.
fn faketime() -> PathBuf {
    let places = std::fs::read_dir("/usr/lib").expect("a system").flatten();
    let found =
        places.map(|place| place.path().join("faketime/libfaketimeMT.so.1")).find(|path| path.exists());
    found.expect("faketime is not installed: run the tests through `make test`")
}

impl Node {
    /// Starts the program and waits until it is ready.
    pub fn start(&mut self) {
        let mut command = Command::new(program::path("bawaba"));
        // Not by the program `faketime`: it stands between, and who kills it does not kill the node.
        if let Some(shift) = &self.clock {
            command.env("LD_PRELOAD", faketime()).env("FAKETIME", shift).env("FAKETIME_DONT_RESET", "1");
        }
        command.envs(self.variables.iter().cloned());
        command.args(["serve", "--config"]).arg(&self.config).args(["--log", "warn"]);
        let mut running = Running::start(&mut command);
        let start = Instant::now();
        while !self.is_ready() {
            if let Some(status) = running.ended() {
                panic!("{status}: {}", program::text(&running.finish(Duration::ZERO).stderr));
            }
            assert!(start.elapsed() < PATIENCE, "it does not become ready: {}", self.readiness());
            std::thread::sleep(Duration::from_millis(20));
        }
        self.running = Some(running);
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        drop(self.running.take());
    }

    /// Whether it asks for traffic.
    pub fn is_ready(&self) -> bool {
        self.readiness().starts_with("HTTP/1.1 200")
    }

    /// What it answers to a probe; empty when it does not answer.
    pub fn readiness(&self) -> String {
        self.probe("/readyz")
    }

    /// A page of the public port that a probe may read.
    pub fn probe(&self, path: &str) -> String {
        let ask = || -> std::io::Result<String> {
            let mut tcp = TcpStream::connect_timeout(&self.public, Duration::from_millis(500))?;
            tcp.set_read_timeout(Some(Duration::from_secs(5)))?;
            write!(tcp, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
            let mut answer = String::new();
            tcp.read_to_string(&mut answer)?;
            Ok(answer)
        };
        ask().unwrap_or_default()
    }
}
