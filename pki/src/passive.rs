//! Are these the bytes the state signed? Passive authentication (Doc 9303-11 §5.1), step by step, a proof after each.

use crate::cms::SignedData;
use crate::{
    DataGroupNumber, PkiError, SecurityObject, Sha1Use, TrustStore, UntrustedCertificate,
    VerifiedCertificate, limits,
};
use std::fmt;
use time::OffsetDateTime;

/// An EF.SOD whose CMS signature holds; its signer may still be anybody (objet de sécurité signé).
///
/// Made only by [`SecurityObject::verify_signature`]:
///
/// ```compile_fail
/// fn forge(object: pki::SecurityObject, signer: pki::UntrustedCertificate) -> pki::SignedSecurityObject {
///     pki::SignedSecurityObject { object, signer }
/// }
/// ```
#[derive(Debug)]
pub struct SignedSecurityObject {
    object: SecurityObject,
    signer: UntrustedCertificate,
}

impl SignedSecurityObject {
    /// Only [`SecurityObject::verify_signature`] calls this.
    pub(crate) fn proven(object: SecurityObject, signer: UntrustedCertificate) -> Self {
        Self { object, signer }
    }

    /// Asks the trust store for the signer at the moment `at`.
    pub fn trust(self, store: &TrustStore, at: OffsetDateTime) -> Result<PassiveAuthentication, PkiError> {
        let Self { object, signer } = self;
        if !object.has_right_type() {
            return Err(PkiError::WrongContentType);
        }
        let Believed { signer, mut sha1 } = believe(object.signed_data(), signer, store, at)?;
        store.sha1_policy().note(object.digest(), Sha1Use::DataGroups, &mut sha1)?;
        Ok(PassiveAuthentication { object, signer, sha1 })
    }
}

/// A signer that the store believes, and where SHA-1 was believed with it.
pub(crate) struct Believed {
    pub(crate) signer: VerifiedCertificate,
    pub(crate) sha1: Vec<Sha1Use>,
}

/// Asks the trust store for the signer of EF.SOD or EF.CardSecurity at the moment `at`.
///
/// Two moments could count, and what is asked at each is this:
///
/// - *Now*, at the inspection, the document signer's certificate and the CSCA's must be valid. Doc 9303-12 §4.2 and
///   §7.1 make a certificate outlive every document signed under it, so the signer of a document that is still good is
///   still valid; and only for valid certificates does an authority keep revocation lists.
/// - *Then*, when the object was signed, the signer's certificate must have been valid and its private key in use
///   (PrivateKeyUsagePeriod, some months of the certificate's years). Most objects do not say when, and the moment is
///   the signer's own word: it can show that an object is wrong, and never makes an expired certificate good again.
pub(crate) fn believe(
    signed: &SignedData,
    signer: UntrustedCertificate,
    store: &TrustStore,
    at: OffsetDateTime,
) -> Result<Believed, PkiError> {
    let signer = store.verify_document_signer(signer, at)?;
    if let Some(then) = signed.signing_time() {
        could_sign(signer.certificate(), then)?;
    }
    let mut sha1 = signer.accepted_sha1().to_vec();
    store.sha1_policy().note(signed.digest(), Sha1Use::SecurityObject, &mut sha1)?;
    Ok(Believed { signer, sha1 })
}

fn could_sign(signer: &UntrustedCertificate, then: OffsetDateTime) -> Result<(), PkiError> {
    let (from, until) = signer.extensions().private_key_period.unwrap_or_default();
    let in_use = from.is_none_or(|from| then >= from) && until.is_none_or(|until| then <= until);
    if in_use && signer.valid_at(then).is_ok() { Ok(()) } else { Err(PkiError::WrongUsage) }
}

/// The state signed this list of digests (authentification passive).
///
/// Made only by [`SignedSecurityObject::trust`]:
///
/// ```compile_fail
/// fn forge(object: pki::SecurityObject, signer: pki::VerifiedCertificate) -> pki::PassiveAuthentication {
///     pki::PassiveAuthentication { object, signer, sha1: Vec::new() }
/// }
/// ```
#[derive(Debug)]
pub struct PassiveAuthentication {
    object: SecurityObject,
    signer: VerifiedCertificate,
    sha1: Vec<Sha1Use>,
}

impl PassiveAuthentication {
    /// The data groups that the state signed, in the order of EF.SOD. One that is listed but absent from the card was
    /// taken away.
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

    /// Where SHA-1 was believed on the way, because the store's policy says so. Nowhere, usually.
    #[must_use]
    pub fn accepted_sha1(&self) -> &[Sha1Use] {
        &self.sha1
    }

    /// Compares the whole content of a data group, tag and length included, with the signed digest.
    pub fn authenticate(
        &self,
        number: DataGroupNumber,
        content: Vec<u8>,
    ) -> Result<AuthenticDataGroup, PkiError> {
        if content.len() > limits::DATA_GROUP {
            return Err(PkiError::TooLarge);
        }
        self.object.matches(number, &content)?;
        Ok(AuthenticDataGroup { number, content })
    }
}

/// The content of a data group that the state signed (groupe de données authentique).
///
/// Made only by [`PassiveAuthentication::authenticate`]:
///
/// ```compile_fail
/// fn forge(content: Vec<u8>) -> pki::AuthenticDataGroup {
///     pki::AuthenticDataGroup { number: pki::DataGroupNumber::DG1, content }
/// }
/// ```
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

/// A person's data: never shown.
impl fmt::Debug for AuthenticDataGroup {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("AuthenticDataGroup").field("number", &self.number).finish_non_exhaustive()
    }
}
