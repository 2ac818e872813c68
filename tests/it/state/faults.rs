//! What if the Redis is away, paused, full, foreign, or lost its memory? Each on a real server.

use std::time::{Duration, Instant};

use bawaba_tests::redis::{PASSWORD, Redis};
use gateway::state::{Look, Space, Spent, StateError, Taken};

use super::conformance::eventually;
use super::node;

const LIFE: Duration = Duration::from_secs(60);

/// Far beyond the deadline of a call, far below for ever.
const BOUNDED: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_redis_that_is_away_is_named_in_bounded_time_and_found_when_it_is_back() {
    let redis = Redis::start();
    redis.stop();
    let state = node(&redis.state());
    let start = Instant::now();
    assert_eq!(state.put(Space::Presence, "a", "me", b"", LIFE).await, Err(StateError::Unreachable));
    assert!(state.ping().await.is_err());
    assert!(state.epoch().await.is_err(), "no epoch is invented");
    assert!(start.elapsed() < BOUNDED);
    redis.start_again();
    assert!(eventually(async || state.ping().await.is_ok()).await, "it is found again");
    let epoch = state.epoch().await.expect("an epoch");
    assert_eq!(state.spend(Space::DpopProof, "a", LIFE, &epoch).await, Ok(Spent::First));
}

#[tokio::test]
async fn a_redis_that_restarts_in_the_middle_costs_no_call() {
    let redis = Redis::durable();
    let state = node(&redis.state());
    state.put(Space::Presence, "before", "me", b"", LIFE).await.expect("kept");
    redis.kill();
    let call = tokio::spawn(async move { state.put(Space::Presence, "during", "me", b"", LIFE).await });
    redis.start_again();
    call.await.expect("no panic").expect("the repetitions find it");
}

#[tokio::test]
async fn lost_memory_makes_nothing_spendable_that_was_spent() {
    let redis = Redis::start();
    let (here, there) = (node(&redis.state()), node(&redis.state()));
    for lose in [
        Redis::lose_memory as fn(&Redis),
        |redis| drop(redis.cli(&["FLUSHALL"])),
        |redis| {
            drop(redis.cli(&[
                "EVAL",
                "for _, k in ipairs(redis.call('KEYS', '*')) do redis.call('DEL', k) end",
                "0",
            ]))
        },
    ] {
        assert!(eventually(async || here.ping().await.is_ok() && there.ping().await.is_ok()).await);
        let epoch = here.epoch().await.expect("an epoch");
        assert_eq!(here.spend(Space::DpopProof, "jti", LIFE, &epoch).await, Ok(Spent::First));
        here.put(Space::Presence, "waiting", "me", b"value", LIFE).await.expect("kept");
        lose(&redis);
        // At no moment, at no node: neither before it was noticed nor after.
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(1_500) {
            for node in [&here, &there] {
                let spent = node.spend(Space::DpopProof, "jti", LIFE, &epoch).await;
                assert!(spent.is_err(), "{spent:?}");
            }
        }
        assert_eq!(there.spend(Space::DpopProof, "jti", LIFE, &epoch).await, Err(StateError::MemoryLost));
        assert_eq!(there.take(Space::Presence, "waiting", "me").await, Ok(Taken::Unknown));
        let after = there.epoch().await.expect("an epoch");
        assert!(after.id != epoch.id && after.since > epoch.since);
    }
}

#[tokio::test]
async fn a_restart_with_its_memory_is_an_epoch_too() {
    let redis = Redis::durable();
    let state = node(&redis.state());
    let epoch = state.epoch().await.expect("an epoch");
    state.put(Space::Presence, "waiting", "me", b"value", LIFE).await.expect("kept");
    redis.kill();
    redis.start_again();
    // What an append-only file, or a replica, lacks of the last second cannot be seen from it.
    assert!(eventually(async || state.ping().await.is_ok()).await);
    assert_eq!(state.spend(Space::DpopProof, "jti", LIFE, &epoch).await, Err(StateError::MemoryLost));
    assert_eq!(state.take(Space::Presence, "waiting", "me").await, Ok(Taken::Unknown));
}

#[tokio::test]
async fn a_stale_copy_of_the_memory_makes_nothing_spendable() {
    let redis = Redis::configured("dbfilename stale.rdb\n");
    let state = node(&redis.state());
    let epoch = state.epoch().await.expect("an epoch");
    state.put(Space::Presence, "waiting", "me", b"value", LIFE).await.expect("kept");
    // What a replica that lags is promoted with, or a snapshot of a minute ago: the epoch is written in it.
    assert!(redis.cli(&["SAVE"]).contains("OK"));
    assert_eq!(state.spend(Space::DpopProof, "jti", LIFE, &epoch).await, Ok(Spent::First));
    assert_eq!(state.take(Space::Presence, "waiting", "me").await, Ok(Taken::Now(b"value".to_vec())));
    redis.kill();
    redis.start_again();
    assert!(redis.cli(&["--scan"]).contains("presence:kept:waiting"), "it is there again");
    assert!(
        eventually(async || state.take(Space::Presence, "waiting", "me").await == Ok(Taken::Unknown)).await
    );
    assert_eq!(state.spend(Space::DpopProof, "jti", LIFE, &epoch).await, Err(StateError::MemoryLost));
}

