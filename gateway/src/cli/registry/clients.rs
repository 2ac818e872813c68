//! Who becomes a client, and by which key is one without a certificate known?

use std::fs::File;
use std::io::{Read as _, stdin};
use std::path::{Path, PathBuf};

use clap::Args;
use policies::{CareLevel, ClientKind, OpeningHours, Position};

use super::super::output::Output;
use super::super::place::Place;
use super::super::{Exit, Failure};
use super::{Opened, shown, unavailable, unknown, withdraw};
use crate::dpop::{ClientKey, JwkError};
use crate::limits::MAX_JWK_BYTES;
use crate::registry::{Client, Site};
use crate::withdrawal::Withdrawn;

#[derive(Debug, Args)]
pub(in crate::cli) struct AddClient {
    /// Its id: the serialNumber of its certificate's subject, where it has one; `sub` of its assertions
    client: String,
    /// What it is: pharmacy, clinic, hospital, mobile-unit, cnss, back-end, auditor
    #[arg(long, value_parser = kind)]
    kind: ClientKind,
    /// Its name, for people
    #[arg(long)]
    name: String,
    /// Where it is
    #[arg(long, default_value = "")]
    city: String,
    /// What its sessions may reach: the name of a back-end; repeat it for several
    #[arg(long = "scope", value_name = "SERVICE")]
    scopes: Vec<String>,
    /// Its public key as a JWK (P-256), for a client without a certificate; - for standard input
    #[arg(long, value_name = "FILE")]
    jwk: Option<PathBuf>,
    #[command(flatten)]
    site: SiteArgs,
    #[command(flatten)]
    place: Place,
}

/// Where and when it works: fraud rules and the care pathway ask about it.
#[derive(Debug, Args)]
struct SiteArgs {
    /// Which care it gives: primary, specialist, hospital
    #[arg(long, value_name = "LEVEL", value_parser = level)]
    level: Option<CareLevel>,
    /// Where it stands, in degrees north and east: 33.57311,-7.58984
    #[arg(long, value_name = "LAT,LON", allow_hyphen_values = true)]
    position: Option<Position>,
    /// When it is open, by the clock on its wall: 08:30-20:00; over midnight: 20:00-08:00; always: 00:00-00:00
    #[arg(long, value_name = "HH:MM-HH:MM")]
    hours: Option<OpeningHours>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct SetClientKey {
    /// The client's registered id
    client: String,
    #[command(flatten)]
    key: Key,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Key {
    /// The public key that takes the place of the old one, as a JWK (P-256); - for standard input
    #[arg(long, value_name = "FILE")]
    jwk: Option<PathBuf>,
    /// No key any more: only a certificate lets it in
    #[arg(long)]
    remove: bool,
}

pub(super) async fn add(asked: &AddClient, output: Output) -> Result<(), Failure> {
    let AddClient { client: id, kind, name, city, scopes, jwk, site, place } = asked;
    let word = |text: &str| (1..=64).contains(&text.len()) && text.chars().all(|c| c.is_ascii_graphic());
    if !word(id) || !scopes.iter().all(|scope| word(scope)) {
        return Err(Failure::new(
            Exit::Usage,
            "an id and a scope are 1 to 64 letters, digits and signs without spaces",
        ));
    }
    let key = jwk.as_deref().map(read).transpose()?;
    let opened = Opened::at(place).await?;
    if opened.registry.client(id).is_some() {
        return Err(Failure::new(Exit::Failed, format!("{id} is registered already"))
            .remedy("bawaba registry set-client-key gives it another key"));
    }
    free(&opened, id, key.as_ref())?;
    let client = Client {
        id: id.clone(),
        kind: *kind,
        name: name.clone(),
        city: city.clone(),
        active: true,
        scopes: scopes.clone(),
        key,
        site: Site { level: site.level, position: site.position, hours: site.hours },
    };
    opened.registry.register_client(&client).await.map_err(|error| unavailable(&error))?;
    output.answer(&shown(&client), || match &client.key {
        Some(key) => format!("{id} is registered, with the key {}", key.thumbprint()),
        None => format!("{id} is registered; its certificate lets it in"),
    })
}

/// Another key, or none: whatever the old one opened ends.
pub(super) async fn set_key(asked: &SetClientKey, output: Output) -> Result<(), Failure> {
    let key = asked.key.jwk.as_deref().map(read).transpose()?;
    let opened = Opened::at(&asked.place).await?;
    let client = opened.registry.client(&asked.client).ok_or_else(|| unknown(&asked.client))?;
    free(&opened, &asked.client, key.as_ref())?;
    let had_one = client.key.is_some() && client.key != key;
    let client = Client { key, ..Client::clone(&client) };
    opened.registry.register_client(&client).await.map_err(|error| unavailable(&error))?;
    if had_one {
        let what = Withdrawn::Client(client.id.clone());
        withdraw::withdraw(&opened.store, what, "client-key-replaced").await?;
    }
    output.answer(&shown(&client), || match &client.key {
        Some(key) => format!("{} has the key {}", client.id, key.thumbprint()),
        None => format!("{} has no key any more", client.id),
    })
}

/// By its key alone we know who signed: no two clients share one.
fn free(opened: &Opened, id: &str, key: Option<&ClientKey>) -> Result<(), Failure> {
    let holder = key.and_then(|key| opened.registry.client_by_key(key.thumbprint()));
    match holder.filter(|holder| holder.id != id) {
        Some(holder) => Err(Failure::new(Exit::Failed, format!("that is the key of {}", holder.id))
            .remedy("every client makes a key of its own, where it never leaves")),
        None => Ok(()),
    }
}

fn read(path: &Path) -> Result<ClientKey, Failure> {
    let bound = u64::try_from(MAX_JWK_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let mut text = Vec::new();
    let read = if path == Path::new("-") {
        stdin().take(bound).read_to_end(&mut text)
    } else {
        File::open(path).and_then(|file| file.take(bound).read_to_end(&mut text))
    };
    read.map_err(|error| Failure::io(path.display(), &error))?;
    ClientKey::parse(&text).map_err(|error| {
        Failure::new(Exit::Failed, format!("{}: {error}", path.display())).remedy(match error {
            JwkError::Private => "give kty, crv, x and y alone; and make a new key, this one was in a file",
            JwkError::Malformed => "one JSON object: {\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":…,\"y\":…}",
        })
    })
}

fn kind(text: &str) -> Result<ClientKind, String> {
    let known = || ClientKind::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ");
    ClientKind::parse(text).ok_or_else(|| format!("one of {}", known()))
}

fn level(text: &str) -> Result<CareLevel, String> {
    let known = || CareLevel::ALL.iter().map(|level| level.as_str()).collect::<Vec<_>>().join(", ");
    CareLevel::parse(text).ok_or_else(|| format!("one of {}", known()))
}
