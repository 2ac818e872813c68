//! Does it come back by itself, whatever was lost, and without one wrong answer?

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};

use super::station::{PIN, Station, isolated};
use super::{NOW, STAGING};
use crate::pkcs11::TokenKeys;
use crate::{HsmError, KeyRole, PublicKey, Signer as _, conformance};

const ROLE: KeyRole = KeyRole::BackendTokenSigning;

/// Signs, and looks whether the signature is right.
pub(super) fn signs(keys: &TokenKeys, key: &PublicKey) -> Result<(), HsmError> {
    let signature = keys.sign(ROLE, key.kid(), b"message")?;
    let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.sec1_uncompressed());
    public.verify(b"message", &signature).expect("a signature is right or is not given");
    Ok(())
}

/// Waits until it signs again, at most as long as a person would.
pub(super) fn signs_again(keys: &TokenKeys, key: &PublicKey) -> Duration {
    let begun = Instant::now();
    while let Err(error) = signs(keys, key) {
        assert!(begun.elapsed() < Duration::from_secs(10), "still {error}");
        thread::sleep(Duration::from_millis(5));
    }
    begun.elapsed()
}

/// The same library once more in this process, as another component of it would have.
fn somebody_else(station: &Station) -> Pkcs11 {
    Pkcs11::new(&station.library).unwrap()
}

fn keys_and_key(station: &Station) -> (TokenKeys, PublicKey) {
    let keys = station.keys(STAGING);
    let key = keys.current(ROLE, NOW).unwrap();
    signs(&keys, &key).unwrap();
    (keys, key)
}

#[test]
fn a_lost_login_is_not_noticed_outside() {
    isolated(module_path!(), "a_lost_login_is_not_noticed_outside", |station| {
        let (keys, key) = keys_and_key(station);
        for _ in 0..5 {
            let library = somebody_else(station);
            let slot = library
                .get_slots_with_token()
                .unwrap()
                .into_iter()
                .find(|slot| library.get_token_info(*slot).unwrap().label() == "bawaba");
            library.open_ro_session(slot.unwrap()).unwrap().logout().unwrap();
            signs(&keys, &key).unwrap();
            conformance::check(&keys, NOW).unwrap();
        }
    });
}

#[test]
fn lost_sessions_are_not_noticed_outside() {
    isolated(module_path!(), "lost_sessions_are_not_noticed_outside", |station| {
        let (keys, key) = keys_and_key(station);
        for _ in 0..5 {
            // All sessions of the process are void: CKR_SESSION_HANDLE_INVALID.
            let library = somebody_else(station);
            library.clone().finalize().unwrap();
            library.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)).unwrap();
            signs(&keys, &key).unwrap();
        }
        conformance::check(&keys, NOW).unwrap();
    });
}

#[test]
fn a_library_that_was_ended_is_started_again() {
    isolated(module_path!(), "a_library_that_was_ended_is_started_again", |station| {
        let (keys, key) = keys_and_key(station);
        somebody_else(station).finalize().unwrap();
        signs(&keys, &key).unwrap();
        conformance::check(&keys, NOW).unwrap();
    });
}

#[test]
fn a_token_that_went_away_is_named_and_comes_back() {
    isolated(module_path!(), "a_token_that_went_away_is_named_and_comes_back", |station| {
        let (keys, key) = keys_and_key(station);
        for _ in 0..3 {
            station.take_away();
            let begun = Instant::now();
            let error = signs(&keys, &key).unwrap_err();
            assert!(error.code().starts_with("hsm-"), "{error}");
            assert!(begun.elapsed() < Duration::from_secs(3), "bounded, but took {:?}", begun.elapsed());
            // After that nobody waits.
            thread::sleep(Duration::from_millis(400));
            let begun = Instant::now();
            for _ in 0..100 {
                signs(&keys, &key).unwrap_err();
            }
            assert!(
                begun.elapsed() < Duration::from_millis(500),
                "fails at once, but took {:?}",
                begun.elapsed()
            );
            // Verifiers are still served.
            assert_eq!(keys.published(ROLE, NOW).unwrap().len(), 1);
            assert_eq!(keys.current(ROLE, NOW).unwrap(), key);
            station.bring_back();
            signs_again(&keys, &key);
            conformance::check(&keys, NOW).unwrap();
        }
    });
}

