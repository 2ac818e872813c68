//! Who lives in the demonstration? Twelve invented patients, one child, ten clients.
//!
//! Nobody here exists. CNIE numbers use a prefix (`ZZ`) that is not in circulation in our sources,
//! health identifiers start with `990`.

use time::Date;
use time::macros::date;

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

const METFORMIN: Medicine = Medicine {
    atc: "A10BA02",
    text: "Metformine 850 mg, comprimé",
    dosage: "1 comprimé matin et soir, au milieu du repas",
};
const AMLODIPINE: Medicine =
    Medicine { atc: "C08CA01", text: "Amlodipine 5 mg, comprimé", dosage: "1 comprimé le matin" };
const AMOXICILLIN: Medicine = Medicine {
    atc: "J01CA04",
    text: "Amoxicilline 1 g, comprimé dispersible",
    dosage: "1 comprimé matin et soir pendant 7 jours",
};
const PARACETAMOL: Medicine = Medicine {
    atc: "N02BE01",
    text: "Paracétamol 1 g, comprimé",
    dosage: "1 comprimé si douleur, au plus 3 par jour",
};
const SALBUTAMOL: Medicine = Medicine {
    atc: "R03AC02",
    text: "Salbutamol 100 µg/dose, suspension pour inhalation",
    dosage: "1 à 2 bouffées en cas de gêne",
};
const LEVOTHYROXINE: Medicine = Medicine {
    atc: "H03AA01",
    text: "Lévothyroxine sodique 75 µg, comprimé",
    dosage: "1 comprimé le matin à jeun",
};
const OMEPRAZOLE: Medicine = Medicine {
    atc: "A02BC01",
    text: "Oméprazole 20 mg, gélule gastro-résistante",
    dosage: "1 gélule le soir pendant 4 semaines",
};
const INSULIN: Medicine = Medicine {
    atc: "A10AE04",
    text: "Insuline glargine 100 unités/mL, solution injectable",
    dosage: "18 unités le soir, voie sous-cutanée",
};
const FERROUS: Medicine = Medicine {
    atc: "B03AA07",
    text: "Sulfate ferreux 80 mg, comprimé",
    dosage: "1 comprimé par jour pendant 3 mois",
};

const PENICILLIN: Finding = Finding { code: "91936005", text: "Allergie à la pénicilline" };
const ASPIRIN: Finding = Finding { code: "293586001", text: "Allergie à l'aspirine" };
const DIABETES: Finding = Finding { code: "44054006", text: "Diabète de type 2" };
const HYPERTENSION: Finding = Finding { code: "38341003", text: "Hypertension artérielle" };
const ASTHMA: Finding = Finding { code: "195967001", text: "Asthme" };

