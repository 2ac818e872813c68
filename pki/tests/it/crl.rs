//! What does a revocation list say, which lists are no use, and which one answers?

use crate::kingdom::{Kingdom, NOW, csca_profile, judge};
use pki::issuing::{CountrySigner, CrlEntry, CrlOptions, SignatureScheme};
use pki::{
    LeftOut, ListStanding, Material, PkiError, RevocationReason, TrustStore, UntrustedCertificate,
    UntrustedCrl,
};
use std::sync::Arc;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

fn options(this_update: OffsetDateTime) -> CrlOptions {
    let next_update = Some(this_update + Duration::days(30));
    CrlOptions { this_update, next_update, number: None, extension: None }
}

fn made(kingdom: &Kingdom, revoked: &[CrlEntry<'_>], options: &CrlOptions) -> Result<UntrustedCrl, PkiError> {
    UntrustedCrl::from_der(&kingdom.csca.issue_crl_with(revoked, options).unwrap())
}

fn with_reason<'a>(serial: &'a [u8], reason: RevocationReason) -> CrlEntry<'a> {
    CrlEntry { reason: Some(reason), ..CrlEntry::of(serial) }
}

#[test]
fn every_reason_and_the_date_of_invalidity_are_kept() {
    let kingdom = Kingdom::new();
    let since = datetime!(2026-10-01 12:00 UTC);
    let serials: Vec<[u8; 2]> = (1..=10).map(|number| [0x40, number]).collect();
    let entries: Vec<_> = serials
        .iter()
        .zip(RevocationReason::ALL)
        .map(|(serial, reason)| CrlEntry { invalid_since: Some(since), ..with_reason(serial, reason) })
        .collect();
    let list = made(&kingdom, &entries, &options(NOW)).unwrap();
    for (serial, reason) in serials.iter().zip(RevocationReason::ALL) {
        let entry = list.entry(serial).unwrap();
        assert_eq!((entry.reason, entry.invalid_since, entry.revoked_at), (reason, Some(since), NOW));
        assert_eq!(list.by_reason().get(&reason), Some(&1));
    }
    assert_eq!(list.entry(&[0x40, 11]), None);
    assert_eq!(
        list.entry(&[0, 0, 0x40, 1]).unwrap().serial,
        [0x40, 1],
        "padding does not hide a serial number"
    );
    assert_eq!(list.entries().count(), 10);
}

#[test]
fn who_is_held_is_refused_until_a_newer_list_lets_go() {
    let kingdom = Kingdom::new();
    let serial = kingdom.signer.serial();
    let judged = |entries: [Option<RevocationReason>; 2]| {
        let lists = entries.iter().zip([2, 1]).map(|(reason, days_ago)| {
            let entries: Vec<_> = reason.iter().map(|reason| with_reason(serial, *reason)).collect();
            made(&kingdom, &entries, &options(NOW - Duration::days(days_ago))).unwrap()
        });
        let store = TrustStore::new(vec![kingdom.anchor()], lists.collect()).unwrap();
        judge(&kingdom.ef_sod(), &store, NOW).err()
    };
    let (hold, lost) = (Some(RevocationReason::CertificateHold), Some(RevocationReason::KeyCompromise));
    assert_eq!(judged([None, hold]), Some(PkiError::OnHold));
    assert_eq!(judged([hold, hold]), Some(PkiError::OnHold));
    assert_eq!(judged([hold, None]), None, "let go of");
    assert_eq!(judged([lost, None]), Some(PkiError::Revoked), "nobody is let go of who was revoked for good");
    assert_eq!(judged([hold, lost]), Some(PkiError::Revoked));
    // Only a delta list may remove; on a complete one the certificate is still named.
    assert_eq!(judged([None, Some(RevocationReason::RemoveFromCrl)]), Some(PkiError::Revoked));
}

#[test]
fn named_twice_what_weighs_more_counts_in_either_order() {
    let kingdom = Kingdom::new();
    let serial = kingdom.signer.serial();
    let (hold, lost) = (
        with_reason(serial, RevocationReason::CertificateHold),
        with_reason(serial, RevocationReason::KeyCompromise),
    );
    for entries in [[hold, lost], [lost, hold]] {
        let list = made(&kingdom, &entries, &options(NOW)).unwrap();
        assert_eq!(list.len(), 2);
        assert_eq!(list.entry(serial).unwrap().reason, RevocationReason::KeyCompromise);
    }
}

