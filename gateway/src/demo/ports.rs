//! On which ports does the demonstration stand, and what if one is taken?

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::TcpListener;

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

    /// The ports that others listen on: +2 is the security console's.
    fn of_others(self) -> [u16; 2] {
        [self.base + 2, self.counter()]
    }
}

/// The listeners of one demonstration, bound before anything is written: between the choice of a base and the
/// start of the last back-end nobody can take a port.
#[derive(Debug)]
pub struct Listeners {
    /// Where they are.
    pub ports: Ports,
    /// The gateway's mTLS API.
    pub api: TcpListener,
    /// Metadata, keys, health.
    pub public: TcpListener,
    /// The sample back-ends, in the order of [`SERVICES`].
    pub back_ends: Vec<TcpListener>,
}

impl Listeners {
    /// On the first base from `wanted` on, in steps of ten, on which every port is free.
    pub async fn from(wanted: u16) -> io::Result<Self> {
        for step in 0..TRIES {
            let base = STEP.checked_mul(step).and_then(|distance| wanted.checked_add(distance));
            let Some(base) = base.filter(|base| (1..=u16::MAX - STEP).contains(base)) else { break };
            if let Ok(listeners) = Self::at(Ports::at(base)).await {
                return Ok(listeners);
            }
        }
        Err(io::Error::new(io::ErrorKind::AddrInUse, format!("no free ports were found from {wanted} on")))
    }

    async fn at(ports: Ports) -> io::Result<Self> {
        let api = bind(ports.api()).await?;
        let public = bind(ports.public()).await?;
        let mut back_ends = Vec::with_capacity(SERVICES.len());
        for (place, _) in (0..).zip(SERVICES) {
            back_ends.push(bind(ports.back_end(place)).await?);
        }
        for port in ports.of_others() {
            drop(bind(port).await?);
        }
        Ok(Self { ports, api, public, back_ends })
    }
}

/// Free on both loopback addresses, as `localhost` may mean either; held on the first.
async fn bind(port: u16) -> io::Result<TcpListener> {
    let held = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    match TcpListener::bind(SocketAddr::from((Ipv6Addr::LOCALHOST, port))).await {
        Ok(_free) => Ok(held),
        // A machine without IPv6 has no ::1 to be taken.
        Err(error)
            if matches!(error.kind(), io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported)
                || error.raw_os_error() == Some(EAFNOSUPPORT) =>
        {
            Ok(held)
        }
        Err(taken) => Err(taken),
    }
}

/// "Address family not supported by protocol" on Linux.
const EAFNOSUPPORT: i32 = 97;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_taken_port_moves_the_whole_base() {
        let first = Listeners::from(23_440).await.unwrap();
        let moved = Listeners::from(first.ports.base()).await.unwrap();
        assert!(moved.ports.base() >= first.ports.base() + STEP);
    }

    #[tokio::test]
    async fn a_chosen_port_is_held_until_it_is_used() {
        let listeners = Listeners::from(24_440).await.unwrap();
        let ports = listeners.ports;
        for port in [ports.api(), ports.public(), ports.back_end(0), ports.back_end(2)] {
            assert!(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.is_err(), "{port} could be taken");
        }
    }
}
