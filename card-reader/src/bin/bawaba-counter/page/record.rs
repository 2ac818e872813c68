//! How does the staff come to the whole record, which only the holder may give?
//!
//! The gateway answers the request with what is missing (RFC 9470); the page then asks the holder for the PIN, steps the session
//! up, and repeats the request. The card is kept for a while after its act, so that nobody types the CAN twice.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use card_reader::counter::{Act, CounterError, KeptCard, Language};
use card_reader::{Can, CardError, Pin, TransportError};
use serde_json::Value;

use super::Counter;
use super::acts::{Outcome, RunningAct};

/// How long a card is held after its act; then the CAN is asked for again, and others may use the reader.
const HELD_FOR: Duration = Duration::from_secs(3 * 60);

/// The whole record of one session, and the card that may open it.
#[derive(Default)]
pub(crate) struct Record {
    state: Mutex<State>,
    kept: Mutex<Option<KeptCard>>,
    /// The stronger token, once the holder has agreed.
    token: Mutex<Option<String>>,
}

/// How far it is.
#[derive(Clone, Default)]
pub(crate) enum State {
    #[default]
    NotAsked,
    Running,
    /// The holder has to agree.
    Wanted(Wanted),
    Done(Arc<[Entry]>),
    Failed(Arc<CounterError>),
}

/// What the holder is told before typing.
#[derive(Clone, Default)]
pub(crate) struct Wanted {
    /// Why, in the words of the policy.
    pub(crate) reasons: Vec<String>,
    /// The language of those words.
    pub(crate) language: Language,
    pub(crate) tries_left: Option<u8>,
    /// A PIN was just refused.
    pub(crate) wrong: bool,
    /// What was typed is no PIN, or no CAN.
    pub(crate) missing: bool,
    /// The card is still on the reader, as far as we know.
    pub(crate) held: bool,
}

/// One line of the record.
pub(crate) struct Entry {
    /// FHIR resource type.
    pub(crate) kind: String,
    pub(crate) text: String,
}

impl Record {
    pub(crate) fn state(&self) -> State {
        lock(&self.state).clone()
    }

    pub(crate) fn is_running(&self) -> bool {
        matches!(*lock(&self.state), State::Running)
    }

    /// Lets go of the card: the patient left, or the reader is needed.
    pub(crate) fn release(&self) {
        drop(lock(&self.kept).take());
    }
}

/// Keeps the card of an act for a while.
pub(crate) fn keep(act: &Arc<RunningAct>, card: KeptCard) {
    *lock(&act.record.kept) = Some(card);
    let act = Arc::downgrade(act);
    tokio::spawn(async move {
        tokio::time::sleep(HELD_FOR).await;
        if let Some(act) = act.upgrade() {
            act.record.release();
        }
    });
}

/// Asks for the record of an open session; goes on whether or not somebody watches.
pub(crate) fn ask(counter: &Arc<Counter>, act: &Arc<RunningAct>, language: Language) {
    if begin(act) {
        let (counter, act) = (Arc::clone(counter), Arc::clone(act));
        tokio::spawn(async move {
            let state = fetch(&counter, &act, language).await;
            set(&act, state);
        });
    }
}

/// What the holder typed; with the CAN where the card has to be opened again.
pub(crate) fn agree(
    counter: &Arc<Counter>,
    act: &Arc<RunningAct>,
    (pin, can): (Option<Pin>, Option<Can>),
    language: Language,
) {
    let State::Wanted(wanted) = act.record.state() else { return };
    let Some(pin) = pin.filter(|_| wanted.held || can.is_some()) else {
        return set(act, State::Wanted(Wanted { missing: true, ..wanted }));
    };
    if begin(act) {
        let (counter, act) = (Arc::clone(counter), Arc::clone(act));
        tokio::spawn(async move {
            let state = match step_up(&counter, &act, pin, can, language).await {
                Ok(()) => fetch(&counter, &act, language).await,
                Err(CounterError::Card(CardError::WrongPin { tries_left })) if tries_left != Some(0) => {
                    State::Wanted(Wanted { wrong: true, missing: false, held: true, tries_left, ..wanted })
                }
                Err(error) if is_gone(&error) => {
                    act.record.release();
                    State::Wanted(Wanted { wrong: false, missing: false, held: false, ..wanted })
                }
                Err(error) => State::Failed(Arc::new(error)),
            };
            set(&act, state);
        });
    }
}

