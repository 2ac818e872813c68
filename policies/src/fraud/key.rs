//! By what is a card remembered without knowing whose it is?
//!
//! Every key is a pseudonym that the gateway makes with a secret key of its own (loi 09-08 art. 3: no more than the
//! purpose needs): whoever reads a window learns that something came back, and not what or who it was.

use std::fmt;

/// Octets of a key: half a SHA-256, so that 10^9 cards have no two of one key (chance below 10^-20).
pub const KEY_OCTETS: usize = 16;

/// Octets of a key that an entry repeats: it tells the few things of one window apart, not all of the kingdom.
pub const TAG_OCTETS: usize = 8;

/// The short form of a key inside a window.
pub type Tag = [u8; TAG_OCTETS];

macro_rules! keys {
    ($($(#[$doc:meta])* $name:ident,)+) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
            pub struct $name([u8; KEY_OCTETS]);

            impl $name {
                /// A keyed pseudonym, as the gateway made it.
                #[must_use]
                pub const fn new(octets: [u8; KEY_OCTETS]) -> Self {
                    Self(octets)
                }

                /// The pseudonym.
                #[must_use]
                pub const fn octets(self) -> [u8; KEY_OCTETS] {
                    self.0
                }

                /// Its short form.
                #[must_use]
                pub const fn tag(self) -> Tag {
                    let [a, b, c, d, e, f, g, h, ..] = self.0;
                    [a, b, c, d, e, f, g, h]
                }
            }

            /// Even a pseudonym links what one person did: none is written to a log.
            impl fmt::Debug for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str(concat!(stringify!($name), "(..)"))
                }
            }
        )+
    };
}

keys! {
    /// A card (*carte*): the document that a state issued.
    CardKey,
    /// The chip (*puce*) in it, by its public key.
    ChipKey,
    /// What a state signed about a card (*certificat*): the security object of a CNIE, the certificate of a health card.
    CertificateKey,
    /// One reader at one counter (*poste*).
    StationKey,
    /// An establishment (*établissement*).
    EstablishmentKey,
    /// A practitioner (*professionnel de santé*).
    PractitionerKey,
    /// One line of a prescription (*ligne d'ordonnance*).
    PrescriptionKey,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_never_shown_and_its_tag_is_its_beginning() {
        let key = CardKey::new([0xA5; KEY_OCTETS]);
        assert_eq!(format!("{key:?}"), "CardKey(..)");
        assert_eq!(key.tag(), [0xA5; TAG_OCTETS]);
    }
}
