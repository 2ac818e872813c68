//! The parsers of trust: certificates, lists, security objects and keys that a state, an operator or a stranger sends.

use std::io::Write;
use std::sync::OnceLock;

use pki::csca::{Judgement, LdifReader, UntrustedMasterList, judge, judge_crl};
use pki::hot_list::{HotListBase, HotListDelta, HotListHeader, SIGNED_LEN};
use pki::issuing::{ChipKey, ChipKeyKind, ParametersForm};
use pki::{
    ActiveAuthenticationKey, Budget, CardSecurity, DigestAlgorithm, PathCrl, PathValidator, Profile,
    RevocationPolicy, SecurityObject, TrustStore, UntrustedCertificate, UntrustedCrl,
};
use rcgen::{KeyPair, SigningKey};
use time::OffsetDateTime;
use time::macros::datetime;

/// The moment of every judgement.
const NOW: OffsetDateTime = datetime!(2026-11-22 00:00 UTC);

fn nobody() -> TrustStore {
    TrustStore::new(Vec::new(), Vec::new()).expect("a store of nobody")
}

/// CSCA master lists: nothing is believed under an anchor that is not theirs.
pub fn master_list(bytes: &[u8]) {
    let Ok(list) = UntrustedMasterList::read(bytes) else { return };
    let _ = (list.len(), list.is_empty());
    assert!(list.verify(&[], NOW).is_err(), "believed without an anchor");
}

/// LDIF of the ICAO PKD: every object is at least an octet of the file.
pub fn ldif(bytes: &[u8]) {
    let mut objects = 0;
    for object in LdifReader::new(bytes) {
        objects += 1;
        assert!(objects <= bytes.len() + 1, "more objects than octets");
        if let Ok(pki::csca::LdifObject::Certificate(der)) = object {
            let _ = judge(&der, NOW);
        }
    }
}

/// CMS SignedData for each of its purposes: what one purpose takes, no other does.
pub fn cms(bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes();
    let file = [&[0x77, 0x84][..], &length, bytes].concat();
    let taken = [
        SecurityObject::parse(&file).is_ok(),
        CardSecurity::parse(bytes).is_ok(),
        UntrustedMasterList::read(bytes).is_ok(),
    ];
    assert!(taken.into_iter().filter(|taken| *taken).count() <= 1, "one content, two purposes");
}

/// The judge of country signers: the same twice, and what it accepts is what it was given.
pub fn certificate_judge(bytes: &[u8]) {
    let judgement = judge(bytes, NOW);
    if let Judgement::Accepted(accepted) = &judgement {
        assert_eq!(accepted.certificate.der(), bytes);
    }
    assert_eq!(judgement.certificate().is_some(), judge(bytes, NOW).certificate().is_some());
}

/// Revocation lists, each of the two readers: what both read, both read alike.
pub fn crl(bytes: &[u8]) {
    let _ = judge_crl(bytes);
    let (whole, for_paths) = (UntrustedCrl::from_der(bytes), PathCrl::from_der(bytes));
    if let (Ok(whole), Ok(for_paths)) = (&whole, &for_paths) {
        assert_eq!(
            (whole.this_update(), whole.next_update()),
            (for_paths.this_update(), for_paths.next_update())
        );
        assert_eq!(whole.len(), for_paths.len());
    }
}

/// EF.CardSecurity, up to a signer that nobody vouches for.
pub fn card_security(bytes: &[u8]) {
    let Ok(file) = CardSecurity::parse(bytes) else { return };
    let Ok(signed) = file.verify_signature(&nobody()) else { return };
    assert!(signed.trust(&nobody(), NOW).is_err(), "trusted by a store that trusts nobody");
}

/// The key of Active Authentication in these tests, by which nothing is signed but its seed.
fn chip() -> &'static (ChipKey, ActiveAuthenticationKey) {
    static CHIP: OnceLock<(ChipKey, ActiveAuthenticationKey)> = OnceLock::new();
    CHIP.get_or_init(|| {
        let key = ChipKey::generate(ChipKeyKind::Rsa(1024)).expect("a key");
        let spki = key.public_key_info(ParametersForm::Named).expect("a public key");
        let public = ActiveAuthenticationKey::from_spki(&spki).expect("a key of a chip");
        (key, public)
    })
}

/// The nonce that the seed answers.
const NONCE: [u8; 8] = *b"8 octets";

/// An answer to Active Authentication with RSA, by this process' key: another for each process.
pub fn active_rsa_seed() -> Vec<u8> {
    chip().0.sign(DigestAlgorithm::Sha256, &NONCE).expect("an answer")
}

