//! What changed on the readers since the last look?

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use pcsc::{Context, PNP_NOTIFICATION, ReaderState, Scope, State};

use super::readers::{describe, states_of};
use super::{PcscError, Reader};

/// The longest single wait for a change. Finite on purpose: a cancel that arrives between two waits is lost.
const WAIT: Duration = Duration::from_secs(2);
/// The pause before pcscd is looked for again when it is not running.
const SERVICE_PAUSE: Duration = Duration::from_secs(1);

/// Follows readers and cards as they come and go, on its own thread, without polling.
pub struct ReaderWatch {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    latest: Mutex<Result<Vec<Reader>, PcscError>>,
    stop: AtomicBool,
    context: Mutex<Option<Context>>,
}

impl ReaderWatch {
    /// Starts watching. PC/SC need not be running yet.
    pub fn start() -> Result<ReaderWatch, PcscError> {
        let shared = Arc::new(Shared {
            latest: Mutex::new(super::readers()),
            stop: AtomicBool::new(false),
            context: Mutex::new(None),
        });
        let watched = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("bawaba-readers".to_owned())
            .spawn(move || {
                while !watched.stopping() {
                    if let Err(error) = watched.follow() {
                        watched.publish(Err(error));
                        thread::sleep(SERVICE_PAUSE);
                    }
                }
            })
            .map_err(|error| PcscError::Failed(error.to_string()))?;
        Ok(ReaderWatch { shared, thread: Some(thread) })
    }

    /// The readers as last seen, or why they cannot be seen.
    pub fn readers(&self) -> Result<Vec<Reader>, PcscError> {
        self.shared.latest.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for ReaderWatch {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        if let Some(context) = self.shared.context.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            let _ = context.cancel();
        }
        // Not joined: the thread ends within one wait, and nothing depends on it any more.
        drop(self.thread.take());
    }
}

impl Shared {
    fn stopping(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    fn publish(&self, seen: Result<Vec<Reader>, PcscError>) {
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = seen;
    }

    /// Publishes every change until asked to stop or until PC/SC goes away.
    fn follow(&self) -> Result<(), PcscError> {
        let context = Context::establish(Scope::User).map_err(PcscError::from_pcsc)?;
        *self.context.lock().unwrap_or_else(PoisonError::into_inner) = Some(context.clone());
        let mut states = with_hot_plug(states_of(&context)?);
        while !self.stopping() {
            match context.get_status_change(WAIT, &mut states) {
                Ok(()) => {}
                Err(pcsc::Error::Timeout | pcsc::Error::Cancelled) => continue,
                Err(pcsc::Error::UnknownReader) => {
                    states = with_hot_plug(states_of(&context)?);
                    continue;
                }
                Err(error) => return Err(PcscError::from_pcsc(error)),
            }
            let plugged = states.first().is_some_and(|pnp| pnp.event_state().contains(State::CHANGED));
            if plugged {
                // A reader came or went: the list is made anew, so that nothing is said of a reader that left.
                states = with_hot_plug(states_of(&context)?);
                match context.get_status_change(Duration::ZERO, &mut states) {
                    Ok(()) | Err(pcsc::Error::Timeout) => {}
                    Err(error) => return Err(PcscError::from_pcsc(error)),
                }
            }
            self.publish(Ok(states.iter().skip(1).map(describe).collect()));
            states.iter_mut().for_each(ReaderState::sync_current_state);
        }
        Ok(())
    }
}

/// Puts the pseudo-reader that announces plugging and unplugging in front of the real ones.
fn with_hot_plug(readers: Vec<ReaderState>) -> Vec<ReaderState> {
    let mut states = vec![ReaderState::new(PNP_NOTIFICATION(), State::UNAWARE)];
    states.extend(readers);
    states
}
