//! What is to be started, and what is wrong with it?

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use arc_swap::ArcSwap;
use gateway::clock::{Clock, ManualClock, SystemClock};
use gateway::config::Config;
use gateway::demo::back_ends::{SERVICES, Service, TokenValidator, router};
use gateway::demo::folder::StateFolder;
use gateway::demo::https;
use gateway::demo::ports::Ports;
use gateway::demo::world::World;
use gateway::listen::{self, ClientAuth, ListenOptions, server_config};
use gateway::store::{PostgresPlace, migrate};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use super::engine::Engine;
use super::second::copy;
use super::{Harness, addresses};
use crate::back_end::{BackEnd, Manner};
use crate::faulty::Faults;
use crate::papers::Country;
use crate::postgres::{self, Postgres};

/// A healthy gateway, until something is said against it (plan).
#[derive(Default)]
pub struct Plan {
    limits: Vec<(String, i64)>,
    misbehaving: Vec<(&'static str, Manner)>,
    absent: Vec<&'static str>,
    trusted: Vec<(Vec<u8>, Vec<u8>)>,
    log: Option<String>,
    keys: toml::Table,
    variables: Vec<(String, String)>,
    edits: Vec<Edit>,
    schema_owner: Option<PostgresPlace>,
}

/// A change of the configuration before the start.
type Edit = Box<dyn Fn(&mut toml::Table, &StateFolder) + Send + Sync>;

/// Everything in its folder, nothing started.
pub struct Prepared {
    /// Every file of the kingdom.
    pub files: StateFolder,
    /// Where the API port would be.
    pub api: SocketAddr,
    world: World,
    folder: tempfile::TempDir,
    misbehaving: Vec<(&'static str, BackEnd)>,
}

impl Plan {
    /// Another value in `[limits]`.
    pub fn limit(mut self, name: &str, value: i64) -> Self {
        self.limits.push((name.to_owned(), value));
        self
    }

    /// A back-end that misbehaves, in the place of the sound one.
    pub fn back_end(mut self, service: &'static str, manner: Manner) -> Self {
        self.misbehaving.push((service, manner));
        self
    }

    /// A back-end that is not there.
    pub fn absent_back_end(mut self, service: &'static str) -> Self {
        self.absent.push(service);
        self
    }

    /// Believes one country more.
    pub fn trusting(mut self, country: &Country) -> Self {
        self.trusted.push((country.certificate().to_vec(), country.crl()));
        self
    }

    /// More in `[keys]`.
    pub fn keys(mut self, more: toml::Table) -> Self {
        self.keys.extend(more);
        self
    }

    /// More in the environment of a gateway in its own process.
    pub fn variables(mut self, more: Vec<(String, String)>) -> Self {
        self.variables.extend(more);
        self
    }

    pub(super) fn variables_of(&self) -> Vec<(String, String)> {
        self.variables.clone()
    }

    /// Another word in the configuration.
    pub fn configured(
        mut self,
        edit: impl Fn(&mut toml::Table, &StateFolder) + Send + Sync + 'static,
    ) -> Self {
        self.edits.push(Box::new(edit));
        self
    }

    /// Registry and log in this PostgreSQL, whose schema is made first.
    pub fn postgres(mut self, server: &Postgres) -> Self {
        self.schema_owner = Some(server.owner_place());
        let (url, password) = (server.url(), format!("file:{}", server.password_file().display()));
        self.configured(move |config, _| {
            let mut store = toml::Table::new();
            store.insert("postgres".to_owned(), url.clone().into());
            store.insert("password".to_owned(), password.clone().into());
            config.insert("store".to_owned(), store.into());
        })
    }

    /// How much a gateway in its own process logs.
    pub fn log(mut self, filter: &str) -> Self {
        self.log = Some(filter.to_owned());
        self
    }

    /// In this process, with a clock and an audit store that obey.
    pub async fn start(self) -> Harness {
        let absent = self.absent.clone();
        let prepared = self.prepare().await;
        let faults = Faults::default();
        let clock = Arc::new(ManualClock::new(SystemClock.now()));
        let engine = Engine::in_process(&prepared.files, clock.clone(), faults.clone()).await;
        prepared.with(engine, clock, faults, &absent).await
    }

    /// As the program `bawaba serve`, which can be killed.
    pub async fn start_as_program(self) -> Harness {
        self.start_program(None).await
    }

    /// As the program, on one core alone.
    pub async fn start_as_program_on_core(self, core: u32) -> Harness {
        self.start_program(Some(core)).await
    }

    async fn start_program(self, core: Option<u32>) -> Harness {
        let absent = self.absent.clone();
        let log = self.log.clone().unwrap_or_else(|| "warn".to_owned());
        let variables = self.variables.clone();
        let prepared = self.prepare().await;
        let clock = Arc::new(ManualClock::new(SystemClock.now()));
        let mut town =
            prepared.with(Engine::program(core, log, variables), clock, Faults::default(), &absent).await;
        town.restart().await;
        town
    }

