use std::path::PathBuf;

use pki::issuing::{ChipCurve, ChipKey, ChipKeyKind, ParametersForm};
use proptest::prelude::*;

use super::*;

/// Real files, where a copy of them lies on this machine: see `BAWABA_DATA`. They are never part of this project.
fn data(folder: &str, prefix: &str) -> Vec<(String, Vec<u8>)> {
    let root = std::env::var_os("BAWABA_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data")),
        PathBuf::from,
    );
    let Ok(entries) = std::fs::read_dir(root.join(folder)) else {
        println!("skipped: no {folder} under {}; set BAWABA_DATA", root.display());
        return Vec::new();
    };
    let named = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix)));
    named.map(|path| (path.display().to_string(), std::fs::read(&path).unwrap())).collect()
}

#[test]
fn real_card_access_files_are_read_and_their_unknown_infos_skipped() {
    for (name, bytes) in data("securityinfos", "ef31") {
        let infos = SecurityInfos::from_card_access(&bytes);
        assert!(infos.is_ok(), "{name}");
        // Both chips speak PACE over brainpoolP256r1.
        let infos = infos.unwrap();
        let best = infos.best_pace().unwrap();
        assert_eq!((best.domain.number(), infos.domain_reference(best)), (13, None), "{name}: {best:?}");
    }
}

#[test]
fn real_dg14_files_are_read() {
    for (name, bytes) in data("securityinfos", "ef6e").into_iter().chain(data("lds/bsi2008", "Datagroup14")) {
        assert!(SecurityInfos::from_dg14(&bytes).is_ok(), "{name}");
    }
}

fn key(kind: ChipKeyKind) -> Vec<u8> {
    ChipKey::generate(kind).unwrap().public_key_info(ParametersForm::Named).unwrap()
}

fn p256() -> Vec<u8> {
    key(ChipKeyKind::Ec(ChipCurve::P256))
}

/// Cipher, agreement and number of the key.
type Best = (Cipher, KeyAgreement, Option<Vec<u8>>);

fn chip_authentication(infos: &[Vec<u8>]) -> Result<Option<Best>, PkiError> {
    let infos = SecurityInfos::from_dg14(&write::dg14(infos)).unwrap();
    let best = infos.chip_authentication()?;
    Ok(best.map(|info| (info.cipher, info.key.agreement(), info.key_id)))
}

use KeyAgreement::{Dh, Ecdh};

#[test]
fn what_is_written_is_read() {
    let pace = pace_over(12, Cipher::Aes128);
    let written = [
        write::pace(pace),
        write::chip_protocol(Ecdh, Cipher::Aes128, Some(1)),
        write::chip_key(Ecdh, &p256(), Some(1)),
        write::active_authentication(3),
    ];
    let infos = SecurityInfos::from_dg14(&write::dg14(&written)).unwrap();
    assert_eq!(infos.best_pace(), Some(pace));
    assert_eq!(chip_authentication(&written), Ok(Some((Cipher::Aes128, Ecdh, Some(vec![1])))));
    let protocol = infos.chip_authentication().unwrap().unwrap().protocol();
    assert_eq!(hex::encode(protocol), "04007f00070202030202");
    assert_eq!(infos.active_authentication_algorithm().as_deref(), Some("0.4.0.127.0.7.1.1.4.1.3"));
    assert_eq!(SecurityInfos::from_card_access(&write::card_access(&written)), Ok(infos));
}

#[test]
fn the_longest_key_is_chosen_and_3des_is_not_spoken() {
    let ciphers =
        [Cipher::Aes128, Cipher::Aes256, Cipher::Aes192].map(|cipher| write::pace(pace_over(12, cipher)));
    let infos = SecurityInfos::from_card_access(&write::card_access(&ciphers)).unwrap();
    assert_eq!(infos.best_pace(), Some(pace_over(12, Cipher::Aes256)));
    // id-PACE-ECDH-GM-3DES-CBC-CBC over P-256.
    let triple_des = hex::decode("31143012060a04007f0007020204020102010202010c").unwrap();
    assert_eq!(SecurityInfos::from_card_access(&triple_des).unwrap().best_pace(), None);
}

#[test]
fn of_several_curves_the_largest_is_chosen_and_named() {
    let over = |numbers: &[u8]| {
        let infos: Vec<_> =
            numbers.iter().map(|number| write::pace(pace_over(*number, Cipher::Aes128))).collect();
        let infos = SecurityInfos::from_card_access(&write::card_access(&infos)).unwrap();
        infos.best_pace().map(|best| (best.domain.number(), infos.domain_reference(best)))
    };
    assert_eq!(over(&[13]), Some((13, None)));
    assert_eq!(over(&[12, 16, 13]), Some((16, Some(16))));
    // One that we speak beside one that we do not: PACE in a group modulo a prime, number 2.
    let group = hex::decode("3012060a04007f00070202040102020102020102").unwrap();
    let both = write::card_access(&[group, write::pace(pace_over(12, Cipher::Aes128))]);
    let infos = SecurityInfos::from_card_access(&both).unwrap();
    assert_eq!(infos.domain_reference(infos.best_pace().unwrap()), Some(12));
}

