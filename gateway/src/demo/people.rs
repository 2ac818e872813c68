//! Who lives in the demonstration? Twelve invented patients, one child, ten clients.
//!
//! Nobody here exists. CNIE numbers use a prefix (`ZZ`) that is not in circulation in our sources,
//! health identifiers start with `990`.

mod medical;
mod twelve;

use time::Date;

pub use twelve::{CHILD, PEOPLE};

/// Which proof of presence a chip offers (méthode de preuve).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chip {
    /// Active Authentication alone (DG15), like the first cards.
    Active,
    /// Chip Authentication alone (DG14).
    ChipAuthentication,
    /// Both.
    Both,
}

/// A medicine as it is prescribed (médicament, DCI).
#[derive(Debug, Clone, Copy)]
pub struct Medicine {
    /// WHO ATC code.
    pub atc: &'static str,
    /// International non-proprietary name, strength and form.
    pub text: &'static str,
    /// Dosage, in the words of the prescription.
    pub dosage: &'static str,
}

/// A SNOMED CT coded finding.
#[derive(Debug, Clone, Copy)]
pub struct Finding {
    /// SNOMED CT concept.
    pub code: &'static str,
    /// What the dossier shows.
    pub text: &'static str,
}

/// An invented patient and the card made for them (assuré).
#[derive(Debug, Clone, Copy)]
pub struct Person {
    /// Name of the card file, without `.json`.
    pub card: &'static str,
    /// Family name, Latin.
    pub family: &'static str,
    /// Given name, Latin.
    pub given: &'static str,
    /// Family name, Arabic.
    pub family_ar: &'static str,
    /// Given name, Arabic.
    pub given_ar: &'static str,
    /// `F` or `M`, as in the MRZ.
    pub sex: char,
    /// Date of birth.
    pub born: Date,
    /// City.
    pub city: &'static str,
    /// CNIE number, in the card's optional data.
    pub national_number: &'static str,
    /// Number of the document itself: MRZ line 1.
    pub document_number: &'static str,
    /// Card access number, printed on the front.
    pub can: &'static str,
    /// Identifiant santé.
    pub health_id: &'static str,
    /// AMO scheme, as the registry writes it.
    pub scheme: Scheme,
    /// Is the cover open?
    pub covered: bool,
    /// What the chip can prove.
    pub chip: Chip,
    /// Current prescriptions.
    pub medicines: &'static [Medicine],
    /// Known allergy, if any.
    pub allergy: Option<Finding>,
    /// Long-term condition, if any.
    pub condition: Option<Finding>,
}

/// The four schemes of compulsory health insurance (régime AMO).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Employees of the private sector.
    Salarie,
    /// Self-employed workers (travailleurs non salariés).
    Tns,
    /// People who cannot pay contributions.
    Tadamon,
    /// People who can pay and are in no other scheme.
    Achamil,
}

impl Scheme {
    /// The code of the registry and of the wire.
    pub fn code(self) -> &'static str {
        match self {
            Self::Salarie => "cnss-salarie",
            Self::Tns => "tns",
            Self::Tadamon => "amo-tadamon",
            Self::Achamil => "amo-achamil",
        }
    }

    /// What a Coverage resource shows.
    pub fn title(self) -> &'static str {
        match self {
            Self::Salarie => "AMO CNSS salariés",
            Self::Tns => "AMO travailleurs non salariés",
            Self::Tadamon => "AMO Tadamon",
            Self::Achamil => "AMO Achamil",
        }
    }
}

/// A child without a card (ayant droit).
#[derive(Debug, Clone, Copy)]
pub struct Child {
    /// Card of the guardian.
    pub guardian: &'static str,
    /// The child as a patient; its card is never made.
    pub person: Person,
}

/// The card that was reported lost.
pub const REPORTED: &str = "hamid-revoked";
/// The document that is past its date.
pub const EXPIRED: &str = "zineb-expired";
/// The good card that was cloned, and its clone.
pub const CLONED: (&str, &str) = ("youssef", "youssef-clone");
/// A card whose document signer was revoked: made for the owner of the first.
pub const SIGNER_REVOKED: (&str, &str) = ("karim", "karim-signer-revoked");

/// Whose rights are still in their waiting period (*délai de carence*).
pub const WAITING: &str = "mehdi";

/// Cards without the holder's application, as those issued before it: no PIN can be asked for.
pub const NO_PIN: [&str; 2] = ["hamid-revoked", "brahim"];
/// The card whose PIN is blocked.
pub const PIN_BLOCKED: &str = "mehdi";
/// The card whose holder's certificate was revoked.
pub const PIN_REVOKED: &str = "karim";

impl Person {
    /// The PIN of the card, if it has one: in this invented kingdom, the last four digits of the CAN.
    #[must_use]
    pub fn pin(&self) -> Option<&'static str> {
        self.can.get(2..).filter(|_| !NO_PIN.contains(&self.card))
    }
}

/// Everybody who has a dossier.
pub fn patients() -> impl Iterator<Item = &'static Person> {
    PEOPLE.iter().chain(std::iter::once(&CHILD.person))
}

/// The person whose card has this name.
pub fn by_card(card: &str) -> Option<&'static Person> {
    PEOPLE.iter().find(|person| person.card == card)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_two_people_share_an_identifier() {
        let mut seen = HashSet::new();
        for person in &PEOPLE {
            for id in [person.card, person.national_number, person.document_number, person.health_id] {
                assert!(seen.insert(id), "{id} is used twice");
            }
            assert_eq!(person.document_number.len(), 9);
            assert_eq!(person.can.len(), 6);
        }
        assert!(seen.insert(CHILD.person.health_id));
    }

    #[test]
    fn every_scheme_and_every_chip_is_there() {
        for scheme in [Scheme::Salarie, Scheme::Tns, Scheme::Tadamon, Scheme::Achamil] {
            assert!(PEOPLE.iter().any(|person| person.scheme == scheme));
        }
        for chip in [Chip::Active, Chip::ChipAuthentication, Chip::Both] {
            assert!(PEOPLE.iter().any(|person| person.chip == chip));
        }
    }
}
