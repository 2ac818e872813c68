//! What stands of one patient at a moment, and what is it for who asks?

use std::sync::{Arc, Mutex, PoisonError};

use time::OffsetDateTime;

use super::compile::Asker;
use super::model::Consent;
use super::rules::Rules;
use crate::limits::CONSENT_ASKERS;
use crate::registry::Relationship;

/// That a patient was at an establishment in person (*lien thérapeutique*).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Where.
    pub establishment: String,
    /// When last.
    pub seen_at: OffsetDateTime,
}

/// The consents and links of one patient, as they were read, with what was compiled of them.
#[derive(Debug)]
pub(super) struct Standing {
    consents: Vec<Consent>,
    links: Vec<Link>,
    /// When the patient is surely of age; their guardians' word ends there.
    of_age: Option<OffsetDateTime>,
    compiled: Mutex<Vec<(Box<str>, Arc<Rules>)>>,
}

impl Standing {
    pub(super) fn new(consents: Vec<Consent>, links: Vec<Link>, of_age: Option<OffsetDateTime>) -> Self {
        Self { consents, links, of_age, compiled: Mutex::default() }
    }

    /// What was said and still counts at that moment.
    pub(super) fn consents(&self, at: OffsetDateTime) -> impl Iterator<Item = &Consent> {
        let of_age = self.of_age.is_some_and(|of_age| at >= of_age);
        self.consents.iter().filter(move |consent| {
            let ended = consent.root.period.end.is_some_and(|end| end <= at);
            let childhood = consent.guardian.as_ref().map(|guardian| guardian.relationship);
            let grown_up = of_age && childhood == Some(Relationship::Child);
            !ended && !grown_up
        })
    }

    pub(super) fn links(&self) -> &[Link] {
        &self.links
    }

    /// The rules for this asker, compiled once for as long as they hold.
    pub(super) fn rules(
        &self,
        asker: Asker<'_>,
        linked_after: OffsetDateTime,
        at: OffsetDateTime,
    ) -> Arc<Rules> {
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        compiled.retain(|(_, rules)| rules.hold_at(at));
        if let Some((_, rules)) =
            compiled.iter().find(|(establishment, _)| **establishment == *asker.establishment)
        {
            return rules.clone();
        }
        let linked = self
            .links
            .iter()
            .any(|link| link.establishment == asker.establishment && link.seen_at > linked_after);
        let consents: Vec<Consent> = self.consents(at).cloned().collect();
        let rules =
            Rules::compile(&consents, asker, linked, at).ending(self.of_age.filter(|edge| *edge > at));
        let rules = Arc::new(rules);
        if compiled.len() >= CONSENT_ASKERS {
            compiled.clear();
        }
        compiled.push((asker.establishment.into(), rules.clone()));
        rules
    }
}
