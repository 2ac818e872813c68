//! Why was it decided so, and what would have had to be different?
//!
//! Nothing here is written for a particular policy. What a policy looks at is read from its own conditions, and what
//! would have changed the answer is found by asking again with other values: those that the policies themselves compare
//! with. So an explanation is never out of date, and never a guess.

mod change;
mod looked_at;

use std::sync::Arc;
use std::time::Duration;

use cedar_policy::{Context, PolicyId, Request};
use serde_json::Value;

use crate::decide::cedar_request;
use crate::names::names;
use crate::{AccessDecision, AccessRequest, ClientKind, PolicySet, Reason};
use change::Change;
use looked_at::Conditions;

/// An answer, taken apart (*explication*).
#[derive(Debug)]
pub struct Explanation {
    /// The answer.
    pub decision: AccessDecision,
    /// The policies that made it what it is, each with what it looked at. Empty where no policy spoke.
    pub because: Vec<Because>,
    /// What would have made it the opposite: any one line alone does. Shortest first.
    pub otherwise: Vec<Vec<Difference>>,
}

/// One policy that applied.
#[derive(Debug)]
pub struct Because {
    /// Who it is and what it says.
    pub reason: Arc<Reason>,
    /// The facts that its conditions name, as they were: `consent.stance` and `denies`.
    pub facts: Vec<(String, String)>,
}

/// One fact that would have had to be another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which: `acr`, `consent.stance`, `client`.
    pub fact: String,
    /// What it was.
    pub was: String,
    /// What would have done.
    pub needed: String,
}

/// Differences that are looked for together: a reader does not follow more.
const TOGETHER: usize = 3;

/// Questions asked to find them: a second at most.
const QUESTIONS: usize = 50_000;

impl PolicySet {
    /// Explains the answer to one question. `age` is how long ago the patient proved what `acr` says.
    ///
    /// For an operator, not for a request: it may take a second.
    #[must_use]
    pub fn explain(&self, request: &AccessRequest, age: Option<Duration>) -> Explanation {
        let decision = self.decide(request);
        let asked = cedar_request(request, None).ok().and_then(|asked| Asked::new(self, &asked, request));
        let Some(asked) = asked else {
            return Explanation { decision, because: Vec::new(), otherwise: Vec::new() };
        };
        let because = decision.reasons.iter().map(|reason| asked.because(self, reason)).collect();
        let wanted = !decision.permits_at(age);
        let mut otherwise = asked.otherwise(self, wanted);
        if let (true, Some(most)) = (decision.is_permit() && wanted, decision.max_age()) {
            let was = age.map_or_else(|| "unknown".to_owned(), |age| format!("{} s ago", age.as_secs()));
            let needed = format!("at most {} s ago", most.as_secs());
            otherwise = vec![vec![Difference { fact: "proof".to_owned(), was, needed }]];
        }
        Explanation { decision, because, otherwise }
    }
}

/// A question in Cedar's words, of which single facts can be changed.
struct Asked {
    request: Request,
    kind: ClientKind,
    id: String,
    context: Value,
    conditions: Vec<(PolicyId, Conditions)>,
}

impl Asked {
    fn new(set: &PolicySet, request: &Request, asked: &AccessRequest) -> Option<Self> {
        let conditions = set
            .cedar
            .policies_for(request)
            .policies()
            .filter_map(|policy| Some((policy.id().clone(), Conditions::of(&policy.to_json().ok()?))))
            .collect();
        Some(Self {
            request: request.clone(),
            kind: asked.client.kind,
            id: asked.client.id.clone(),
            context: request.context()?.to_json_value().ok()?,
            conditions,
        })
    }

    fn because(&self, set: &PolicySet, reason: &Arc<Reason>) -> Because {
        let of = |id: &PolicyId| {
            set.meanings.get(id).is_some_and(|meaning| meaning.reason.policy == reason.policy)
        };
        let conditions = self.conditions.iter().filter(|(id, _)| of(id));
        let mut facts: Vec<(String, String)> = conditions
            .flat_map(|(_, conditions)| conditions.paths())
            .map(|path| (path.join("."), change::shown(change::at(&self.context, path))))
            .collect();
        facts.sort();
        facts.dedup();
        Because { reason: Arc::clone(reason), facts }
    }

    /// Asks again with one fact changed, then with two, then with three, until some answer is the wanted one.
    fn otherwise(&self, set: &PolicySet, wanted: bool) -> Vec<Vec<Difference>> {
        let changes = self.changes();
        let mut tried: Vec<Vec<usize>> = vec![Vec::new()];
        let mut questions = 0;
        for _ in 0..TOGETHER {
            let mut found = Vec::new();
            let mut next = Vec::new();
            for before in &tried {
                let from = before.last().map_or(0, |last| last + 1);
                for (number, change) in changes.iter().enumerate().skip(from) {
                    let same = |other: &usize| {
                        changes.get(*other).is_some_and(|other| other.is_of_the_fact_of(change))
                    };
                    if before.iter().any(same) {
                        continue;
                    }
                    questions += 1;
                    if questions > QUESTIONS {
                        return found;
                    }
                    let together: Vec<usize> = before.iter().copied().chain([number]).collect();
                    let made: Vec<&Change> =
                        together.iter().filter_map(|number| changes.get(*number)).collect();
                    if self.permits_with(set, &made) == Some(wanted) {
                        found.push(made.iter().map(|change| change.told()).collect());
                    } else {
                        next.push(together);
                    }
                }
            }
            if !found.is_empty() {
                return found;
            }
            tried = next;
        }
        Vec::new()
    }

    /// Every value of every fact that some policy compares with, and every other kind of client.
    fn changes(&self) -> Vec<Change> {
        let conditions: Vec<&Conditions> = self.conditions.iter().map(|(_, conditions)| conditions).collect();
        let facts = change::of_facts(&self.context, &conditions);
        let kinds = ClientKind::ALL.iter().filter(|kind| **kind != self.kind);
        facts.into_iter().chain(kinds.map(|kind| Change::of_client(self.kind, *kind))).collect()
    }

    fn permits_with(&self, set: &PolicySet, changes: &[&Change]) -> Option<bool> {
        let mut context = self.context.clone();
        let mut kind = self.kind;
        for change in changes {
            change.make(&mut context, &mut kind);
        }
        let context = Context::from_json_value(context, None).ok()?;
        let principal = crate::names::uid(names().ok()?.principal(kind), &self.id);
        let (action, resource) = (self.request.action()?.clone(), self.request.resource()?.clone());
        let request = Request::new(principal, action, resource, context, None).ok()?;
        Some(set.cedar.permits(&request))
    }
}
