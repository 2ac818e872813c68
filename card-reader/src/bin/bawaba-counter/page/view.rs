//! What is on the page at this moment?

mod numbers;
mod record;

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse as _, Response};
use card_reader::counter::{Explanation, Language, Stage};
use card_reader::transport::pcsc::ReaderCondition;

use super::Counter;
use super::acts::{FETCH, Outcome, RunningAct, Success};
use super::prescription::Line;
use super::sources::Source;
use super::texts::Texts;
use numbers::{milliseconds, spaced};
use record::RecordView;

/// What the form shows as chosen, and what is missing in it.
pub(crate) struct Chosen {
    pub(crate) source: Option<Source>,
    pub(crate) purpose: &'static str,
    /// The child for whom the session is opened, by the subject that the holder's session gave; empty for the holder.
    pub(crate) dependant: String,
    pub(crate) can_missing: bool,
    pub(crate) source_missing: bool,
}

impl Default for Chosen {
    fn default() -> Chosen {
        Chosen {
            source: None,
            purpose: "TREAT",
            dependant: String::new(),
            can_missing: false,
            source_missing: false,
        }
    }
}

#[derive(Template)]
#[template(path = "counter/page.html")]
struct PageView<'a> {
    t: &'static Texts,
    lang: Language,
    languages: [Language; 3],
    client: &'a str,
    purposes: [(&'static str, &'static str); 3],
    chosen: Chosen,
    sources: SourcesView,
    act: Option<ActView>,
}

#[derive(Template)]
#[template(path = "counter/sources.html")]
struct SourcesView {
    t: &'static Texts,
    readers: Vec<ReaderView>,
    /// Why no reader can be seen.
    reader_problem: Option<Explanation>,
    cards: Vec<CardView>,
}

struct ReaderView {
    value: String,
    name: String,
    state: &'static str,
    state_text: &'static str,
    usable: bool,
    checked: bool,
}

struct CardView {
    value: String,
    name: String,
    title: String,
    can: String,
    checked: bool,
}

#[derive(Template)]
#[template(path = "counter/act.html")]
struct ActView {
    t: &'static Texts,
    lang: Language,
    id: String,
    version: u64,
    running: bool,
    steps: Vec<StepView>,
    total_ms: String,
    failed: Option<FailedView>,
    opened: Option<OpenedView>,
}

struct StepView {
    text: &'static str,
    /// `done`, `now`, `failed` or `later`.
    state: &'static str,
    ms: String,
}

struct FailedView {
    said: Explanation,
    party: &'static str,
    code: String,
    request: String,
}

struct OpenedView {
    for_child: bool,
    /// The source again, to open for a child.
    source: String,
    name: String,
    born: String,
    cover: Option<bool>,
    scheme: String,
    dependants: Vec<String>,
    minutes: u64,
    session: String,
    method: &'static str,
    apdus: u32,
    lines: Vec<Line>,
    no_prescription: Option<FailedView>,
    /// Where the counter may reach the record at all.
    record: Option<RecordView>,
}

/// The whole page, with an act if there is one.
pub(crate) fn page(counter: &Counter, lang: Language, chosen: Chosen, act: Option<&RunningAct>) -> Response {
    let t = Texts::of(lang);
    let sources = SourcesView::new(counter, lang, chosen.source.as_ref());
    html(&PageView {
        t,
        lang,
        languages: Language::ALL,
        client: &counter.client,
        purposes: t.purposes,
        chosen,
        sources,
        act: act.map(|act| ActView::new(counter, act, lang)),
    })
}

/// The list of readers and cards alone.
pub(crate) fn sources(counter: &Counter, lang: Language, chosen: Option<&Source>) -> Response {
    html(&SourcesView::new(counter, lang, chosen))
}

/// The act alone.
pub(crate) fn act(counter: &Counter, act: &RunningAct, lang: Language) -> Response {
    html(&ActView::new(counter, act, lang))
}

