//! Is each key asked where the profile says that it lives?

use std::sync::Arc;

use super::{Places, open};
use crate::pkcs11::TokenKeys;
use crate::pkcs11::tests::station::isolated;
use crate::pkcs11::tests::{MADE, NOW, STAGING};
use crate::{KeyRole, Profile, Signer, SoftwareKeys, conformance};

/// The registry's keys in the file, what signs in the token.
fn mixed() -> Profile {
    let mut text = STAGING.to_owned();
    let in_file = [
        ("pairwise-subject", "b5"),
        ("registry-index", "b6"),
        ("registry-sealing", "b7"),
        ("state-sealing", "b8"),
    ];
    for (role, id) in in_file {
        let token = format!("place = \"pkcs11\"\nlabel = \"bawaba-{role}\"\nid = \"{id}\"");
        assert!(text.contains(&token));
        text = text.replace(&token, &format!("place = \"sealed-file\"\nlabel = \"bawaba-{role}\""));
    }
    Profile::parse(&text).unwrap()
}

#[test]
fn each_key_answers_where_it_lives() {
    isolated(module_path!(), "each_key_answers_where_it_lives", |station| {
        let (profile, file) = (mixed(), Arc::new(SoftwareKeys::generate(MADE).unwrap()));
        TokenKeys::provision(&station.place(), &profile, MADE).unwrap();
        let token = TokenKeys::open(&station.place(), &profile).unwrap();
        let places =
            || Places { file: Some(file.clone()), token: Some(station.place()), node: "node".to_owned() };
        let keys = open(&profile, places(), NOW).unwrap();
        conformance::check(&keys, NOW).unwrap();
        keys.maintain(NOW).unwrap();
        let (signs, names) = (KeyRole::ReceiptSigning, KeyRole::RegistryIndex);
        assert_eq!(keys.current(signs, NOW).unwrap(), token.current(signs, NOW).unwrap());
        assert_ne!(keys.current(signs, NOW).unwrap(), file.current(signs, NOW).unwrap());
        assert_eq!(keys.mac(names, b"BK1").unwrap(), file.mac(names, b"BK1").unwrap());
        assert_eq!(token.mac(names, b"BK1").unwrap_err().code(), "key-role-missing");
        assert!(keys.waits(signs) && !keys.waits(names));
        // While the module is away, what does not live there goes on.
        station.take_away();
        keys.sign(signs, keys.current(signs, NOW).unwrap().kid(), b"message").unwrap_err();
        assert_eq!(keys.mac(names, b"BK1").unwrap(), file.mac(names, b"BK1").unwrap());
        assert!(keys.maintain(NOW).unwrap_err().code().starts_with("hsm-"));
        let without = |places| open(&profile, places, NOW).map(drop).unwrap_err().code();
        assert_eq!(without(Places { file: None, ..places() }), "profile-place-unknown");
        assert_eq!(without(Places { token: None, ..places() }), "profile-place-unknown");
    });
}
