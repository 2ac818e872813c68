//! Which acts are going on at this counter, and how far is each?

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use card_reader::counter::{Act, CounterError, Language, OpenedSession, Stage, open_and_keep};
use tokio::sync::watch;

use super::Counter;
use super::prescription::{self, Line};
use super::record::{self, Record};
use super::sources::Source;

/// Acts kept for the screen: one counter serves one patient at a time, with room for reloads and a second tab.
const KEPT: usize = 8;
/// After this nothing of an act is kept: as long as a session token lives at most.
const KEPT_FOR: Duration = Duration::from_secs(15 * 60);
/// The last thing the page does in an act, after the stages of the session itself.
pub(crate) const FETCH: &str = "prescription";

/// The acts of the last minutes, in memory only.
#[derive(Default)]
pub(crate) struct Acts {
    recent: Mutex<VecDeque<Arc<RunningAct>>>,
}

/// One act, running or over.
pub(crate) struct RunningAct {
    /// Unguessable: whoever knows it sees the result.
    pub(crate) id: String,
    pub(crate) source: Source,
    /// Is it for a child of the card's holder?
    pub(crate) for_child: bool,
    /// The whole record, which takes the holder's PIN.
    pub(crate) record: Record,
    started: Instant,
    progress: watch::Sender<Progress>,
}

/// How far an act is.
#[derive(Clone, Default)]
pub(crate) struct Progress {
    /// Grows with every change.
    pub(crate) version: u64,
    /// Milliseconds of each finished step, in the order of the steps.
    pub(crate) times: Vec<f64>,
    pub(crate) outcome: Option<Arc<Outcome>>,
}

/// How an act ended.
pub(crate) enum Outcome {
    Opened(Box<Success>),
    Failed(CounterError),
}

/// An open session and what it was opened for.
pub(crate) struct Success {
    pub(crate) opened: OpenedSession,
    /// The prescription, or why it did not come; the session is open either way.
    pub(crate) prescription: Result<Vec<Line>, CounterError>,
}

/// What the staff asked for.
pub(crate) struct Asked {
    pub(crate) source: Source,
    pub(crate) act: Act,
    pub(crate) for_child: bool,
    pub(crate) language: Language,
}

impl Acts {
    /// Starts an act; it goes on whether or not somebody watches.
    pub(crate) fn start(
        &self,
        counter: &Arc<Counter>,
        asked: Asked,
    ) -> Result<Arc<RunningAct>, CounterError> {
        let mut name = [0; 16];
        getrandom::fill(&mut name).map_err(|_| CounterError::Interrupted)?;
        let act = Arc::new(RunningAct {
            id: hex::encode(name),
            source: asked.source.clone(),
            for_child: asked.for_child,
            record: Record::default(),
            started: Instant::now(),
            progress: watch::Sender::new(Progress::default()),
        });
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.retain(|act| act.started.elapsed() < KEPT_FOR);
        // Another patient's card goes on that reader now.
        recent.iter().filter(|act| act.source == asked.source).for_each(|act| act.record.release());
        recent.truncate(KEPT - 1);
        recent.push_front(Arc::clone(&act));
        drop(recent);
        tokio::spawn(run(Arc::clone(counter), Arc::clone(&act), asked));
        Ok(act)
    }

    pub(crate) fn find(&self, id: &str) -> Option<Arc<RunningAct>> {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.iter().find(|act| act.id == id && act.started.elapsed() < KEPT_FOR).cloned()
    }

    /// Forgets an act: the patient left.
    pub(crate) fn forget(&self, id: &str) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.iter().filter(|act| act.id == id).for_each(|act| act.record.release());
        recent.retain(|act| act.id != id);
    }
}

impl RunningAct {
    pub(crate) fn progress(&self) -> Progress {
        self.progress.borrow().clone()
    }

    /// The progress once it is past what the page has seen, at the latest after a few seconds.
    pub(crate) async fn progress_after(&self, seen: u64) -> Progress {
        const LONGEST: Duration = Duration::from_secs(8);
        let mut progress = self.progress.subscribe();
        let _ = tokio::time::timeout(LONGEST, progress.wait_for(|now| now.version > seen)).await;
        self.progress()
    }

    /// Tells those who watch to look again.
    pub(crate) fn touch(&self) {
        self.change(|_| {});
    }

    fn change(&self, change: impl FnOnce(&mut Progress)) {
        self.progress.send_modify(|progress| {
            progress.version += 1;
            change(progress);
        });
    }
}

async fn run(counter: Arc<Counter>, act: Arc<RunningAct>, asked: Asked) {
    let outcome = match run_steps(&counter, &act, asked).await {
        Ok(success) => {
            let opened = &success.opened;
            tracing::info!(session = opened.session.id, apdus = opened.apdus, "session opened");
            Outcome::Opened(Box::new(success))
        }
        Err(error) => {
            tracing::info!(code = error.code(), party = error.party(), "no session");
            if let CounterError::Files { path, why } = &error {
                tracing::error!(path = %path.display(), why, "this counter is not set up correctly");
            }
            Outcome::Failed(error)
        }
    };
    act.change(|progress| progress.outcome = Some(Arc::new(outcome)));
}

async fn run_steps(
    counter: &Arc<Counter>,
    act: &Arc<RunningAct>,
    asked: Asked,
) -> Result<Success, CounterError> {
    let gateway = counter.gateway.speaking(asked.language);
    let mut lap = Instant::now();
    let mut finished = |act: &RunningAct| {
        let ms = lap.elapsed().as_secs_f64() * 1000.0;
        lap = Instant::now();
        act.change(|progress| progress.times.push(ms));
    };
    let taking = (Arc::clone(counter), asked.source);
    let transport = tokio::task::spawn_blocking(move || taking.0.sources.take(&taking.1))
        .await
        .map_err(|_| CounterError::Interrupted)??;
    // A stage that begins ends the one before; taking the card counts with the first.
    let (opened, card) = open_and_keep(transport, asked.act, &gateway, |stage| {
        if stage != Stage::Pace {
            finished(act);
        }
    })
    .await?;
    finished(act);
    // Only where something may need the holder; else the reader is free again.
    if opened.reaches("dossier") {
        record::keep(act, card);
    }
    let fetched = gateway.fhir(&opened.token, "/prescription/MedicationRequest").await;
    finished(act);
    Ok(Success { opened, prescription: fetched.map(|bundle| prescription::lines(&bundle)) })
}
