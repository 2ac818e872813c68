//! What did the patient agree to, as far as this question goes?

use cedar_policy::RestrictedExpression;
use serde::{Deserialize, Serialize};

use super::record;
use crate::decide::{Names, entity};
use crate::vocabulary::vocabulary;

vocabulary! {
    /// What the patient's consents say about this question (*position du patient*).
    Stance {
        /// None speaks of it.
        Silent = "silent",
        /// They permit it.
        Permits = "permits",
        /// They deny it.
        Denies = "denies",
    }
}

/// The patient's consents, compiled for one question (*consentement*). Where a consent itself is withdrawn, `stance` and
/// `holder` speak of that one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct ConsentFacts {
    /// What they say.
    pub stance: Stance,
    /// The patient was here in person not long ago (*lien thérapeutique*).
    pub linked: bool,
    /// The consent that speaks was given with the holder's PIN.
    pub holder: bool,
    /// Some entries are hidden from whoever asks, by their label or their type (*masquage*).
    pub hides: bool,
}

impl ConsentFacts {
    pub(crate) fn record(&self, names: &Names) -> Result<RestrictedExpression, String> {
        record([
            ("stance", entity(&names.stance, self.stance.as_str())),
            ("linked", RestrictedExpression::new_bool(self.linked)),
            ("holder", RestrictedExpression::new_bool(self.holder)),
            ("hides", RestrictedExpression::new_bool(self.hides)),
        ])
    }
}

#[expect(clippy::derivable_impls, reason = "the words of a vocabulary have no default of their own")]
impl Default for Stance {
    fn default() -> Self {
        Self::Silent
    }
}
