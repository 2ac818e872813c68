//! Who is registered, and may they still?

use clap::{Args, Subcommand};
use serde::Serialize;
use std::sync::Arc;

use super::output::{Output, table};
use super::place::Place;
use super::{Exit, Failure, keys, runtime, store};
use crate::registry::{Client, Registry, RegistryError, SUBJECT_AUDIENCE};
use crate::token::Tokens;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the registered clients
    #[command(after_help = "Example:\n  bawaba registry list-clients --state ./var/demo")]
    ListClients {
        #[command(flatten)]
        place: Place,
    },
    /// Suspend a client: a running gateway refuses it within a second, sessions included
    #[command(after_help = "Its certificate stays valid; to end that too: bawaba pki revoke-client.\n\n\
        Example:\n  bawaba registry suspend --state ./var/demo pharmacy-2")]
    Suspend(One),
    /// Let a suspended client in again
    #[command(after_help = "Example:\n  bawaba registry resume --state ./var/demo pharmacy-2")]
    Resume(One),
}

#[derive(Debug, Args)]
pub(super) struct One {
    /// The client's registered id: the serialNumber of its certificate's subject
    client: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Serialize)]
struct Shown {
    id: String,
    kind: &'static str,
    name: String,
    city: String,
    active: bool,
    scopes: Vec<String>,
}

pub(super) fn run(command: &Command, output: &Output) -> Result<(), Failure> {
    match command {
        Command::ListClients { place } => runtime()?.block_on(async {
            let clients: Vec<Shown> =
                open(place).await?.clients().iter().map(|client| shown(client)).collect();
            output.answer(&clients, || {
                let row = |client: &Shown| {
                    let state = if client.active { "active" } else { "suspended" };
                    vec![
                        client.id.clone(),
                        client.kind.into(),
                        state.into(),
                        client.name.clone(),
                        client.city.clone(),
                    ]
                };
                table(&["ID", "KIND", "STATE", "NAME", "CITY"], &clients.iter().map(row).collect::<Vec<_>>())
            })
        }),
        Command::Suspend(one) => runtime()?.block_on(set_active(one, false, *output)),
        Command::Resume(one) => runtime()?.block_on(set_active(one, true, *output)),
    }
}

async fn set_active(one: &One, active: bool, output: Output) -> Result<(), Failure> {
    let registry = open(&one.place).await?;
    let Some(client) = registry.client(&one.client) else {
        return Err(Failure::new(Exit::Failed, format!("no client {} is registered", one.client))
            .remedy("bawaba registry list-clients shows who is"));
    };
    let client = Client { active, ..Client::clone(&client) };
    registry.register_client(&client).await.map_err(|error| unavailable(&error))?;
    let state = if active { "active" } else { "suspended" };
    output.answer(&shown(&client), || format!("{} is {state}", client.id))
}

async fn open(place: &Place) -> Result<Registry, Failure> {
    let config = place.config()?;
    let store = store::open(&config).await?;
    let signer = keys::load(&config)?;
    let tokens = Tokens::new(signer.clone(), config.issuer.clone(), config.issuer.clone());
    Registry::open(store, signer, Arc::new(tokens), SUBJECT_AUDIENCE.to_owned())
        .await
        .map_err(|error| unavailable(&error))
}

fn shown(client: &Client) -> Shown {
    let Client { id, kind, name, city, active, scopes } = client.clone();
    Shown { id, kind: kind.as_str(), name, city, active, scopes }
}

fn unavailable(error: &RegistryError) -> Failure {
    Failure::new(Exit::Unavailable, format!("the registry: {error}"))
        .remedy("bawaba doctor says what is wrong with the database")
}
