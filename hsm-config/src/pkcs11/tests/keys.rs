//! Do keys in a token keep every promise, and are wrong ones refused?

use time::{Duration, OffsetDateTime};

use super::station::{Station, isolated};
use super::{MADE, NOW, STAGING};
use crate::pkcs11::{Provisioned, TokenKeys, TokenPlace};
use crate::{HsmError, KeyJob, KeyRole, Profile, Rotated, Schedule, SecretSource, Signer, Turn, conformance};

fn staging() -> Profile {
    Profile::parse(STAGING).unwrap()
}

/// The next key of a role, announced ten minutes ahead.
fn rotate(station: &Station, role: KeyRole, at: OffsetDateTime) -> Result<Rotated, HsmError> {
    let lead = Duration::seconds(599);
    let schedule = Schedule { lead, keep: Duration::ZERO, skew: Duration::ZERO };
    TokenKeys::rotate(&station.place(), &staging(), role, Turn::Announced, &schedule, at)
}

/// Why a token with that profile is not opened.
fn refusal(station: &Station, profile: &Profile) -> &'static str {
    TokenKeys::open(&station.place(), profile).map(drop).expect_err("refused").code()
}

#[test]
fn keys_in_a_token_keep_every_promise() {
    isolated(module_path!(), "keys_in_a_token_keep_every_promise", |station| {
        conformance::check(&station.keys(STAGING), NOW).unwrap();
    });
}

#[test]
fn provisioning_makes_each_key_once() {
    isolated(module_path!(), "provisioning_makes_each_key_once", |station| {
        assert_eq!(refusal(station, &staging()), "hsm-key-missing");
        let report = |made| KeyRole::ALL.map(|role| Provisioned { role, made }).to_vec();
        assert_eq!(TokenKeys::provision(&station.place(), &staging(), MADE).unwrap(), report(true));
        let keys = TokenKeys::open(&station.place(), &staging()).unwrap();
        let before = keys.current(KeyRole::ReceiptSigning, NOW).unwrap();
        assert_eq!(TokenKeys::provision(&station.place(), &staging(), NOW).unwrap(), report(false));
        keys.look_again().unwrap();
        assert_eq!(keys.current(KeyRole::ReceiptSigning, NOW).unwrap(), before);
        assert_eq!(TokenKeys::view(&station.place(), &staging()).unwrap().len(), KeyRole::ALL.len());
    });
}

#[test]
fn the_next_key_is_published_before_it_signs_and_the_last_one_after() {
    isolated(module_path!(), "the_next_key_is_published_before_it_signs_and_the_last_one_after", |station| {
        let keys = station.keys(STAGING);
        let role = KeyRole::TokenSigning;
        let first = keys.current(role, NOW).unwrap();
        let next = rotate(station, role, NOW).unwrap();
        let (signs_from, next) = (next.signs_from, next.key.unwrap());
        assert_eq!(signs_from, NOW + Duration::seconds(600));
        keys.look_again().unwrap();
        let kids = |at| -> Vec<String> {
            keys.published(role, at).unwrap().iter().map(|key| key.key.kid().to_owned()).collect()
        };
        let (old, new) = (first.kid().to_owned(), next.kid().to_owned());
        let at = |seconds| NOW + Duration::seconds(seconds);
        assert_eq!(kids(at(0)), [old.clone(), new.clone()]);
        assert_eq!(keys.current(role, at(599)).unwrap(), first);
        assert_eq!(keys.current(role, at(600)).unwrap(), next);
        // stays_secs = 1800 in the profile.
        assert_eq!(kids(at(600 + 1799)), [old.clone(), new.clone()]);
        assert_eq!(kids(at(600 + 1800)), [new]);
        keys.sign(role, &old, b"a token whose header is written already").unwrap();
        conformance::check(&keys, at(0)).unwrap();
        conformance::check(&keys, at(600)).unwrap();
        let again = rotate(station, role, at(1)).unwrap_err();
        assert_eq!(again.code(), "key-rotation-pending");
        let named = rotate(station, KeyRole::RegistryIndex, NOW);
        assert_eq!(named.unwrap_err().code(), "key-never-rotated");
    });
}

