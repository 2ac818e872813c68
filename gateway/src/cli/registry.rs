//! Who is registered, and may they still?

mod chip_reads;
mod clients;
mod import;
mod stats;
pub(super) mod withdraw;

use std::sync::Arc;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::output::{Output, table};
use super::place::Place;
use super::{Exit, Failure, keys, runtime, store};
use crate::registry::{Client, Registry, RegistryError, SUBJECT_AUDIENCE};
use crate::store::Store;
use crate::token::Tokens;
use crate::withdrawal::Withdrawn;
use clients::{AddClient, SetClientKey};
use withdraw::{EndSessions, ReportCard};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the registered clients
    #[command(after_help = "Example:\n  bawaba registry list-clients --state ./var/demo")]
    ListClients {
        #[command(flatten)]
        place: Place,
    },
    /// Register a client: one that has a certificate, or one that is known by a key of its own (DPoP, private_key_jwt)
    #[command(
        after_help = "Example:\n  bawaba registry add-client mobile-2 --kind mobile-unit --name 'Unité mobile Haut Atlas' \\\n    \
        --scope prescription --jwk key.jwk --config gateway.toml"
    )]
    AddClient(AddClient),
    /// Give a client another key, or none: what the old one opened ends within a second
    #[command(
        after_help = "Example:\n  bawaba registry set-client-key mobile-2 --jwk new.jwk --config gateway.toml"
    )]
    SetClientKey(SetClientKey),
    /// Suspend a client: a running gateway refuses it within a second, sessions included
    #[command(after_help = "Its certificate stays valid; to end that too: bawaba pki revoke-client.\n\n\
        Example:\n  bawaba registry suspend --state ./var/demo pharmacy-2")]
    Suspend(One),
    /// Let a suspended client in again
    #[command(after_help = "Example:\n  bawaba registry resume --state ./var/demo pharmacy-2")]
    Resume(One),
    /// Report a card lost or stolen: it opens nothing more, and every session that it opened ends within a second
    #[command(
        after_help = "The number of the document is read from standard input, or asked for at a terminal; never an argument.\n\n\
        Example:\n  bawaba registry report-card --reason lost --config gateway.toml < number.txt"
    )]
    ReportCard(ReportCard),
    /// End sessions before their time, on every gateway within a second: of a patient, of an establishment, or one
    #[command(
        after_help = "Examples:\n  bawaba registry end-sessions --config gateway.toml --subject 0f1e2d3c4b5a69788796a5b4c3d2e1f0\n  \
        bawaba registry end-sessions --config gateway.toml --establishment pharmacy-2"
    )]
    EndSessions(EndSessions),
    /// Bring all patients, covers and guardians in from FHIR R4 NDJSON or CSV: whole or not at all
    Import(import::Arguments),
    /// For how many of its patients each establishment read the chip, and how many of its claims had a receipt
    ChipReads(chip_reads::Arguments),
    /// How many patients, numbers, guardians, clients; no names
    Stats(stats::Arguments),
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
    /// The RFC 7638 thumbprint of its key, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hours: Option<String>,
}

pub(super) fn run(command: &Command, output: &Output) -> Result<(), Failure> {
    match command {
        Command::ListClients { place } => runtime()?.block_on(async {
            let clients: Vec<Shown> =
                Opened::at(place).await?.registry.clients().iter().map(|client| shown(client)).collect();
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
        Command::AddClient(asked) => runtime()?.block_on(clients::add(asked, *output)),
        Command::SetClientKey(asked) => runtime()?.block_on(clients::set_key(asked, *output)),
        Command::Suspend(one) => runtime()?.block_on(set_active(one, false, *output)),
        Command::Resume(one) => runtime()?.block_on(set_active(one, true, *output)),
        Command::ReportCard(asked) => runtime()?.block_on(withdraw::report_card(asked, *output)),
        Command::EndSessions(asked) => runtime()?.block_on(withdraw::end_sessions(asked, *output)),
        Command::Import(arguments) => runtime()?.block_on(import::run(arguments, *output)),
        Command::ChipReads(arguments) => runtime()?.block_on(chip_reads::run(arguments, *output)),
        Command::Stats(arguments) => runtime()?.block_on(stats::run(arguments, *output)),
    }
}

async fn set_active(one: &One, active: bool, output: Output) -> Result<(), Failure> {
    let opened = Opened::at(&one.place).await?;
    let client = opened.registry.client(&one.client).ok_or_else(|| unknown(&one.client))?;
    let client = Client { active, ..Client::clone(&client) };
    opened.registry.register_client(&client).await.map_err(|error| unavailable(&error))?;
    if !active {
        withdraw::withdraw(&opened.store, Withdrawn::Client(client.id.clone()), "client-suspended").await?;
    }
    let state = if active { "active" } else { "suspended" };
    output.answer(&shown(&client), || format!("{} is {state}", client.id))
}

/// The registry of a gateway, beside it, and where it is kept.
pub(super) struct Opened {
    registry: Registry,
    store: Store,
}

impl Opened {
    pub(super) async fn at(place: &Place) -> Result<Self, Failure> {
        let config = place.config()?;
        let store = store::open(&config).await?;
        let signer = keys::load(&config)?;
        let tokens = Arc::new(Tokens::new(signer.clone(), config.issuer.clone(), config.issuer.clone()));
        let registry = Registry::open(store.clone(), signer, tokens, SUBJECT_AUDIENCE.to_owned()).await;
        Ok(Self { registry: registry.map_err(|error| unavailable(&error))?, store })
    }

    pub(super) const fn registry(&self) -> &Registry {
        &self.registry
    }

    pub(super) const fn store(&self) -> &Store {
        &self.store
    }
}

fn unknown(client: &str) -> Failure {
    Failure::new(Exit::Failed, format!("no client {client} is registered"))
        .remedy("bawaba registry list-clients shows who is")
}

fn shown(client: &Client) -> Shown {
    let Client { id, kind, name, city, active, scopes, key, site } = client.clone();
    let key = key.map(|key| key.thumbprint().to_owned());
    Shown {
        id,
        kind: kind.as_str(),
        name,
        city,
        active,
        scopes,
        key,
        level: site.level.map(policies::CareLevel::as_str),
        position: site.position.map(|at| at.to_string()),
        hours: site.hours.map(|hours| hours.to_string()),
    }
}

fn unavailable(error: &RegistryError) -> Failure {
    Failure::new(Exit::Unavailable, format!("the registry: {error}"))
        .remedy("bawaba doctor says what is wrong with the database")
}