async fn step_up(
    counter: &Arc<Counter>,
    act: &Arc<RunningAct>,
    pin: Pin,
    can: Option<Can>,
    language: Language,
) -> Result<(), CounterError> {
    let outcome = act.progress().outcome.ok_or(CounterError::Interrupted)?;
    let Outcome::Opened(success) = outcome.as_ref() else { return Err(CounterError::Interrupted) };
    let gateway = counter.gateway.speaking(language);
    let kept = lock(&act.record.kept).take();
    let mut card = match (kept, can) {
        (Some(card), _) => card,
        (None, Some(can)) => {
            let taking = (Arc::clone(counter), act.source.clone());
            let transport = tokio::task::spawn_blocking(move || taking.0.sources.take(&taking.1))
                .await
                .map_err(|_| CounterError::Interrupted)??;
            KeptCard::open(transport, Act::new(can, "TREAT").at_station(&counter.station)).await?
        }
        (None, None) => return Err(CardError::Transport(TransportError::NoCard).into()),
    };
    let opened = &success.opened;
    let stepped = card.step_up(pin, (&opened.session.id, &opened.token), &gateway).await;
    let gone = stepped.as_ref().is_err_and(is_gone);
    if !gone {
        keep(act, card);
    }
    *lock(&act.record.token) = Some(stepped?.token);
    Ok(())
}

/// The request itself, with the strongest token there is.
async fn fetch(counter: &Arc<Counter>, act: &Arc<RunningAct>, language: Language) -> State {
    let Some(outcome) = act.progress().outcome else { return State::NotAsked };
    let Outcome::Opened(success) = outcome.as_ref() else { return State::NotAsked };
    let opened = &success.opened;
    let gateway = counter.gateway.speaking(language);
    let token = lock(&act.record.token).clone().unwrap_or_else(|| opened.token.clone());
    let patient = opened.session.patient_at.get("dossier").map(String::as_str).unwrap_or_default();
    match gateway.fhir(&token, &format!("/dossier/Patient/{patient}/$everything")).await {
        Ok(bundle) => State::Done(entries(&bundle)),
        Err(error) if error.step_up().is_some() => {
            wanted(act, Wanted { reasons: error.explain(language).reasons, language, ..Wanted::default() })
                .await
        }
        Err(error) => State::Failed(Arc::new(error)),
    }
}

/// Looks at the card before anybody types: how many tries are left, or why it is no use to type.
async fn wanted(act: &Arc<RunningAct>, why: Wanted) -> State {
    let kept = lock(&act.record.kept).take();
    let Some(mut card) = kept else {
        return State::Wanted(why);
    };
    match card.pin_state().await {
        Ok(state) if state.tries_left == Some(0) => {
            keep(act, card);
            State::Failed(Arc::new(CardError::WrongPin { tries_left: Some(0) }.into()))
        }
        Ok(state) => {
            keep(act, card);
            State::Wanted(Wanted { tries_left: state.tries_left, held: true, ..why })
        }
        Err(error) if is_gone(&error) => State::Wanted(why),
        Err(error) => State::Failed(Arc::new(error)),
    }
}

/// The card left the reader, or forgot us.
fn is_gone(error: &CounterError) -> bool {
    matches!(
        error,
        CounterError::Interrupted
            | CounterError::Card(
                CardError::Transport(TransportError::NoCard | TransportError::SessionLost)
                    | CardError::SecureMessaging(_)
                    | CardError::ChannelLeft(_)
            )
    )
}

/// One at a time.
fn begin(act: &RunningAct) -> bool {
    let mut state = lock(&act.record.state);
    if matches!(*state, State::Running) {
        return false;
    }
    *state = State::Running;
    drop(state);
    act.touch();
    true
}

fn set(act: &RunningAct, state: State) {
    *lock(&act.record.state) = state;
    act.touch();
}

/// The lines of a FHIR searchset, without the patient, who is on the screen already.
fn entries(bundle: &Value) -> Arc<[Entry]> {
    let entries = bundle.get("entry").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let line = |entry: &Value| {
        let resource = entry.get("resource")?;
        let text = |pointer: &str| resource.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let kind = text("/resourceType").filter(|kind| kind != "Patient")?;
        let named = text("/code/text").or_else(|| text("/code/coding/0/display"));
        Some(Entry { text: named.or_else(|| text("/id")).unwrap_or_default(), kind })
    };
    entries.iter().filter_map(line).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
