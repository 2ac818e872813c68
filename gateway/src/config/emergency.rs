//! `[emergency]`: how often may the glass be broken, and how soon is it reviewed?

use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::ConfigError;
use super::file::Source;
use crate::limits::{
    EMERGENCY_PER_ESTABLISHMENT, EMERGENCY_PER_PRACTITIONER, EMERGENCY_REVIEW, EMERGENCY_SESSION_MAX,
};

/// Break-glass, as the operator wants it (*bris de glace*).
#[derive(Clone, Copy, Debug)]
pub struct EmergencyConfig {
    /// Life of an emergency session, at most five minutes.
    pub session: Duration,
    /// Accesses of one practitioner in 24 hours.
    pub per_practitioner: u32,
    /// … and of one establishment.
    pub per_establishment: u32,
    /// Within which each is reviewed.
    pub review: Duration,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct EmergencyFile {
    session_secs: Spanned<u64>,
    per_practitioner: u32,
    per_establishment: u32,
    review_hours: Spanned<u64>,
}

impl Default for EmergencyFile {
    fn default() -> Self {
        Self {
            session_secs: Spanned::new(0..0, EMERGENCY_SESSION_MAX.as_secs()),
            per_practitioner: EMERGENCY_PER_PRACTITIONER,
            per_establishment: EMERGENCY_PER_ESTABLISHMENT,
            review_hours: Spanned::new(0..0, EMERGENCY_REVIEW.as_secs() / 3_600),
        }
    }
}

/// Hours in which a review still finds anybody who remembers: thirty days.
const REVIEW_HOURS_MAX: u64 = 30 * 24;

impl Source<'_> {
    pub(super) fn emergency(&self, file: &EmergencyFile) -> Result<EmergencyConfig, ConfigError> {
        let most = EMERGENCY_SESSION_MAX.as_secs();
        let (session, review) = (*file.session_secs.as_ref(), *file.review_hours.as_ref());
        if !(1..=most).contains(&session) {
            let problem = format!(
                "emergency.session_secs is {session}: an emergency session lives 1 to {most} seconds"
            );
            return Err(self.error(&file.session_secs, problem, "give a shorter life"));
        }
        if !(1..=REVIEW_HOURS_MAX).contains(&review) {
            let problem = format!(
                "emergency.review_hours is {review}: a review is due within 1 to {REVIEW_HOURS_MAX} hours"
            );
            return Err(self.error(&file.review_hours, problem, "give another number of hours"));
        }
        Ok(EmergencyConfig {
            session: Duration::from_secs(session),
            per_practitioner: file.per_practitioner,
            per_establishment: file.per_establishment,
            review: Duration::from_secs(review * 3_600),
        })
    }
}
