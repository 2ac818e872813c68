//! What has been proven of this certificate?

use super::judge::Judged;
use super::search::Search;
use super::{Holder, PathReason, Profile, RegisteredIdentity, Work};
use crate::active::{ActiveEcKey, SignatureForm};
use crate::key::PublicKey;
use crate::signature::{self, SignatureAlgorithm};
use crate::{DigestAlgorithm, PkiError, RevocationStatus, UntrustedCertificate, limits};
use std::fmt;

/// A path that RFC 5280 and a profile accepted at a moment (chemin de certification validé).
///
/// Made only by [`super::PathValidator::validate`]:
///
/// ```compile_fail
/// fn forge(certificate: pki::UntrustedCertificate) -> pki::path::ValidatedPath {
///     pki::path::ValidatedPath { certificates: vec![certificate] }
/// }
/// ```
#[derive(Clone)]
pub struct ValidatedPath {
    certificates: Vec<UntrustedCertificate>,
    revocation: Vec<RevocationStatus>,
    policies: Vec<String>,
    identity: Option<RegisteredIdentity>,
    holder: Holder,
    work: Work,
}

impl ValidatedPath {
    pub(super) fn made(search: &Search<'_>, judged: Judged, profile: &Profile) -> Self {
        Self {
            certificates: judged.path.iter().map(|place| search.held(*place).certificate.clone()).collect(),
            revocation: judged.revocation,
            policies: judged.policies.iter().map(ToString::to_string).collect(),
            identity: judged.identity,
            holder: profile.holder(),
            work: search.work(),
        }
    }

    /// The path, leaf first, the anchor last.
    #[must_use]
    pub fn certificates(&self) -> &[UntrustedCertificate] {
        &self.certificates
    }

    /// How sure we are of each certificate but the anchor, leaf first.
    #[must_use]
    pub fn revocation(&self) -> &[RevocationStatus] {
        &self.revocation
    }

    /// The certificate policies (dotted) that hold along the path, of those wished for; 2.5.29.32.0: any.
    #[must_use]
    pub fn policies(&self) -> &[String] {
        &self.policies
    }

    /// Whom the profile names, if it names somebody.
    #[must_use]
    pub fn identity(&self) -> Option<&RegisteredIdentity> {
        self.identity.as_ref()
    }

    /// What it cost.
    #[must_use]
    pub fn work(&self) -> Work {
        self.work
    }

    fn named(&self, holder: Holder) -> Result<RegisteredIdentity, PathReason> {
        let right = self.holder == holder;
        self.identity.clone().filter(|_| right).ok_or(PathReason::WrongProfile)
    }
}

impl fmt::Debug for ValidatedPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ValidatedPath")
            .field("certificates", &self.certificates.len())
            .field("holder", &self.holder)
            .field("work", &self.work)
            .finish_non_exhaustive()
    }
}

/// A health professional whose card certificate was validated (professionnel de santé vérifié).
///
/// ```compile_fail
/// fn forge(path: pki::path::ValidatedPath, identity: pki::path::RegisteredIdentity) -> pki::path::VerifiedProfessional {
///     pki::path::VerifiedProfessional { path, identity }
/// }
/// ```
#[derive(Debug, Clone)]
pub struct VerifiedProfessional {
    path: ValidatedPath,
    identity: RegisteredIdentity,
}

impl VerifiedProfessional {
    /// From a path that was validated for [`Profile::professional`].
    pub fn from_path(path: ValidatedPath) -> Result<Self, PathReason> {
        Ok(Self { identity: path.named(Holder::Professional)?, path })
    }

    /// Whose certificate it is.
    #[must_use]
    pub fn identity(&self) -> &RegisteredIdentity {
        &self.identity
    }

    /// The path that proves it.
    #[must_use]
    pub fn path(&self) -> &ValidatedPath {
        &self.path
    }
}

/// An establishment whose client certificate was validated (établissement vérifié).
///
/// ```compile_fail
/// fn forge(path: pki::path::ValidatedPath, identity: pki::path::RegisteredIdentity) -> pki::path::VerifiedEstablishment {
///     pki::path::VerifiedEstablishment { path, identity }
/// }
/// ```
#[derive(Debug, Clone)]
pub struct VerifiedEstablishment {
    path: ValidatedPath,
    identity: RegisteredIdentity,
}

impl VerifiedEstablishment {
    /// From a path that was validated for [`Profile::establishment`].
    pub fn from_path(path: ValidatedPath) -> Result<Self, PathReason> {
        Ok(Self { identity: path.named(Holder::Establishment)?, path })
    }

    /// Whose certificate it is.
    #[must_use]
    pub fn identity(&self) -> &RegisteredIdentity {
        &self.identity
    }

    /// The path that proves it.
    #[must_use]
    pub fn path(&self) -> &ValidatedPath {
        &self.path
    }
}

/// The holder of an identity card, whose authentication certificate was validated (titulaire vérifié). Whether the holder is
/// *there* is another question: [`VerifiedHolder::signed`] asks the card's key, which obeys nobody without the PIN.
///
/// ```compile_fail,E0451
/// fn forge(path: pki::path::ValidatedPath, identity: pki::path::RegisteredIdentity) -> pki::path::VerifiedHolder {
///     pki::path::VerifiedHolder { path, identity }
/// }
/// ```
#[derive(Debug, Clone)]
pub struct VerifiedHolder {
    path: ValidatedPath,
    identity: RegisteredIdentity,
}

impl VerifiedHolder {
    /// From a path that was validated for [`Profile::card_holder`].
    pub fn from_path(path: ValidatedPath) -> Result<Self, PathReason> {
        Ok(Self { identity: path.named(Holder::CardHolder)?, path })
    }

    /// Whose certificate it is.
    #[must_use]
    pub fn identity(&self) -> &RegisteredIdentity {
        &self.identity
    }

    /// The path that proves it.
    #[must_use]
    pub fn path(&self) -> &ValidatedPath {
        &self.path
    }

    /// Checks that the key of this certificate signed `challenge` with SHA-256: ECDSA as `r‖s` or in DER, RSA with the padding of
    /// PKCS#1 v1.5. How the signature was written.
    pub fn signed(&self, challenge: &[u8; 32], signature: &[u8]) -> Result<SignatureForm, PkiError> {
        if signature.len() > limits::ACTIVE_SIGNATURE {
            return Err(PkiError::TooLarge);
        }
        let leaf = self.path.certificates.first().ok_or(PkiError::Internal)?;
        match leaf.public_key()? {
            PublicKey::Ec(key) => ActiveEcKey::new(key).verify(DigestAlgorithm::Sha256, challenge, signature),
            key @ PublicKey::Rsa(_) => {
                let algorithm = SignatureAlgorithm::RsaPkcs1(DigestAlgorithm::Sha256);
                signature::verify(algorithm, &key, signature, challenge).map(|()| SignatureForm::Pkcs1)
            }
        }
    }
}
