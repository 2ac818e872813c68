//! What did the patient say, in the words of the domain?

use policies::{ClientKind, Stance};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::label::Label;
use crate::registry::Relationship;

/// What a patient said at a counter (*consentement*): a tree of rules, each an exception to the one above it.
///
/// Free text, names and attachments of the FHIR resource are not kept: what is not here is not enforced, and what
/// cannot be enforced is refused when it comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Its id, in FHIR too.
    pub id: Uuid,
    /// When it was given, by the gateway's clock.
    pub given_at: OffsetDateTime,
    /// The holder of the card agreed by PIN when it was given (*renforcé par le code PIN*).
    pub holder: bool,
    /// Who spoke for the patient.
    pub guardian: Option<Guardian>,
    /// The rule that everything else is an exception to.
    pub root: Provision,
}

/// Who gave a consent for a dependant (*représentant*).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guardian {
    /// The guardian's subject at the gateway.
    pub subject: String,
    /// What the patient was to them: a child's consent ends with childhood, a ward's does not.
    pub relationship: Relationship,
}

/// One rule (FHIR R4 `Consent.provision`): what is empty limits nothing, and everything that limits must hold at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provision {
    /// What it says.
    pub choice: Choice,
    /// When it holds.
    #[serde(default, skip_serializing_if = "Period::is_always")]
    pub period: Period,
    /// Whom it means.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actors: Vec<Actor>,
    /// Why they ask: codes of HL7 v3 PurposeOfUse, each for itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub purposes: Vec<String>,
    /// For which resource types.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
    /// For entries with one of these labels; only on a denial.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<Label>,
    /// Where it does not hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<Provision>,
}

/// Yes or no (FHIR R4 `ConsentProvisionType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    /// The patient agrees (*accord*).
    Permit,
    /// The patient refuses (*opposition*).
    Deny,
}

/// Whom a rule means (*destinataire*).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Actor {
    /// One establishment, by its registered id.
    Establishment(String),
    /// Every establishment of a kind: all pharmacies.
    Kind(KindName),
    /// One practitioner, wherever they work, or at one establishment.
    Practitioner {
        /// The id in their certificate.
        id: String,
        /// Where, by its registered id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<String>,
    },
}

/// A kind of client by its name, for the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KindName(pub ClientKind);

/// From when until when; without an end on either side where nothing stands (FHIR R4 `Period`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// From this moment.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "time::serde::timestamp::option")]
    pub start: Option<OffsetDateTime>,
    /// Until before this moment.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "time::serde::timestamp::option")]
    pub end: Option<OffsetDateTime>,
}

impl Period {
    /// Whether it limits nothing.
    #[must_use]
    pub const fn is_always(&self) -> bool {
        self.start.is_none() && self.end.is_none()
    }

    /// Whether that moment is in it.
    #[must_use]
    pub fn contains(&self, at: OffsetDateTime) -> bool {
        self.start.is_none_or(|start| start <= at) && self.end.is_none_or(|end| at < end)
    }
}

impl Provision {
    /// A rule that means everything.
    #[must_use]
    pub const fn everything(choice: Choice) -> Self {
        Self {
            choice,
            period: Period { start: None, end: None },
            actors: Vec::new(),
            purposes: Vec::new(),
            classes: Vec::new(),
            labels: Vec::new(),
            exceptions: Vec::new(),
        }
    }

    /// This rule and every one below it.
    pub fn all(&self) -> impl Iterator<Item = &Self> {
        let mut waiting = vec![self];
        std::iter::from_fn(move || {
            let next = waiting.pop()?;
            waiting.extend(&next.exceptions);
            Some(next)
        })
    }

    /// The establishments that rules of this choice name, anywhere in it.
    pub fn named(&self, choice: Choice) -> impl Iterator<Item = &str> {
        let rules = self.all().filter(move |rule| rule.choice == choice);
        rules.flat_map(|rule| &rule.actors).filter_map(|actor| match actor {
            Actor::Establishment(id) | Actor::Practitioner { at: Some(id), .. } => Some(id.as_str()),
            Actor::Kind(_) | Actor::Practitioner { at: None, .. } => None,
        })
    }
}

impl Choice {
    /// The code in FHIR.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Permit => "permit",
            Self::Deny => "deny",
        }
    }

    /// What a decision is told of it.
    #[must_use]
    pub const fn stance(self) -> Stance {
        match self {
            Self::Permit => Stance::Permits,
            Self::Deny => Stance::Denies,
        }
    }
}

impl TryFrom<String> for KindName {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        ClientKind::parse(&name).map(Self).ok_or("no kind of client")
    }
}

impl From<KindName> for String {
    fn from(kind: KindName) -> Self {
        kind.0.as_str().to_owned()
    }
}
