//! The folder, made twice, in a place with spaces.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::*;
use crate::clock::{Clock, ManualClock};
use crate::config::Config;
use crate::trust::Trust;
use card_reader::CardTranscript;
use card_reader::simulated::CardFile;
use time::Duration;
use time::macros::datetime;

const AT: OffsetDateTime = datetime!(2026-11-22 10:00 UTC);

/// Every file of the folder that must not change when nothing is old.
fn lasting_files(folder: &StateFolder) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.root().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => drop(files.insert(path.clone(), fs::read(&path).unwrap())),
            }
        }
    }
    files.retain(|path, _| {
        let name = path.file_name().unwrap().to_str().unwrap();
        !name.contains(".crl.") && !name.starts_with("bawaba.db") && name != "issued.json"
    });
    files
}

#[tokio::test]
async fn made_twice_it_is_the_same_world() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("un état à moi");
    let first = World::create(&state, Ports::at(8440), AT).await.unwrap();
    let before = lasting_files(first.folder());
    drop(first);
    let second = World::create(&state, Ports::at(8440), AT + Duration::days(30)).await.unwrap();
    assert_eq!(before, lasting_files(second.folder()));
    let config = Config::load(&second.folder().config()).unwrap();
    assert_eq!(config.issuer, "https://localhost:8441");
    assert_eq!(config.back_ends.len(), 3);
    for path in before.keys().filter(|path| path.to_string_lossy().contains("key")) {
        let mode = fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} can be read by others", path.display());
    }
}

#[tokio::test]
async fn a_moved_base_keeps_patients_and_cards() {
    let dir = tempfile::tempdir().unwrap();
    let first = World::create(dir.path(), Ports::at(8440), AT).await.unwrap();
    let patients = first.patients_at("prescription").unwrap();
    drop(first);
    let second = World::create(dir.path(), Ports::at(9440), AT).await.unwrap();
    let subjects =
        |patients: Vec<Patient>| patients.into_iter().map(|patient| patient.subject).collect::<Vec<_>>();
    assert_eq!(subjects(patients), subjects(second.patients_at("prescription").unwrap()));
}

#[tokio::test]
async fn one_folder_one_demonstration() {
    let dir = tempfile::tempdir().unwrap();
    let _first = World::create(dir.path(), Ports::at(8440), AT).await.unwrap();
    let second = World::create(dir.path(), Ports::at(8450), AT).await.unwrap_err();
    assert!(second.to_string().contains("--state"), "{second}");
}

#[tokio::test]
async fn a_world_that_nobody_visited_for_a_year_works_again() {
    let dir = tempfile::tempdir().unwrap();
    drop(World::create(dir.path(), Ports::at(8440), AT).await.unwrap());
    for days in [80, 300, 365, 700, 3_000] {
        let at = AT + Duration::days(days);
        let world = World::create(dir.path(), Ports::at(8440), at).await.unwrap();
        let config = Config::load(&world.folder().config()).unwrap();
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(at));
        let trust = Trust::load(&config.trust, &config.tls, clock).unwrap();
        assert!(trust.client_crl_next_update() - at > Duration::days(300), "after {days} days");
        for person in &people::PEOPLE {
            let card = CardFile::load(&world.folder().card(person.card)).unwrap();
            let authentic = transcript(card).authenticate(&trust.documents(), at).is_ok();
            assert_eq!(authentic, person.card != people::EXPIRED, "{} after {days} days", person.card);
        }
        for (_, special) in [people::CLONED, people::SIGNER_REVOKED] {
            let card = CardFile::load(&world.folder().card(special)).unwrap();
            let authentic = transcript(card).authenticate(&trust.documents(), at).is_ok();
            // A clone's data are right; only its chip is not.
            assert_eq!(authentic, special == people::CLONED.1, "{special} after {days} days");
        }
    }
}

fn transcript(card: CardFile) -> CardTranscript {
    let can = card_reader::Can::parse(&card.can).unwrap();
    let profile = card.card_profile().unwrap();
    let mut chip = card.insert().unwrap();
    card_reader::Conversation::open(&mut chip, &can, profile).unwrap().read_transcript().unwrap()
}
