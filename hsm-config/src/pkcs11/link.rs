//! What happens when the module is lost, and how does it come back by itself?
//!
//! One thread connects again, however many operations noticed the loss. They wait for it a moment; when it takes longer they
//! fail at once, until the module is back. The first attempt makes new sessions; the next ones start the library again,
//! because some notice only so that their device is back (SoftHSM's token directory, a p11-kit server).

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock, Weak};
use std::thread;
use std::time::Duration;

use super::ModuleError;
use super::catalogue::{self, TokenKey};
use super::connection::{Connection, Failure, Token};
use crate::HsmError;

/// How often an operation is begun; more would only hide a broken module.
const TRIES: u32 = 3;
/// How long an operation waits for a connection that is being made again.
const PATIENCE: Duration = Duration::from_millis(500);
/// After so many attempts operations do not wait any more.
const QUICK_ATTEMPTS: u32 = 4;
/// The pause before the second attempt; doubled for each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
/// The longest pause: so long a module that is back stays unnoticed.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The way to a token, while it is there and while it is not (*liaison*).
pub(super) struct Link {
    pub(super) token: Token,
    state: Mutex<State>,
    changed: Condvar,
    /// The keys as they were found last, for whoever asks while the token is away.
    known: RwLock<Arc<[TokenKey]>>,
}

enum State {
    Live(Arc<Connection>),
    Recovering,
    /// Operations fail with this. It is tried on, unless only a person can mend it.
    Down(ModuleError),
}

impl Link {
    /// Connects for the first time, and refuses a token that lacks a declared key.
    pub(super) fn open(token: Token) -> Result<Arc<Self>, HsmError> {
        let connection = token.connect_first()?;
        catalogue::require(&connection.keys(), &token.declared)?;
        let known = RwLock::new(connection.keys());
        let state = Mutex::new(State::Live(Arc::new(connection)));
        Ok(Arc::new(Self { token, state, changed: Condvar::new(), known }))
    }

    /// The keys as they were found last, whether the token is there now or not.
    pub(super) fn known(&self) -> Arc<[TokenKey]> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Looks which keys are there now: another process may have made the next generation.
    pub(super) fn look_again(self: &Arc<Self>) -> Result<(), HsmError> {
        self.run(|connection| connection.look_again(&self.token))?;
        self.learn(&*self.connection()?);
        Ok(())
    }

    fn learn(&self, connection: &Connection) {
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = connection.keys();
    }

    /// Does something that has no effect on the token, and repeats it on a new connection if the first was lost.
    pub(super) fn run<T>(
        self: &Arc<Self>,
        operation: impl Fn(&Connection) -> Result<T, Failure>,
    ) -> Result<T, HsmError> {
        let mut why = String::new();
        for _ in 0..TRIES {
            let connection = self.connection()?;
            match operation(&connection) {
                Ok(result) => return Ok(result),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Lost(reason)) => why = reason,
            }
            self.lost(&connection);
        }
        Err(ModuleError::Unavailable(why).into())
    }

    /// The connection, as soon as there is one, within [`PATIENCE`].
    pub(super) fn connection(&self) -> Result<Arc<Connection>, ModuleError> {
        let (mut state, waited) = self
            .changed
            .wait_timeout_while(self.state(), PATIENCE, |state| matches!(state, State::Recovering))
            .unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            // The next ones shall not wait as long for a module that hangs.
            *state = State::Down(ModuleError::Unavailable("it takes long to connect again".to_owned()));
        }
        match &*state {
            State::Live(connection) => Ok(Arc::clone(connection)),
            State::Down(error) => Err(error.clone()),
            State::Recovering => Err(ModuleError::Unavailable("it takes long to connect again".to_owned())),
        }
    }

    /// Has the connection made again, once, whoever notices its loss.
    fn lost(self: &Arc<Self>, connection: &Arc<Connection>) {
        let mut state = self.state();
        if !matches!(&*state, State::Live(current) if Arc::ptr_eq(current, connection)) {
            return;
        }
        let link = Arc::downgrade(self);
        // Without a thread the loss is noticed again by the next operation.
        if thread::Builder::new().name("hsm-recovery".to_owned()).spawn(|| recover(link)).is_ok() {
            *state = State::Recovering;
        }
    }

    fn attempt(&self, restart: bool) -> Result<Connection, HsmError> {
        if restart {
            self.token.module.restart()?;
        }
        let connection = self.token.connect()?;
        catalogue::require(&connection.keys(), &self.token.declared)?;
        Ok(connection)
    }

    fn become_now(&self, new: State) {
        *self.state() = new;
        self.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_final(error: &HsmError) -> bool {
    matches!(error, HsmError::Module(error) if error.is_final())
}

/// Tries until it works, until only a person can help, or until nobody needs the token any more.
fn recover(link: Weak<Link>) {
    let mut pause = FIRST_PAUSE;
    for attempt in 0_u32.. {
        let Some(link) = link.upgrade() else { return };
        match link.attempt(attempt > 0) {
            Ok(connection) => {
                link.learn(&connection);
                return link.become_now(State::Live(Arc::new(connection)));
            }
            Err(error) => {
                let stop = is_final(&error);
                if stop || attempt >= QUICK_ATTEMPTS {
                    link.become_now(State::Down(match error {
                        HsmError::Module(error) => error,
                        other => ModuleError::Unavailable(other.to_string()),
                    }));
                }
                if stop {
                    return;
                }
            }
        }
        drop(link);
        thread::sleep(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