/// Message recovery of Active Authentication with RSA (ISO/IEC 9796-2): an answer holds for one nonce at most.
pub fn active_rsa(bytes: &[u8]) {
    let key = &chip().1;
    let holds = |nonce: &[u8; 8]| key.verify(None, nonce, bytes).is_ok();
    assert!(!(holds(&NONCE) && holds(&[0; 8])), "an answer to two questions");
    // And any key at all.
    if let Ok(key) = ActiveAuthenticationKey::from_spki(bytes) {
        assert!(key.verify(None, &NONCE, &vec![1; key.signature_size()]).is_err());
    }
}

/// Path validation: certificates and lists one behind the other, the first is the leaf and the last the anchor. Whatever
/// comes, the work stays within the budget, and nobody is believed under an anchor of ours.
pub fn path(bytes: &[u8]) {
    static OURS: OnceLock<UntrustedCertificate> = OnceLock::new();
    let ours = OURS.get_or_init(|| pinned(&KeyPair::generate().expect("a key")));
    let (mut certificates, mut lists) = (Vec::new(), Vec::new());
    let mut rest = bytes;
    while let Some(element) = first(rest) {
        match (UntrustedCertificate::from_der(element), PathCrl::from_der(element)) {
            (Ok(certificate), _) => certificates.push(certificate),
            (_, Ok(list)) => lists.push(list),
            _ => {}
        }
        rest = &rest[element.len()..];
    }
    let Some(leaf) = certificates.first().cloned() else { return };
    let anchor = certificates.pop().into_iter().collect();
    let validator = |anchors| {
        PathValidator::new(anchors)
            .and_then(|validator| validator.with_intermediates(certificates.clone()))
            .map(|validator| validator.with_revocation_policy(RevocationPolicy::Report))
    };
    let budget = Budget { signatures: 20, ..Budget::default() };
    for profile in [Profile::plain(), Profile::professional(), Profile::establishment()] {
        if let Ok(validator) = validator(vec![ours.clone()]) {
            let refused = validator
                .validate(leaf.clone(), &profile, NOW, budget)
                .expect_err("believed under our anchor");
            assert!(refused.work.signatures <= budget.signatures && refused.work.steps <= budget.steps);
        }
    }
    if let Ok(Ok(validator)) = validator(anchor).map(|validator| validator.with_lists(lists))
        && let Ok(path) = validator.validate(leaf, &Profile::plain(), NOW, budget)
    {
        assert!(path.certificates().len() >= 2);
    }
}

/// The first element of definite length, whole.
fn first(bytes: &[u8]) -> Option<&[u8]> {
    let length = match bytes.get(1)? {
        short @ 0..=0x7f => 2 + usize::from(*short),
        0x81 => 3 + usize::from(*bytes.get(2)?),
        0x82 => 4 + usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)),
        _ => return None,
    };
    bytes.get(..length)
}

fn pinned(key: &KeyPair) -> UntrustedCertificate {
    let certificate = rcgen::CertificateParams::default().self_signed(key).expect("a certificate");
    UntrustedCertificate::from_der(certificate.der()).expect("a certificate")
}

/// The key under which the digests of the list were made.
const KEY_CHECK: [u8; 8] = *b"same key";

/// The hot list, its head signed by the publisher whatever it says, so that everything behind the signature is reached.
pub fn hot_list(bytes: &[u8]) {
    static PUBLISHER: OnceLock<(KeyPair, UntrustedCertificate)> = OnceLock::new();
    let (key, certificate) = PUBLISHER.get_or_init(|| {
        let key = KeyPair::generate().expect("a key");
        let certificate = pinned(&key);
        (key, certificate)
    });
    assert!(
        HotListHeader::verify(bytes, certificate, KEY_CHECK, NOW).is_err(),
        "believed without a signature"
    );
    let Some((signed, entries)) = bytes.split_at_checked(SIGNED_LEN) else { return };
    let mut signature = key.sign(signed).expect("a signature");
    let length = u8::try_from(signature.len()).expect("a short signature");
    signature.resize(HotListHeader::LEN - SIGNED_LEN - 1, 0);
    let head = [signed, &[length], &signature].concat();
    let verify = || HotListHeader::verify(&head, certificate, KEY_CHECK, NOW);
    if let (Ok(one), Ok(other)) = (verify(), verify()) {
        let _ = HotListBase::read(one, entries);
        let _ = HotListDelta::read(other, entries);
    }
}

/// The head of a sealed key file: what is open in it.
pub fn sealed_keys(bytes: &[u8]) {
    // A file of the owner alone, as `tempfile` makes them.
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(bytes).and_then(|()| file.flush()).expect("a file");
    if let Ok(view) = hsm_config::KeyFileView::read(file.path()) {
        assert!(view.keys.len() <= bytes.len());
    }
}
