//! What is on the page of the whole record, and what is the holder asked?

use askama::Template;
use card_reader::CardError;
use card_reader::counter::{CounterError, Language};

use super::super::Counter;
use super::super::acts::RunningAct;
use super::super::record::{State, Wanted};
use super::super::sources::Source;
use super::super::texts::Texts;
use super::FailedView;

#[derive(Template)]
#[template(path = "counter/record.html")]
pub(super) struct RecordView {
    t: &'static Texts,
    lang: Language,
    id: String,
    asked: bool,
    /// Whether it is any use to ask again.
    again: bool,
    running: bool,
    wanted: Option<WantedView>,
    failed: Option<FailedView>,
    /// Kind and text of each entry.
    entries: Option<Vec<(String, String)>>,
}

struct WantedView {
    reasons: Vec<String>,
    tries_left: Option<u8>,
    wrong: bool,
    missing: bool,
    held: bool,
    /// The PIN of a demonstration card: visitors cannot know it.
    demo_pin: Option<String>,
}

impl RecordView {
    pub(super) fn new(counter: &Counter, act: &RunningAct, t: &'static Texts, lang: Language) -> RecordView {
        let state = act.record.state();
        RecordView {
            t,
            lang,
            id: act.id.clone(),
            asked: !matches!(state, State::NotAsked),
            again: match &state {
                State::Failed(error) => !matches!(
                    **error,
                    CounterError::Card(CardError::WrongPin { .. } | CardError::NoHolderApplication)
                ),
                _ => false,
            },
            running: matches!(state, State::Running),
            wanted: match &state {
                State::Wanted(wanted) => Some(WantedView::new(counter, act, wanted, (t, lang))),
                _ => None,
            },
            failed: match &state {
                State::Failed(error) => Some(FailedView::new(error, t, lang)),
                _ => None,
            },
            entries: match &state {
                State::Done(entries) => {
                    Some(entries.iter().map(|entry| (t.kind(&entry.kind), entry.text.clone())).collect())
                }
                _ => None,
            },
        }
    }
}

impl WantedView {
    fn new(
        counter: &Counter,
        act: &RunningAct,
        wanted: &Wanted,
        (t, lang): (&'static Texts, Language),
    ) -> WantedView {
        let Wanted { reasons, language, tries_left, wrong, missing, held } = wanted.clone();
        // The gateway gave its reasons in the language of that moment; the page has words of its own for the others.
        let reasons = if language == lang { reasons } else { vec![t.record_hint.to_owned()] };
        let demo_pin = match &act.source {
            Source::Card(name) => {
                counter.sources.cards().into_iter().find(|card| card.name == *name).and_then(|card| card.pin)
            }
            Source::Reader(_) => None,
        };
        WantedView { reasons, tries_left, wrong, missing, held, demo_pin }
    }
}
