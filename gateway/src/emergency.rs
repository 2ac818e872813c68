//! How are the essentials of somebody reached who cannot agree, or has no card with them? Break-glass (*bris de glace*).
//!
//! An access of its own, never an error path: its own purpose (`BTG`), a reason in a code and in words, one practitioner's
//! signature where the card is on the reader and two people's where there is only a number, a quota, five minutes, reading
//! alone and only what policy calls essential. It stands in a queue for review and among the patient's notices before its session exists.
//!
//! Who is enrolled is nobody's to find out. A number is looked up only for whom everything else was permitted; one that
//! nobody enrolled has uses up the quota, stands in the queue and is on record like any other.

mod age;
mod asked;
mod opened;
mod queue;
pub mod review;
mod statement;
pub(crate) mod texts;

use std::sync::Arc;

use axum::response::Response;
use hsm_config::{KeyRole, Signer};
use http::HeaderMap;
use policies::{AccessRequest, Acr, Action, EmergencyFacts, Facts, Identified, Permit, Purpose};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::app::App;
use crate::audit::{AuditEvent, EventKind, Outcome};
use crate::caller::Caller;
use crate::fraud;
use crate::problem::ProblemCode;
use crate::refusal::{Refusal, unrecorded};
use crate::registry::{Patient, RegistryError};
use crate::session::{self, Session};
use crate::tally::Counted;
use crate::token::{Confirmation, Scheme};
use crate::wire::{EmergencyBody, ParseError};

pub(crate) use age::watch;
use asked::Asked;
use opened::Opened;
use queue::{Entered, Entry, Queued, Quota, Used};
pub use statement::TwoPractitioners;
use statement::{About, Signed, Vouchers};

/// By what the patient is known (*identification*).
enum Evidence {
    /// A session that their card opened, and at least one practitioner.
    Card(Session, Vouchers),
    /// A number, and who answers for it: enough only where that is two.
    Number(card_reader::NationalNumber, Vouchers),
}

/// The glass is to be broken: for whom, why, who answers for it, may they, on the queue, on record?
pub(crate) async fn open(
    app: &App,
    caller: &Caller,
    (headers, body): (&HeaderMap, EmergencyBody),
    mut event: AuditEvent,
) -> Response {
    event.kind = EventKind::EmergencyRefused;
    event.purpose = Some(Purpose::BreakGlass.as_str().to_owned());
    match admit(app, caller, (headers, body), &mut event).await {
        Ok(opened) => {
            event.kind = EventKind::EmergencyOpened;
            event.outcome = Outcome::Permit;
            event.code = "emergency-opened".into();
            app.metrics.emergency("opened");
            app.tally.count(caller.id(), Counted::BreakGlass, event.at);
            match app.audit.record(event).await {
                Ok(recorded) => opened.answer(app, &recorded),
                Err(error) => unrecorded(error),
            }
        }
        Err(refusal) => {
            app.metrics.emergency("refused");
            refusal.record(&app.audit, event).await
        }
    }
}

/// The steps, in order. Each consumes what the step before it proved.
async fn admit(
    app: &App,
    caller: &Caller,
    (headers, body): (&HeaderMap, EmergencyBody),
    event: &mut AuditEvent,
) -> Result<Opened, Refusal> {
    let at = event.at;
    event.station = crate::wire::is_label(&body.station).then(|| body.station.clone());
    let asked = Asked::understood(body)?;
    let evidence = Evidence::read(app, caller, headers, &asked, at)?;
    event.session = evidence.session().map(|session| session.claims().id);
    event.detail = Some(evidence.detail(&asked));
    let (permit, used) = permitted(app, caller, &asked, &evidence, event).await?;
    let patient = evidence.patient(app, &permit).await?;
    event.subject = patient.as_ref().map(|patient| patient.subject.clone());
    let queued = queued(app, caller, &asked, &evidence, patient.as_deref(), at).await?;
    event.detail = Some(format!("emergency {}, {}", queued.id, evidence.detail(&asked)));
    let patient = patient.ok_or_else(|| Refusal::new(ProblemCode::EmergencyPatientUnknown))?;
    let quota = quota(app);
    let left = [
        quota.per_practitioner.saturating_sub(used.by_practitioner.saturating_add(1)),
        quota.per_establishment.saturating_sub(used.by_establishment.saturating_add(1)),
    ];
    let opened =
        Opened::token(app, caller, (&asked, evidence.session()), patient, (queued, left), &permit, at)
            .await?;
    event.session = Some(opened.claims.id);
    event.guardian = opened.claims.actor.clone();
    event.card = opened.claims.presence.card.clone();
    if let Some(signed) = evidence.vouchers().all().first() {
        fraud::broke_glass(app, caller, signed.id(), event).await?;
    }
    event.status = opened.claims.status.map(|place| place.to_string());
    Ok(opened)
}

