//! Does a new consent contradict or repeat what stands?
//!
//! What contradicts is decided by the precedence of [`super::rules`] in every case. But a patient who is told that a
//! permit was recorded believes that it opens something: one that opens nothing because a denial stands is refused, and
//! the denial has to be withdrawn first. A denial is always taken.

use policies::{ClientKind, Purpose, Stance};
use time::OffsetDateTime;

use super::class::CLASSES;
use super::compile::Asker;
use super::fhir::ConsentError;
use super::model::{Actor, Choice, Consent};
use super::rules::Rules;
use crate::limits::MAX_CONSENTS;
use crate::registry::Client;

/// Somebody whom a permit might let in.
struct Meant<'a> {
    asker: Asker<'a>,
    practitioner: Option<&'a str>,
}

/// Compares a new consent with those that stand.
pub(super) fn check(
    new: &Consent,
    standing: &[Consent],
    known: impl Fn(&str) -> Option<std::sync::Arc<Client>>,
    at: OffsetDateTime,
) -> Result<(), ConsentError> {
    let says_the_same = |old: &&Consent| old.root == new.root && old.holder >= new.holder;
    if standing.iter().any(|old| says_the_same(&old)) {
        return Err(ConsentError::Overlaps);
    }
    if standing.len() >= MAX_CONSENTS {
        return Err(ConsentError::TooMany);
    }
    if !new.root.all().any(|rule| rule.choice == Choice::Permit) {
        return Ok(());
    }
    let clients: Vec<_> = new.root.named(Choice::Permit).filter_map(known).collect();
    let both: Vec<Consent> = standing.iter().chain([new]).cloned().collect();
    // One that begins later is compared with what will stand then.
    let from = new.root.period.start.map_or(at, |start| start.max(at));
    let (mut permits, mut opens) = (false, false);
    for Meant { asker, practitioner } in meant(new, &clients) {
        let alone = Rules::compile(std::slice::from_ref(new), asker, true, from);
        let together = Rules::compile(&both, asker, true, from);
        for (class, purpose) in questions(new, standing) {
            if alone.stance(class, purpose, practitioner) == Stance::Permits {
                permits = true;
                opens |= together.stance(class, purpose, practitioner) == Stance::Permits;
            }
        }
    }
    if permits && !opens {
        return Err(ConsentError::Contradictory("a denial stands against all that this would permit"));
    }
    Ok(())
}

/// Whoever a permit names, and somebody of every kind whom nothing names.
fn meant<'a>(new: &'a Consent, clients: &'a [std::sync::Arc<Client>]) -> Vec<Meant<'a>> {
    let kind_of = |id: &str| clients.iter().find(|client| client.id == id).map(|client| client.kind);
    let actors = new.root.all().filter(|rule| rule.choice == Choice::Permit).flat_map(|rule| &rule.actors);
    let named = actors.filter_map(|actor| match actor {
        Actor::Establishment(id) => {
            Some(Meant { asker: Asker { establishment: id, kind: kind_of(id)? }, practitioner: None })
        }
        Actor::Practitioner { id, at } => {
            let establishment = at.as_deref().unwrap_or(NOBODY);
            let kind = kind_of(establishment).unwrap_or(ClientKind::Hospital);
            Some(Meant { asker: Asker { establishment, kind }, practitioner: Some(id) })
        }
        Actor::Kind(_) => None,
    });
    let kinds = ClientKind::ALL
        .iter()
        .map(|kind| Meant { asker: Asker { establishment: NOBODY, kind: *kind }, practitioner: None });
    named.chain(kinds).collect()
}

/// An establishment that no consent can name.
const NOBODY: &str = " ";

/// One question for every word that is spoken of, and one for all others.
fn questions<'a>(new: &'a Consent, standing: &'a [Consent]) -> Vec<(&'a str, Purpose)> {
    let rules = || standing.iter().chain([new]).flat_map(|consent| consent.root.all());
    let mut classes: Vec<&str> = rules().flat_map(|rule| &rule.classes).map(String::as_str).collect();
    classes.sort_unstable();
    classes.dedup();
    classes.extend(CLASSES.iter().find(|class| !classes.contains(class)).copied());
    classes.iter().flat_map(|class| Purpose::ALL.iter().map(|purpose| (*class, *purpose))).collect()
}
