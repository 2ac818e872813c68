//! How is a PKCS#11 library loaded once, and started again when it lost its device?

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::slot::Slot;

use super::ModuleError;

/// A library can be initialised once in a process (PKCS#11 §5.4): whoever names the same file shares it.
static MODULES: Mutex<BTreeMap<PathBuf, Arc<Module>>> = Mutex::new(BTreeMap::new());

/// A loaded PKCS#11 library (*module cryptographique*).
///
/// Every call goes through [`Module::enter`]; starting again waits until nobody is inside.
pub(super) struct Module {
    path: PathBuf,
    running: RwLock<Running>,
}

/// The library between two starts.
pub(super) struct Running {
    pub(super) context: Pkcs11,
    /// How often it was started again: sessions of an earlier start are void, even if their number exists again.
    pub(super) start: u64,
}

impl Module {
    /// The library of that path, loaded and started the first time it is named.
    pub(super) fn load(path: &Path) -> Result<Arc<Self>, ModuleError> {
        let unusable = |problem: String| ModuleError::Unusable { path: path.to_owned(), problem };
        let path = path.canonicalize().map_err(|error| unusable(error.to_string()))?;
        let mut modules = MODULES.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(module) = modules.get(&path) {
            return Ok(Arc::clone(module));
        }
        let context = Pkcs11::new(&path).map_err(|error| unusable(error.to_string()))?;
        initialize(&context).map_err(|error| unusable(error.to_string()))?;
        let module =
            Arc::new(Self { path: path.clone(), running: RwLock::new(Running { context, start: 0 }) });
        modules.insert(path, Arc::clone(&module));
        Ok(module)
    }

    /// The library for a call, unless it is being started again. Never waits.
    pub(super) fn enter(&self) -> Option<RwLockReadGuard<'_, Running>> {
        self.running.try_read().ok()
    }

    /// The library for connecting; waits while it is being started again.
    pub(super) fn wait(&self) -> RwLockReadGuard<'_, Running> {
        self.running.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the library again when everybody has left it: only so do some notice that their device is back.
    pub(super) fn restart(&self) -> Result<(), ModuleError> {
        let mut running = self.running.write().unwrap_or_else(PoisonError::into_inner);
        running.start += 1;
        // That it was not running any more is no reason not to start it.
        let _ = running.context.clone().finalize();
        initialize(&running.context)
            .map_err(|error| ModuleError::Unusable { path: self.path.clone(), problem: error.to_string() })
    }
}

fn initialize(context: &Pkcs11) -> Result<(), Error> {
    match context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(()),
        started => started,
    }
}

impl Running {
    /// The slot of the token of that label; slot numbers change, labels are the operator's.
    pub(super) fn slot_of(&self, label: &str) -> Result<Slot, ModuleError> {
        let lost = |error: Error| ModuleError::Unavailable(error.to_string());
        let mut found = None;
        for slot in self.context.get_slots_with_token().map_err(lost)? {
            // A slot that cannot be asked is not the one, or is gone since.
            let Ok(token) = self.context.get_token_info(slot) else { continue };
            if token.token_initialized() && token.label() == label && found.replace(slot).is_some() {
                return Err(ModuleError::TokenTwice(label.to_owned()));
            }
        }
        found.ok_or_else(|| ModuleError::TokenMissing(label.to_owned()))
    }
}
