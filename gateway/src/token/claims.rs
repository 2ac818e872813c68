//! What does each token say, in the words of the domain?

use policies::{Acr, Purpose, RiskFacts};
use time::OffsetDateTime;
use uuid::Uuid;

use super::Confirmation;

/// What a session token says (*jeton de session*). Times are whole seconds on the wire.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionClaims {
    /// `sid`: the session's id, the same in every token of the session. Revocation goes by it, never by the token's
    /// bytes: an ECDSA signature can be rewritten by anybody into a second valid one.
    pub id: Uuid,
    /// `jti`: this token; that of a session's first token is the session's id.
    pub token: Uuid,
    /// `sub`: the patient's pairwise subject at the gateway itself.
    pub subject: String,
    /// `client_id`: the registered client whose certificate the token is bound to.
    pub client_id: String,
    /// `establishment`: where it was opened (*établissement*).
    pub establishment: String,
    /// `cnf`: the key that whoever shows the token must prove.
    pub confirmation: Confirmation,
    /// `scope`: what may be reached, words separated by one space (RFC 6749 §3.3).
    pub scope: String,
    /// `acr`: how the presence was proven.
    pub acr: Acr,
    /// `amr`: by which means (RFC 8176): `hwk`, `pin`, `sc`.
    pub amr: Vec<String>,
    /// `auth_time`: when the presence was proven.
    pub authenticated_at: OffsetDateTime,
    /// `iat` and `nbf`.
    pub issued_at: OffsetDateTime,
    /// `exp`: at most 15 minutes after it was issued.
    pub expires_at: OffsetDateTime,
    /// `act.sub`: who acts for the subject when it is another: the guardian of a dependant (*ayant droit*), by
    /// their pairwise subject at the gateway. No back-end is told: to them all it would be one and the same name.
    pub actor: Option<String>,
    /// `presence`: the proof behind the session.
    pub presence: PresenceClaims,
    /// `purpose`: why.
    pub purpose: Purpose,
    /// `enc`: the encounter, when the counter named one.
    pub encounter: Option<String>,
    /// `pol`: the hash of the policy set that permitted the session.
    pub policy: String,
    /// `status`: where its revocation is published, when it is.
    pub status: Option<StatusReference>,
    /// `risk`: what looked wrong when it was opened, sealed for the gateway alone: no counter learns that it was noticed.
    pub risk: RiskFacts,
}

/// What a back-end token says (*jeton de service*): less than the session it comes from, and never for longer.
#[derive(Clone, PartialEq, Eq)]
pub struct BackEndClaims {
    /// `sid`: the session behind it.
    pub session: Uuid,
    /// `jti`: this token.
    pub token: Uuid,
    /// `aud`: the one back-end that it is for.
    pub audience: String,
    /// `sub`: the patient as that back-end knows them.
    pub subject: String,
    /// `client_id`: who was given the token: the counter, or the back-end that exchanged it onward.
    pub client_id: String,
    /// `scope`: words of the session's.
    pub scope: String,
    /// `cnf`: the key that whoever shows it must prove; none where the gateway itself carries it.
    pub confirmation: Option<Confirmation>,
    /// `acr` of the session.
    pub acr: Acr,
    /// `amr` of the session.
    pub amr: Vec<String>,
    /// `auth_time` of the session.
    pub authenticated_at: OffsetDateTime,
    /// `iat` and `nbf`.
    pub issued_at: OffsetDateTime,
    /// `exp`: at most five minutes later, and not after the session.
    pub expires_at: OffsetDateTime,
    /// `act`: who acts for the patient, newest first: the counter; before it, the back-end that went onward.
    pub actors: Vec<String>,
    /// `act.practitioner`, beside the counter's `sub`: who acts there, when they signed that they do.
    pub practitioner: Option<String>,
    /// `establishment`: where the session was opened.
    pub establishment: String,
    /// `presence`: the proof behind the session.
    pub presence: PresenceClaims,
    /// `purpose`: why.
    pub purpose: Purpose,
    /// `enc`: the encounter, when the counter named one.
    pub encounter: Option<String>,
    /// `consent`: the id of the consent on which the access rests, if it rests on one.
    pub consent: Option<Uuid>,
    /// `pol`: the hash of the policy set that permitted the session.
    pub policy: String,
    /// `status`: where the session's revocation is published, when it is.
    pub status: Option<StatusReference>,
    /// `ref`: the patient as the gateway knows them, sealed for the gateway alone.
    pub sealed_patient: Vec<u8>,
}

/// The proof of presence that a token rests on (*preuve de présence*).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresenceClaims {
    /// The presence's id.
    pub id: Uuid,
    /// How the chip was proven: `chip-authentication`, `active-authentication`.
    pub method: String,
    /// When.
    pub proven_at: OffsetDateTime,
    /// At which station (*poste*).
    pub station: String,
    /// The card (*carte*): a keyed name that says nothing to anybody else, so that a card that is reported ends its
    /// sessions. No back-end is told.
    pub card: Option<String>,
}

/// A place in a published status list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusReference {
    /// The list's number: `/status/{list}`.
    pub list: u32,
    /// The place in it.
    pub index: u32,
}

impl StatusReference {
    /// As an audit event has it: `list/index`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (list, index) = text.split_once('/')?;
        Some(Self { list: list.parse().ok()?, index: index.parse().ok()? })
    }
}

impl std::fmt::Display for StatusReference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.list, self.index)
    }
}

/// What a receipt says (*reçu*): that somebody was there, where, when and for what. Nothing medical, nobody's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptClaims {
    /// The presence it attests.
    pub presence: Uuid,
    /// Where (*établissement*).
    pub establishment: String,
    /// When the act was recorded.
    pub time: OffsetDateTime,
    /// What was done: `open-session`, `create Claim`.
    pub operation: String,
    /// The place of the act's event in the audit log.
    pub log_index: u64,
}

impl std::fmt::Debug for SessionClaims {
    /// Without the subject: it names a patient to whoever can join two logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionClaims")
            .field("id", &self.id)
            .field("client_id", &self.client_id)
            .field("acr", &self.acr)
            .field("purpose", &self.purpose)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for BackEndClaims {
    /// Without the subject: it names a patient to that back-end.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BackEndClaims")
            .field("session", &self.session)
            .field("token", &self.token)
            .field("audience", &self.audience)
            .field("actors", &self.actors)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}
