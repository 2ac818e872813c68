//! How long does an import rest, so that counters get their events written?
//!
//! SQLite has one writer, and who waits for it asks again after up to 100 ms: an import that wrote without a pause
//! would hardly ever be found away.

use std::time::{Duration, Instant};

use sqlx::SqliteConnection;

/// While somebody else writes, the import writes half of the time, and this part of it otherwise.
const REST_ALONE: u32 = 8;

/// Rests between two writings (*ménagement*).
#[derive(Default)]
pub(super) struct Gentle {
    seen: Option<i64>,
}

impl Gentle {
    pub(super) fn start(&self) -> Instant {
        Instant::now()
    }

    /// After writing since `start`.
    pub(super) async fn rest(
        &mut self,
        connection: &mut SqliteConnection,
        start: Instant,
    ) -> Result<(), sqlx::Error> {
        let held = start.elapsed();
        // Changes when another connection has written.
        let version: i64 = sqlx::query_scalar("PRAGMA main.data_version").fetch_one(connection).await?;
        let alone = self.seen.replace(version).is_none_or(|seen| seen == version);
        let rest = if alone { held / REST_ALONE } else { held };
        tokio::time::sleep(rest.max(Duration::from_millis(1))).await;
        Ok(())
    }
}
