//! Which EF.SOD is believed, and what does it prove?

use crate::kingdom::{DG1, DG14, Kingdom, NOW, judge};
use pki::issuing::{DocumentSigner, SecurityObjectOptions, SignatureScheme};
use pki::{
    DataGroupNumber, DigestAlgorithm, PkiError, RevocationPolicy, RevocationStatus, SecurityObject,
    Sha1Policy,
};
use time::macros::datetime;

#[test]
fn every_signature_algorithm_and_digest_is_believed() {
    for scheme in SignatureScheme::ALL {
        let kingdom = Kingdom::of(scheme);
        let store = kingdom.store().with_sha1_policy(Sha1Policy::DataGroups);
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
        SecurityObjectOptions { version: Some(1), ..Default::default() },
        SecurityObjectOptions { version: Some(4), ..Default::default() },
        SecurityObjectOptions { version: Some(5), ..Default::default() },
    ] {
        let groups = [(DataGroupNumber::DG1, DG1)];
        let ef_sod =
            kingdom.signer.sign_security_object_with(DigestAlgorithm::Sha256, &groups, &options).unwrap();
        judge(&ef_sod, &kingdom.store(), NOW).unwrap_or_else(|error| panic!("{options:?}: {error}"));
    }
}

/// The moment of signing is the signer's own word: it can show that an object is wrong, and makes no expired signer good.
#[test]
fn the_signer_must_be_valid_then_and_now() {
    let kingdom = Kingdom::new();
    let (from, until) = (datetime!(2026-01-01 00:00 UTC), datetime!(2033-01-01 00:00 UTC));
    let second = time::Duration::SECOND;
    for (then, now, expected) in [
        (from, NOW, Ok(())),
        (NOW, NOW, Ok(())),
        (from - second, NOW, Err(PkiError::WrongUsage)),
        (until + second, NOW, Err(PkiError::WrongUsage)),
        (NOW, until + second, Err(PkiError::Expired)),
        (NOW, from - second, Err(PkiError::NotYetValid)),
    ] {
        let options = SecurityObjectOptions { signed_at: Some(then), ..Default::default() };
        let groups = [(DataGroupNumber::DG1, DG1)];
        let ef_sod =
            kingdom.signer.sign_security_object_with(DigestAlgorithm::Sha256, &groups, &options).unwrap();
        let store = kingdom.store().with_revocation_policy(RevocationPolicy::Report);
        assert_eq!(judge(&ef_sod, &store, now).map(drop), expected, "signed {then}, judged {now}");
    }
}

#[test]
fn another_signed_content_type_is_sound_cms_and_still_not_trusted() {
    let kingdom = Kingdom::new();
    let options = SecurityObjectOptions { as_plain_data: true, ..Default::default() };
    let groups = [(DataGroupNumber::DG1, DG1)];
    let ef_sod =
        kingdom.signer.sign_security_object_with(DigestAlgorithm::Sha256, &groups, &options).unwrap();
    SecurityObject::parse(&ef_sod).unwrap().verify_signature().unwrap();
    assert_eq!(judge(&ef_sod, &kingdom.store(), NOW).unwrap_err(), PkiError::WrongContentType);
}

#[test]
fn a_version_that_no_standard_knows_is_refused() {
    let kingdom = Kingdom::new();
    for version in [0, 2, 6, 127] {
        let options = SecurityObjectOptions { version: Some(version), ..Default::default() };
        let groups = [(DataGroupNumber::DG1, DG1)];
        let ef_sod =
            kingdom.signer.sign_security_object_with(DigestAlgorithm::Sha256, &groups, &options).unwrap();
        assert_eq!(SecurityObject::parse(&ef_sod).unwrap_err().code(), "malformed", "{version}");
    }
}

#[test]
fn version_1_of_the_lds_tells_its_versions() {
    let kingdom = Kingdom::new();
    for (lds_version_1, told) in [(true, Some(("0108", "040000"))), (false, None)] {
        let options = SecurityObjectOptions { lds_version_1, ..Default::default() };
        let groups = [(DataGroupNumber::DG1, DG1)];
        let ef_sod =
            kingdom.signer.sign_security_object_with(DigestAlgorithm::Sha256, &groups, &options).unwrap();
        assert_eq!(SecurityObject::parse(&ef_sod).unwrap().lds_version(), told);
    }
}

/// As New Zealand writes it: every constructed element of the envelope without a length, the content in pieces.
#[test]
fn an_envelope_in_ber_is_the_same_envelope() {
    let kingdom = Kingdom::new();
    let ef_sod = kingdom.ef_sod();
    let (_, content_info) = split(&ef_sod);
    let ber = without_lengths(content_info);
    let mut file = vec![0x77, 0x82];
    file.extend(u16::try_from(ber.len()).unwrap().to_be_bytes());
    file.extend(ber);
    assert_ne!(file, ef_sod);
    let proof = judge(&file, &kingdom.store(), NOW).unwrap();
    proof.authenticate(DataGroupNumber::DG1, DG1.to_vec()).unwrap();
    let end = file.len() - 1;
    assert!(judge(&file[..end], &kingdom.store(), NOW).is_err());
}

/// Length of tag and length, and contents, of the first element.
fn split(der: &[u8]) -> (usize, &[u8]) {
    let (start, length) = match der[1] {
        0x82 => (4, usize::from(der[2]) << 8 | usize::from(der[3])),
        0x81 => (3, usize::from(der[2])),
        short => (2, usize::from(short)),
    };
    (start, &der[start..start + length])
}

fn without_lengths(mut der: &[u8]) -> Vec<u8> {
    let mut ber = Vec::new();
    while !der.is_empty() {
        let (start, contents) = split(der);
        let end = start + contents.len();
        match der[0] {
            0x04 if contents.len() > 1 && contents.len() < 128 => {
                let (one, two) = contents.split_at(1);
                ber.extend([0x24, 0x80, 0x04, 1, one[0], 0x04, u8::try_from(two.len()).unwrap()]);
                ber.extend(two);
                ber.extend([0, 0]);
            }
            tag if tag & 0x20 != 0 => {
                ber.extend([tag, 0x80]);
                ber.extend(without_lengths(contents));
                ber.extend([0, 0]);
            }
            _ => ber.extend(&der[..end]),
        }
        der = &der[end..];
    }
    ber
}

/// As Malaysia writes it: the SignerInfo names the issuer's parts in another order than the certificate.
#[test]
fn the_order_of_the_issuers_parts_does_not_hide_the_signer() {
    let kingdom = Kingdom::new();
    let ef_sod = kingdom.ef_sod();
    let country = b"\x31\x0b\x30\x09\x06\x03\x55\x04\x06\x13\x02MA";
    let common_name = b"\x31\x12\x30\x10\x06\x03\x55\x04\x03\x0c\x09CSCA-DEMO";
    let (usual, other) = ([&country[..], common_name].concat(), [&common_name[..], country].concat());
    let last = ef_sod.windows(usual.len()).rposition(|window| window == usual).unwrap();
    let mut reordered = ef_sod;
    reordered[last..last + other.len()].copy_from_slice(&other);
    judge(&reordered, &kingdom.store(), NOW).unwrap();
    reordered[last + other.len() - 1] ^= 1;
    assert_eq!(judge(&reordered, &kingdom.store(), NOW).unwrap_err(), PkiError::SignerNotFound);
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
            let flips: &[u8] =
                if scheme == SignatureScheme::EcdsaP256 { &[0x01, 0x20, 0x80] } else { &[0x01] };
            for flip in flips {
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
