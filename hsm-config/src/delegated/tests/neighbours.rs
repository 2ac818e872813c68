//! Does a node show the delegates of the others, and only those that the module's key certified?

use time::Duration;

use super::{ROLE, installed, provisioned, token, verifies};
use crate::pkcs11::tests::NOW;
use crate::pkcs11::tests::station::isolated;
use crate::{Announcement, KeyRole, Signer as _};

#[test]
fn every_node_shows_the_delegates_of_all() {
    isolated(module_path!(), "every_node_shows_the_delegates_of_all", |station| {
        let (here, there) = (provisioned(station), installed(station, NOW).unwrap());
        let (kid, signed) = token(&there, NOW);
        assert!(!verifies(&signed, &here.published(ROLE, NOW).unwrap()), "nobody told it yet");
        assert!(here.hear(&there.announcements(NOW), NOW).is_empty());
        assert!(verifies(&signed, &here.published(ROLE, NOW).unwrap()));
        // It is shown with its certificates and for its own role alone, and does not sign here.
        let published = here.published(ROLE, NOW).unwrap();
        let shown = published.iter().find(|key| key.key.kid() == kid).unwrap();
        assert_eq!(shown.certificates.len(), 2);
        assert!(
            here.published(KeyRole::BackendTokenSigning, NOW).unwrap().iter().all(|key| key.key.kid() != kid)
        );
        assert_eq!(here.sign(ROLE, &kid, b"message").unwrap_err().code(), "key-unknown");
        // Its own, told by an echo, is there once.
        here.hear(&[here.announcements(NOW), there.announcements(NOW)].concat(), NOW);
        assert_eq!(here.published(ROLE, NOW).unwrap().len(), 2);
        // It ends by its certificate, whoever goes on announcing it, and goes when nobody announces it any more.
        let later = NOW + Duration::hours(1);
        here.hear(&there.announcements(NOW), later);
        assert!(here.published(ROLE, later).unwrap().iter().all(|key| key.key.kid() != kid));
        here.hear(&[], NOW);
        assert!(!verifies(&signed, &here.published(ROLE, NOW).unwrap()));
    });
}

#[test]
fn an_announcement_is_believed_for_its_certificate_alone() {
    isolated(module_path!(), "an_announcement_is_believed_for_its_certificate_alone", |station| {
        let (here, there) = (provisioned(station), installed(station, NOW).unwrap());
        let sound = there.announcements(NOW).into_iter().find(|one| one.role == ROLE).unwrap();
        let with = |change: &dyn Fn(&mut Announcement)| {
            let mut changed = sound.clone();
            change(&mut changed);
            changed
        };
        let signature_broken = with(&|one| {
            let last = one.certificates[0].last_mut().unwrap();
            *last ^= 1;
        });
        let other_role = with(&|one| one.role = KeyRole::BackendTokenSigning);
        let own_master = with(&|one| one.certificates[0] = one.certificates[1].clone());
        let foreign_master = with(&|one| one.certificates[1] = one.certificates[0].clone());
        let nothing = with(&|one| one.certificates.clear());
        let rubbish = with(&|one| one.certificates[0] = vec![0x30; 4_000]);
        let receipts = with(&|one| one.role = KeyRole::ReceiptSigning);
        for (name, wrong) in [
            ("a broken signature", signature_broken),
            ("another role", other_role),
            ("the module's key itself", own_master),
            ("a master that is not in the module", foreign_master),
            ("no certificate", nothing),
            ("rubbish", rubbish),
            ("a role that does not delegate", receipts),
        ] {
            let refused = here.hear(&[wrong, sound.clone()], NOW);
            assert_eq!(refused.len(), 1, "{name} was believed");
            assert_eq!(refused[0].code(), "hsm-certificate-wrong", "{name}");
            assert_eq!(here.published(ROLE, NOW).unwrap().len(), 2, "{name} kept the sound one away");
        }
        assert_eq!(
            here.hear(std::slice::from_ref(&sound), NOW - Duration::minutes(5)).len(),
            0,
            "it was verified before"
        );
        here.hear(&[], NOW);
        assert_eq!(
            here.hear(std::slice::from_ref(&sound), NOW - Duration::minutes(5)).len(),
            1,
            "not valid yet"
        );
        // However many are announced, memory is bounded.
        here.hear(&vec![sound; 5_000], NOW);
        assert!(here.published(ROLE, NOW).unwrap().len() <= 1_025);
    });
}
