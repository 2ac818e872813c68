//! By which pseudonyms are cards, readers and establishments remembered?
//!
//! Keyed by a secret that the registry's index key gives: every node makes the same names, and whoever reads the shared
//! windows learns that something came back, not what it was (loi 09-08, art. 3).

use aws_lc_rs::hmac::{Context, HMAC_SHA256, Key};
use policies::fraud::{
    CardKey, CertificateKey, ChipKey, EstablishmentKey, PractitionerKey, PrescriptionKey, StationKey,
};

use crate::registry::{Registry, RegistryError};

/// Makes names (*pseudonymes*).
pub(crate) struct Names(Key);

impl Names {
    /// The names of this kingdom's gateways.
    pub(crate) fn new(registry: &Registry) -> Result<Self, RegistryError> {
        Ok(Self(Key::new(HMAC_SHA256, &registry.secret_for("fraud windows")?)))
    }

    /// A card, by the keyed name that registry and log have for it.
    pub(crate) fn card(&self, name: &str) -> CardKey {
        CardKey::new(self.name(b"card", &[name.as_bytes()]))
    }

    pub(crate) fn chip(&self, digest: &[u8]) -> ChipKey {
        ChipKey::new(self.name(b"chip", &[digest]))
    }

    pub(crate) fn certificate(&self, digest: &[u8]) -> CertificateKey {
        CertificateKey::new(self.name(b"certificate", &[digest]))
    }

    /// A station's name is its establishment's: two have a `poste-1`.
    pub(crate) fn station(&self, client: &str, station: &str) -> StationKey {
        StationKey::new(self.name(b"station", &[client.as_bytes(), station.as_bytes()]))
    }

    pub(crate) fn establishment(&self, client: &str) -> EstablishmentKey {
        EstablishmentKey::new(self.name(b"establishment", &[client.as_bytes()]))
    }

    pub(crate) fn practitioner(&self, name: &str) -> PractitionerKey {
        PractitionerKey::new(self.name(b"practitioner", &[name.as_bytes()]))
    }

    pub(crate) fn prescription(&self, reference: &str) -> PrescriptionKey {
        PrescriptionKey::new(self.name(b"prescription", &[reference.as_bytes()]))
    }

    /// Each part after its length: no two things share a name by moving a boundary.
    fn name(&self, kind: &[u8], parts: &[&[u8]]) -> [u8; 16] {
        let mut context = Context::with_key(&self.0);
        for part in std::iter::once(&kind).chain(parts) {
            context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(part);
        }
        let mut name = [0; 16];
        name.iter_mut().zip(context.sign().as_ref()).for_each(|(octet, tag)| *octet = *tag);
        name
    }
}

impl std::fmt::Debug for Names {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Names")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_depends_on_all_of_it_and_on_the_secret() {
        let names = |secret| Names(Key::new(HMAC_SHA256, &[secret; 32]));
        let one = names(1);
        assert_eq!(one.station("a", "b1"), names(1).station("a", "b1"));
        assert_ne!(one.station("a", "b1"), one.station("ab", "1"));
        assert_ne!(one.station("a", "b1"), names(2).station("a", "b1"));
        assert_ne!(one.card("a").octets(), one.establishment("a").octets());
    }
}
