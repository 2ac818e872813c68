//! Can the chip sign our nonce? (ICAO 9303-11 §6.1)

use pki::PkiError;

use crate::apdu::{CommandApdu, ResponseApdu, SHORT_ANSWER};
use crate::crypto;
use crate::error::PresenceError;
use crate::transcript::AuthenticCard;

/// INTERNAL AUTHENTICATE with eight random bytes: all that the standard has room for, so each is used once and for a minute.
pub(super) fn commands() -> Result<([u8; 8], Vec<CommandApdu>), PresenceError> {
    let nonce = crypto::random().map_err(|_| PresenceError::NoRandom)?;
    let command = CommandApdu::new(0x00, 0x88, 0x00, 0x00)
        .with_data(nonce)
        .map_err(|_| PresenceError::Malformed("command"))?
        .expecting(SHORT_ANSWER);
    Ok((nonce, vec![command]))
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
    chip.key.verify(chip.hash, nonce, &answer.data).map(drop).map_err(|error| match error {
        PkiError::Internal => PresenceError::Untrusted(error),
        _ => PresenceError::ChipNotGenuine,
    })
}
