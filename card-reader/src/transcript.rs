//! What did the station say the card said, and does a state vouch for it?

use std::fmt;

use pki::TrustStore;
use time::{Date, OffsetDateTime};

use crate::challenge::Challenge;
use crate::error::PresenceError;
use crate::lds::mrz::Mrz;
use crate::profile::{CardProfile, NationalNumber};

/// The files of one card as a station uploaded them (ce que le poste dit que la carte a dit). Unbelieved: anybody can send them.
#[derive(Clone, PartialEq, Eq)]
pub struct CardTranscript {
    /// Which conventions the station read the card by.
    pub profile: CardProfile,
    /// EF.CardAccess, unsigned.
    pub card_access: Option<Vec<u8>>,
    /// EF.SOD, `77 L ContentInfo`.
    pub sod: Vec<u8>,
    /// DG1, the MRZ, `61 L …`.
    pub dg1: Vec<u8>,
    /// DG14, the SecurityInfos of Chip Authentication, `6E L …`.
    pub dg14: Option<Vec<u8>>,
    /// DG15, the Active Authentication key, `6F L …`.
    pub dg15: Option<Vec<u8>>,
}

impl CardTranscript {
    /// Passive authentication (authentification passive, 9303-11 §5.1): the state that issued the card vouches for every file used.
    ///
    /// # Errors
    /// The signature, the chain, revocation, a hash, the MRZ or the date of expiry does not hold.
    pub fn authenticate(
        self,
        trust: &TrustStore,
        at: OffsetDateTime,
    ) -> Result<AuthenticCard, PresenceError> {
        let _ = (trust, at);
        Err(PresenceError::CannotProve)
    }
}

impl fmt::Debug for CardTranscript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CardTranscript({}, redacted)", self.profile)
    }
}

/// A card whose data a trusted state signed (données authentiques). The chip may still be a copy: see [`AuthenticCard::challenge`].
pub struct AuthenticCard {
    profile: CardProfile,
    mrz: Mrz,
    national_number: NationalNumber,
}

impl AuthenticCard {
    /// The card's generation.
    #[must_use]
    pub const fn profile(&self) -> CardProfile {
        self.profile
    }

    /// The national number, from where the profile says.
    #[must_use]
    pub const fn national_number(&self) -> &NationalNumber {
        &self.national_number
    }

    /// Number of the document, not of the person.
    #[must_use]
    pub fn document_number(&self) -> &str {
        self.mrz.document_number()
    }

    /// The machine-readable zone.
    #[must_use]
    pub const fn mrz(&self) -> &Mrz {
        &self.mrz
    }

    /// Last day on which the document is good.
    #[must_use]
    pub const fn expires_on(&self) -> Date {
        self.mrz.expires_on()
    }

    /// Makes a fresh challenge for this card: Chip Authentication if its DG14 offers one we speak, else Active Authentication.
    ///
    /// # Errors
    /// The card offers neither, its keys are not usable, or the machine has no random numbers.
    pub fn challenge(self) -> Result<Challenge, PresenceError> {
        Err(PresenceError::CannotProve)
    }
}

impl fmt::Debug for AuthenticCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuthenticCard({}, redacted)", self.profile)
    }
}
