//! How is a question kept in the log, so that it can be asked again of other policies?
//!
//! Everything that the answer depended on, and nothing else: codes and numbers, nobody's name. What the event says already
//! is not said twice.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    AccessDecision, AccessRequest, Acr, Action, CardFacts, ClientFacts, ClientKind, EmergencyFacts, Facts,
    Interaction, Purpose, Service,
};

/// One question that was decided, as an audit event keeps it (*question consignée*).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// What the client was registered as.
    pub kind: ClientKind,
    /// The client, where it is not the event's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// What was asked for, by its name in policies: `read`, `open-session`.
    #[serde(rename = "do")]
    pub action: String,
    /// The back-end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// The FHIR type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// The back-end that went on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// How much the lists were worth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<CardFacts>,
    /// What was known of the emergency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emergency: Option<EmergencyFacts>,
    /// Why, where it is not the event's purpose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Purpose>,
    /// How the presence was proven.
    pub acr: Acr,
    /// For a dependant.
    #[serde(default, skip_serializing_if = "is_false")]
    pub dependant: bool,
    /// What the gateway had looked up.
    #[serde(default, skip_serializing_if = "Facts::say_nothing")]
    pub facts: Facts,
    /// Seconds since the patient proved that, where it was known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age: Option<u64>,
    /// What the answer was.
    pub permit: bool,
}

/// What the event says of all questions of its request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Said<'a> {
    /// Its client.
    pub client: Option<&'a str>,
    /// Its purpose.
    pub purpose: Option<&'a str>,
}

impl Asked {
    /// A question and its answer, within an event that says so much already.
    #[must_use]
    pub fn new(
        request: &AccessRequest,
        age: Option<Duration>,
        decision: &AccessDecision,
        said: Said<'_>,
    ) -> Self {
        let AccessRequest { client, action, purpose, acr, dependant, facts } = request;
        let (mut at, mut of, mut from, mut card, mut emergency) = (None, None, None, None, None);
        match action {
            Action::OpenSession(facts) => card = Some(*facts),
            Action::Fhir { service, resource_type, .. } => {
                (at, of) = (Some(service.0.clone()), Some(resource_type.clone()));
            }
            Action::Exchange { service } => at = Some(service.0.clone()),
            Action::ExchangeOnward { from: first, service } => {
                (at, from) = (Some(service.0.clone()), Some(first.0.clone()));
            }
            Action::BreakGlass(facts) => emergency = Some(*facts),
            Action::Introspect | Action::Consent | Action::Eligibility | Action::VerifyReceipts => {}
        }
        Self {
            kind: client.kind,
            client: (said.client != Some(&client.id)).then(|| client.id.clone()),
            action: action.name().to_owned(),
            at,
            of,
            from,
            card,
            emergency,
            purpose: (said.purpose != Some(purpose.as_str())).then_some(*purpose),
            acr: *acr,
            dependant: *dependant,
            facts: facts.clone(),
            age: age.map(|age| age.as_secs()),
            permit: decision.permits_at(age),
        }
    }

    /// The question again; nothing where this program does not know such a question (a log of another version).
    #[must_use]
    pub fn request(&self, said: Said<'_>) -> Option<AccessRequest> {
        let service = || self.at.clone().map(Service);
        let action = match self.action.as_str() {
            "open-session" => Action::OpenSession(self.card?),
            "exchange" => Action::Exchange { service: service()? },
            "exchange-onward" => {
                Action::ExchangeOnward { from: Service(self.from.clone()?), service: service()? }
            }
            "introspect" => Action::Introspect,
            "consent" => Action::Consent,
            "break-glass" => Action::BreakGlass(self.emergency?),
            "eligibility" => Action::Eligibility,
            "verify-receipts" => Action::VerifyReceipts,
            interaction => Action::Fhir {
                service: service()?,
                resource_type: self.of.clone()?,
                interaction: Interaction::parse(interaction)?,
            },
        };
        Some(AccessRequest {
            client: ClientFacts { id: self.client.as_deref().or(said.client)?.to_owned(), kind: self.kind },
            action,
            purpose: self.purpose.or_else(|| said.purpose.and_then(Purpose::parse))?,
            acr: self.acr,
            dependant: self.dependant,
            facts: self.facts.clone(),
        })
    }

    /// How long ago the patient had proven what `acr` says.
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        self.age.map(Duration::from_secs)
    }
}

impl AccessDecision {
    /// Whether this was a yes for a proof of that age; where no age was known, one that wants a recent proof is a no.
    #[must_use]
    pub fn permits_at(&self, age: Option<Duration>) -> bool {
        let recent = match (self.max_age(), age) {
            (None, _) => true,
            (Some(most), Some(age)) => age <= most,
            (Some(_), None) => false,
        };
        self.is_permit() && recent
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}
