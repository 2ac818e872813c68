//! By which name does a card stand on the hot list? Never by its number.

use hsm_config::{HsmError, KeyRole, Signer};
use pki::hot_list::CardDigest;
use zeroize::Zeroizing;

/// The keyed digest of a card: HMAC over issuing state and document number under the registry index key, 128 bits.
pub fn card_digest(signer: &dyn Signer, state: &str, number: &str) -> Result<CardDigest, HsmError> {
    let canonical = |text: &str| text.trim().trim_end_matches('<').to_ascii_uppercase();
    let message = Zeroizing::new(format!("hot-list\0{}\0{}", canonical(state), canonical(number)));
    Ok(CardDigest(first(&signer.mac(KeyRole::RegistryIndex, message.as_bytes())?)))
}

/// Tells whether a file was made under the key that this gateway holds.
pub fn key_check(signer: &dyn Signer) -> Result<[u8; 8], HsmError> {
    Ok(first(&signer.mac(KeyRole::RegistryIndex, b"hot-list-key-check")?))
}

fn first<const N: usize>(mac: &[u8; 32]) -> [u8; N] {
    let mut octets = [0; N];
    octets.iter_mut().zip(mac).for_each(|(octet, of_mac)| *octet = *of_mac);
    octets
}
