//! When do new policies take force? When they are sound, kept and on record; until then the old ones decide.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use policies::PolicySet;
use time::OffsetDateTime;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::bundle::{Bundle, BundleError};
use super::kept::{self, KeptError};
use super::source::{self, PolicySource};
use super::{refused, replaced};
use crate::app::App;
use crate::audit::AuditError;
use crate::limits::{POLICY_ASK, POLICY_LOOK};

/// Follows the configured source until `stop`.
pub async fn watch(app: Arc<App>, stop: CancellationToken) {
    let path = match &app.config.policies {
        PolicySource::Shipped => return,
        PolicySource::Folder(path) | PolicySource::Bundle { file: path, .. } => path.clone(),
    };
    // Looked at once more: it may have changed since the gateway read it.
    let mut watch = Watch { seen: None, path, waits_until: None, asked: Instant::now(), app };
    let mut tick = interval(POLICY_LOOK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => watch.look().await,
        }
    }
}

/// What is watched, and what was seen of it.
struct Watch {
    app: Arc<App>,
    path: PathBuf,
    /// Nothing: what was seen last could not be taken for a reason of ours, and is tried again.
    seen: Option<Stamps>,
    /// A bundle that counts later.
    waits_until: Option<OffsetDateTime>,
    asked: Instant,
}

type Stamps = Vec<(PathBuf, Option<SystemTime>, u64)>;

/// Why new policies are not in force.
enum NotTaken {
    /// They are not sound, or not to follow these: said once.
    Refused(BundleError),
    /// Store or log are away: tried again.
    Later,
}

impl Watch {
    async fn look(&mut self) {
        let at = self.app.clock.now();
        let now = stamps(&self.path);
        let came = self.waits_until.is_some_and(|from| from <= at);
        if self.seen.as_ref() != Some(&now) || came {
            self.waits_until = None;
            let outcome = self.take(at).await;
            self.seen = self.tell(outcome, at).await.then_some(now);
        }
        if self.asked.elapsed() >= POLICY_ASK {
            self.asked = Instant::now();
            let outcome = self.follow(at).await;
            let _told = self.tell(outcome, at).await;
        }
    }

    /// What lies at the path.
    async fn take(&self, at: OffsetDateTime) -> Result<(), NotTaken> {
        match &self.app.config.policies {
            PolicySource::Shipped => Ok(()),
            PolicySource::Folder(folder) => {
                let set = source::load(folder).await.map_err(|error| NotTaken::Refused(error.into()))?;
                if set.hash() == self.app.policies.hash() {
                    return Ok(());
                }
                kept::keep(&self.app.store, &set, at).await?;
                self.put_in_force(set, None, at).await
            }
            PolicySource::Bundle { file, signers } => {
                let bundle = source::read(file, signers).await.and_then(|bundle| bundle.counting(at))?;
                kept::keep_bundle(&self.app.store, &bundle, at).await?;
                self.put_bundle_in_force(bundle, at).await
            }
        }
    }

    /// A newer bundle that another node took.
    async fn follow(&self, at: OffsetDateTime) -> Result<(), NotTaken> {
        let PolicySource::Bundle { signers, .. } = &self.app.config.policies else { return Ok(()) };
        if kept::newest_version(&self.app.store).await? <= self.app.policies.version().unwrap_or_default() {
            return Ok(());
        }
        match source::newest(&self.app.store, signers, at).await? {
            Some(bundle) => self.put_bundle_in_force(bundle, at).await,
            None => Ok(()),
        }
    }

    async fn put_bundle_in_force(&self, bundle: Bundle, at: OffsetDateTime) -> Result<(), NotTaken> {
        let (version, set) = bundle.into_parts();
        if self.app.policies.version() == Some(version) {
            return Ok(());
        }
        self.put_in_force(set, Some(version), at).await
    }

    /// On record first: no decision refers to a set of which the log knows nothing.
    async fn put_in_force(
        &self,
        set: PolicySet,
        version: Option<u64>,
        at: OffsetDateTime,
    ) -> Result<(), NotTaken> {
        let event = replaced(set.hash(), &self.app.policies.hash(), version, at);
        let _recorded = self.app.audit.record(event).await?;
        tracing::info!(policy = set.hash(), version, "policies replaced");
        self.app.policies.replace(set, version);
        self.app.metrics.policies("replaced");
        Ok(())
    }

    /// Whether what was seen is dealt with.
    async fn tell(&mut self, outcome: Result<(), NotTaken>, at: OffsetDateTime) -> bool {
        match outcome {
            Ok(()) => true,
            Err(NotTaken::Later) => false,
            Err(NotTaken::Refused(BundleError::NotYet { version, not_before })) => {
                tracing::info!(version, %not_before, "policies wait for their time");
                self.waits_until = Some(not_before);
                true
            }
            Err(NotTaken::Refused(error)) => {
                tracing::error!(code = error.code(), %error, "policies not taken, the old ones stay");
                self.app.metrics.policies("refused");
                let event = refused(error.code(), &self.app.policies.hash(), at);
                self.app.audit.record(event).await.is_ok()
            }
        }
    }
}

impl From<BundleError> for NotTaken {
    fn from(error: BundleError) -> Self {
        Self::Refused(error)
    }
}

impl From<KeptError> for NotTaken {
    fn from(error: KeptError) -> Self {
        match error {
            KeptError::Bundle(error) => Self::Refused(error),
            KeptError::Database(error) => error.into(),
            KeptError::Unreadable(..) => Self::Later,
        }
    }
}

impl From<crate::store::DatabaseError> for NotTaken {
    fn from(error: crate::store::DatabaseError) -> Self {
        tracing::warn!(%error, "new policies cannot be kept yet, the old ones stay");
        Self::Later
    }
}

impl From<AuditError> for NotTaken {
    fn from(error: AuditError) -> Self {
        tracing::warn!(code = error.code(), "new policies cannot be put on record yet, the old ones stay");
        Self::Later
    }
}

/// What tells one state of a folder, or of a file, from another.
fn stamps(path: &Path) -> Stamps {
    let stamp = |path: PathBuf| {
        let metadata = std::fs::metadata(&path).ok()?;
        Some((path, metadata.modified().ok(), metadata.len()))
    };
    let within = std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut stamps: Vec<_> = within.chain([path.to_owned()]).filter_map(stamp).collect();
    stamps.sort();
    stamps
}
