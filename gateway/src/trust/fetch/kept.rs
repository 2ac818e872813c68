//! What was fetched before, and what became of each source, over a restart?

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pki::UntrustedCrl;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::FetchError;
use crate::config::{FetchConfig, FetchSource};
use crate::trust::files::lists_in;

/// One source, as of the last try (état d'une source).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceState {
    /// The URL or path, as configured.
    pub source: String,
    /// When it was last asked.
    #[serde(with = "time::serde::rfc3339::option")]
    pub tried_at: Option<OffsetDateTime>,
    /// When it last answered with something of use, or with "not modified".
    #[serde(with = "time::serde::rfc3339::option")]
    pub succeeded_at: Option<OffsetDateTime>,
    /// What is wrong with it now.
    pub failure: Option<Failed>,
    /// Lists among those it brought that are of no use, by the code of the reason.
    pub ignored: Vec<String>,
    #[serde(default)]
    pub(super) validators: Validators,
}

/// What is wrong with a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// The stable code.
    pub code: String,
    /// One sentence.
    pub sentence: String,
    /// Since when.
    #[serde(with = "time::serde::rfc3339")]
    pub since: OffsetDateTime,
}

/// What the server called this version of its file (RFC 9110 §8.8).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Validators {
    pub(super) etag: Option<String>,
    pub(super) last_modified: Option<String>,
}

impl SourceState {
    pub(super) fn tried(&mut self, at: OffsetDateTime) {
        self.tried_at = Some(at);
    }

    pub(super) fn succeeded(&mut self, at: OffsetDateTime) {
        self.succeeded_at = Some(at);
        self.failure = None;
    }

    pub(super) fn failed(&mut self, error: &FetchError, at: OffsetDateTime) {
        let since = match &self.failure {
            Some(known) if known.code == error.code() => known.since,
            _ => at,
        };
        self.failure = Some(Failed { code: error.code().to_owned(), sentence: error.to_string(), since });
    }

    /// Writes itself down; a disk that does not take it is noticed when a list is to be kept.
    pub(super) fn keep(&self, dir: &Path) {
        if let Ok(json) = serde_json::to_vec_pretty(self) {
            let _ = replace(dir, &format!("{}.json", id(&self.source)), &json);
        }
    }
}

/// What is known of that source.
pub(super) fn state(dir: &Path, source: &FetchSource) -> SourceState {
    let name = source.name();
    let read = || {
        let bytes = fs::read(dir.join(format!("{}.json", id(&name)))).ok()?;
        serde_json::from_slice::<SourceState>(&bytes).ok()
    };
    let mut state = read().filter(|state| state.source == name).unwrap_or_default();
    if !lists_of(dir, &name).exists() {
        // "Not modified" would leave us without.
        state.validators = Validators::default();
    }
    SourceState { source: name, ..state }
}

/// What a gateway with this configuration wrote down of its sources.
#[must_use]
pub fn states(config: &FetchConfig) -> Vec<SourceState> {
    config.sources.iter().map(|source| state(&config.dir, source)).collect()
}

/// Every list that is kept of the sources that are still configured. What cannot be read is as good as not kept.
pub(in crate::trust) fn all(config: &FetchConfig) -> Vec<(String, Arc<UntrustedCrl>)> {
    let mut lists = Vec::new();
    for source in &config.sources {
        let name = source.name();
        let Ok(bytes) = fs::read(lists_of(&config.dir, &name)) else { continue };
        let read = lists_in(&bytes).into_iter().filter_map(|der| UntrustedCrl::from_der(&der).ok());
        lists.extend(read.map(|list| (name.clone(), Arc::new(list))));
    }
    lists
}

/// Keeps these DER lists of a source instead of those before. Whether they are others.
pub(super) fn write(dir: &Path, source: &FetchSource, lists: &[Vec<u8>]) -> io::Result<bool> {
    let name = source.name();
    let mut pem = String::new();
    for list in lists {
        pem += "-----BEGIN X509 CRL-----\n";
        let text = STANDARD.encode(list);
        let mut rest = text.as_str();
        while let Some((line, more)) = rest.split_at_checked(64) {
            pem += line;
            pem += "\n";
            rest = more;
        }
        pem += rest;
        pem += "\n-----END X509 CRL-----\n";
    }
    if fs::read(lists_of(dir, &name)).is_ok_and(|known| known == pem.as_bytes()) {
        return Ok(false);
    }
    replace(dir, &format!("{}.crl.pem", id(&name)), pem.as_bytes())?;
    Ok(true)
}

fn lists_of(dir: &Path, name: &str) -> PathBuf {
    dir.join(format!("{}.crl.pem", id(name)))
}

/// A file name for a source.
fn id(name: &str) -> String {
    let digest = pki::DigestAlgorithm::Sha256.digest(name.as_bytes()).unwrap_or_default();
    hex::encode(digest.get(..8).unwrap_or_default())
}

/// Whole or not at all.
fn replace(dir: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let (new, place) = (dir.join(format!(".{name}.new")), dir.join(name));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(new, place)
}
