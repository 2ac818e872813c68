//! Are these the bytes the state signed? Passive authentication (Doc 9303-11 §5.1), step by step, a proof after each.

use crate::{
    DataGroupNumber, PkiError, SecurityObject, TrustStore, UntrustedCertificate, VerifiedCertificate, limits,
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
        let signer = store.verify_document_signer(signer, at)?;
        signed_while_key_was_in_use(&object, signer.certificate())?;
        Ok(PassiveAuthentication { object, signer })
    }
}

/// A document signer's private key is used for some months and its certificate lives for years: an EF.SOD that says
/// it was signed outside those months was not (Doc 9303-12 §7.1.1.4). Most do not say when.
fn signed_while_key_was_in_use(
    object: &SecurityObject,
    signer: &UntrustedCertificate,
) -> Result<(), PkiError> {
    let (Some(signed), Some((from, until))) = (object.signing_time(), signer.extensions().private_key_period)
    else {
        return Ok(());
    };
    if from.is_some_and(|from| signed < from) || until.is_some_and(|until| signed > until) {
        return Err(PkiError::WrongUsage);
    }
    Ok(())
}

/// The state signed this list of digests (authentification passive).
///
/// Made only by [`SignedSecurityObject::trust`]:
///
/// ```compile_fail
/// fn forge(object: pki::SecurityObject, signer: pki::VerifiedCertificate) -> pki::PassiveAuthentication {
///     pki::PassiveAuthentication { object, signer }
/// }
/// ```
#[derive(Debug)]
pub struct PassiveAuthentication {
    object: SecurityObject,
    signer: VerifiedCertificate,
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
