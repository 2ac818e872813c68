//! What looks wrong? (*lutte contre la fraude*)
//!
//! Pure: one [`Observation`] and the windows of what was seen before go in, [`Hit`]s with their numbers come out.
//! Nothing here reads a clock, a store or a random number, so a replay of the same days gives the same cases. Modules
//! in reading order:
//!
//! | module | the question it answers |
//! |---|---|
//! | [`observation`] | what was seen, where, of which card? |
//! | [`key`] | by what is a card remembered without knowing whose it is? |
//! | [`window`] | what is remembered, how small, for how long? |
//! | [`mod@wanted`] | which windows does an observation go into? |
//! | [`in_process`] | what does one process remember? |
//! | `hours`, `ramadan` | is an establishment closed, and which night is it? |
//! | [`signals`] | which signals are there? One file each |
//! | `address`, `busy` | is an address believed? how busy are the busiest hours? |
//! | [`travel`] | how far can somebody come in a given time? |
//! | [`day`], [`peers`] | what did an establishment do, and more often than its peers? |
//! | [`chance`] | how likely is so much by chance? |
//! | [`hit`] | what looked wrong, how much, and by which numbers? |
//! | [`score`] | how do hits combine, and how do they fade? |
//! | [`engine`] | one observation and its windows in, hits and a score out |

mod address;
mod busy;
pub mod chance;
pub mod day;
pub mod engine;
pub mod hit;
mod hours;
pub mod in_process;
pub mod key;
pub mod observation;
pub mod peers;
mod ramadan;
pub mod score;
pub mod signals;
pub mod travel;
pub mod wanted;
pub mod window;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod testing;

pub use crate::facts::{OpeningHours, Position};
pub use day::{Acts, EstablishmentDay};
pub use engine::{Engine, Judged};
pub use hit::{Hit, Subject, Why};
pub use in_process::InProcessWindows;
pub use key::{
    CardKey, CertificateKey, ChipKey, EstablishmentKey, PractitionerKey, PrescriptionKey, StationKey,
};
pub use observation::{EstablishmentFacts, Observation, PresenceSeen, Secret, Seen, Timing};
pub use score::{LONE_MAX, number};
pub use signals::Signal;
pub use wanted::wanted;
pub use window::{Entry, Wanted, Window, WindowKey, WindowKind};
