//! What does the card's EF.SOD claim?

mod lds;

use crate::asn1::Element;
use crate::cms::{CmsBounds, ID_DATA, SignedData};
use crate::{DigestAlgorithm, PkiError, SignedSecurityObject, TrustStore, UntrustedCertificate, limits};
use der::TagNumber;
use der::asn1::ObjectIdentifier;
use lds::LdsSecurityObject;
use std::fmt;

const LDS_SECURITY_OBJECT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.136.1.1.1");

/// The number of a data group, 1 to 16 (numéro de groupe de données; Doc 9303-10 §4.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DataGroupNumber(u8);

impl DataGroupNumber {
    /// The MRZ.
    pub const DG1: Self = Self(1);
    /// The face.
    pub const DG2: Self = Self(2);
    /// The security options (Chip Authentication key, Active Authentication hash).
    pub const DG14: Self = Self(14);
    /// The Active Authentication public key.
    pub const DG15: Self = Self(15);

    /// Data group `number`, if there is one.
    pub fn new(number: u8) -> Result<Self, PkiError> {
        if (1..=16).contains(&number) {
            Ok(Self(number))
        } else {
            Err(PkiError::Malformed("data group number"))
        }
    }

    /// 1 to 16.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// EF.SOD as a station sent it: well-formed, unbelieved (objet de sécurité du document).
#[derive(Clone)]
pub struct SecurityObject {
    signed_data: SignedData,
    content: LdsSecurityObject,
}

impl SecurityObject {
    /// Reads EF.SOD (`77 L ContentInfo`; Doc 9303-10 §4.6.2). Nothing is verified.
    ///
    /// Accepted deviations: octets after the file's one element (a chip's padding, unread); an envelope in BER with
    /// indefinite lengths; the issuer's RDNs in another order than in the certificate. eContentType id-data is read, so
    /// that its refusal by [`SignedSecurityObject::trust`] has a name.
    pub fn parse(ef_sod: &[u8]) -> Result<Self, PkiError> {
        const WHAT: &str = "EF.SOD";
        if ef_sod.len() > limits::EF_SOD {
            return Err(PkiError::TooLarge);
        }
        let file = Element::first(ef_sod, WHAT)?;
        let content_info = file.contents_of(TagNumber(23).application(true))?;
        let signed_data = SignedData::read(content_info, CmsBounds::CARD)?;
        // id-data is what Chinese passports say: readable, and sound as CMS.
        if ![LDS_SECURITY_OBJECT, ID_DATA].contains(&signed_data.content_type()) {
            return Err(PkiError::WrongContentType);
        }
        // A content that makes no sense is either a strange state's or a forger's: the signature tells which.
        let content = LdsSecurityObject::read(signed_data.content())
            .map_err(|malformed| signed_data.verify_by(&[]).err().unwrap_or(malformed))?;
        Ok(Self { signed_data, content })
    }

    /// The data groups it claims to list, in its order.
    pub fn data_groups(&self) -> impl Iterator<Item = DataGroupNumber> + '_ {
        self.content.hashes.iter().map(|(number, _)| *number)
    }

    /// The document signer certificate inside, if the signer it names is there. Nobody vouches for it.
    #[must_use]
    pub fn document_signer(&self) -> Option<&UntrustedCertificate> {
        self.signed_data.signer_certificate(&[])
    }

    /// Checks the CMS: signed attributes, digest of the content, signature by the certificate inside.
    /// Who that certificate belongs to is still open.
    pub fn verify_signature(self) -> Result<SignedSecurityObject, PkiError> {
        let signer = self.signed_data.verify_by(&[])?;
        Ok(SignedSecurityObject::proven(self, signer))
    }

    /// The same, where the signer's certificate may also be one that the store knows, for a security object that does not
    /// carry its own. It is believed no more than one inside.
    pub fn verify_signature_with(self, known: &TrustStore) -> Result<SignedSecurityObject, PkiError> {
        let signer = self.signed_data.verify_with(known)?;
        Ok(SignedSecurityObject::proven(self, signer))
    }

    /// The versions that a version 1 object tells: of the LDS (`0108`) and of Unicode (`040000`), if it tells them.
    #[must_use]
    pub fn lds_version(&self) -> Option<(&str, &str)> {
        self.content.version_info.as_ref().map(|(lds, unicode)| (lds.as_str(), unicode.as_str()))
    }

    pub(crate) fn signed_data(&self) -> &SignedData {
        &self.signed_data
    }

    /// The digest of the data groups.
    pub(crate) fn digest(&self) -> DigestAlgorithm {
        self.content.digest
    }

    /// Whether the signed content type is that of Doc 9303-10 §4.6.2.2: it is what keeps a signature over something
    /// else from passing for an EF.SOD (RFC 5652 §11.1).
    pub(crate) fn has_right_type(&self) -> bool {
        self.signed_data.content_type() == LDS_SECURITY_OBJECT
    }

    /// Compares a data group with its listed digest. Proves nothing while the list is unbelieved: it tells a damaged
    /// reading from a forged card.
    pub fn matches(&self, number: DataGroupNumber, content: &[u8]) -> Result<(), PkiError> {
        let listed = self.content.hashes.iter().find(|(known, _)| *known == number);
        let (_, hash) = listed.ok_or(PkiError::DataGroupNotListed)?;
        if self.content.digest.digest(content)? == *hash { Ok(()) } else { Err(PkiError::DataGroupChanged) }
    }
}

/// Digests of a person's data can be guessed from; only their number is shown.
impl fmt::Debug for SecurityObject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SecurityObject")
            .field("digest", &self.content.digest)
            .field("data_groups", &self.data_groups().map(DataGroupNumber::get).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
