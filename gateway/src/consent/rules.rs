//! What do all consents of a patient say together to one establishment?
//!
//! # Precedence
//!
//! A consent answers a question (resource type, purpose, practitioner, labels) with its deepest rule that holds: an
//! exception goes before the rule above it, and of several exceptions of one rule a denial goes first. A rule below
//! another holds only where that one does. Then, among the consents that answer:
//!
//! 1. **A denial holds against every permit**, whichever came first,
//! 2. **except against a permit that was given later, names more exactly whom it lets in** (a name is more exact than a
//!    kind of establishment, and that more exact than nobody in particular), **and was given with the PIN if the denial
//!    was**: whoever closed the record to all may let one in, and whoever changes their mind says so with the same proof.
//! 3. Nothing is more exact than a name, so **an exclusion by name holds until it is withdrawn or ends**.
//! 4. If a permit stands that no denial holds against, the patient permits; else if one of them denies, the patient
//!    denies; else they are silent, and policy decides what silence means.
//!
//! The order in which consents are stored or read means nothing, and equal moments count as "not later". Purposes stand
//! for themselves: a denial of `TREAT` does not speak of `ETREAT` or `BTG`, one without a purpose speaks of all. No
//! consent speaks of resource types that hold nothing of a patient, such as the description of a medicine.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use policies::{ConsentFacts, Purpose, Stance};
use time::OffsetDateTime;
use uuid::Uuid;

use super::class::{CLASSES, speaks_of_patients};
use super::compile::{Answer, Asker, Compiled, Question};
use super::label::Label;
use super::model::{Choice, Consent};

/// Labels of which all combinations are tried; a patient who hides more is assumed to hide something.
const COMBINED: usize = 4;

/// The consents of one patient, compiled for one establishment (*règles de consentement*).
#[derive(Clone, Debug)]
pub struct Rules {
    consents: Box<[Compiled]>,
    linked: bool,
    until: Option<OffsetDateTime>,
    /// Whether anything is hidden, for each purpose.
    hides: [OnceLock<bool>; Purpose::ALL.len()],
}

/// What decides a question.
#[derive(Clone, Copy)]
struct Decisive<'a> {
    consent: &'a Compiled,
    answer: Answer,
}

impl Rules {
    /// Compiles what was said for who asks now. `linked`: the patient was there in person not long ago.
    #[must_use]
    pub fn compile(consents: &[Consent], asker: Asker<'_>, linked: bool, at: OffsetDateTime) -> Self {
        let edges = consents.iter().flat_map(|consent| consent.root.all());
        let edges = edges.flat_map(|rule| [rule.period.start, rule.period.end]).flatten();
        Self {
            until: edges.filter(|edge| *edge > at).min(),
            consents: consents.iter().filter_map(|consent| Compiled::of(consent, asker, at)).collect(),
            linked,
            hides: Default::default(),
        }
    }

    /// The same rules, to be compiled anew at that moment too.
    pub(super) fn ending(self, edge: Option<OffsetDateTime>) -> Self {
        Self { until: self.until.into_iter().chain(edge).min(), ..self }
    }

    /// What a decision needs to know for one interaction.
    #[must_use]
    pub fn facts(&self, resource_type: &str, purpose: Purpose, practitioner: Option<&str>) -> ConsentFacts {
        let question = Question { resource_type, purpose: purpose.as_str(), practitioner, labels: &[] };
        let decisive = self.decisive(question);
        ConsentFacts {
            stance: stance(decisive),
            linked: self.linked,
            holder: decisive.is_some_and(|decisive| decisive.consent.holder),
            hides: self.hides(purpose, practitioner),
        }
    }

    /// What a decision needs to know for everything at once: for a token that is taken to a back-end, where no gateway
    /// looks at each request. Denied where anything is.
    #[must_use]
    pub fn facts_of_everything(&self, purpose: Purpose, practitioner: Option<&str>) -> ConsentFacts {
        let labels: &[Label] = &[];
        let question =
            |resource_type| Question { resource_type, purpose: purpose.as_str(), practitioner, labels };
        let all = || CLASSES.iter().map(|class| self.decisive(question(class)));
        let stances = || all().map(stance);
        let stance = if stances().any(|stance| stance == Stance::Denies) {
            Stance::Denies
        } else if stances().all(|stance| stance == Stance::Permits) {
            Stance::Permits
        } else {
            Stance::Silent
        };
        ConsentFacts {
            stance,
            linked: self.linked,
            holder: all().all(|decisive| decisive.is_some_and(|decisive| decisive.consent.holder)),
            hides: self.hides(purpose, practitioner),
        }
    }

    /// What the patient says to one interaction.
    #[must_use]
    pub fn stance(&self, resource_type: &str, purpose: Purpose, practitioner: Option<&str>) -> Stance {
        let question = Question { resource_type, purpose: purpose.as_str(), practitioner, labels: &[] };
        stance(self.decisive(question))
    }

    /// Which entries of an answer whoever asks may not see; nothing where they may see all. An answer may hold other
    /// types than the question (`_include`, `$everything`): what is denied of them is hidden too.
    #[must_use]
    pub fn hidden(self: &Arc<Self>, purpose: Purpose, practitioner: Option<&str>) -> Option<Hidden> {
        let hidden = || Hidden { rules: self.clone(), purpose, practitioner: practitioner.map(Box::from) };
        self.hides(purpose, practitioner).then(hidden)
    }