#[test]
fn what_an_older_sealing_key_sealed_still_opens() {
    isolated(module_path!(), "what_an_older_sealing_key_sealed_still_opens", |station| {
        let keys = station.keys(STAGING);
        let role = KeyRole::RegistrySealing;
        let old = keys.seal(role, b"old", b"row").unwrap();
        rotate(station, role, NOW).unwrap();
        keys.look_again().unwrap();
        let new = keys.seal(role, b"new", b"row").unwrap();
        assert_eq!(keys.open(role, &old, b"row").unwrap().as_slice(), b"old");
        assert_eq!(keys.open(role, &new, b"row").unwrap().as_slice(), b"new");
        conformance::check(&keys, NOW).unwrap();
    });
}

#[test]
fn a_key_in_other_hands_is_destroyed_at_once() {
    isolated(module_path!(), "a_key_in_other_hands_is_destroyed_at_once", |station| {
        let keys = station.keys(STAGING);
        let role = KeyRole::TokenSigning;
        let old = keys.current(role, NOW).unwrap();
        let schedule = Schedule { lead: Duration::HOUR, keep: Duration::HOUR, skew: Duration::ZERO };
        let place = station.place();
        let turned = TokenKeys::rotate(&place, &staging(), role, Turn::AtOnce, &schedule, NOW).unwrap();
        assert_eq!(turned.old_until, Some(NOW));
        keys.look_again().unwrap();
        assert_eq!(keys.current(role, NOW).unwrap(), turned.key.unwrap());
        assert_eq!(keys.published(role, NOW).unwrap().len(), 1);
        assert_eq!(keys.sign(role, old.kid(), b"message").unwrap_err().code(), "key-unknown");
        conformance::check(&keys, NOW).unwrap();
    });
}

#[test]
fn a_key_that_may_do_more_than_its_job_is_refused() {
    isolated(module_path!(), "a_key_that_may_do_more_than_its_job_is_refused", |station| {
        // Made by another tool, which leaves permissions as the module has them; id b4, generation 1, 1970.
        let id = "b4".to_owned() + "00000001" + "0000000000000001";
        let name = ["--label", "bawaba-checkpoint-signing", "--id", &id];
        station.pkcs11_tool(&[&["--keypairgen", "--key-type", "EC:prime256v1"], &name[..]].concat());
        assert_eq!(refusal(station, &staging()), "hsm-key-attribute");
        let made = TokenKeys::provision(&station.place(), &staging(), MADE).unwrap_err();
        assert_eq!(made.code(), "hsm-key-attribute");
        assert!(made.to_string().contains("checkpoint-signing"), "{made}");
    });
}

#[test]
fn an_extractable_key_is_for_development_only() {
    isolated(module_path!(), "an_extractable_key_is_for_development_only", |station| {
        let loose = STAGING.replace("environment = \"staging\"", "environment = \"development\"").replacen(
            "id = \"b3\"",
            "id = \"b3\"\nextractable = true",
            1,
        );
        conformance::check(&station.keys(&loose), NOW).unwrap();
        let error = TokenKeys::open(&station.place(), &staging()).unwrap_err();
        assert_eq!(error.to_string(), "the receipt-signing key in the token has the wrong CKA_EXTRACTABLE");
    });
}

#[test]
fn keys_that_are_not_ours_or_there_twice_are_refused() {
    isolated(module_path!(), "keys_that_are_not_ours_or_there_twice_are_refused", |station| {
        drop(station.keys(STAGING));
        // The same label and id once more: a token allows it, and which one would sign is chance.
        let status = TokenKeys::view(&station.place(), &staging()).unwrap();
        let made = status.iter().find(|key| key.role == KeyRole::RegistryIndex).unwrap();
        let label = "bawaba-registry-index";
        let id = format!("b600000001{:016x}", made.signs_from.unix_timestamp());
        let twin = ["--keygen", "--key-type", "GENERIC:32", "--label", label];
        station.pkcs11_tool(&[&twin[..], &["--id", &id]].concat());
        assert_eq!(refusal(station, &staging()), "hsm-key-twice");
        station.pkcs11_tool(&["--delete-object", "--type", "secrkey", "--label", label, "--id", &id]);
        station.pkcs11_tool(&[&twin[..], &["--id", "00"]].concat());
        assert_eq!(refusal(station, &staging()), "hsm-key-id-malformed");
    });
}

