//! What looks wrong?

use cedar_policy::RestrictedExpression;
use serde::{Deserialize, Serialize};

use super::record;
use crate::decide::{Names, entity};
use crate::vocabulary::vocabulary;

vocabulary! {
    /// What looks wrong (*signal de risque*).
    RiskSignal {
        /// The card was reported lost, stolen or withdrawn.
        CardReported = "card-reported",
        /// The right data came with the wrong chip key.
        CloneSuspected = "clone-suspected",
    }
}

/// How much looks wrong (*score de risque*).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct RiskFacts {
    /// From 0, nothing, to 100.
    pub score: u8,
    /// Why. Order and repetition mean nothing.
    pub signals: Vec<RiskSignal>,
}

impl RiskFacts {
    /// These signals, whatever they weigh.
    #[must_use]
    pub fn of(signals: Vec<RiskSignal>) -> Self {
        Self { score: 0, signals }
    }

    pub(super) fn record(&self, names: &Names) -> Result<RestrictedExpression, String> {
        let signals = self.signals.iter().map(|signal| entity(&names.signal, signal.as_str()));
        record([
            ("score", RestrictedExpression::new_long(i64::from(self.score))),
            ("signals", RestrictedExpression::new_set(signals)),
        ])
    }
}
