//! Was this patient sent here, as this node remembers from a moment ago?

use std::sync::Arc;

use policies::CareLevel;
use quick_cache::sync::Cache;
use time::{Duration, OffsetDateTime};

use super::{Referral, store};
use crate::limits::{REFERRAL_REMEMBERED, REFERRALS_LISTED, REFERRALS_REMEMBERED_MAX};
use crate::registry::{Client, RegistryError};
use crate::store::Store;

/// The referrals of patients who are somewhere now (*orientations en cours*).
pub struct Referrals {
    store: Store,
    lately: Cache<String, Lately>,
}

#[derive(Clone)]
struct Lately {
    of: Arc<[Referral]>,
    asked_at: OffsetDateTime,
}

impl std::fmt::Debug for Referrals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Referrals")
    }
}

impl Referrals {
    /// Those in this database.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store, lately: Cache::new(REFERRALS_REMEMBERED_MAX) }
    }

    /// Whether somebody sent this patient to this establishment, or to its level of care. An establishment does not send
    /// patients to itself. Primary care and who gives none are not asked for.
    pub(crate) async fn refer_to(
        &self,
        client: &Client,
        subject: &str,
        at: OffsetDateTime,
    ) -> Result<bool, RegistryError> {
        let Some(level @ (CareLevel::Specialist | CareLevel::Hospital)) = client.site.level else {
            return Ok(false);
        };
        let of = self.of(subject, at).await?;
        Ok(of.iter().any(|referral| {
            let here = referral.to_establishment.as_deref().is_none_or(|id| id == client.id);
            referral.to == level && here && referral.from != client.id && at < referral.expires_at
        }))
    }

    /// What was just written is not remembered from before.
    pub(super) fn forget(&self, subject: &str) {
        self.lately.remove(subject);
    }

    async fn of(&self, subject: &str, at: OffsetDateTime) -> Result<Arc<[Referral]>, RegistryError> {
        if let Some(lately) = self.lately.get(subject) {
            let age = at - lately.asked_at;
            if age >= Duration::ZERO && age < REFERRAL_REMEMBERED {
                return Ok(lately.of);
            }
        }
        let of: Arc<[Referral]> = store::good(&self.store, subject, at, REFERRALS_LISTED).await?.into();
        self.lately.insert(subject.to_owned(), Lately { of: of.clone(), asked_at: at });
        Ok(of)
    }
}
