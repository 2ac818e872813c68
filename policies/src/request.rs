//! Who wants to do what, why, and how sure are we of the patient?

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::facts::{EmergencyFacts, Facts};
use crate::vocabulary::vocabulary;

/// One question to the policies (*demande d'accès*): everything the answer depends on, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AccessRequest {
    /// Who asks.
    pub client: ClientFacts,
    /// What they want to do.
    pub action: Action,
    /// Why they want to.
    pub purpose: Purpose,
    /// How the patient's presence was proven.
    pub acr: Acr,
    /// The session is for a dependant (*ayant droit*) of the person whose card it was.
    pub dependant: bool,
    /// What the gateway looked up: consent, care pathway, claim, risk.
    #[serde(default, skip_serializing_if = "Facts::say_nothing")]
    pub facts: Facts,
}

/// The registered client that asks (*établissement*), as its certificate proved it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ClientFacts {
    /// The registered client id: the serial number attribute of the certificate's subject.
    pub id: String,
    /// What it is registered as.
    pub kind: ClientKind,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Action {
    /// Turn the proven presence of this card into a session.
    OpenSession(CardFacts),
    /// One FHIR interaction at one back-end.
    Fhir {
        /// The back-end.
        service: Service,
        /// The FHIR R4 resource type: `MedicationRequest`.
        resource_type: String,
        /// What is done to it.
        interaction: Interaction,
    },
    /// Turn a session into a token that the counter brings to this back-end itself (RFC 8693, *échange de jeton*).
    Exchange {
        /// The back-end.
        service: Service,
    },
    /// Turn the token that one back-end received into one for another.
    ExchangeOnward {
        /// The back-end that received it and asks.
        from: Service,
        /// The back-end that the new one is for.
        service: Service,
    },
    /// Ask what a token is worth that is neither one's own nor meant for one (RFC 7662).
    Introspect,
    /// Write down or take back what the patient present agrees to (*consentement*).
    Consent,
    /// Break the glass for a patient who cannot be asked (*bris de glace*).
    BreakGlass(EmergencyFacts),
    /// Ask which rights the patient has (*droits AMO*).
    Eligibility,
    /// Ask what receipts are worth (*reçus*).
    VerifyReceipts,
}

/// What is known of the lists on which this card could stand (*fraîcheur des listes*). That it stands on none was found
/// out before; here is asked how much that is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CardFacts {
    /// The revocation list of the state that signed the card's data.
    pub revocation: ListFreshness,
    /// The list of cards reported lost, stolen or withdrawn.
    pub hot_list: ListFreshness,
}

/// How much a list is worth at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ListFreshness {
    /// The operator keeps no such list.
    NotKept,
    /// There is none that could be used.
    Unknown,
    /// There is one.
    Known {
        /// Whole hours since it was made.
        age_hours: u32,
        /// Begun hours since the next one was promised; 0: not due yet.
        overdue_hours: u32,
    },
}

impl CardFacts {
    /// Both lists are of this hour.
    pub const FRESH: Self = Self { revocation: ListFreshness::FRESH, hot_list: ListFreshness::FRESH };
}

impl ListFreshness {
    /// Made this hour.
    pub const FRESH: Self = Self::Known { age_hours: 0, overdue_hours: 0 };

    /// A list of this age, so far past its promised successor.
    #[must_use]
    pub fn known(age: Duration, overdue: Duration) -> Self {
        let hours = |seconds: u64| u32::try_from(seconds / 3600).unwrap_or(u32::MAX);
        let begun =
            overdue.as_secs().saturating_add(u64::from(overdue.subsec_nanos() > 0)).saturating_add(3599);
        Self::Known { age_hours: hours(age.as_secs()), overdue_hours: hours(begun) }
    }
}

/// A back-end by its configured name: `dossier`, `prescription`, `billing`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Service(pub String);

vocabulary! {
    /// What a client is registered as (*type d'établissement*).
    ClientKind {
        /// A dispensing pharmacy (*officine*).
        Pharmacy = "pharmacy",
        /// A private clinic or a doctor's office (*clinique, cabinet*).
        Clinic = "clinic",
        /// A public hospital (*hôpital, CHU*).
        Hospital = "hospital",
        /// A mobile medical unit (*unité médicale mobile*).
        MobileUnit = "mobile-unit",
        /// An agency of the social security fund (*CNSS*).
        Cnss = "cnss",
        /// A service behind the gateway (*service dorsal*).
        BackEnd = "back-end",
        /// The security team's reader of the log (*auditeur*).
        Auditor = "auditor",
    }
}

vocabulary! {
    /// What is done to a resource (FHIR R4 §3.1.0, *interaction*).
    Interaction {
        /// Read one resource or one version of it.
        Read = "read",
        /// Search among resources.
        Search = "search",
        /// Create a resource.
        Create = "create",
        /// Change a resource, whole or in part.
        Update = "update",
        /// Delete a resource.
        Delete = "delete",
        /// Run a named operation.
        Operation = "operation",
    }
}

vocabulary! {
    /// Why access is wanted (*finalité*): codes of HL7 v3 PurposeOfUse.
    Purpose {
        /// Treatment (*soins*).
        Treatment = "TREAT",
        /// Emergency treatment (*soins d'urgence*).
        EmergencyTreatment = "ETREAT",
        /// Healthcare payment (*prise en charge et remboursement*).
        Payment = "HPAYMT",
        /// Break the glass (*bris de glace*).
        BreakGlass = "BTG",
    }
}

vocabulary! {
    /// How the patient's presence was proven (*niveau de preuve*), weakest first.
    Acr {
        /// Nothing was proven: the glass was broken (*bris de glace*).
        Emergency = "break-glass",
        /// The chip proved that it is the original.
        Card = "card",
        /// The holder also proved, by a PIN on the card, that they agree.
        Holder = "holder",
    }
}

impl AccessRequest {
    /// The same question, had the holder of the card also proven by PIN that they agree; nothing, where they did.
    ///
    /// Whoever is denied this and would be permitted that is not turned away but asked for the PIN (RFC 9470).
    #[must_use]
    pub fn with_holder(&self) -> Option<Self> {
        (self.acr == Acr::Card).then(|| Self { acr: Acr::Holder, ..self.clone() })
    }
}

impl Action {
    /// Whether policies may ask about consent, care pathway, claim and risk.
    pub(crate) const fn knows_facts(&self) -> bool {
        matches!(
            self,
            Self::OpenSession(_) | Self::Fhir { .. } | Self::Exchange { .. } | Self::ExchangeOnward { .. }
        )
    }

    /// The action's name in policies and audit events: `open-session`, the interaction, or what else is done.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::OpenSession(_) => "open-session",
            Self::Fhir { interaction, .. } => interaction.as_str(),
            Self::Exchange { .. } => "exchange",
            Self::ExchangeOnward { .. } => "exchange-onward",
            Self::Introspect => "introspect",
            Self::Consent => "consent",
            Self::BreakGlass(_) => "break-glass",
            Self::Eligibility => "eligibility",
            Self::VerifyReceipts => "verify-receipts",
        }
    }
}
