//! What do the policies say, and did they say it a moment ago?
//!
//! A decision depends on the request and the policy set alone, and a counter asks the same few questions all
//! day. So an answer is kept beside the set that gave it; a new set starts with nothing kept.

mod reload;

use std::sync::Arc;

use arc_swap::ArcSwap;
use policies::{AccessDecision, AccessRequest, PolicySet};
use quick_cache::sync::Cache;

/// Answers kept: clients that are at work now, times what one of them asks.
const DECISIONS_KEPT: usize = 32_768;

/// The policies in force (*politiques en vigueur*).
pub struct Decisions {
    current: ArcSwap<InForce>,
}

struct InForce {
    policies: PolicySet,
    kept: Cache<AccessRequest, Arc<AccessDecision>>,
}

impl Decisions {
    /// Decides by this set.
    #[must_use]
    pub fn new(policies: PolicySet) -> Self {
        Self { current: ArcSwap::from_pointee(InForce::new(policies)) }
    }

    /// Decides by another set from now on.
    pub fn replace(&self, policies: PolicySet) {
        self.current.store(Arc::new(InForce::new(policies)));
    }

    /// The hash of the set in force.
    #[must_use]
    pub fn hash(&self) -> String {
        self.current.load().policies.hash().to_owned()
    }

    /// The decision on one request.
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

impl InForce {
    fn new(policies: PolicySet) -> Self {
        Self { policies, kept: Cache::new(DECISIONS_KEPT) }
    }
}

#[cfg(test)]
mod tests {
    use policies::{Acr, Action, CardFacts, ClientFacts, ClientKind, Facts, Purpose, RiskFacts, RiskSignal};

    use super::*;

    fn asked(signals: Vec<RiskSignal>) -> AccessRequest {
        AccessRequest {
            client: ClientFacts { id: "pharmacy-1".to_owned(), kind: ClientKind::Pharmacy },
            action: Action::OpenSession(CardFacts::FRESH),
            purpose: Purpose::Treatment,
            acr: Acr::Card,
            dependant: false,
            facts: Facts { risk: RiskFacts::of(signals), ..Facts::default() },
        }
    }

    #[test]
    fn answer_is_kept_for_the_same_question_and_the_same_set_only() {
        let decisions = Decisions::new(PolicySet::shipped().unwrap());
        let first = decisions.decide(&asked(Vec::new()));
        assert!(first.is_permit());
        assert!(Arc::ptr_eq(&first, &decisions.decide(&asked(Vec::new()))));
        assert!(!decisions.decide(&asked(vec![RiskSignal::CardReported])).is_permit());
        decisions.replace(PolicySet::shipped().unwrap());
        assert!(!Arc::ptr_eq(&first, &decisions.decide(&asked(Vec::new()))));
    }
}
