//! Which signatures of document signers have been computed already?

use super::authority::{KeyDigest, sha256};
use crate::{PkiError, UntrustedCertificate, limits};
use quick_cache::sync::Cache;

/// Signatures over document signer certificates that held (signatures déjà vérifiées).
///
/// All that is remembered is "this CSCA key signed these bytes": arithmetic, true for ever. Whether that key is
/// still pinned, and validity, country, usage and revocation, are asked again on every hit.
pub(super) struct RememberedSignatures {
    by_certificate: Cache<[u8; 32], KeyDigest>,
}

impl RememberedSignatures {
    pub(super) fn new() -> Self {
        Self { by_certificate: Cache::new(limits::REMEMBERED_SIGNATURES) }
    }

    /// The key that signed these bytes, if it was computed before.
    pub(super) fn signer_of(
        &self,
        certificate: &UntrustedCertificate,
    ) -> Result<Option<KeyDigest>, PkiError> {
        Ok(self.by_certificate.get(&sha256(certificate.der())?))
    }

    pub(super) fn remember(
        &self,
        certificate: &UntrustedCertificate,
        key: KeyDigest,
    ) -> Result<(), PkiError> {
        self.by_certificate.insert(sha256(certificate.der())?, key);
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.by_certificate.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_signers_than_fit_take_no_more_room() {
        let remembered = RememberedSignatures::new();
        for number in 0..3 * limits::REMEMBERED_SIGNATURES {
            let digest = sha256(&number.to_be_bytes()).unwrap();
            remembered.by_certificate.insert(digest, KeyDigest(digest));
        }
        let kept = remembered.len();
        assert!(kept > limits::REMEMBERED_SIGNATURES / 2 && kept <= limits::REMEMBERED_SIGNATURES, "{kept}");
    }
}
