//! What does a claim rest on?

use cedar_policy::RestrictedExpression;
use serde::{Deserialize, Serialize};

use super::record;
use crate::decide::{Names, entity};
use crate::vocabulary::vocabulary;

vocabulary! {
    /// What the receipt of a claim is worth (*valeur du reçu*).
    ReceiptStanding {
        /// The claim has none.
        None = "none",
        /// It attests a presence of this patient here, lately, and nothing was billed on it.
        Sound = "sound",
        /// It is not one that this gateway signed.
        Unsigned = "unsigned",
        /// Something was billed on it before.
        Billed = "billed",
        /// It attests a presence at another establishment.
        Elsewhere = "elsewhere",
        /// It attests the presence of another patient.
        AnotherPatient = "another-patient",
        /// It is too old to bill on.
        Late = "late",
    }
}

/// What a decision on a claim must know (*facture*).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ClaimFacts {
    /// What its receipt is worth.
    pub receipt: ReceiptStanding,
    /// It carries the number of an electronic care sheet (*feuille de soins électronique*).
    pub fse: bool,
}

impl ClaimFacts {
    pub(super) fn record(&self, names: &Names) -> Result<RestrictedExpression, String> {
        record([
            ("receipt", entity(&names.receipt_standing, self.receipt.as_str())),
            ("fse", RestrictedExpression::new_bool(self.fse)),
        ])
    }
}