impl Evidence {
    /// Who answers for what: every signature is judged before anything is counted or looked up.
    fn read(
        app: &App,
        caller: &Caller,
        headers: &HeaderMap,
        asked: &Asked,
        at: OffsetDateTime,
    ) -> Result<Self, Refusal> {
        let Some(number) = &asked.number else {
            let session = session::of_request(app, caller, headers, at)?;
            if session.claims().acr < Acr::Card {
                // An emergency does not lead to the next: that would be five minutes without end.
                return Err(Refusal::exactly(ProblemCode::Denied, "emergency-from-emergency"));
            }
            let about = About::Session(session.claims().id);
            let vouchers = Vouchers::read(app, caller, asked, &about, at)?;
            return Ok(Self::Card(session, vouchers));
        };
        without_session(app, caller, headers, at)?;
        let vouchers = Vouchers::read(app, caller, asked, &About::Number(number), at)?;
        Ok(Self::Number(number.clone(), vouchers))
    }

    fn vouchers(&self) -> &Vouchers {
        let (Self::Card(_, vouchers) | Self::Number(_, vouchers)) = self;
        vouchers
    }

    const fn session(&self) -> Option<&Session> {
        match self {
            Self::Card(session, _) => Some(session),
            Self::Number(..) => None,
        }
    }

    const fn identified(&self) -> Identified {
        match self {
            Self::Card(..) => Identified::Card,
            Self::Number(_, Vouchers::Two(_)) => Identified::TwoPractitioners,
            Self::Number(_, Vouchers::One(_)) => Identified::Nothing,
        }
    }

    /// The two whose quota is counted; one person twice, where one signs.
    fn practitioners(&self) -> (&str, &str) {
        let all = self.vouchers().all();
        (all.first().map_or("", Signed::id), all.last().map_or("", Signed::id))
    }

    /// For the record: codes, and the professional registration of whoever answers for it.
    fn detail(&self, asked: &Asked) -> String {
        let who: Vec<_> = self.vouchers().all().iter().map(|signed| signed.id()).collect();
        let by = self.identified().as_str();
        format!("reason {}, identified by {by}, practitioners {}", asked.reason, who.join(" and "))
    }

    /// The patient, for whom everything else was permitted; none where nobody enrolled has that number.
    async fn patient(&self, app: &App, _permit: &Permit) -> Result<Option<Arc<Patient>>, Refusal> {
        match self {
            Self::Card(session, _) => session::patient(app, session).await.map(Some),
            Self::Number(number, Vouchers::Two(two)) => Ok(app.registry.in_emergency(number, two).await?),
            Self::Number(_, Vouchers::One(_)) => {
                Err(Refusal::exactly(ProblemCode::Denied, "two-practitioners-required"))
            }
        }
    }
}

