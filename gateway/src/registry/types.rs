//! Whom and what does the registry know?

use std::sync::Arc;

use card_reader::NationalNumber;
use policies::{CareLevel, ClientKind, CoverageScheme, OpeningHours, Position};
use time::{Date, OffsetDateTime};

use super::HealthId;
use crate::dpop::ClientKey;
use crate::store::DatabaseError;

/// A patient (*bénéficiaire*), found by a proof of presence or by a session's subject.
#[derive(Clone, Debug)]
pub struct Patient {
    /// Pairwise pseudonym at the gateway itself: `sub` of session tokens.
    pub subject: String,
    /// The identifiant santé.
    pub health_id: HealthId,
    /// The AMO cover.
    pub coverage: Coverage,
    /// Year of birth, where a rule needs an age.
    pub birth_year: Option<i32>,
}

/// Compulsory health insurance of one patient (*couverture AMO*).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// The scheme.
    pub scheme: CoverageScheme,
    /// Last day on which it is open.
    pub open_until: Date,
}

impl Coverage {
    /// Whether rights are open at that moment (*droits ouverts*).
    #[must_use]
    pub fn is_open(&self, at: OffsetDateTime) -> bool {
        at.date() <= self.open_until
    }
}

/// A patient to be enrolled by the operator.
#[derive(Clone, Debug)]
pub struct NewPatient {
    /// The number on the patient's card; none for a dependant without one.
    pub national_number: Option<NationalNumber>,
    /// The identifiant santé.
    pub health_id: HealthId,
    /// The AMO cover.
    pub coverage: Coverage,
    /// Year of birth.
    pub birth_year: Option<i32>,
}

/// Someone whom a guardian may represent (*ayant droit*).
#[derive(Clone, Debug)]
pub struct Dependant {
    /// What they are to the guardian.
    pub relationship: Relationship,
    /// The patient.
    pub patient: Patient,
}

impl Dependant {
    /// Whether the guardian speaks for them at that moment: a child until it is of age, a ward as long as the registry
    /// says so.
    #[must_use]
    pub fn is_spoken_for(&self, at: OffsetDateTime) -> bool {
        self.relationship.speaks_for(self.patient.birth_year, at)
    }
}

/// What a dependant is to the guardian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relationship {
    /// A minor child.
    Child,
    /// An adult under guardianship (*tutelle*).
    Ward,
}

impl Relationship {
    /// Whether somebody born in that year is spoken for at that moment.
    #[must_use]
    pub fn speaks_for(self, birth_year: Option<i32>, at: OffsetDateTime) -> bool {
        let of_age = birth_year.and_then(|year| majority(year.into())).is_some_and(|of_age| at >= of_age);
        self == Self::Ward || !of_age
    }

    /// The name on the wire and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Child => "child",
            Self::Ward => "ward",
        }
    }

    /// The relationship of that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Child, Self::Ward].into_iter().find(|relationship| relationship.as_str() == text)
    }
}

/// From when on somebody born in that year is surely of age: the registry knows the year alone, and nobody is cut off from
/// their guardian while they may still be a minor (*majorité*: 18 completed years, Code de la famille, art. 209).
#[must_use]
pub fn majority(birth_year: i64) -> Option<OffsetDateTime> {
    let year = i32::try_from(birth_year.checked_add(19)?).ok()?;
    let first = Date::from_calendar_date(year, time::Month::January, 1).ok()?;
    Some(first.midnight().assume_utc())
}

/// Why a card is no longer to be believed, although it is genuine (*déclaration*).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardReport {
    /// Lost (*perte*).
    Lost,
    /// Stolen (*vol*).
    Stolen,
    /// Taken back by the authority (*retrait*).
    Withdrawn,
}

impl CardReport {
    /// The name in the store and in audit events.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Stolen => "stolen",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The report of that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Lost, Self::Stolen, Self::Withdrawn].into_iter().find(|report| report.as_str() == text)
    }
}

/// What the registry knows of a card that was here.
#[derive(Debug)]
pub struct Presented {
    /// Its holder, if enrolled.
    pub holder: Option<Arc<Patient>>,
    /// The card's own keyed name: what its sessions are ended by when it is reported.
    pub card: String,
    /// What was reported about the card.
    pub report: Option<CardReport>,
    /// Whom the holder may represent.
    pub dependants: Vec<Dependant>,
}

/// A registered client: an establishment's software or a back-end (*client*).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its id: the serialNumber attribute of its certificate's subject.
    pub id: String,
    /// What it is registered as.
    pub kind: ClientKind,
    /// Its name, for people.
    pub name: String,
    /// Where it is.
    pub city: String,
    /// Whether it may use the gateway at all.
    pub active: bool,
    /// What its tokens may be for: names of back-ends.
    pub scopes: Vec<String>,
    /// The key by which it is known where it has no certificate (RFC 9449).
    pub key: Option<ClientKey>,
    /// Where and when it works.
    pub site: Site,
}

/// Where and when an establishment works, as far as the operator said (*lieu d'exercice*).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Site {
    /// Which care it gives.
    pub level: Option<CareLevel>,
    /// Where it stands.
    pub position: Option<Position>,
    /// When it is open, by the clock on its wall.
    pub hours: Option<OpeningHours>,
}

/// Why the registry gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The database refused or is away.
    #[error("the registry's database failed: {0}")]
    Database(#[from] DatabaseError),
    /// A key did not do its job.
    #[error("a registry key failed")]
    Key(#[from] hsm_config::HsmError),
    /// A table holds as much as a node keeps in memory.
    #[error("a registry table is full: {0}")]
    Full(&'static str),
    /// The patient's pseudonym could not be derived.
    #[error("the pseudonym key failed")]
    Subject,
    /// A stored row is not what this program writes.
    #[error("a registry row cannot be read: {0}")]
    Malformed(&'static str),
}

impl RegistryError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Database(_) => "registry-database-failed",
            Self::Full(_) => "registry-full",
            Self::Key(error) => error.code(),
            Self::Malformed(_) => "registry-row-malformed",
            Self::Subject => "registry-subject-failed",
        }
    }
}
