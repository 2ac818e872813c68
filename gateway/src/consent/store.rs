//! With which statements are consents and therapeutic links kept? The same tables in both engines.

use time::OffsetDateTime;
use uuid::Uuid;

use super::model::{Consent, Guardian};
use super::standing::{Link, Standing};
use crate::limits::CONSENTS_SHOWN;
use crate::registry::{RegistryError, Relationship, majority};
use crate::store::{Row, Statement, Store};

/// A consent as it is stored, with where it came from.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) consent: Consent,
    /// Whose it is, by their subject at the gateway.
    pub(crate) subject: String,
    /// Where it was given.
    pub(crate) establishment: String,
    /// In which session.
    pub(crate) session: Uuid,
    /// When it was withdrawn.
    pub(crate) withdrawn_at: Option<OffsetDateTime>,
}

/// One question for all that stands of a patient: each costs a trip to the database.
const STANDING: [&str; 2] = [
    "SELECT 'consent' AS role, id, given_at, holder, guardian, relationship, provision, NULL AS birth_year \
    FROM consent WHERE subject = $1 AND withdrawn_at IS NULL AND (ends_at IS NULL OR ends_at > $2) \
    UNION ALL SELECT 'link', establishment, seen_at, 0, NULL, NULL, '', NULL \
    FROM therapeutic_link WHERE subject = $1 AND seen_at > $3 \
    UNION ALL SELECT 'patient', '', 0, 0, NULL, NULL, '', birth_year FROM patient WHERE subject = unhex($1)",
    "SELECT 'consent' AS role, id, given_at, holder, guardian, relationship, provision, NULL::bigint AS birth_year \
    FROM consent WHERE subject = $1 AND withdrawn_at IS NULL AND (ends_at IS NULL OR ends_at > $2) \
    UNION ALL SELECT 'link', establishment, seen_at, 0, NULL, NULL, '', NULL \
    FROM therapeutic_link WHERE subject = $1 AND seen_at > $3 \
    UNION ALL SELECT 'patient', '', 0, 0, NULL, NULL, '', birth_year FROM patient WHERE subject = $1",
];
const ALL: &str = "SELECT id, subject, given_at, establishment, session, holder, guardian, relationship, withdrawn_at, \
    provision FROM consent WHERE subject = $1 ORDER BY given_at DESC, id DESC LIMIT $2";
const ONE: &str = "SELECT id, subject, given_at, establishment, session, holder, guardian, relationship, withdrawn_at, \
    provision FROM consent WHERE subject = $1 AND id = $2";
const GIVE: &str = "INSERT INTO consent (id, subject, given_at, establishment, session, holder, guardian, relationship, \
    ends_at, provision) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (id) DO NOTHING";
const WITHDRAW: &str = "UPDATE consent SET withdrawn_at = $3, withdrawn_by = $4 \
    WHERE subject = $1 AND id = $2 AND withdrawn_at IS NULL";
const LINK: &str = "INSERT INTO therapeutic_link (subject, establishment, seen_at) VALUES ($1, $2, $3) \
    ON CONFLICT (subject, establishment) DO UPDATE SET seen_at = excluded.seen_at \
    WHERE therapeutic_link.seen_at < excluded.seen_at";
const CHANGES: &str = "SELECT number, subject FROM consent_change WHERE number > $1 ORDER BY number LIMIT $2";
const NEWEST: &str = "SELECT coalesce(max(number), 0) AS number FROM consent_change";
const SWEEP: &str = "DELETE FROM consent_change WHERE recorded_at < $1 \
    AND number < (SELECT max(number) FROM consent_change)";

/// What stands of a patient: consents, and links not older than `linked_after`.
pub(super) async fn standing(
    store: &Store,
    subject: &str,
    at: OffsetDateTime,
    linked_after: OffsetDateTime,
) -> Result<Standing, RegistryError> {
    let [sqlite, postgres] = STANDING;
    let asked = Statement::of_each(sqlite, postgres).bind(subject).bind(at).bind(linked_after);
    let (mut consents, mut links, mut of_age) = (Vec::new(), Vec::new(), None);
    for row in &store.read(asked).await? {
        match row.text("role")? {
            "consent" => consents.push(consent(row)?),
            "link" => links.push(Link {
                establishment: row.text("id")?.to_owned(),
                seen_at: instant(row.int("given_at")?)?,
            }),
            _ => of_age = row.optional_int("birth_year")?.and_then(majority),
        }
    }
    Ok(Standing::new(consents, links, of_age))
}