#[tokio::test]
async fn a_paused_redis_is_waited_for_in_bounded_time_and_nothing_happens_twice() {
    let redis = Redis::start();
    let state = node(&redis.state());
    let epoch = state.epoch().await.expect("an epoch");
    state.put(Space::Presence, "waiting", "me", b"value", LIFE).await.expect("kept");
    // What was never said before is asked for first, and not done.
    assert_eq!(state.spend(Space::DpopProof, "other", LIFE, &epoch).await, Ok(Spent::First));
    assert_eq!(state.count(Space::StatusList, "other", 1, LIFE, &epoch).await, Ok(1));
    redis.pause();
    let start = Instant::now();
    assert_eq!(state.spend(Space::DpopProof, "jti", LIFE, &epoch).await, Err(StateError::Timeout));
    assert_eq!(state.count(Space::StatusList, "n", 1, LIFE, &epoch).await, Err(StateError::Timeout));
    assert!(start.elapsed() < BOUNDED);
    redis.resume();
    assert!(eventually(async || state.ping().await.is_ok()).await);
    // Whatever was on its way when it woke was carried out: once in effect.
    assert_eq!(state.spend(Space::DpopProof, "jti", LIFE, &epoch).await, Ok(Spent::Again));
    let counted = state.count(Space::StatusList, "n", 0, LIFE, &epoch).await;
    assert!(matches!(counted, Ok(0 | 1)), "{counted:?}");
    assert_eq!(state.take(Space::Presence, "waiting", "me").await, Ok(Taken::Now(b"value".to_vec())));
}

#[tokio::test]
async fn an_answer_that_came_late_is_repeated_and_says_first() {
    let redis = Redis::start();
    let state = node(&redis.state());
    let epoch = state.epoch().await.expect("an epoch");
    state.put(Space::Presence, "waiting", "me", b"value", LIFE).await.expect("kept");
    let look = Look { entry: Some(b"1 before"), from: b"", most: 9, keep: LIFE };
    state.window(Space::Fraud, "card", look).await.expect("a window");
    redis.pause();
    let late = state.clone();
    let calls = tokio::spawn(async move {
        tokio::join!(
            late.spend(Space::DpopProof, "jti", LIFE, &epoch),
            late.count(Space::StatusList, "n", 7, LIFE, &epoch),
            late.take(Space::Presence, "waiting", "me"),
            late.put(Space::Presence, "new", "me", b"value", LIFE),
            late.window(Space::Fraud, "card", Look { entry: Some(b"2 late"), ..look }),
        )
    });
    // Longer than one attempt waits, shorter than all of them.
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    redis.resume();
    let (spent, total, taken, kept, seen) = calls.await.expect("no panic");
    assert_eq!((spent, total), (Ok(Spent::First), Ok(7)));
    assert_eq!((taken, kept), (Ok(Taken::Now(b"value".to_vec())), Ok(())));
    assert_eq!(seen, Ok(vec![b"1 before".to_vec(), b"2 late".to_vec()]));
    assert_eq!(state.count(Space::StatusList, "n", 0, LIFE, &epoch).await, Ok(7));
}

#[tokio::test]
async fn killed_in_the_middle_of_spending_is_never_first_twice() {
    let redis = Redis::start();
    let state = node(&redis.state());
    for round in 0..5 {
        assert!(eventually(async || state.ping().await.is_ok()).await);
        let epoch = state.epoch().await.expect("an epoch");
        let spending: Vec<_> = (0..200)
            .map(|number| {
                let (state, name) = (state.clone(), format!("{round}-{}", number / 2));
                tokio::spawn(async move { (state.spend(Space::DpopProof, &name, LIFE, &epoch).await, name) })
            })
            .collect();
        tokio::task::yield_now().await;
        redis.lose_memory();
        let mut first = std::collections::HashSet::new();
        for spent in spending {
            let (spent, name) = spent.await.expect("no panic");
            assert!(spent != Ok(Spent::First) || first.insert(name.clone()), "{name} was first twice");
        }
        for name in first {
            let again = state.spend(Space::DpopProof, &name, LIFE, &epoch).await;
            assert!(again != Ok(Spent::First), "{name} is first again");
        }
    }
}

