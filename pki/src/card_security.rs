//! What does the card's EF.CardSecurity claim, and did the state sign it? (Doc 9303-11 §9.2.11; BSI TR-03110-3 §A.1.2)
//!
//! The same SecurityInfos as in EF.CardAccess and DG14, signed like an EF.SOD by the same kind of document signer.

use crate::cms::{CmsBounds, SignedData};
use crate::passive::{Believed, believe};
use crate::{PkiError, Sha1Use, TrustStore, UntrustedCertificate, VerifiedCertificate};
use der::asn1::ObjectIdentifier;
use std::fmt;
use time::OffsetDateTime;

/// id-SecurityObject of BSI TR-03110-3 §A.1.2.5.
const SECURITY_OBJECT: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.4.0.127.0.7.3.2.1");

/// EF.CardSecurity as a station sent it: well-formed, unbelieved (informations de sécurité signées).
#[derive(Clone)]
pub struct CardSecurity {
    signed_data: SignedData,
}

impl CardSecurity {
    /// Reads EF.CardSecurity, a bare ContentInfo. Octets after it are a chip's padding, and unread.
    pub fn parse(ef_card_security: &[u8]) -> Result<Self, PkiError> {
        let content_info = crate::asn1::Element::first(ef_card_security, "EF.CardSecurity")
            .map_or(ef_card_security, |element| element.whole);
        let signed_data = SignedData::read(content_info, CmsBounds::CARD)?;
        if signed_data.content_type() != SECURITY_OBJECT {
            return Err(PkiError::WrongContentType);
        }
        Ok(Self { signed_data })
    }

    /// Checks the CMS, by the signer's certificate inside or one that the store knows.
    pub fn verify_signature(self, known: &TrustStore) -> Result<SignedCardSecurity, PkiError> {
        let signer = self.signed_data.verify_with(known)?;
        Ok(SignedCardSecurity { object: self, signer })
    }
}

impl fmt::Debug for CardSecurity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("CardSecurity").finish_non_exhaustive()
    }
}

/// An EF.CardSecurity whose CMS signature holds; its signer may still be anybody.
///
/// Made only by [`CardSecurity::verify_signature`]:
///
/// ```compile_fail
/// fn forge(object: pki::CardSecurity, signer: pki::UntrustedCertificate) -> pki::SignedCardSecurity {
///     pki::SignedCardSecurity { object, signer }
/// }
/// ```
#[derive(Debug)]
pub struct SignedCardSecurity {
    object: CardSecurity,
    signer: UntrustedCertificate,
}

impl SignedCardSecurity {
    /// Asks the trust store for the signer at the moment `at`.
    pub fn trust(self, store: &TrustStore, at: OffsetDateTime) -> Result<AuthenticCardSecurity, PkiError> {
        let signed_data = self.object.signed_data;
        let Believed { signer, sha1 } = believe(&signed_data, self.signer, store, at)?;
        Ok(AuthenticCardSecurity { infos: signed_data.content().to_vec(), signer, sha1 })
    }
}

/// SecurityInfos that the state signed (informations de sécurité authentiques).
///
/// Made only by [`SignedCardSecurity::trust`]:
///
/// ```compile_fail
/// fn forge(infos: Vec<u8>, signer: pki::VerifiedCertificate) -> pki::AuthenticCardSecurity {
///     pki::AuthenticCardSecurity { infos, signer, sha1: Vec::new() }
/// }
/// ```
#[derive(Debug)]
pub struct AuthenticCardSecurity {
    infos: Vec<u8>,
    signer: VerifiedCertificate,
    sha1: Vec<Sha1Use>,
}

impl AuthenticCardSecurity {
    /// SecurityInfos, a SET in DER.
    #[must_use]
    pub fn security_infos(&self) -> &[u8] {
        &self.infos
    }

    /// Who signed.
    #[must_use]
    pub fn signer(&self) -> &VerifiedCertificate {
        &self.signer
    }

    /// Where SHA-1 was believed on the way.
    #[must_use]
    pub fn accepted_sha1(&self) -> &[Sha1Use] {
        &self.sha1
    }
}
