//! Which document signer is believed, when, and what does each refusal say?

use crate::kingdom::{DG1, Kingdom, NOW, csca_profile, judge, signer_profile};
use pki::issuing::{CountrySigner, DocumentSignerOptions, SecurityObjectOptions, SignatureScheme};
use pki::{
    CscaKind, DataGroupNumber, DigestAlgorithm, PkiError, RevocationPolicy, RevocationStatus, TrustStore,
    UntrustedCertificate,
};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

const P256: SignatureScheme = SignatureScheme::EcdsaP256;

fn refusal(kingdom: &Kingdom, store: &TrustStore, at: OffsetDateTime) -> PkiError {
    judge(&kingdom.ef_sod(), store, at).unwrap_err()
}

#[test]
fn a_signer_of_another_csca_of_the_same_name_is_untrusted() {
    let (ours, theirs) = (Kingdom::new(), Kingdom::new());
    assert_eq!(refusal(&theirs, &ours.store(), NOW), PkiError::Untrusted);
    let nobody = TrustStore::new(vec![], vec![]).unwrap();
    assert_eq!(refusal(&ours, &nobody, NOW), PkiError::Untrusted);
}

#[test]
fn a_csca_vouches_for_its_own_country_only_whatever_the_case() {
    for (country, expected) in [("ma", None), ("FR", Some(PkiError::Untrusted))] {
        let mut profile = signer_profile(P256);
        profile.country = country.to_owned();
        let kingdom = Kingdom::new().signing_with(&profile, &DocumentSignerOptions::default());
        assert_eq!(judge(&kingdom.ef_sod(), &kingdom.store(), NOW).err(), expected, "{country}");
    }
}

#[test]
fn both_ends_of_the_validity_count_for_signer_and_csca() {
    let kingdom = Kingdom::new();
    let far = datetime!(2099-01-01 00:00 UTC);
    let list = kingdom.crl_between(&[], datetime!(2020-01-01 00:00 UTC), far);
    let store = TrustStore::new(vec![kingdom.anchor()], vec![list]).unwrap();
    let judged = |at| judge(&kingdom.ef_sod(), &store, at).err();
    let second = Duration::SECOND;
    let (first, last) = (datetime!(2026-01-01 00:00 UTC), datetime!(2033-01-01 00:00 UTC));
    assert_eq!(judged(first), None);
    assert_eq!(judged(first - second), Some(PkiError::NotYetValid));
    assert_eq!(judged(last), None);
    assert_eq!(judged(last + second), Some(PkiError::Expired));

    let mut outliving = signer_profile(P256);
    outliving.not_after = far;
    let kingdom = kingdom.signing_with(&outliving, &DocumentSignerOptions::default());
    assert_eq!(refusal(&kingdom, &store, datetime!(2035-01-01 00:00 UTC)), PkiError::Expired);
}

#[test]
fn an_authority_cannot_pass_for_a_document_signer() {
    let options = DocumentSignerOptions { certificate_authority: true, ..Default::default() };
    let kingdom = Kingdom::new().signing_with(&signer_profile(P256), &options);
    assert_eq!(refusal(&kingdom, &kingdom.store(), NOW), PkiError::WrongUsage);
    let csca = kingdom.store().verify_document_signer(kingdom.anchor(), NOW);
    assert_eq!(csca.unwrap_err(), PkiError::WrongUsage);
}

#[test]
fn a_master_list_signer_cannot_pass_for_a_document_signer() {
    let options = DocumentSignerOptions { master_list_signer: true, ..Default::default() };
    let kingdom = Kingdom::new().signing_with(&signer_profile(P256), &options);
    assert_eq!(refusal(&kingdom, &kingdom.store(), NOW), PkiError::WrongUsage);
}

#[test]
fn a_root_whose_own_signature_is_broken_is_not_taken_for_a_link() {
    let mut der = Kingdom::new().csca.certificate().to_vec();
    *der.last_mut().unwrap() ^= 1;
    let broken = UntrustedCertificate::from_der(&der).unwrap();
    assert_eq!(broken.csca_kind(), Err(PkiError::BadSignature));
    assert_eq!(TrustStore::new(vec![broken], vec![]).unwrap_err(), PkiError::BadSignature);
}

#[test]
fn a_document_signer_cannot_be_pinned_as_csca() {
    let signer = UntrustedCertificate::from_der(Kingdom::new().signer.certificate()).unwrap();
    assert_eq!(TrustStore::new(vec![signer], vec![]).unwrap_err(), PkiError::WrongUsage);
}

#[test]
fn a_listed_signer_is_revoked_even_by_a_stale_list() {
    let kingdom = Kingdom::new();
    let revoking = kingdom.crl(&[kingdom.signer.serial()]);
    let store = TrustStore::new(vec![kingdom.anchor()], vec![revoking, kingdom.crl(&[])]).unwrap();
    assert_eq!(refusal(&kingdom, &store, NOW), PkiError::Revoked);
    assert_eq!(refusal(&kingdom, &store, NOW + Duration::days(900)), PkiError::Revoked);
    let lenient = store.with_revocation_policy(RevocationPolicy::Report);
    assert_eq!(refusal(&kingdom, &lenient, NOW), PkiError::Revoked);
}

