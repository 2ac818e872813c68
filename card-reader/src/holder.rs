//! Is the holder there, and do they agree? The PIN, the key behind it, and who vouches for that key.
//!
//! Beside the travel document a card may have an application of its holder (ISO/IEC 7816-15, as IAS ECC has it): an X.509
//! certificate that anybody past PACE may read, and a key that signs only after VERIFY in the same session.
//!
//! As with presence, a challenge is a list of command APDUs made by the gateway and a proof is the list of answers. One command the
//! gateway cannot make, for the PIN never leaves the station: it marks the place with a VERIFY *without* data. To a card that asks
//! how many tries are left (ISO/IEC 7816-4 §11.6.6); to a station it says "here the holder types". The station puts the PIN into
//! that one command, of that one reference, and runs no VERIFY that comes with data.
//!
//! - `application`: where does this card generation keep the holder's certificate, PIN and key?
//! - `pin`: the number that only the holder knows.
//! - `challenge`: what must the card do, and did it?

mod application;
mod challenge;
mod error;
mod pin;

pub use application::{HolderApplication, PinState};
pub use challenge::{HolderChallenge, HolderProof};
pub use error::HolderError;
pub use pin::Pin;