#[test]
fn a_token_that_was_emptied_is_refused_until_it_is_the_right_one() {
    isolated(module_path!(), "a_token_that_was_emptied_is_refused_until_it_is_the_right_one", |station| {
        let (keys, key) = keys_and_key(station);
        station.take_away();
        std::fs::create_dir(station.tokens()).unwrap();
        station.init_token("bawaba");
        signs(&keys, &key).unwrap_err();
        thread::sleep(Duration::from_millis(500));
        assert_eq!(signs(&keys, &key).unwrap_err().code(), "hsm-key-missing");
        station.delete_token();
        std::fs::remove_dir_all(station.tokens()).unwrap();
        station.bring_back();
        signs_again(&keys, &key);
    });
}

#[test]
fn a_key_that_another_token_has_under_that_name_does_not_sign() {
    isolated(module_path!(), "a_key_that_another_token_has_under_that_name_does_not_sign", |station| {
        // Another token of the same name, with fresh keys: tokens under the old kid must not be signed by them.
        drop(station.keys(STAGING));
        std::fs::rename(station.tokens(), station.folder.join("other")).unwrap();
        std::fs::create_dir(station.tokens()).unwrap();
        station.init_token("bawaba");
        let (keys, key) = keys_and_key(station);
        station.take_away();
        std::fs::rename(station.folder.join("other"), station.tokens()).unwrap();
        let begun = Instant::now();
        let error = loop {
            let error = signs(&keys, &key).unwrap_err();
            if error.code() == "key-unknown" || begun.elapsed() > Duration::from_secs(10) {
                break error;
            }
            thread::sleep(Duration::from_millis(10));
        };
        assert_eq!(error.code(), "key-unknown");
        assert_ne!(keys.current(ROLE, NOW).unwrap(), key);
        conformance::check(&keys, NOW).unwrap();
    });
}

#[test]
fn a_pin_that_was_changed_is_tried_once() {
    isolated(module_path!(), "a_pin_that_was_changed_is_tried_once", |station| {
        let (keys, key) = keys_and_key(station);
        station.pkcs11_tool(&["--change-pin", "--new-pin", "another-pin"]);
        somebody_else(station).finalize().unwrap();
        let error = signs(&keys, &key).unwrap_err();
        assert_eq!(error.code(), "hsm-pin-refused");
        // The right PIN for the old token again: a person must start the gateway, nothing logs in by itself.
        assert!(!format!("{error:?}").contains(PIN));
        thread::sleep(Duration::from_millis(1500));
        assert_eq!(signs(&keys, &key).unwrap_err().code(), "hsm-pin-refused");
    });
}

/// The library is not ended from outside here: under running calls that crashes SoftHSM itself.
#[test]
fn sixteen_threads_get_right_answers_or_named_errors() {
    isolated(module_path!(), "sixteen_threads_get_right_answers_or_named_errors", |station| {
        let (keys, key) = keys_and_key(station);
        let (keys, stop) = (Arc::new(keys), Arc::new(AtomicBool::new(false)));
        let (right, named) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let expected = keys.mac(KeyRole::RegistryIndex, b"BK123456").unwrap();
        let sealed = keys.seal(KeyRole::RegistrySealing, b"text", b"row").unwrap();
        let threads: Vec<_> = (0..16)
            .map(|number| {
                let (keys, key, stop) = (keys.clone(), key.clone(), stop.clone());
                let (right, named, sealed) = (right.clone(), named.clone(), sealed.clone());
                thread::spawn(move || {
                    while !stop.load(Ordering::Relaxed) {
                        let done = match number % 4 {
                            0 | 1 => signs(&keys, &key),
                            2 => keys
                                .mac(KeyRole::RegistryIndex, b"BK123456")
                                .map(|code| assert_eq!(code, expected)),
                            _ => keys
                                .open(KeyRole::RegistrySealing, &sealed, b"row")
                                .map(|opened| assert_eq!(opened.as_slice(), b"text")),
                        };
                        match done {
                            Ok(()) => right.fetch_add(1, Ordering::Relaxed),
                            Err(error) => {
                                assert!(error.code().starts_with("hsm-"), "{error:?}");
                                thread::sleep(Duration::from_millis(1));
                                named.fetch_add(1, Ordering::Relaxed)
                            }
                        };
                    }
                })
            })
            .collect();
        for _ in 0..3 {
            thread::sleep(Duration::from_millis(150));
            station.take_away();
            thread::sleep(Duration::from_millis(300));
            station.bring_back();
            signs_again(&keys, &key);
        }
        let before = right.load(Ordering::Relaxed);
        thread::sleep(Duration::from_millis(300));
        stop.store(true, Ordering::Relaxed);
        for thread in threads {
            thread.join().expect("no wrong answer");
        }
        assert!(right.load(Ordering::Relaxed) > before, "all of them came back");
        assert!(named.load(Ordering::Relaxed) > 0, "the failure was seen");
        conformance::check(&*keys, NOW).unwrap();
    });
}
