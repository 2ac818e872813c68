//! How many callers that proved nothing may one address send, and how many of their refusals are told one by one?
//!
//! Who has no certificate is nobody until the proof is sound: it costs us signatures and, without a bound, would write
//! our log for us. So refusals are counted by address and second. Beyond a bound the address is refused unread for the
//! rest of the second; the first refusal of an address in a second has its own event, the others are a number in the
//! next. Kept in this process: what it protects is this process.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;

use crate::limits::{UNPROVEN_ADDRESSES, UNPROVEN_EVENTS_PER_SECOND, UNPROVEN_PER_SECOND};
use crate::problem::{Problem, ProblemCode};

/// Refusals of callers that proved nothing (*refus d'inconnus*).
#[derive(Debug, Default)]
pub struct UnprovenCallers(Mutex<Refusals>);

#[derive(Debug, Default)]
struct Refusals {
    second: i64,
    of_address: HashMap<IpAddr, u32>,
    /// Those that had an event of their own this second.
    told: usize,
    /// Those of seconds that are over, which nobody was told of.
    untold: Untold,
}

/// Refusals that have no event of their own (*refus comptés*).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Untold {
    /// How many, by address, as far as they are listed.
    pub of_address: Vec<(IpAddr, u64)>,
    /// How many more, of other addresses.
    pub more: u64,
}

/// Leave to look at one request of somebody unknown (*essai*). Only [`UnprovenCallers::attempt`] gives it.
#[derive(Debug)]
#[must_use]
pub struct Attempt(());

/// Whether a refusal has an event of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Telling {
    /// It has.
    Now,
    /// It is a number in the next.
    Counted,
}

impl UnprovenCallers {
    /// Whether a request from there is looked at.
    ///
    /// # Errors
    /// `rate-limited`, with the time to wait, after too many refusals in this second.
    pub fn attempt(&self, address: IpAddr, at: OffsetDateTime) -> Result<Attempt, Problem> {
        let refusals = self.at(at);
        match refusals.of_address.get(&network(address)) {
            Some(refused) if *refused >= UNPROVEN_PER_SECOND => {
                Err(Problem::new(ProblemCode::RateLimited).with_retry_after(Duration::from_secs(1)))
            }
            _ => Ok(Attempt(())),
        }
    }

    /// Counts a refusal and says how it is told.
    pub fn refused(&self, address: IpAddr, at: OffsetDateTime) -> Telling {
        let mut refusals = self.at(at);
        let network = network(address);
        let room = refusals.of_address.len() < UNPROVEN_ADDRESSES;
        match refusals.of_address.get_mut(&network) {
            Some(refused) => *refused = refused.saturating_add(1),
            None if room => {
                if refusals.told < UNPROVEN_EVENTS_PER_SECOND {
                    refusals.told += 1;
                    refusals.of_address.insert(network, 1);
                    return Telling::Now;
                }
                refusals.of_address.insert(network, 1);
                refusals.untold.more = refusals.untold.more.saturating_add(1);
            }
            None => refusals.untold.more = refusals.untold.more.saturating_add(1),
        }
        Telling::Counted
    }

    /// What was counted in seconds that are over and not told yet; it is the caller's to tell now.
    pub fn settle(&self, at: OffsetDateTime) -> Option<Untold> {
        let untold = std::mem::take(&mut self.at(at).untold);
        (untold != Untold::default()).then_some(untold)
    }

    fn at(&self, at: OffsetDateTime) -> MutexGuard<'_, Refusals> {
        let mut refusals = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let second = at.unix_timestamp();
        if refusals.second != second {
            refusals.turn(second);
        }
        refusals
    }
}

impl Refusals {
    /// The second is over: what it did not tell is kept as numbers, of a bounded number of addresses.
    fn turn(&mut self, second: i64) {
        self.second = second;
        self.told = 0;
        for (address, refused) in std::mem::take(&mut self.of_address) {
            // The first was told, or counted among `more`.
            let untold = u64::from(refused.saturating_sub(1));
            if untold == 0 {
                continue;
            }
            let listed = self.untold.of_address.len();
            match self.untold.of_address.iter_mut().find(|(known, _)| *known == address) {
                Some((_, count)) => *count = count.saturating_add(untold),
                None if listed < UNPROVEN_EVENTS_PER_SECOND => {
                    self.untold.of_address.push((address, untold));
                }
                None => self.untold.more = self.untold.more.saturating_add(untold),
            }
        }
    }
}

/// One host has one IPv4 address and, at its whim, any of a /64 (RFC 6177).
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn the_first_refusal_of_a_second_is_told_and_the_rest_is_a_number() {
        let callers = UnprovenCallers::default();
        let told = (0..10).filter(|_| callers.refused(address(1), START) == Telling::Now).count();
        assert_eq!(told, 1);
        assert_eq!(callers.refused(address(2), START), Telling::Now, "another address has its own");
        assert_eq!(callers.settle(START), None, "the second is not over");
        let later = START + Duration::from_secs(1);
        assert_eq!(callers.settle(later), Some(Untold { of_address: vec![(address(1), 9)], more: 0 }));
        assert_eq!(callers.settle(later), None, "told once");
        assert_eq!(callers.refused(address(1), later), Telling::Now);
    }

    #[test]
    fn who_is_refused_too_often_waits_for_the_next_second_and_its_neighbour_does_not() {
        let callers = UnprovenCallers::default();
        for _ in 0..UNPROVEN_PER_SECOND {
            assert!(callers.attempt(address(1), START).is_ok());
            let _ = callers.refused(address(1), START);
        }
        let waits = callers.attempt(address(1), START).unwrap_err();
        assert_eq!((waits.code(), waits.retry_after()), (ProblemCode::RateLimited, Some(1)));
        assert!(callers.attempt(address(2), START).is_ok());
        assert!(callers.attempt(address(1), START + Duration::from_secs(1)).is_ok());
        let [one, other] = ["2001:db8::1", "2001:db8::ffff:1"].map(|text| text.parse::<IpAddr>().unwrap());
        assert_eq!(callers.refused(one, START), Telling::Now);
        assert_eq!(callers.refused(other, START), Telling::Counted, "the same /64");
    }

    #[test]
    fn a_flood_from_everywhere_is_bounded_in_memory_and_in_events() {
        let callers = UnprovenCallers::default();
        let everywhere = u32::try_from(UNPROVEN_ADDRESSES * 2).unwrap();
        let told = (0..everywhere)
            .filter(|number| callers.refused(IpAddr::from(number.to_be_bytes()), START) == Telling::Now)
            .count();
        assert_eq!(told, UNPROVEN_EVENTS_PER_SECOND);
        assert_eq!(callers.at(START).of_address.len(), UNPROVEN_ADDRESSES);
        let untold = callers.settle(START + Duration::from_secs(1)).unwrap();
        assert_eq!(untold.more, u64::from(everywhere) - u64::try_from(told).unwrap(), "none is lost");
        assert!(untold.of_address.is_empty());
    }
}
