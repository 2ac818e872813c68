//! What is remembered of a document signer, and what is asked again every time? And what does one bad entry cost?

use crate::kingdom::{Kingdom, NOW, csca_profile, judge, signer_profile};
use pki::issuing::{CountrySigner, DocumentSignerOptions, SignatureScheme};
use pki::{LeftOut, Material, PkiError, TrustStore, UntrustedCertificate, UntrustedCrl};
use std::sync::Arc;
use time::Duration;
use time::macros::datetime;

/// A store that has seen the kingdom's signer, and what a reload makes of it.
fn seen(kingdom: &Kingdom) -> TrustStore {
    let store = kingdom.store();
    assert_eq!(store.remembered_signatures(), 0);
    judge(&kingdom.ef_sod(), &store, NOW).unwrap();
    assert_eq!(store.remembered_signatures(), 1);
    judge(&kingdom.ef_sod(), &store, NOW).unwrap();
    assert_eq!(store.remembered_signatures(), 1);
    store
}

fn reloaded(before: &TrustStore, cscas: Vec<UntrustedCertificate>, crls: Vec<UntrustedCrl>) -> TrustStore {
    let (store, left_out) =
        TrustStore::assemble(cscas, crls.into_iter().map(Arc::new).collect(), Some((before, NOW)));
    assert_eq!(left_out, []);
    assert_eq!(store.remembered_signatures(), 1, "what was computed is not computed again");
    store
}

#[test]
fn a_remembered_signer_that_is_revoked_is_refused() {
    let kingdom = Kingdom::new();
    let list = kingdom.crl(&[kingdom.signer.serial()]);
    let store = reloaded(&seen(&kingdom), vec![kingdom.anchor()], vec![list]);
    assert_eq!(judge(&kingdom.ef_sod(), &store, NOW).unwrap_err(), PkiError::Revoked);
}

#[test]
fn a_remembered_signer_whose_list_is_gone_is_not_known_to_be_good() {
    let kingdom = Kingdom::new();
    let store = reloaded(&seen(&kingdom), vec![kingdom.anchor()], vec![]);
    assert_eq!(judge(&kingdom.ef_sod(), &store, NOW).unwrap_err(), PkiError::RevocationUnknown);
}

#[test]
fn a_remembered_signer_expires_and_so_does_its_authority() {
    let kingdom = Kingdom::new();
    let far = datetime!(2099-01-01 00:00 UTC);
    let list = kingdom.crl_between(&[], datetime!(2026-11-21 00:00 UTC), far);
    let store = reloaded(&seen(&kingdom), vec![kingdom.anchor()], vec![list.clone()]);
    let late = judge(&kingdom.ef_sod(), &store, datetime!(2033-01-01 00:00:01 UTC));
    assert_eq!(late.unwrap_err(), PkiError::Expired);

    let mut outliving = signer_profile(SignatureScheme::EcdsaP256);
    outliving.not_after = far;
    let kingdom = kingdom.signing_with(&outliving, &DocumentSignerOptions::default());
    let store = TrustStore::new(vec![kingdom.anchor()], vec![list]).unwrap();
    judge(&kingdom.ef_sod(), &store, NOW).unwrap();
    assert_eq!(store.remembered_signatures(), 1);
    let late = judge(&kingdom.ef_sod(), &store, datetime!(2034-01-01 00:00:01 UTC));
    assert_eq!(late.unwrap_err(), PkiError::Expired, "the CSCA's validity is asked again too");
}

#[test]
fn a_remembered_signer_whose_csca_is_dropped_is_untrusted() {
    let (kingdom, other) = (Kingdom::new(), Kingdom::new());
    let store = reloaded(&seen(&kingdom), vec![other.anchor()], vec![other.crl(&[])]);
    assert_eq!(judge(&kingdom.ef_sod(), &store, NOW).unwrap_err(), PkiError::Untrusted);
}

#[test]
fn a_refused_signer_is_not_remembered_as_a_good_one() {
    let (ours, theirs) = (Kingdom::new(), Kingdom::new());
    let store = ours.store();
    assert_eq!(judge(&theirs.ef_sod(), &store, NOW).unwrap_err(), PkiError::Untrusted);
    assert_eq!(store.remembered_signatures(), 0);
    // One octet of the certificate changed: another certificate, whose signature nobody computed.
    judge(&ours.ef_sod(), &store, NOW).unwrap();
    let mut der = ours.signer.certificate().to_vec();
    *der.last_mut().unwrap() ^= 1;
    let changed = UntrustedCertificate::from_der(&der).unwrap();
    assert_eq!(store.verify_document_signer(changed, NOW).unwrap_err(), PkiError::Untrusted);
}

#[test]
fn one_bad_list_or_csca_of_an_import_does_not_lose_the_rest() {
    let (ours, theirs) = (Kingdom::new(), Kingdom::new());
    let no_csca = UntrustedCertificate::from_der(ours.signer.certificate()).unwrap();
    let mut broken = ours.csca.certificate().to_vec();
    *broken.last_mut().unwrap() ^= 1;
    let broken = UntrustedCertificate::from_der(&broken).unwrap();
    let (store, left_out) = TrustStore::assemble(
        vec![no_csca, broken, ours.anchor()],
        vec![Arc::new(theirs.crl(&[ours.signer.serial()])), Arc::new(ours.crl(&[]))],
        None,
    );
    let csca = |index, why| LeftOut { what: Material::Csca, index, why };
    let crl = |index, why| LeftOut { what: Material::Crl, index, why };
    let expected =
        [csca(0, PkiError::WrongUsage), csca(1, PkiError::BadSignature), crl(0, PkiError::UntrustedCrl)];
    assert_eq!(left_out, expected);
    judge(&ours.ef_sod(), &store, NOW).unwrap();
}

#[test]
fn a_loop_of_link_certificates_and_hundreds_of_authorities_end_soon() {
    let one = CountrySigner::create(&csca_profile("MA", SignatureScheme::EcdsaP256)).unwrap();
    let two = CountrySigner::create(&csca_profile("MA", SignatureScheme::EcdsaP256)).unwrap();
    let link = |from: &CountrySigner, to: &CountrySigner| {
        UntrustedCertificate::from_der(&from.issue_link(to).unwrap()).unwrap()
    };
    let root = |of: &CountrySigner| UntrustedCertificate::from_der(of.certificate()).unwrap();
    let mut cscas = vec![root(&one), root(&two), link(&one, &two), link(&two, &one)];
    for number in 0..300 {
        let mut profile = csca_profile("FR", SignatureScheme::EcdsaP256);
        profile.common_name = format!("CSCA-{number}");
        cscas.push(root(&CountrySigner::create(&profile).unwrap()));
    }
    let store = TrustStore::new(cscas, vec![]).unwrap();
    assert_eq!(store.len(), 304);
}

#[test]
fn a_certificate_from_outside_the_security_object_is_judged_like_one_inside() {
    let kingdom = Kingdom::new();
    let signer = UntrustedCertificate::from_der(kingdom.signer.certificate()).unwrap();
    let store = kingdom.store().with_document_signers(vec![signer.clone()]).unwrap();
    assert_eq!(store.document_signers(), 1);
    let (ours, theirs) = (Kingdom::new().store(), signer);
    let judged =
        ours.with_document_signers(vec![theirs.clone()]).unwrap().verify_document_signer(theirs, NOW);
    assert_eq!(judged.unwrap_err(), PkiError::Untrusted, "to be kept is not to be believed");
    let late = datetime!(2033-01-01 00:00 UTC) + Duration::SECOND;
    assert!(judge(&kingdom.ef_sod(), &store, late).is_err());
}
