//! What does a snapshot file hold? Its JSON, apart from what the program thinks with.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// The form that this program writes and reads.
pub(crate) const VERSION: u32 = 1;

/// All that was known at a moment (instantané du magasin): which source said what, and what the operator decided.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Snapshot {
    pub(crate) version: u32,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) made_at: OffsetDateTime,
    /// The file name of the one before.
    pub(crate) previous: Option<String>,
    pub(crate) sources: BTreeMap<String, Source>,
    pub(crate) decisions: Vec<Decision>,
    /// DER in base64 by SHA-256 in hexadecimal.
    pub(crate) objects: BTreeMap<String, String>,
}

/// One import of one source; the next one replaces it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Source {
    pub(crate) kind: SourceKind,
    /// The name of the file, without its folder.
    pub(crate) file: String,
    /// SHA-256 of the file.
    pub(crate) sha256: String,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) imported_at: OffsetDateTime,
    /// The master lists in it.
    pub(crate) lists: Vec<List>,
    pub(crate) entries: Vec<Entry>,
    /// How many were refused, by reason.
    pub(crate) refused: BTreeMap<String, usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SourceKind {
    MasterList,
    Certificates,
    Ldif,
}

/// A master list whose signature held.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct List {
    pub(crate) signer: String,
    pub(crate) signer_fingerprint: String,
    pub(crate) signer_key_id: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) signer_not_after: OffsetDateTime,
    pub(crate) anchor: String,
    pub(crate) anchor_fingerprint: String,
    #[serde(with = "time::serde::rfc3339::option")]
    pub(crate) signed_at: Option<OffsetDateTime>,
    /// The keys on which belief in it rests: distrust of one of them ends it.
    pub(crate) rests_on: Vec<String>,
}

/// One accepted object.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    pub(crate) fingerprint: String,
    pub(crate) kind: ObjectKind,
    /// Its key; of a revocation list, the key that signed it.
    pub(crate) key: String,
    /// The keys that signed it, where they are at hand.
    pub(crate) issuers: Vec<String>,
    pub(crate) voucher: Voucher,
    pub(crate) deviations: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ObjectKind {
    SelfSigned,
    Link,
    DocumentSigner,
    Crl,
}

impl ObjectKind {
    pub(crate) fn is_csca(self) -> bool {
        matches!(self, Self::SelfSigned | Self::Link)
    }

    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::SelfSigned => "self-signed",
            Self::Link => "link",
            Self::DocumentSigner => "document-signer",
            Self::Crl => "crl",
        }
    }
}

/// Who vouches for an entry (garant).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Voucher {
    /// The operator, who imported a file that nobody signed.
    Operator,
    /// A master list of its source, by place.
    List(usize),
    /// The key that signed it, and nobody else.
    Issuer,
}

/// What the operator decided; it outlives every import (décision de l'exploitant).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Decision {
    pub(crate) action: Action,
    pub(crate) fingerprint: String,
    /// Distrust is of a key, whatever certificate carries it.
    pub(crate) key: String,
    pub(crate) kind: ObjectKind,
    pub(crate) reason: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) at: OffsetDateTime,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Action {
    Pin,
    Distrust,
}

impl Snapshot {
    pub(crate) fn empty(made_at: OffsetDateTime) -> Self {
        Self {
            version: VERSION,
            made_at,
            previous: None,
            sources: BTreeMap::new(),
            decisions: Vec::new(),
            objects: BTreeMap::new(),
        }
    }

    /// The DER of an object.
    pub(crate) fn der(&self, fingerprint: &str) -> Option<Vec<u8>> {
        STANDARD.decode(self.objects.get(fingerprint)?).ok()
    }

    pub(crate) fn keep(&mut self, fingerprint: &str, der: &[u8]) {
        self.objects.entry(fingerprint.to_owned()).or_insert_with(|| STANDARD.encode(der));
    }

    /// Objects that nothing refers to any more go.
    pub(crate) fn drop_orphans(&mut self) {
        let used: BTreeSet<String> = self
            .sources
            .values()
            .flat_map(|source| &source.entries)
            .map(|entry| entry.fingerprint.clone())
            .chain(self.decisions.iter().map(|decision| decision.fingerprint.clone()))
            .collect();
        self.objects.retain(|fingerprint, _| used.contains(fingerprint));
    }
}
