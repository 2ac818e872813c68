//! What may an operator see of the keys? Everything but the keys.

use clap::ValueEnum;
use hsm_config::{KeyFile, KeyFileView, KeyJob, KeyRole, KeyView};
use serde::Serialize;
use time::{Duration, OffsetDateTime};

use super::super::Failure;
use super::super::output::{Output, moment, table};
use super::passphrase::Passphrase;
use super::which::{Target, Which};
use crate::clock::{Clock as _, SystemClock};
use crate::limits::KEY_CRYPTO_PERIOD_DAYS;
use crate::token::jwk_set;

/// How public keys are written.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::cli) enum Format {
    Jwks,
    Pem,
}

#[derive(Serialize)]
struct Role {
    role: &'static str,
    job: &'static str,
    algorithm: &'static str,
    kid: Option<String>,
}

#[derive(Serialize)]
struct Status {
    file: String,
    revision: u64,
    written_at: String,
    sealed: String,
    /// Whether the passphrase was there to prove what the file says.
    verified: bool,
    keys: Vec<Key>,
    due: Vec<String>,
}

#[derive(Serialize)]
struct Key {
    role: &'static str,
    number: u32,
    state: &'static str,
    signs_from: String,
    published_until: Option<String>,
    kid: Option<String>,
}

pub(super) fn list(which: &Which, output: Output) -> Result<(), Failure> {
    roles(&keys_of(which)?, SystemClock.now(), output)
}

/// What can be said of every key, wherever it lives.
fn keys_of(which: &Which) -> Result<Vec<KeyView>, Failure> {
    match which.target()? {
        Target::File { path, .. } => Ok(KeyFileView::read(&path)?.keys),
        Target::Profile(place) => Ok(place.view()?),
    }
}

/// One line a role, with the key in use.
pub(super) fn roles(keys: &[KeyView], at: OffsetDateTime, output: Output) -> Result<(), Failure> {
    let of_role = |role: KeyRole| {
        let algorithm = match role.job() {
            KeyJob::Sign => "ES256",
            KeyJob::Mac => "HMAC-SHA256",
            KeyJob::Seal => "AES-256-GCM",
        };
        let used = in_use(keys, role, at).and_then(|key| key.key.as_ref());
        Role {
            role: role.name(),
            job: role.job().name(),
            algorithm,
            kid: used.map(|key| key.kid().to_owned()),
        }
    };
    let roles: Vec<Role> = KeyRole::ALL.into_iter().map(of_role).collect();
    output.answer(&roles, || {
        let row = |role: &Role| {
            let kid = role.kid.clone().unwrap_or_default();
            vec![role.role.to_owned(), role.job.to_owned(), role.algorithm.to_owned(), kid]
        };
        table(&["ROLE", "JOB", "ALGORITHM", "KID"], &roles.iter().map(row).collect::<Vec<_>>())
    })
}

pub(super) fn status(which: &Which, passphrase: &Passphrase, output: Output) -> Result<(), Failure> {
    let at = SystemClock.now();
    let (path, configured) = match which.target()? {
        Target::File { path, passphrase } => (path, passphrase),
        Target::Profile(place) => {
            let keys = place.view()?;
            let keys: Vec<_> = keys.iter().map(|key| shown(key, &keys, at)).collect();
            return output.answer(&keys, || rows(&keys));
        }
    };
    let view = KeyFileView::read(&path)?;
    let secret = match (passphrase.is_given(), &configured) {
        (true, _) => Some(passphrase.read(&path, configured.as_ref())?),
        // What the file says is worth showing also to whoever cannot prove it.
        (false, Some(source)) => source.read().ok(),
        (false, None) => None,
    };
    if let Some(secret) = &secret {
        KeyFile::unlock(&path, secret)?;
    }
    let status = Status {
        file: path.display().to_string(),
        revision: view.revision,
        written_at: moment(view.written_at),
        sealed: view.derivation.to_string(),
        verified: secret.is_some(),
        keys: view.keys.iter().map(|key| shown(key, &view.keys, at)).collect(),
        due: KeyRole::ALL.into_iter().filter_map(|role| due(&view.keys, role, at)).collect(),
    };
    output.answer(&status, || text(&status))
}

