//! How is a demonstration kingdom's paper made? CSCA, document signers, CRLs and EF.SODs for the demo and for tests.

mod certificate;
mod chip_key;
mod crl;
pub(crate) mod encode;
mod holder;
mod key;
mod master_list;
mod security_object;

pub use chip_key::{ChipCurve, ChipKey, ChipKeyKind, ParametersForm};
pub use crl::{CrlEntry, CrlOptions};
pub use holder::{HolderAuthority, HolderProfile};
pub use key::SignatureScheme;
pub use master_list::MasterListOptions;
pub use security_object::SecurityObjectOptions;

use crate::{DataGroupNumber, DigestAlgorithm, PkiError, UntrustedCertificate};
use certificate::Parts;
use der::Encode;
use key::SigningKey;
use std::fmt;
use time::OffsetDateTime;
use zeroize::Zeroizing;

/// The names and dates of a certificate to issue (profil du certificat).
#[derive(Debug, Clone)]
pub struct CertificateProfile {
    /// Two letters, for example `MA`.
    pub country: String,
    /// The common name, for example `CSCA-DEMO`.
    pub common_name: String,
    /// The key and signature.
    pub scheme: SignatureScheme,
    /// First moment of validity.
    pub not_before: OffsetDateTime,
    /// Last moment of validity.
    pub not_after: OffsetDateTime,
}

/// What else a document signer certificate may say (options du signataire).
#[derive(Debug, Clone, Default)]
pub struct DocumentSignerOptions {
    /// The document codes it is restricted to; none: not restricted.
    pub document_types: Vec<String>,
    /// When its private key may sign.
    pub private_key_period: Option<(OffsetDateTime, OffsetDateTime)>,
    /// Wrongly marked as an authority: for tests of the refusal.
    pub certificate_authority: bool,
    /// A master list signer, which stands below the same CSCA and may not sign documents (Doc 9303-12 §7.1).
    pub master_list_signer: bool,
}

/// A country signing authority with its private key (autorité nationale de signature, CSCA).
pub struct CountrySigner {
    certificate: UntrustedCertificate,
    key: SigningKey,
}

impl CountrySigner {
    /// A new self-signed CSCA with a fresh key.
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

    /// The CSCA kept as DER certificate and PKCS#8 PEM.
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

    /// A document signer below it, with a fresh key.
    pub fn issue_document_signer(&self, profile: &CertificateProfile) -> Result<DocumentSigner, PkiError> {
        self.issue_document_signer_with(profile, &DocumentSignerOptions::default())
    }

    /// A document signer below it, with a fresh key and more to say.
    pub fn issue_document_signer_with(
        &self,
        profile: &CertificateProfile,
        options: &DocumentSignerOptions,
    ) -> Result<DocumentSigner, PkiError> {
        let key = SigningKey::generate(profile.scheme)?;
        let mut extensions = vec![
            certificate::key_usage(false)?,
            certificate::subject_key(&key.identifier()?)?,
            certificate::authority_key(&self.key.identifier()?)?,
        ];
        if !options.document_types.is_empty() {
            extensions.push(certificate::document_types(&options.document_types)?);
        }
        if let Some((from, until)) = options.private_key_period {
            extensions.push(certificate::private_key_period(from, until)?);
        }
        if options.master_list_signer {
            extensions.push(certificate::master_list_signer()?);
        }
        if options.certificate_authority {
            extensions.push(certificate::authority_constraints()?);
        }
        let der = Parts {
            issuer: &self.name()?,
            subject: &certificate::name(&profile.country, &profile.common_name)?,
            public_key_info: &key.public_key_info()?,
            not_before: profile.not_before,
            not_after: profile.not_after,
            extensions,
        }
        .sign(&self.key)?;
        Ok(DocumentSigner { certificate: UntrustedCertificate::from_der(&der)?, key })
    }

