//! Who may lead a pseudonym back to a patient, and how is it certain that two people wanted it?
//!
//! For courts and fraud teams (*levée de pseudonyme*). One operator asks, another approves, one of the two opens; each
//! step is signed by that operator's own key under a certificate of the client authority, judged anew at every step,
//! and on record before it counts. A request lives for a day and is opened once.
//!
//! The derivation of pseudonyms is one-way: the answer is found by deriving the name of every patient until one
//! matches. That reads the whole registry once; see `search` for what it costs.
//!
//! What this does not stop: who controls the machine and the keys of the gateway needs no second operator. It makes
//! the honest way the short one, and leaves signatures and events behind.

mod error;
mod operator;
mod rows;
mod search;
mod standing;
mod statement;

use std::sync::Arc;

use hsm_config::Signer;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::audit::Audit;
use crate::config::Config;
use crate::registry::Registry;
use crate::store::Store;
use crate::token::Tokens;
use crate::trust::Trust;
use crate::wire::is_label;

pub use error::RelinkError;
pub use operator::OperatorKey;
pub use statement::Ground;

use operator::Operator;
use statement::{Approval, Kind, Opening, Request, StatementId};

/// How long a request may wait for its approval and its opening.
pub const REQUEST_LIFETIME: Duration = Duration::hours(24);

/// Everything that a step needs (*guichet de levée*).
pub struct Desk {
    /// The configuration of the gateway.
    pub config: Config,
    /// Where requests are kept.
    pub store: Store,
    /// Who is registered.
    pub registry: Registry,
    /// Who derives pseudonyms.
    pub tokens: Arc<Tokens>,
    /// Who seals.
    pub signer: Arc<dyn Signer>,
    /// Whose certificates are believed.
    pub trust: Trust,
    /// Where each step is recorded before it counts.
    pub audit: Audit,
}

/// What is asked for; the pseudonym comes apart, because it is nobody's business but the desk's.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The audience that knows the patient by the pseudonym: a configured back-end, or `bawaba` itself.
    pub audience: String,
    /// The audience whose name for the patient is wanted; none: the identifiant santé.
    pub to: Option<String>,
    /// On which legal ground.
    pub ground: Ground,
    /// The number of the court's order or of the case.
    pub reference: String,
}

/// A request as the second operator sees it: everything but the pseudonym.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Shown {
    /// Its id.
    pub id: Uuid,
    /// Who asked.
    pub requested_by: String,
    /// Who approved.
    pub approved_by: Option<String>,
    /// At which audience the pseudonym is known.
    pub audience: String,
    /// The name at which audience is wanted; none: the identifiant santé.
    pub to: Option<String>,
    /// On which legal ground.
    pub ground: &'static str,
    /// The number of the order or case.
    pub reference: String,
    /// Until when it can be approved and opened, in seconds since 1970.
    pub expires_at: i64,
}

/// Who the pseudonym is: for a terminal, never for a log.
pub struct Answer(pub Zeroizing<String>);

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Answer(redacted)")
    }
}

impl Desk {
    /// The first operator asks. Gives the request's id once it is on record.
    pub async fn request(
        &self,
        key: &OperatorKey,
        wanted: &Wanted,
        pseudonym: &str,
        at: OffsetDateTime,
    ) -> Result<Uuid, RelinkError> {
        let id = Uuid::new_v4();
        let asked = self.checked(key, wanted, pseudonym, id, at);
        let (text, operator) = self.or_refused(asked, id, key.claimed_id(), at).await?;
        let expires_at = at + REQUEST_LIFETIME;
        let event = self.event("relink-requested", id, &operator, wanted, &text, at);
        let _recorded = self.audit.record(event).await?;
        rows::insert(&self.store, id, &self.sealed(id, Kind::Request, &text)?, expires_at).await?;
        Ok(id)
    }

