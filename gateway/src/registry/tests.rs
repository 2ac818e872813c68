use std::sync::Arc;

use card_reader::NationalNumber;
use hsm_config::{Signer, SoftwareKeys};
use policies::ClientKind;
use time::macros::{date, datetime};

use super::*;
use crate::store::StorePlace;

struct Kingdom {
    folder: tempfile::TempDir,
    signer: Arc<dyn Signer>,
}

impl Kingdom {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            signer: Arc::new(SoftwareKeys::generate(time::OffsetDateTime::UNIX_EPOCH).unwrap()),
        }
    }

    async fn registry(&self) -> Registry {
        let store = Store::open(&StorePlace::Sqlite(self.path())).await.unwrap();
        let issuer = "https://localhost:8441".to_owned();
        let tokens = Tokens::new(self.signer.clone(), issuer.clone(), issuer.clone());
        Registry::open(store, self.signer.clone(), Arc::new(tokens), issuer).await.unwrap()
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("bawaba.db")
    }
}

fn amina() -> NewPatient {
    NewPatient {
        national_number: NationalNumber::parse("AB123456"),
        health_id: HealthId::parse("IS-0000-7777").unwrap(),
        coverage: Coverage { scheme: CoverageScheme::Tadamon, open_until: date!(2027 - 01 - 31) },
        birth_year: Some(1984),
    }
}

fn pharmacy(active: bool) -> Client {
    Client {
        id: "pharmacy-1".to_owned(),
        kind: ClientKind::Pharmacy,
        name: "Pharmacie du Centre".to_owned(),
        city: "Rabat".to_owned(),
        active,
        scopes: vec!["prescription".to_owned(), "billing".to_owned()],
        key: None,
        site: Site::default(),
    }
}

#[tokio::test]
async fn enrolled_patient_is_found_by_subject_also_after_a_restart() {
    let kingdom = Kingdom::new();
    let subject = kingdom.registry().await.enrol(&amina()).await.unwrap();
    let registry = kingdom.registry().await;
    let patient = registry.patient_by_subject(&subject).await.unwrap().unwrap();
    assert_eq!(patient.health_id.expose(), "IS-0000-7777");
    assert_eq!(patient.coverage, amina().coverage);
    assert_eq!(patient.birth_year, Some(1984));
    assert!(registry.patient_by_subject("nobody").await.unwrap().is_none());
}

#[tokio::test]
async fn enrolling_again_brings_up_to_date_and_keeps_the_subject() {
    let kingdom = Kingdom::new();
    let registry = kingdom.registry().await;
    let subject = registry.enrol(&amina()).await.unwrap();
    assert!(registry.patient_by_subject(&subject).await.unwrap().is_some());
    let mut closed = amina();
    closed.coverage.open_until = date!(2026 - 01 - 31);
    assert_eq!(registry.enrol(&closed).await.unwrap(), subject);
    let patient = registry.patient_by_subject(&subject).await.unwrap().unwrap();
    assert!(!patient.coverage.is_open(datetime!(2026-02-01 00:00 UTC)));
    assert!(patient.coverage.is_open(datetime!(2026-01-31 23:00 UTC)));
}

#[tokio::test]
async fn database_file_holds_no_number_and_no_identifier() {
    let kingdom = Kingdom::new();
    let registry = kingdom.registry().await;
    registry.enrol(&amina()).await.unwrap();
    registry.report_card("XK77777", CardReport::Stolen, datetime!(2026-01-01 00:00 UTC)).await.unwrap();
    registry.store.close().await;
    let bytes = std::fs::read(kingdom.path()).unwrap();
    for secret in ["AB123456", "IS-0000-7777", "XK77777"] {
        assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()), "{secret} in clear");
    }
}

#[tokio::test]
async fn dependants_need_a_known_guardian() {
    let kingdom = Kingdom::new();
    let registry = kingdom.registry().await;
    let guardian = registry.enrol(&amina()).await.unwrap();
    let child =
        NewPatient { national_number: None, health_id: HealthId::parse("IS-0000-8888").unwrap(), ..amina() };
    let child = registry.enrol(&child).await.unwrap();
    registry.link_guardian(&guardian, &child, Relationship::Child).await.unwrap();
    assert!(registry.link_guardian("nobody", &child, Relationship::Child).await.is_err());
    registry.report_card("XK77777", CardReport::Lost, datetime!(2026-01-01 00:00 UTC)).await.unwrap();
    let number = registry.index(b"national-number", "AB123456").unwrap();
    let document = registry.index(b"document-number", "XK77777").unwrap();
    let rows = store::presented(&registry.store, &number, &document).await.unwrap();
    assert_eq!(rows.holder.unwrap().subject, guardian);
    assert_eq!(rows.report, Some(CardReport::Lost));
    assert_eq!(rows.dependants.len(), 1);
    assert_eq!(rows.dependants[0].1.subject, child);
    let rows = store::presented(&registry.store, &document, &number).await.unwrap();
    assert!(rows.holder.is_none() && rows.report.is_none() && rows.dependants.is_empty());
}

#[tokio::test]
async fn suspended_client_is_known_to_every_process_at_the_next_refresh() {
    let kingdom = Kingdom::new();
    let (here, elsewhere) = (kingdom.registry().await, kingdom.registry().await);
    elsewhere.register_client(&pharmacy(true)).await.unwrap();
    here.refresh().await.unwrap();
    assert_eq!(*here.client("pharmacy-1").unwrap(), pharmacy(true));
    elsewhere.register_client(&pharmacy(false)).await.unwrap();
    here.refresh().await.unwrap();
    assert!(!here.client("pharmacy-1").unwrap().active);
    assert!(here.client("pharmacy-2").is_none());
}

#[test]
fn identifiers_do_not_show_in_debug() {
    assert!(!format!("{:?}", amina()).contains("7777"));
    assert!(!format!("{:?}", amina()).contains("123456"));
}
