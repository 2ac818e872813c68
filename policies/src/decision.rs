//! May they, for which reasons, and under which duties?

use std::{fmt, sync::Arc, time::Duration};

/// The answer of a policy set to one request (*décision d'accès*).
///
/// Only [`PolicySet::decide`](crate::PolicySet::decide) makes one, so whoever holds a permit was permitted:
///
/// ```compile_fail
/// let forged = policies::AccessDecision { verdict: policies::Verdict::Permit };
/// ```
#[derive(Clone, Debug)]
pub struct AccessDecision {
    pub(crate) verdict: Verdict,
    pub(crate) reasons: Vec<Arc<Reason>>,
    pub(crate) obligations: Vec<Obligation>,
    pub(crate) max_age: Option<Duration>,
    pub(crate) policy_hash: Arc<str>,
    pub(crate) errors: Vec<String>,
}

/// That a policy set said yes (*permis*): the step after a decision asks for this, and not for a decision.
///
/// Only [`AccessDecision::permit`] makes one, so a denial cannot be overlooked:
///
/// ```compile_fail
/// fn forge(denied: std::sync::Arc<policies::AccessDecision>) -> policies::Permit {
///     policies::Permit(denied)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Permit(Arc<AccessDecision>);

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Some policy permits and none forbids.
    Permit,
    /// Nothing permits, something forbids, or a policy could not be evaluated.
    Deny,
}

/// Why, in a code for machines and a sentence for the counter, both from the policy's annotations (*motif*).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The id of the policy that said so: stable, for logs and `explain`.
    pub policy: String,
    /// Stable kebab-case code: `pharmacy-no-dossier`.
    pub code: String,
    /// The law it rests on.
    pub legal: String,
    /// Nobody at the counter did anything wrong: what the gateway knows is not enough.
    pub gateway_at_fault: bool,
    /// The counter is told, although it is permitted.
    pub told: bool,
    /// The sentence in French.
    pub fr: String,
    /// The sentence in Arabic.
    pub ar: String,
    /// The sentence in English.
    pub en: String,
}

/// What whoever uses a permit must do (*obligation*).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Obligation {
    /// Narrow a search to the patient of the session.
    NarrowToPatient,
    /// Give the counter a signed receipt for this act.
    IssueReceipt,
    /// Look through the answer: what speaks of somebody else than the patient of the session does not leave.
    CheckAnswer,
    /// Take what is labelled as hidden from this caller out of the answer.
    HideLabelled,
    /// Tell the counter the reason, although it is permitted.
    TellReason,
}

impl AccessDecision {
    /// Permit or deny.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Whether the verdict is [`Verdict::Permit`].
    #[must_use]
    pub const fn is_permit(&self) -> bool {
        matches!(self.verdict, Verdict::Permit)
    }

    /// The proof that this was permitted; none for a denial, and none for a permit that holds only while the patient's
    /// proof is recent: that is [`permit_at_age`](Self::permit_at_age)'s to say.
    #[must_use]
    pub fn permit(self: &Arc<Self>) -> Option<Permit> {
        (self.is_permit() && self.max_age.is_none()).then(|| Permit(Arc::clone(self)))
    }

    /// The same, for a session whose patient proved their presence or agreement so long ago (`auth_time`).
    #[must_use]
    pub fn permit_at_age(self: &Arc<Self>, age: Duration) -> Option<Permit> {
        let recent = self.max_age.is_none_or(|most| age <= most);
        (self.is_permit() && recent).then(|| Permit(Arc::clone(self)))
    }

    /// How long ago the patient may have proven their presence or agreement for a permit to hold (RFC 9470 §3,
    /// `max_age`); nothing: as long as the session lives.
    #[must_use]
    pub const fn max_age(&self) -> Option<Duration> {
        self.max_age
    }

    /// Why: never empty, in the order of the policy ids.
    #[must_use]
    pub fn reasons(&self) -> &[Arc<Reason>] {
        &self.reasons
    }

    /// What the counter is told of a permit: advice, no condition.
    pub fn advice(&self) -> impl Iterator<Item = &Reason> {
        let told = self.reasons.iter().filter(|reason| reason.told && self.is_permit());
        told.map(|reason| &**reason)
    }

    /// Whether nothing but what the gateway should know and does not stands in the way: an outage, not a no.
    #[must_use]
    pub fn is_gateways_fault(&self) -> bool {
        !self.is_permit() && self.reasons.iter().all(|reason| reason.gateway_at_fault)
    }

    /// What a permit obliges to; empty for a denial.
    #[must_use]
    pub fn obligations(&self) -> &[Obligation] {
        &self.obligations
    }

    /// Whether a permit obliges to that.
    #[must_use]
    pub fn obliges(&self, obligation: Obligation) -> bool {
        self.obligations.contains(&obligation)
    }

    /// The hash of the policy set that decided.
    #[must_use]
    pub fn policy_hash(&self) -> &str {
        &self.policy_hash
    }

    /// The policies that could not be evaluated, by id. Any of them denies; each is a defect to report.
    #[must_use]
    pub fn errors(&self) -> &[String] {
        &self.errors
    }
}

impl Permit {
    /// The decision behind it: its policy hash, its obligations.
    #[must_use]
    pub fn decision(&self) -> &AccessDecision {
        &self.0
    }
}

impl Obligation {
    /// Every obligation that the gateway knows how to fulfil.
    pub const ALL: [Self; 5] =
        [Self::NarrowToPatient, Self::IssueReceipt, Self::CheckAnswer, Self::HideLabelled, Self::TellReason];

    /// The obligation's name in the policies' `@obligation` annotation.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NarrowToPatient => "narrow-to-patient",
            Self::IssueReceipt => "issue-receipt",
            Self::CheckAnswer => "check-answer",
            Self::HideLabelled => "hide-labelled",
            Self::TellReason => "tell-reason",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Permit => "permit",
            Self::Deny => "deny",
        })
    }
}
