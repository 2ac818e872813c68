//! Where do the policies come from, and which of them count at start?

use std::path::{Path, PathBuf};

use policies::PolicySet;
use time::OffsetDateTime;

use super::bundle::{Bundle, BundleError};
use super::kept::{self, KeptError};
use super::signers::Signers;
use super::{Decisions, refused};
use crate::audit::AuditEvent;
use crate::store::Store;

/// Where the policies come from, as configured (*source des règles*).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PolicySource {
    /// Those built into the program.
    #[default]
    Shipped,
    /// A folder that whoever may write there changes: for development.
    Folder(PathBuf),
    /// A file that counts only if one of the signers signed it.
    Bundle {
        /// The file.
        file: PathBuf,
        /// Whose bundles are taken.
        signers: Signers,
    },
}

/// The policies that decide from the start, and what the log must be told of how they were found.
pub(crate) struct Opened {
    pub(crate) decisions: Decisions,
    pub(crate) refused: Option<AuditEvent>,
}

/// Finds the policies and keeps them in the store.
///
/// A bundle that is not sound, or older than one that was in force, does not keep a gateway from starting: the newest
/// one that was taken before decides on, by this node or by another. Only where there is none, there is no gateway.
pub(crate) async fn open(
    source: &PolicySource,
    store: &Store,
    at: OffsetDateTime,
) -> Result<Opened, KeptError> {
    let (file, signers) = match source {
        PolicySource::Shipped => return unsigned(PolicySet::shipped(), store, at).await,
        PolicySource::Folder(folder) => return unsigned(load(folder).await, store, at).await,
        PolicySource::Bundle { file, signers } => (file, signers),
    };
    let ours = read(file, signers).await.and_then(|bundle| bundle.counting(at));
    let ours = match ours {
        Ok(bundle) => match kept::keep_bundle(store, &bundle, at).await {
            Ok(()) => Ok(bundle),
            Err(KeptError::Bundle(error)) => Err(error),
            Err(error) => return Err(error),
        },
        Err(error) => Err(error),
    };
    match ours {
        Ok(bundle) => Ok(Opened { decisions: Decisions::of_bundle(bundle), refused: None }),
        Err(error) => {
            let Some(before) = newest(store, signers, at).await? else { return Err(error.into()) };
            tracing::error!(code = error.code(), %error, version = before.version(), "bundle not taken, the one before decides");
            let event = refused(error.code(), before.policies().hash(), at);
            Ok(Opened { decisions: Decisions::of_bundle(before), refused: Some(event) })
        }
    }
}

async fn unsigned(
    set: Result<PolicySet, policies::PolicyError>,
    store: &Store,
    at: OffsetDateTime,
) -> Result<Opened, KeptError> {
    let set = set.map_err(BundleError::from)?;
    kept::keep(store, &set, at).await?;
    Ok(Opened { decisions: Decisions::new(set), refused: None })
}

/// The newest bundle that any node took, if one of our signers signed it and it counts.
pub(super) async fn newest(
    store: &Store,
    signers: &Signers,
    at: OffsetDateTime,
) -> Result<Option<Bundle>, KeptError> {
    let Some(text) = kept::newest_bundle(store).await? else { return Ok(None) };
    let signers = signers.clone();
    let opened =
        off_thread(move || Bundle::open(&text, &signers)).await.and_then(|bundle| bundle.counting(at));
    if let Err(error) = &opened {
        tracing::error!(code = error.code(), "the newest bundle in the store is not ours to take");
    }
    Ok(opened.ok())
}

/// A bundle file, verified and checked away from the threads that serve requests.
pub(super) async fn read(file: &Path, signers: &Signers) -> Result<Bundle, BundleError> {
    let (file, signers) = (file.to_owned(), signers.clone());
    off_thread(move || Bundle::read(&file, &signers)).await
}

/// A folder, the same way.
pub(super) async fn load(folder: &Path) -> Result<PolicySet, policies::PolicyError> {
    let from = folder.to_owned();
    let unreadable = |cause| policies::PolicyError::Unreadable { path: folder.to_owned(), cause };
    let loaded = tokio::task::spawn_blocking(move || PolicySet::load(&from)).await;
    loaded.unwrap_or_else(|ended| Err(unreadable(std::io::Error::other(ended))))
}

async fn off_thread(
    work: impl FnOnce() -> Result<Bundle, BundleError> + Send + 'static,
) -> Result<Bundle, BundleError> {
    // Whoever reads a bundle does not panic; if it did, the bundle would be what is wrong.
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(BundleError::Malformed))
}
