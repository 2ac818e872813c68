//! Where is SHA-1 believed, and where was it? Old documents carry it; collisions in it have been made since 2017.

use crate::{DigestAlgorithm, PkiError};

/// How far SHA-1 is believed (politique SHA-1). Set when a trust store is made; nothing is believed unless it is said.
///
/// What a collision gains: whoever brings a state to sign one data group, security object or certificate of his making holds
/// a second one under the same signature. A second preimage, which would let him do so with any document, is out of reach.
/// Active and Chip Authentication ask for neither, and are no matter of this policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Sha1Policy {
    /// Nowhere.
    #[default]
    Refuse,
    /// As the digest of data groups in a security object that is itself signed with a better one: passports issued
    /// until about 2010, which are past their ten years.
    DataGroups,
    /// In signatures too: security objects, document signer certificates and revocation lists.
    Signatures,
}

/// Where SHA-1 was met (emploi de SHA-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sha1Use {
    /// The digests of the data groups.
    DataGroups,
    /// The signature over the security object.
    SecurityObject,
    /// The CSCA's signature over the document signer's certificate.
    DocumentSigner,
    /// The CSCA's signature over the revocation list that answered.
    RevocationList,
}

impl Sha1Use {
    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DataGroups => "data-groups",
            Self::SecurityObject => "security-object",
            Self::DocumentSigner => "document-signer",
            Self::RevocationList => "revocation-list",
        }
    }
}

impl Sha1Policy {
    /// Every policy, strictest first.
    pub const ALL: [Self; 3] = [Self::Refuse, Self::DataGroups, Self::Signatures];

    /// The stable name, as in a configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::DataGroups => "data-groups",
            Self::Signatures => "signatures",
        }
    }

    /// Whether SHA-1 is believed there.
    #[must_use]
    pub const fn permits(self, wanted: Sha1Use) -> bool {
        match (self, wanted) {
            (Self::Signatures, _) | (Self::DataGroups, Sha1Use::DataGroups) => true,
            (Self::Refuse | Self::DataGroups, _) => false,
        }
    }

    /// Notes the use if this digest is SHA-1 and believed there.
    pub(crate) fn note(
        self,
        digest: DigestAlgorithm,
        wanted: Sha1Use,
        uses: &mut Vec<Sha1Use>,
    ) -> Result<(), PkiError> {
        match digest {
            DigestAlgorithm::Sha1 if !self.permits(wanted) => Err(PkiError::Sha1Refused(wanted)),
            DigestAlgorithm::Sha1 => {
                uses.push(wanted);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
