//! What the registry promises, on both engines.

use card_reader::NationalNumber;
use gateway::dpop::ClientKey;
use gateway::registry::{
    CardReport, Client, Coverage, CoverageScheme, HealthId, NewPatient, Relationship, Site,
};
use policies::{CareLevel, ClientKind};
use time::macros::{date, datetime};

use super::kingdom::Kingdom;

fn amina() -> NewPatient {
    NewPatient {
        national_number: NationalNumber::parse("AB123456"),
        health_id: HealthId::parse("IS-0000-7777").expect("an id"),
        coverage: Coverage { scheme: CoverageScheme::Tadamon, open_until: date!(2027 - 01 - 31) },
        birth_year: Some(1984),
    }
}

fn pharmacy(active: bool) -> Client {
    Client {
        id: "pharmacy-1".to_owned(),
        kind: ClientKind::Pharmacy,
        name: "صيدلية الأمل «l'Espoir» 💊".to_owned(),
        city: "Fès".to_owned(),
        active,
        scopes: vec!["prescription".to_owned(), "billing".to_owned()],
        key: active.then(|| ClientKey::parse(RFC_9449.as_bytes()).expect("a public key")),
        site: if active {
            Site {
                level: Some(CareLevel::Primary),
                position: "33.573110,-7.589843".parse().ok(),
                hours: "08:30-20:00".parse().ok(),
            }
        } else {
            Site::default()
        },
    }
}

/// The key of the examples of RFC 9449.
const RFC_9449: &str = r#"{"kty":"EC","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
    "y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA","crv":"P-256"}"#;

#[tokio::test]
async fn an_enrolled_patient_is_found_by_subject_by_every_process() {
    for kingdom in Kingdom::both().await {
        let subject = kingdom.registry().await.enrol(&amina()).await.expect("enrolled");
        let registry = kingdom.registry().await;
        let patient = registry.patient_by_subject(&subject).await.expect("an answer").expect("a patient");
        assert_eq!(patient.health_id.expose(), "IS-0000-7777", "{}", kingdom.engine());
        assert_eq!((patient.coverage.clone(), patient.birth_year), (amina().coverage, Some(1984)));
        for unknown in ["nobody", "", "'; DROP TABLE patient; --", &"x".repeat(10_000), "مجهول"] {
            assert!(registry.patient_by_subject(unknown).await.expect("an answer").is_none(), "{unknown}");
        }
    }
}

#[tokio::test]
async fn enrolling_again_brings_up_to_date_and_keeps_the_subject() {
    for kingdom in Kingdom::both().await {
        let (here, elsewhere) = (kingdom.registry().await, kingdom.registry().await);
        let subject = here.enrol(&amina()).await.expect("enrolled");
        assert!(elsewhere.patient_by_subject(&subject).await.expect("an answer").is_some());
        let mut closed = amina();
        (closed.coverage.open_until, closed.birth_year) = (date!(2026 - 01 - 31), None);
        assert_eq!(here.enrol(&closed).await.expect("enrolled"), subject);
        elsewhere.refresh().await.expect("a refresh");
        let patient = elsewhere.patient_by_subject(&subject).await.expect("an answer").expect("a patient");
        assert!(!patient.coverage.is_open(datetime!(2026-02-01 00:00 UTC)), "{}", kingdom.engine());
        assert_eq!(patient.birth_year, None);
    }
}

#[tokio::test]
async fn two_patients_never_share_a_national_number() {
    for kingdom in Kingdom::both().await {
        let registry = kingdom.registry().await;
        registry.enrol(&amina()).await.expect("enrolled");
        let other = NewPatient { health_id: HealthId::parse("IS-0000-9999").expect("an id"), ..amina() };
        let refused = registry.enrol(&other).await.expect_err("refused");
        assert_eq!(refused.code(), "registry-database-failed", "{}", kingdom.engine());
        assert!(!refused.to_string().contains("AB123456"));
    }
}

#[tokio::test]
async fn guardianship_needs_two_who_are_enrolled_and_twice_is_as_once() {
    for kingdom in Kingdom::both().await {
        let registry = kingdom.registry().await;
        let guardian = registry.enrol(&amina()).await.expect("enrolled");
        let child = NewPatient {
            national_number: None,
            health_id: HealthId::parse("IS-0000-8888").expect("an id"),
            ..amina()
        };
        let child = registry.enrol(&child).await.expect("enrolled");
        for relationship in [Relationship::Child, Relationship::Ward] {
            registry.link_guardian(&guardian, &child, relationship).await.expect("linked");
        }
        for (one, other) in [("nobody", child.as_str()), (guardian.as_str(), "nobody")] {
            let refused = registry.link_guardian(one, other, Relationship::Child).await;
            assert_eq!(
                refused.expect_err("refused").code(),
                "registry-row-malformed",
                "{}",
                kingdom.engine()
            );
        }
    }
}

#[tokio::test]
async fn a_report_can_be_made_again_with_another_reason() {
    for kingdom in Kingdom::both().await {
        let registry = kingdom.registry().await;
        for report in [CardReport::Lost, CardReport::Stolen, CardReport::Stolen] {
            let at = datetime!(2026-01-01 00:00 UTC);
            registry.report_card("XK77777", report, at).await.expect("reported");
        }
    }
}

#[tokio::test]
async fn a_client_changed_by_another_process_is_known_at_the_next_refresh() {
    for kingdom in Kingdom::both().await {
        let (here, elsewhere) = (kingdom.registry().await, kingdom.registry().await);
        elsewhere.register_client(&pharmacy(true)).await.expect("registered");
        assert!(here.client("pharmacy-1").is_none(), "{}: asked without a refresh", kingdom.engine());
        here.refresh().await.expect("a refresh");
        assert_eq!(*here.client("pharmacy-1").expect("a client"), pharmacy(true), "{}", kingdom.engine());
        elsewhere.register_client(&pharmacy(false)).await.expect("registered");
        here.refresh().await.expect("a refresh");
        assert!(!here.client("pharmacy-1").expect("a client").active);
        assert!(here.client("pharmacy-2").is_none());
        assert_eq!(here.clients().len(), 1);
    }
}

#[tokio::test]
async fn the_database_tells_the_time() {
    for kingdom in Kingdom::both().await {
        let store = kingdom.store().await;
        let (first, second) = (store.now().await.expect("a time"), store.now().await.expect("a time"));
        assert!(first <= second && first > datetime!(2026-11-01 00:00 UTC), "{}: {first}", kingdom.engine());
        store.ping().await.expect("an answer");
    }
}