/// The twelve.
pub const PEOPLE: [Person; 12] = [
    Person {
        card: "amina",
        family: "El Idrissi",
        given: "Amina",
        family_ar: "الإدريسي",
        given_ar: "أمينة",
        sex: 'F',
        born: date!(1984 - 03 - 12),
        city: "Rabat",
        national_number: "ZZ104217",
        document_number: "X10A4217Q",
        can: "204417",
        health_id: "990000000101",
        scheme: Scheme::Salarie,
        covered: true,
        chip: Chip::Both,
        medicines: &[METFORMIN, AMLODIPINE],
        allergy: Some(PENICILLIN),
        condition: Some(DIABETES),
    },
    Person {
        card: "youssef",
        family: "Amrani",
        given: "Youssef",
        family_ar: "العمراني",
        given_ar: "يوسف",
        sex: 'M',
        born: date!(1979 - 11 - 02),
        city: "Casablanca",
        national_number: "ZZ118320",
        document_number: "X11B8320R",
        can: "318320",
        health_id: "990000000202",
        scheme: Scheme::Tns,
        covered: true,
        chip: Chip::Active,
        medicines: &[OMEPRAZOLE],
        allergy: None,
        condition: None,
    },
    Person {
        card: "fatima-guardian",
        family: "Ouahbi",
        given: "Fatima Zahra",
        family_ar: "الوهبي",
        given_ar: "فاطمة الزهراء",
        sex: 'F',
        born: date!(1990 - 06 - 25),
        city: "Khénifra",
        national_number: "ZZ120951",
        document_number: "X12C0951S",
        can: "420951",
        health_id: "990000000303",
        scheme: Scheme::Tadamon,
        covered: true,
        chip: Chip::ChipAuthentication,
        medicines: &[FERROUS],
        allergy: None,
        condition: None,
    },
    Person {
        card: "hamid-revoked",
        family: "Bouzidi",
        given: "Hamid",
        family_ar: "البوزيدي",
        given_ar: "حميد",
        sex: 'M',
        born: date!(1966 - 01 - 19),
        city: "Oujda",
        national_number: "ZZ131188",
        document_number: "X13D1188T",
        can: "531188",
        health_id: "990000000404",
        scheme: Scheme::Salarie,
        covered: true,
        chip: Chip::Both,
        medicines: &[AMLODIPINE],
        allergy: None,
        condition: Some(HYPERTENSION),
    },
    Person {
        card: "zineb-expired",
        family: "Chraibi",
        given: "Zineb",
        family_ar: "الشرايبي",
        given_ar: "زينب",
        sex: 'F',
        born: date!(1958 - 09 - 30),
        city: "Fès",
        national_number: "ZZ142605",
        document_number: "X14E2605U",
        can: "642605",
        health_id: "990000000505",
        scheme: Scheme::Achamil,
        covered: true,
        chip: Chip::Active,
        medicines: &[LEVOTHYROXINE],
        allergy: Some(ASPIRIN),
        condition: None,
    },
    Person {
        card: "karim",
        family: "Lahlou",
        given: "Karim",
        family_ar: "لحلو",
        given_ar: "كريم",
        sex: 'M',
        born: date!(1995 - 04 - 08),
        city: "Tanger",
        national_number: "ZZ153074",
        document_number: "X15F3074V",
        can: "753074",
        health_id: "990000000606",
        scheme: Scheme::Salarie,
        covered: true,
        chip: Chip::ChipAuthentication,
        medicines: &[SALBUTAMOL],
        allergy: None,
        condition: Some(ASTHMA),
    },
    Person {
        card: "salma",
        family: "Berrada",
        given: "Salma",
        family_ar: "برادة",
        given_ar: "سلمى",
        sex: 'F',
        born: date!(2001 - 12 - 17),
        city: "Marrakech",
        national_number: "ZZ164439",
        document_number: "X16G4439W",
        can: "864439",
        health_id: "990000000707",
        scheme: Scheme::Achamil,
        covered: false,
        chip: Chip::Both,
        medicines: &[PARACETAMOL],
        allergy: None,
        condition: None,
    },
    Person {
        card: "omar",
        family: "Tahiri",
        given: "Omar",
        family_ar: "الطاهري",
        given_ar: "عمر",
        sex: 'M',
        born: date!(1972 - 07 - 05),
        city: "Agadir",
        national_number: "ZZ175826",
        document_number: "X17H5826Y",
        can: "175826",
        health_id: "990000000808",
        scheme: Scheme::Tns,
        covered: true,
        chip: Chip::Both,
        medicines: &[INSULIN, METFORMIN],
        allergy: None,
        condition: Some(DIABETES),
    },
    Person {
        card: "khadija",
        family: "Ait Ouakrim",
        given: "Khadija",
        family_ar: "أيت أوعكريم",
        given_ar: "خديجة",
        sex: 'F',
        born: date!(1949 - 02 - 14),
        city: "Azilal",
        national_number: "ZZ186193",
        document_number: "X18J6193Z",
        can: "286193",
        health_id: "990000000909",
        scheme: Scheme::Tadamon,
        covered: true,
        chip: Chip::Active,
        medicines: &[AMLODIPINE, LEVOTHYROXINE],
        allergy: None,
        condition: Some(HYPERTENSION),
    },
    Person {
        card: "brahim",
        family: "Oubella",
        given: "Brahim",
        family_ar: "أوبلا",
        given_ar: "إبراهيم",
        sex: 'M',
        born: date!(1988 - 10 - 21),
        city: "Imilchil",
        national_number: "ZZ197540",
        document_number: "X19K7540A",
        can: "397540",
        health_id: "990000001010",
        scheme: Scheme::Tadamon,
        covered: true,
        chip: Chip::ChipAuthentication,
        medicines: &[PARACETAMOL],
        allergy: None,
        condition: None,
    },
    Person {
        card: "nadia",
        family: "Skalli",
        given: "Nadia",
        family_ar: "السقلي",
        given_ar: "نادية",
        sex: 'F',
        born: date!(1993 - 08 - 03),
        city: "Meknès",
        national_number: "ZZ208967",
        document_number: "X20L8967B",
        can: "408967",
        health_id: "990000001111",
        scheme: Scheme::Salarie,
        covered: true,
        chip: Chip::Both,
        medicines: &[FERROUS, PARACETAMOL],
        allergy: Some(PENICILLIN),
        condition: None,
    },
    Person {
        card: "mehdi",
        family: "Zerouali",
        given: "Mehdi",
        family_ar: "الزروالي",
        given_ar: "مهدي",
        sex: 'M',
        born: date!(1999 - 05 - 28),
        city: "Laâyoune",
        national_number: "ZZ219352",
        document_number: "X21M9352C",
        can: "519352",
        health_id: "990000001212",
        scheme: Scheme::Achamil,
        covered: true,
        chip: Chip::Active,
        medicines: &[AMOXICILLIN],
        allergy: None,
        condition: None,
    },
];

/// Fatima Zahra's son, who has no card.
pub const CHILD: Child = Child {
    guardian: "fatima-guardian",
    person: Person {
        card: "",
        family: "Ouahbi",
        given: "Adam",
        family_ar: "الوهبي",
        given_ar: "آدم",
        sex: 'M',
        born: date!(2019 - 01 - 09),
        city: "Khénifra",
        national_number: "",
        document_number: "",
        can: "",
        health_id: "990000001313",
        scheme: Scheme::Tadamon,
        covered: true,
        chip: Chip::Active,
        medicines: &[SALBUTAMOL],
        allergy: None,
        condition: Some(ASTHMA),
    },
};

/// The card that was reported lost.
pub const REPORTED: &str = "hamid-revoked";
/// The document that is past its date.
pub const EXPIRED: &str = "zineb-expired";
/// The good card that was cloned, and its clone.
pub const CLONED: (&str, &str) = ("youssef", "youssef-clone");
/// A card whose document signer was revoked: made for the owner of the first.
pub const SIGNER_REVOKED: (&str, &str) = ("karim", "karim-signer-revoked");

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
