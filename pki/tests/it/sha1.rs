//! Where is SHA-1 believed, and does the proof say so?

use crate::kingdom::{DG1, Kingdom, NOW, csca_profile, judge, signer_profile};
use pki::issuing::{CountrySigner, SignatureScheme};
use pki::{
    DataGroupNumber, DigestAlgorithm, PkiError, RevocationPolicy, Sha1Policy, Sha1Use, TrustStore,
    UntrustedCrl,
};

const OLD: SignatureScheme = SignatureScheme::EcdsaSha1;
const NEW: SignatureScheme = SignatureScheme::EcdsaP256;

/// A CSCA and a signer of these schemes.
fn kingdom(csca: SignatureScheme, signer: SignatureScheme) -> Kingdom {
    let csca = CountrySigner::create(&csca_profile("MA", csca)).unwrap();
    let signer = csca.issue_document_signer(&signer_profile(signer)).unwrap();
    Kingdom { csca, signer }
}

/// The same key with the list signed in another scheme.
fn crl(kingdom: &Kingdom, scheme: SignatureScheme, revoked: &[&[u8]]) -> UntrustedCrl {
    let pem = kingdom.csca.private_key_pem().unwrap();
    let csca = CountrySigner::restore(kingdom.csca.certificate(), &pem, scheme).unwrap();
    let (from, until) = (NOW - time::Duration::DAY, NOW + time::Duration::DAY);
    UntrustedCrl::from_der(&csca.issue_crl(revoked, from, until).unwrap()).unwrap()
}

fn ef_sod(kingdom: &Kingdom, digest: DigestAlgorithm) -> Vec<u8> {
    kingdom.signer.sign_security_object(digest, &[(DataGroupNumber::DG1, DG1)]).unwrap()
}

#[test]
fn nothing_is_believed_unless_policy_says_so() {
    use DigestAlgorithm::{Sha1, Sha256};
    // Schemes of CSCA, signer and list, digest of the data groups; what is met; from which policy on it is believed.
    for (csca, signer, list, digest, met, from) in [
        (NEW, NEW, NEW, Sha256, &[][..], Sha1Policy::Refuse),
        (NEW, NEW, NEW, Sha1, &[Sha1Use::DataGroups], Sha1Policy::DataGroups),
        (NEW, OLD, NEW, Sha256, &[Sha1Use::SecurityObject], Sha1Policy::Signatures),
        (NEW, OLD, NEW, Sha1, &[Sha1Use::SecurityObject, Sha1Use::DataGroups], Sha1Policy::Signatures),
        (OLD, NEW, NEW, Sha256, &[Sha1Use::DocumentSigner], Sha1Policy::Signatures),
        (NEW, NEW, OLD, Sha256, &[Sha1Use::RevocationList], Sha1Policy::Signatures),
        (
            OLD,
            OLD,
            OLD,
            Sha1,
            &[Sha1Use::DocumentSigner, Sha1Use::RevocationList, Sha1Use::SecurityObject, Sha1Use::DataGroups],
            Sha1Policy::Signatures,
        ),
    ] {
        let kingdom = kingdom(csca, signer);
        let ef_sod = ef_sod(&kingdom, digest);
        for policy in Sha1Policy::ALL {
            let store = TrustStore::new(vec![kingdom.anchor()], vec![crl(&kingdom, list, &[])])
                .unwrap()
                .with_sha1_policy(policy);
            let judged = judge(&ef_sod, &store, NOW);
            if policy >= from {
                assert_eq!(judged.unwrap().accepted_sha1(), met, "{policy:?}");
            } else {
                let error = judged.unwrap_err();
                assert!(
                    matches!(error, PkiError::Sha1Refused(place) if met.contains(&place)),
                    "{policy:?}: {error:?}"
                );
                assert_eq!(error.code(), "sha1-refused");
            }
        }
    }
}

#[test]
fn a_trust_store_believes_nothing_of_it_by_default() {
    assert_eq!(TrustStore::new(vec![], vec![]).unwrap().sha1_policy(), Sha1Policy::Refuse);
    assert_eq!(Sha1Policy::default(), Sha1Policy::Refuse);
}

/// Nobody gains by forging a revocation, and a revoked signer is not to come back by an old list's weakness.
#[test]
fn an_old_list_still_revokes() {
    let kingdom = kingdom(NEW, NEW);
    let list = crl(&kingdom, OLD, &[kingdom.signer.serial()]);
    let store = TrustStore::new(vec![kingdom.anchor()], vec![list]).unwrap();
    let ef_sod = ef_sod(&kingdom, DigestAlgorithm::Sha256);
    assert_eq!(judge(&ef_sod, &store, NOW).unwrap_err(), PkiError::Revoked);
    let report = store.with_revocation_policy(RevocationPolicy::Report);
    assert_eq!(judge(&ef_sod, &report, NOW).unwrap_err(), PkiError::Revoked);
}

/// A forged SOD is a forged SOD: the policy does not hide worse.
#[test]
fn an_untrusted_signer_is_untrusted_first() {
    let (ours, theirs) = (kingdom(NEW, NEW), kingdom(OLD, OLD));
    let ef_sod = ef_sod(&theirs, DigestAlgorithm::Sha1);
    assert_eq!(judge(&ef_sod, &ours.store(), NOW).unwrap_err(), PkiError::Untrusted);
}