/// A number comes without a session: on the API port with the certificate alone, on the public port with the token that a
/// client without one opens presences with.
fn without_session(
    app: &App,
    caller: &Caller,
    headers: &HeaderMap,
    at: OffsetDateTime,
) -> Result<(), Refusal> {
    match caller.confirmation() {
        Confirmation::Certificate(_) if headers.contains_key(http::header::AUTHORIZATION) => {
            Err(ParseError("either the token of a session or an identifier, not both").into())
        }
        Confirmation::Certificate(_) => Ok(()),
        Confirmation::Key(_) => {
            let token = session::access_token(headers, Scheme::Dpop)?;
            let token = app.tokens.verify_client(token, caller.confirmation(), at)?;
            match token.claims().client_id == caller.client().id {
                true => Ok(()),
                false => Err(Refusal::exactly(ProblemCode::TokenInvalid, "token-of-another-client")),
            }
        }
    }
}

fn quota(app: &App) -> Quota {
    let config = &app.config.emergency;
    Quota { per_practitioner: config.per_practitioner, per_establishment: config.per_establishment }
}

/// What policy says, knowing how often the glass was broken lately and nothing of the patient.
async fn permitted(
    app: &App,
    caller: &Caller,
    asked: &Asked,
    evidence: &Evidence,
    event: &mut AuditEvent,
) -> Result<(Permit, Used), Refusal> {
    let establishment = &caller.client().id;
    let used = queue::used(&app.store, establishment, evidence.practitioners(), event.at).await?;
    let quota = quota(app);
    let request = AccessRequest {
        client: caller.facts(),
        action: Action::BreakGlass(EmergencyFacts {
            identified: evidence.identified(),
            reason: asked.reason,
            left_of_practitioner: quota.per_practitioner.saturating_sub(used.by_practitioner),
            left_of_establishment: quota.per_establishment.saturating_sub(used.by_establishment),
            reviews_overdue: used.overdue,
        }),
        purpose: Purpose::BreakGlass,
        acr: Acr::Emergency,
        dependant: evidence.session().is_some_and(|session| session.claims().actor.is_some()),
        facts: Facts::default(),
    };
    let decision = app.policies.decide_recorded(&request, None, event);
    let permit = decision.permit().ok_or_else(|| Refusal::denied(&decision))?;
    Ok((permit, used))
}

/// Puts it on the queue, with everything that a reviewer needs.
async fn queued(
    app: &App,
    caller: &Caller,
    asked: &Asked,
    evidence: &Evidence,
    patient: Option<&Patient>,
    at: OffsetDateTime,
) -> Result<Queued, Refusal> {
    let id = Uuid::new_v4();
    let seal = |what: &str, text: &str| seal(app.signer.as_ref(), id, what, text);
    let signed = evidence.vouchers().all().iter();
    let signed = signed.map(|signed| Ok((signed, seal(signed.id(), signed.text())?)));
    let entry = Entry {
        id,
        session: Uuid::new_v4(),
        subject: patient.map(|patient| patient.subject.as_str()),
        establishment: &caller.client().id,
        identified: evidence.identified().as_str(),
        reason: asked.reason.as_str(),
        words: seal(WORDS, &asked.words)?,
        signed: signed.collect::<Result<_, RegistryError>>()?,
        at,
        review_due: at + app.config.emergency.review,
    };
    match queue::enter(&app.store, entry, quota(app)).await? {
        Entered::Queued(queued) => Ok(queued),
        // Counted at another node in the meantime: the next request is told so by policy.
        Entered::Full => Err(Refusal::exactly(ProblemCode::Denied, "emergency-quota-used-up")),
        Entered::Spent => {
            Err(Refusal::exactly(ProblemCode::EmergencyStatementRefused, "emergency-statement-spent"))
        }
    }
}

/// What is sealed of an access belongs to it: its words, or what that practitioner signed.
pub(crate) fn seal(signer: &dyn Signer, id: Uuid, what: &str, text: &str) -> Result<Vec<u8>, RegistryError> {
    Ok(signer.seal(KeyRole::RegistrySealing, text.as_bytes(), &context(id, what))?)
}

/// Of what is sealed, the words of whoever broke the glass …
pub(crate) const WORDS: &str = "words";

pub(in crate::emergency) fn context(id: Uuid, what: &str) -> Vec<u8> {
    [b"emergency\0".as_slice(), id.as_bytes(), what.as_bytes()].concat()
}
