//! What do the permits oblige to, and is it done? No request goes on whose duties are not.

use std::collections::BTreeSet;
use std::sync::Arc;

use policies::{Obligation, Permit};

use super::answer::{Expected, Hides};
use super::resource::{About, ResourceType};
use super::{FhirRequest, Step, search};

/// That a search is among resources of the patient alone (*recherche restreinte*).
///
/// Only a [`FhirRequest`] makes one, of a step of its own, and those come out of [`Target::bind`](super::Target::bind):
///
/// ```compile_fail
/// let forged = gateway::fhir::Narrowed(());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Narrowed(());

/// A request whose duties are done, or will be on its answer (*demande acquittée*). Forwarding takes nothing less.
///
/// Only [`FhirRequest::with_duties`] makes one, from the permits:
///
/// ```compile_fail
/// fn forge(request: gateway::fhir::FhirRequest) -> gateway::fhir::Dutiful {
///     gateway::fhir::Dutiful { request, due: Default::default() }
/// }
/// ```
#[derive(Debug)]
pub struct Dutiful {
    request: FhirRequest,
    due: Due,
}

/// What is due once the answer is there (*obligations sur la réponse*).
#[derive(Debug)]
pub struct Due {
    /// What it must be looked through for.
    pub expected: Option<Expected>,
    /// Whether a receipt is due.
    pub receipt: Option<ReceiptDue>,
    /// Codes of reasons that the counter is told, although it is permitted.
    pub told: BTreeSet<String>,
}

/// That the counter is owed a signed receipt of the act (*reçu dû*).
#[derive(Debug)]
pub struct ReceiptDue {
    _made_here: (),
}

/// A duty that nobody can do for this request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undone {
    /// The permit is for a search of one patient's resources, and these are nobody's or everybody's.
    #[error("the search cannot be narrowed to the patient")]
    NotNarrowed,
    /// Something is hidden from this caller, and the request would tell whether it is there.
    #[error("the request would tell what is hidden from this caller")]
    WouldTell,
}

impl Undone {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NotNarrowed => "not-narrowed",
            Self::WouldTell => "would-tell-what-is-hidden",
        }
    }
}

impl FhirRequest {
    /// Whether the resources that a step reaches are the patient's alone, as far as a request can say.
    #[must_use]
    pub fn narrowed(&self, step: &Step) -> Option<Narrowed> {
        let of = ResourceType::named(step.resource_type)?;
        let own = self.steps.contains(step) && !matches!(of.about, About::Nobody | About::Several);
        own.then_some(Narrowed(()))
    }

    /// Does what the permits of its steps oblige to, or takes it along for the answer.
    ///
    /// `permits`: one a step. `hidden`: what this caller may not see. `there`: the patient at the back-end.
    pub fn with_duties(
        mut self,
        permits: &[(Step, Permit)],
        hidden: Option<Arc<dyn Hides>>,
        there: &str,
    ) -> Result<Dutiful, Undone> {
        // What the request itself cannot show to be the patient's is looked at in the answer, whatever policy says.
        let (mut foreign, mut hides, mut receipt) = (self.asks.linked, false, None);
        let mut told = BTreeSet::new();
        for (step, permit) in permits {
            for obligation in permit.decision().obligations() {
                match obligation {
                    Obligation::NarrowToPatient => {
                        self.narrowed(step).map(|Narrowed(())| ()).ok_or(Undone::NotNarrowed)?;
                    }
                    Obligation::IssueReceipt => receipt = Some(ReceiptDue { _made_here: () }),
                    Obligation::CheckAnswer => foreign = true,
                    Obligation::HideLabelled => hides = true,
                    Obligation::TellReason => {
                        told.extend(permit.decision().advice().map(|reason| reason.code.clone()));
                    }
                }
            }
        }
        let hidden = hidden.filter(|_| hides);
        if hidden.is_some() && self.asks.probes {
            return Err(Undone::WouldTell);
        }
        let expected = (foreign || hidden.is_some()).then(|| Expected {
            there: there.to_owned(),
            foreign,
            hidden,
            types: self.asks.linked.then(|| self.steps.iter().map(|step| step.resource_type).collect()),
        });
        if expected.is_some() {
            search::unshape(&mut self);
        }
        Ok(Dutiful { request: self, due: Due { expected, receipt, told } })
    }
}

impl Dutiful {
    /// The request to be sent, and what is due on its answer.
    #[must_use]
    pub fn into_parts(self) -> (FhirRequest, Due) {
        (self.request, self.due)
    }

    /// The request to be sent.
    #[must_use]
    pub fn request(&self) -> &FhirRequest {
        &self.request
    }

    /// Whether the answer must be looked through before anybody sees it.
    #[must_use]
    pub fn looks_at_answer(&self) -> bool {
        self.due.expected.is_some()
    }
}
