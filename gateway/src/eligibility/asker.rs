//! Who asks about whom? A counter in the session of the patient, or CNSS with the receipt of a presence.

use std::sync::Arc;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use policies::{Acr, ClientKind, Permit, Purpose};
use time::OffsetDateTime;
use uuid::Uuid;

use super::question::Question;
use crate::app::App;
use crate::audit::AuditEvent;
use crate::billing::{self, Attested};
use crate::caller::Caller;
use crate::config::BackEndConfig;
use crate::fhir::FhirError;
use crate::problem::ProblemCode;
use crate::refusal::Refusal;
use crate::registry::Patient;
use crate::session::{self, Session};
use crate::token::{BackEndGrant, scope};

/// By what right somebody asks (*titre*).
pub(super) enum Asker {
    /// The patient is at the counter.
    Counter(Session),
    /// The patient was at a counter; CNSS asks, under its own name.
    Payer { attested: Box<Attested>, client: String, scope: String },
}

impl Asker {
    /// A session where there is a token; a receipt from CNSS. Neither is believed without the other side's proof.
    pub(super) async fn of(
        app: &App,
        caller: &Caller,
        headers: &HeaderMap,
        question: &Question,
        event: &mut AuditEvent,
    ) -> Result<Self, Refusal> {
        let at = event.at;
        let asker = match (&question.receipt, headers.contains_key(AUTHORIZATION)) {
            (Some(_), true) => {
                return Err(FhirError::NotUnderstood("ask with a session or with a receipt, not both").into());
            }
            (None, _) => {
                let session = session::of_request(app, caller, headers, at)?;
                event.session = Some(session.claims().id);
                if !question.asked.is_of_today_or_later(at) {
                    return Err(
                        FhirError::NotUnderstood("about a day that is past CNSS asks, by receipt").into()
                    );
                }
                Self::Counter(session)
            }
            (Some(receipt), false) => Self::payer(app, caller, receipt, at).await?,
        };
        event.subject = Some(asker.subject().to_owned());
        event.presence = Some(asker.presence());
        event.purpose = Some(asker.purpose().as_str().to_owned());
        Ok(asker)
    }

    async fn payer(app: &App, caller: &Caller, receipt: &str, at: OffsetDateTime) -> Result<Self, Refusal> {
        // A receipt is no key of the counter that has it: it opens nothing but to who pays.
        if caller.client().kind != ClientKind::Cnss {
            return Err(Refusal::exactly(ProblemCode::Unauthenticated, "receipt-is-no-session"));
        }
        let unsound = |code| Refusal::exactly(ProblemCode::ReceiptNotSound, code);
        let receipt = billing::verified(app, receipt, at)?.map_err(|error| unsound(error.code()))?;
        let attested = billing::attested(app, vec![receipt]).await?.into_iter().flatten().next();
        let attested = attested.ok_or_else(|| unsound("receipt-unknown-to-log"))?;
        let client = caller.client();
        Ok(Self::Payer {
            attested: attested.into(),
            client: client.id.clone(),
            scope: client.scopes.join(" "),
        })
    }

    /// The patient.
    pub(super) async fn patient(&self, app: &App) -> Result<Arc<Patient>, Refusal> {
        match self {
            Self::Counter(session) => session::patient(app, session).await,
            Self::Payer { attested, .. } => {
                let found = app.registry.patient_by_subject(attested.subject()).await?;
                found.ok_or_else(|| Refusal::new(ProblemCode::PatientUnknown))
            }
        }
    }

    /// The name by which the question may mean this patient: a counter's own or the back-end's; for CNSS the latter.
    pub(super) fn names<'a>(
        &self,
        named: &'a str,
        patient: &Patient,
        there: &str,
    ) -> Result<&'a str, FhirError> {
        let here = matches!(self, Self::Counter(_)) && named == patient.subject;
        if here || named == there {
            Ok(named)
        } else {
            Err(FhirError::PatientMismatch("the question names another patient"))
        }
    }

    /// The token for the back-end: to read there, for this patient alone.
    pub(super) fn token(
        &self,
        app: &App,
        permit: &Permit,
        back_end: &BackEndConfig,
        there: &str,
        at: OffsetDateTime,
    ) -> Result<Arc<str>, Refusal> {
        let held = match self {
            Self::Counter(session) => &session.claims().scope,
            Self::Payer { scope, .. } => scope,
        };
        let scope = scope::needed(held, &back_end.service, true, false)
            .map_err(|error| Refusal::exactly(ProblemCode::Denied, error.code()))?;
        let grant =
            BackEndGrant { audience: &back_end.audience, subject: there, scope: &scope, consent: None };
        match self {
            Self::Counter(session) => Ok(app.tokens.issue_back_end(session, permit, &grant, at)?),
            Self::Payer { attested, client, .. } => {
                Ok(app.tokens.issue_for_receipt(attested, permit, &grant, client, at)?.into())
            }
        }
    }

    /// The patient's pseudonym at the gateway.
    fn subject(&self) -> &str {
        match self {
            Self::Counter(session) => &session.claims().subject,
            Self::Payer { attested, .. } => attested.subject(),
        }
    }

    /// The presence behind the question.
    pub(super) fn presence(&self) -> Uuid {
        match self {
            Self::Counter(session) => session.claims().presence.id,
            Self::Payer { attested, .. } => attested.receipt().claims().presence,
        }
    }

    /// Where the patient is or was.
    pub(super) fn establishment(&self) -> &str {
        match self {
            Self::Counter(session) => &session.claims().establishment,
            Self::Payer { attested, .. } => &attested.receipt().claims().establishment,
        }
    }

    /// Why it is asked.
    pub(super) fn purpose(&self) -> Purpose {
        match self {
            Self::Counter(session) => session.claims().purpose,
            Self::Payer { .. } => Purpose::Payment,
        }
    }

    /// How the presence was proven.
    pub(super) fn acr(&self) -> Acr {
        match self {
            Self::Counter(session) => session.claims().acr,
            Self::Payer { .. } => Acr::Card,
        }
    }

    /// Whether somebody represents the patient.
    pub(super) fn is_dependant(&self) -> bool {
        match self {
            Self::Counter(session) => session.claims().actor.is_some(),
            Self::Payer { attested, .. } => attested.guardian().is_some(),
        }
    }
}
