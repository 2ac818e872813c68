//! Which requests does the counter page answer, and how?

use std::sync::Arc;

use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use axum::{Router, middleware};
use card_reader::counter::{Act, Language};
use card_reader::{Can, Pin};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::acts::{Asked, Outcome};
use super::record;
use super::sources::Source;
use super::view::{self, Chosen};
use super::{Counter, guard};

/// Every route of the page.
pub(crate) fn router(counter: Arc<Counter>) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/sources", get(sources))
        .route("/acts", post(start))
        .route("/acts/{id}", get(act))
        .route("/acts/{id}/end", post(end))
        .route("/acts/{id}/record", post(ask_record))
        .route("/acts/{id}/pin", post(agree))
        .route("/counter.css", get(async || asset("text/css; charset=utf-8", include_str!("counter.css"))))
        .route(
            "/counter.js",
            get(async || asset("text/javascript; charset=utf-8", include_str!("counter.js"))),
        )
        .route("/favicon.svg", get(async || asset("image/svg+xml", include_str!("favicon.svg"))))
        .layer(middleware::from_fn_with_state(Arc::clone(&counter), guard::guard))
        .with_state(counter)
}

type Page = State<Arc<Counter>>;

/// How a page is asked for.
#[derive(Deserialize)]
struct Asking {
    /// The language of the page; French where none of ours is named.
    #[serde(default)]
    lang: String,
    /// The source that stays chosen.
    #[serde(default)]
    source: String,
    /// The child for whom the next session is opened.
    #[serde(default)]
    dependant: String,
    /// Only the part that changes, for the script.
    #[serde(default)]
    part: u8,
    /// The version that the script has.
    seen: Option<u64>,
}

impl Asking {
    fn language(&self) -> Language {
        Language::from_tag(&self.lang).unwrap_or_default()
    }
}

async fn page(State(counter): Page, Query(asking): Query<Asking>) -> Response {
    let source = Source::parse(&asking.source);
    let chosen = Chosen { source, dependant: asking.dependant.clone(), ..Chosen::default() };
    view::page(&counter, asking.language(), chosen, None)
}

async fn sources(State(counter): Page, Query(asking): Query<Asking>) -> Response {
    view::sources(&counter, asking.language(), Source::parse(&asking.source).as_ref())
}

/// The form of an act.
#[derive(Deserialize)]
struct ActForm {
    #[serde(default)]
    lang: String,
    #[serde(default)]
    source: String,
    #[serde(default)]
    can: String,
    #[serde(default)]
    pin: String,
    #[serde(default)]
    purpose: String,
    #[serde(default)]
    dependant: String,
}

/// What may be asked for at a counter (HL7 PurposeOfUse): care, billing, emergency care.
pub(crate) const PURPOSES: [&str; 3] = ["TREAT", "HPAYMT", "ETREAT"];

async fn start(State(counter): Page, headers: HeaderMap, Form(form): Form<ActForm>) -> Response {
    let language = Language::from_tag(&form.lang).unwrap_or_default();
    let source = Source::parse(&form.source);
    let can = Can::parse(&latin_digits(&form.can));
    let purpose = PURPOSES.into_iter().find(|known| *known == form.purpose).unwrap_or("TREAT");
    let (Some(source), Some(can)) = (source.clone(), can) else {
        let (can_missing, source_missing) = (source.is_some(), source.is_none());
        let chosen = Chosen { source, purpose, dependant: form.dependant, can_missing, source_missing };
        let mut page = view::page(&counter, language, chosen, None);
        *page.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
        return page;
    };
    let mut act = Act::new(can, purpose).at_station(&counter.station);
    let for_child = !form.dependant.is_empty();
    if for_child {
        act = act.for_dependant(&form.dependant);
    }
    let running = match counter.acts.start(&counter, Asked { source, act, for_child, language }) {
        Ok(running) => running,
        Err(_) => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
    };
    if headers.contains_key("x-part") {
        return view::act(&counter, &running, language);
    }
    back_to(&running.id, language)
}

async fn act(State(counter): Page, Path(id): Path<String>, Query(asking): Query<Asking>) -> Response {
    let Some(running) = counter.acts.find(&id) else {
        return Redirect::to(&format!("/?lang={}", asking.language().tag())).into_response();
    };
    if let Some(seen) = asking.seen {
        running.progress_after(seen).await;
    }
    if asking.part == 1 {
        return view::act(&counter, &running, asking.language());
    }
    let chosen = Chosen { source: Some(running.source.clone()), ..Chosen::default() };
    view::page(&counter, asking.language(), chosen, Some(&running))
}

/// The patient leaves: the session ends at the gateway and nothing stays on the screen.
async fn end(State(counter): Page, Path(id): Path<String>, Form(form): Form<ActForm>) -> Response {
    if let Some(running) = counter.acts.find(&id)
        && let Some(outcome) = running.progress().outcome
        && let Outcome::Opened(success) = outcome.as_ref()
        && let Err(error) =
            counter.gateway.end_session(&success.opened.token, &success.opened.session.id).await
    {
        // The token ends by itself within minutes; the next patient does not wait for it.
        tracing::warn!(
            code = error.code(),
            session = success.opened.session.id,
            "the session could not be ended early"
        );
    }
    counter.acts.forget(&id);
    Redirect::to(&format!("/?lang={}", Language::from_tag(&form.lang).unwrap_or_default().tag()))
        .into_response()
}

/// The whole record is asked for; what stands in the way, the page shows.
async fn ask_record(State(counter): Page, Path(id): Path<String>, Form(form): Form<ActForm>) -> Response {
    let language = Language::from_tag(&form.lang).unwrap_or_default();
    if let Some(running) = counter.acts.find(&id) {
        record::ask(&counter, &running, language);
    }
    back_to(&id, language)
}

/// The holder has typed the PIN.
async fn agree(State(counter): Page, Path(id): Path<String>, Form(form): Form<ActForm>) -> Response {
    let language = Language::from_tag(&form.lang).unwrap_or_default();
    let typed = Zeroizing::new(form.pin);
    let pin = Pin::parse(&Zeroizing::new(latin_digits(&typed)));
    if let Some(running) = counter.acts.find(&id) {
        record::agree(&counter, &running, (pin, Can::parse(&latin_digits(&form.can))), language);
    }
    back_to(&id, language)
}

fn back_to(id: &str, language: Language) -> Response {
    Redirect::to(&format!("/acts/{id}?lang={}", language.tag())).into_response()
}

/// Digits as an Arabic keyboard types them are digits too.
fn latin_digits(typed: &str) -> String {
    let latin = |c: char| {
        let zero = match c {
            '\u{0660}'..='\u{0669}' => 0x0660,
            '\u{06f0}'..='\u{06f9}' => 0x06f0,
            _ => return c,
        };
        char::from_digit(u32::from(c) - zero, 10).unwrap_or(c)
    };
    typed.chars().filter(|c| !c.is_whitespace()).map(latin).collect()
}

fn asset(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_can_may_be_typed_in_arabic_digits_or_with_spaces() {
        assert_eq!(latin_digits("١٢٣ ٤٥٦"), "123456");
        assert_eq!(latin_digits("۱۲۳۴۵۶"), "123456");
        assert_eq!(latin_digits("12a"), "12a");
    }
}
