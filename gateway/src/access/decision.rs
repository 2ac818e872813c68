//! May this session ask this of that back-end?
//!
//! Everything that can be said from the head of a request, whoever carries it on: our own proxy
//! ([`crate::access`]) or one of somebody else that only asks.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName};
use http::{HeaderMap, Method};
use policies::{AccessDecision, AccessRequest, Action, Facts, Interaction, Permit, Service};

use crate::app::App;
use crate::audit::AuditEvent;
use crate::billing::{self, Examined, Held};
use crate::caller::Caller;
use crate::config::BackEndConfig;
use crate::facts::{Asking, Known};
use crate::fhir::{BodyKind, Dutiful, FhirError, FhirRequest, PatientNames, Said, Step, Target};
use crate::fraud;
use crate::problem::ProblemCode;
use crate::refusal::Refusal;
use crate::session::{self, Session};
use crate::token::{BackEndGrant, scope};

/// The head of a request to a back-end (*tête de requête*).
#[derive(Clone, Copy)]
pub(crate) struct Head<'a> {
    /// The back-end's name.
    pub(crate) service: &'a str,
    /// What is done …
    pub(crate) method: &'a Method,
    /// … to what: what follows the service, still encoded. What is judged is what is forwarded.
    pub(crate) path: &'a str,
    /// Raw, without `?`.
    pub(crate) query: Option<&'a str>,
    /// The session's token, and how a body is to be read.
    pub(crate) headers: &'a HeaderMap,
}

/// A request whose session runs and whose meaning is known; nothing is decided yet (*demande comprise*).
pub(crate) struct Understood<'a> {
    back_end: &'a BackEndConfig,
    session: Session,
    target: Target<'a>,
    said: Said<'a>,
    there: String,
    known: Known,
}

/// A request that policy permits, with what its back-end is to be told (*demande permise*).
pub(crate) struct Decided {
    /// The session that asks.
    pub(crate) session: Session,
    /// The patient as that back-end knows them.
    pub(crate) subject: String,
    /// The request in the back-end's words, with what its permits oblige to.
    pub(crate) asked: Dutiful,
    /// It is raw bytes, which do not say themselves whom they are about.
    pub(crate) raw: bool,
    /// The token for that back-end.
    pub(crate) token: Arc<str>,
    /// The claim that is sent, if it is one: what becomes of it is to be said.
    pub(crate) claim: Option<Held>,
}

/// The first steps, in order: session, meaning, patient. What they find is written into `event`.
pub(crate) async fn understand<'a>(
    app: &'a App,
    caller: &Caller,
    head: Head<'a>,
    event: &mut AuditEvent,
) -> Result<Understood<'a>, Refusal> {
    let back_end =
        app.config.back_ends.get(head.service).ok_or_else(|| Refusal::new(ProblemCode::NotFound))?;

    let session = session::of_request(app, caller, head.headers, event.at)?;
    let claims = session.claims();
    event.session = Some(claims.id);
    event.subject = Some(claims.subject.clone());
    event.purpose = Some(claims.purpose.as_str().to_owned());

    let target = Target::parse(head.method, head.path, one(head.headers, CONTENT_TYPE)?)?;
    let encoding = one(head.headers, CONTENT_ENCODING)?;
    if target.body().is_judged() && encoding.is_some_and(|it| !it.eq_ignore_ascii_case("identity")) {
        return Err(FhirError::MediaType.into());
    }
    let if_none_exist = one(head.headers, HeaderName::from_static("if-none-exist"))?;
    let Step { resource_type, interaction } = target.step();
    event.resource_type = Some(resource_type.to_owned());
    event.interaction = Some(interaction.as_str().to_owned());

    let patient = session::patient(app, &session).await?;
    let there = app.pseudonym_at(back_end, &patient)?;
    let claims = session.claims();
    let asking = Asking { purpose: claims.purpose, acr: claims.acr };
    let known = Known::of(app, caller.client(), &patient, (asking, session.risk(app)), event).await?;
    let said = Said { query: head.query, if_none_exist };
    Ok(Understood { back_end, session, target, said, there, known })
}

/// A header that is there once, or not at all: of two, the back-end may read the other one.
fn one(headers: &HeaderMap, name: HeaderName) -> Result<Option<&str>, FhirError> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| ONCE),
        _ => Err(ONCE),
    }
}

const ONCE: FhirError =
    FhirError::NotUnderstood("Content-Type, Content-Encoding and If-None-Exist are said once, in plain text");

