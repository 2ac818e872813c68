//! Do both sides know the CAN? PACE with the generic mapping (ICAO 9303-11 §4.4).
//!
//! The terminal's side is here, the chip's in [`chip`]. Both are free of I/O: a state is told the other side's message and becomes the
//! next state with the next message, or ends. No state can be used twice.

#[cfg(any(test, feature = "simulated"))]
pub mod chip;
mod terminal;

pub use terminal::{PaceStep, PaceTerminal};

use crate::crypto::{CurvePoint, SessionKeys};
use crate::tlv;

/// The CAN as reference of the password in MSE:Set AT (9303-11 §4.4.4.1).
pub const CAN_REFERENCE: u8 = 2;

/// Object identifier.
pub(crate) const OBJECT_IDENTIFIER: u32 = 0x06;
/// Dynamic authentication data (9303-11 §4.4.4.2).
pub(crate) const DYNAMIC_DATA: u32 = 0x7c;
/// Public key template of the token.
const PUBLIC_KEY: u32 = 0x7f49;
/// Uncompressed point in that template.
const PUBLIC_POINT: u32 = 0x86;

/// The authentication token over the *other* side's ephemeral key (9303-11 §4.4.3.4).
#[must_use]
pub fn token(keys: &SessionKeys, protocol: &[u8], point: &CurvePoint) -> [u8; 8] {
    keys.mac(&token_input(protocol, point.octets()))
}

fn token_input(protocol: &[u8], point: &[u8]) -> Vec<u8> {
    tlv::encode_all(
        PUBLIC_KEY,
        &[&tlv::encode(OBJECT_IDENTIFIER, protocol), &tlv::encode(PUBLIC_POINT, point)],
    )
}

/// One object inside `7C L`.
pub(crate) fn dynamic(tag: u32, value: &[u8]) -> Vec<u8> {
    tlv::encode(DYNAMIC_DATA, &tlv::encode(tag, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::Cipher;

    // ICAO 9303-11 appendix G.1: the tokens do not depend on the curve, only on the encoding of the points.
    #[test]
    fn the_tokens_of_the_worked_example() {
        let secret = hex::decode("28768D20701247DAE81804C9E780EDE582A9996DB4A315020B2733197DB84925").unwrap();
        let keys = SessionKeys::derive(Cipher::Aes128, &secret);
        let protocol = hex::decode("04007F00070202040202").unwrap();
        let chip = "049E880F842905B8B3181F7AF7CAA9F0EFB743847F44A306D2D28C1D9EC65DF6DB\
                    7764B22277A2EDDC3C265A9F018F9CB852E111B768B326904B59A0193776F094";
        let terminal = "042DB7A64C0355044EC9DF190514C625CBA2CEA48754887122F3A5EF0D5EDD301C\
                        3556F3B3B186DF10B857B58F6A7EB80F20BA5DC7BE1D43D9BF850149FBB36462";
        let of = |point: &str| keys.mac(&token_input(&protocol, &hex::decode(point).unwrap()));
        assert_eq!(hex::encode_upper(of(chip)), "C2B0BD78D94BA866");
        assert_eq!(hex::encode_upper(of(terminal)), "3ABB9674BCE93C08");
    }
}
