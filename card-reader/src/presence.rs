//! The proof that this card was here, made once and by one function.

use std::fmt;

use time::OffsetDateTime;

use crate::challenge::PresenceMethod;
use crate::transcript::AuthenticCard;

/// The original chip answered our challenge (preuve de présence). Its only maker is [`Challenge::prove`](crate::Challenge::prove).
///
/// It cannot be written down by hand:
/// ```compile_fail,E0451
/// use card_reader::{AuthenticCard, PresenceMethod, PresenceProof};
/// fn forged(card: AuthenticCard, at: time::OffsetDateTime) -> PresenceProof {
///     PresenceProof { card, method: PresenceMethod::ChipAuthentication, proven_at: at }
/// }
/// ```
/// and it cannot be kept and used twice:
/// ```compile_fail,E0599
/// fn twice(proof: card_reader::PresenceProof) -> (card_reader::PresenceProof, card_reader::PresenceProof) {
///     (proof.clone(), proof)
/// }
/// ```
pub struct PresenceProof {
    card: AuthenticCard,
    method: PresenceMethod,
    proven_at: OffsetDateTime,
}

impl PresenceProof {
    pub(crate) const fn new(card: AuthenticCard, method: PresenceMethod, proven_at: OffsetDateTime) -> Self {
        Self { card, method, proven_at }
    }

    /// The card that was here.
    #[must_use]
    pub const fn card(&self) -> &AuthenticCard {
        &self.card
    }

    /// How its chip proved itself.
    #[must_use]
    pub const fn method(&self) -> PresenceMethod {
        self.method
    }

    /// When the answers were judged.
    #[must_use]
    pub const fn proven_at(&self) -> OffsetDateTime {
        self.proven_at
    }
}

impl fmt::Debug for PresenceProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PresenceProof({} at {})", self.method.as_str(), self.proven_at)
    }
}
