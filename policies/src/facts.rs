//! What must a decision know that the request does not say?
//!
//! The gateway looks facts up and passes them in: no policy reads a database, and the same request always gets the
//! same answer. Each theme says in its own file how Cedar sees it. Nothing known and nothing wrong is the default.

mod claim;
mod consent;
mod emergency;
mod pathway;
mod place;
mod risk;

use cedar_policy::RestrictedExpression;
use serde::{Deserialize, Serialize};

use crate::decide::Names;

pub use claim::{ClaimFacts, ReceiptStanding};
pub use consent::{ConsentFacts, Stance};
pub use emergency::{EmergencyFacts, EmergencyReason, Identified};
pub use pathway::{CareLevel, CoverageScheme, PathwayFacts};
pub use place::{OpeningHours, PlaceError, Position};
pub use risk::{RiskFacts, RiskSignal};

/// Everything that was looked up for one question (*faits*).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// What the patient agreed to.
    #[serde(skip_serializing_if = "is_default")]
    pub consent: ConsentFacts,
    /// On which way the patient came here.
    #[serde(skip_serializing_if = "is_default")]
    pub pathway: PathwayFacts,
    /// What a claim rests on; none where nothing is claimed.
    #[serde(skip_serializing_if = "is_default")]
    pub claim: Option<ClaimFacts>,
    /// What looks wrong.
    #[serde(skip_serializing_if = "is_default")]
    pub risk: RiskFacts,
}

impl Facts {
    /// Nothing known, nothing wrong.
    #[must_use]
    pub fn say_nothing(&self) -> bool {
        is_default(self)
    }

    /// The facts as attributes of a Cedar context.
    pub(crate) fn attributes(
        &self,
        names: &Names,
    ) -> Result<impl Iterator<Item = (String, RestrictedExpression)>, String> {
        let claim = self.claim.as_ref().map(|claim| claim.record(names)).transpose()?;
        let always = [
            ("consent".to_owned(), self.consent.record(names)?),
            ("pathway".to_owned(), self.pathway.record(names)?),
            ("risk".to_owned(), self.risk.record(names)?),
        ];
        Ok(always.into_iter().chain(claim.map(|claim| ("claim".to_owned(), claim))))
    }
}

/// A Cedar record of these attributes.
pub(crate) fn record<const N: usize>(
    attributes: [(&str, RestrictedExpression); N],
) -> Result<RestrictedExpression, String> {
    let attributes = attributes.into_iter().map(|(name, value)| (name.to_owned(), value));
    RestrictedExpression::new_record(attributes).map_err(|cause| cause.to_string())
}

fn is_default<T: Default + PartialEq>(facts: &T) -> bool {
    *facts == T::default()
}
