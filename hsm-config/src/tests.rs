//! Do keys keep to their one job, and does nobody else get at them?

mod damage;
mod foreign;
mod rotation;
mod sealed;
mod secret_source;
mod unsealed;

use std::sync::LazyLock;

use time::{Duration, OffsetDateTime, macros::datetime};

use crate::{
    HsmError, KeyJob, KeyRole, PublicKey, PublishedKey, Schedule, Signer, SoftwareKeys, conformance,
};

const AT: OffsetDateTime = datetime!(2026-11-22 09:00:00 UTC);

const SCHEDULE: Schedule =
    Schedule { lead: Duration::minutes(15), keep: Duration::minutes(16), skew: Duration::minutes(1) };

static KEYS: LazyLock<SoftwareKeys> =
    LazyLock::new(|| SoftwareKeys::generate(AT - Duration::days(1)).unwrap());

#[test]
fn software_keys_keep_every_promise() {
    conformance::check(&*KEYS, AT).unwrap();
}

/// A signer that answers every role with the token key: what the suite exists to catch.
struct OneKeyForAll;

impl Signer for OneKeyForAll {
    fn published(&self, _: KeyRole, at: OffsetDateTime) -> Result<Vec<PublishedKey>, HsmError> {
        KEYS.published(KeyRole::TokenSigning, at)
    }

    fn current(&self, _: KeyRole, at: OffsetDateTime) -> Result<PublicKey, HsmError> {
        KEYS.current(KeyRole::TokenSigning, at)
    }

    fn sign(&self, _: KeyRole, kid: &str, message: &[u8]) -> Result<[u8; 64], HsmError> {
        KEYS.sign(KeyRole::TokenSigning, kid, message)
    }

    fn mac(&self, role: KeyRole, message: &[u8]) -> Result<[u8; 32], HsmError> {
        KEYS.mac(role, message)
    }

    fn seal(&self, role: KeyRole, plaintext: &[u8], associated_data: &[u8]) -> Result<Vec<u8>, HsmError> {
        KEYS.seal(role, plaintext, associated_data)
    }

    fn open(
        &self,
        role: KeyRole,
        sealed: &[u8],
        associated_data: &[u8],
    ) -> Result<zeroize::Zeroizing<Vec<u8>>, HsmError> {
        KEYS.open(role, sealed, associated_data)
    }
}

#[test]
fn the_suite_catches_a_signer_with_one_key_for_all() {
    assert!(conformance::check(&OneKeyForAll, AT).is_err());
}

#[test]
fn roles_have_names_and_jobs() {
    for role in KeyRole::ALL {
        assert_eq!(KeyRole::from_name(role.name()), Some(role));
    }
    assert_eq!(KeyRole::from_name("Token-Signing"), None);
    assert_eq!(KeyRole::ALL.iter().filter(|role| role.job() == KeyJob::Sign).count(), 4);
}

#[test]
fn errors_say_which_key_and_what() {
    let error = KEYS.sign(KeyRole::PairwiseSubject, "", b"").unwrap_err();
    assert_eq!(
        (error.code(), error.to_string().as_str()),
        ("key-wrong-role", "the pairwise-subject key does not sign")
    );
}

#[test]
fn debug_shows_names_of_keys_only() {
    let shown = format!("{:?}", *KEYS);
    assert!(shown.contains(KEYS.current(KeyRole::TokenSigning, AT).unwrap().kid()));
    assert!(!shown.contains("secret") && shown.len() < 500, "{shown}");
}