pub(super) fn export(
    which: &Which,
    role: Option<KeyRole>,
    format: Format,
    output: Output,
) -> Result<(), Failure> {
    if let Some(role) = role {
        role.must(KeyJob::Sign)?;
    }
    let at = SystemClock.now();
    let wanted = |one: &KeyRole| role.is_none_or(|role| role == *one);
    let keys: Vec<_> = match which.target()? {
        Target::File { path, .. } => {
            let view = KeyFileView::read(&path)?;
            KeyRole::ALL.into_iter().filter(wanted).flat_map(|role| view.published(role, at)).collect()
        }
        Target::Profile(place) => {
            let keys = place.published(at)?.into_iter().filter(|(role, _)| wanted(role));
            keys.map(|(_, key)| key).collect()
        }
    };
    match format {
        Format::Jwks => output.json(&jwk_set(&keys)),
        Format::Pem => {
            let pem: Vec<String> = keys.iter().map(|key| key.key.to_pem()).collect();
            output.answer(&pem, || pem.concat())
        }
    }
}

/// The key that does the role's job at that time.
fn in_use(keys: &[KeyView], role: KeyRole, at: OffsetDateTime) -> Option<&KeyView> {
    let begun = keys.iter().filter(|key| key.role == role && key.signs_from <= at && !ended(key, at));
    begun.max_by_key(|key| (key.signs_from, key.number))
}

fn ended(key: &KeyView, at: OffsetDateTime) -> bool {
    key.published_until.is_some_and(|until| until <= at)
}

fn shown(key: &KeyView, keys: &[KeyView], at: OffsetDateTime) -> Key {
    let used = in_use(keys, key.role, at).is_some_and(|used| used.number == key.number);
    let state = match key.role.job() {
        _ if ended(key, at) => "ended",
        KeyJob::Sign if used => "signs",
        KeyJob::Sign if key.signs_from > at => "announced",
        KeyJob::Sign => "verifies",
        KeyJob::Mac => "authenticates",
        KeyJob::Seal if used => "seals",
        KeyJob::Seal => "opens",
    };
    Key {
        role: key.role.name(),
        number: key.number,
        state,
        signs_from: moment(key.signs_from),
        published_until: key.published_until.map(moment),
        kid: key.key.as_ref().map(|key| key.kid().to_owned()),
    }
}

/// What an operator has to do for a role, if anything.
fn due(keys: &[KeyView], role: KeyRole, at: OffsetDateTime) -> Option<String> {
    let Some(used) = in_use(keys, role, at) else {
        return Some(format!("{role}: no key in use; is this machine's clock right?"));
    };
    let announced = keys.iter().any(|key| key.role == role && key.signs_from > at);
    let age: Duration = at - used.signs_from;
    let old = age > Duration::days(KEY_CRYPTO_PERIOD_DAYS) && !announced && role.job() != KeyJob::Mac;
    old.then(|| format!("{role}: in use for {} days; bawaba keys rotate {role}", age.whole_days()))
}

fn rows(keys: &[Key]) -> String {
    let row = |key: &Key| {
        vec![
            key.role.to_owned(),
            key.number.to_string(),
            key.state.to_owned(),
            key.signs_from.clone(),
            key.published_until.clone().unwrap_or_else(|| "-".to_owned()),
            key.kid.clone().unwrap_or_default(),
        ]
    };
    let rows: Vec<_> = keys.iter().map(row).collect();
    table(&["ROLE", "NO", "STATE", "FROM", "PUBLISHED UNTIL", "KID"], &rows)
}

fn text(status: &Status) -> String {
    let proven = if status.verified {
        "proven with the passphrase"
    } else {
        "as the file says; not proven, no passphrase"
    };
    let due = match status.due.as_slice() {
        [] => "Nothing is due.".to_owned(),
        due => format!("Due:\n  {}", due.join("\n  ")),
    };
    format!(
        "{}: revision {}, written {}, {}\n{proven}\n\n{}\n{due}",
        status.file,
        status.revision,
        status.written_at,
        status.sealed,
        rows(&status.keys)
    )
}
