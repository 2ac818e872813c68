//! Who is on stage? The gateway, three back-ends, and the counter's page if its program is there.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use anyhow::{Context, Result};
use arc_swap::ArcSwap;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::back_ends::{self, TokenValidator};
use super::https;
use super::ports::{Listeners, Ports};
use super::world::World;
use crate::app::App;
use crate::config::Config;
use crate::listen::{self, ClientAuth, ListenOptions, server_config};
use crate::serve::{self, RunningGateway};

/// Everything that runs in a demonstration (scène).
pub struct Stage {
    world: World,
    gateway: RunningGateway,
    back_ends: TaskTracker,
    counter: Option<Counter>,
    stop: CancellationToken,
}

impl Stage {
    /// Starts the back-ends and the gateway of this world.
    pub async fn open(world: World, listeners: Listeners) -> Result<Self> {
        let stop = CancellationToken::new();
        let back_ends = TaskTracker::new();
        for (listener, service) in listeners.back_ends.into_iter().zip(back_ends::SERVICES) {
            start_back_end(&world, service, listener, &back_ends, &stop)
                .with_context(|| format!("the back-end {} does not start", service.name))?;
        }
        back_ends.close();
        let config = Config::load(&world.folder().config())?;
        let app = App::build(config).await?;
        let gateway = serve::start_on(app, listeners.api, listeners.public).await?;
        Ok(Self { world, gateway, back_ends, counter: None, stop })
    }

    /// The files.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The gateway's parts, for what only an insider sees: the log.
    pub fn app(&self) -> &Arc<App> {
        self.gateway.app()
    }

    /// Starts the counter's page, if `bawaba-counter` lies beside this program. Says whether it does.
    pub fn open_counter(&mut self) -> bool {
        let Some(program) = counter_program() else { return false };
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, self.world.ports().counter()));
        let child = Command::new(program)
            .arg("serve")
            .arg("--state")
            .arg(self.world.folder().root())
            .arg("--listen")
            .arg(listen.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn();
        self.counter = child.ok().map(Counter);
        self.counter.is_some()
    }

    /// Stops taking connections, lets running requests finish, ends the counter's page.
    pub async fn close(mut self) {
        drop(self.counter.take());
        self.gateway.stop().await;
        self.stop.cancel();
        self.back_ends.wait().await;
    }
}

/// The counter's page, ended with the stage: a story that fails must not leave it behind.
struct Counter(Child);

impl Drop for Counter {
    fn drop(&mut self) {
        // It holds nothing that needs an orderly end; it may also have ended by the same Ctrl-C.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start_back_end(
    world: &World,
    service: back_ends::Service,
    listener: TcpListener,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) -> Result<()> {
    let (folder, ports) = (world.folder(), world.ports());
    let jwks = format!("{}/.well-known/jwks.json", world.issuer());
    let client = https::client(&std::fs::read(folder.ca_certificate())?, None)?;
    let validator = TokenValidator::new(&world.issuer(), service.name, jwks, client);
    let patients = world.patients_at(service.name)?;
    let base = format!("{}/{}", Ports::url(ports.api()), service.name);
    let routes = back_ends::router(service, base, validator, &patients);
    let chain = https::chain(&folder.back_end_certificate(service.name))?;
    let key = https::private_key(&folder.back_end_key(service.name))?;
    let tls = server_config(chain, key, ClientAuth::None)?;
    let options = ListenOptions { name: service.name, ..ListenOptions::default() };
    let tls = Arc::new(ArcSwap::from_pointee(tls));
    tasks.spawn(listen::serve(listener, tls, routes, options, stop.clone()));
    Ok(())
}

/// The program of the counter's page, beside this one.
fn counter_program() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?.with_file_name("bawaba-counter");
    program.is_file().then_some(program)
}
