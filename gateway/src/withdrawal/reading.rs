//! How does what was withdrawn come into this node's memory, and go out of it again?

use std::sync::PoisonError;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::time::Instant;

use super::store::{self, PAGE_ROWS, Withdrawal};
use super::{Withdrawals, Withdrawn};
use crate::limits::{MAX_WITHDRAWALS, WITHDRAWAL_KEPT};
use crate::registry::RegistryError;

impl Withdrawals {
    /// Reads on from where it stopped; what was new. One caller at a time. `heard` is told the database's time, in
    /// microseconds since 1970, with the beat at which it was asked and how long the answer took.
    pub(super) async fn read_on(
        &self,
        at: OffsetDateTime,
        mut heard: impl FnMut(i64, Instant, Duration),
    ) -> Result<Vec<Withdrawal>, RegistryError> {
        let mut read = self.read.lock().await;
        // What was there before this node is no measure of how soon it hears.
        let measured = read.is_some();
        let mut news = Vec::new();
        loop {
            let began = Instant::now();
            let page = store::after(&self.store, read.unwrap_or(0), at).await?;
            let whole = page.rows.len() < PAGE_ROWS;
            *read = Some(page.rows.last().map_or(read.unwrap_or(0), |last| last.number));
            let took = began.elapsed();
            heard(page.now, began, took);
            if measured {
                for row in &page.rows {
                    let waited = u64::try_from(page.now.saturating_sub(row.recorded_at)).unwrap_or(0);
                    self.metrics.withdrawal_delay(Duration::from_micros(waited) + took);
                }
            }
            let rows: Vec<_> = page.rows.into_iter().map(|row| row.withdrawal).collect();
            self.take(&rows);
            self.news.lock().unwrap_or_else(PoisonError::into_inner).extend(rows.iter().cloned());
            news.extend(rows);
            if whole {
                self.heard_at(began);
                return Ok(news);
            }
        }
    }

    /// What was read since this was asked last, for the status lists.
    pub(crate) fn news(&self) -> Vec<Withdrawal> {
        std::mem::take(&mut *self.news.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes withdrawals into memory, and has running streams looked at.
    pub(super) fn take(&self, withdrawals: &[Withdrawal]) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        withdrawals.iter().for_each(|withdrawal| known.insert(withdrawal));
        if withdrawals.iter().any(|withdrawal| matches!(withdrawal.what, Withdrawn::Key(_))) {
            self.tokens.keys_withdrawn(known.keys().map(str::to_owned).collect());
        }
        drop(known);
        if !withdrawals.is_empty() {
            self.counted();
            self.changed.notify_one();
        }
    }

    fn counted(&self) {
        let count = self.count();
        self.overflown.store(count > MAX_WITHDRAWALS, Relaxed);
        self.metrics.withdrawals(count);
    }

    /// Memory is bounded: who cannot keep what was withdrawn does not claim to know it.
    fn heard_at(&self, began: Instant) {
        if !self.overflown.load(Relaxed) {
            let millis = began.saturating_duration_since(self.born).as_millis();
            self.heard.store(u64::try_from(millis).unwrap_or(u64::MAX), Relaxed);
        }
    }

    /// Forgets what expired, here and in the store.
    pub(super) async fn sweep(&self, at: OffsetDateTime) -> Result<(), RegistryError> {
        self.known.write().unwrap_or_else(PoisonError::into_inner).sweep(at);
        self.counted();
        store::sweep(&self.store, at - WITHDRAWAL_KEPT).await
    }
}
