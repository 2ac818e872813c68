//! What must the log keep of an observation, so that signals can be tried on it later?
//!
//! Who, where and when stand in the event already. The rest is here, in a few octets: pseudonyms of chip and certificate,
//! and figures.

use policies::fraud::{
    CertificateKey, ChipKey, Observation, PractitionerKey, PrescriptionKey, PresenceSeen, Secret, Seen,
    Timing,
};
use serde::{Deserialize, Serialize};

/// The part of an observation that no other field of its event tells (*constat*).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Told {
    #[serde(flatten)]
    what: What,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    chip: Option<Hex>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "seen")]
enum What {
    Presence {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        certificate: Option<Hex>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        reported: bool,
        /// Method, commands, milliseconds of all of it, milliseconds of the chip as its station says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timing: Option<(u8, u16, u32, Option<u32>)>,
    },
    CardReported,
    CloneSuspected,
    WrongCan,
    WrongPin,
    ManualAccess,
    BreakGlass {
        practitioner: Hex,
    },
    Claim {
        with_presence: bool,
    },
    Dispense {
        prescription: Hex,
        prescribed: u32,
        dispensed: u32,
        pack: u32,
    },
}

/// Sixteen octets in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
struct Hex([u8; 16]);

impl From<Hex> for String {
    fn from(octets: Hex) -> Self {
        hex::encode(octets.0)
    }
}

impl TryFrom<String> for Hex {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let mut octets = [0; 16];
        hex::decode_to_slice(text, &mut octets).map_err(|_| "not sixteen octets in hexadecimal")?;
        Ok(Self(octets))
    }
}

impl Told {
    /// Of an observation that was made.
    pub(crate) fn of(observation: &Observation) -> Self {
        let what = match observation.seen {
            Seen::Presence(PresenceSeen { certificate, reported, timing }) => What::Presence {
                certificate: certificate.map(|key| Hex(key.octets())),
                reported,
                timing: timing.map(|timing| (timing.method, timing.commands, timing.whole, timing.chip)),
            },
            Seen::CardReported { .. } => What::CardReported,
            Seen::CloneSuspected => What::CloneSuspected,
            Seen::WrongSecret(Secret::Can) => What::WrongCan,
            Seen::WrongSecret(Secret::Pin) => What::WrongPin,
            Seen::ManualAccess => What::ManualAccess,
            Seen::BreakGlass { practitioner } => {
                What::BreakGlass { practitioner: Hex(practitioner.octets()) }
            }
            Seen::Claim { with_presence } => What::Claim { with_presence },
            Seen::Dispense { prescription, prescribed, dispensed, pack } => {
                What::Dispense { prescription: Hex(prescription.octets()), prescribed, dispensed, pack }
            }
        };
        Self { what, chip: observation.chip.map(|key| Hex(key.octets())) }
    }

    /// As the event has it.
    pub(crate) fn text(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }

    /// From an event; nothing, where it is of another version.
    pub(crate) fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// What was seen.
    pub(crate) fn seen(&self) -> Seen {
        match &self.what {
            What::Presence { certificate, reported, timing } => Seen::Presence(PresenceSeen {
                certificate: certificate.as_ref().map(|key| CertificateKey::new(key.0)),
                reported: *reported,
                timing: timing.map(|(method, commands, whole, chip)| Timing {
                    method,
                    commands,
                    whole,
                    chip,
                }),
            }),
            What::CardReported => Seen::CardReported { missing_since: None },
            What::CloneSuspected => Seen::CloneSuspected,
            What::WrongCan => Seen::WrongSecret(Secret::Can),
            What::WrongPin => Seen::WrongSecret(Secret::Pin),
            What::ManualAccess => Seen::ManualAccess,
            What::BreakGlass { practitioner } => {
                Seen::BreakGlass { practitioner: PractitionerKey::new(practitioner.0) }
            }
            What::Claim { with_presence } => Seen::Claim { with_presence: *with_presence },
            What::Dispense { prescription, prescribed, dispensed, pack } => Seen::Dispense {
                prescription: PrescriptionKey::new(prescription.0),
                prescribed: *prescribed,
                dispensed: *dispensed,
                pack: *pack,
            },
        }
    }

    /// With which chip.
    pub(crate) fn chip(&self) -> Option<ChipKey> {
        self.chip.as_ref().map(|key| ChipKey::new(key.0))
    }
}
