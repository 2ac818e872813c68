//! Is each rule of a profile kept, and do the shipped ones keep them all?

use super::{Environment, Place, Profile, Signing};
use crate::KeyRole;

const DEVELOPMENT: &str = include_str!("../../profiles/development.toml");
const STAGING: &str = include_str!("../../profiles/staging.toml");
const PRODUCTION: &str = include_str!("../../profiles/production.toml");

fn refusal(text: &str) -> &'static str {
    Profile::parse(text).expect_err("refused").code()
}

/// The production profile with one thing changed; a change that changes nothing would prove nothing.
fn spoiled(from: &str, to: &str) -> &'static str {
    let text = PRODUCTION.replacen(from, to, 1);
    assert_ne!(text, PRODUCTION, "{from} is not in the profile");
    refusal(&text)
}

#[test]
fn the_shipped_profiles_declare_every_role() {
    for (text, environment, place) in [
        (DEVELOPMENT, Environment::Development, Place::SealedFile),
        (STAGING, Environment::Staging, Place::Pkcs11),
        (PRODUCTION, Environment::Production, Place::Pkcs11),
    ] {
        let profile = Profile::parse(text).unwrap();
        assert_eq!(profile.environment(), environment);
        assert_eq!(profile.at(place).count(), KeyRole::ALL.len());
        assert!(profile.keys().iter().all(|key| !key.extractable));
    }
    let production = Profile::parse(PRODUCTION).unwrap();
    let delegated = production.keys().iter().filter(|key| key.signing != Signing::Direct);
    assert_eq!(
        delegated.map(|key| key.role).collect::<Vec<_>>(),
        [KeyRole::TokenSigning, KeyRole::BackendTokenSigning]
    );
}

#[test]
fn the_folder_holds_the_three_profiles_and_nothing_else() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/profiles");
    let mut names: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["development.toml", "production.toml", "staging.toml"]);
    for name in names {
        Profile::load(&std::path::Path::new(folder).join(name)).unwrap();
    }
}

#[test]
fn one_key_has_one_job() {
    assert_eq!(spoiled("bawaba-receipt-signing", "bawaba-checkpoint-signing"), "profile-key-two-jobs");
    assert_eq!(spoiled("id = \"b3\"", "id = \"b4\""), "profile-key-two-jobs");
    assert_eq!(spoiled("id = \"b5\"", "id = \"B6\""), "profile-key-two-jobs");
    // The same label in another place is another key.
    let file = STAGING.replacen(
        "place = \"pkcs11\"\nlabel = \"bawaba-receipt-signing\"\nid = \"b3\"",
        "place = \"sealed-file\"\nlabel = \"bawaba-checkpoint-signing\"",
        1,
    );
    assert_ne!(file, STAGING);
    Profile::parse(&file).unwrap();
}

#[test]
fn every_role_is_declared_once() {
    assert_eq!(
        spoiled("role = \"receipt-signing\"", "role = \"checkpoint-signing\""),
        "profile-role-missing"
    );
    let (one, _) = PRODUCTION.split_once("\n[[key]]\nrole = \"receipt-signing\"").unwrap();
    assert_eq!(refusal(one), "profile-role-missing");
    let twice = format!(
        "{PRODUCTION}\n[[key]]\nrole = \"registry-index\"\nplace = \"pkcs11\"\nlabel = \"x\"\nid = \"c0\"\nmechanism = \"hmac-sha256\"\n"
    );
    assert_eq!(refusal(&twice), "profile-role-twice");
    assert_eq!(spoiled("role = \"receipt-signing\"", "role = \"receipts\""), "profile-role-unknown");
    assert_eq!(refusal("environment = \"production\""), "profile-role-missing");
}

#[test]
fn the_mechanism_fits_the_job() {
    assert_eq!(
        spoiled("mechanism = \"hmac-sha256\"", "mechanism = \"aes-256-gcm\""),
        "profile-mechanism-misfit"
    );
    assert_eq!(spoiled("aes-256-gcm", "ecdsa-p256-sha256"), "profile-mechanism-misfit");
    assert_eq!(spoiled("aes-256-gcm", "aes-128-cbc"), "profile-malformed");
}

