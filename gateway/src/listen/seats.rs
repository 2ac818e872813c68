//! Is there room for one more connection, and who leaves for it?
//!
//! A lock is taken when a connection comes, names its certificate and goes; never by a request. A full house is
//! searched for the seat that has been idle longest, 16,384 at most: some tens of microseconds, only then.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

/// How many may sit.
pub(super) struct Bounds {
    pub(super) total: usize,
    pub(super) per_certificate: usize,
    pub(super) per_address: usize,
}

/// All seats of one port.
pub(super) struct Seats {
    bounds: Bounds,
    opened: Instant,
    drain: CancellationToken,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    next: u64,
    seats: HashMap<u64, Arc<Occupant>>,
    of_address: HashMap<IpAddr, usize>,
    of_certificate: HashMap<Arc<str>, usize>,
}

/// One connection's seat; dropping it frees the seat.
pub(super) struct Seat {
    house: Arc<Seats>,
    number: u64,
    occupant: Arc<Occupant>,
}

/// What is known of a connection while it sits.
pub(super) struct Occupant {
    address: IpAddr,
    certificate: OnceLock<Arc<str>>,
    opened: Instant,
    in_flight: AtomicU32,
    /// Milliseconds after `opened` of the last thing that happened: a request, a piece of an answer, its end.
    moved: AtomicU64,
    served: AtomicBool,
    evicted: AtomicBool,
    close: CancellationToken,
}

/// A request in flight: its connection is not idle until the answer's last byte is written.
pub(super) struct InFlight(Arc<Occupant>);

impl Seats {
    /// Connections are asked to close when `drain` is cancelled.
    pub(super) fn new(bounds: Bounds, drain: CancellationToken) -> Self {
        Self { bounds, opened: Instant::now(), drain, taken: Mutex::default() }
    }

    /// A seat for a newcomer, if need be that of the longest idle; `None` where nobody is idle.
    pub(super) fn take(self: &Arc<Self>, address: IpAddr) -> Option<Seat> {
        let mut taken = self.taken();
        if taken.of_address.get(&address).is_some_and(|count| *count >= self.bounds.per_address) {
            taken.evict(|occupant| occupant.address == address)?;
        }
        if taken.seats.len() >= self.bounds.total {
            taken.evict(|_| true)?;
        }
        let number = taken.next;
        taken.next = taken.next.wrapping_add(1);
        let occupant = Arc::new(Occupant {
            address,
            certificate: OnceLock::new(),
            opened: self.opened,
            in_flight: AtomicU32::new(0),
            moved: AtomicU64::new(millis(self.opened.elapsed())),
            served: AtomicBool::new(false),
            evicted: AtomicBool::new(false),
            close: self.drain.child_token(),
        });
        taken.seats.insert(number, Arc::clone(&occupant));
        *taken.of_address.entry(address).or_default() += 1;
        Some(Seat { house: Arc::clone(self), number, occupant })
    }

    /// A poisoned lock means a panic between two map operations; the counts are at worst one off.
    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    /// Closes the longest idle connection among those that `which` names.
    fn evict(&mut self, which: impl Fn(&Occupant) -> bool) -> Option<()> {
        let longest_idle = self
            .seats
            .iter()
            .filter(|(_, occupant)| occupant.is_idle() && which(occupant))
            .min_by_key(|(number, occupant)| (occupant.moved.load(Relaxed), **number))
            .map(|(number, _)| *number)?;
        let occupant = self.leave(longest_idle)?;
        occupant.evicted.store(true, Relaxed);
        occupant.close.cancel();
        Some(())
    }

    fn leave(&mut self, number: u64) -> Option<Arc<Occupant>> {
        let occupant = self.seats.remove(&number)?;
        count_down(&mut self.of_address, &occupant.address);
        if let Some(certificate) = occupant.certificate.get() {
            count_down(&mut self.of_certificate, certificate);
        }
        Some(occupant)
    }
}

fn count_down<K: Eq + std::hash::Hash>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(key);
        }
    }
}

