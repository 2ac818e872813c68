//! Who answers for cover, and until when may an act be claimed?

use serde::Deserialize;
use toml::Spanned;

use super::{BackEndConfig, Config, ConfigError};
use crate::config::file::Source;
use crate::limits::CLAIM_DAYS;

/// The service that answers for cover where none is named.
const USUAL: &str = "billing";

/// Cover and claims (*droits et factures*).
#[derive(Clone, Debug)]
pub struct CoverConfig {
    /// The back-end that answers for CNSS; none: nobody does here.
    pub back_end: Option<String>,
    /// How long after the patient was there an act may be claimed.
    pub claim_within: time::Duration,
}

/// `[cover]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CoverFile {
    backend: Option<Spanned<String>>,
    claim_days: Option<Spanned<u16>>,
}

impl Config {
    /// The back-end that answers for cover.
    #[must_use]
    pub fn cover_back_end(&self) -> Option<&BackEndConfig> {
        self.back_ends.get(self.cover.back_end.as_deref()?)
    }
}

impl Source<'_> {
    /// Without a word, the back-end that is called `billing`, if there is one.
    pub(super) fn cover(
        &self,
        file: Option<&CoverFile>,
        is_back_end: impl Fn(&str) -> bool,
    ) -> Result<CoverConfig, ConfigError> {
        let back_end = match file.and_then(|file| file.backend.as_ref()) {
            Some(named) if is_back_end(named.as_ref()) => Some(named.as_ref().clone()),
            Some(named) => {
                let problem = format!("cover.backend: there is no [backends.{}]", named.as_ref());
                return Err(self.error(named, problem, "name one of the services in [backends]"));
            }
            None => Some(USUAL.to_owned()).filter(|usual| is_back_end(usual)),
        };
        let days = match file.and_then(|file| file.claim_days.as_ref()) {
            Some(days) if *days.as_ref() == 0 => {
                let problem = "cover.claim_days is 0: no claim could ever be in time".to_owned();
                return Err(self.error(days, problem, "say how many days a claim may come after the act"));
            }
            Some(days) => *days.as_ref(),
            None => CLAIM_DAYS,
        };
        Ok(CoverConfig { back_end, claim_within: time::Duration::days(days.into()) })
    }
}
