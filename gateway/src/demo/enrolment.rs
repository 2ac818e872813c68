//! What must the registry know before the first card is read?

use anyhow::{Context, Result};
use card_reader::NationalNumber;
use policies::{CareLevel, ClientKind};
use time::{Duration, OffsetDateTime};

use super::clients::CLIENTS;
use super::people::{self, CHILD, PEOPLE, Person, Scheme};
use crate::registry::{
    CardReport, Client, Coverage, CoverageScheme, HealthId, NewPatient, Registry, Relationship, Site,
};

const OPEN_FOR: Duration = Duration::days(365);
const CLOSED_SINCE: Duration = Duration::days(90);

/// Enrols patients, the child's guardian, the lost card and the clients. Twice is as once.
pub(super) async fn enrol(registry: &Registry, at: OffsetDateTime) -> Result<()> {
    for client in CLIENTS {
        let kind =
            ClientKind::parse(client.kind).with_context(|| format!("no client kind {}", client.kind))?;
        let known = registry.client(client.id);
        // Who was suspended by the operator, or given a key, stays so over a restart.
        let active = known.as_ref().is_none_or(|known| known.active);
        let key = known.as_ref().and_then(|known| known.key.clone());
        let scopes = scopes(kind).iter().map(|scope| (*scope).to_owned()).collect();
        let (id, name, city) = (client.id.to_owned(), client.name.to_owned(), client.city.to_owned());
        let client = Client { id, kind, name, city, active, scopes, key, site: site(client.site)? };
        if known.as_deref() != Some(&client) {
            registry.register_client(&client).await?;
        }
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

fn site([level, position, hours]: [&'static str; 3]) -> Result<Site> {
    let said = |text: &'static str| (!text.is_empty()).then_some(text);
    Ok(Site {
        level: said(level).and_then(CareLevel::parse),
        position: said(position).map(str::parse).transpose()?,
        hours: said(hours).map(str::parse).transpose()?,
    })
}

/// Which services an establishment deals with at all; what it may do there is for the policies.
fn scopes(kind: ClientKind) -> &'static [&'static str] {
    match kind {
        ClientKind::Pharmacy => &["prescription", "billing"],
        ClientKind::Clinic | ClientKind::Hospital | ClientKind::MobileUnit => {
            &["dossier", "prescription", "billing"]
        }
        ClientKind::Cnss => &["billing"],
        ClientKind::BackEnd | ClientKind::Auditor => &[],
    }
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
