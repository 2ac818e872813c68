//! Who would gain or lose access, had a draft been in force?
//!
//! Every question of the log is asked again of the draft. What it was answered then is on record; why, the set of that
//! time says, which the store keeps by its hash.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use policies::{AccessRequest, Asked, ClientKind, PolicySet, Said, page};
use serde::Serialize;

use crate::audit::StoredEvent;

/// Groups that are told apart; a log with more has questions about types that nobody knows.
const GROUPS: usize = 10_000;

/// Clients that are counted one by one in a group.
const CLIENTS: usize = 10_000;

/// Answers of the draft that are remembered: a counter asks the same few questions all day.
const REMEMBERED: usize = 200_000;

/// What a draft would change (*rejeu*).
pub struct Replay {
    draft: PolicySet,
    answers: HashMap<AccessRequest, Arc<Answer>>,
    changes: BTreeMap<Change, Tally>,
    counts: Counts,
}

/// How many questions there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Asked again.
    pub asked: u64,
    /// With another answer.
    pub changed: u64,
    /// That this program cannot ask again: of a log of another version.
    pub unknown: u64,
    /// In groups that are too many to be told apart.
    pub untold: u64,
}

/// One kind of question with another answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Change {
    /// `gains` or `loses`.
    pub effect: Effect,
    /// What the client was registered as.
    #[serde(serialize_with = "as_text")]
    pub client: ClientKind,
    /// What was asked for.
    pub action: String,
    /// Why.
    pub purpose: &'static str,
    /// How the presence was proven.
    pub acr: &'static str,
    /// The codes that the draft gives.
    pub reasons: Vec<String>,
    /// The codes that were given then, where the set of that time is known.
    pub before: Vec<String>,
}

/// In which direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Refused then, permitted by the draft.
    Gains,
    /// Permitted then, refused by the draft.
    Loses,
}

/// How often, by how many, and where to look.
#[derive(Debug, Default)]
pub struct Tally {
    /// Questions.
    pub times: u64,
    /// Clients, by id.
    pub clients: BTreeSet<String>,
    /// The first event: `bawaba policies explain` says more of it.
    pub first_event: u64,
}

struct Answer {
    max_age: Option<std::time::Duration>,
    permit: bool,
    reasons: Vec<String>,
}

impl Replay {
    /// Nothing asked yet.
    #[must_use]
    pub fn of(draft: PolicySet) -> Self {
        Self { draft, answers: HashMap::new(), changes: BTreeMap::new(), counts: Counts::default() }
    }

    /// The draft's hash.
    #[must_use]
    pub fn draft(&self) -> &str {
        self.draft.hash()
    }

    /// Asks the questions of one event again. `then` are the policies that decided it, where they are known.
    pub fn ask(&mut self, stored: &StoredEvent, then: Option<&PolicySet>) {
        let event = &stored.event;
        let said = Said { client: event.client.as_deref(), purpose: event.purpose.as_deref() };
        for asked in &event.asked {
            match asked.request(said) {
                Some(request) => self.ask_again(&request, asked, stored.index, then),
                None => self.counts.unknown += 1,
            }
        }
    }

    fn ask_again(&mut self, request: &AccessRequest, asked: &Asked, index: u64, then: Option<&PolicySet>) {
        self.counts.asked += 1;
        let answer = self.answer(request);
        let age = asked.age();
        let recent = answer.max_age.is_none_or(|most| age.is_some_and(|age| age <= most));
        let permit = answer.permit && recent;
        if permit == asked.permit {
            return;
        }
        self.counts.changed += 1;
        let codes = |set: &PolicySet| {
            set.decide(request).reasons().iter().map(|reason| reason.code.clone()).collect()
        };
        let change = Change {
            effect: if permit { Effect::Gains } else { Effect::Loses },
            client: request.client.kind,
            action: page::what(&request.action),
            purpose: request.purpose.as_str(),
            acr: request.acr.as_str(),
            reasons: answer.reasons.clone(),
            before: then.map(codes).unwrap_or_default(),
        };
        if self.changes.len() == GROUPS && !self.changes.contains_key(&change) {
            self.counts.untold += 1;
            return;
        }
        let tally =
            self.changes.entry(change).or_insert_with(|| Tally { first_event: index, ..Tally::default() });
        tally.times += 1;
        if tally.clients.len() < CLIENTS {
            tally.clients.insert(request.client.id.clone());
        }
    }

    fn answer(&mut self, request: &AccessRequest) -> Arc<Answer> {
        if let Some(known) = self.answers.get(request) {
            return Arc::clone(known);
        }
        let decision = self.draft.decide(request);
        let answer = Arc::new(Answer {
            max_age: decision.max_age(),
            permit: decision.is_permit(),
            reasons: decision.reasons().iter().map(|reason| reason.code.clone()).collect(),
        });
        if self.answers.len() == REMEMBERED {
            self.answers.clear();
        }
        self.answers.insert(request.clone(), Arc::clone(&answer));
        answer
    }

    /// What was found: who loses first, and of each the most frequent first.
    #[must_use]
    pub fn found(self) -> (Counts, Vec<(Change, Tally)>) {
        let mut changes: Vec<(Change, Tally)> = self.changes.into_iter().collect();
        changes.sort_by(|(one, often), (other, seldom)| {
            other.effect.cmp(&one.effect).then(seldom.times.cmp(&often.times))
        });
        (self.counts, changes)
    }
}

fn as_text<S: serde::Serializer>(kind: &ClientKind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.as_str())
}