impl Understood<'_> {
    /// How the body is to be treated before [`Understood::decide`].
    pub(crate) fn body(&self) -> BodyKind {
        self.target.body()
    }

    /// The last steps: no other patient, policy, token for the back-end. `read` is the body, where one is judged.
    pub(crate) async fn decide(
        self,
        app: &App,
        caller: &Caller,
        read: Option<Bytes>,
        event: &mut AuditEvent,
    ) -> Result<Decided, Refusal> {
        let Self { back_end, session, target, said, there, known } = self;
        let names = PatientNames { here: &session.claims().subject, there: &there };
        let asked = target.bind(said, read, names)?;
        let claim = billing::examine(app, &session, &asked, event.at).await?;
        let known = match &claim {
            Some(claim) => {
                known.with_risk(app, fraud::claimed(app, caller, &session, claim.facts(), event).await?)
            }
            None => known,
        };
        let facts = |step: &Step| {
            let claim = claim.as_ref().filter(|_| billing::is_claim(step)).map(Examined::facts);
            Facts { claim, ..known.of_step(step) }
        };
        let permits = permit(app, caller, &session, (&back_end.service, &facts), &asked, event)?;
        let (_, permit) = permits.first().ok_or(FhirError::NotUnderstood("nothing is asked for"))?;
        let asked = asked.with_duties(&permits, known.hides(), &there)?;
        let (reads, writes) = asked
            .request()
            .steps
            .iter()
            .map(reads)
            .fold((false, false), |(some, others), reads| (some || reads, others || !reads));
        let held = &session.claims().scope;
        let scope = scope::needed(held, &back_end.service, reads, writes)
            .map_err(|error| Refusal::exactly(ProblemCode::Denied, error.code()))?;
        let grant = BackEndGrant {
            audience: &back_end.audience,
            subject: &there,
            scope: &scope,
            consent: permits.first().and_then(|(step, _)| known.consent_for(step)),
        };
        let token = app.tokens.issue_back_end(&session, permit, &grant, event.at)?;
        let there_too = (back_end.service.as_str(), &grant);
        fraud::dispensed(app, caller, (&session, permit), there_too, asked.request(), event).await?;
        // The last of all: what was taken for a request that is refused afterwards would have to be given back.
        let claim = match claim {
            Some(claim) => Some(claim.hold(app, permit, event.at).await?),
            None => None,
        };
        event.presence = claim.as_ref().and_then(Held::presence);
        Ok(Decided { session, subject: there, asked, raw: target.is_raw(), token, claim })
    }
}

impl Decided {
    /// Whether nothing that the back-end stores is changed.
    pub(crate) fn reads_only(&self) -> bool {
        self.asked.request().steps.iter().all(reads)
    }
}

fn reads(step: &Step) -> bool {
    matches!(step.interaction, Interaction::Read | Interaction::Search)
}

/// Every interaction of the request needs a permit of its own; a request that asks for nothing gets none.
fn permit(
    app: &App,
    caller: &Caller,
    session: &Session,
    (service, facts): (&str, &dyn Fn(&Step) -> Facts),
    asked: &FhirRequest,
    event: &mut AuditEvent,
) -> Result<Vec<(Step, Permit)>, Refusal> {
    let claims = session.claims();
    // How long ago the patient proved what `acr` says (`auth_time`).
    let age = (event.at - claims.authenticated_at).max(time::Duration::ZERO).unsigned_abs();
    let (mut permits, mut holder) = (Vec::with_capacity(asked.steps.len()), HolderWanted::default());
    for step in &asked.steps {
        let Step { resource_type, interaction } = step;
        let request = AccessRequest {
            client: caller.facts(),
            action: Action::Fhir {
                service: Service(service.to_owned()),
                resource_type: (*resource_type).to_owned(),
                interaction: *interaction,
            },
            purpose: claims.purpose,
            acr: claims.acr,
            dependant: claims.actor.is_some(),
            facts: facts(step),
        };
        let decision = app.policies.decide_recorded(&request, Some(age), event);
        let verdict = if decision.is_permit() { "permit" } else { "deny" };
        app.metrics.decision(interaction.as_str(), verdict);
        let Some(permitted) = decision.permit_at_age(age) else {
            event.resource_type = Some((*resource_type).to_owned());
            event.interaction = Some(interaction.as_str().to_owned());
            holder.asked(app, &request, decision)?;
            continue;
        };
        permits.push((*step, permitted));
    }
    holder.satisfied()?;
    Ok(permits)
}

/// What would be permitted if the holder of the card had agreed by PIN, or more recently (*accord du titulaire*).
#[derive(Default)]
struct HolderWanted {
    /// The first decision that lacks it.
    decision: Option<Arc<AccessDecision>>,
    max_age: Option<std::time::Duration>,
}

impl HolderWanted {
    /// A denial that a PIN would not change is one at once: nobody types a PIN to be turned away afterwards.
    fn asked(
        &mut self,
        app: &App,
        request: &AccessRequest,
        decision: Arc<AccessDecision>,
    ) -> Result<(), Refusal> {
        let would = match request.with_holder() {
            Some(stronger) if app.trust.holders().is_some() => app.policies.decide(&stronger),
            // Nobody certifies holders here: no PIN could ever help.
            Some(_) => return Err(Refusal::denied(&decision)),
            None => Arc::clone(&decision),
        };
        if !would.is_permit() {
            return Err(Refusal::denied(&decision));
        }
        self.max_age = self.max_age.into_iter().chain(would.max_age()).min();
        self.decision.get_or_insert(decision);
        Ok(())
    }

    fn satisfied(self) -> Result<(), Refusal> {
        match self.decision {
            Some(decision) => Err(Refusal::holder_required(&decision, self.max_age)),
            None => Ok(()),
        }
    }
}
