//! Does one key follow another so that no token is ever without its key?

use time::{Duration, OffsetDateTime};

use super::{AT, SCHEDULE};
use crate::{KeyJob, KeyRole, Signer as _, SoftwareKeys, Turn, conformance};

const ROLE: KeyRole = KeyRole::TokenSigning;

fn keys() -> SoftwareKeys {
    SoftwareKeys::generate(AT - Duration::days(1)).unwrap()
}

fn kids(keys: &SoftwareKeys, at: OffsetDateTime) -> Vec<String> {
    keys.published(ROLE, at).unwrap().iter().map(|key| key.key.kid().to_owned()).collect()
}

#[test]
fn the_next_key_is_known_before_it_signs_and_the_old_one_until_its_tokens_are_dead() {
    let mut keys = keys();
    let old = keys.current(ROLE, AT).unwrap();
    let rotated = keys.rotate(ROLE, Turn::Announced, &SCHEDULE, AT + Duration::milliseconds(400)).unwrap();
    let new = rotated.key.unwrap();
    assert!(rotated.signs_from - AT >= SCHEDULE.lead && rotated.signs_from.nanosecond() == 0);
    let second = Duration::SECOND;
    let old_until = rotated.old_until.unwrap();
    assert_eq!(old_until - rotated.signs_from, SCHEDULE.keep);
    for (at, signs, published) in [
        (AT, &old, 2),
        (rotated.signs_from - second, &old, 2),
        (rotated.signs_from, &new, 2),
        (old_until - second, &new, 2),
        (old_until, &new, 1),
    ] {
        assert_eq!(&keys.current(ROLE, at).unwrap(), signs, "{at}");
        assert_eq!(kids(&keys, at).len(), published, "{at}");
        conformance::check(&keys, at).unwrap();
        // Whatever signs is published for as long as what it signs may live.
        for later in [at, at + SCHEDULE.keep - second] {
            assert!(kids(&keys, later).contains(&signs.kid().to_owned()), "{at} {later}");
        }
    }
}

#[test]
fn one_key_is_announced_at_a_time() {
    let mut keys = keys();
    let first = keys.rotate(ROLE, Turn::Announced, &SCHEDULE, AT).unwrap();
    let again = keys.rotate(ROLE, Turn::Announced, &SCHEDULE, AT + Duration::MINUTE).unwrap_err();
    assert_eq!(again.code(), "key-rotation-pending");
    let second = keys.rotate(ROLE, Turn::Announced, &SCHEDULE, first.signs_from + Duration::SECOND).unwrap();
    assert_eq!(kids(&keys, second.signs_from).len(), 3);
    assert_eq!(keys.current(ROLE, second.signs_from - Duration::SECOND).unwrap(), first.key.unwrap());
}

#[test]
fn a_leaked_key_is_withdrawn_with_all_that_were_there() {
    let mut keys = keys();
    keys.rotate(ROLE, Turn::Announced, &SCHEDULE, AT).unwrap();
    let before = kids(&keys, AT);
    let rotated = keys.rotate(ROLE, Turn::AtOnce, &SCHEDULE, AT + Duration::MINUTE).unwrap();
    let new = rotated.key.unwrap();
    assert_eq!(kids(&keys, AT + Duration::MINUTE), [new.kid()]);
    for kid in before {
        assert_eq!(keys.sign(ROLE, &kid, b"m").unwrap_err().code(), "key-unknown");
    }
    keys.sign(ROLE, new.kid(), b"m").unwrap();
}

#[test]
fn what_names_or_indexes_is_not_rotated() {
    let mut keys = keys();
    for role in KeyRole::ALL.into_iter().filter(|role| role.job() == KeyJob::Mac) {
        for turn in [Turn::Announced, Turn::AtOnce] {
            let error = keys.rotate(role, turn, &SCHEDULE, AT).unwrap_err();
            assert_eq!(error.code(), "key-never-rotated");
            assert!(error.to_string().contains("could not be found"), "{error}");
        }
    }
}

#[test]
fn the_newest_key_seals_and_every_key_opens() {
    let mut keys = keys();
    let role = KeyRole::RegistrySealing;
    let old = keys.seal(role, b"old", b"row").unwrap();
    let rotated = keys.rotate(role, Turn::Announced, &SCHEDULE, AT).unwrap();
    assert_eq!((rotated.signs_from, rotated.old_until), (AT, None));
    let new = keys.seal(role, b"new", b"row").unwrap();
    assert_eq!(keys.open(role, &old, b"row").unwrap().as_slice(), b"old");
    assert_eq!(keys.open(role, &new, b"row").unwrap().as_slice(), b"new");
    assert!(keys.open(role, &new, b"another row").is_err());
    keys.prune(AT + Duration::days(10_000), SCHEDULE.skew);
    assert_eq!(keys.open(role, &old, b"row").unwrap().as_slice(), b"old", "it is never forgotten");
}

#[test]
fn a_key_that_only_verifies_can_not_be_stolen_any_more() {
    let mut keys = keys();
    let old = keys.current(ROLE, AT).unwrap();
    let rotated = keys.rotate(ROLE, Turn::Announced, &SCHEDULE, AT).unwrap();
    keys.prune(rotated.signs_from, SCHEDULE.skew);
    keys.sign(ROLE, old.kid(), b"by a node whose clock is late").unwrap();
    keys.prune(rotated.signs_from + SCHEDULE.skew, SCHEDULE.skew);
    assert_eq!(keys.sign(ROLE, old.kid(), b"m").unwrap_err().code(), "key-unknown");
    assert_eq!(kids(&keys, rotated.signs_from + SCHEDULE.skew).len(), 2);
    keys.prune(rotated.old_until.unwrap(), SCHEDULE.skew);
    assert_eq!(keys.view().iter().filter(|key| key.role == ROLE).count(), 1);
    conformance::check(&keys, rotated.old_until.unwrap()).unwrap();
}
