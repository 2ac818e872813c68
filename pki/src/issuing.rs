//! How is a demonstration kingdom's paper made? CSCA, document signers, CRLs and EF.SODs for the demo and for tests.

use crate::{DataGroupNumber, DigestAlgorithm, PkiError};
use time::OffsetDateTime;
use zeroize::Zeroizing;

/// Which key and which signature an issued certificate uses (schéma de signature).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureScheme {
    /// ECDSA over P-256 with SHA-256.
    EcdsaP256,
    /// ECDSA over P-384 with SHA-384.
    EcdsaP384,
    /// ECDSA over P-521 with SHA-512.
    EcdsaP521,
    /// RSA-3072, PKCS#1 v1.5, SHA-256.
    RsaPkcs1,
    /// RSA-3072, PSS with SHA-256 and a 32-octet salt.
    RsaPss,
}

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

/// A country signing authority with its private key (autorité nationale de signature, CSCA).
pub struct CountrySigner {
    _certificate: Vec<u8>,
}

impl CountrySigner {
    /// A new self-signed CSCA with a fresh key.
    pub fn create(profile: &CertificateProfile) -> Result<Self, PkiError> {
        let _ = profile;
        Err(PkiError::Internal)
    }

    /// The CSCA kept as DER certificate and PKCS#8 PEM.
    pub fn restore(
        certificate: &[u8],
        private_key_pem: &str,
        scheme: SignatureScheme,
    ) -> Result<Self, PkiError> {
        let _ = (certificate, private_key_pem, scheme);
        Err(PkiError::Internal)
    }

    /// Its DER certificate.
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        &self._certificate
    }

    /// Its private key as PKCS#8 PEM.
    pub fn private_key_pem(&self) -> Result<Zeroizing<String>, PkiError> {
        Err(PkiError::Internal)
    }

    /// A document signer below it, with a fresh key.
    pub fn issue_document_signer(&self, profile: &CertificateProfile) -> Result<DocumentSigner, PkiError> {
        let _ = profile;
        Err(PkiError::Internal)
    }

    /// A DER CRL that names these serial numbers (DER integer contents, see [`DocumentSigner::serial`]).
    pub fn issue_crl(
        &self,
        revoked: &[&[u8]],
        this_update: OffsetDateTime,
        next_update: OffsetDateTime,
    ) -> Result<Vec<u8>, PkiError> {
        let _ = (revoked, this_update, next_update);
        Err(PkiError::Internal)
    }
}

/// A document signer with its private key (signataire de documents).
pub struct DocumentSigner {
    _certificate: Vec<u8>,
    _serial: Vec<u8>,
}

impl DocumentSigner {
    /// The document signer kept as DER certificate and PKCS#8 PEM. Certificate and key need not fit: that is
    /// how a forger's EF.SOD is made.
    pub fn restore(
        certificate: &[u8],
        private_key_pem: &str,
        scheme: SignatureScheme,
    ) -> Result<Self, PkiError> {
        let _ = (certificate, private_key_pem, scheme);
        Err(PkiError::Internal)
    }

    /// Its DER certificate.
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        &self._certificate
    }

    /// Its serial number, as the contents octets of the DER integer.
    #[must_use]
    pub fn serial(&self) -> &[u8] {
        &self._serial
    }

    /// Its private key as PKCS#8 PEM.
    pub fn private_key_pem(&self) -> Result<Zeroizing<String>, PkiError> {
        Err(PkiError::Internal)
    }

    /// EF.SOD (`77 L ContentInfo`) over these data groups, each given whole with tag and length.
    pub fn sign_security_object(
        &self,
        digest: DigestAlgorithm,
        data_groups: &[(DataGroupNumber, &[u8])],
    ) -> Result<Vec<u8>, PkiError> {
        let _ = (digest, data_groups);
        Err(PkiError::Internal)
    }
}
