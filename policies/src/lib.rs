//! May this establishment do this, to this record, for this purpose, now?
//!
//! A pure function over Cedar policies, which are data: one theme a file under `cedar/`, changed by a
//! security team without a release. Modules in reading order:
//!
//! | module | the question it answers |
//! |---|---|
//! | [`request`] | who wants to do what, why, and how sure are we of the patient? |
//! | [`facts`] | what must a decision know that the request does not say? |
//! | [`decision`] | may they, for which reasons, and under which duties? |
//! | [`set`] | which policies apply, and are they sound? |
//! | [`fraud`] | what looks wrong? |
//! | `decide` | how does Cedar see a request, and what does its answer mean? |

mod decide;
pub mod decision;
pub mod facts;
pub mod fraud;
pub mod request;
pub mod set;
mod vocabulary;

pub use decision::{AccessDecision, Obligation, Permit, Reason, Verdict};
pub use facts::{
    CareLevel, ClaimFacts, ConsentFacts, CoverageScheme, EmergencyFacts, EmergencyReason, Facts, Identified,
    OpeningHours, PathwayFacts, PlaceError, Position, ReceiptStanding, RiskFacts, RiskSignal, Stance,
};
pub use request::{
    AccessRequest, Acr, Action, CardFacts, ClientFacts, ClientKind, Interaction, ListFreshness, Purpose,
    Service,
};
pub use set::{PolicyError, PolicySet};

#[cfg(test)]
mod tests;
