//! What must the registry know before the first card is read?

use anyhow::{Context, Result};
use card_reader::NationalNumber;
use policies::ClientKind;
use time::{Duration, OffsetDateTime};

use super::clients::{CLIENTS, SERVICES};
use super::people::{self, CHILD, PEOPLE, Person, Scheme};
use crate::registry::{
    CardReport, Client, Coverage, CoverageScheme, HealthId, NewPatient, Registry, Relationship,
};

const OPEN_FOR: Duration = Duration::days(365);
const CLOSED_SINCE: Duration = Duration::days(90);

/// Enrols patients, the child's guardian, the lost card and the clients. Twice is as once.
pub(super) async fn enrol(registry: &Registry, at: OffsetDateTime) -> Result<()> {
    for client in CLIENTS {
        // Who was suspended by the operator stays suspended over a restart.
        if registry.client(client.id).is_some() {
            continue;
        }
        let kind =
            ClientKind::parse(client.kind).with_context(|| format!("no client kind {}", client.kind))?;
        let scopes = match kind {
            ClientKind::BackEnd | ClientKind::Auditor => Vec::new(),
            _ => SERVICES.map(str::to_owned).to_vec(),
        };
        let (id, name, city) = (client.id.to_owned(), client.name.to_owned(), client.city.to_owned());
        registry.register_client(&Client { id, kind, name, city, active: true, scopes }).await?;
    }
    for person in &PEOPLE {
        let subject = registry.enrol(&patient(person, at)?).await?;
        if person.card == CHILD.guardian {
            let child = registry.enrol(&patient(&CHILD.person, at)?).await?;
            registry.link_guardian(&subject, &child, Relationship::Child).await?;
        }
        if person.card == people::REPORTED {
            registry.report_card(person.document_number, CardReport::Lost, at).await?;
        }
    }
    Ok(())
}

fn patient(person: &Person, at: OffsetDateTime) -> Result<NewPatient> {
    let scheme = match person.scheme {
        Scheme::Salarie => CoverageScheme::CnssSalarie,
        Scheme::Tns => CoverageScheme::Tns,
        Scheme::Tadamon => CoverageScheme::Tadamon,
        Scheme::Achamil => CoverageScheme::Achamil,
    };
    let open_until = if person.covered { at + OPEN_FOR } else { at - CLOSED_SINCE }.date();
    Ok(NewPatient {
        national_number: NationalNumber::parse(person.national_number),
        health_id: HealthId::parse(person.health_id).context("a health id is malformed")?,
        coverage: Coverage { scheme, open_until },
        birth_year: Some(person.born.year()),
    })
}