    /// Whether anything is denied to whoever asks, for any purpose.
    #[must_use]
    pub fn close_something(&self) -> bool {
        Purpose::ALL.iter().any(|purpose| self.hides(*purpose, None))
    }

    /// The consent that decides one interaction, for what travels to the back-end.
    #[must_use]
    pub fn id_for(&self, resource_type: &str, purpose: Purpose, practitioner: Option<&str>) -> Option<Uuid> {
        let question = Question { resource_type, purpose: purpose.as_str(), practitioner, labels: &[] };
        self.decisive(question).map(|decisive| decisive.consent.id)
    }

    /// Whether they must be compiled anew at that moment, because a period began or ended.
    #[must_use]
    pub fn hold_at(&self, at: OffsetDateTime) -> bool {
        self.until.is_none_or(|until| at < until)
    }

    /// Whether an entry is taken out of an answer. Who breaks the glass passes a refusal, and is reviewed for it; what
    /// the patient hid by its label stays hidden from them too.
    fn is_hidden(&self, question: Question<'_>) -> bool {
        let by_label = || {
            let answers = self.consents.iter().filter_map(|consent| consent.answer(question));
            answers.into_iter().any(|answer| answer.choice == Choice::Deny && answer.labelled)
        };
        stance(self.decisive(question)) == Stance::Denies
            && (question.purpose != Purpose::BreakGlass.as_str() || by_label())
    }

    /// The module's precedence, literally; of those that decide alike, the newest is named.
    fn decisive(&self, question: Question<'_>) -> Option<Decisive<'_>> {
        if !speaks_of_patients(question.resource_type) {
            return None;
        }
        let answers = || {
            let answered = |consent| Some(Decisive { consent, answer: Compiled::answer(consent, question)? });
            self.consents.iter().filter_map(answered)
        };
        let denials = || answers().filter(|one| one.answer.choice == Choice::Deny);
        let stands = |permit: &Decisive<'_>| denials().all(|denial| permit.outweighs(denial));
        let newest = |one: &Decisive<'_>| (one.consent.given_at, one.consent.id);
        let permit =
            answers().filter(|one| one.answer.choice == Choice::Permit).filter(stands).max_by_key(newest);
        permit.or_else(|| denials().max_by_key(newest))
    }

    /// Whether any entry could be hidden: found out once for each purpose.
    fn hides(&self, purpose: Purpose, practitioner: Option<&str>) -> bool {
        let find = || self.find_hidden(purpose, practitioner);
        let place = Purpose::ALL.iter().position(|one| *one == purpose);
        match (practitioner, place.and_then(|place| self.hides.get(place))) {
            (None, Some(known)) => *known.get_or_init(find),
            _ => find(),
        }
    }

    fn find_hidden(&self, purpose: Purpose, practitioner: Option<&str>) -> bool {
        let (mut labels, mut classes) = (BTreeSet::new(), BTreeSet::new());
        for consent in &self.consents {
            consent.words(&mut labels, &mut classes);
        }
        if labels.len() > COMBINED {
            return true;
        }
        let labels: Vec<Label> = labels.into_iter().collect();
        let of_entry = |chosen: usize| {
            let some = labels.iter().enumerate().filter(move |(place, _)| chosen >> place & 1 == 1);
            some.map(|(_, label)| *label).collect::<Vec<Label>>()
        };
        // One type of which nothing is said stands for all the others.
        let other = CLASSES.iter().find(|class| !classes.contains(**class));
        classes.iter().chain(other).copied().any(|resource_type| {
            (0..1_usize << labels.len()).any(|chosen| {
                let labels = of_entry(chosen);
                let purpose = purpose.as_str();
                self.is_hidden(Question { resource_type, purpose, practitioner, labels: &labels })
            })
        })
    }
}

impl Decisive<'_> {
    /// Second rule of the precedence.
    fn outweighs(&self, denial: Decisive<'_>) -> bool {
        self.consent.given_at > denial.consent.given_at
            && self.answer.exactness > denial.answer.exactness
            && (self.consent.holder || !denial.consent.holder)
    }
}

fn stance(decisive: Option<Decisive<'_>>) -> Stance {
    decisive.map_or(Stance::Silent, |decisive| decisive.answer.choice.stance())
}

/// What of an answer is hidden from whoever asks (*données masquées*).
#[derive(Clone, Debug)]
pub struct Hidden {
    rules: Arc<Rules>,
    purpose: Purpose,
    practitioner: Option<Box<str>>,
}

impl Hidden {
    /// Whether an entry of this type with these `meta.security` codings (system, code) is hidden. A label that is none
    /// of ours hides nothing.
    pub fn hides<'a>(
        &self,
        resource_type: &str,
        security: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> bool {
        let labels: Vec<Label> =
            security.into_iter().filter_map(|(system, code)| Label::of(system, code)).collect();
        let (purpose, practitioner) = (self.purpose.as_str(), self.practitioner.as_deref());
        self.rules.is_hidden(Question { resource_type, purpose, practitioner, labels: &labels })
    }
}
