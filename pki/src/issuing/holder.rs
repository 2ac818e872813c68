//! Who certifies the holders of the demonstration's cards? An authority of its own, apart from the one that signs documents.

use super::certificate::{self, Parts};
use super::encode::{element, extension, oid, sequence, set_of};
use super::{CertificateProfile, crl};
use super::{
    ChipKey, CrlEntry, CrlOptions, ParametersForm, SignatureScheme, SigningKey, authority_extensions,
};
use crate::{DigestAlgorithm, PkiError, UntrustedCertificate};
use der::{Encode, Tag};
use std::fmt;
use time::OffsetDateTime;
use zeroize::Zeroizing;

/// id-kp-clientAuth.
const CLIENT_AUTH: &str = "1.3.6.1.5.5.7.3.2";
/// BIT STRING of digitalSignature alone.
const DIGITAL_SIGNATURE: &[u8] = &[7, 0b1000_0000];

/// Whose certificate is to be issued, and what it may say amiss (profil du certificat de titulaire).
#[derive(Debug, Clone)]
pub struct HolderProfile {
    /// X.520 serialNumber: the person's national number.
    pub serial_number: String,
    /// What the certificate calls the person.
    pub common_name: String,
    /// First moment of validity.
    pub not_before: OffsetDateTime,
    /// Last moment of validity.
    pub not_after: OffsetDateTime,
    /// The certificate policy (dotted), if it names one.
    pub policy: Option<String>,
    /// Contents of the key usage BIT STRING; none: digitalSignature. For tests of the refusal.
    pub key_usage: Option<Vec<u8>>,
    /// The extended key usage (dotted); none: clientAuth. For tests of the refusal.
    pub purpose: Option<String>,
}

/// An authority for holders' certificates, with its private key (autorité de certification des titulaires).
pub struct HolderAuthority {
    certificate: UntrustedCertificate,
    key: SigningKey,
}

impl HolderAuthority {
    /// A new self-signed authority with a fresh key.
    pub fn create(profile: &CertificateProfile) -> Result<Self, PkiError> {
        let key = SigningKey::generate(profile.scheme)?;
        let name = certificate::name(&profile.country, &profile.common_name)?;
        let identifier = key.identifier()?;
        let der = Parts {
            issuer: &name,
            subject: &name,
            public_key_info: &key.public_key_info()?,
            not_before: profile.not_before,
            not_after: profile.not_after,
            extensions: authority_extensions(&identifier, &identifier)?,
        }
        .sign(&key)?;
        Ok(Self { certificate: UntrustedCertificate::from_der(&der)?, key })
    }

    /// The authority kept as DER certificate and PKCS#8 PEM.
    pub fn restore(
        certificate: &[u8],
        private_key_pem: &str,
        scheme: SignatureScheme,
    ) -> Result<Self, PkiError> {
        let certificate = UntrustedCertificate::from_der(certificate)?;
        Ok(Self { certificate, key: SigningKey::from_pem(private_key_pem, scheme)? })
    }

    /// Its DER certificate.
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        self.certificate.der()
    }

    /// Its private key as PKCS#8 PEM.
    pub fn private_key_pem(&self) -> Result<Zeroizing<String>, PkiError> {
        self.key.to_pem()
    }

    /// The DER certificate of the holder of a card with this key.
    pub fn issue(&self, profile: &HolderProfile, key: &ChipKey) -> Result<Vec<u8>, PkiError> {
        let info = key.public_key_info(ParametersForm::Named)?;
        let identifier = DigestAlgorithm::Sha1.digest(&info)?;
        let usage = profile.key_usage.as_deref().unwrap_or(DIGITAL_SIGNATURE);
        let purpose = profile.purpose.as_deref().unwrap_or(CLIENT_AUTH);
        let mut extensions = vec![
            extension("2.5.29.15", true, &element(Tag::BitString, usage)?)?,
            extension("2.5.29.37", false, &sequence(&[&oid(purpose)?])?)?,
            certificate::subject_key(&identifier)?,
            certificate::authority_key(&self.key.identifier()?)?,
        ];
        if let Some(policy) = &profile.policy {
            extensions.push(extension("2.5.29.32", false, &sequence(&[&sequence(&[&oid(policy)?])?])?)?);
        }
        Parts {
            issuer: &self.name()?,
            subject: &subject(profile)?,
            public_key_info: &info,
            not_before: profile.not_before,
            not_after: profile.not_after,
            extensions,
        }
        .sign(&self.key)
    }

    /// A DER CRL that names these DER certificates.
    pub fn issue_crl(
        &self,
        revoked: &[&[u8]],
        this_update: OffsetDateTime,
        next_update: OffsetDateTime,
    ) -> Result<Vec<u8>, PkiError> {
        let read: Result<Vec<_>, _> = revoked.iter().map(|der| UntrustedCertificate::from_der(der)).collect();
        let read = read?;
        let entries: Vec<_> = read.iter().map(|certificate| CrlEntry::of(certificate.serial())).collect();
        let options =
            CrlOptions { this_update, next_update: Some(next_update), number: None, extension: None };
        crl::crl(&self.name()?, &self.key, &entries, &options)
    }

    fn name(&self) -> Result<Vec<u8>, PkiError> {
        self.certificate.subject().to_der().map_err(|_| PkiError::Internal)
    }
}

/// `C=MA, serialNumber=…, CN=…`.
fn subject(profile: &HolderProfile) -> Result<Vec<u8>, PkiError> {
    let part = |oid_text: &str, tag, value: &str| {
        set_of(vec![sequence(&[&oid(oid_text)?, &element(tag, value.as_bytes())?])?])
    };
    sequence(&[
        &part("2.5.4.6", Tag::PrintableString, "MA")?,
        &part("2.5.4.5", Tag::PrintableString, &profile.serial_number)?,
        &part("2.5.4.3", Tag::Utf8String, &profile.common_name)?,
    ])
}

impl fmt::Debug for HolderAuthority {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("HolderAuthority")
            .field("certificate", &self.certificate)
            .finish_non_exhaustive()
    }
}