#[test]
fn lists_that_do_not_speak_for_all_are_named() {
    let kingdom = Kingdom::new();
    let with =
        |dotted, value: &[u8]| CrlOptions { extension: Some((dotted, true, value.to_vec())), ..options(NOW) };
    for (options, expected) in [
        (with("2.5.29.27", &[2, 1, 1]), PkiError::CrlDelta),
        (with("2.5.29.28", &[0x30, 3, 0x84, 1, 0xff]), PkiError::CrlIndirect),
        (with("2.5.29.28", &[0x30, 4, 0x83, 2, 1, 6]), PkiError::CrlPartitioned),
        (CrlOptions { next_update: None, ..options(NOW) }, PkiError::CrlWithoutNextUpdate),
    ] {
        assert_eq!(made(&kingdom, &[], &options).unwrap_err(), expected);
        assert!(expected.code().starts_with("crl-"));
    }
}

#[test]
fn a_list_from_the_future_is_not_asked_until_its_time() {
    let kingdom = Kingdom::new();
    let entry = [CrlEntry::of(kingdom.signer.serial())];
    let future = made(&kingdom, &entry, &options(NOW + Duration::HOUR)).unwrap();
    let alone = TrustStore::new(vec![kingdom.anchor()], vec![future.clone()]).unwrap();
    assert_eq!(judge(&kingdom.ef_sod(), &alone, NOW).unwrap_err(), PkiError::RevocationUnknown);
    assert_eq!(alone.revocation_lists(NOW)[0].standing, ListStanding::FromTheFuture);
    let both = TrustStore::new(vec![kingdom.anchor()], vec![kingdom.crl(&[]), future]).unwrap();
    judge(&kingdom.ef_sod(), &both, NOW).unwrap();
    let judged = judge(&kingdom.ef_sod(), &both, NOW + Duration::HOUR);
    assert_eq!(judged.unwrap_err(), PkiError::Revoked);
}

/// The newest list of each issuer before, one in its place, and what is in use after.
#[test]
fn a_list_put_back_is_refused_and_the_one_in_use_stays() {
    let kingdom = Kingdom::new();
    let numbered = |number, days_ago, entries: &[CrlEntry<'_>]| {
        let options = CrlOptions { number: Some(number), ..options(NOW - Duration::days(days_ago)) };
        Arc::new(made(&kingdom, entries, &options).unwrap())
    };
    let revoked = [CrlEntry::of(kingdom.signer.serial())];
    let anchors = || vec![kingdom.anchor()];
    let (store, left_out) = TrustStore::assemble(anchors(), vec![numbered(300, 5, &revoked)], None);
    assert_eq!(left_out, []);
    for (number, days_ago, rolled_back) in [
        (300, 5, false),
        (301, 5, false),
        (301, 4, false),
        (299, 4, true),
        (300, 6, true),
        (44, 9, true),
        (301, 6, true),
    ] {
        let given = vec![numbered(number, days_ago, &[])];
        let (after, left_out) = TrustStore::assemble(anchors(), given, Some((&store, NOW)));
        let why = PkiError::CrlRolledBack;
        let expected =
            if rolled_back { vec![LeftOut { what: Material::Crl, index: 0, why }] } else { Vec::new() };
        assert_eq!(left_out, expected, "number {number}, {days_ago} days ago");
        let judged = judge(&kingdom.ef_sod(), &after, NOW).err();
        assert_eq!(judged, rolled_back.then_some(PkiError::Revoked), "number {number}, {days_ago} days ago");
        assert_eq!(after.revocation_lists(NOW).len(), 1);
    }
    // An older file beside the newer one is no roll-back; and without the old CSCA its list is of no use.
    let both = vec![numbered(200, 9, &[]), numbered(301, 1, &[])];
    let (after, left_out) = TrustStore::assemble(anchors(), both, Some((&store, NOW)));
    assert_eq!(left_out, []);
    let standings: Vec<_> = after.revocation_lists(NOW).iter().map(|list| list.standing).collect();
    assert_eq!(standings, [ListStanding::Superseded, ListStanding::Fresh]);
    let stranger = Kingdom::new();
    let (after, _) = TrustStore::assemble(vec![stranger.anchor()], vec![], Some((&store, NOW)));
    assert_eq!(after.revocation_lists(NOW), []);
}

