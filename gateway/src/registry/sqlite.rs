//! The registry in SQLite: every statement it is asked with.
//!
//! Readings go to the reader pool. Writings go through the one writer connection; those of more than one
//! statement open with `BEGIN IMMEDIATE`, so that a lock is never upgraded half-way.

use std::collections::HashMap;
use std::sync::Arc;

use sqlx::Row;
use time::OffsetDateTime;
use uuid::Uuid;

use super::rows::{self, PatientRow};
use super::snapshot::Versions;
use super::{CardReport, Client, NewPatient, RegistryError, Relationship};
use crate::audit::unix_micros;
use crate::sqlite::Database;

/// One question for all that a card asks of the registry: each costs a trip to a database thread.
const PRESENTED: &str = "SELECT 'holder' AS role, NULL AS word, subject, health_id, birth_year, \
    coverage_scheme, coverage_open_until FROM patient WHERE national_number_index = ?1 \
    UNION ALL SELECT 'dependant', relationship, d.subject, d.health_id, d.birth_year, \
    d.coverage_scheme, d.coverage_open_until FROM patient h JOIN guardianship ON guardian = h.id \
    JOIN patient d ON d.id = dependant WHERE h.national_number_index = ?1 \
    UNION ALL SELECT 'report', reason, NULL, NULL, NULL, NULL, NULL FROM card_report \
    WHERE document_number_index = ?2";
const PATIENT_BY_SUBJECT: &str = "SELECT subject, health_id, birth_year, coverage_scheme, coverage_open_until FROM patient WHERE subject = ?1";
const ENROL: &str = "INSERT INTO patient \
    (national_number_index, subject, health_id, birth_year, coverage_scheme, coverage_open_until) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (subject) DO UPDATE SET \
    national_number_index = excluded.national_number_index, birth_year = excluded.birth_year, \
    coverage_scheme = excluded.coverage_scheme, coverage_open_until = excluded.coverage_open_until";
const LINK_GUARDIAN: &str = "INSERT OR REPLACE INTO guardianship (guardian, dependant, relationship) \
    SELECT guardian.id, dependant.id, ?3 FROM patient guardian, patient dependant \
    WHERE guardian.subject = ?1 AND dependant.subject = ?2";
const REPORT_CARD: &str = "INSERT OR REPLACE INTO card_report (document_number_index, reason, reported_at) \
    VALUES (?1, ?2, ?3)";
const REGISTER_CLIENT: &str = "INSERT INTO client (id, kind, name, city, active, scopes) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, name = excluded.name, \
    city = excluded.city, active = excluded.active, scopes = excluded.scopes";

pub(super) async fn ping(database: &Database) -> Result<(), RegistryError> {
    sqlx::query("SELECT 1").execute(&database.readers).await?;
    Ok(())
}

/// What [`PRESENTED`] found.
#[derive(Default)]
pub(super) struct PresentedRows {
    pub(super) holder: Option<PatientRow>,
    pub(super) report: Option<CardReport>,
    pub(super) dependants: Vec<(Relationship, PatientRow)>,
}

