//! With which statements are referrals kept? The same in both engines, each safe to repeat.

use policies::CareLevel;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Referral;
use crate::emergency::review::instant;
use crate::registry::RegistryError;
use crate::store::{Row, Statement, Store};

const INSERT: &str = "INSERT INTO referral \
    (id, subject, from_client, from_level, to_level, to_client, written_at, expires_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING";
const GOOD: &str = "SELECT id, subject, from_client, from_level, to_level, to_client, written_at, expires_at \
    FROM referral WHERE subject = $1 AND expires_at > $2 AND revoked_at IS NULL ORDER BY expires_at DESC, id LIMIT $3";
const REVOKE: &str = "UPDATE referral SET revoked_at = coalesce(revoked_at, $4) \
    WHERE id = $1 AND subject = $2 AND from_client = $3";

pub(super) async fn insert(store: &Store, referral: &Referral) -> Result<(), RegistryError> {
    let insert = Statement::new(INSERT)
        .bind(referral.id)
        .bind(referral.subject.as_str())
        .bind(referral.from.as_str())
        .bind(referral.from_level.as_str())
        .bind(referral.to.as_str())
        .bind(referral.to_establishment.as_deref())
        .bind(referral.written_at)
        .bind(referral.expires_at);
    store.write(insert).await?;
    Ok(())
}

/// Those of a patient that are still good, the longest first.
pub(super) async fn good(
    store: &Store,
    subject: &str,
    at: OffsetDateTime,
    limit: u32,
) -> Result<Vec<Referral>, RegistryError> {
    let found = store.read(Statement::new(GOOD).bind(subject).bind(at).bind(i64::from(limit))).await?;
    found.iter().map(referral).collect()
}

/// Whether there is such a referral, by that establishment and of that patient.
pub(super) async fn revoke(
    store: &Store,
    id: Uuid,
    (subject, from): (&str, &str),
    at: OffsetDateTime,
) -> Result<bool, RegistryError> {
    Ok(store.write(Statement::new(REVOKE).bind(id).bind(subject).bind(from).bind(at)).await? == 1)
}

fn referral(row: &Row) -> Result<Referral, RegistryError> {
    let level = |column, text| CareLevel::parse(text).ok_or(RegistryError::Malformed(column));
    Ok(Referral {
        id: Uuid::parse_str(row.text("id")?).map_err(|_| RegistryError::Malformed("referral.id"))?,
        subject: row.text("subject")?.to_owned(),
        from: row.text("from_client")?.to_owned(),
        from_level: level("referral.from_level", row.text("from_level")?)?,
        to: level("referral.to_level", row.text("to_level")?)?,
        to_establishment: row.optional_text("to_client")?.map(str::to_owned),
        written_at: instant(row.int("written_at")?)?,
        expires_at: instant(row.int("expires_at")?)?,
    })
}
