//! Which EF.CardSecurity is believed?

use crate::kingdom::{Kingdom, NOW};
use pki::issuing::SecurityObjectOptions;
use pki::{AuthenticCardSecurity, CardSecurity, PkiError, SecurityObject, TrustStore, UntrustedCertificate};

/// PACE over P-256 with AES-128: a SET of one SecurityInfo.
const INFOS: &[u8] =
    b"\x31\x14\x30\x12\x06\x0a\x04\x00\x7f\x00\x07\x02\x02\x04\x02\x02\x02\x01\x02\x02\x01\x0c";

fn judge(file: &[u8], store: &TrustStore) -> Result<AuthenticCardSecurity, PkiError> {
    CardSecurity::parse(file)?.verify_signature(store)?.trust(store, NOW)
}

#[test]
fn what_the_state_signed_is_read() {
    let kingdom = Kingdom::new();
    for options in [
        SecurityObjectOptions::default(),
        SecurityObjectOptions { signer_by_key_identifier: true, ..Default::default() },
        SecurityObjectOptions { signed_at: Some(NOW), ..Default::default() },
    ] {
        let mut file = kingdom.signer.sign_card_security(INFOS, &options).unwrap();
        let proof = judge(&file, &kingdom.store()).unwrap();
        assert_eq!(proof.security_infos(), INFOS);
        assert_eq!(proof.signer().certificate().serial(), kingdom.signer.serial());
        assert!(proof.accepted_sha1().is_empty());
        file.extend([0; 16]);
        judge(&file, &kingdom.store()).unwrap();
    }
}

#[test]
fn a_signer_outside_is_looked_up() {
    let kingdom = Kingdom::new();
    let options = SecurityObjectOptions { without_certificate: true, ..Default::default() };
    let file = kingdom.signer.sign_card_security(INFOS, &options).unwrap();
    assert_eq!(judge(&file, &kingdom.store()).unwrap_err(), PkiError::SignerNotFound);
    let known = vec![UntrustedCertificate::from_der(kingdom.signer.certificate()).unwrap()];
    judge(&file, &kingdom.store().with_document_signers(known).unwrap()).unwrap();
}

/// RFC 5652 §11.1: what was signed as one thing is not another.
#[test]
fn a_security_object_cannot_pass_for_it_nor_it_for_one() {
    let kingdom = Kingdom::new();
    let ef_sod = kingdom.ef_sod();
    let start = if ef_sod[1] == 0x82 { 4 } else { 3 };
    assert_eq!(CardSecurity::parse(&ef_sod[start..]).unwrap_err(), PkiError::WrongContentType);
    let file = kingdom.signer.sign_card_security(INFOS, &SecurityObjectOptions::default()).unwrap();
    let length = u16::try_from(file.len()).unwrap().to_be_bytes();
    let wrapped = [&[0x77, 0x82], &length[..], &file].concat();
    assert_eq!(SecurityObject::parse(&wrapped).unwrap_err(), PkiError::WrongContentType);
}

#[test]
fn one_octet_changed_anywhere_is_refused() {
    let kingdom = Kingdom::new();
    let store = kingdom.store();
    let file = kingdom.signer.sign_card_security(INFOS, &SecurityObjectOptions::default()).unwrap();
    for position in 0..file.len() {
        for flip in [0x01, 0x20, 0x80] {
            let mut tampered = file.clone();
            tampered[position] ^= flip;
            assert!(judge(&tampered, &store).is_err(), "octet {position} xor {flip:02x}");
        }
        assert!(judge(&file[..position], &store).is_err());
    }
    assert_eq!(judge(&vec![0x30; pki::limits::EF_SOD + 1], &store).unwrap_err().code(), "malformed");
}

#[test]
fn a_stranger_is_untrusted() {
    let (kingdom, stranger) = (Kingdom::new(), Kingdom::new());
    let file = stranger.signer.sign_card_security(INFOS, &SecurityObjectOptions::default()).unwrap();
    assert_eq!(judge(&file, &kingdom.store()).unwrap_err(), PkiError::Untrusted);
}
