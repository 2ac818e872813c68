//! The contract of `SharedState`, for two nodes of one memory.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bawaba_tests::redis::Redis;
use futures_util::future::join_all;
use gateway::state::{Entered, Epoch, EpochId, Look, SharedState, Space, Spent, StateError, Taken};

const LIFE: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(300);

type Nodes = [Arc<dyn SharedState>; 2];

/// Everything that is agreed.
pub(super) async fn all(nodes: Nodes) {
    both_see_one_epoch(&nodes).await;
    kept_for_one_taker(&nodes).await;
    taken_once_of_all(&nodes).await;
    spent_once_of_all(&nodes).await;
    counted_without_loss(&nodes).await;
    rooms_have_their_bound(&nodes).await;
    windows_hold_the_newest(&nodes).await;
    windows_lose_nothing_to_a_race(&nodes).await;
    what_is_past_is_forgotten(&nodes).await;
    spaces_do_not_meet(&nodes).await;
    odd_names_are_names(&nodes).await;
    too_long_is_refused(&nodes).await;
    another_epoch_spends_nothing(&nodes).await;
    nudges_reach_the_other(&nodes).await;
}

/// Whether it becomes true in generous time.
pub(super) async fn eventually(mut there: impl AsyncFnMut() -> bool) -> bool {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(20) {
        if there().await {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    false
}

async fn both_see_one_epoch([here, there]: &Nodes) {
    here.ping().await.expect("reachable");
    there.ping().await.expect("reachable");
    assert_eq!(here.epoch().await, there.epoch().await);
    let since = here.epoch().await.expect("an epoch").since;
    let now = gateway::clock::Clock::now(&gateway::clock::SystemClock);
    assert!((now - since).whole_seconds() < 60 && since <= now + Duration::from_secs(1), "{since}");
}

async fn kept_for_one_taker([here, there]: &Nodes) {
    let value: Vec<u8> = (0..=255).cycle().take(10_000).collect();
    here.put(Space::Presence, "a", "pharmacy", &value, LIFE).await.expect("kept");
    let taken = here.put(Space::Presence, "a", "pharmacy", b"other", LIFE).await;
    assert_eq!(taken, Err(StateError::KeyTaken));
    for _ in 0..2 {
        assert_eq!(there.take(Space::Presence, "a", "thief").await, Ok(Taken::AnothersOwn));
    }
    assert_eq!(there.take(Space::Presence, "a", "pharmacy").await, Ok(Taken::Now(value)));
    for node in [here, there] {
        assert_eq!(node.take(Space::Presence, "a", "pharmacy").await, Ok(Taken::Before));
    }
    assert_eq!(here.take(Space::Presence, "a", "thief").await, Ok(Taken::AnothersOwn));
    assert_eq!(here.put(Space::Presence, "a", "pharmacy", b"new", LIFE).await, Err(StateError::KeyTaken));
    assert_eq!(here.take(Space::Presence, "never", "pharmacy").await, Ok(Taken::Unknown));
}

async fn taken_once_of_all(nodes: &Nodes) {
    nodes[0].put(Space::StepUp, "race", "me", b"value", LIFE).await.expect("kept");
    let tries = (0..64).map(|turn| nodes[turn % 2].take(Space::StepUp, "race", "me"));
    let taken: Vec<_> = join_all(tries).await.into_iter().map(|taken| taken.expect("an answer")).collect();
    assert_eq!(taken.iter().filter(|taken| **taken == Taken::Now(b"value".to_vec())).count(), 1);
    assert_eq!(taken.iter().filter(|taken| **taken == Taken::Before).count(), 63);
}

async fn spent_once_of_all(nodes: &Nodes) {
    let epoch = nodes[0].epoch().await.expect("an epoch");
    let tries = (0..64).map(|turn| nodes[turn % 2].spend(Space::DpopProof, "jti", LIFE, &epoch));
    let spent: Vec<_> = join_all(tries).await.into_iter().map(|spent| spent.expect("an answer")).collect();
    assert_eq!(spent.iter().filter(|spent| **spent == Spent::First).count(), 1);
}

async fn counted_without_loss(nodes: &Nodes) {
    let epoch = nodes[0].epoch().await.expect("an epoch");
    let adds = (0..64).map(|turn| nodes[turn % 2].count(Space::StatusList, "places", 100, LIFE, &epoch));
    let mut totals: Vec<_> = join_all(adds).await.into_iter().map(|total| total.expect("a total")).collect();
    totals.sort_unstable();
    assert_eq!(totals, (1..=64).map(|turn| turn * 100).collect::<Vec<u64>>(), "nobody gets another's total");
    assert_eq!(nodes[0].count(Space::StatusList, "places", 0, LIFE, &epoch).await, Ok(6_400));
}

async fn rooms_have_their_bound(nodes: &Nodes) {
    let members: Vec<_> = (0..40).map(|number| format!("member-{number}")).collect();
    let tries = members
        .iter()
        .enumerate()
        .map(|(turn, member)| nodes[turn % 2].enter(Space::Presence, "room", member, 30, LIFE));
    let entered: Vec<_> =
        join_all(tries).await.into_iter().map(|entered| entered.expect("an answer")).collect();
    assert_eq!(entered.iter().filter(|entered| **entered == Entered::Yes).count(), 30);
    assert_eq!(nodes[1].inside(Space::Presence, "room").await, Ok(30));
    let inside = entered.iter().position(|entered| *entered == Entered::Yes).expect("one of thirty");
    let again = nodes[1].enter(Space::Presence, "room", &members[inside], 30, LIFE).await;
    assert_eq!(again, Ok(Entered::Yes), "whoever is in stays in");
    assert_eq!(nodes[0].enter(Space::Presence, "room", "late", 30, LIFE).await, Ok(Entered::Full));
    nodes[0].leave(Space::Presence, "room", &members[inside]).await.expect("left");
    nodes[0].leave(Space::Presence, "room", "nobody").await.expect("left");
    assert_eq!(nodes[1].enter(Space::Presence, "room", "late", 30, LIFE).await, Ok(Entered::Yes));
    assert_eq!(nodes[1].inside(Space::Presence, "another room").await, Ok(0));
    for member in ["x", "y"] {
        assert_eq!(nodes[0].enter(Space::StepUp, "short", member, 2, SHORT).await, Ok(Entered::Yes));
    }
    let room = async || nodes[1].enter(Space::StepUp, "short", "z", 2, SHORT).await == Ok(Entered::Yes);
    assert!(eventually(room).await, "who is past leaves by himself");
}

async fn windows_hold_the_newest([here, there]: &Nodes) {
    let look = async |node: &Arc<dyn SharedState>, entry: Option<&[u8]>, from: &[u8], most| {
        let look = Look { entry, from, most, keep: LIFE };
        let seen = node.window(Space::Fraud, "card", look).await.expect("a window");
        seen.iter().map(|entry| String::from_utf8_lossy(entry).into_owned()).collect::<Vec<_>>()
    };
    assert!(look(here, None, b"", 3).await.is_empty());
    assert_eq!(look(here, Some(b"b"), b"", 3).await, ["b"]);
    assert_eq!(look(there, Some(b"b"), b"", 3).await, ["b"], "twice is as once");
    assert_eq!(look(here, Some(b"a\0\r\n"), b"", 3).await, ["a\0\r\n", "b"], "in the order of their octets");
    assert_eq!(look(there, Some(b"c"), b"", 3).await, ["a\0\r\n", "b", "c"]);
    assert_eq!(look(here, Some(b""), b"", 3).await, ["a\0\r\n", "b", "c"], "the lowest goes");
    assert_eq!(look(there, Some(b"d"), b"", 3).await, ["b", "c", "d"]);
    assert_eq!(look(here, Some(b"a"), b"c", 3).await, ["c", "d"], "what is too old goes");
    assert_eq!(look(there, None, b"", 1).await, ["d"], "as many as are asked for");
    assert_eq!(look(here, Some(b"\xff\x00"), b"", 2).await.len(), 2);
    assert!(look(here, None, b"", 0).await.is_empty());
    let short = |entry| there.window(Space::Fraud, "short", Look { entry, from: b"", most: 9, keep: SHORT });
    assert_eq!(short(Some(b"a")).await, Ok(vec![b"a".to_vec()]));
    let past = async || short(None).await == Ok(vec![]);
    assert!(eventually(past).await, "a window has a life");
}

async fn windows_lose_nothing_to_a_race(nodes: &Nodes) {
    let entries: Vec<[u8; 1]> = (0..64).map(|number| [number]).collect();
    let puts = entries.iter().enumerate().map(|(turn, entry)| {
        let look = Look { entry: Some(entry), from: b"", most: 100, keep: LIFE };
        nodes[turn % 2].window(Space::Fraud, "race", look)
    });
    let mut seen: Vec<_> =
        join_all(puts).await.into_iter().map(|seen| seen.expect("a window").len()).collect();
    seen.sort_unstable();
    assert_eq!(seen, (1..=64).collect::<Vec<_>>(), "each saw its own and all that came before it");
}

async fn what_is_past_is_forgotten([here, there]: &Nodes) {
    let epoch = here.epoch().await.expect("an epoch");
    here.put(Space::Presence, "short", "me", b"value", SHORT).await.expect("kept");
    assert_eq!(here.spend(Space::Assertion, "short", SHORT, &epoch).await, Ok(Spent::First));
    assert_eq!(here.count(Space::Refusal, "short", 5, SHORT, &epoch).await, Ok(5));
    tokio::time::sleep(SHORT * 2).await;
    assert_eq!(there.take(Space::Presence, "short", "me").await, Ok(Taken::Unknown));
    assert_eq!(there.spend(Space::Assertion, "short", SHORT, &epoch).await, Ok(Spent::First));
    assert_eq!(there.count(Space::Refusal, "short", 5, SHORT, &epoch).await, Ok(5));
    here.sweep();
    here.put(Space::Presence, "short", "me", b"value", SHORT).await.expect("kept");
}

async fn spaces_do_not_meet([here, there]: &Nodes) {
    let epoch = here.epoch().await.expect("an epoch");
    for space in Space::ALL {
        assert_eq!(here.spend(space, "one name", LIFE, &epoch).await, Ok(Spent::First), "{space:?}");
        assert_eq!(there.count(space, "one name", 1, LIFE, &epoch).await, Ok(1), "{space:?}");
        here.put(space, "one name", "me", b"value", LIFE).await.expect("kept");
        assert_eq!(there.enter(space, "one name", "me", 1, LIFE).await, Ok(Entered::Yes), "{space:?}");
        let look = Look { entry: Some(space.name().as_bytes()), from: b"", most: 9, keep: LIFE };
        assert_eq!(here.window(space, "one name", look).await.map(|seen| seen.len()), Ok(1), "{space:?}");
    }
}

async fn odd_names_are_names([here, there]: &Nodes) {
    let epoch = here.epoch().await.expect("an epoch");
    for name in ["", "{a}b}", "a\r\nb", "\0", "بوابة", "*", "a:b"] {
        assert_eq!(here.spend(Space::DpopProof, name, LIFE, &epoch).await, Ok(Spent::First), "{name:?}");
        assert_eq!(there.spend(Space::DpopProof, name, LIFE, &epoch).await, Ok(Spent::Again), "{name:?}");
        here.put(Space::DpopProof, name, name, name.as_bytes(), LIFE).await.expect("kept");
        let look = Look { entry: Some(name.as_bytes()), from: b"", most: 9, keep: LIFE };
        here.window(Space::Fraud, name, look).await.expect("a window");
        let seen = there.window(Space::Fraud, name, Look { entry: None, ..look }).await;
        assert_eq!(seen, Ok(vec![name.as_bytes().to_vec()]), "{name:?}");
        let taken = there.take(Space::DpopProof, name, name).await;
        assert_eq!(taken, Ok(Taken::Now(name.as_bytes().to_vec())), "{name:?}");
    }
}

async fn too_long_is_refused([here, _]: &Nodes) {
    let epoch = here.epoch().await.expect("an epoch");
    let (name, value) = ("n".repeat(257), vec![0; (64 << 10) + 1]);
    let refused = Err(StateError::TooLong);
    assert_eq!(here.put(Space::Presence, "long", "me", &value, LIFE).await, refused);
    assert_eq!(here.put(Space::Presence, "long", &name, b"", LIFE).await, refused);
    assert_eq!(here.put(Space::Presence, &name, "me", b"", LIFE).await, refused);
    assert_eq!(here.spend(Space::Presence, &name, LIFE, &epoch).await, Err(StateError::TooLong));
    assert_eq!(here.count(Space::Presence, &name, 1, LIFE, &epoch).await, Err(StateError::TooLong));
    assert_eq!(here.enter(Space::Presence, "r", &name, 1, LIFE).await, Err(StateError::TooLong));
    let window = |name, entry, from, most| {
        here.window(Space::Fraud, name, Look { entry: Some(entry), from, most, keep: LIFE })
    };
    assert_eq!(window(&name, &[], &[], 1).await, Err(StateError::TooLong));
    assert_eq!(window("long", &value[..65], &[], 1).await, Err(StateError::TooLong));
    assert_eq!(window("long", &[], &value[..65], 1).await, Err(StateError::TooLong));
    assert_eq!(window("long", &[], &[], 129).await, Err(StateError::TooLong));
    assert_eq!(window("long", &value[..64], &value[..64], 128).await, Ok(vec![value[..64].to_vec()]));
    here.put(Space::Presence, "long", "me", &value[..64 << 10], LIFE).await.expect("the longest fits");
}

async fn another_epoch_spends_nothing([here, there]: &Nodes) {
    let epoch = here.epoch().await.expect("an epoch");
    let other = Epoch { id: EpochId([7; 16]), ..epoch };
    assert_eq!(there.spend(Space::DpopProof, "kept", LIFE, &other).await, Err(StateError::MemoryLost));
    assert_eq!(there.count(Space::StatusList, "kept", 1, LIFE, &other).await, Err(StateError::MemoryLost));
    assert_eq!(there.spend(Space::DpopProof, "kept", LIFE, &epoch).await, Ok(Spent::First));
}

async fn nudges_reach_the_other([here, there]: &Nodes) {
    let mut heard = there.nudged();
    let arrived = async || {
        here.nudge();
        tokio::time::timeout(Duration::from_millis(200), heard.changed()).await.is_ok()
    };
    assert!(eventually(arrived).await, "one of many nudges arrives");
}

/// A memory that is never emptied is full one day.
pub(super) fn every_key_has_an_expiry(redis: &Redis) {
    let script = "local keys, wrong = redis.call('KEYS', '*'), 0 \
        for _, key in ipairs(keys) do \
            if redis.call('PTTL', key) == -1 or string.sub(key, 1, 8) ~= 'bawaba:{' then wrong = wrong + 1 end \
        end return #keys .. ' keys, ' .. wrong .. ' wrong'";
    let said = redis.cli(&["EVAL", script, "0"]);
    assert!(said.trim().ends_with(" 0 wrong") && !said.starts_with("0 "), "{said}");
}
