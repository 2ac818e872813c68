//! Which EF.SOD is believed, and what does it prove?

use crate::kingdom::{DG1, DG14, Kingdom, NOW, judge};
use pki::issuing::{DocumentSigner, SecurityObjectOptions, SignatureScheme};
use pki::{DataGroupNumber, DigestAlgorithm, PkiError, RevocationStatus, SecurityObject};
use time::macros::datetime;

#[test]
fn every_signature_algorithm_and_digest_is_believed() {
    for scheme in SignatureScheme::ALL {
        let kingdom = Kingdom::of(scheme);
        let store = kingdom.store();
        for digest in DigestAlgorithm::ALL {
            let groups = [(DataGroupNumber::DG1, DG1), (DataGroupNumber::DG14, DG14)];
            let ef_sod = kingdom.signer.sign_security_object(digest, &groups).unwrap();
            let proof =
                judge(&ef_sod, &store, NOW).unwrap_or_else(|error| panic!("{scheme:?} {digest:?}: {error}"));
            assert!(matches!(proof.signer().revocation(), RevocationStatus::NotRevoked { .. }));
            let dg1 = proof.authenticate(DataGroupNumber::DG1, DG1.to_vec()).unwrap();
            assert_eq!(dg1.content(), DG1);
            assert_eq!(dg1.number(), DataGroupNumber::DG1);
        }
    }
}

#[test]
fn the_forms_that_the_standard_leaves_open_are_believed() {
    let kingdom = Kingdom::new();
    let signed_at = Some(datetime!(2026-05-01 00:00 UTC));
    for options in [
        SecurityObjectOptions { lds_version_1: true, ..Default::default() },
        SecurityObjectOptions { signer_by_key_identifier: true, ..Default::default() },
        SecurityObjectOptions { signed_at, ..Default::default() },
    ] {
        let groups = [(DataGroupNumber::DG1, DG1)];
        let ef_sod =
            kingdom.signer.sign_security_object_with(DigestAlgorithm::Sha256, &groups, &options).unwrap();
        judge(&ef_sod, &kingdom.store(), NOW).unwrap_or_else(|error| panic!("{options:?}: {error}"));
    }
}

/// Nothing in the file is decoration: there is no octet that may be another.
#[test]
fn one_octet_changed_anywhere_is_refused() {
    for scheme in SignatureScheme::ALL {
        let kingdom = Kingdom::of(scheme);
        let store = kingdom.store();
        let ef_sod = kingdom.ef_sod();
        judge(&ef_sod, &store, NOW).unwrap();
        for position in 0..ef_sod.len() {
            for flip in [0x01, 0x20, 0x80] {
                let mut tampered = ef_sod.clone();
                tampered[position] ^= flip;
                let judged = judge(&tampered, &store, NOW);
                assert!(judged.is_err(), "{scheme:?}: octet {position} xor {flip:02x} makes no difference");
            }
        }
    }
}

#[test]
fn a_file_cut_short_anywhere_is_refused() {
    let kingdom = Kingdom::new();
    let (store, ef_sod) = (kingdom.store(), kingdom.ef_sod());
    for length in 0..ef_sod.len() {
        assert!(judge(&ef_sod[..length], &store, NOW).is_err());
    }
}

#[test]
fn padding_after_the_file_is_not_read_and_a_huge_file_is_not_either() {
    let kingdom = Kingdom::new();
    let mut ef_sod = kingdom.ef_sod();
    ef_sod.extend([0; 64]);
    judge(&ef_sod, &kingdom.store(), NOW).unwrap();
    ef_sod.resize(pki::limits::EF_SOD + 1, 0);
    assert_eq!(SecurityObject::parse(&ef_sod).unwrap_err(), PkiError::TooLarge);
}

#[test]
fn a_forger_with_the_signers_certificate_but_not_its_key_is_refused() {
    let kingdom = Kingdom::new();
    let own_key = Kingdom::new().signer.private_key_pem().unwrap();
    let forger =
        DocumentSigner::restore(kingdom.signer.certificate(), &own_key, SignatureScheme::EcdsaP256).unwrap();
    let ef_sod =
        forger.sign_security_object(DigestAlgorithm::Sha256, &[(DataGroupNumber::DG1, DG1)]).unwrap();
    assert_eq!(judge(&ef_sod, &kingdom.store(), NOW).unwrap_err(), PkiError::BadSignature);
}

#[test]
fn a_data_group_counts_only_if_listed_and_unchanged() {
    let kingdom = Kingdom::new();
    let proof = judge(&kingdom.ef_sod(), &kingdom.store(), NOW).unwrap();
    assert!(proof.lists(DataGroupNumber::DG1));
    assert!(!proof.lists(DataGroupNumber::DG14));
    let unlisted = proof.authenticate(DataGroupNumber::DG14, DG14.to_vec());
    assert_eq!(unlisted.unwrap_err(), PkiError::DataGroupNotListed);
    for position in 0..DG1.len() {
        let mut changed = DG1.to_vec();
        changed[position] ^= 1;
        let judged = proof.authenticate(DataGroupNumber::DG1, changed);
        assert_eq!(judged.unwrap_err(), PkiError::DataGroupChanged);
    }
}

#[test]
fn signers_survive_being_kept_as_files() {
    for scheme in SignatureScheme::ALL {
        let kingdom = Kingdom::of(scheme);
        let (der, pem) = (kingdom.signer.certificate(), kingdom.signer.private_key_pem().unwrap());
        assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----"));
        let restored = DocumentSigner::restore(der, &pem, scheme).unwrap();
        let ef_sod =
            restored.sign_security_object(DigestAlgorithm::Sha512, &[(DataGroupNumber::DG1, DG1)]).unwrap();
        judge(&ef_sod, &kingdom.store(), NOW).unwrap();
    }
}

#[test]
fn nothing_printed_holds_personal_data() {
    let kingdom = Kingdom::new();
    let object = SecurityObject::parse(&kingdom.ef_sod()).unwrap();
    let digest = DigestAlgorithm::Sha256.digest(DG1).unwrap();
    let proof = judge(&kingdom.ef_sod(), &kingdom.store(), NOW).unwrap();
    let group = proof.authenticate(DataGroupNumber::DG1, DG1.to_vec()).unwrap();
    for printed in
        [format!("{object:?}"), format!("{proof:?}"), format!("{group:?}"), format!("{:?}", kingdom.signer)]
    {
        for secret in [format!("{digest:?}"), hex::encode(&digest), format!("{DG1:?}"), hex::encode(DG1)] {
            assert!(!printed.contains(&secret), "{printed}");
        }
        assert!(printed.len() < 1_000, "{printed}");
    }
}