    /// The folder and its configuration only.
    pub async fn prepare(self) -> Prepared {
        let folder = tempfile::tempdir().expect("a temporary folder");
        copy(template().await, folder.path());
        let ports = Ports::at(free_base());
        let world = World::create(folder.path(), ports, SystemClock.now()).await.expect("a kingdom");
        let files = world.folder().clone();
        let mut misbehaving = Vec::new();
        for (service, manner) in &self.misbehaving {
            let (cert, key) = (files.back_end_certificate(service), files.back_end_key(service));
            misbehaving.push((*service, BackEnd::start(&cert, &key, *manner).await));
        }
        self.configure(&files, &misbehaving);
        if let Some(owner) = &self.schema_owner {
            migrate(owner, Some(postgres::GATEWAY)).await.expect("a schema");
            let config = Config::load(&files.config()).expect("a sound configuration");
            world.fill(&config.store, SystemClock.now()).await.expect("a registry");
        }
        Prepared { files, api: addresses(ports).0, world, folder, misbehaving }
    }

    fn configure(&self, files: &StateFolder, misbehaving: &[(&str, BackEnd)]) {
        let text = std::fs::read_to_string(files.config()).expect("a configuration");
        let mut config: toml::Table = text.parse().expect("TOML");
        let limits = config.entry("limits").or_insert_with(|| toml::Table::new().into());
        let limits = limits.as_table_mut().expect("a table");
        // Tests ask faster than counters do; the one about the rate says its own.
        limits.entry("requests_per_second").or_insert(10_000.into());
        limits.entry("requests_burst").or_insert(10_000.into());
        for (name, value) in &self.limits {
            limits.insert(name.clone(), (*value).into());
        }
        config["keys"].as_table_mut().expect("a table").extend(self.keys.clone());
        for (service, back_end) in misbehaving {
            config["backends"][*service]["url"] = back_end.url().into();
        }
        for (number, (certificate, crl)) in self.trusted.iter().enumerate() {
            for (list, content) in [("csca", certificate), ("crl", crl)] {
                let name = format!("csca/more-{number}.{list}.der");
                std::fs::write(files.root().join(&name), content).expect("a writable folder");
                config["trust"][list].as_array_mut().expect("a list").push(name.into());
            }
        }
        for edit in &self.edits {
            edit(&mut config, files);
        }
        std::fs::write(files.config(), config.to_string()).expect("a writable folder");
    }
}

impl Prepared {
    /// Its kingdom.
    pub(super) fn world(&self) -> &World {
        &self.world
    }

    /// The town around a gateway that runs elsewhere.
    pub(super) async fn without_gateway(self) -> Harness {
        let clock = Arc::new(ManualClock::new(SystemClock.now()));
        let nowhere = Engine::program(None, String::new(), Vec::new());
        self.with(nowhere, clock, Faults::default(), &[]).await
    }

    async fn with(self, engine: Engine, clock: Arc<ManualClock>, audit: Faults, absent: &[&str]) -> Harness {
        let stop = CancellationToken::new();
        for (place, service) in (0..).zip(SERVICES) {
            let replaced = self.misbehaving.iter().any(|(name, _)| *name == service.name);
            if !replaced && !absent.contains(&service.name) {
                serve(&self.world, service, place, &stop).await;
            }
        }
        let (api, public_port) = addresses(self.world.ports());
        Harness {
            files: self.files,
            api,
            public_port,
            clock,
            audit,
            engine,
            misbehaving: self.misbehaving,
            back_ends: stop,
            _folder: self.folder,
        }
    }
}

/// One sound back-end, as the demonstration has it.
async fn serve(world: &World, service: Service, place: u16, stop: &CancellationToken) {
    let (folder, port) = (world.folder(), world.ports().back_end(place));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.expect("a free port");
    let ca = std::fs::read(folder.ca_certificate()).expect("the authority");
    let client = https::client(&ca, None).expect("a client");
    let jwks = format!("{}/.well-known/jwks.json", world.issuer());
    let validator = TokenValidator::new(&world.issuer(), service.name, jwks, client);
    let patients = world.patients_at(service.name).expect("patients");
    let routes = router(service, Ports::url(port), validator, &patients);
    let chain = https::chain(&folder.back_end_certificate(service.name)).expect("a certificate");
    let key = https::private_key(&folder.back_end_key(service.name)).expect("a key");
    let tls = server_config(chain, key, ClientAuth::None).expect("TLS");
    let options = ListenOptions { name: service.name, ..ListenOptions::default() };
    tokio::spawn(listen::serve(
        listener,
        Arc::new(ArcSwap::from_pointee(tls)),
        routes,
        options,
        stop.clone(),
    ));
}

/// The kingdom, made once for all tests of this process: keys and cards take a while.
async fn template() -> &'static Path {
    static TEMPLATE: OnceCell<tempfile::TempDir> = OnceCell::const_new();
    let made = async {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let world = World::create(folder.path(), Ports::at(free_base()), SystemClock.now()).await;
        drop(world.expect("a kingdom"));
        folder
    };
    TEMPLATE.get_or_init(|| made).await.path()
}

/// A base from which ten ports are free, below those that the system gives to outgoing connections.
pub fn free_base() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let own = u16::try_from(std::process::id() % 60).expect("below 60") * 20;
    loop {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let base = 20_000 + (own + step) % 1_200 * 10;
        if (base..base + 10).all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok()) {
            return base;
        }
    }
}