pub(super) async fn presented(
    database: &Database,
    national_number: &[u8; 32],
    document_number: &[u8; 32],
) -> Result<PresentedRows, RegistryError> {
    let found = sqlx::query(PRESENTED)
        .bind(national_number.as_slice())
        .bind(document_number.as_slice())
        .fetch_all(&database.readers)
        .await?;
    let mut rows = PresentedRows::default();
    for row in &found {
        let word: Option<&str> = row.try_get("word")?;
        let word = word.unwrap_or_default();
        match row.try_get("role")? {
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
    database: &Database,
    subject: &str,
) -> Result<Option<PatientRow>, RegistryError> {
    let row = sqlx::query(PATIENT_BY_SUBJECT).bind(subject).fetch_optional(&database.readers).await?;
    row.as_ref().map(rows::patient).transpose()
}

pub(super) async fn versions(database: &Database) -> Result<Versions, RegistryError> {
    let rows = sqlx::query("SELECT what, version FROM registry_change").fetch_all(&database.readers).await?;
    let mut versions = Versions { clients: 0, patients: 0 };
    for row in &rows {
        let version = row.try_get(1)?;
        match row.try_get(0)? {
            "client" => versions.clients = version,
            "patient" => versions.patients = version,
            _ => {}
        }
    }
    Ok(versions)
}

pub(super) async fn clients(database: &Database) -> Result<HashMap<String, Arc<Client>>, RegistryError> {
    let found = sqlx::query("SELECT id, kind, name, city, active, scopes FROM client")
        .fetch_all(&database.readers)
        .await?;
    found.iter().map(|row| rows::client(row).map(|client| (client.id.clone(), Arc::new(client)))).collect()
}

/// Sessions that ended after the one of that number: the number, the session, when its token expires.
pub(super) async fn ended_sessions(
    database: &Database,
    after: i64,
) -> Result<Vec<(i64, Uuid, i64)>, RegistryError> {
    let found =
        sqlx::query("SELECT number, id, expires_at FROM ended_session WHERE number > ?1 ORDER BY number")
            .bind(after)
            .fetch_all(&database.readers)
            .await?;
    found
        .iter()
        .map(|row| {
            let id = Uuid::parse_str(row.try_get("id")?)
                .map_err(|_| RegistryError::Malformed("ended_session.id"))?;
            Ok((row.try_get("number")?, id, row.try_get("expires_at")?))
        })
        .collect()
}

pub(super) async fn end_session(
    database: &Database,
    session: Uuid,
    expires_at: OffsetDateTime,
    at: OffsetDateTime,
) -> Result<(), RegistryError> {
    let mut transaction = database.writer.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::query("DELETE FROM ended_session WHERE expires_at < ?1")
        .bind(unix_micros(at))
        .execute(&mut *transaction)
        .await?;
    sqlx::query("INSERT OR IGNORE INTO ended_session (id, expires_at) VALUES (?1, ?2)")
        .bind(session.to_string())
        .bind(unix_micros(expires_at))
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(())
}

pub(super) async fn enrol(
    database: &Database,
    index: Option<&[u8]>,
    subject: &str,
    sealed_health_id: &[u8],
    patient: &NewPatient,
) -> Result<(), RegistryError> {
    sqlx::query(ENROL)
        .bind(index)
        .bind(subject)
        .bind(sealed_health_id)
        .bind(patient.birth_year)
        .bind(patient.coverage.scheme.as_str())
        .bind(rows::date(patient.coverage.open_until)?)
        .execute(&database.writer)
        .await?;
    Ok(())
}

pub(super) async fn link_guardian(
    database: &Database,
    guardian: &str,
    dependant: &str,
    relationship: Relationship,
) -> Result<(), RegistryError> {
    let linked = sqlx::query(LINK_GUARDIAN)
        .bind(guardian)
        .bind(dependant)
        .bind(relationship.as_str())
        .execute(&database.writer)
        .await?;
    if linked.rows_affected() == 0 {
        Err(RegistryError::Malformed("guardian or dependant is not enrolled"))
    } else {
        Ok(())
    }
}

pub(super) async fn report_card(
    database: &Database,
    index: &[u8; 32],
    report: CardReport,
    at: OffsetDateTime,
) -> Result<(), RegistryError> {
    sqlx::query(REPORT_CARD)
        .bind(index.as_slice())
        .bind(report.as_str())
        .bind(unix_micros(at))
        .execute(&database.writer)
        .await?;
    Ok(())
}

pub(super) async fn register_client(database: &Database, client: &Client) -> Result<(), RegistryError> {
    sqlx::query(REGISTER_CLIENT)
        .bind(&client.id)
        .bind(client.kind.as_str())
        .bind(&client.name)
        .bind(&client.city)
        .bind(client.active)
        .bind(client.scopes.join(" "))
        .execute(&database.writer)
        .await?;
    Ok(())
}
