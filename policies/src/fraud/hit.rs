//! What looked wrong, how much, and by which numbers?

use std::fmt;

use crate::RiskSignal;

/// One thing that looked wrong (*indice*).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hit {
    /// What.
    pub signal: RiskSignal,
    /// How much, from 1 to 100: the chance in percent that it is fraud, were nothing else known.
    pub weight: u8,
    /// Of whom it makes one think: that is where it is remembered.
    pub about: Subject,
    /// By which numbers.
    pub why: Why,
}

/// Whom a hit is remembered of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// The card, wherever it goes.
    Card,
    /// The reader, whichever card is on it.
    Station,
    /// The establishment. It is for those who look at cases: no patient is asked for more because of where they stand.
    Establishment,
}

/// The numbers of a hit: no words, no names, nothing that needs a language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Why {
    /// What the numbers count: a unit or a thing, in kebab-case.
    pub of: &'static str,
    /// How much was seen.
    pub seen: u64,
    /// How much an honest one would show at the most.
    pub plausible: u64,
    /// Over how many seconds, or 0.
    pub seconds: u64,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { of, seen, plausible, seconds } = self;
        write!(f, "{of}: {seen} seen, {plausible} plausible")?;
        if *seconds > 0 { write!(f, ", in {seconds} s") } else { Ok(()) }
    }
}
