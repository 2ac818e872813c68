//! Are these the bytes the state signed?

use crate::{DataGroupNumber, PkiError, SecurityObject, TrustStore, VerifiedCertificate};
use std::fmt;
use time::OffsetDateTime;

/// An EF.SOD whose CMS signature holds; its signer may still be anybody (objet de sécurité signé).
pub struct SignedSecurityObject {
    object: SecurityObject,
}

impl SignedSecurityObject {
    /// Asks the trust store for the signer at the moment `at`.
    pub fn trust(self, store: &TrustStore, at: OffsetDateTime) -> Result<PassiveAuthentication, PkiError> {
        let _ = (&self.object, store, at);
        Err(PkiError::Untrusted)
    }
}

/// The state signed this list of digests (authentification passive).
pub struct PassiveAuthentication {
    object: SecurityObject,
    signer: VerifiedCertificate,
}

impl PassiveAuthentication {
    /// The data groups that the state signed, in the order of EF.SOD. DG14 and DG15 listed but absent from a card is a failure.
    pub fn data_groups(&self) -> impl Iterator<Item = DataGroupNumber> + '_ {
        self.object.data_groups()
    }

    /// Whether the state signed a digest of this data group.
    #[must_use]
    pub fn lists(&self, number: DataGroupNumber) -> bool {
        self.data_groups().any(|listed| listed == number)
    }

    /// Who signed.
    #[must_use]
    pub fn signer(&self) -> &VerifiedCertificate {
        &self.signer
    }

    /// Compares the whole content of a data group, tag and length included, with the signed digest.
    pub fn authenticate(
        &self,
        number: DataGroupNumber,
        content: Vec<u8>,
    ) -> Result<AuthenticDataGroup, PkiError> {
        let _ = (number, content);
        Err(PkiError::DataGroupNotListed)
    }
}

/// The content of a data group that the state signed (groupe de données authentique).
pub struct AuthenticDataGroup {
    number: DataGroupNumber,
    content: Vec<u8>,
}

impl AuthenticDataGroup {
    /// Which one.
    #[must_use]
    pub fn number(&self) -> DataGroupNumber {
        self.number
    }

    /// Its bytes, tag and length included.
    #[must_use]
    pub fn content(&self) -> &[u8] {
        &self.content
    }
}

impl fmt::Debug for AuthenticDataGroup {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("AuthenticDataGroup").field("number", &self.number).finish_non_exhaustive()
    }
}
