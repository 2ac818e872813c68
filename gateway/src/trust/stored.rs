//! What does the trust store add to the files of the configuration, and whom does it take away?

use std::collections::BTreeSet;
use std::sync::Arc;

use pki::csca::KeyFingerprint;
use pki::{UntrustedCertificate, UntrustedCrl, limits};

use super::TrustError;
use super::store::snapshot::ObjectKind;
use super::store::{Snapshot, StoreFolder};

/// The current snapshot of a trust store, as far as it can be used.
#[derive(Default)]
pub(super) struct Stored {
    pub(super) cscas: Vec<UntrustedCertificate>,
    pub(super) lists: Vec<Arc<UntrustedCrl>>,
    pub(super) signers: Vec<UntrustedCertificate>,
    distrusted: BTreeSet<String>,
}

impl Stored {
    pub(super) fn read(folder: &StoreFolder) -> Result<Self, TrustError> {
        let Some(snapshot) = folder.load()? else { return Ok(Self::default()) };
        let lists = snapshot.ders(ObjectKind::Crl);
        Ok(Self {
            cscas: snapshot.believed_cscas(),
            lists: lists.iter().filter_map(|der| UntrustedCrl::from_der(der).ok()).map(Arc::new).collect(),
            signers: document_signers(&snapshot),
            distrusted: snapshot.distrusted_keys().into_iter().map(str::to_owned).collect(),
        })
    }

    /// Whom the operator distrusts is not believed from a file either.
    pub(super) fn distrusts(&self, csca: &UntrustedCertificate) -> bool {
        let key = KeyFingerprint::of_certificate(csca).map(|key| key.to_string());
        key.is_some_and(|key| self.distrusted.contains(&key))
    }
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
