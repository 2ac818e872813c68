//! Who signed an EF.SOD that does not carry its signer's certificate?

use crate::kingdom::{DG1, Kingdom, NOW, signer_profile};
use pki::issuing::{DocumentSigner, SecurityObjectOptions, SignatureScheme};
use pki::{
    DataGroupNumber, DigestAlgorithm, PassiveAuthentication, PkiError, SecurityObject, TrustStore,
    UntrustedCertificate,
};

fn bare(signer: &DocumentSigner, signer_by_key_identifier: bool) -> Vec<u8> {
    let options =
        SecurityObjectOptions { signer_by_key_identifier, without_certificate: true, ..Default::default() };
    let groups = [(DataGroupNumber::DG1, DG1)];
    signer.sign_security_object_with(DigestAlgorithm::Sha256, &groups, &options).unwrap()
}

fn certificate(signer: &DocumentSigner) -> UntrustedCertificate {
    UntrustedCertificate::from_der(signer.certificate()).unwrap()
}

fn judge(ef_sod: &[u8], store: &TrustStore) -> Result<PassiveAuthentication, PkiError> {
    SecurityObject::parse(ef_sod)?.verify_signature_with(store)?.trust(store, NOW)
}

#[test]
fn a_signer_that_the_store_knows_is_found_by_serial_number_and_by_key() {
    let kingdom = Kingdom::new();
    let other = kingdom.csca.issue_document_signer(&signer_profile(SignatureScheme::EcdsaP256)).unwrap();
    let known = vec![certificate(&other), certificate(&kingdom.signer)];
    let store = kingdom.store().with_document_signers(known).unwrap();
    for by_key in [false, true] {
        let ef_sod = bare(&kingdom.signer, by_key);
        let proof = judge(&ef_sod, &store).unwrap();
        assert_eq!(proof.signer().certificate().serial(), kingdom.signer.serial());
        proof.authenticate(DataGroupNumber::DG1, DG1.to_vec()).unwrap();
        // Without the store, and in a store that does not know it, nobody is found.
        let alone = SecurityObject::parse(&ef_sod).unwrap();
        assert!(alone.document_signer().is_none());
        assert_eq!(alone.verify_signature().unwrap_err(), PkiError::SignerNotFound);
        assert_eq!(judge(&ef_sod, &kingdom.store()).unwrap_err(), PkiError::SignerNotFound);
    }
}

#[test]
fn a_known_signer_is_believed_no_more_than_one_inside() {
    let (kingdom, stranger) = (Kingdom::new(), Kingdom::new());
    let known = vec![certificate(&stranger.signer)];
    let store = kingdom.store().with_document_signers(known).unwrap();
    assert_eq!(judge(&bare(&stranger.signer, true), &store).unwrap_err(), PkiError::Untrusted);
    let revoked = TrustStore::new(vec![kingdom.anchor()], vec![kingdom.crl(&[kingdom.signer.serial()])])
        .unwrap()
        .with_document_signers(vec![certificate(&kingdom.signer)])
        .unwrap();
    assert_eq!(judge(&bare(&kingdom.signer, false), &revoked).unwrap_err(), PkiError::Revoked);
}

/// Names are not keys: a certificate of the right name whose key did not sign is passed over.
#[test]
fn a_known_certificate_of_another_key_does_not_verify() {
    let kingdom = Kingdom::new();
    let own_key = Kingdom::new().signer.private_key_pem().unwrap();
    let forger =
        DocumentSigner::restore(kingdom.signer.certificate(), &own_key, SignatureScheme::EcdsaP256).unwrap();
    let store = kingdom.store().with_document_signers(vec![certificate(&kingdom.signer)]).unwrap();
    for by_key in [false, true] {
        assert_eq!(judge(&bare(&forger, by_key), &store).unwrap_err(), PkiError::BadSignature);
    }
}
