//! How does the schema in PostgreSQL come to be what this program needs?

use std::path::PathBuf;

use clap::Args;
use hsm_config::SecretSource;
use serde::Serialize;

use super::output::{Output, table};
use super::{Failure, place, runtime};
use crate::store::{self, MigrationStep, PostgresPlace, StorePlace};

#[derive(Debug, Args)]
#[command(
    after_help = "Makes the missing steps of the schema and ends. Run it before the first gateway of a new version starts; gateways of\n\
    the version before go on running meanwhile. Twice is as once, and several at once wait for each other.\n\
    `bawaba serve` never migrates PostgreSQL: it refuses a schema that is too old.\n\n\
    With --role the schema is owned by that role, and the gateways' role of [store] postgres gets what its work needs:\n\
    it appends to the audit log through one function and reads it; it can neither edit nor remove an event.\n\n\
    Once, as superuser:\n  CREATE ROLE bawaba_owner LOGIN PASSWORD '…'; CREATE ROLE bawaba LOGIN PASSWORD '…';\n  \
    CREATE DATABASE bawaba OWNER bawaba_owner;\n\
    Then, at every version:\n  bawaba migrate --config gateway.toml --plan\n  \
    bawaba migrate --config gateway.toml --role bawaba_owner --password env:OWNER_PASSWORD"
)]
pub(super) struct Arguments {
    /// The gateway's configuration file
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Only show what would be done
    #[arg(long)]
    plan: bool,
    /// Do it as this role, which owns the schema; without it, as the gateways' own
    #[arg(long, value_name = "ROLE", requires = "password")]
    role: Option<String>,
    /// Where that role's password is: env:NAME, fd:N, credential:NAME or file:PATH
    #[arg(long, value_name = "SOURCE", requires = "role")]
    password: Option<SecretSource>,
}

#[derive(Serialize)]
struct Shown {
    store: String,
    steps: Vec<Step>,
}

#[derive(Serialize)]
struct Step {
    number: i64,
    name: String,
    standing: &'static str,
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> Result<(), Failure> {
    let config = place::load(&arguments.config)?;
    let (name, steps) = match &config.store {
        // The gateway brings its own file up to date at every start, and so does this.
        StorePlace::Sqlite(path) if arguments.plan || !path.exists() => (config.store.name(), Vec::new()),
        StorePlace::Sqlite(_) => {
            runtime()?.block_on(async {
                store::Store::open(&config.store).await?.close().await;
                Ok::<_, Failure>(())
            })?;
            (config.store.name(), Vec::new())
        }
        StorePlace::Postgres(place) => (config.store.name(), postgres(place, arguments)?),
    };
    let shown = Shown { store: name, steps };
    output.answer(&shown, || {
        if shown.steps.is_empty() {
            return format!("{}: the gateway brings it up to date at its start", shown.store);
        }
        let row = |step: &Step| vec![step.number.to_string(), step.name.clone(), step.standing.to_owned()];
        table(&["STEP", "NAME", "STANDING"], &shown.steps.iter().map(row).collect::<Vec<_>>())
    })
}

fn postgres(place: &PostgresPlace, arguments: &Arguments) -> Result<Vec<Step>, Failure> {
    let mut owner = place.clone();
    if let (Some(role), Some(password)) = (&arguments.role, &arguments.password) {
        for host in &mut owner.hosts {
            host.user.clone_from(role);
        }
        owner.password = Some(password.clone());
    }
    let gateway = place.hosts.first().map(|host| host.user.as_str());
    let steps = runtime()?.block_on(async {
        match arguments.plan {
            true => store::migration_plan(&owner).await,
            false => store::migrate(&owner, gateway).await,
        }
    })?;
    let new = if arguments.plan { "missing" } else { "done now" };
    let step = |MigrationStep { number, name, applied }| Step {
        number,
        name,
        standing: if applied { "there" } else { new },
    };
    Ok(steps.into_iter().map(step).collect())
}
