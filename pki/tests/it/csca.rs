//! Is every entry of a list judged, by name, and nothing lost? The German list, exactly.

use crate::published::{data, read};
use openssl::x509::X509;
use pki::UntrustedCertificate;
use pki::csca::{
    Accepted, Deviation, EntryKind, Judgement, KeyFingerprint, MasterList, Refusal, UntrustedMasterList,
    algorithm_of,
};
use std::collections::{BTreeMap, BTreeSet};
use time::OffsetDateTime;
use time::macros::datetime;

/// Shortly after the list was published.
const WHEN: OffsetDateTime = datetime!(2025-12-01 00:00 UTC);

fn german() -> Option<(Vec<u8>, UntrustedCertificate)> {
    let list = read("masterlists/DE_ML_2025-11-27-07-39-21.ml")?;
    let anchor = read("masterlists/DE_ROOT_CA_CSCA07.cer")?;
    Some((list, UntrustedCertificate::from_der(&anchor).unwrap()))
}

fn verified() -> Option<MasterList> {
    let (list, anchor) = german()?;
    Some(UntrustedMasterList::read(&list).unwrap().verify(&[anchor], WHEN).unwrap())
}

fn judged(list: &MasterList, at: OffsetDateTime) -> Vec<Judgement> {
    let mut last = 0;
    let judged = list.judge(&[], at, &mut |done| last = done);
    assert_eq!((judged.len(), last), (list.entries().len(), list.entries().len()));
    judged
}

fn accepted(judged: &[Judgement]) -> impl Iterator<Item = &Accepted> {
    judged.iter().filter_map(Judgement::accepted)
}

#[test]
fn the_german_list_is_judged_to_the_last_entry() {
    let Some(list) = verified() else { return };
    assert_eq!(list.signed_at(), Some(datetime!(2025-11-27 06:39:21 UTC)));
    assert_eq!(list.rests_on().len(), 2, "the anchor's key and the signer's");
    let judged = judged(&list, WHEN);
    let mut outcomes: BTreeMap<&str, usize> = BTreeMap::new();
    let mut deviations: BTreeMap<&str, usize> = BTreeMap::new();
    for one in &judged {
        match one {
            Judgement::Accepted(accepted) => {
                *outcomes.entry(accepted.kind.code()).or_default() += 1;
                for deviation in &accepted.deviations {
                    *deviations.entry(deviation.code()).or_default() += 1;
                }
            }
            Judgement::Refused(refused) => *outcomes.entry(refused.reason.code()).or_default() += 1,
        }
    }
    let expected = [("link", 197), ("says-no-authority", 7), ("self-signed", 373)];
    assert_eq!(outcomes, BTreeMap::from(expected));
    // Counted independently with another ASN.1 reader, but for those about relations.
    let expected = [
        ("basic-constraints-absent", 2),
        ("basic-constraints-not-critical", 2),
        ("brainpool-curve", 89),
        ("duplicate-subject", 379),
        ("explicit-ec-parameters", 149),
        ("extended-key-usage", 1),
        ("key-usage-absent", 1),
        ("key-usage-extra-bits", 9),
        ("key-usage-not-critical", 10),
        ("link-without-issuer", 12),
        ("lower-case-country", 13),
        ("negative-serial", 1),
        ("no-authority-key-identifier", 3),
        ("not-der", 5),
        ("path-length-above-zero", 9),
        ("path-length-absent", 18),
        ("rsa-4096", 362),
        ("rsa-pss", 120),
        ("sha1-signature", 40),
        ("unusual-rsa-exponent", 14),
        ("zero-serial", 1),
    ];
    assert_eq!(deviations, BTreeMap::from(expected));
}

/// Seven link certificates say of themselves that they are no authority. Each of their keys is accepted from a
/// self-signed certificate of the same state: no card is lost.
#[test]
fn a_refused_entry_of_the_german_list_costs_no_card() {
    let Some(list) = verified() else { return };
    let judged = judged(&list, WHEN);
    let keys: BTreeMap<KeyFingerprint, &Accepted> =
        accepted(&judged).filter(|one| one.kind == EntryKind::SelfSigned).map(|one| (one.key, one)).collect();
    let mut countries = Vec::new();
    for one in &judged {
        let Judgement::Refused(refused) = one else { continue };
        assert_eq!(refused.reason, Refusal::SaysNoAuthority);
        let (certificate, root) = (refused.certificate.as_ref().unwrap(), keys[&refused.key.unwrap()]);
        assert_eq!(certificate.country(), root.certificate.country());
        countries.push(certificate.country().unwrap());
    }
    countries.sort();
    assert_eq!(countries, ["CM", "IT", "LU", "LU", "PT", "TR", "TR"]);
    let listed: BTreeSet<_> = judged.iter().map(|one| one.certificate().unwrap().country()).collect();
    let judgeable: BTreeSet<_> = accepted(&judged).map(|one| one.certificate.country()).collect();
    assert_eq!((listed.len(), listed), (judgeable.len(), judgeable));
}

