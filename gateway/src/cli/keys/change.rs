//! How are keys made and replaced?

use std::path::Path;

use hsm_config::{KeyFile, KeyJob, KeyRole, ProfilePlace, Provisioned, Rotated, SoftwareKeys, Turn};
use serde::Serialize;
use time::OffsetDateTime;

use super::super::output::{Output, moment};
use super::super::{Exit, Failure};
use super::passphrase::{self, NewPassphrase, Passphrase};
use super::show;
use super::which::{Target, Which};
use crate::clock::{Clock as _, SystemClock};
use crate::keys::schedule;
use crate::limits::{JWKS_MAX_AGE, KEY_CLOCK_SKEW};

/// What an operator asked for, said plainly (*relève demandée*).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Announced,
    AtOnce,
    /// At once, but without a word on what dies of it.
    AtOnceUnconfirmed,
}

#[derive(Serialize)]
struct Turned {
    role: &'static str,
    kid: Option<String>,
    signs_from: String,
    old_published_until: Option<String>,
}

pub(super) const fn turn(now: bool, yes: bool) -> Asked {
    match (now, yes) {
        (false, _) => Asked::Announced,
        (true, true) => Asked::AtOnce,
        (true, false) => Asked::AtOnceUnconfirmed,
    }
}

pub(super) fn init(file: &Path, passphrase: &NewPassphrase, output: Output) -> Result<(), Failure> {
    let at = SystemClock.now();
    create(file, passphrase, &SoftwareKeys::generate(at)?, at, output)
}

pub(super) fn import(
    old: &Path,
    file: &Path,
    passphrase: &NewPassphrase,
    output: Output,
) -> Result<(), Failure> {
    create(file, passphrase, &SoftwareKeys::import(old)?, SystemClock.now(), output)?;
    eprintln!("The keys in {0} still lie open, and so do its backups: shred -u {0}", old.display());
    Ok(())
}

/// Makes in the token what a profile declares there.
pub(super) fn provision(place: &ProfilePlace, output: Output) -> Result<(), Failure> {
    let made = place.provision(SystemClock.now())?;
    let report: Vec<_> =
        made.iter().map(|key| serde_json::json!({ "role": key.role.name(), "made": key.made })).collect();
    output.answer(&report, || {
        let line = |key: &Provisioned| {
            format!(
                "{:<22} {}",
                key.role.name(),
                if key.made { "made now" } else { "was there, left as it is" }
            )
        };
        made.iter().map(line).collect::<Vec<_>>().join("\n")
    })
}

fn create(
    file: &Path,
    passphrase: &NewPassphrase,
    keys: &SoftwareKeys,
    at: OffsetDateTime,
    output: Output,
) -> Result<(), Failure> {
    if file.exists() {
        // Before anybody is asked for a passphrase.
        return Err(hsm_config::HsmError::FileExists { path: file.to_owned() }.into());
    }
    KeyFile::create(file, &passphrase.read()?, keys, at)?;
    show::roles(&keys.view(), at, output)
}

pub(super) fn rotate(
    role: KeyRole,
    which: &Which,
    passphrase: &Passphrase,
    asked: Asked,
    output: Output,
) -> Result<(), Failure> {
    let turn = match asked {
        Asked::Announced => Turn::Announced,
        Asked::AtOnce => Turn::AtOnce,
        Asked::AtOnceUnconfirmed => return Err(unconfirmed(role)),
    };
    let at = SystemClock.now();
    let rotated = match which.target()? {
        Target::File { path, passphrase: configured } => {
            let secret = passphrase.read(&path, configured.as_ref())?;
            let (file, _) = KeyFile::unlock(&path, &secret)?;
            file.change(at, |keys| keys.rotate(role, turn, &schedule(role), at))?
        }
        Target::Profile(place) => place.rotate(role, turn, &schedule(role), at)?,
    };
    let turned = Turned {
        role: role.name(),
        kid: rotated.key.as_ref().map(|key| key.kid().to_owned()),
        signs_from: moment(rotated.signs_from),
        old_published_until: rotated.old_until.map(moment),
    };
    output.answer(&turned, || said(&rotated, turn))
}

fn said(rotated: &Rotated, turn: Turn) -> String {
    let (role, from) = (rotated.role, moment(rotated.signs_from));
    let kid = rotated.key.as_ref().map(|key| key.kid().to_owned()).unwrap_or_default();
    let until = rotated.old_until.map(moment).unwrap_or_default();
    match (role.job(), turn) {
        (KeyJob::Sign, Turn::Announced) => format!(
            "The next {role} key is {kid}.\nIt is published now and signs from {from}.\n\
             The old one stays published until {until}; nothing has to be done."
        ),
        (KeyJob::Sign, Turn::AtOnce) => {
            format!("The {role} key is {kid}, from {from} on. The old ones are withdrawn.")
        }
        _ => format!("A new {role} key seals from {from} on. What the old ones sealed, they still open."),
    }
}

/// What dies of a withdrawal, said before it happens.
fn unconfirmed(role: KeyRole) -> Failure {
    let dies = match role {
        KeyRole::TokenSigning => "every open session ends: counters have to read the card again",
        KeyRole::BackendTokenSigning => "requests that are on their way to a back-end are refused there",
        KeyRole::ReceiptSigning => {
            "no receipt of the old keys can be verified any more with the published keys, though genuine ones are still in the audit log"
        }
        KeyRole::CheckpointSigning => {
            "checkpoints of the old keys can no longer be verified with the published keys"
        }
        KeyRole::PairwiseSubject
        | KeyRole::RegistryIndex
        | KeyRole::RegistrySealing
        | KeyRole::StateSealing => "nothing",
    };
    let wait = JWKS_MAX_AGE + KEY_CLOCK_SKEW;
    let message = format!(
        "--now withdraws the {role} key: {dies}; and verifiers that keep the published keys, and do not ask again for an unknown one, refuse the new key for up to {wait} s"
    );
    Failure::new(Exit::Usage, message)
        .remedy("if the key is in other hands, add --yes; if not, leave out --now")
}

pub(super) fn reseal(
    which: &Which,
    old: &Passphrase,
    new: Option<&str>,
    output: Output,
) -> Result<(), Failure> {
    let Target::File { path, passphrase: configured } = which.target()? else {
        return Err(Failure::new(Exit::Usage, "these keys are where a profile says")
            .remedy("name the key file itself: --file FILE"));
    };
    let (mut file, _) = KeyFile::unlock(&path, &old.read(&path, configured.as_ref())?)?;
    let new = passphrase::new(new, "--new-passphrase-from")?;
    file.reseal(&new, SystemClock.now())?;
    output.answer(&serde_json::json!({ "resealed": path.display().to_string() }), || {
        format!(
            "{} opens with the new passphrase only. Give it to the gateway before its next start; one that runs goes on.\n\
             Backups of the file still open with the old one.",
            path.display()
        )
    })
}
