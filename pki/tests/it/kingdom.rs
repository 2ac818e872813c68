//! A kingdom with its CSCA, a document signer and a card: healthy, so that each test can spoil one thing.

use pki::issuing::{
    CertificateProfile, CountrySigner, DocumentSigner, DocumentSignerOptions, SignatureScheme,
};
use pki::{
    DataGroupNumber, DigestAlgorithm, PassiveAuthentication, PkiError, SecurityObject, TrustStore,
    UntrustedCertificate, UntrustedCrl,
};
use time::OffsetDateTime;
use time::macros::datetime;

pub(crate) const NOW: OffsetDateTime = datetime!(2026-11-22 09:00 UTC);
pub(crate) const DG1: &[u8] = b"\x61\x07\x5f\x1f\x04I<MA";
pub(crate) const DG14: &[u8] = b"\x6e\x02\x31\x00";

pub(crate) struct Kingdom {
    pub(crate) csca: CountrySigner,
    pub(crate) signer: DocumentSigner,
}

impl Kingdom {
    pub(crate) fn of(scheme: SignatureScheme) -> Self {
        let csca = CountrySigner::create(&csca_profile("MA", scheme)).unwrap();
        let signer = csca.issue_document_signer(&signer_profile(scheme)).unwrap();
        Self { csca, signer }
    }

    /// The quickest to make.
    pub(crate) fn new() -> Self {
        Self::of(SignatureScheme::EcdsaP256)
    }

    /// The same CSCA with another signer.
    pub(crate) fn signing_with(self, profile: &CertificateProfile, options: &DocumentSignerOptions) -> Self {
        let signer = self.csca.issue_document_signer_with(profile, options).unwrap();
        Self { signer, ..self }
    }

    pub(crate) fn ef_sod(&self) -> Vec<u8> {
        self.signer.sign_security_object(DigestAlgorithm::Sha256, &[(DataGroupNumber::DG1, DG1)]).unwrap()
    }

    pub(crate) fn crl(&self, revoked: &[&[u8]]) -> UntrustedCrl {
        self.crl_between(revoked, datetime!(2026-11-20 00:00 UTC), datetime!(2026-12-20 00:00 UTC))
    }

    pub(crate) fn crl_between(
        &self,
        revoked: &[&[u8]],
        from: OffsetDateTime,
        until: OffsetDateTime,
    ) -> UntrustedCrl {
        UntrustedCrl::from_der(&self.csca.issue_crl(revoked, from, until).unwrap()).unwrap()
    }

    pub(crate) fn anchor(&self) -> UntrustedCertificate {
        UntrustedCertificate::from_der(self.csca.certificate()).unwrap()
    }

    /// This CSCA pinned, with a fresh list that names nobody.
    pub(crate) fn store(&self) -> TrustStore {
        TrustStore::new(vec![self.anchor()], vec![self.crl(&[])]).unwrap()
    }
}

pub(crate) fn csca_profile(country: &str, scheme: SignatureScheme) -> CertificateProfile {
    CertificateProfile {
        country: country.to_owned(),
        common_name: "CSCA-DEMO".to_owned(),
        scheme,
        not_before: datetime!(2024-01-01 00:00 UTC),
        not_after: datetime!(2034-01-01 00:00 UTC),
    }
}

pub(crate) fn signer_profile(scheme: SignatureScheme) -> CertificateProfile {
    CertificateProfile {
        country: "MA".to_owned(),
        common_name: "DS-DEMO-1".to_owned(),
        scheme,
        not_before: datetime!(2026-01-01 00:00 UTC),
        not_after: datetime!(2033-01-01 00:00 UTC),
    }
}

/// All of passive authentication up to the trusted list of digests.
pub(crate) fn judge(
    ef_sod: &[u8],
    store: &TrustStore,
    at: OffsetDateTime,
) -> Result<PassiveAuthentication, PkiError> {
    SecurityObject::parse(ef_sod)?.verify_signature()?.trust(store, at)
}
