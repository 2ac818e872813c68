//! What is left of a consent once it is known who asks and what time it is?

use std::collections::BTreeSet;

use policies::ClientKind;
use time::OffsetDateTime;
use uuid::Uuid;

use super::label::Label;
use super::model::{Actor, Choice, Consent, Provision};

/// Who asks: an establishment and what it is registered as.
#[derive(Clone, Copy, Debug)]
pub struct Asker<'a> {
    /// Its registered id.
    pub establishment: &'a str,
    /// Its kind.
    pub kind: ClientKind,
}

/// How exactly a rule says whom it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Exactness {
    /// Anybody.
    Anybody,
    /// Establishments of a kind.
    Kind,
    /// One establishment or one practitioner: nothing is more exact than a name.
    Name,
}

/// One consent, as far as it concerns this asker now.
#[derive(Clone, Debug)]
pub(super) struct Compiled {
    pub(super) id: Uuid,
    pub(super) given_at: OffsetDateTime,
    pub(super) holder: bool,
    root: Node,
}

/// One rule of which asker and moment are judged.
#[derive(Clone, Debug)]
struct Node {
    choice: Choice,
    means: Means,
    purposes: Box<[Box<str>]>,
    classes: Box<[Box<str>]>,
    labels: Box<[Label]>,
    exceptions: Box<[Node]>,
}

/// Whom it means, as far as the establishment alone does not say.
#[derive(Clone, Debug)]
struct Means {
    /// Everybody there, this exactly.
    everybody: Option<Exactness>,
    /// These there.
    practitioners: Box<[Box<str>]>,
    /// … and whoever is not known: the denial names this very establishment.
    unknown: bool,
}

/// One question within what is compiled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    /// The FHIR resource type.
    pub(super) resource_type: &'a str,
    /// Why, as a code of PurposeOfUse.
    pub(super) purpose: &'a str,
    /// The practitioner, where they are known.
    pub(super) practitioner: Option<&'a str>,
    /// What the entry carries.
    pub(super) labels: &'a [Label],
}

/// What one consent says to one question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) choice: Choice,
    pub(super) exactness: Exactness,
    /// It depends on a label that the entry carries.
    pub(super) labelled: bool,
}

impl Compiled {
    /// Nothing where it says nothing to this asker now.
    pub(super) fn of(consent: &Consent, asker: Asker<'_>, at: OffsetDateTime) -> Option<Self> {
        let root = Node::of(&consent.root, asker, at)?;
        Some(Self { id: consent.id, given_at: consent.given_at, holder: consent.holder, root })
    }

    pub(super) fn answer(&self, question: Question<'_>) -> Option<Answer> {
        self.root.answer(question, (Exactness::Anybody, false))
    }

    /// Every label and every resource type that it speaks of.
    pub(super) fn words<'a>(&'a self, labels: &mut BTreeSet<Label>, classes: &mut BTreeSet<&'a str>) {
        self.root.words(labels, classes);
    }
}

impl Node {
    fn of(rule: &Provision, asker: Asker<'_>, at: OffsetDateTime) -> Option<Self> {
        if !rule.period.contains(at) {
            return None;
        }
        let means = Means::of(rule, asker)?;
        let boxed = |texts: &[String]| texts.iter().map(|text| text.as_str().into()).collect();
        Some(Self {
            choice: rule.choice,
            means,
            purposes: boxed(&rule.purposes),
            classes: boxed(&rule.classes),
            labels: rule.labels.as_slice().into(),
            exceptions: rule.exceptions.iter().filter_map(|below| Self::of(below, asker, at)).collect(),
        })
    }

    /// Of several exceptions that hold, a denial goes first; where none holds, the rule itself.
    fn answer(&self, question: Question<'_>, (above, labelled_above): (Exactness, bool)) -> Option<Answer> {
        let exactness = self.means.exactness(question.practitioner)?.max(above);
        let limits = |words: &[Box<str>], word: &str| words.is_empty() || words.iter().any(|w| **w == *word);
        let carried = self.labels.is_empty()
            || self.labels.iter().any(|hidden| question.labels.iter().any(|label| hidden.means(*label)));
        if !(carried
            && limits(&self.purposes, question.purpose)
            && limits(&self.classes, question.resource_type))
        {
            return None;
        }
        let labelled = labelled_above || !self.labels.is_empty();
        let answers =
            self.exceptions.iter().filter_map(|below| below.answer(question, (exactness, labelled)));
        answers.reduce(Answer::stricter).or(Some(Answer { choice: self.choice, exactness, labelled }))
    }

    fn words<'a>(&'a self, labels: &mut BTreeSet<Label>, classes: &mut BTreeSet<&'a str>) {
        labels.extend(&self.labels);
        classes.extend(self.classes.iter().map(|class| &**class));
        self.exceptions.iter().for_each(|below| below.words(labels, classes));
    }
}

impl Means {
    /// Nothing where nobody of this asker is meant.
    fn of(rule: &Provision, asker: Asker<'_>) -> Option<Self> {
        if rule.actors.is_empty() {
            let everybody = Some(Exactness::Anybody);
            return Some(Self { everybody, practitioners: Box::default(), unknown: false });
        }
        let (mut everybody, mut practitioners, mut unknown) = (None, Vec::new(), false);
        for actor in &rule.actors {
            match actor {
                Actor::Establishment(id) if id == asker.establishment => {
                    everybody = everybody.max(Some(Exactness::Name));
                }
                Actor::Kind(kind) if kind.0 == asker.kind => everybody = everybody.max(Some(Exactness::Kind)),
                Actor::Practitioner { id, at: None } => practitioners.push(id.as_str().into()),
                Actor::Practitioner { id, at: Some(place) } if place == asker.establishment => {
                    practitioners.push(id.as_str().into());
                    // Who might be the one that is excluded here is treated as if they were.
                    unknown |= rule.choice == Choice::Deny;
                }
                Actor::Establishment(_) | Actor::Kind(_) | Actor::Practitioner { .. } => {}
            }
        }
        let anybody = everybody.is_some() || !practitioners.is_empty();
        anybody.then(|| Self { everybody, practitioners: practitioners.into(), unknown })
    }

    fn exactness(&self, practitioner: Option<&str>) -> Option<Exactness> {
        let named = match practitioner {
            Some(known) => self.practitioners.iter().any(|id| **id == *known),
            None => self.unknown,
        };
        if named { Some(Exactness::Name) } else { self.everybody }
    }
}

impl Answer {
    /// The denial of the two; of two alike, the more exact.
    fn stricter(self, other: Self) -> Self {
        let rank = |answer: &Self| (answer.choice == Choice::Deny, answer.exactness);
        let stricter = if rank(&other) > rank(&self) { other } else { self };
        let labelled = [self, other].iter().any(|one| one.choice == stricter.choice && one.labelled);
        Self { labelled, ..stricter }
    }
}
