//! `bawaba fraud cases`, `show`, `note`, `label`.

use std::io::{Read as _, stdin};

use serde::Serialize;
use time::OffsetDateTime;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::super::output::{Output, moment, table};
use super::super::{Exit, Failure, keys, store};
use super::{Cases, One, SetLabel, no_such_case, on_record, unavailable};
use crate::fraud::case::{About, Case, CaseState, KeptHit, Label};
use crate::fraud::note::{self, Note};
use crate::fraud::store::{self as kept, Filter};

/// Octets of a note: a page.
const NOTE_OCTETS_MAX: u64 = 8 << 10;

/// A case as it is shown.
#[derive(Serialize)]
struct Shown {
    id: Uuid,
    about: About,
    name: String,
    state: CaseState,
    label: Option<Label>,
    labelled_by: Option<String>,
    score: u8,
    quarantined: bool,
    #[serde(with = "time::serde::rfc3339")]
    opened_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    seen_at: OffsetDateTime,
}

#[derive(Serialize)]
struct ShownHit {
    signal: String,
    weight: u8,
    counted: bool,
    establishment: Option<String>,
    station: Option<String>,
    presence: Option<Uuid>,
    why: String,
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
}

#[derive(Serialize)]
struct ShownNote {
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
    by: String,
    words: String,
}

#[derive(Serialize)]
struct Whole {
    #[serde(flatten)]
    case: Shown,
    hits: Vec<ShownHit>,
    notes: Vec<ShownNote>,
}

pub(super) async fn list(asked: &Cases, output: Output) -> Result<(), Failure> {
    let store = store::open(&asked.place.config()?).await?;
    let filter =
        Filter { state: asked.only.map(CaseState::from), signal: asked.signal.clone(), most: asked.most };
    let cases = kept::cases(&store, &filter).await.map_err(|error| unavailable(&error))?;
    let shown: Vec<Shown> = cases.into_iter().map(Shown::from).collect();
    output.answer(&shown, || {
        let row = |case: &Shown| {
            let label = case.label.map_or("-", Label::as_str).to_owned();
            let quarantine = if case.quarantined { "yes" } else { "-" }.to_owned();
            let mut cells = vec![case.id.to_string(), case.score.to_string(), case.state.as_str().to_owned()];
            cells.extend([label, quarantine, case.about.as_str().to_owned(), case.name.clone()]);
            cells.push(moment(case.seen_at));
            cells
        };
        let head = ["CASE", "SCORE", "STATE", "LABEL", "QUARANTINE", "ABOUT", "NAME", "LAST HIT"];
        table(&head, &shown.iter().map(row).collect::<Vec<_>>())
    })
}

pub(super) async fn show(asked: &One, output: Output) -> Result<(), Failure> {
    let config = asked.place.config()?;
    let (store, signer) = (store::open(&config).await?, keys::load(&config)?);
    let case = kept::case(&store, asked.case).await.map_err(|error| unavailable(&error))?;
    let case = case.ok_or_else(|| no_such_case(asked.case))?;
    on_record(&store, "case-read", (asked.case.to_string(), &asked.by.operator)).await?;
    let hits = kept::hits(&store, case.id).await.map_err(|error| unavailable(&error))?;
    let notes = note::read(&store, signer.as_ref(), case.id).await.map_err(|error| unavailable(&error))?;
    let note = |(at, note): note::Dated| ShownNote { at, by: note.by, words: note.words };
    let whole = Whole {
        case: case.into(),
        hits: hits.into_iter().map(ShownHit::from).collect(),
        notes: notes.into_iter().map(note).collect(),
    };
    output.answer(&whole, || told(&whole))
}

fn told(whole: &Whole) -> String {
    let case = &whole.case;
    let label = case.label.map_or(String::new(), |label| {
        format!(": {}, says {}", label.as_str(), case.labelled_by.as_deref().unwrap_or("-"))
    });
    let quarantine = if case.quarantined { "; in quarantine: everything asks for the PIN" } else { "" };
    let mut text = format!(
        "{} {}\nscore {}, {}{label}{quarantine}\n\n",
        case.about.as_str(),
        case.name,
        case.score,
        case.state.as_str()
    );
    let row = |hit: &ShownHit| {
        let place = [&hit.establishment, &hit.station].map(|name| name.as_deref().unwrap_or("-"));
        let weight = if hit.counted { hit.weight.to_string() } else { format!("{} (on trial)", hit.weight) };
        vec![moment(hit.at), hit.signal.clone(), weight, place.join("/"), hit.why.clone()]
    };
    let hits: Vec<_> = whole.hits.iter().map(row).collect();
    text += &table(&["TIME", "SIGNAL", "WEIGHT", "WHERE", "WHY"], &hits);
    for note in &whole.notes {
        text += &format!("\n{}, {}:\n{}\n", moment(note.at), note.by, note.words);
    }
    text
}

pub(super) async fn note(asked: &One, output: Output) -> Result<(), Failure> {
    let mut words = Zeroizing::new(String::new());
    let read = stdin().take(NOTE_OCTETS_MAX + 1).read_to_string(&mut words);
    read.map_err(|error| Failure::new(Exit::Io, format!("standard input: {error}")))?;
    if words.trim().is_empty() || words.len() as u64 > NOTE_OCTETS_MAX {
        return Err(Failure::new(Exit::Usage, format!("a note has 1 to {NOTE_OCTETS_MAX} octets")));
    }
    let config = asked.place.config()?;
    let (store, signer) = (store::open(&config).await?, keys::load(&config)?);
    let there = kept::case(&store, asked.case).await.map_err(|error| unavailable(&error))?;
    there.ok_or_else(|| no_such_case(asked.case))?;
    let at = on_record(&store, "case-noted", (asked.case.to_string(), &asked.by.operator)).await?;
    let note = Note { by: asked.by.operator.clone(), words: words.trim().to_owned() };
    let written = note::write(&store, signer.as_ref(), asked.case, &note, at).await;
    written.map_err(|error| unavailable(&error))?;
    output.answer(&serde_json::json!({ "noted": asked.case }), || "Noted.".to_owned())
}

pub(super) async fn label(asked: &SetLabel, output: Output) -> Result<(), Failure> {
    let store = store::open(&asked.place.config()?).await?;
    let there = kept::case(&store, asked.case).await.map_err(|error| unavailable(&error))?;
    there.ok_or_else(|| no_such_case(asked.case))?;
    let label = Label::from(asked.label);
    let what = format!("{} {}", asked.case, label.as_str());
    let at = on_record(&store, "case-labelled", (what, &asked.by.operator)).await?;
    let labelled = kept::label(&store, asked.case, (label, &asked.by.operator), at).await;
    labelled.map_err(|error| unavailable(&error))?.ok_or_else(|| no_such_case(asked.case))?;
    output.answer(&serde_json::json!({ "case": asked.case, "label": label }), || {
        format!("The case is closed: {}. Gateways know within a second.", label.as_str())
    })
}

impl From<Case> for Shown {
    fn from(case: Case) -> Self {
        let Case { id, subject, state, label, labelled_by, score, quarantined, opened_at, seen_at } = case;
        let (about, name) = (subject.about, subject.name);
        Self { id, about, name, state, label, labelled_by, score, quarantined, opened_at, seen_at }
    }
}

impl From<KeptHit> for ShownHit {
    fn from(hit: KeptHit) -> Self {
        let KeptHit { signal, weight, counted, establishment, station, presence, why, at } = hit;
        Self { signal, weight, counted, establishment, station, presence, why, at }
    }
}
