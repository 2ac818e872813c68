//! How do nodes learn of keys that only one of them has?
//!
//! Delegates live in the memory of one node. It writes their certificates where every node looks each second, so that any
//! node's JWKS shows the keys of all, and any node verifies what another signed. Who can write there can announce nothing
//! that the module's key did not certify ([`hsm_config::Announcement`]).

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hsm_config::{Announcement, KeyRole, Signer};
use time::OffsetDateTime;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::store::{DatabaseError, Row, Statement, Store};
use crate::token::Tokens;

/// How often a node tells and hears.
const LOOK: Duration = Duration::from_secs(1);

/// How long a new node waits until the others have heard of its keys: their next look, and the time it takes.
pub(crate) const HEARD_AFTER: Duration = Duration::from_millis(1_500);

/// A node that did not announce for so long is gone, and so is the last token that it signed.
const FORGOTTEN_AFTER: time::Duration = time::Duration::hours(1);

const TELL: &str = "INSERT INTO announced_key (leaf, role, signs_from, announced_at, certificates) \
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT (leaf) DO UPDATE SET announced_at = excluded.announced_at";
const HEAR: &str = "SELECT role, signs_from, certificates FROM announced_key WHERE announced_at >= $1";
const FORGET: &str = "DELETE FROM announced_key WHERE announced_at < $1";

/// Tells what this node's signer alone knows, and takes over what the others told (*annonce des clés*).
pub(crate) struct Neighbourhood {
    pub(crate) store: Store,
    pub(crate) signer: Arc<dyn Signer>,
    pub(crate) tokens: Arc<Tokens>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Neighbourhood {
    /// Every second until `stop`.
    pub(crate) async fn keep(self, stop: CancellationToken) {
        let mut tick = interval(LOOK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut known = Vec::new();
        let mut said = false;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = tick.tick() => {}
            }
            match self.once().await {
                Ok(heard) => {
                    if heard != known {
                        self.tokens.keys_changed();
                        known = heard;
                    }
                    said = false;
                }
                // Once until it works again: it is tried every second.
                Err(error) if !said => {
                    tracing::error!(
                        %error,
                        "keys of other nodes not heard, the known ones stay"
                    );
                    said = true;
                }
                Err(_) => {}
            }
        }
    }

    /// Tells and hears once; says what was heard.
    pub(crate) async fn once(&self) -> Result<Vec<Announcement>, DatabaseError> {
        let at = self.clock.now();
        let own = self.signer.announcements(at);
        if own.is_empty() {
            return Ok(Vec::new());
        }
        let mut told: Vec<_> = own.iter().filter_map(|one| tell(one, at)).collect();
        told.push(Statement::new(FORGET).bind(at.saturating_sub(FORGOTTEN_AFTER)));
        self.store.transaction(told).await?;
        let rows = self.store.read(Statement::new(HEAR).bind(at.saturating_sub(FORGOTTEN_AFTER))).await?;
        let heard: Vec<_> = rows.iter().filter_map(|row| read(row).ok().flatten()).collect();
        for error in self.signer.hear(&heard, at) {
            tracing::warn!(%error, code = error.code(), "key of another node not believed");
        }
        Ok(heard)
    }
}

fn tell(announcement: &Announcement, at: OffsetDateTime) -> Option<Statement> {
    let leaf = announcement.certificates.first()?;
    let certificates: Vec<_> = announcement.certificates.iter().map(|der| STANDARD.encode(der)).collect();
    let statement = Statement::new(TELL)
        .bind(hex::encode(digest::digest(&digest::SHA256, leaf)))
        .bind(announcement.role.name())
        .bind(announcement.signs_from)
        .bind(at)
        .bind(certificates.join(" "));
    Some(statement)
}

/// A row that nobody of us wrote says nothing.
fn read(row: &Row) -> Result<Option<Announcement>, DatabaseError> {
    let signs_from = i128::from(row.int("signs_from")?) * 1_000;
    let certificates: Option<_> =
        row.text("certificates")?.split(' ').map(|text| STANDARD.decode(text).ok()).collect();
    let read = || {
        Some(Announcement {
            role: KeyRole::from_name(row.text("role").ok()?)?,
            signs_from: OffsetDateTime::from_unix_timestamp_nanos(signs_from).ok()?,
            certificates: certificates?,
        })
    };
    Ok(read())
}