/// All of a patient, newest first: those that stand and those that do not.
pub(super) async fn all(store: &Store, subject: &str) -> Result<Vec<Stored>, RegistryError> {
    let most = i64::try_from(CONSENTS_SHOWN).unwrap_or(i64::MAX);
    store.read(Statement::new(ALL).bind(subject).bind(most)).await?.iter().map(stored).collect()
}

/// One of a patient.
pub(super) async fn one(store: &Store, subject: &str, id: Uuid) -> Result<Option<Stored>, RegistryError> {
    store.read(Statement::new(ONE).bind(subject).bind(id)).await?.first().map(stored).transpose()
}

/// Writes one down, durably.
pub(super) async fn give(store: &Store, given: &Stored) -> Result<(), RegistryError> {
    let Stored { consent, subject, establishment, session, .. } = given;
    let provision =
        serde_json::to_string(&consent.root).map_err(|_| RegistryError::Malformed("consent.provision"))?;
    let guardian = consent.guardian.as_ref();
    let statement = Statement::new(GIVE)
        .bind(consent.id)
        .bind(subject.as_str())
        .bind(consent.given_at)
        .bind(establishment.as_str())
        .bind(*session)
        .bind(i64::from(consent.holder))
        .bind(guardian.map(|guardian| guardian.subject.as_str()))
        .bind(guardian.map(|guardian| guardian.relationship.as_str()))
        .bind(consent.root.period.end.map(crate::audit::unix_micros))
        .bind(provision);
    store.write(statement).await?;
    Ok(())
}

/// Withdraws one, durably. Twice is as once.
pub(super) async fn withdraw(
    store: &Store,
    (subject, id): (&str, Uuid),
    establishment: &str,
    at: OffsetDateTime,
) -> Result<(), RegistryError> {
    store.write(Statement::new(WITHDRAW).bind(subject).bind(id).bind(at).bind(establishment)).await?;
    Ok(())
}

/// Writes down where patients were.
pub(super) async fn link(store: &Store, seen: Vec<(String, Link)>) -> Result<(), RegistryError> {
    let links = seen.into_iter().map(|(subject, link)| {
        Statement::new(LINK).bind(subject).bind(link.establishment).bind(link.seen_at)
    });
    store.transaction(links.collect()).await?;
    Ok(())
}

/// The number of the newest change.
pub(super) async fn newest_change(store: &Store) -> Result<i64, RegistryError> {
    let found = store.read(Statement::new(NEWEST)).await?;
    Ok(found.first().map(|row| row.int("number")).transpose()?.unwrap_or_default())
}

/// Whose consents changed after that number: at most `most`, oldest first.
pub(super) async fn changes(
    store: &Store,
    number: i64,
    most: i64,
) -> Result<Vec<(i64, String)>, RegistryError> {
    let found = store.read(Statement::new(CHANGES).bind(number).bind(most)).await?;
    found.iter().map(|row| Ok((row.int("number")?, row.text("subject")?.to_owned()))).collect()
}

/// Forgets changes that every node has read; never the newest, whose number goes on.
pub(super) async fn sweep(store: &Store, before: OffsetDateTime) -> Result<(), RegistryError> {
    store.write(Statement::new(SWEEP).bind(before)).await?;
    Ok(())
}

fn stored(row: &Row) -> Result<Stored, RegistryError> {
    Ok(Stored {
        consent: consent(row)?,
        subject: row.text("subject")?.to_owned(),
        establishment: row.text("establishment")?.to_owned(),
        session: uuid(row.text("session")?)?,
        withdrawn_at: row.optional_int("withdrawn_at")?.map(instant).transpose()?,
    })
}

/// A row that this program does not understand is an error, not one consent less: it might be the one that denies.
fn consent(row: &Row) -> Result<Consent, RegistryError> {
    let relationship =
        |word| Relationship::parse(word).ok_or(RegistryError::Malformed("consent.relationship"));
    let guardian = match (row.optional_text("guardian")?, row.optional_text("relationship")?) {
        (Some(subject), Some(word)) => {
            Some(Guardian { subject: subject.to_owned(), relationship: relationship(word)? })
        }
        _ => None,
    };
    Ok(Consent {
        id: uuid(row.text("id")?)?,
        given_at: instant(row.int("given_at")?)?,
        holder: row.int("holder")? != 0,
        guardian,
        root: serde_json::from_str(row.text("provision")?)
            .map_err(|_| RegistryError::Malformed("consent.provision"))?,
    })
}

fn uuid(text: &str) -> Result<Uuid, RegistryError> {
    Uuid::parse_str(text).map_err(|_| RegistryError::Malformed("consent id"))
}

fn instant(micros: i64) -> Result<OffsetDateTime, RegistryError> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000)
        .map_err(|_| RegistryError::Malformed("consent time"))
}
