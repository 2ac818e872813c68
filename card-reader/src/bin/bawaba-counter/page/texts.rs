//! What does the page say, in each of the three languages?

mod arabic;
mod english;
mod french;

use card_reader::counter::Language;
use card_reader::transport::pcsc::ReaderCondition;

/// The page's own words in one language. Failures have theirs in the counter library.
pub(crate) struct Texts {
    pub(crate) title: &'static str,
    pub(crate) tagline: &'static str,
    pub(crate) skip: &'static str,
    pub(crate) language: &'static str,
    pub(crate) card: &'static str,
    pub(crate) readers: &'static str,
    pub(crate) no_reader: &'static str,
    pub(crate) demo_cards: &'static str,
    pub(crate) demo_hint: &'static str,
    pub(crate) can: &'static str,
    pub(crate) can_hint: &'static str,
    pub(crate) can_missing: &'static str,
    pub(crate) source_missing: &'static str,
    pub(crate) purpose: &'static str,
    pub(crate) purposes: [(&'static str, &'static str); 3],
    pub(crate) go: &'static str,
    pub(crate) idle_title: &'static str,
    pub(crate) idle: [&'static str; 3],
    pub(crate) running: &'static str,
    pub(crate) recognised: &'static str,
    pub(crate) born: &'static str,
    pub(crate) cover_open: &'static str,
    pub(crate) cover_closed: &'static str,
    pub(crate) cover_closed_hint: &'static str,
    pub(crate) children: &'static str,
    pub(crate) for_child: &'static str,
    pub(crate) for_child_notice: &'static str,
    pub(crate) child_of: &'static str,
    pub(crate) prescription: &'static str,
    pub(crate) nothing_prescribed: &'static str,
    pub(crate) no_prescription: &'static str,
    pub(crate) prescribed_by: &'static str,
    pub(crate) on: &'static str,
    pub(crate) repeats: &'static str,
    pub(crate) stopped: &'static str,
    pub(crate) refused: &'static str,
    pub(crate) reasons: &'static str,
    pub(crate) next_step: &'static str,
    pub(crate) at_fault: &'static str,
    pub(crate) reference: &'static str,
    pub(crate) in_all: &'static str,
    pub(crate) exchanges: &'static str,
    pub(crate) valid_minutes: &'static str,
    pub(crate) next_patient: &'static str,
    pub(crate) lost: &'static str,
    pub(crate) privacy: &'static str,
    pub(crate) record_title: &'static str,
    pub(crate) record_hint: &'static str,
    pub(crate) record_ask: &'static str,
    pub(crate) record_refused: &'static str,
    pub(crate) record_empty: &'static str,
    pub(crate) pin: &'static str,
    pub(crate) pin_hint: &'static str,
    pub(crate) pin_missing: &'static str,
    pub(crate) pin_wrong: &'static str,
    pub(crate) pin_go: &'static str,
    pub(crate) pin_tries: &'static str,
    pub(crate) pin_last: &'static str,
    pub(crate) pin_demo: &'static str,
    pub(crate) card_back: &'static str,
    pub(crate) agreeing: &'static str,
    pub(crate) agreed: &'static str,
    reader_states: [&'static str; 5],
    steps: [&'static str; 6],
    parties: [&'static str; 6],
    methods: [&'static str; 2],
    kinds: [&'static str; 3],
}

impl Texts {
    pub(crate) fn of(language: Language) -> &'static Texts {
        match language {
            Language::French => &french::FRENCH,
            Language::Arabic => &arabic::ARABIC,
            Language::English => &english::ENGLISH,
        }
    }

    pub(crate) fn reader_state(&self, condition: ReaderCondition) -> &'static str {
        let [empty, present, in_use, mute, unavailable] = self.reader_states;
        match condition {
            ReaderCondition::Empty => empty,
            ReaderCondition::CardPresent => present,
            ReaderCondition::InUse => in_use,
            ReaderCondition::Mute => mute,
            ReaderCondition::Unavailable => unavailable,
        }
    }

    /// The words for a step of an act, by its stable name.
    pub(crate) fn step(&self, name: &str) -> &'static str {
        let [pace, read, passive, chip, session, prescription] = self.steps;
        match name {
            "pace" => pace,
            "read" => read,
            "passive-authentication" => passive,
            "chip-proof" => chip,
            "session" => session,
            _ => prescription,
        }
    }

    pub(crate) fn party(&self, party: &str) -> &'static str {
        let [card, reader, station, gateway, registry, back_end] = self.parties;
        match party {
            "card" => card,
            "reader" => reader,
            "station" => station,
            "registry" => registry,
            "back-end" => back_end,
            _ => gateway,
        }
    }

    pub(crate) fn method(&self, method: &str) -> &'static str {
        let [active, chip] = self.methods;
        if method == "active-authentication" { active } else { chip }
    }

    /// The words for a kind of entry in a record; one of a later record is shown as it is.
    pub(crate) fn kind(&self, kind: &str) -> String {
        let [allergy, condition, observation] = self.kinds;
        match kind {
            "AllergyIntolerance" => allergy,
            "Condition" => condition,
            "Observation" => observation,
            other => other,
        }
        .to_owned()
    }

    /// The names of the four schemes are proper names; a code of a later scheme is shown as it is.
    pub(crate) fn scheme(&self, code: &str) -> String {
        match code {
            "cnss-salarie" => "AMO CNSS",
            "tns" => "AMO TNS",
            "amo-tadamon" => "AMO Tadamon",
            "amo-achamil" => "AMO Achamil",
            other => other,
        }
        .to_owned()
    }
}
