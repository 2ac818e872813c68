//! How do many threads share one login and a bounded number of sessions?

use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock};
use std::time::Duration;

use cryptoki::error::{Error, RvError};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;

use super::catalogue::{self, TokenKey};
use super::fault::{self, Fault};
use super::module::{Module, Running};
use super::{ModuleError, unavailable};
use crate::HsmError;
use crate::profile::KeyDeclaration;

/// How long an operation waits for a session: longer than any operation, shorter than a request.
const PATIENCE: Duration = Duration::from_secs(2);

/// Which token, with which keys (*jeton*).
pub(super) struct Token {
    pub(super) module: Arc<Module>,
    pub(super) label: String,
    pub(super) pin: AuthPin,
    pub(super) declared: Vec<KeyDeclaration>,
    /// How many operations run at once, each in a session of its own.
    pub(super) sessions: usize,
}

/// A login to a token and what was found by it; replaced whole when it is lost.
pub(super) struct Connection {
    module: Arc<Module>,
    /// Of which start of the library the sessions are.
    start: u64,
    pub(super) slot: Slot,
    keys: RwLock<Arc<[TokenKey]>>,
    pool: Mutex<Pool>,
    returned: Condvar,
}

struct Pool {
    /// Never used, never closed: the login lasts as long as a session does (PKCS#11 §5.6.1).
    root: Option<Session>,
    idle: Vec<Session>,
    /// How many more operations may begin.
    free: usize,
}

/// Why an operation in a session did not give a result.
pub(super) enum Failure {
    /// The connection is lost; with another one the operation may be repeated.
    Lost(String),
    /// Another connection changes nothing.
    Final(HsmError),
}

impl From<HsmError> for Failure {
    fn from(error: HsmError) -> Self {
        Self::Final(error)
    }
}

impl Token {
    /// As [`Token::connect`], for the first time: the library may be a running one whose device was away since.
    pub(super) fn connect_first(&self) -> Result<Connection, HsmError> {
        self.connect().or_else(|error| {
            if matches!(&error, HsmError::Module(error) if error.is_final()) {
                return Err(error);
            }
            self.module.restart()?;
            self.connect()
        })
    }

    /// Finds the token, logs in once, and reads the keys that are there.
    pub(super) fn connect(&self) -> Result<Connection, HsmError> {
        let running = self.module.wait();
        let slot = running.slot_of(&self.label)?;
        // Without closing on drop: after a restart of the library the number may be another session's.
        let root = running.context.open_ro_session_no_drop(slot).map_err(|error| unavailable(&error))?;
        self.log_in(&running, slot, &root)?;
        let keys = catalogue::read(&root, &self.declared)?;
        let pool = Pool { root: Some(root), idle: Vec::new(), free: self.sessions.max(1) };
        Ok(Connection {
            module: Arc::clone(&self.module),
            start: running.start,
            slot,
            keys: RwLock::new(keys.into()),
            pool: Mutex::new(pool),
            returned: Condvar::new(),
        })
    }

    /// A wrong PIN is tried once and never again, and the last attempt is left to a person.
    fn log_in(&self, running: &Running, slot: Slot, root: &Session) -> Result<(), ModuleError> {
        let token = running.context.get_token_info(slot).map_err(|error| unavailable(&error))?;
        if token.user_pin_locked() {
            return Err(ModuleError::PinLocked);
        }
        if token.user_pin_final_try() {
            return Err(ModuleError::PinLastTry);
        }
        match root.login(UserType::User, Some(&self.pin)) {
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(()),
            Err(Error::Pkcs11(RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange, _)) => {
                Err(ModuleError::PinRefused)
            }
            Err(Error::Pkcs11(RvError::PinLocked | RvError::PinExpired, _)) => Err(ModuleError::PinLocked),
            Err(Error::Pkcs11(RvError::UserPinNotInitialized, _)) => Err(ModuleError::PinMissing),
            Err(error) => Err(unavailable(&error)),
        }
    }
}

impl Connection {
    /// The keys as they were found last.
    pub(super) fn keys(&self) -> Arc<[TokenKey]> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Looks again which keys there are: another process may have made the next generation.
    pub(super) fn look_again(&self, token: &Token) -> Result<(), Failure> {
        let found = self.within(|session| {
            let found = catalogue::read(session, &token.declared).map_err(|error| match error {
                HsmError::Module(ModuleError::Unavailable(why)) => Failure::Lost(why),
                other => Failure::Final(other),
            })?;
            // All gone at once is a token that vanished, not keys that were deleted.
            catalogue::require(&found, &token.declared).map_err(|error| Failure::Lost(error.to_string()))?;
            Ok(found)
        })?;
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = found.into();
        Ok(())
    }

    /// Does something in a session of its own.
    pub(super) fn within<T>(
        &self,
        operation: impl FnOnce(&Session) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let permit = self.permit()?;
        let gone = || Failure::Lost("the module is being started again".to_owned());
        let running = self.module.enter().ok_or_else(gone)?;
        if running.start != self.start {
            return Err(gone());
        }
        let idle = self.pool.lock().unwrap_or_else(PoisonError::into_inner).idle.pop();
        let session = match idle {
            Some(session) => session,
            None => running.context.open_ro_session_no_drop(self.slot).map_err(|error| lost(&error))?,
        };
        let done = operation(&session);
        if matches!(done, Err(Failure::Lost(_))) {
            // That a lost session cannot be closed is to be expected.
            let _ = session.close();
        } else {
            self.pool.lock().unwrap_or_else(PoisonError::into_inner).idle.push(session);
        }
        drop(permit);
        done
    }

    fn permit(&self) -> Result<Permit<'_>, Failure> {
        let pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut pool, _) = self
            .returned
            .wait_timeout_while(pool, PATIENCE, |pool| pool.free == 0)
            .unwrap_or_else(PoisonError::into_inner);
        pool.free = pool.free.checked_sub(1).ok_or(Failure::Final(ModuleError::Busy.into()))?;
        Ok(Permit(self))
    }
}

/// The right to one session, given back even if the operation panics.
struct Permit<'a>(&'a Connection);

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.0.pool.lock().unwrap_or_else(PoisonError::into_inner).free += 1;
        self.0.returned.notify_one();
    }
}

impl Drop for Connection {
    /// Gives the sessions back to the module, unless it forgot them already.
    fn drop(&mut self) {
        let pool = self.pool.get_mut().unwrap_or_else(PoisonError::into_inner);
        let Some(running) = self.module.enter().filter(|running| running.start == self.start) else { return };
        for session in pool.idle.drain(..).chain(pool.root.take()) {
            let _ = session.close();
        }
        drop(running);
    }
}

/// What a failed call means, without the job it was for.
pub(super) fn lost(error: &Error) -> Failure {
    match fault::of(error) {
        Fault::Lost(why) => Failure::Lost(why),
        Fault::Refused(why) => Failure::Final(ModuleError::Refused(why).into()),
    }
}
