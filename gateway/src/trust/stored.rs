//! What does the trust store add to the files of the configuration, and whom does it take away?

use std::collections::BTreeSet;
use std::sync::Arc;

use pki::csca::KeyFingerprint;
use pki::trust::Material;
use pki::{PkiError, RevocationPolicy, TrustStore, UntrustedCertificate, UntrustedCrl, limits};

use super::TrustError;
use super::store::snapshot::ObjectKind;
use super::store::{Snapshot, StoreFolder};

/// The country signers and lists of the configuration's files, with those of the current snapshot of `folder`.
///
/// Whom the operator distrusts is not believed from a file either. What of the snapshot cannot be used is left out and
/// said; what the configuration names and cannot be used is an error, as without a store.
pub(super) fn with_store(
    folder: &StoreFolder,
    mut cscas: Vec<UntrustedCertificate>,
    mut lists: Vec<UntrustedCrl>,
) -> Result<TrustStore, TrustError> {
    let given = cscas.len();
    let mut signers = Vec::new();
    let snapshot = folder.load()?;
    if let Some(snapshot) = &snapshot {
        let distrusted = snapshot.distrusted_keys();
        cscas.retain(|csca| !is_among(csca, &distrusted));
    }
    // The lists of somebody who is distrusted say nothing any more.
    let configured = (cscas.len(), if cscas.len() == given { lists.len() } else { 0 });
    if let Some(snapshot) = &snapshot {
        let own: BTreeSet<Vec<u8>> = cscas.iter().map(|csca| csca.der().to_vec()).collect();
        cscas.extend(snapshot.believed_cscas().into_iter().filter(|csca| !own.contains(csca.der())));
        let crls = snapshot.ders(ObjectKind::Crl);
        lists.extend(crls.iter().filter_map(|der| UntrustedCrl::from_der(der).ok()));
        signers = document_signers(snapshot);
    }
    let lists = lists.into_iter().map(Arc::new).collect();
    let (store, left_out) = TrustStore::assemble(cscas, lists, None);
    for left in &left_out {
        let own = match left.what {
            Material::Csca => left.index < configured.0,
            Material::Crl => left.index < configured.1,
        };
        if own {
            return Err(refused(folder, left.why));
        }
        tracing::warn!(what = ?left.what, code = left.why.code(), "left out of the trust store");
    }
    if store.is_empty() {
        return Err(TrustError::Empty {
            path: folder.root().to_owned(),
            expected: "believed country signer",
        });
    }
    let store = store.with_document_signers(signers).map_err(|error| refused(folder, error))?;
    Ok(store.with_revocation_policy(RevocationPolicy::Report))
}

fn is_among(csca: &UntrustedCertificate, distrusted: &BTreeSet<&str>) -> bool {
    let key = KeyFingerprint::of_certificate(csca).map(|key| key.to_string());
    key.is_some_and(|key| distrusted.contains(key.as_str()))
}

fn document_signers(snapshot: &Snapshot) -> Vec<UntrustedCertificate> {
    let ders = snapshot.ders(ObjectKind::DocumentSigner);
    if ders.len() > limits::DOCUMENT_SIGNERS {
        let more = ders.len() - limits::DOCUMENT_SIGNERS;
        tracing::warn!(more, "more document signers than a trust store holds; the rest is left out");
    }
    let kept = ders.iter().take(limits::DOCUMENT_SIGNERS);
    kept.filter_map(|der| UntrustedCertificate::from_der(der).ok()).collect()
}

fn refused(folder: &StoreFolder, error: PkiError) -> TrustError {
    TrustError::Refused { path: folder.root().to_owned(), error }
}
