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
//! | `slice` | which policies can have a say in a request of this kind? |
//! | `usable` | would anybody still be served? |
//! | [`explain`] | why was it decided so, and what would have had to be different? |
//! | [`page`] | who may do what, on one page? |
//! | [`recorded`] | how is a question kept, so that it can be asked again of other policies? |
//! | `names` | by which names does the schema know things? |
//! | `probes` | which requests must a schema describe? |
//! | `decide` | how does Cedar see a request, and what does its answer mean? |

mod decide;
pub mod decision;
pub mod explain;
pub mod facts;
pub mod fraud;
mod names;
pub mod page;
mod probes;
pub mod recorded;
pub mod request;
pub mod set;
mod slice;
mod usable;
mod vocabulary;

pub use decision::{AccessDecision, Obligation, Permit, Reason, Verdict};
pub use explain::{Because, Difference, Explanation};
pub use facts::{
    CareLevel, ClaimFacts, ConsentFacts, CoverageScheme, EmergencyFacts, EmergencyReason, Facts, Identified,
    OpeningHours, PathwayFacts, PlaceError, Position, ReceiptStanding, RiskFacts, RiskSignal, Stance,
};
pub use recorded::{Asked, Said};
pub use request::{
    AccessRequest, Acr, Action, CardFacts, ClientFacts, ClientKind, Interaction, ListFreshness, Purpose,
    Service,
};
pub use set::{PolicyError, PolicyFile, PolicySet};

#[cfg(test)]
mod tests;
