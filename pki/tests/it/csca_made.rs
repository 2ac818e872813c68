//! What becomes of a list that is odd, damaged, empty, huge, signed by the wrong one, or turned in a circle?

use crate::kingdom::{NOW, csca_profile, signer_profile};
use pki::UntrustedCertificate;
use pki::csca::{Accepted, Judgement, MasterList, Refusal, UntrustedMasterList, judge_all};
use pki::issuing::{
    CountrySigner, DocumentSigner, DocumentSignerOptions, MasterListOptions, SignatureScheme,
};
use std::time::Instant;
use time::Duration;

const SCHEME: SignatureScheme = SignatureScheme::EcdsaP256;

fn country(code: &str) -> CountrySigner {
    CountrySigner::create(&csca_profile(code, SCHEME)).unwrap()
}

fn anchor(csca: &CountrySigner) -> UntrustedCertificate {
    UntrustedCertificate::from_der(csca.certificate()).unwrap()
}

fn list_signer(csca: &CountrySigner) -> DocumentSigner {
    let options = DocumentSignerOptions { master_list_signer: true, ..Default::default() };
    csca.issue_document_signer_with(&signer_profile(SCHEME), &options).unwrap()
}

fn sign(csca: &CountrySigner, entries: &[Vec<u8>]) -> Vec<u8> {
    list_signer(csca).sign_master_list(entries, &MasterListOptions::default()).unwrap()
}

fn verify(list: &[u8], csca: &CountrySigner) -> Result<MasterList, Refusal> {
    UntrustedMasterList::read(list)?.verify(&[anchor(csca)], NOW)
}

fn told(judged: &[Judgement]) -> Vec<String> {
    let one = |judgement: &Judgement| match judgement {
        Judgement::Accepted(accepted) => accepted.kind.code().to_owned() + " " + &odd(accepted),
        Judgement::Refused(refused) => refused.reason.code().to_owned(),
    };
    judged.iter().map(one).collect()
}

fn odd(accepted: &Accepted) -> String {
    accepted.deviations.iter().map(|deviation| deviation.code()).collect::<Vec<_>>().join(",")
}

#[test]
fn one_bad_entry_never_loses_the_rest_and_everything_is_said() {
    let (publisher, other) = (country("MA"), country("FR"));
    let signer = publisher.issue_document_signer(&signer_profile(SCHEME)).unwrap();
    let cut = [&[0x30, 0x81, 196], &other.certificate()[4..200]].concat();
    let mut broken = other.certificate().to_vec();
    *broken.last_mut().unwrap() ^= 1;
    let entries = vec![
        publisher.certificate().to_vec(),
        b"\x04\x03abc".to_vec(),
        cut,
        broken,
        signer.certificate().to_vec(),
        other.certificate().to_vec(),
        other.certificate().to_vec(),
    ];
    let list = verify(&sign(&publisher, &entries), &publisher).unwrap();
    let mut outcomes = told(&list.judge(&[], NOW, &mut |_| {}));
    outcomes.sort();
    assert_eq!(
        outcomes,
        [
            "exact-duplicate",
            "malformed-certificate",
            "malformed-certificate",
            "self-signed ",
            "self-signed ",
            "signature-does-not-hold",
            "states-no-authority",
        ]
    );
}

#[test]
fn a_list_is_believed_under_its_anchor_alone() {
    let (publisher, other) = (country("MA"), country("MA"));
    let list = sign(&publisher, &[publisher.certificate().to_vec()]);
    let verified = verify(&list, &publisher).unwrap();
    assert_eq!((verified.entries().len(), verified.rests_on().len()), (1, 2));
    assert_eq!(verify(&list, &other).unwrap_err(), Refusal::ListNotAnchored);
    let read = || UntrustedMasterList::read(&list).unwrap();
    assert_eq!(read().verify(&[], NOW).unwrap_err(), Refusal::NoAnchor);
    // Several anchors: one of them does.
    read().verify(&[anchor(&country("DE")), anchor(&other), anchor(&publisher)], NOW).unwrap();
    let late = NOW + Duration::days(365 * 30);
    assert_eq!(read().verify(&[anchor(&publisher)], late).unwrap_err(), Refusal::ListSignerExpired);
}

#[test]
fn the_signer_of_a_list_is_certified_for_lists_and_signed_a_list() {
    let publisher = country("MA");
    let entries = [publisher.certificate().to_vec()];
    let signer = publisher.issue_document_signer(&signer_profile(SCHEME)).unwrap();
    let list = signer.sign_master_list(&entries, &MasterListOptions::default()).unwrap();
    assert_eq!(verify(&list, &publisher).unwrap_err(), Refusal::ListSignerWrongUsage);
    let options = MasterListOptions { content_type: Some("2.23.136.1.1.1"), ..Default::default() };
    let list = list_signer(&publisher).sign_master_list(&entries, &options).unwrap();
    assert_eq!(verify(&list, &publisher).unwrap_err(), Refusal::NotAMasterList);
    let options = MasterListOptions { signer_by_serial: true, signed_at: Some(NOW), ..Default::default() };
    let list = list_signer(&publisher).sign_master_list(&entries, &options).unwrap();
    assert_eq!(verify(&list, &publisher).unwrap().signed_at(), Some(NOW));
}

