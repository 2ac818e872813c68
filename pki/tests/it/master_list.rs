//! Do real document signers hang below real CSCAs? The German master list as trust store.
//!
//! The list itself is taken apart with OpenSSL, apart from the reader of master lists: what is tried here are
//! its 570 certificates.

use crate::kingdom::judge;
use crate::published::read;
use openssl::cms::{CMSOptions, CmsContentInfo};
use pki::{
    CscaKind, PkiError, RevocationPolicy, RevocationStatus, Sha1Policy, Sha1Use, TrustStore,
    UntrustedCertificate,
};
use std::collections::BTreeMap;
use time::OffsetDateTime;
use time::macros::datetime;

/// Shortly after the list was published.
const WHEN: OffsetDateTime = datetime!(2025-12-01 00:00 UTC);

/// Every certificate of the list, still DER.
fn certificates() -> Option<Vec<Vec<u8>>> {
    let list = read("masterlists/DE_ML_2025-11-27-07-39-21.ml")?;
    let mut content = Vec::new();
    let mut cms = CmsContentInfo::from_der(&list).unwrap();
    cms.verify(None, None, None, Some(&mut content), CMSOptions::NOVERIFY | CMSOptions::BINARY).unwrap();
    // CscaMasterList ::= SEQUENCE { version INTEGER 0, certList SET OF Certificate }
    let (fields, _) = split(&content);
    let (version, rest) = split(fields);
    assert_eq!(version, [0]);
    let (mut set, _) = split(rest);
    let mut certificates = Vec::new();
    while !set.is_empty() {
        let (_, rest) = split(set);
        certificates.push(set[..set.len() - rest.len()].to_vec());
        set = rest;
    }
    Some(certificates)
}

/// The contents of the first DER element, and what follows it.
fn split(der: &[u8]) -> (&[u8], &[u8]) {
    let (start, length) = match der[1] {
        short @ 0..0x80 => (2, usize::from(short)),
        long => {
            let end = 2 + usize::from(long & 0x7f);
            (end, der[2..end].iter().fold(0, |length, octet| length << 8 | usize::from(*octet)))
        }
    };
    (&der[start..start + length], &der[start + length..])
}

#[test]
fn every_certificate_of_the_german_master_list_is_read_and_judged() {
    let Some(certificates) = certificates() else { return };
    assert!(certificates.len() > 570, "{}", certificates.len());
    let mut judged: BTreeMap<String, usize> = BTreeMap::new();
    let mut countries = std::collections::BTreeSet::new();
    for der in &certificates {
        let certificate = UntrustedCertificate::from_der(der).unwrap();
        countries.insert(certificate.country());
        let kind = match certificate.csca_kind() {
            Ok(kind) => format!("{kind:?}"),
            Err(error) => error.code().to_owned(),
        };
        *judged.entry(kind).or_default() += 1;
    }
    println!("{} certificates of {} countries: {judged:?}", certificates.len(), countries.len());
    assert!(countries.len() > 110, "{}", countries.len());
    // Seven link certificates say of themselves that they are no authority.
    assert_eq!(judged.get("wrong-usage"), Some(&7), "{judged:?}");
    assert_eq!(judged["SelfSigned"] + judged["Link"], certificates.len() - 7, "{judged:?}");
}

#[test]
fn real_security_objects_are_followed_to_their_state() {
    let Some(certificates) = certificates() else { return };
    let cscas: Vec<_> = certificates
        .iter()
        .filter_map(|der| UntrustedCertificate::from_der(der).ok())
        .filter(|certificate| matches!(certificate.csca_kind(), Ok(CscaKind::SelfSigned | CscaKind::Link)))
        .collect();
    let store = |policy| TrustStore::new(cscas.clone(), vec![]).unwrap().with_revocation_policy(policy);
    let (strict, lenient) = (store(RevocationPolicy::RequireFresh), store(RevocationPolicy::Report));
    for (state, name, expected) in [
        ("Austria", "sod_96cc47e36d", "trusted"),
        ("Australia", "sod_8a8e842167", "trusted"),
        ("Finland", "sod_e66f75f1ff", "trusted"),
        ("France", "sod_d9d0bb71ed", "trusted"),
        ("United Kingdom, PSS", "sod_471e24c56e", "signer-expired"),
        ("United Kingdom, ECDSA", "sod_b405627465", "trusted"),
        ("Russia", "sod_f89509f1a3", "sha1-refused"),
    ] {
        let ef_sod = read(&format!("sod/{name}.bin")).unwrap();
        let judged = judge(&ef_sod, &lenient, WHEN);
        assert_eq!(judged.as_ref().map_or_else(PkiError::code, |_| "trusted"), expected, "{state}");
        if expected == "sha1-refused" {
            // Sound as CMS, and what signs with SHA-1 is believed only where policy says so: which the proof then tells.
            let believing = store(RevocationPolicy::Report).with_sha1_policy(Sha1Policy::Signatures);
            let proof = judge(&ef_sod, &believing, WHEN).unwrap();
            assert!(proof.accepted_sha1().contains(&Sha1Use::SecurityObject), "{:?}", proof.accepted_sha1());
        }
        if let Ok(proof) = judged {
            assert!(proof.accepted_sha1().is_empty());
            assert_eq!(proof.signer().revocation(), RevocationStatus::Unknown);
            assert_eq!(judge(&ef_sod, &strict, WHEN).unwrap_err(), PkiError::RevocationUnknown, "{state}");
        }
    }
}