    /// A DER CRL that names these serial numbers (DER integer contents, see [`DocumentSigner::serial`]).
    pub fn issue_crl(
        &self,
        revoked: &[&[u8]],
        this_update: OffsetDateTime,
        next_update: OffsetDateTime,
    ) -> Result<Vec<u8>, PkiError> {
        let revoked: Vec<_> = revoked.iter().map(|serial| CrlEntry::of(serial)).collect();
        let next_update = Some(next_update);
        self.issue_crl_with(&revoked, &CrlOptions { this_update, next_update, number: None, extension: None })
    }

    /// A DER CRL with more to say.
    pub fn issue_crl_with(
        &self,
        revoked: &[CrlEntry<'_>],
        options: &CrlOptions,
    ) -> Result<Vec<u8>, PkiError> {
        crl::crl(&self.name()?, &self.key, revoked, options)
    }

    /// The DER link certificate with which this generation vouches for the key of the next (certificat de lien).
    pub fn issue_link(&self, next: &Self) -> Result<Vec<u8>, PkiError> {
        Parts {
            issuer: &self.name()?,
            subject: &next.name()?,
            public_key_info: &next.key.public_key_info()?,
            not_before: next.certificate.not_before(),
            not_after: next.certificate.not_after(),
            extensions: authority_extensions(&next.key.identifier()?, &self.key.identifier()?)?,
        }
        .sign(&self.key)
    }

    fn name(&self) -> Result<Vec<u8>, PkiError> {
        self.certificate.subject().to_der().map_err(|_| PkiError::Internal)
    }
}

fn authority_extensions(subject: &[u8], issuer: &[u8]) -> Result<Vec<Vec<u8>>, PkiError> {
    Ok(vec![
        certificate::authority_constraints()?,
        certificate::key_usage(true)?,
        certificate::subject_key(subject)?,
        certificate::authority_key(issuer)?,
    ])
}

impl fmt::Debug for CountrySigner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CountrySigner")
            .field("certificate", &self.certificate)
            .finish_non_exhaustive()
    }
}

/// A document signer with its private key (signataire de documents).
pub struct DocumentSigner {
    certificate: UntrustedCertificate,
    key: SigningKey,
}

impl DocumentSigner {
    /// The document signer kept as DER certificate and PKCS#8 PEM. Certificate and key need not fit: that is
    /// how a forger's EF.SOD is made.
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

    /// Its serial number, as the contents octets of the DER integer.
    #[must_use]
    pub fn serial(&self) -> &[u8] {
        self.certificate.serial()
    }

    /// Its private key as PKCS#8 PEM.
    pub fn private_key_pem(&self) -> Result<Zeroizing<String>, PkiError> {
        self.key.to_pem()
    }

    /// EF.SOD (`77 L ContentInfo`) over these data groups, each given whole with tag and length.
    pub fn sign_security_object(
        &self,
        digest: DigestAlgorithm,
        data_groups: &[(DataGroupNumber, &[u8])],
    ) -> Result<Vec<u8>, PkiError> {
        self.sign_security_object_with(digest, data_groups, &SecurityObjectOptions::default())
    }

    /// The same in another of the forms that the standard leaves open.
    pub fn sign_security_object_with(
        &self,
        digest: DigestAlgorithm,
        data_groups: &[(DataGroupNumber, &[u8])],
        options: &SecurityObjectOptions,
    ) -> Result<Vec<u8>, PkiError> {
        security_object::sign(&self.key, &self.certificate, digest, data_groups, options)
    }

    /// EF.CardSecurity over SecurityInfos (a SET in DER), in one of the forms that the standard leaves open.
    pub fn sign_card_security(
        &self,
        infos: &[u8],
        options: &SecurityObjectOptions,
    ) -> Result<Vec<u8>, PkiError> {
        security_object::sign_card_security(&self.key, &self.certificate, infos, options)
    }
}

impl DocumentSigner {
    /// A CscaMasterList of these DER entries, whatever they are, signed by this signer.
    pub fn sign_master_list(
        &self,
        entries: &[Vec<u8>],
        options: &MasterListOptions,
    ) -> Result<Vec<u8>, PkiError> {
        master_list::sign(&self.key, &self.certificate, entries, options)
    }
}

impl fmt::Debug for DocumentSigner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("DocumentSigner")
            .field("certificate", &self.certificate)
            .finish_non_exhaustive()
    }
}
