//! What does the published data of real states look like to us? Every row of the data set's README.
//!
//! The folder is not part of the project: `BAWABA_DATA` names it, `../../shared/data` beside the project is tried.

use pki::{CscaKind, DataGroupNumber, PkiError, SecurityObject, TrustStore, UntrustedCertificate};
use std::path::PathBuf;
use time::OffsetDateTime;
use time::macros::datetime;

const WHEN: OffsetDateTime = datetime!(2026-11-22 00:00 UTC);

/// The data folder, or a plain word that nothing was tried.
pub(crate) fn data() -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let folder = std::env::var_os("BAWABA_DATA").map_or_else(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: no BAWABA_DATA");
    None
}

pub(crate) fn read(name: &str) -> Option<Vec<u8>> {
    Some(std::fs::read(data()?.join(name)).unwrap())
}

fn security_object(name: &str) -> Option<SecurityObject> {
    Some(SecurityObject::parse(&read(name)?).unwrap())
}

#[test]
fn security_objects_of_seven_states_hold_and_their_signers_are_nobody_yet() {
    for name in [
        "sod/sod_96cc47e36d.bin",
        "sod/sod_8a8e842167.bin",
        "sod/sod_e66f75f1ff.bin",
        "sod/sod_d9d0bb71ed.bin",
        "sod/sod_471e24c56e.bin",
        "sod/sod_b405627465.bin",
        "sod/sod_f89509f1a3.bin",
    ] {
        let Some(object) = security_object(name) else { return };
        let signed = object.verify_signature().unwrap_or_else(|error| panic!("{name}: {error}"));
        let nobody = TrustStore::new(vec![], vec![]).unwrap();
        assert_eq!(signed.trust(&nobody, WHEN).unwrap_err(), PkiError::Untrusted, "{name}");
    }
}

#[test]
fn a_security_object_tampered_with_by_its_publisher_does_not_hold() {
    let Some(ef_sod) = read("sod/sod_3fb0edfc1f.bin") else { return };
    let judged = SecurityObject::parse(&ef_sod).and_then(SecurityObject::verify_signature);
    assert_eq!(judged.unwrap_err(), PkiError::DigestMismatch);
}

#[test]
fn the_bsi_reference_set_is_signed_over_an_explicit_brainpool_curve_and_untrusted() {
    let Some(object) = security_object("lds/bsi2008/EF_SOD.bin") else { return };
    let listed: Vec<u8> = object.data_groups().map(DataGroupNumber::get).collect();
    assert_eq!(listed, [1, 2, 3, 14]);
    for (number, name) in [(1, "Datagroup1"), (2, "Datagroup2"), (14, "Datagroup14")] {
        let content = read(&format!("lds/bsi2008/{name}.bin")).unwrap();
        let number = DataGroupNumber::new(number).unwrap();
        object.matches(number, &content).unwrap();
        assert_eq!(
            object.matches(number, content.split_last().unwrap().1).unwrap_err(),
            PkiError::DataGroupChanged
        );
    }
    let dg15 = read("lds/bsi2008/Datagroup15.bin").unwrap();
    assert_eq!(object.matches(DataGroupNumber::DG15, &dg15).unwrap_err(), PkiError::DataGroupNotListed);
    let nobody = TrustStore::new(vec![], vec![]).unwrap();
    let signed = object.verify_signature().unwrap();
    assert_eq!(signed.trust(&nobody, WHEN).unwrap_err(), PkiError::Untrusted);
}

fn moroccan() -> Option<Vec<UntrustedCertificate>> {
    let mut paths: Vec<_> =
        std::fs::read_dir(data()?.join("csca")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    Some(
        paths
            .iter()
            .map(|path| UntrustedCertificate::from_der(&std::fs::read(path).unwrap()).unwrap())
            .collect(),
    )
}

#[test]
fn csca_maroc_is_two_roots_and_two_link_certificates_of_one_name() {
    let Some(authorities) = moroccan() else { return };
    let described: std::collections::BTreeSet<(String, i32, CscaKind)> = authorities
        .iter()
        .map(|authority| {
            assert!(authority.is_self_issued());
            assert_eq!(authority.country().as_deref(), Some("MA"));
            let key = hex::encode_upper(&authority.subject_key_identifier().unwrap()[..4]);
            (key, authority.not_after().year(), authority.csca_kind().unwrap())
        })
        .collect();
    let expected = [
        ("41FEBF89".to_owned(), 2032, CscaKind::SelfSigned),
        ("41FEBF89".to_owned(), 2032, CscaKind::Link),
        ("91FB674B".to_owned(), 2029, CscaKind::SelfSigned),
        ("91FB674B".to_owned(), 2029, CscaKind::Link),
    ];
    assert_eq!(described, expected.into_iter().collect());
    TrustStore::new(authorities, vec![]).unwrap();
}

#[test]
fn the_moroccan_link_certificate_of_2023_is_signed_by_the_key_of_2021() {
    let Some(authorities) = moroccan() else { return };
    let find = |year, kind| {
        authorities.iter().find(|one| one.not_after().year() == year && one.csca_kind() == Ok(kind)).unwrap()
    };
    let (link, root_before) = (find(2032, CscaKind::Link), find(2029, CscaKind::SelfSigned));
    assert_eq!(link.signed_by(root_before), Ok(()));
    assert_eq!(link.signed_by(find(2032, CscaKind::SelfSigned)), Err(PkiError::BadSignature));
    for candidate in &authorities {
        let parentless = find(2029, CscaKind::Link);
        assert!(
            parentless.signed_by(candidate).is_err(),
            "the issuer of the 2021 link certificate is not here"
        );
    }
}