/// The operator's anchor is of 2020; the publisher has changed keys twice since, and its list brings the links.
#[test]
fn key_roll_overs_inside_the_list_lead_to_its_signer() {
    let (first, second, third) = (country("MA"), country("MA"), country("MA"));
    let (to_second, to_third) = (first.issue_link(&second).unwrap(), second.issue_link(&third).unwrap());
    let roots = [first.certificate().to_vec(), third.certificate().to_vec()];
    let with = |links: &[&Vec<u8>]| {
        let entries: Vec<_> = links.iter().copied().chain(&roots).cloned().collect();
        verify(&sign(&third, &entries), &first)
    };
    let list = with(&[&to_third, &to_second]).unwrap();
    assert_eq!(list.rests_on().len(), 4, "three generations and the signer");
    assert_eq!(with(&[&to_third]).unwrap_err(), Refusal::ListNotAnchored);
    assert_eq!(with(&[]).unwrap_err(), Refusal::ListNotAnchored);
    // A link from outside proves as much when it stands beside the list, in the envelope.
    let options = MasterListOptions { certificates: vec![to_second, to_third], ..Default::default() };
    let list = list_signer(&third).sign_master_list(&roots, &options).unwrap();
    verify(&list, &first).unwrap();
}

#[test]
fn links_in_a_circle_end_and_are_named() {
    let (one, other, last) = (country("MA"), country("MA"), country("MA"));
    let circle = vec![one.issue_link(&other).unwrap(), other.issue_link(&one).unwrap()];
    let outcome = told(&judge_all(&circle, &[], NOW, &mut |_| {}));
    assert_eq!(outcome, ["link duplicate-subject,link-loop"; 2]);
    // A link signed by nobody here, and one below it.
    let chain = vec![one.issue_link(&other).unwrap(), other.issue_link(&last).unwrap()];
    let outcome = told(&judge_all(&chain, &[], NOW, &mut |_| {}));
    assert_eq!(outcome, ["link duplicate-subject,link-without-issuer", "link duplicate-subject"]);
    // What is known already is an issuer too.
    let outcome = told(&judge_all(&chain, &[anchor(&one)], NOW, &mut |_| {}));
    assert_eq!(outcome, ["link duplicate-subject", "link duplicate-subject"]);
    let list = sign(&last, &circle);
    assert_eq!(verify(&list, &country("MA")).unwrap_err(), Refusal::ListNotAnchored);
}

/// A link that names the state's key, and was not signed by it: whoever has its private key is not the state.
#[test]
fn a_forged_link_is_refused_and_what_it_signed_is_left_without_issuer() {
    let (state, forger) = (country("MA"), country("MA"));
    let mut forged = state.issue_link(&forger).unwrap();
    *forged.last_mut().unwrap() ^= 1;
    let below = forger.issue_link(&country("MA")).unwrap();
    let entries = vec![state.certificate().to_vec(), forged, below];
    let outcome = told(&judge_all(&entries, &[], NOW, &mut |_| {}));
    let expected = [
        "self-signed duplicate-subject",
        "not-signed-by-named-key",
        "link duplicate-subject,link-without-issuer",
    ];
    assert_eq!(outcome, expected);
}

#[test]
fn document_signers_wait_for_their_authority() {
    let (state, other) = (country("MA"), country("MA"));
    let entries = vec![
        state.issue_document_signer(&signer_profile(SCHEME)).unwrap().certificate().to_vec(),
        list_signer(&state).certificate().to_vec(),
    ];
    let outcome = |known: &[UntrustedCertificate]| told(&judge_all(&entries, known, NOW, &mut |_| {}));
    assert_eq!(outcome(&[anchor(&state)]), ["document-signer ", "other-purpose"]);
    assert_eq!(outcome(&[]), ["document-signer signer-without-authority", "other-purpose"]);
    assert_eq!(outcome(&[anchor(&other)]), ["document-signer signer-without-authority", "other-purpose"]);
}

#[test]
fn nobody_vouches_for_another_state() {
    let (ours, theirs) = (country("MA"), country("FR"));
    let link = ours.issue_link(&theirs).unwrap();
    let outcome = told(&judge_all(&[link], &[anchor(&ours)], NOW, &mut |_| {}));
    assert_eq!(outcome, ["crosses-countries"]);
}

#[test]
fn lists_of_none_and_of_a_hundred_thousand_end_at_once_with_a_name() {
    let publisher = country("MA");
    assert_eq!(verify(&sign(&publisher, &[]), &publisher).unwrap_err(), Refusal::EmptyList);
    let many = vec![publisher.certificate().to_vec(); 40_000];
    let small = vec![b"\x30\x00".to_vec(); 100_000];
    for (entries, named) in [(many, Refusal::TooManyEntries), (small, Refusal::TooManyEntries)] {
        let list = sign(&publisher, &entries);
        let start = Instant::now();
        assert_eq!(verify(&list, &publisher).unwrap_err(), named);
        assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
    }
    let huge = vec![0x30; pki::limits::MASTER_LIST + 1];
    assert_eq!(UntrustedMasterList::read(&huge).unwrap_err(), Refusal::TooLarge);
}

#[test]
fn a_list_cut_anywhere_or_followed_by_anything_is_refused() {
    let publisher = country("MA");
    let list = sign(&publisher, &[publisher.certificate().to_vec()]);
    for length in 0..list.len() {
        assert!(verify(&list[..length], &publisher).is_err(), "{length}");
    }
    for position in 0..list.len() {
        let mut changed = list.clone();
        changed[position] ^= 0x04;
        if let Ok(verified) = verify(&changed, &publisher) {
            // Some octets are nobody's: what is in the list is never among them.
            assert_eq!(verified.entries(), [publisher.certificate()], "{position}");
        }
    }
    for tail in [&b"\0"[..], b"\x05\x00", &list] {
        assert_eq!(verify(&[&list, tail].concat(), &publisher).unwrap_err(), Refusal::MalformedList);
    }
}
