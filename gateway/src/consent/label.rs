//! Which labels may an entry carry that a patient can hide?

use serde::{Deserialize, Serialize};

/// HL7 v3 Confidentiality.
pub const CONFIDENTIALITY: &str = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
/// HL7 v3 ActCode, of which the sensitivities are part.
pub const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";

/// Least confidential first.
const LEVELS: [&str; 6] = ["U", "L", "M", "N", "R", "V"];

/// HL7 v3 `InformationSensitivityPolicy`: what kind of thing it is that is sensitive.
const SENSITIVITIES: [&str; 33] = [
    "ADOL", "BH", "CEL", "COGN", "DEMO", "DIA", "DOB", "DVD", "ETH", "ETHUD", "GDIS", "GENDER", "HIV",
    "LIVARG", "MARST", "MST", "OPIOIDUD", "PHY", "PREGNANT", "PRS", "PSY", "PSYTHPN", "RACE", "REL", "SCA",
    "SDV", "SEX", "SICKLE", "SOC", "SPI", "STD", "SUD", "TBOO",
];

/// A security label of an entry (*étiquette de confidentialité*), as `meta.security` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Label(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Kind {
    /// Its place in [`LEVELS`].
    Confidentiality(u8),
    /// One of [`SENSITIVITIES`].
    Sensitivity(&'static str),
}

impl Label {
    /// The label of that system and code, if it is one of a closed list.
    #[must_use]
    pub fn of(system: &str, code: &str) -> Option<Self> {
        match system {
            CONFIDENTIALITY => {
                let level = LEVELS.iter().position(|level| *level == code)?;
                u8::try_from(level).ok().map(|level| Self(Kind::Confidentiality(level)))
            }
            ACT_CODE => SENSITIVITIES
                .into_iter()
                .find(|known| *known == code)
                .map(|known| Self(Kind::Sensitivity(known))),
            _ => None,
        }
    }

    /// Its code system.
    #[must_use]
    pub const fn system(self) -> &'static str {
        match self.0 {
            Kind::Confidentiality(_) => CONFIDENTIALITY,
            Kind::Sensitivity(_) => ACT_CODE,
        }
    }

    /// Its code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self.0 {
            Kind::Confidentiality(level) => LEVELS.get(usize::from(level)).copied().unwrap_or("V"),
            Kind::Sensitivity(code) => code,
        }
    }

    /// Whether a rule about this label means an entry with that one. Who hides what is restricted hides what is very
    /// restricted too; a sensitivity means itself.
    #[must_use]
    pub fn means(self, of_entry: Self) -> bool {
        match (self.0, of_entry.0) {
            (Kind::Confidentiality(hidden), Kind::Confidentiality(level)) => level >= hidden,
            (Kind::Sensitivity(hidden), Kind::Sensitivity(sensitive)) => hidden == sensitive,
            _ => false,
        }
    }
}

impl TryFrom<String> for Label {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let (system, code) = text.split_once('|').ok_or("no label")?;
        Self::of(system, code).ok_or("no label")
    }
}

impl From<Label> for String {
    fn from(label: Label) -> Self {
        format!("{}|{}", label.system(), label.code())
    }
}
