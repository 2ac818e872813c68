//! May the glass be broken, and who asks?

use cedar_policy::RestrictedExpression;
use serde::{Deserialize, Serialize};

use crate::decide::{Names, entity};
use crate::vocabulary::vocabulary;

vocabulary! {
    /// How it is known whose record it is (*identification*).
    Identified {
        /// By nothing that counts.
        Nothing = "nothing",
        /// By the card, whose chip was proven.
        Card = "card",
        /// By two practitioners who signed for it.
        TwoPractitioners = "two-practitioners",
    }
}

vocabulary! {
    /// Why the glass is broken (*motif*).
    EmergencyReason {
        /// The patient is unconscious (*patient inconscient*).
        Unconscious = "unconscious",
        /// A life is in danger (*urgence vitale*).
        LifeThreatening = "life-threatening",
        /// The patient cannot make themselves understood (*patient hors d'état de s'exprimer*).
        CannotCommunicate = "cannot-communicate",
        /// A child whose guardian is not there (*enfant sans représentant*).
        ChildAlone = "child-alone",
        /// Anything else that does not wait (*autre urgence*): looked at first.
        OtherUrgent = "other-urgent",
    }
}

/// What a decision on breaking the glass must know (*bris de glace*).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EmergencyFacts {
    /// How it is known whose record it is.
    pub identified: Identified,
    /// Why.
    pub reason: EmergencyReason,
    /// How often the practitioner may still do so today.
    pub left_of_practitioner: u32,
    /// How often the establishment may still do so today.
    pub left_of_establishment: u32,
    /// How many earlier ones of the establishment wait for their review longer than they may.
    pub reviews_overdue: u32,
}

impl EmergencyFacts {
    /// The attributes of the action's context.
    pub(crate) fn attributes(self, names: &Names) -> [(String, RestrictedExpression); 5] {
        let long = |number: u32| RestrictedExpression::new_long(i64::from(number));
        [
            ("identified", entity(&names.identified, self.identified.as_str())),
            ("reason", entity(&names.emergency_reason, self.reason.as_str())),
            ("leftOfPractitioner", long(self.left_of_practitioner)),
            ("leftOfEstablishment", long(self.left_of_establishment)),
            ("reviewsOverdue", long(self.reviews_overdue)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
    }
}
