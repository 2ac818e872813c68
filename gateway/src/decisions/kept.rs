//! Which policies were in force when? Every set that ever decided here is in the store, by its hash.

use std::collections::BTreeMap;

use policies::{PolicyFile, PolicySet};
use time::OffsetDateTime;

use super::bundle::{Bundle, BundleError};
use crate::store::{DatabaseError, Statement, Store};

/// Twice is as once: a set is what its hash says.
const KEEP_SET: &str =
    "INSERT INTO policy_set (hash, files, first_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";

const SET: &str = "SELECT files FROM policy_set WHERE hash = $1";

const KEEP_BUNDLE: &str = "INSERT INTO policy_bundle (version, hash, bundle, taken_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";

const HASH_OF_VERSION: &str = "SELECT hash FROM policy_bundle WHERE version = $1";

const NEWEST_VERSION: &str = "SELECT coalesce(max(version), 0) AS version FROM policy_bundle";

const NEWEST: &str = "SELECT bundle FROM policy_bundle ORDER BY version DESC LIMIT 1";

/// Why policies are not kept, or not found again.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    /// The store did not do it.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The bundle may not follow those before it.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// What is in the store is not the set of that hash, or not one that this program understands.
    #[error("the policies kept as {0} cannot be read by this program: {1}")]
    Unreadable(String, String),
}

/// Keeps a set, before it decides anything.
pub(super) async fn keep(store: &Store, set: &PolicySet, at: OffsetDateTime) -> Result<(), DatabaseError> {
    let files: BTreeMap<&str, &str> =
        set.files().iter().map(|file| (file.name.as_str(), file.text.as_str())).collect();
    // Texts as keys and values cannot fail to be JSON.
    let files = serde_json::to_string(&files).unwrap_or_default();
    store.write(Statement::new(KEEP_SET).bind(set.hash()).bind(files).bind(at)).await?;
    Ok(())
}

/// The set of this hash; nothing where it was never in force here.
///
/// # Errors
/// The store's, or [`KeptError::Unreadable`].
pub async fn set(store: &Store, hash: &str) -> Result<Option<PolicySet>, KeptError> {
    let unreadable = |why: String| KeptError::Unreadable(hash.to_owned(), why);
    let rows = store.read(Statement::new(SET).bind(hash)).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let files: BTreeMap<String, String> =
        serde_json::from_str(row.text("files")?).map_err(|error| unreadable(error.to_string()))?;
    let files = files.into_iter().map(|(name, text)| PolicyFile { name, text }).collect();
    let set = PolicySet::of_files(files).map_err(|error| unreadable(error.to_string()))?;
    if set.hash() == hash { Ok(Some(set)) } else { Err(unreadable("its hash is another".to_owned())) }
}

/// Keeps a bundle and its set, before it decides anything: no older one is taken from then on, at any node.
///
/// # Errors
/// [`BundleError::RolledBack`], [`BundleError::VersionReused`], or the store's.
pub(super) async fn keep_bundle(store: &Store, bundle: &Bundle, at: OffsetDateTime) -> Result<(), KeptError> {
    let version = bundle.version();
    let newest = newest_version(store).await?;
    if version < newest {
        return Err(BundleError::RolledBack { version, newest }.into());
    }
    let (hash, number) = (bundle.policies().hash(), i64::try_from(version).unwrap_or(i64::MAX));
    keep(store, bundle.policies(), at).await?;
    let kept = Statement::new(KEEP_BUNDLE).bind(number).bind(hash).bind(bundle.text()).bind(at);
    store.write(kept).await?;
    // Whoever came first: one version is one set.
    let rows = store.read(Statement::new(HASH_OF_VERSION).bind(number)).await?;
    match rows.first().map(|row| row.text("hash")).transpose()? {
        Some(first) if first == hash => Ok(()),
        _ => Err(BundleError::VersionReused(version).into()),
    }
}

/// The newest version that any node took; 0 where none did.
pub(super) async fn newest_version(store: &Store) -> Result<u64, DatabaseError> {
    let rows = store.read(Statement::new(NEWEST_VERSION)).await?;
    Ok(rows.first().map(|row| row.int("version")).transpose()?.unwrap_or_default().unsigned_abs())
}

/// The text of the newest bundle that any node took.
pub(super) async fn newest_bundle(store: &Store) -> Result<Option<String>, DatabaseError> {
    let rows = store.read(Statement::new(NEWEST)).await?;
    rows.first().map(|row| row.text("bundle").map(str::to_owned)).transpose()
}