fn pace_over(number: u8, cipher: Cipher) -> PaceInfo {
    PaceInfo { cipher, domain: Domain::standardised(number).unwrap() }
}

#[test]
fn keys_are_told_apart_by_their_number() {
    let protocol = |cipher, id| write::chip_protocol(Ecdh, cipher, id);
    let (one, two) = (p256(), key(ChipKeyKind::Ec(ChipCurve::BrainpoolP384r1)));
    let several = [
        protocol(Cipher::Aes128, Some(1)),
        write::chip_key(Ecdh, &one, Some(1)),
        write::chip_key(Ecdh, &two, Some(2)),
        protocol(Cipher::Aes256, Some(2)),
    ];
    assert_eq!(chip_authentication(&several), Ok(Some((Cipher::Aes256, Ecdh, Some(vec![2])))));
    // A protocol for a key that is not there, and a key for another protocol.
    let apart = [protocol(Cipher::Aes128, Some(7)), write::chip_key(Ecdh, &one, None)];
    assert_eq!(chip_authentication(&apart), Ok(None));
    let apart = [protocol(Cipher::Aes128, None), write::chip_key(Dh, &key(ChipKeyKind::Dh(2)), None)];
    assert_eq!(chip_authentication(&apart), Ok(Some((Cipher::TripleDes, Dh, None))));
}

#[test]
fn of_two_agreements_the_stronger_cipher_is_chosen_and_then_the_curve() {
    let both = |dh, ecdh| {
        chip_authentication(&[
            write::chip_protocol(Dh, dh, None),
            write::chip_key(Dh, &key(ChipKeyKind::Dh(2)), None),
            write::chip_protocol(Ecdh, ecdh, None),
            write::chip_key(Ecdh, &p256(), None),
        ])
    };
    assert_eq!(both(Cipher::Aes128, Cipher::Aes128), Ok(Some((Cipher::Aes128, Ecdh, None))));
    assert_eq!(both(Cipher::Aes256, Cipher::Aes128), Ok(Some((Cipher::Aes256, Dh, None))));
    assert_eq!(both(Cipher::TripleDes, Cipher::TripleDes), Ok(Some((Cipher::TripleDes, Ecdh, None))));
}

#[test]
fn a_bad_key_is_refused_and_an_unknown_one_skipped() {
    let mut bad = p256();
    *bad.last_mut().unwrap() ^= 1;
    let with = |spki: &[u8]| {
        vec![write::chip_protocol(Ecdh, Cipher::Aes128, None), write::chip_key(Ecdh, spki, None)]
    };
    assert_eq!(chip_authentication(&with(&bad)), Err(PkiError::BadKey));
    // A key of the other agreement than it is announced for.
    assert_eq!(chip_authentication(&with(&key(ChipKeyKind::Dh(2)))), Err(PkiError::BadKey));
    let rsa = key(ChipKeyKind::Rsa(2048));
    assert_eq!(chip_authentication(&with(&rsa)), Ok(None));
    assert_eq!(chip_authentication(&with(&[0x30, 0])), Ok(None));
    // One that can be used beside one that cannot.
    let beside = [with(&bad), with(&p256())].concat();
    assert_eq!(chip_authentication(&beside), Ok(Some((Cipher::Aes128, Ecdh, None))));
}

/// DG14 of two passports that announce Chip Authentication in different ways, both with explicit parameters.
#[test]
fn real_chips_announce_in_different_ways() {
    for (name, cipher, key_id) in
        [("ef6e_0bdf42c001", Cipher::Aes128, Some(vec![0xc3])), ("ef6e_56139d693f", Cipher::TripleDes, None)]
    {
        for (_, dg14) in data("securityinfos", name) {
            let infos = SecurityInfos::from_dg14(&dg14).unwrap();
            let info = infos.chip_authentication().unwrap().unwrap();
            assert_eq!((info.cipher, info.key.agreement(), &info.key_id), (cipher, Ecdh, &key_id), "{name}");
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = SecurityInfos::from_card_access(&tlv::encode(SET, &tlv::encode(SEQUENCE, &bytes)));
        let _ = SecurityInfos::from_dg14(&bytes);
    }
}
