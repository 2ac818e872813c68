//! Was this card really here, answering our challenge?
//!
//! The modules in reading order, each with the question it answers:
//!
//! - [`apdu`]: what is said to a card, and what does it say back?
//! - [`tlv`]: what is inside these bytes? (BER-TLV, bounded)
//! - [`transport`]: how do the bytes reach the card? The one seam towards readers.
//! - `exchange`: how does one command become one answer, whatever the chip's length limits?
//! - [`can`]: the number printed on the card that opens the conversation.
//! - [`crypto`]: which keys, which cipher, which curve?
//! - [`pace`]: do both sides know the CAN?
//! - [`secure_messaging`]: is this message from the other side, in its place, unread?
//! - [`lds`]: what do the files of the chip say? (nothing is believed here)
//! - [`profile`]: where does this card generation keep what we need?
//! - [`conversation`]: what does the station do with a card, from PACE to the proof?
//! - [`transcript`]: what did the station say the card said, and does a state vouch for it?
//! - [`challenge`]: what must this chip do to prove that it is the original, now?
//! - [`presence`]: the proof.
//! - [`holder`]: is the holder there, and do they agree? (PIN)
//! - [`error`]: what went wrong, and whose fault is it?
//! - `simulated` (feature `simulated`): a chip in software.
//! - `vpcd` (feature `simulated`): how does a simulated card get into a real PC/SC reader?
//! - `counter` (feature `counter`): how does a card on a reader become a session at the gateway, seen from the counter?
//!
//! Protocol code is free of I/O: it says which command comes next and is told the answer, so the
//! station and the gateway drive the same code.

pub mod apdu;
pub mod can;
pub mod challenge;
pub mod conversation;
#[cfg(feature = "counter")]
pub mod counter;
pub mod crypto;
pub mod error;
mod exchange;
pub mod holder;
pub mod lds;
pub mod pace;
pub mod presence;
pub mod profile;
pub mod secure_messaging;
#[cfg(feature = "simulated")]
pub mod simulated;
pub mod tlv;
pub mod transcript;
pub mod transport;
#[cfg(feature = "simulated")]
pub mod vpcd;

pub use apdu::{CommandApdu, ResponseApdu, StatusWord};
pub use can::Can;
pub use challenge::{Challenge, PresenceMethod};
pub use conversation::Conversation;
pub use error::{CardError, Party, PresenceError};
pub use holder::{HolderChallenge, HolderError, HolderProof, Pin};
pub use presence::PresenceProof;
pub use profile::{CardProfile, NationalNumber};
pub use transcript::{AuthenticCard, CardTranscript};
pub use transport::{CardTransport, TransportError};