impl SourcesView {
    fn new(counter: &Counter, lang: Language, chosen: Option<&Source>) -> SourcesView {
        let t = Texts::of(lang);
        let (readers, reader_problem) = match counter.sources.readers() {
            Ok(readers) => (readers, None),
            Err(error) => (Vec::new(), Some(card_reader::counter::CounterError::from(error).explain(lang))),
        };
        let cards = counter.sources.cards();
        let suggested = counter.sources.suggestion(&readers, &cards);
        let chosen = chosen.or(suggested.as_ref());
        let readers = readers.into_iter().map(|reader| {
            let source = Source::Reader(reader.name.clone());
            ReaderView {
                value: source.value(),
                name: reader.name,
                state: reader.condition.code(),
                state_text: t.reader_state(reader.condition),
                usable: reader.condition != ReaderCondition::Unavailable,
                checked: chosen == Some(&source),
            }
        });
        let cards = cards.into_iter().map(|card| {
            let source = Source::Card(card.name.clone());
            let title = card.title();
            CardView {
                value: source.value(),
                checked: chosen == Some(&source),
                title,
                name: card.name,
                can: spaced(&card.can),
            }
        });
        SourcesView { t, readers: readers.collect(), reader_problem, cards: cards.collect() }
    }
}

impl ActView {
    fn new(counter: &Counter, act: &RunningAct, lang: Language) -> ActView {
        let t = Texts::of(lang);
        let progress = act.progress();
        let outcome = progress.outcome.as_deref();
        let failed = matches!(outcome, Some(Outcome::Failed(_)));
        let no_prescription =
            matches!(outcome, Some(Outcome::Opened(success)) if success.prescription.is_err());
        let names = Stage::ALL.map(Stage::name).into_iter().chain([FETCH]);
        let steps = names.enumerate().map(|(index, name)| {
            let time = progress.times.get(index);
            let state = match time {
                Some(_) if no_prescription && name == FETCH => "failed",
                Some(_) => "done",
                None if index == progress.times.len() && failed => "failed",
                None if index == progress.times.len() => "now",
                None => "later",
            };
            StepView {
                text: t.step(name),
                state,
                ms: time.map(|ms| milliseconds(*ms, lang)).unwrap_or_default(),
            }
        });
        ActView {
            t,
            lang,
            id: act.id.clone(),
            version: progress.version,
            running: outcome.is_none() || act.record.is_running(),
            steps: steps.collect(),
            total_ms: milliseconds(progress.times.iter().sum(), lang),
            failed: match outcome {
                Some(Outcome::Failed(error)) => Some(FailedView::new(error, t, lang)),
                _ => None,
            },
            opened: match outcome {
                Some(Outcome::Opened(success)) => Some(OpenedView::new(counter, act, success, t, lang)),
                _ => None,
            },
        }
    }
}

impl FailedView {
    fn new(error: &card_reader::counter::CounterError, t: &'static Texts, lang: Language) -> FailedView {
        let request = match error {
            card_reader::counter::CounterError::Refused(problem) => {
                problem.request_id.clone().unwrap_or_default()
            }
            _ => String::new(),
        };
        FailedView {
            said: error.explain(lang),
            party: t.party(error.party()),
            code: error.code().to_owned(),
            request,
        }
    }
}

impl OpenedView {
    fn new(
        counter: &Counter,
        act: &RunningAct,
        success: &Success,
        t: &'static Texts,
        lang: Language,
    ) -> OpenedView {
        let opened = &success.opened;
        let holder = opened.holder.as_ref();
        let cover = opened.session.coverage.as_ref();
        let (lines, no_prescription) = match &success.prescription {
            Ok(lines) => (lines.clone(), None),
            Err(error) => (Vec::new(), Some(FailedView::new(error, t, lang))),
        };
        OpenedView {
            for_child: act.for_child,
            source: act.source.value(),
            name: holder.map(card_reader::counter::Holder::full_name).unwrap_or_default(),
            born: holder.and_then(card_reader::counter::Holder::born).unwrap_or_default(),
            cover: cover.map(|cover| cover.open),
            scheme: cover
                .and_then(|cover| cover.scheme.as_deref())
                .map(|code| t.scheme(code))
                .unwrap_or_default(),
            dependants: opened.session.dependants.iter().map(|child| child.subject.clone()).collect(),
            minutes: opened.expires_in.div_ceil(60),
            session: opened.session.id.clone(),
            method: t.method(&opened.method),
            apdus: opened.apdus,
            lines,
            no_prescription,
            record: opened.reaches("dossier").then(|| RecordView::new(counter, act, t, lang)),
        }
    }
}

fn html(view: &impl Template) -> Response {
    match view.render() {
        Ok(text) => Html(text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