#[test]
fn a_missing_or_stale_list_means_unknown_and_unknown_is_refused() {
    let kingdom = Kingdom::new();
    let without = || TrustStore::new(vec![kingdom.anchor()], vec![]).unwrap();
    assert_eq!(refusal(&kingdom, &without(), NOW), PkiError::RevocationUnknown);
    let accepted = without().with_revocation_policy(RevocationPolicy::Report);
    let proof = judge(&kingdom.ef_sod(), &accepted, NOW).unwrap();
    assert_eq!(proof.signer().revocation(), RevocationStatus::Unknown);

    let next_update = datetime!(2026-12-20 00:00 UTC);
    let day = Duration::DAY;
    assert!(judge(&kingdom.ef_sod(), &kingdom.store(), next_update).is_ok());
    assert_eq!(
        refusal(&kingdom, &kingdom.store(), next_update + Duration::SECOND),
        PkiError::RevocationUnknown
    );
    let told = kingdom.store().with_revocation_policy(RevocationPolicy::Report);
    let status = judge(&kingdom.ef_sod(), &told, next_update + day).unwrap().signer().revocation();
    assert_eq!(status.overdue(next_update + day), Some(day));
    assert_eq!(status.overdue(next_update - day), Some(Duration::ZERO));
    assert_eq!(status.age(next_update), Some(day * 30));
    assert_eq!(RevocationStatus::Unknown.overdue(next_update), None);
    let before_the_list = datetime!(2026-11-19 00:00 UTC);
    assert_eq!(refusal(&kingdom, &kingdom.store(), before_the_list), PkiError::RevocationUnknown);
}

#[test]
fn a_list_must_be_signed_by_a_pinned_csca() {
    let (ours, theirs) = (Kingdom::new(), Kingdom::new());
    let judged = TrustStore::new(vec![ours.anchor()], vec![theirs.crl(&[])]);
    assert_eq!(judged.unwrap_err(), PkiError::UntrustedCrl);
}

#[test]
fn a_link_certificate_is_no_root_and_ties_the_generations_lists_together() {
    let old = Kingdom::new();
    let mut renamed = csca_profile("MA", SignatureScheme::EcdsaP384);
    renamed.common_name = "CSCA-DEMO-2".to_owned();
    let new = CountrySigner::create(&renamed).unwrap();
    let link = UntrustedCertificate::from_der(&old.csca.issue_link(&new).unwrap()).unwrap();
    assert_eq!(link.csca_kind(), Ok(CscaKind::Link));
    assert_eq!(old.anchor().csca_kind(), Ok(CscaKind::SelfSigned));
    let new_signer = new.issue_document_signer(&signer_profile(P256)).unwrap();
    let new = Kingdom { csca: new, signer: new_signer };

    // The CRL is signed with the new key only. Without the link nothing says that it speaks for the old one.
    let roots = TrustStore::new(vec![old.anchor(), new.anchor()], vec![new.crl(&[])]).unwrap();
    assert!(judge(&new.ef_sod(), &roots, NOW).is_ok());
    assert_eq!(refusal(&old, &roots, NOW), PkiError::RevocationUnknown);
    let linked = TrustStore::new(vec![old.anchor(), new.anchor(), link], vec![new.crl(&[])]).unwrap();
    assert!(judge(&new.ef_sod(), &linked, NOW).is_ok());
    assert!(judge(&old.ef_sod(), &linked, NOW).is_ok());

    // A link certificate does not pin itself.
    let only_old = TrustStore::new(vec![old.anchor()], vec![old.crl(&[])]).unwrap();
    assert_eq!(refusal(&new, &only_old, NOW), PkiError::Untrusted);
}

#[test]
fn a_signing_time_outside_the_use_of_the_key_is_refused() {
    let (from, until) = (datetime!(2026-01-01 00:00 UTC), datetime!(2026-04-01 00:00 UTC));
    let options = DocumentSignerOptions { private_key_period: Some((from, until)), ..Default::default() };
    let kingdom = Kingdom::new().signing_with(&signer_profile(P256), &options);
    for (signed_at, expected) in [
        (None, None),
        (Some(until), None),
        (Some(until + Duration::SECOND), Some(PkiError::WrongUsage)),
        (Some(from - Duration::SECOND), Some(PkiError::WrongUsage)),
    ] {
        let options = SecurityObjectOptions { signed_at, ..Default::default() };
        let groups = [(DataGroupNumber::DG1, DG1)];
        let ef_sod =
            kingdom.signer.sign_security_object_with(DigestAlgorithm::Sha256, &groups, &options).unwrap();
        assert_eq!(judge(&ef_sod, &kingdom.store(), NOW).err(), expected, "{signed_at:?}");
    }
}

#[test]
fn the_document_codes_of_a_restricted_signer_are_told() {
    let options = DocumentSignerOptions { document_types: vec!["I".to_owned()], ..Default::default() };
    let kingdom = Kingdom::new().signing_with(&signer_profile(P256), &options);
    let proof = judge(&kingdom.ef_sod(), &kingdom.store(), NOW).unwrap();
    assert_eq!(proof.signer().document_types(), Some(["I".to_owned()].as_slice()));
    let proof = judge(&Kingdom::new().ef_sod(), &Kingdom::new().store(), NOW);
    assert_eq!(proof.unwrap_err().code(), "signer-untrusted");
}
