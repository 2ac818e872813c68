//! How does a judged file become part of the store, and what did it change?

use std::collections::{BTreeMap, BTreeSet};

use time::OffsetDateTime;

use pki::csca::{EntryKind, Judgement};
use pki::limits;

use super::{Import, Judged};
use crate::trust::store::snapshot::{Entry, ObjectKind, Source};
use crate::trust::store::{Snapshot, StoreError, StoreFolder, sha256};

/// What an import changed in what its source says (différence).
#[derive(Debug, Clone, serde::Serialize)]
pub(crate) struct Change {
    pub(crate) source: String,
    /// Fingerprints that the source did not hold before.
    pub(crate) came: Vec<String>,
    /// Fingerprints that it does not hold any more.
    pub(crate) went: Vec<String>,
    pub(crate) unchanged: usize,
}

/// Why a judged file is not kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeepError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Whoever replays an old list brings back what was withdrawn since.
    #[error("this list was signed before the one that the store holds from {source_name}")]
    Older { source_name: String },
    #[error("more document signers than a trust store holds")]
    Full,
}

/// Puts `imports` into the store, each in place of what its source said before: all of them, or none.
pub(crate) fn keep(
    store: &StoreFolder,
    imports: &[Import],
    allow_older: bool,
    at: OffsetDateTime,
) -> Result<Vec<Change>, KeepError> {
    store.update(at, |snapshot| {
        imports
            .iter()
            .filter(|import| import.accepted() > 0)
            .map(|import| replace(snapshot, import, allow_older, at))
            .collect()
    })
}

fn replace(
    snapshot: &mut Snapshot,
    import: &Import,
    allow_older: bool,
    at: OffsetDateTime,
) -> Result<Change, KeepError> {
    let before = snapshot.sources.remove(&import.source);
    let signed =
        |lists: &[crate::trust::store::snapshot::List]| lists.iter().filter_map(|list| list.signed_at).max();
    let last = before.as_ref().and_then(|source| signed(&source.lists));
    if !allow_older && last.is_some() && signed(&import.lists) < last {
        return Err(KeepError::Older { source_name: import.source.clone() });
    }
    let mut source = Source {
        kind: import.kind,
        file: import.file.clone(),
        sha256: import.sha256.clone(),
        imported_at: at,
        lists: import.lists.clone(),
        entries: Vec::new(),
        refused: BTreeMap::new(),
    };
    for judged in &import.entries {
        if let Some(reason) = judged.reason() {
            *source.refused.entry(reason.code().to_owned()).or_default() += 1;
        } else if let Some((entry, der)) = entry(judged) {
            snapshot.keep(&entry.fingerprint, der);
            source.entries.push(entry);
        }
    }
    let signers = source.entries.iter().filter(|entry| entry.kind == ObjectKind::DocumentSigner).count();
    if signers > limits::DOCUMENT_SIGNERS {
        return Err(KeepError::Full);
    }
    let set = |source: &Source| -> BTreeSet<String> {
        source.entries.iter().map(|entry| entry.fingerprint.clone()).collect()
    };
    let (old, new) = (before.as_ref().map(set).unwrap_or_default(), set(&source));
    let change = Change {
        source: import.source.clone(),
        came: new.difference(&old).cloned().collect(),
        went: old.difference(&new).cloned().collect(),
        unchanged: new.intersection(&old).count(),
    };
    snapshot.sources.insert(import.source.clone(), source);
    Ok(change)
}

/// An accepted entry as it is kept, and its DER.
fn entry(judged: &Judged) -> Option<(Entry, &[u8])> {
    match judged {
        Judged::Certificate(Judgement::Accepted(accepted), voucher) => {
            let der = accepted.certificate.der();
            let kind = match accepted.kind {
                EntryKind::SelfSigned => ObjectKind::SelfSigned,
                EntryKind::Link => ObjectKind::Link,
                EntryKind::DocumentSigner => ObjectKind::DocumentSigner,
            };
            let entry = Entry {
                fingerprint: sha256(der),
                kind,
                key: accepted.key.to_string(),
                issuers: accepted.issuers.iter().map(ToString::to_string).collect(),
                voucher: *voucher,
                deviations: accepted.deviations.iter().map(|one| one.code().to_owned()).collect(),
            };
            Some((entry, der))
        }
        Judged::Crl(crl) => {
            let entry = Entry {
                fingerprint: sha256(&crl.der),
                kind: ObjectKind::Crl,
                key: crl.signer.to_string(),
                issuers: Vec::new(),
                voucher: crate::trust::store::snapshot::Voucher::Issuer,
                deviations: Vec::new(),
            };
            Some((entry, &crl.der))
        }
        Judged::Certificate(Judgement::Refused(_), _) | Judged::Refused(_) => None,
    }
}