/// A list that was dated wrongly must not lock out the right ones for ever.
#[test]
fn a_list_from_the_future_is_no_mark_to_stay_ahead_of() {
    let kingdom = Kingdom::new();
    let future = Arc::new(made(&kingdom, &[], &options(datetime!(2049-01-01 00:00 UTC))).unwrap());
    let (store, _) = TrustStore::assemble(vec![kingdom.anchor()], vec![future], None);
    let today = vec![Arc::new(kingdom.crl(&[]))];
    let (store, left_out) = TrustStore::assemble(vec![kingdom.anchor()], today, Some((&store, NOW)));
    assert_eq!(left_out, []);
    judge(&kingdom.ef_sod(), &store, NOW).unwrap();
}

/// Morocco's generations share one name: only the key identifier tells which of them signed.
#[test]
fn of_generations_of_one_name_the_one_that_signed_is_found() {
    let generations: Vec<_> = (0..4)
        .map(|_| CountrySigner::create(&csca_profile("MA", SignatureScheme::EcdsaP256)).unwrap())
        .collect();
    let anchors = || generations.iter().map(|one| UntrustedCertificate::from_der(one.certificate()).unwrap());
    for generation in &generations {
        let list = generation.issue_crl(&[], NOW, NOW + Duration::DAY).unwrap();
        let list = UntrustedCrl::from_der(&list).unwrap();
        let store = TrustStore::new(anchors().collect(), vec![list]).unwrap();
        let own = UntrustedCertificate::from_der(generation.certificate()).unwrap();
        let facts = store.revocation_lists(NOW);
        assert_eq!(facts[0].signer.as_deref(), own.subject_key_identifier());
        assert_eq!((facts[0].country.as_str(), facts[0].standing), ("MA", ListStanding::Fresh));
    }
}

/// 200,000 is the bound; one more is refused, and so is a list that is cut short anywhere.
#[test]
fn a_hundred_thousand_entries_are_read_and_asked_and_too_many_are_refused() {
    let kingdom = Kingdom::new();
    let serials: Vec<[u8; 4]> =
        (0..=200_000u32).map(|number| (0x4000_0000 + number * 3).to_be_bytes()).collect();
    let entries = |count: usize| -> Vec<CrlEntry<'_>> {
        serials[..count].iter().map(|serial| with_reason(serial, RevocationReason::KeyCompromise)).collect()
    };
    let list = made(&kingdom, &entries(100_000), &options(NOW)).unwrap();
    assert_eq!(list.len(), 100_000);
    for number in 0..100_000u32 {
        let serial = 0x4000_0000 + number * 3;
        assert!(list.entry(&serial.to_be_bytes()).is_some());
        assert!(list.entry(&(serial + 1).to_be_bytes()).is_none());
    }
    assert_eq!(made(&kingdom, &entries(200_000), &options(NOW)).unwrap().len(), 200_000);
    assert_eq!(made(&kingdom, &entries(200_001), &options(NOW)).unwrap_err(), PkiError::TooLarge);
    assert_eq!(UntrustedCrl::from_der(&vec![0x30; pki::limits::CRL + 1]).unwrap_err(), PkiError::TooLarge);
}

#[test]
fn a_list_cut_short_or_followed_by_more_or_changed_anywhere_is_refused() {
    let kingdom = Kingdom::new();
    let entry = CrlEntry { invalid_since: Some(NOW), ..with_reason(&[0x42], RevocationReason::Superseded) };
    let der = kingdom.csca.issue_crl_with(&[entry], &options(NOW)).unwrap();
    let list = UntrustedCrl::from_der(&der).unwrap();
    TrustStore::new(vec![kingdom.anchor()], vec![list]).unwrap();
    for length in 0..der.len() {
        assert!(UntrustedCrl::from_der(&der[..length]).is_err());
    }
    assert!(UntrustedCrl::from_der(&[der.as_slice(), &[0]].concat()).is_err());
    for position in 0..der.len() {
        for flip in [0x01, 0x20, 0x80] {
            let mut changed = der.clone();
            changed[position] ^= flip;
            let believed = UntrustedCrl::from_der(&changed)
                .and_then(|list| TrustStore::new(vec![kingdom.anchor()], vec![list]));
            assert!(believed.is_err(), "octet {position} xor {flip:02x} makes no difference");
        }
    }
}
