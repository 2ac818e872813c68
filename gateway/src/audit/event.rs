//! What is written about one thing that happened? Codes and pseudonyms, never a person.

use std::borrow::Cow;

use policies::Asked;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

/// What kind of thing happened.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// A request of a session to a back-end (*accès*), permitted or not.
    Access,
    /// A station told that a card refused a CAN or a PIN (*échec de carte*): its word, and about no card.
    CardFailure,
    /// A client without a certificate got a token to open presences with.
    ClientTokenIssued,
    /// A connection that never became a request: bad TLS, unknown certificate, too slow.
    ConnectionRefused,
    /// An operator looked into a case of fraud, noted, labelled it, or ruled on a signal (*instruction*).
    FraudRuled,
    /// The glass was broken (*bris de glace*).
    EmergencyOpened,
    /// The glass was to be broken, and was not.
    EmergencyRefused,
    /// An emergency access was looked at by its reviewer, found to be right or not, or waited too long (*revue*).
    EmergencyReviewed,
    /// A patient said at a counter what they agree to (*consentement donné*).
    ConsentGiven,
    /// The consents of a patient were shown at a counter.
    ConsentRead,
    /// A consent was brought, asked for or withdrawn, and was not taken.
    ConsentRefused,
    /// A patient withdrew a consent at a counter (*consentement retiré*).
    ConsentWithdrawn,
    /// Cover was asked for and told (*droits*).
    EligibilityAnswered,
    /// Cover was asked for and not told.
    EligibilityRefused,
    /// The gateway began to answer.
    GatewayStarted,
    /// The gateway stopped in order; without it, the next start follows a crash.
    GatewayStopped,
    /// Other policies were offered and not taken: those in force decide on.
    PoliciesRefused,
    /// Other policies decide from now on.
    PoliciesReplaced,
    /// A patient was told who saw their record without asking them (*avis au patient*).
    NoticeTold,
    /// A card's files were believed, and a challenge was given out.
    PresenceBegun,
    /// A card's files were not believed.
    PresenceRefused,
    /// A patient was referred to another level of care, or no longer (*orientation*).
    Referred,
    /// Receipts were asked about and not judged.
    ReceiptsRefused,
    /// Somebody was told what receipts are worth (*reçus vérifiés*).
    ReceiptsVerified,
    /// The registry was imported, or was not: when it was begun, and how it ended.
    RegistryImported,
    /// A pseudonym was led back to a patient by two operators (*levée de pseudonyme*): each step of it.
    Relinked,
    /// A request that no flow could take: malformed, too large, too often, unknown path.
    RequestRefused,
    /// Something that fraud rules look at, such as a clone (*signal de risque*).
    RiskSignal,
    /// A session was closed before its time.
    SessionEnded,
    /// A session was opened.
    SessionOpened,
    /// A session was asked for and refused.
    SessionRefused,
    /// A challenge for the holder's PIN was given out for a session.
    StepUpBegun,
    /// The holder agreed by PIN, and the session has a stronger token.
    StepUpDone,
    /// The holder's agreement was asked for and not believed.
    StepUpRefused,
    /// A request that was running when its session ended was cut (*flux coupé*).
    StreamCut,
    /// A token was exchanged for one of another audience (RFC 8693).
    TokenExchanged,
    /// Somebody asked what a token is worth (RFC 7662).
    TokenIntrospected,
    /// An OAuth endpoint was asked for something and refused.
    TokenRefused,
    /// A token was taken back before its time (RFC 7009).
    TokenRevoked,
    /// An operator ended something before its time: a card, a client, sessions, a key (*retrait*).
    Withdrawn,
}

