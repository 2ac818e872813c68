//! Can the chip sign our nonce? (ICAO 9303-11 §6.1)

use pki::PkiError;

use crate::apdu::{CommandApdu, EXTENDED_ANSWER, ResponseApdu, SHORT_ANSWER};
use crate::crypto;
use crate::error::PresenceError;
use crate::transcript::AuthenticCard;

/// The longest signature whose secured form fits a short answer: 223 + 1 of padding, 33 of objects.
const SHORT_SIGNATURE: usize = 223;

/// Eight random bytes: all that the standard has room for, so each is used once and for a minute.
pub(super) fn nonce() -> Result<[u8; 8], PresenceError> {
    crypto::random().map_err(|_| PresenceError::NoRandom)
}

/// INTERNAL AUTHENTICATE with the nonce.
///
/// A signature of RSA-2048 does not fit a short answer under secure messaging: extended length is asked for, and a chip or reader
/// without it gives the answer in parts.
pub(super) fn commands(nonce: &[u8; 8], signature_size: usize) -> Result<Vec<CommandApdu>, PresenceError> {
    let le = if signature_size > SHORT_SIGNATURE { EXTENDED_ANSWER } else { SHORT_ANSWER };
    let command = CommandApdu::new(0x00, 0x88, 0x00, 0x00)
        .with_data(*nonce)
        .map_err(|_| PresenceError::Malformed("command"))?
        .expecting(le);
    Ok(vec![command])
}

/// The signature must be by the key of DG15, over our nonce, with the hash that DG14 names.
pub(super) fn judge(
    card: &AuthenticCard,
    nonce: &[u8; 8],
    answer: &ResponseApdu,
) -> Result<(), PresenceError> {
    if !answer.sw.is_ok() {
        return Err(PresenceError::ChipRefused(answer.sw));
    }
    let chip = card.active_authentication().ok_or(PresenceError::CannotProve)?;
    // r‖s or, on some cards, DER: either is a signature by the right key.
    chip.key.verify(chip.named_digest, nonce, &answer.data).map(drop).map_err(|error| match error {
        PkiError::Internal => PresenceError::Untrusted(error),
        _ => PresenceError::ChipNotGenuine,
    })
}
