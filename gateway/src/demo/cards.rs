//! Which card does each person hold, and which cards are not what they seem?

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result};
use card_reader::NationalNumber;
use card_reader::simulated::CardFile;
use card_reader::simulated::personalise::{ChipMethods, Person as Holder, Sex};
use pki::issuing::DocumentSigner;
use serde::{Deserialize, Serialize};
use time::{Date, Duration, OffsetDateTime};

use super::folder::{StateFolder, write_private};
use super::holders::Holders;
use super::people::{self, Chip, Person};
use super::signers::Signers;

/// A Moroccan card lives ten years; those of the demonstration are two years old.
pub(super) const GOOD_FOR: Duration = Duration::days(365 * 8);
const EXPIRED_SINCE: Duration = Duration::days(60);
/// A good card with less than this left is made anew.
const RENEW: Duration = Duration::days(365);

/// What `people.json` says about one card: for tests and for visitors, never read by the gateway.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    name: String,
    name_ar: String,
    city: String,
    national_number: String,
    document_number: String,
    can: String,
    pin: Option<String>,
    health_id: String,
    scheme: String,
    chip: String,
    expires_on: Date,
    note: String,
}

/// Makes the card files that are missing or near their end, and `people.json`.
pub(super) fn personalise(
    folder: &StateFolder,
    signers: &Signers,
    holders: &Holders,
    at: OffsetDateTime,
) -> Result<()> {
    let known = load(folder, signers.fresh || holders.fresh);
    let mut entries = BTreeMap::new();
    for (name, person, note) in all() {
        // A card made before its holder had a PIN is made anew.
        let current = known.get(name).filter(|entry| entry.pin.as_deref() == person.pin());
        let kept = current.map(|entry| entry.expires_on).filter(|end| {
            let left = *end - at.date();
            folder.card(name).exists() && (name == people::EXPIRED || left > RENEW)
        });
        let expires_on = match kept {
            Some(end) => end,
            None => {
                let end = if name == people::EXPIRED { at - EXPIRED_SINCE } else { at + GOOD_FOR }.date();
                make(folder, (signers, holders, at), name, person, end)
                    .with_context(|| format!("card {name}"))?;
                end
            }
        };
        entries.insert(name, entry(person, expires_on, note));
    }
    Ok(write_private(&folder.people(), serde_json::to_string_pretty(&entries)?.as_bytes())?)
}

/// Card name, holder, and what is special about it.
fn all() -> impl Iterator<Item = (&'static str, &'static Person, &'static str)> {
    let note = |card: &str| match card {
        people::REPORTED => "reported lost",
        people::EXPIRED => "document expired",
        people::PIN_BLOCKED => "PIN blocked",
        people::PIN_REVOKED => "holder's certificate revoked",
        card if card == people::CHILD.guardian => "guardian of a child without a card",
        _ => "",
    };
    let special =
        [(people::CLONED, "clone: right data, wrong chip key"), (people::SIGNER_REVOKED, "signer revoked")];
    let special = special
        .into_iter()
        .filter_map(|((of, name), note)| people::by_card(of).map(|person| (name, person, note)));
    people::PEOPLE.iter().map(move |person| (person.card, person, note(person.card))).chain(special)
}

fn make(
    folder: &StateFolder,
    (signers, holders, at): (&Signers, &Holders, OffsetDateTime),
    name: &str,
    person: &Person,
    expires_on: Date,
) -> Result<()> {
    let (_, clone) = people::CLONED;
    let (_, signer_revoked) = people::SIGNER_REVOKED;
    let card = if name == clone {
        // All that a thief can copy: the files. The chip's keys never leave the original.
        let mut copy = CardFile::load(&folder.card(person.card))?;
        copy.behaviour.clone = true;
        copy
    } else if name == signer_revoked {
        holders.equip(sign(person, expires_on, &signers.revoked)?, person, at)?
    } else {
        holders.equip(sign(person, expires_on, &signers.documents)?, person, at)?
    };
    Ok(write_private(&folder.card(name), card.to_json()?.as_bytes())?)
}

fn sign(person: &Person, expires_on: Date, signer: &DocumentSigner) -> Result<CardFile> {
    let holder = Holder {
        surname: person.family.to_owned(),
        given_names: person.given.to_owned(),
        birth_date: person.born,
        sex: if person.sex == 'F' { Sex::Female } else { Sex::Male },
        national_number: NationalNumber::parse(person.national_number).context("no national number")?,
        document_number: person.document_number.to_owned(),
        expires_on,
    };
    let methods = match person.chip {
        Chip::Active => ChipMethods::Active,
        Chip::ChipAuthentication => ChipMethods::Chip,
        Chip::Both => ChipMethods::Both,
    };
    Ok(CardFile::personalise(&holder, person.can, methods, signer)?)
}

/// What is known of the cards that are there. With fresh signers, or a damaged file, nothing.
fn load(folder: &StateFolder, fresh: bool) -> BTreeMap<String, Entry> {
    match fs::read(folder.people()) {
        Ok(bytes) if !fresh => serde_json::from_slice(&bytes).unwrap_or_default(),
        _ => BTreeMap::new(),
    }
}

fn entry(person: &Person, expires_on: Date, note: &str) -> Entry {
    let chip = match person.chip {
        Chip::Active => "active-authentication",
        Chip::ChipAuthentication => "chip-authentication",
        Chip::Both => "both",
    };
    Entry {
        name: format!("{} {}", person.given, person.family),
        name_ar: format!("{} {}", person.given_ar, person.family_ar),
        city: person.city.to_owned(),
        national_number: person.national_number.to_owned(),
        document_number: person.document_number.to_owned(),
        can: person.can.to_owned(),
        pin: person.pin().map(str::to_owned),
        health_id: person.health_id.to_owned(),
        scheme: person.scheme.code().to_owned(),
        chip: chip.to_owned(),
        expires_on,
        note: note.to_owned(),
    }
}