#[tokio::test]
async fn what_is_not_ours_is_refused_by_name() {
    let redis = Redis::start();
    let state = node(&redis.state());
    state.put(Space::Presence, "a", "me", b"", LIFE).await.expect("kept");
    let key = redis.cli(&["--scan", "--pattern", "*:presence:kept:a"]).trim().to_owned();
    assert!(redis.cli(&["SET", &key, "x"]).contains("OK"));
    assert_eq!(state.take(Space::Presence, "a", "me").await, Err(StateError::Unexpected));
    let epochs = redis.cli(&["--scan", "--pattern", "*:epoch"]);
    for key in epochs.lines() {
        assert!(redis.cli(&["DEL", key]).contains('1'));
        assert!(redis.cli(&["SADD", key, "x"]).contains('1'));
    }
    assert_eq!(state.take(Space::Presence, "a", "me").await, Err(StateError::Unexpected));
    assert!(state.ping().await.is_err());
}

#[tokio::test]
async fn a_server_that_refuses_is_named_and_no_word_betrays_the_password() {
    let redis = Redis::start();
    let mut table = redis.state();
    let wrong = tempfile::tempdir().expect("a folder");
    let file = wrong.path().join("password");
    std::fs::write(&file, "geheim-4712").expect("a file");
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("our file");
    table.insert("password".to_owned(), format!("file:{}", file.display()).into());
    let state = node(&table);
    let refused = state.put(Space::Presence, "a", "me", b"", LIFE).await.expect_err("the wrong password");
    assert_eq!(refused, StateError::Refused);
    assert!(!format!("{state:?} {refused} {refused:?}").contains("geheim"));
    // The right one becomes the right one while we run.
    assert!(redis.cli(&["ACL", "SETUSER", "bawaba", ">geheim-4712"]).contains("OK"));
    assert!(eventually(async || state.ping().await.is_ok()).await, "it is tried again");
    assert!(redis.cli(&["ACL", "SETUSER", "bawaba", "-evalsha", "-eval"]).contains("OK"));
    assert_eq!(state.put(Space::Presence, "b", "me", b"", LIFE).await, Err(StateError::Refused));
}

#[tokio::test]
async fn a_memory_that_may_throw_things_away_is_not_ready() {
    let redis = Redis::configured("maxmemory 64mb\nmaxmemory-policy volatile-lru\n");
    let state = node(&redis.state());
    assert_eq!(state.ping().await, Err(StateError::MayEvict));
    assert!(redis.cli(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]).contains("OK"));
    assert_eq!(state.ping().await, Ok(()));
    assert!(redis.cli(&["CONFIG", "SET", "maxmemory", "100kb"]).contains("OK"));
    let full = state.put(Space::Presence, "a", "me", &[0; 60_000], LIFE).await;
    assert_eq!(full, Err(StateError::Refused), "full is full; nothing else is thrown away");
    assert!(redis.cli(&["-a", PASSWORD, "INFO", "stats"]).contains("evicted_keys:0"));
}

#[tokio::test]
async fn tls_is_spoken_to_whom_our_authority_vouches_for_and_nobody_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let ca_key = rcgen::KeyPair::generate().expect("a key");
    let mut ca = rcgen::CertificateParams::new(Vec::new()).expect("a name");
    ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let ca = rcgen::CertifiedIssuer::self_signed(ca, ca_key).expect("an authority");
    let key = rcgen::KeyPair::generate().expect("a key");
    let names = vec!["127.0.0.1".to_owned()];
    let certificate =
        rcgen::CertificateParams::new(names).expect("a name").signed_by(&key, &ca).expect("signed");
    std::fs::write(path("ca.pem"), ca.pem()).expect("a file");
    std::fs::write(path("cert.pem"), certificate.pem()).expect("a file");
    std::fs::write(path("key.pem"), key.serialize_pem()).expect("a file");
    let redis = Redis::with_tls(&path("cert.pem"), &path("key.pem"));
    let mut table = redis.state();
    table.insert("ca".to_owned(), path("ca.pem").display().to_string().into());
    let state = node(&table);
    let epoch = state.epoch().await.expect("an epoch, over TLS");
    assert_eq!(state.spend(Space::DpopProof, "jti", LIFE, &epoch).await, Ok(Spent::First));
    let stranger_key = rcgen::KeyPair::generate().expect("a key");
    let mut stranger = rcgen::CertificateParams::new(Vec::new()).expect("a name");
    stranger.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    std::fs::write(path("ca.pem"), stranger.self_signed(&stranger_key).expect("signed").pem())
        .expect("a file");
    assert_eq!(node(&table).ping().await, Err(StateError::Unreachable));
}
