//! Is the folder whole at every moment, and does belief end where the operator ends it?

use time::OffsetDateTime;
use time::macros::datetime;

use super::snapshot::{Action, Decision, Entry, List, ObjectKind, Source, SourceKind, Voucher};
use super::{Snapshot, StoreError, StoreFolder};

const NOW: OffsetDateTime = datetime!(2026-11-22 09:00 UTC);

fn entry(name: &str, issuer: Option<&str>, voucher: Voucher) -> Entry {
    Entry {
        fingerprint: name.to_owned(),
        kind: if issuer.is_some() { ObjectKind::Link } else { ObjectKind::SelfSigned },
        key: format!("key of {name}"),
        issuers: issuer.map(|issuer| format!("key of {issuer}")).into_iter().collect(),
        voucher,
        deviations: Vec::new(),
    }
}

fn source(entries: Vec<Entry>, rests_on: &[&str]) -> Source {
    let list = List {
        signer: "signer".to_owned(),
        signer_fingerprint: String::new(),
        signer_key_id: None,
        signer_not_after: NOW,
        anchor: "anchor".to_owned(),
        anchor_fingerprint: String::new(),
        signed_at: None,
        rests_on: rests_on.iter().map(|key| (*key).to_owned()).collect(),
    };
    Source {
        kind: SourceKind::MasterList,
        file: String::new(),
        sha256: String::new(),
        imported_at: NOW,
        lists: vec![list],
        entries,
        refused: Default::default(),
    }
}

fn decide(snapshot: &mut Snapshot, action: Action, name: &str) {
    snapshot.decisions.push(Decision {
        action,
        fingerprint: name.to_owned(),
        key: format!("key of {name}"),
        kind: ObjectKind::SelfSigned,
        reason: None,
        at: NOW,
    });
}

fn standing(snapshot: &Snapshot) -> Vec<(String, &'static str)> {
    snapshot.known().values().map(|known| (known.fingerprint.to_owned(), known.standing.code())).collect()
}

fn told(expected: &[(&str, &'static str)]) -> Vec<(String, &'static str)> {
    expected.iter().map(|(name, state)| ((*name).to_owned(), *state)).collect()
}

#[test]
fn links_are_followed_from_whom_somebody_vouches_for_and_loops_from_nobody() {
    let mut snapshot = Snapshot::empty(NOW);
    let entries = vec![
        entry("a root", None, Voucher::Operator),
        entry("b link", Some("a root"), Voucher::Issuer),
        entry("c link", Some("b link"), Voucher::Issuer),
        entry("d loop", Some("e loop"), Voucher::Issuer),
        entry("e loop", Some("d loop"), Voucher::Issuer),
    ];
    snapshot.sources.insert("file".to_owned(), source(entries, &[]));
    let loops = [("d loop", "fallen"), ("e loop", "fallen")];
    let believed = [("a root", "believed"), ("b link", "believed"), ("c link", "believed")];
    assert_eq!(standing(&snapshot), told(&[&believed[..], &loops].concat()));
    decide(&mut snapshot, Action::Distrust, "a root");
    let fallen = [("a root", "distrusted"), ("b link", "fallen"), ("c link", "fallen")];
    assert_eq!(standing(&snapshot), told(&[&fallen[..], &loops].concat()));
    decide(&mut snapshot, Action::Pin, "b link");
    let pinned = [("a root", "distrusted"), ("b link", "pinned"), ("c link", "believed")];
    assert_eq!(standing(&snapshot), told(&[&pinned[..], &loops].concat()));
}

#[test]
fn another_list_keeps_up_what_one_lets_fall() {
    let mut snapshot = Snapshot::empty(NOW);
    let both = || vec![entry("x", None, Voucher::List(0))];
    snapshot.sources.insert("one".to_owned(), source(both(), &["key of one"]));
    snapshot.sources.insert("two".to_owned(), source(both(), &["key of two"]));
    decide(&mut snapshot, Action::Distrust, "one");
    assert_eq!(standing(&snapshot), told(&[("one", "distrusted"), ("x", "believed")]));
    decide(&mut snapshot, Action::Distrust, "two");
    assert_eq!(standing(&snapshot)[2], ("x".to_owned(), "fallen"));
}

#[test]
fn many_writers_lose_nothing_and_readers_see_whole_snapshots() {
    let dir = tempfile::tempdir().unwrap();
    let folder = StoreFolder::new(dir.path());
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let folder = &folder;
            scope.spawn(move || {
                for round in 0..5 {
                    let name = format!("{writer}-{round}");
                    let added = folder.update(NOW, |snapshot| -> Result<(), StoreError> {
                        snapshot.sources.insert(name, source(Vec::new(), &[]));
                        Ok(())
                    });
                    added.unwrap();
                }
            });
        }
        scope.spawn(|| {
            let mut last = 0;
            while last < 40 {
                let count = folder.load().unwrap().map_or(0, |snapshot| snapshot.sources.len());
                assert!(count >= last, "a reader saw an older snapshot after a newer one");
                last = count;
            }
        });
    });
    // Each snapshot stays as it was written, and names the one before.
    assert_eq!(std::fs::read_dir(dir.path().join("snapshots")).unwrap().count(), 40);
    assert!(folder.load().unwrap().unwrap().previous.is_some());
}

#[test]
fn a_snapshot_that_was_changed_is_refused_and_a_refused_change_leaves_all_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let folder = StoreFolder::new(dir.path());
    assert!(folder.load().unwrap().is_none());
    folder.update(NOW, |_| Ok::<_, StoreError>(())).unwrap();
    let refused = folder.update(NOW, |snapshot| -> Result<(), StoreError> {
        decide(snapshot, Action::Pin, "x");
        Err(StoreError::Damaged { path: "x".into(), problem: "no" })
    });
    assert!(refused.is_err() && folder.load().unwrap().unwrap().decisions.is_empty());
    let snapshot = std::fs::read_dir(dir.path().join("snapshots")).unwrap().next().unwrap().unwrap().path();
    let text = std::fs::read_to_string(&snapshot).unwrap();
    std::fs::remove_file(&snapshot).unwrap();
    std::fs::write(&snapshot, text.replace("\"version\":1", "\"version\": 1")).unwrap();
    assert!(matches!(folder.load(), Err(StoreError::Damaged { .. })));
    std::fs::write(folder.current(), "{\"snapshot\":\"../../etc/passwd\",\"sha256\":\"\"}").unwrap();
    assert!(matches!(folder.load(), Err(StoreError::Damaged { .. })));
}
