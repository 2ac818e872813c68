//! What do the policies say, and did they say it a moment ago?
//!
//! A decision depends on the request and the policy set alone, and a counter asks the same few questions all
//! day. So an answer is kept beside the set that gave it; a new set starts with nothing kept.
//!
//! | module | the question it answers |
//! |---|---|
//! | `bundle` | who signed these policies, which version are they, from when on do they count? |
//! | `signers` | whose policies are taken? |
//! | `source` | where do the policies come from, and which count at start? |
//! | `kept` | which policies were in force when? |
//! | [`replay`] | who would gain or lose access, had a draft been in force? |
//! | `reload` | when do new policies take force? |

mod bundle;
mod kept;
mod reload;
pub mod replay;
mod signers;
mod source;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use policies::{AccessDecision, AccessRequest, Asked, PolicySet, Said};
use quick_cache::sync::Cache;
use time::OffsetDateTime;

use crate::audit::{AuditEvent, EventKind, Outcome};

pub use bundle::{Bundle, BundleError, Edition};
pub use kept::{KeptError, set as kept_set};
pub use reload::watch;
pub use signers::{SignerError, Signers};
pub use source::PolicySource;
pub(crate) use source::open;

/// Answers kept: clients that are at work now, times what one of them asks.
const DECISIONS_KEPT: usize = 32_768;

/// The policies in force (*politiques en vigueur*).
pub struct Decisions {
    current: ArcSwap<InForce>,
}

struct InForce {
    policies: PolicySet,
    /// Of the signed bundle that they came in.
    version: Option<u64>,
    kept: Cache<AccessRequest, Arc<AccessDecision>>,
}

impl Decisions {
    /// Decides by this set.
    #[must_use]
    pub fn new(policies: PolicySet) -> Self {
        Self { current: ArcSwap::from_pointee(InForce::new(policies, None)) }
    }

    /// Decides by the set of this bundle.
    #[must_use]
    pub fn of_bundle(bundle: Bundle) -> Self {
        let (version, policies) = bundle.into_parts();
        Self { current: ArcSwap::from_pointee(InForce::new(policies, Some(version))) }
    }

    /// Decides by another set from now on.
    pub fn replace(&self, policies: PolicySet, version: Option<u64>) {
        self.current.store(Arc::new(InForce::new(policies, version)));
    }

    /// The hash of the set in force.
    #[must_use]
    pub fn hash(&self) -> String {
        self.current.load().policies.hash().to_owned()
    }

    /// The version of the signed bundle in force.
    #[must_use]
    pub fn version(&self) -> Option<u64> {
        self.current.load().version
    }

    /// The decision on one request, written into the event that will say what came of it: which policies decided, what
    /// was asked, and the answer. `age` is how long ago the patient proved what `acr` says, where that is known.
    pub fn decide_recorded(
        &self,
        request: &AccessRequest,
        age: Option<Duration>,
        event: &mut AuditEvent,
    ) -> Arc<AccessDecision> {
        let decision = self.decide(request);
        event.policy = Some(decision.policy_hash().to_owned());
        let said = Said { client: event.client.as_deref(), purpose: event.purpose.as_deref() };
        let asked = Asked::new(request, age, &decision, said);
        // A bundle of fifty observations asks one question fifty times.
        if !event.asked.contains(&asked) {
            event.asked.push(asked);
        }
        decision
    }

    /// The decision on one request that no event is about, such as "would a PIN help?".
    #[must_use]
    pub fn decide(&self, request: &AccessRequest) -> Arc<AccessDecision> {
        let current = self.current.load();
        if let Some(known) = current.kept.get(request) {
            return known;
        }
        let decision = Arc::new(current.policies.decide(request));
        for policy in decision.errors() {
            // A policy that cannot be evaluated denies; its author must learn of it.
            tracing::error!(policy, "policy cannot be evaluated");
        }
        current.kept.insert(request.clone(), decision.clone());
        decision
    }
}

/// That other policies decide from now on.
fn replaced(hash: &str, before: &str, version: Option<u64>, at: OffsetDateTime) -> AuditEvent {
    let mut event = AuditEvent::new(EventKind::PoliciesReplaced, Outcome::Permit, "policies-replaced", at);
    event.policy = Some(hash.to_owned());
    let version = version.map(|version| format!(", version {version}")).unwrap_or_default();
    event.detail = Some(format!("before {before}{version}"));
    event
}

/// That new policies were not taken, and those of that hash decide on.
fn refused(code: &'static str, in_force: &str, at: OffsetDateTime) -> AuditEvent {
    let mut event = AuditEvent::new(EventKind::PoliciesRefused, Outcome::Refused, code, at);
    event.policy = Some(in_force.to_owned());
    event
}

impl InForce {
    fn new(policies: PolicySet, version: Option<u64>) -> Self {
        Self { policies, version, kept: Cache::new(DECISIONS_KEPT) }
    }
}