/// OpenSSL computes every signature that was said to hold: of roots with their own key, of links with the key found.
#[test]
fn openssl_agrees_on_who_signed_whom() {
    let Some(list) = verified() else { return };
    let judged = judged(&list, WHEN);
    let mut keys = BTreeMap::new();
    for one in accepted(&judged) {
        let read = X509::from_der(one.certificate.der()).unwrap();
        keys.insert(one.key, read.public_key().unwrap());
    }
    let (mut roots, mut links) = (0, 0);
    for one in accepted(&judged) {
        let read = X509::from_der(one.certificate.der()).unwrap();
        match one.kind {
            EntryKind::SelfSigned => {
                assert!(read.verify(&keys[&one.key]).unwrap(), "{}", one.certificate.subject_text());
                roots += 1;
            }
            _ => {
                assert!(!read.verify(&keys[&one.key]).unwrap_or(false), "{}", one.certificate.subject_text());
                for issuer in &one.issuers {
                    assert!(read.verify(&keys[issuer]).unwrap(), "{}", one.certificate.subject_text());
                    links += 1;
                }
            }
        }
    }
    assert_eq!((roots, links), (373, 185));
}

#[test]
fn the_four_csca_maroc_certificates_stand_in_the_german_list_and_are_told_apart() {
    let (Some(list), Some(folder)) = (verified(), data()) else { return };
    let judged = judged(&list, WHEN);
    let moroccan: BTreeSet<Vec<u8>> = std::fs::read_dir(folder.join("csca"))
        .unwrap()
        .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
        .collect();
    let found: Vec<&Accepted> =
        accepted(&judged).filter(|one| moroccan.contains(one.certificate.der())).collect();
    let told: BTreeSet<(String, &str, usize)> = found
        .iter()
        .map(|one| {
            assert_eq!(one.certificate.country().as_deref(), Some("MA"));
            assert_eq!(algorithm_of(&one.certificate), "RSA 4096, PKCS#1 SHA-256");
            assert!(one.deviations.contains(&Deviation::DuplicateSubject));
            let key = hex::encode_upper(&one.certificate.subject_key_identifier().unwrap()[..4]);
            (key, one.kind.code(), one.issuers.len())
        })
        .collect();
    // The link of 2023 is signed by the key of 2021, and that of 2021 by the key of 2018.
    let expected = [
        ("41FEBF89", "link", 1),
        ("41FEBF89", "self-signed", 0),
        ("91FB674B", "link", 1),
        ("91FB674B", "self-signed", 0),
    ];
    assert_eq!(told, expected.map(|(key, kind, issuers)| (key.to_owned(), kind, issuers)).into());
    let keys: BTreeSet<KeyFingerprint> = found.iter().map(|one| one.key).collect();
    assert_eq!(keys.len(), 2);
    let links: Vec<bool> = found
        .iter()
        .filter_map(|one| one.issuers.first().map(|issuer| *issuer != one.key && keys.contains(issuer)))
        .collect();
    assert_eq!(links.iter().filter(|among_the_four| **among_the_four).count(), 1, "{links:?}");
}

#[test]
fn what_has_expired_is_kept_under_its_name() {
    let Some(list) = verified() else { return };
    let count = |at| {
        let judged = judged(&list, at);
        accepted(&judged).filter(|one| one.deviations.contains(&Deviation::ExpiredButNeeded)).count()
    };
    let (then, later) = (count(WHEN), count(datetime!(2040-01-01 00:00 UTC)));
    assert_eq!(then, 0);
    assert!(later > 500, "{later}");
}

#[test]
fn the_german_list_cut_changed_or_under_another_anchor_is_refused() {
    let Some((list, anchor)) = german() else { return };
    let verify = |bytes: &[u8], anchors: &[UntrustedCertificate], at| {
        UntrustedMasterList::read(bytes).and_then(|list| list.verify(anchors, at)).map(|_| ()).unwrap_err()
    };
    let anchors = [anchor];
    assert_eq!(verify(&list, &[], WHEN), Refusal::NoAnchor);
    let moroccan = read("csca/MA_112032edb845e4ef371e2ae56495e4e05870.cer").unwrap();
    let moroccan = UntrustedCertificate::from_der(&moroccan);
    assert_eq!(verify(&list, &[moroccan.unwrap()], WHEN), Refusal::ListNotAnchored);
    assert_eq!(verify(&list, &anchors, datetime!(2029-01-01 00:00 UTC)), Refusal::ListSignerExpired);
    assert_eq!(verify(&list, &anchors, datetime!(2024-01-01 00:00 UTC)), Refusal::ListSignerNotYetValid);
    assert_eq!(verify(&list[..list.len() / 2], &anchors, WHEN), Refusal::MalformedList);
    assert_eq!(verify(&[&list[..], b"\0"].concat(), &anchors, WHEN), Refusal::MalformedList);
    for position in (100_000..list.len() - 1_000).step_by(list.len() / 7) {
        let mut changed = list.clone();
        changed[position] ^= 1;
        let refused = verify(&changed, &anchors, WHEN);
        let named = [Refusal::ListSignatureDoesNotHold, Refusal::MalformedList];
        assert!(named.contains(&refused), "{position}: {refused:?}");
    }
    // The last octets are the signature.
    let mut changed = list;
    *changed.last_mut().unwrap() ^= 1;
    assert_eq!(verify(&changed, &anchors, WHEN), Refusal::ListSignatureDoesNotHold);
}