impl EventKind {
    /// The stable name, as in the JSON.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::CardFailure => "card-failure",
            Self::ClientTokenIssued => "client-token-issued",
            Self::ConnectionRefused => "connection-refused",
            Self::FraudRuled => "fraud-ruled",
            Self::EmergencyOpened => "emergency-opened",
            Self::EmergencyRefused => "emergency-refused",
            Self::EmergencyReviewed => "emergency-reviewed",
            Self::ConsentGiven => "consent-given",
            Self::ConsentRead => "consent-read",
            Self::ConsentRefused => "consent-refused",
            Self::ConsentWithdrawn => "consent-withdrawn",
            Self::EligibilityAnswered => "eligibility-answered",
            Self::EligibilityRefused => "eligibility-refused",
            Self::GatewayStarted => "gateway-started",
            Self::GatewayStopped => "gateway-stopped",
            Self::PoliciesRefused => "policies-refused",
            Self::PoliciesReplaced => "policies-replaced",
            Self::NoticeTold => "notice-told",
            Self::PresenceBegun => "presence-begun",
            Self::PresenceRefused => "presence-refused",
            Self::Referred => "referred",
            Self::ReceiptsRefused => "receipts-refused",
            Self::ReceiptsVerified => "receipts-verified",
            Self::RegistryImported => "registry-imported",
            Self::Relinked => "relinked",
            Self::RequestRefused => "request-refused",
            Self::RiskSignal => "risk-signal",
            Self::SessionEnded => "session-ended",
            Self::SessionOpened => "session-opened",
            Self::SessionRefused => "session-refused",
            Self::StepUpBegun => "step-up-begun",
            Self::StepUpDone => "step-up-done",
            Self::StepUpRefused => "step-up-refused",
            Self::StreamCut => "stream-cut",
            Self::TokenExchanged => "token-exchanged",
            Self::TokenIntrospected => "token-introspected",
            Self::TokenRefused => "token-refused",
            Self::TokenRevoked => "token-revoked",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// How it ended.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Policy said no: a decision, not an error.
    Deny,
    /// It could not be decided: something of ours or a back-end failed.
    Error,
    /// Allowed.
    Permit,
    /// It was not believed, or was not a request that we take.
    Refused,
}

/// One thing that happened (*événement d'audit*).
///
/// Every name in it is a code, an identifier of a machine or a pairwise pseudonym: no name, no card
/// number, no identifiant santé, no medical content.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct AuditEvent {
    /// When, truncated to the microsecond: what every store can give back unchanged.
    #[serde(with = "micros")]
    pub at: OffsetDateTime,
    /// What kind of thing.
    pub kind: EventKind,
    /// How it ended.
    pub outcome: Outcome,
    /// The exact code, also where the caller was told less.
    pub code: Cow<'static, str>,
    /// The registered client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// The station (*poste*), as its establishment names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub station: Option<String>,
    /// The presence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presence: Option<Uuid>,
    /// The session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Uuid>,
    /// The patient, by the pseudonym that the gateway itself knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Who represented the patient, by the same kind of pseudonym.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guardian: Option<String>,
    /// The consent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<Uuid>,
    /// The card, by its keyed name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<String>,
    /// Where the session's status is published: `list/index`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The back-end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The FHIR resource type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_type: Option<String>,
    /// The FHIR interaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interaction: Option<String>,
    /// The purpose (*finalité*), an HL7 PurposeOfUse code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// The hash of the policy set that decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// What the policies were asked: enough to ask other policies the same (`bawaba policies replay`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asked: Vec<Asked>,
    /// The request, as in the log line and the problem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// What fraud signals were told, so that signals can be tried on it later: pseudonyms and figures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<String>,
    /// More, from fixed texts and codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl AuditEvent {
    /// An event with what every event has; the rest is set field by field.
    pub fn new(
        kind: EventKind,
        outcome: Outcome,
        code: impl Into<Cow<'static, str>>,
        at: OffsetDateTime,
    ) -> Self {
        Self {
            at: truncated(at),
            kind,
            outcome,
            code: code.into(),
            client: None,
            station: None,
            presence: None,
            session: None,
            subject: None,
            guardian: None,
            consent: None,
            card: None,
            status: None,
            service: None,
            resource_type: None,
            interaction: None,
            purpose: None,
            policy: None,
            asked: Vec::new(),
            request_id: None,
            observed: None,
            detail: None,
        }
    }
}

/// PostgreSQL keeps microseconds, SQLite what it is given: both get microseconds.
fn truncated(at: OffsetDateTime) -> OffsetDateTime {
    at.replace_nanosecond(at.microsecond() * 1_000).unwrap_or(at)
}

/// Microseconds since 1970 as a number.
pub(crate) fn unix_micros(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000).unwrap_or(i64::MAX)
}

mod micros {
    use serde::{Deserialize, Deserializer, Serializer};
    use time::OffsetDateTime;

    pub(super) fn serialize<S: Serializer>(at: &OffsetDateTime, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(super::unix_micros(*at))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<OffsetDateTime, D::Error> {
        let micros = i64::deserialize(deserializer)?;
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000)
            .map_err(serde::de::Error::custom)
    }
}
