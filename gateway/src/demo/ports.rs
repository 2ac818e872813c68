//! On which ports does the demonstration stand, and what if one is taken?

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use super::clients::SERVICES;

/// Bases are tried in this distance: wider than the ports of one demonstration.
const STEP: u16 = 10;
const TRIES: u16 = 200;

/// The ports of one demonstration, by their base (ports).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports {
    base: u16,
}

impl Ports {
    /// Ports from this base, free or not.
    pub fn at(base: u16) -> Self {
        Self { base }
    }

    /// The first base from `wanted` on, in steps of ten, on which every port is free.
    pub fn free_from(wanted: u16) -> io::Result<Self> {
        let candidates = (0..TRIES).filter_map(|step| wanted.checked_add(STEP.checked_mul(step)?));
        let mut candidates = candidates.filter(|base| (1..=u16::MAX - STEP).contains(base)).map(Self::at);
        candidates.find(|ports| ports.all().all(is_free)).ok_or_else(|| {
            io::Error::new(io::ErrorKind::AddrInUse, format!("no free ports were found from {wanted} on"))
        })
    }

    /// The first port.
    pub fn base(self) -> u16 {
        self.base
    }

    /// The gateway's mTLS API.
    pub fn api(self) -> u16 {
        self.base
    }

    /// Metadata, keys, health.
    pub fn public(self) -> u16 {
        self.base + 1
    }

    /// The counter's page, served by `bawaba-counter`.
    pub fn counter(self) -> u16 {
        self.base + 3
    }

    /// A sample back-end, by its place in [`SERVICES`].
    pub fn back_end(self, place: u16) -> u16 {
        self.base + 4 + place
    }

    /// `https://localhost:<port>`.
    pub fn url(port: u16) -> String {
        format!("https://localhost:{port}")
    }

    fn all(self) -> impl Iterator<Item = u16> {
        // +2 is the security console's.
        (0..=3)
            .map(move |offset| self.base + offset)
            .chain((0..).zip(SERVICES).map(move |(n, _)| self.back_end(n)))
    }
}

/// Free on both loopback addresses: `localhost` may mean either.
fn is_free(port: u16) -> bool {
    let taken = |address: SocketAddr| {
        TcpListener::bind(address).is_err_and(|error| {
            // A machine without IPv6 has no ::1 to be taken.
            !matches!(error.kind(), io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported)
                && error.raw_os_error() != Some(EAFNOSUPPORT)
        })
    };
    !taken((Ipv4Addr::LOCALHOST, port).into()) && !taken((Ipv6Addr::LOCALHOST, port).into())
}

/// "Address family not supported by protocol" on Linux.
const EAFNOSUPPORT: i32 = 97;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_moves_the_whole_base() {
        // Any free base, then one of its ports taken.
        let ports = Ports::free_from(23_440).unwrap();
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, ports.back_end(1))).unwrap();
        let moved = Ports::free_from(ports.base()).unwrap();
        assert!(moved.base() >= ports.base() + STEP);
        drop(taken);
    }
}
