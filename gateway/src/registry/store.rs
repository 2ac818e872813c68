//! With which statements are the registry's tables asked? The same for both engines.
//!
//! Each is safe to repeat: on PostgreSQL a statement whose answer was lost is put again.

use policies::CareLevel;
use time::OffsetDateTime;

use super::rows::{self, PatientRow};
use super::snapshot::Versions;
use super::{CardReport, Client, NewPatient, RegistryError, Relationship};
use crate::dpop::ClientKey;
use crate::store::{Statement, Store};

/// One question for all that a card asks of the registry: each costs a trip to the database.
const PRESENTED: [&str; 2] = [
    "SELECT 'holder' AS role, NULL AS word, lower(hex(subject)) AS subject, health_id, birth_year, \
    coverage_scheme, coverage_open_until FROM holder JOIN patient USING (subject) WHERE number = $1 \
    UNION ALL SELECT 'dependant', relationship, lower(hex(d.subject)), d.health_id, d.birth_year, \
    d.coverage_scheme, d.coverage_open_until FROM holder JOIN guardianship ON guardian = holder.subject \
    JOIN patient d ON d.subject = dependant WHERE number = $1 \
    UNION ALL SELECT 'report', reason, NULL, NULL, NULL, NULL, NULL FROM card_report \
    WHERE document_number_index = $2",
    "SELECT 'holder' AS role, NULL AS word, subject, health_id, birth_year, \
    coverage_scheme, coverage_open_until FROM patient WHERE national_number_index = $1 \
    UNION ALL SELECT 'dependant', relationship, d.subject, d.health_id, d.birth_year, \
    d.coverage_scheme, d.coverage_open_until FROM patient h JOIN guardianship ON guardian = h.id \
    JOIN patient d ON d.id = dependant WHERE h.national_number_index = $1 \
    UNION ALL SELECT 'report', reason, NULL, NULL, NULL, NULL, NULL FROM card_report \
    WHERE document_number_index = $2",
];
const PATIENT_BY_SUBJECT: [&str; 2] = [
    "SELECT lower(hex(subject)) AS subject, health_id, birth_year, coverage_scheme, coverage_open_until \
    FROM patient WHERE subject = unhex($1)",
    "SELECT subject, health_id, birth_year, coverage_scheme, coverage_open_until FROM patient WHERE subject = $1",
];
const ENROL: [&str; 2] = [
    "INSERT INTO patient \
    (national_number_index, subject, health_id, birth_year, coverage_scheme, coverage_open_until) \
    VALUES ($1, unhex($2), $3, $4, $5, $6) ON CONFLICT (subject) DO UPDATE SET \
    national_number_index = excluded.national_number_index, birth_year = excluded.birth_year, \
    coverage_scheme = excluded.coverage_scheme, coverage_open_until = excluded.coverage_open_until",
    "INSERT INTO patient \
    (national_number_index, subject, health_id, birth_year, coverage_scheme, coverage_open_until) \
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (subject) DO UPDATE SET \
    national_number_index = excluded.national_number_index, birth_year = excluded.birth_year, \
    coverage_scheme = excluded.coverage_scheme, coverage_open_until = excluded.coverage_open_until",
];
const LINK_GUARDIAN: [&str; 2] = [
    "INSERT INTO guardianship (guardian, dependant, relationship) \
    SELECT guardian.subject, dependant.subject, $3 FROM patient guardian, patient dependant \
    WHERE guardian.subject = unhex($1) AND dependant.subject = unhex($2) \
    ON CONFLICT (guardian, dependant) DO UPDATE SET relationship = excluded.relationship",
    "INSERT INTO guardianship (guardian, dependant, relationship) \
    SELECT guardian.id, dependant.id, $3 FROM patient guardian, patient dependant \
    WHERE guardian.subject = $1 AND dependant.subject = $2 \
    ON CONFLICT (guardian, dependant) DO UPDATE SET relationship = excluded.relationship",
];
const GUARDIANSHIP: [&str; 2] = [
    "SELECT relationship FROM guardianship WHERE guardian = unhex($1) AND dependant = unhex($2)",
    "SELECT relationship FROM guardianship JOIN patient g ON g.id = guardian JOIN patient d ON d.id = dependant \
    WHERE g.subject = $1 AND d.subject = $2",
];
const REPORT_CARD: &str = "INSERT INTO card_report (document_number_index, reason, reported_at) \
    VALUES ($1, $2, $3) ON CONFLICT (document_number_index) DO UPDATE SET \
    reason = excluded.reason, reported_at = excluded.reported_at";
const REGISTER_CLIENT: &str = "INSERT INTO client \
    (id, kind, name, city, active, scopes, jwk, care_level, position, opening_hours) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, \
    name = excluded.name, city = excluded.city, active = excluded.active, scopes = excluded.scopes, \
    jwk = excluded.jwk, care_level = excluded.care_level, position = excluded.position, \
    opening_hours = excluded.opening_hours";