#[test]
fn one_key_under_two_labels_is_refused() {
    isolated(module_path!(), "one_key_under_two_labels_is_refused", |station| {
        let keys = station.keys(STAGING);
        let current = keys.current(KeyRole::ReceiptSigning, NOW).unwrap();
        drop(keys);
        // The public half is what is compared: give the checkpoint key the receipt key's.
        let der = p256::PublicKey::from_sec1_bytes(current.sec1_uncompressed()).unwrap();
        let der = p256::pkcs8::EncodePublicKey::to_public_key_der(&der).unwrap();
        let path = station.folder.join("public.der");
        std::fs::write(&path, der.as_bytes()).unwrap();
        let id = format!("b400000001{:016x}", MADE.unix_timestamp());
        let label = "bawaba-checkpoint-signing";
        station.pkcs11_tool(&["--delete-object", "--type", "pubkey", "--label", label, "--id", &id]);
        assert_eq!(refusal(station, &staging()), "hsm-key-missing");
        let path = path.to_str().unwrap();
        station.pkcs11_tool(&["--write-object", path, "--type", "pubkey", "--label", label, "--id", &id]);
        assert_eq!(refusal(station, &staging()), "key-shared");
    });
}

#[test]
fn what_cannot_be_opened_is_named() {
    isolated(module_path!(), "what_cannot_be_opened_is_named", |station| {
        let code = |place: TokenPlace| TokenKeys::open(&place, &staging()).map(drop).unwrap_err().code();
        let place = || station.place();
        assert_eq!(code(TokenPlace { module: "/nonexistent.so".into(), ..place() }), "hsm-module-unusable");
        let libc = std::fs::read_dir("/usr/lib").unwrap().find_map(|entry| {
            let path = entry.unwrap().path().join("libm.so.6");
            path.exists().then_some(path)
        });
        assert_eq!(code(TokenPlace { module: libc.unwrap(), ..place() }), "hsm-module-unusable");
        assert_eq!(code(TokenPlace { token: "other".to_owned(), ..place() }), "hsm-token-missing");
        let unset = SecretSource::Environment("BAWABA_TEST_NO_PIN".to_owned());
        assert!(matches!(
            TokenKeys::open(&TokenPlace { pin: unset, ..place() }, &staging()),
            Err(HsmError::Secret(_))
        ));
        station.init_token("bawaba");
        // The token list is read when the library starts: the second one is seen after that.
        assert_eq!(code(TokenPlace { token: "other".to_owned(), ..place() }), "hsm-token-missing");
        assert_eq!(code(place()), "hsm-token-twice");
    });
}

#[test]
fn a_wrong_pin_is_tried_once() {
    isolated(module_path!(), "a_wrong_pin_is_tried_once", |station| {
        drop(station.keys(STAGING));
        let path = station.folder.join("wrong-pin");
        std::fs::write(&path, "not the PIN").unwrap();
        std::os::unix::fs::chown(&path, None, None).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let wrong = TokenPlace { pin: SecretSource::File(path), ..station.place() };
        let error = TokenKeys::open(&wrong, &staging()).map(drop).unwrap_err();
        assert_eq!(error.code(), "hsm-pin-refused");
        assert!(!format!("{error:?} {error}").contains("not the PIN"));
        TokenKeys::open(&station.place(), &staging()).unwrap();
    });
}

#[test]
fn debug_shows_names_only() {
    isolated(module_path!(), "debug_shows_names_only", |station| {
        let keys = station.keys(STAGING);
        let shown = format!("{keys:?} {:?}", station.place());
        assert!(shown.contains("bawaba") && !shown.contains(super::station::PIN), "{shown}");
        let kid = keys.current(KeyRole::TokenSigning, NOW).unwrap().kid().to_owned();
        assert!(shown.contains(&kid));
        assert_eq!(KeyRole::ALL.iter().filter(|role| role.job() == KeyJob::Sign).count(), 4);
    });
}