impl Seat {
    /// The handshake named the holder: counts against its certificate. `false` where all of them are busy.
    pub(super) fn name(&self, thumbprint: &Arc<str>) -> bool {
        let mut taken = self.house.taken();
        let held = taken.of_certificate.get(thumbprint).copied().unwrap_or(0);
        if held >= self.house.bounds.per_certificate
            && taken.evict(|occupant| occupant.certificate.get() == Some(thumbprint)).is_none()
        {
            return false;
        }
        // Evicted between the handshake and now: the seat is gone, and `closing` says so to the connection.
        if taken.seats.contains_key(&self.number)
            && self.occupant.certificate.set(Arc::clone(thumbprint)).is_ok()
        {
            *taken.of_certificate.entry(Arc::clone(thumbprint)).or_default() += 1;
        }
        true
    }

    pub(super) fn occupant(&self) -> &Arc<Occupant> {
        &self.occupant
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.house.taken().leave(self.number);
    }
}

impl Occupant {
    /// A request begins.
    pub(super) fn begin(self: &Arc<Self>) -> InFlight {
        self.in_flight.fetch_add(1, Relaxed);
        self.served.store(true, Relaxed);
        self.note();
        InFlight(Arc::clone(self))
    }

    /// Something happened.
    fn note(&self) {
        self.moved.store(millis(self.opened.elapsed()), Relaxed);
    }

    /// Whether no request is in flight.
    pub(super) fn is_idle(&self) -> bool {
        self.in_flight.load(Relaxed) == 0
    }

    /// How long nothing has happened.
    pub(super) fn still_for(&self) -> Duration {
        let now = millis(self.opened.elapsed());
        Duration::from_millis(now.saturating_sub(self.moved.load(Relaxed)))
    }

    /// Whether a request ever came.
    pub(super) fn served(&self) -> bool {
        self.served.load(Relaxed)
    }

    /// Whether the seat was given to another.
    pub(super) fn evicted(&self) -> bool {
        self.evicted.load(Relaxed)
    }

    /// Cancelled when the connection must go: its seat was given away, or the port drains.
    pub(super) fn close(&self) -> &CancellationToken {
        &self.close
    }
}

impl InFlight {
    /// A piece of the answer was taken.
    pub(super) fn note(&self) {
        self.0.note();
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.note();
        self.0.in_flight.fetch_sub(1, Relaxed);
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn house(total: usize, per_certificate: usize, per_address: usize) -> Arc<Seats> {
        Arc::new(Seats::new(Bounds { total, per_certificate, per_address }, CancellationToken::new()))
    }

    fn ip(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    #[test]
    fn the_longest_idle_leaves_a_full_house() {
        let house = house(2, 9, 9);
        let first = house.take(ip(1)).unwrap();
        let second = house.take(ip(2)).unwrap();
        let third = house.take(ip(3)).unwrap();
        assert!(first.occupant.evicted() && first.occupant.close().is_cancelled());
        assert!(!second.occupant.evicted() && !third.occupant.evicted());
        drop(first);
        assert_eq!(house.taken().seats.len(), 2);
    }

    #[test]
    fn who_is_being_served_keeps_the_seat() {
        let house = house(1, 9, 9);
        let only = house.take(ip(1)).unwrap();
        let request = only.occupant.begin();
        assert!(house.take(ip(2)).is_none());
        assert!(!only.occupant.is_idle());
        drop(request);
        assert!(only.occupant.is_idle());
        assert!(house.take(ip(2)).is_some());
    }

    #[test]
    fn one_address_or_certificate_pushes_out_only_its_own() {
        let house = house(9, 1, 2);
        let other = house.take(ip(9)).unwrap();
        let a = house.take(ip(1)).unwrap();
        let _b = house.take(ip(1)).unwrap();
        let c = house.take(ip(1)).unwrap();
        assert!(a.occupant.evicted() && !other.occupant.evicted());
        let thumbprint: Arc<str> = "same".into();
        assert!(other.name(&thumbprint));
        assert!(c.name(&thumbprint));
        assert!(other.occupant.evicted() && !c.occupant.evicted());
        drop((a, other, c));
        assert!(house.taken().of_certificate.is_empty());
    }
}