    /// Another operator approves. Gives what was approved once it is on record.
    pub async fn approve(
        &self,
        key: &OperatorKey,
        id: Uuid,
        at: OffsetDateTime,
    ) -> Result<Shown, RelinkError> {
        let judged = async {
            let standing = self.standing(id, at).await?;
            if standing.approval.is_some() {
                return Err(RelinkError::AlreadyApproved);
            }
            let of = StatementId::new(&self.config.issuer, id, at);
            let approval = Approval { of, request: standing.request_digest.clone() };
            let text = key.sign(Kind::Approval, &approval)?;
            let operator = self.operator::<Approval>(&text, Kind::Approval, at)?.1;
            if operator.id() == standing.requester.id() {
                return Err(RelinkError::SameOperator);
            }
            Ok((standing, text, operator))
        };
        let (standing, text, operator) = self.or_refused(judged.await, id, key.claimed_id(), at).await?;
        let event = self.event("relink-approved", id, &operator, &standing.request.wanted(), &text, at);
        let _recorded = self.audit.record(event).await?;
        let kept = rows::approve(&self.store, id, &self.sealed(id, Kind::Approval, &text)?).await?;
        if !kept {
            return self.or_refused(Err(RelinkError::AlreadyApproved), id, Some(operator.id()), at).await;
        }
        Ok(Shown { approved_by: Some(operator.id().to_owned()), ..standing.shown(id) })
    }

    /// One of the two opens: searches the registry, spends the request, records, answers.
    pub async fn open(
        &self,
        key: &OperatorKey,
        id: Uuid,
        at: OffsetDateTime,
        progress: impl FnMut(u64, u64),
    ) -> Result<Answer, RelinkError> {
        let judged = async {
            let standing = self.standing(id, at).await?;
            let Some((approver, approval_digest)) = standing
                .approval
                .as_ref()
                .map(|(_, approver)| approver)
                .zip(standing.approval_digest.clone())
            else {
                return Err(RelinkError::NotApproved);
            };
            let of = StatementId::new(&self.config.issuer, id, at);
            let opening = Opening { of, request: standing.request_digest.clone(), approval: approval_digest };
            let text = key.sign(Kind::Opening, &opening)?;
            let operator = self.operator::<Opening>(&text, Kind::Opening, at)?.1;
            if ![approver.id(), standing.requester.id()].contains(&operator.id()) {
                return Err(RelinkError::NotInvolved);
            }
            Ok((standing, text, operator))
        };
        let (standing, text, operator) = self.or_refused(judged.await, id, key.claimed_id(), at).await?;
        let wanted = standing.request.wanted();
        let found = search::patient(self, &standing.request, progress).await;
        let found = match found {
            // Nobody has that name: an answer too, and the request is spent for it.
            Err(RelinkError::NobodyFound) => None,
            found => Some(self.or_refused(found, id, Some(operator.id()), at).await?),
        };
        let code = if found.is_some() { "relink-opened" } else { "relink-pseudonym-unknown" };
        let mut event = self.event(code, id, &operator, &wanted, &text, at);
        event.subject = found.as_ref().map(|found| found.subject.clone());
        let _recorded = self.audit.record(event).await?;
        if !rows::open(&self.store, id, &self.sealed(id, Kind::Opening, &text)?).await? {
            return self.or_refused(Err(RelinkError::AlreadyOpened), id, Some(operator.id()), at).await;
        }
        Ok(Answer(found.ok_or(RelinkError::NobodyFound)?.answer))
    }

    /// A request, for whoever is asked to approve it.
    pub async fn show(&self, id: Uuid, at: OffsetDateTime) -> Result<Shown, RelinkError> {
        Ok(self.standing(id, at).await?.shown(id))
    }

    /// The signed request, and who asks: a registered auditor in good standing at this moment.
    fn checked(
        &self,
        key: &OperatorKey,
        wanted: &Wanted,
        pseudonym: &str,
        id: Uuid,
        at: OffsetDateTime,
    ) -> Result<(String, Operator), RelinkError> {
        if !is_label(&wanted.reference) {
            return Err(RelinkError::Reference);
        }
        let audience = self.audience(&wanted.audience)?;
        let to = wanted.to.as_deref().map(|to| self.audience(to)).transpose()?;
        // The derivation's own form: 32 hexadecimal digits.
        if pseudonym.len() != 32 || !pseudonym.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(RelinkError::Pseudonym);
        }
        let request = Request {
            of: StatementId::new(&self.config.issuer, id, at),
            exp: (at + REQUEST_LIFETIME).unix_timestamp(),
            audience,
            pseudonym: pseudonym.to_owned(),
            to,
            ground: wanted.ground,
            reference: wanted.reference.clone(),
        };
        let text = key.sign(Kind::Request, &request)?;
        let operator = self.operator::<Request>(&text, Kind::Request, at)?.1;
        Ok((text, operator))
    }
}