const CLIENTS: &str = "SELECT id, kind, name, city, active, scopes, jwk, care_level, position, opening_hours \
    FROM client";
const VERSIONS: &str = "SELECT what, version FROM registry_change";

/// SQLite keeps subjects as octets, in tables that are in their order; PostgreSQL has indexes on texts.
fn of_each([sqlite, postgres]: [&'static str; 2]) -> Statement {
    Statement::of_each(sqlite, postgres)
}

/// What [`PRESENTED`] found.
#[derive(Default)]
pub(super) struct PresentedRows {
    pub(super) holder: Option<PatientRow>,
    pub(super) report: Option<CardReport>,
    pub(super) dependants: Vec<(Relationship, PatientRow)>,
}

pub(super) async fn presented(
    store: &Store,
    national_number: &[u8; 32],
    document_number: &[u8; 32],
) -> Result<PresentedRows, RegistryError> {
    let asked = of_each(PRESENTED).bind(national_number).bind(document_number);
    let mut rows = PresentedRows::default();
    for row in &store.read(asked).await? {
        let word = row.optional_text("word")?.unwrap_or_default();
        match row.text("role")? {
            "holder" => rows.holder = Some(rows::patient(row)?),
            "dependant" => {
                let relationship =
                    Relationship::parse(word).ok_or(RegistryError::Malformed("relationship"))?;
                rows.dependants.push((relationship, rows::patient(row)?));
            }
            _ => rows.report = Some(CardReport::parse(word).ok_or(RegistryError::Malformed("reason"))?),
        }
    }
    Ok(rows)
}

pub(super) async fn patient_by_subject(
    store: &Store,
    subject: &str,
) -> Result<Option<PatientRow>, RegistryError> {
    let found = store.read(of_each(PATIENT_BY_SUBJECT).bind(subject)).await?;
    found.first().map(rows::patient).transpose()
}

pub(super) async fn versions(store: &Store) -> Result<Versions, RegistryError> {
    let mut versions = Versions { clients: 0, patients: 0 };
    for row in &store.read(Statement::new(VERSIONS)).await? {
        let version = row.int("version")?;
        match row.text("what")? {
            "client" => versions.clients = version,
            "patient" => versions.patients = version,
            _ => {}
        }
    }
    Ok(versions)
}

pub(super) async fn clients(store: &Store) -> Result<Vec<Client>, RegistryError> {
    let found = store.read(Statement::new(CLIENTS)).await?;
    found.iter().map(rows::client).collect()
}

pub(super) async fn enrol(
    store: &Store,
    index: Option<&[u8]>,
    subject: &str,
    sealed_health_id: &[u8],
    patient: &NewPatient,
) -> Result<(), RegistryError> {
    let enrol = of_each(ENROL)
        .bind(index)
        .bind(subject)
        .bind(sealed_health_id)
        .bind(patient.birth_year.map(i64::from))
        .bind(patient.coverage.scheme.as_str())
        .bind(rows::date(patient.coverage.open_until)?);
    store.write(enrol).await?;
    Ok(())
}

pub(super) async fn link_guardian(
    store: &Store,
    guardian: &str,
    dependant: &str,
    relationship: Relationship,
) -> Result<(), RegistryError> {
    let link = of_each(LINK_GUARDIAN).bind(guardian).bind(dependant).bind(relationship.as_str());
    match store.write(link).await? {
        0 => Err(RegistryError::Malformed("guardian or dependant is not enrolled")),
        _ => Ok(()),
    }
}

pub(super) async fn guardianship(
    store: &Store,
    guardian: &str,
    dependant: &str,
) -> Result<Option<Relationship>, RegistryError> {
    let found = store.read(of_each(GUARDIANSHIP).bind(guardian).bind(dependant)).await?;
    let Some(row) = found.first() else { return Ok(None) };
    let relationship = Relationship::parse(row.text("relationship")?);
    relationship.map(Some).ok_or(RegistryError::Malformed("relationship"))
}

pub(super) async fn report_card(
    store: &Store,
    index: &[u8; 32],
    report: CardReport,
    at: OffsetDateTime,
) -> Result<(), RegistryError> {
    store.write(Statement::new(REPORT_CARD).bind(index).bind(report.as_str()).bind(at)).await?;
    Ok(())
}

pub(super) async fn register_client(store: &Store, client: &Client) -> Result<(), RegistryError> {
    let register = Statement::new(REGISTER_CLIENT)
        .bind(client.id.as_str())
        .bind(client.kind.as_str())
        .bind(client.name.as_str())
        .bind(client.city.as_str())
        .bind(client.active)
        .bind(client.scopes.join(" "))
        .bind(client.key.as_ref().map(ClientKey::to_jwk))
        .bind(client.site.level.map(CareLevel::as_str))
        .bind(client.site.position.map(|position| position.to_string()))
        .bind(client.site.hours.map(|hours| hours.to_string()));
    store.write(register).await?;
    Ok(())
}
