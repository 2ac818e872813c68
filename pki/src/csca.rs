//! Which country signers does this file bring, and is each of them what it says? Master lists, LDIF, single certificates.
//!
//! Real lists carry oddities. Each entry is accepted under named [`Deviation`]s or refused with a named [`Refusal`];
//! nothing is skipped, and one bad entry never loses the rest.
//!
//! | question | function |
//! |---|---|
//! | did the publisher whom the operator trusts sign this list? | [`UntrustedMasterList::verify`] |
//! | is this certificate a country signer? | [`judge`] |
//! | how do all the entries of a file stand to each other? | [`judge_all`] |
//! | what is in this LDIF of the ICAO PKD? | [`LdifReader`] |

mod deviation;
mod inspect;
mod judge;
mod key;
mod ldif;
mod master_list;
mod refusal;
mod relations;
mod signer_chain;

pub use deviation::Deviation;
pub use judge::{Accepted, EntryKind, Judgement, Refused, judge, judge_crl};
pub use key::{KeyFingerprint, algorithm_of};
pub use ldif::{LdifError, LdifObject, LdifReader};
pub use master_list::{MasterList, UntrustedMasterList};
pub use refusal::Refusal;
pub use relations::{crl_signer, judge_all};
