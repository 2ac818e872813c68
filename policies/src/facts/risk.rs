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
        /// Two presences too far apart for the time between them.
        ImpossibleTravel = "impossible-travel",
        /// One card in two places at once, or to and fro faster than anybody goes.
        TwoPlaces = "two-places",
        /// One chip showed itself under two certificates.
        TwoCertificates = "two-certificates",
        /// The card was in more establishments in a day than a patient goes to.
        CardVelocity = "card-velocity",
        /// More cards on one reader than hands can put there.
        StationVelocity = "station-velocity",
        /// More patients in an establishment than its kind, or it itself, ever has.
        EstablishmentVelocity = "establishment-velocity",
        /// Cards were read in an establishment that was closed.
        NightActivity = "night-activity",
        /// The glass is broken more often than by peers.
        BreakGlassRate = "break-glass-rate",
        /// More sessions without a card than peers have.
        ManualRate = "manual-rate",
        /// More presences of which nothing follows than peers have.
        PresenceWithoutClaim = "presence-without-claim",
        /// Claims for patients who were not there.
        ClaimWithoutPresence = "claim-without-presence",
        /// The chip answered as if it were far away.
        RelaySuspected = "relay-suspected",
        /// CANs or PINs of many cards were tried at one station.
        SecretsRun = "secrets-run",
        /// More was dispensed than is prescribed.
        OverDispensing = "over-dispensing",
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
    /// Two of this card seem to be about: its holder, who alone knows the PIN, is asked for it (*quarantaine*).
    #[serde(skip_serializing_if = "no")]
    pub quarantined: bool,
    /// What was seen before could not be looked up: the score is none.
    #[serde(skip_serializing_if = "no")]
    pub unknown: bool,
    /// Holders can be asked for their PIN at all: somebody certifies them.
    #[serde(skip_serializing_if = "no")]
    pub pin: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
fn no(flag: &bool) -> bool {
    !flag
}

impl RiskFacts {
    /// These signals, whatever they weigh.
    #[must_use]
    pub fn of(signals: Vec<RiskSignal>) -> Self {
        Self { signals, ..Self::default() }
    }

    pub(super) fn record(&self, names: &Names) -> Result<RestrictedExpression, String> {
        let signals = self.signals.iter().map(|signal| entity(&names.signal, signal.as_str()));
        record([
            ("score", RestrictedExpression::new_long(i64::from(self.score))),
            ("signals", RestrictedExpression::new_set(signals)),
            ("quarantined", RestrictedExpression::new_bool(self.quarantined)),
            ("unknown", RestrictedExpression::new_bool(self.unknown)),
            ("pin", RestrictedExpression::new_bool(self.pin)),
        ])
    }
}
