use std::path::PathBuf;

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
        // Both chips speak PACE over brainpoolP256r1 (13) only: offered, but not by a protocol of ours.
        assert_eq!(infos.unwrap().best_pace(), None, "{name}");
    }
}

#[test]
fn real_dg14_files_are_read() {
    for (name, bytes) in data("securityinfos", "ef6e").into_iter().chain(data("lds/bsi2008", "Datagroup14")) {
        assert!(SecurityInfos::from_dg14(&bytes).is_ok(), "{name}");
    }
}

fn key() -> CurvePoint {
    CurvePoint::generator().unwrap()
}

#[test]
fn what_is_written_is_read() {
    let ca = ChipAuthenticationInfo { cipher: Cipher::Aes128, key_id: Some(1), key: key() };
    let pace = PaceInfo { cipher: Cipher::Aes128 };
    let written = [write::pace(pace), write::chip_authentication(&ca), write::active_authentication(3)];
    let infos = SecurityInfos::from_dg14(&write::dg14(&written)).unwrap();
    assert_eq!(infos.best_pace(), Some(pace));
    assert_eq!(infos.chip_authentication(), Some(ca));
    assert_eq!(infos.active_authentication_algorithm().as_deref(), Some("0.4.0.127.0.7.1.1.4.1.3"));
    assert_eq!(SecurityInfos::from_card_access(&write::card_access(&written)), Ok(infos));
}

#[test]
fn the_longest_key_is_chosen_and_3des_is_not_spoken() {
    let ciphers =
        [Cipher::Aes128, Cipher::Aes256, Cipher::Aes192].map(|cipher| write::pace(PaceInfo { cipher }));
    let infos = SecurityInfos::from_card_access(&write::card_access(&ciphers)).unwrap();
    assert_eq!(infos.best_pace(), Some(PaceInfo { cipher: Cipher::Aes256 }));
    // id-PACE-ECDH-GM-3DES-CBC-CBC over P-256.
    let triple_des = hex::decode("31143012060a04007f0007020204020102010202010c").unwrap();
    assert_eq!(SecurityInfos::from_card_access(&triple_des).unwrap(), SecurityInfos::default());
}

#[test]
fn a_key_without_its_protocol_or_with_another_id_is_no_offer() {
    let ca = ChipAuthenticationInfo { cipher: Cipher::Aes128, key_id: None, key: key() };
    let other = ChipAuthenticationInfo { key_id: Some(7), ..ca };
    let [with, without] = [&other, &ca].map(write::chip_authentication);
    let (protocol, _) = with.split_at(with.iter().skip(1).position(|&byte| byte == 0x30).unwrap() + 1);
    let (_, bare_key) = without.split_at(without.iter().skip(1).position(|&byte| byte == 0x30).unwrap() + 1);
    let infos = SecurityInfos::from_dg14(&write::dg14(&[protocol.to_vec(), bare_key.to_vec()])).unwrap();
    assert_eq!(infos.chip_authentication(), None);
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = SecurityInfos::from_card_access(&tlv::encode(SET, &tlv::encode(SEQUENCE, &bytes)));
        let _ = SecurityInfos::from_dg14(&bytes);
    }
}
