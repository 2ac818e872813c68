//! Where does the gateway run: in this process, or in its own?

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::time::{Duration, Instant};

use gateway::app::{App, Overrides};
use gateway::audit::AuditStore;
use gateway::clock::ManualClock;
use gateway::config::Config;
use gateway::demo::folder::StateFolder;
use gateway::serve::{self, RunningGateway};

use crate::faulty::{Faults, FaultyStore};
use crate::program::{self, Running};

/// A gateway that runs, or ran.
pub(super) enum Engine {
    InProcess(RunningGateway),
    Program { running: Option<Running>, core: Option<u32>, log: String, variables: Vec<(String, String)> },
}

impl Engine {
    pub(super) async fn in_process(files: &StateFolder, clock: Arc<ManualClock>, faults: Faults) -> Self {
        let config = Config::load(&files.config()).expect("a sound configuration");
        let wrap =
            move |real: Arc<dyn AuditStore>| Arc::new(FaultyStore::new(real, faults)) as Arc<dyn AuditStore>;
        let overrides =
            Overrides { clock: Some(clock), audit_store: Some(Box::new(wrap)), ..Overrides::default() };
        let app = App::build_with(config, overrides).await.expect("a gateway");
        Self::InProcess(serve::start(app).await.expect("free ports"))
    }

    pub(super) fn program(core: Option<u32>, log: String, variables: Vec<(String, String)>) -> Self {
        Self::Program { running: None, core, log, variables }
    }

    pub(super) fn app(&self) -> &Arc<App> {
        match self {
            Self::InProcess(gateway) => gateway.app(),
            Self::Program { .. } => panic!("a gateway in its own process keeps its parts to itself"),
        }
    }

    /// Starts the program and waits until it is ready. How long that took.
    pub(super) async fn start_program(&mut self, files: &StateFolder, public: SocketAddr) -> Duration {
        let Self::Program { running, core, log, variables } = self else {
            panic!("this gateway is no program")
        };
        let mut command = match core {
            Some(core) => {
                let mut command = Command::new("taskset");
                command.args(["-c", &core.to_string()]).arg(program::path("bawaba"));
                command
            }
            None => Command::new(program::path("bawaba")),
        };
        command.envs(variables.iter().cloned());
        command.args(["serve", "--config"]).arg(files.config()).args(["--log", log]);
        let start = Instant::now();
        let mut started = Running::start(&mut command);
        while !ready(public) {
            if let Some(status) = started.ended() {
                panic!("{status}: {}", program::text(&started.finish(Duration::ZERO).stderr));
            }
            assert!(start.elapsed() < Duration::from_secs(30), "it does not become ready");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        *running = Some(started);
        start.elapsed()
    }

    fn running(&self) -> &Running {
        match self {
            Self::Program { running: Some(running), .. } => running,
            _ => panic!("no process"),
        }
    }

    pub(super) fn program_id(&self) -> u32 {
        self.running().id()
    }

    pub(super) fn terminate(&self) {
        self.running().signal("TERM");
    }

    pub(super) fn kill(&mut self) {
        if let Self::Program { running, .. } = self {
            drop(running.take());
        }
    }

    /// SIGTERM, and everything it said from its start to its end.
    pub(super) fn stop(&mut self) -> String {
        let Self::Program { running, .. } = self else { panic!("this gateway is no program") };
        let running = running.take().expect("a process");
        running.signal("TERM");
        program::text(&running.finish(Duration::from_secs(30)).stderr)
    }

    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        match self {
            Self::Program { running: Some(running), .. } => running.ended(),
            _ => panic!("no process"),
        }
    }
}

/// `/readyz` over plain HTTP, as a probe asks.
fn ready(public: SocketAddr) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut tcp = TcpStream::connect_timeout(&public, Duration::from_millis(200))?;
        tcp.set_read_timeout(Some(Duration::from_secs(2)))?;
        tcp.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        tcp.read_to_string(&mut answer)?;
        Ok(answer.starts_with("HTTP/1.1 200"))
    };
    ask().unwrap_or(false)
}
