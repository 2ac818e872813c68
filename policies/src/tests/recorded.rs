//! Is a question that was kept the same question when it is asked again?

use std::time::Duration;

use proptest::prelude::*;

use super::slices::requests;
use super::{ask, fhir, shipped};
use crate::{Acr, Asked, ClientKind, Interaction, Purpose, Said};

proptest! {
    #[test]
    fn what_is_kept_asks_the_same_again(request in requests(), age in proptest::option::of(0..1_000_u64)) {
        thread_local!(static SET: crate::PolicySet = shipped());
        let decision = SET.with(|set| set.decide(&request));
        let (client, purpose) = (request.client.id.clone(), request.purpose);
        let of_event = Said { client: Some(&client), purpose: Some(purpose.as_str()) };
        for said in [Said::default(), of_event] {
            let asked = Asked::new(&request, age.map(Duration::from_secs), &decision, said);
            let json = serde_json::to_string(&asked).unwrap();
            let read: Asked = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(&read, &asked);
            prop_assert_eq!(read.request(said), Some(request.clone()));
            prop_assert_eq!(read.age(), age.map(Duration::from_secs));
        }
    }
}

#[test]
fn an_everyday_question_is_short_and_names_nobody() {
    let request = ask(
        ClientKind::Clinic,
        fhir("dossier", "Condition", Interaction::Read),
        Purpose::Treatment,
        Acr::Card,
    );
    let said = Said { client: Some("clinic-1"), purpose: Some("TREAT") };
    let asked = Asked::new(&request, Some(Duration::from_secs(35)), &shipped().decide(&request), said);
    let json = serde_json::to_string(&asked).unwrap();
    assert_eq!(
        json,
        r#"{"kind":"clinic","do":"read","at":"dossier","of":"Condition","acr":"card","age":35,"permit":true}"#
    );
}

#[test]
fn a_yes_that_wants_a_recent_proof_is_kept_as_what_it_was() {
    let whole = fhir("dossier", "Patient", Interaction::Operation);
    let request = ask(ClientKind::Clinic, whole, Purpose::Treatment, Acr::Holder);
    let decision = shipped().decide(&request);
    let permit = |age| Asked::new(&request, age, &decision, Said::default()).permit;
    assert!(permit(Some(Duration::from_secs(300))));
    assert!(!permit(Some(Duration::from_secs(301))) && !permit(None));
}