#[test]
fn production_keys_cannot_leave_and_are_not_in_a_plain_file() {
    assert_eq!(spoiled("id = \"b3\"", "id = \"b3\"\nextractable = true"), "profile-extractable");
    assert_eq!(
        spoiled(
            "place = \"pkcs11\"\nlabel = \"bawaba-registry-sealing\"\nid = \"b7\"",
            "place = \"plain-file\"\nlabel = \"x\""
        ),
        "profile-plain-file"
    );
    let sealed = PRODUCTION.replacen(
        "place = \"pkcs11\"\nlabel = \"bawaba-registry-sealing\"\nid = \"b7\"",
        "place = \"sealed-file\"\nlabel = \"x\"",
        1,
    );
    Profile::parse(&sealed).unwrap();
    let token = DEVELOPMENT.replacen(
        "place = \"sealed-file\"",
        "place = \"pkcs11\"\nid = \"01\"\nextractable = true",
        1,
    );
    Profile::parse(&token).unwrap();
    assert_eq!(
        refusal(&DEVELOPMENT.replacen(
            "place = \"sealed-file\"",
            "place = \"sealed-file\"\nextractable = true",
            1
        )),
        "profile-extractable"
    );
}

#[test]
fn delegates_are_for_tokens_and_die_within_an_hour() {
    assert_eq!(spoiled("life_secs = 3600", "life_secs = 3601"), "profile-delegate-too-long");
    assert_eq!(spoiled("life_secs = 3600", "life_secs = 2819"), "profile-delegate-too-short");
    assert_eq!(spoiled("lead_secs = 600", "lead_secs = 59"), "profile-delegate-too-short");
    assert_eq!(spoiled("lead_secs = 600", "lead_secs = 18446744073709551615"), "profile-delegate-too-short");
    assert_eq!(spoiled("lead_secs = 600", "lead_secs = 9223372036854775807"), "profile-delegate-too-short");
    let delegate = "signing = { by = \"delegate\", life_secs = 3600, lead_secs = 600 }";
    let receipt = "mechanism = \"ecdsa-p256-sha256\"\nsigning = { by = \"itself\" }\n";
    assert_eq!(
        spoiled(receipt, &format!("mechanism = \"ecdsa-p256-sha256\"\n{delegate}\n")),
        "profile-delegation-misfit"
    );
    assert_eq!(
        spoiled("mechanism = \"hmac-sha256\"", &format!("mechanism = \"hmac-sha256\"\n{delegate}")),
        "profile-delegation-misfit"
    );
    assert_eq!(spoiled(delegate, ""), "profile-signing-missing");
    assert_eq!(
        refusal(&DEVELOPMENT.replacen("signing = { by = \"itself\" }\nstays_secs = 1800", delegate, 1)),
        "profile-delegation-misfit"
    );
}

#[test]
fn a_replaced_key_stays_for_the_life_of_a_token() {
    let short = STAGING.replacen("stays_secs = 1800", "stays_secs = 959", 1);
    assert_eq!(refusal(&short), "profile-stay-misfit");
    assert_eq!(
        spoiled("signing = { by = \"itself\" }", "signing = { by = \"itself\" }\nstays_secs = 100000"),
        "profile-stay-misfit"
    );
    assert_eq!(spoiled("lead_secs = 600 }", "lead_secs = 600 }\nstays_secs = 100000"), "profile-stay-misfit");
}

#[test]
fn labels_and_ids_fit_a_token() {
    assert_eq!(spoiled("id = \"b3\"\n", ""), "profile-id-misfit");
    assert_eq!(spoiled("id = \"b3\"", "id = \"b\""), "profile-id-misfit");
    assert_eq!(spoiled("id = \"b3\"", "id = \"+1\""), "profile-id-misfit");
    assert_eq!(spoiled("id = \"b3\"", "id = \"éé\""), "profile-id-misfit");
    assert_eq!(spoiled("id = \"b3\"", "id = \"000102030405060708\""), "profile-id-misfit");
    assert_eq!(spoiled("bawaba-receipt-signing", ""), "profile-label-misfit");
    assert_eq!(spoiled("bawaba-receipt-signing", &"x".repeat(33)), "profile-label-misfit");
}

#[test]
fn what_is_not_a_profile_is_refused() {
    assert_eq!(spoiled("id = \"b3\"", "identifier = \"b3\""), "profile-malformed");
    assert_eq!(spoiled("environment = \"production\"", "environment = \"test\""), "profile-malformed");
    assert_eq!(spoiled("lead_secs = 600", "lead_secs = 600, overlap = 1"), "profile-malformed");
    for text in ["", "key = 1", "[[key", "\u{0}", "environment = \"production\"\nkey = []\nmore = 1"] {
        let error = Profile::parse(text).unwrap_err();
        assert!(error.code() == "profile-malformed", "{text}: {error}");
    }
    let error = Profile::load(std::path::Path::new("/nonexistent/profile.toml")).unwrap_err();
    assert_eq!(error.code(), "profile-unreadable");
}
