//! On which way did the patient come here?

use cedar_policy::RestrictedExpression;
use serde::{Deserialize, Serialize};

use crate::decide::{Names, entity};
use crate::vocabulary::vocabulary;

vocabulary! {
    /// The schemes of the AMO (*régime*).
    CoverageScheme {
        /// AMO-Achamil: voluntary, who can pay and has no other.
        Achamil = "amo-achamil",
        /// CNSS, employees of the private sector.
        CnssSalarie = "cnss-salarie",
        /// AMO-Tadamon: who cannot pay contributions.
        Tadamon = "amo-tadamon",
        /// TNS: the self-employed.
        Tns = "tns",
    }
}

vocabulary! {
    /// Which care an establishment gives (*niveau de soins*).
    CareLevel {
        /// Where a patient goes first (*soins primaires*).
        Primary = "primary",
        /// Where primary care sends a patient (*spécialiste*).
        Specialist = "specialist",
        /// Where both send a patient (*hospitalier*).
        Hospital = "hospital",
    }
}

/// The care pathway of one patient to one establishment (*parcours de soins*).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct PathwayFacts {
    /// The patient's scheme.
    pub scheme: Option<CoverageScheme>,
    /// The establishment's level of care; none for a pharmacy and whoever gives no care.
    pub level: Option<CareLevel>,
    /// Somebody sent the patient here, and the referral is still good (*lettre d'orientation*).
    pub referred: bool,
}

impl PathwayFacts {
    pub(super) fn record(&self, names: &Names) -> Result<RestrictedExpression, String> {
        let scheme = self.scheme.map(|scheme| ("scheme", entity(&names.scheme, scheme.as_str())));
        let level = self.level.map(|level| ("level", entity(&names.care_level, level.as_str())));
        let referred = ("referred", RestrictedExpression::new_bool(self.referred));
        let attributes = [Some(referred), scheme, level].into_iter().flatten();
        let attributes = attributes.map(|(name, value)| (name.to_owned(), value));
        RestrictedExpression::new_record(attributes).map_err(|cause| cause.to_string())
    }
}
