//! How does a simulated card get into a real PC/SC reader?
//!
//! Debian's `vsmartcard-vpcd` gives pcscd a virtual reader with two slots, which listen on TCP 35963 and 35964.
//! Whoever connects is the card: connected means inserted, closed means removed. A frame is a big-endian `u16`
//! length and that many bytes; one byte from the reader is a control, more are a command APDU.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::simulated::SimulatedCard;
use crate::transport::TransportError;

/// The first slot of the virtual reader as Debian ships it (`/etc/reader.conf.d/vpcd`, 0x8C7B).
pub const FIRST_SLOT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 35963);
/// The second slot.
pub const SECOND_SLOT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 35964);

/// How often a waiting card looks whether it is to be pulled out.
const PATIENCE: Duration = Duration::from_millis(100);

const POWER_OFF: u8 = 0x00;
const POWER_ON: u8 = 0x01;
const RESET: u8 = 0x02;
const GET_ATR: u8 = 0x04;

/// Why the card could not be put into the reader, or was thrown out of it.
#[derive(Debug, thiserror::Error)]
pub enum VpcdError {
    /// Nothing listens where the virtual reader should.
    #[error(
        "no virtual reader listens on {0}: is pcscd running, with the package vsmartcard-vpcd installed?"
    )]
    NoVirtualReader(SocketAddr),
    /// The connection broke.
    #[error("the virtual reader broke the connection")]
    Link(#[from] io::Error),
}

/// How a card came out of the reader again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unplugged {
    /// We were asked to pull it out.
    OnRequest,
    /// The card file tells the card to leave in the middle of a conversation.
    ByItself,
    /// pcscd closed the reader.
    ByReader,
}

/// A simulated card on its way into a slot of the virtual reader.
pub struct VirtualSlot {
    stream: TcpStream,
}

impl VirtualSlot {
    /// Puts a card into the slot at `address`: from here on pcscd sees a card there.
    pub fn insert(address: SocketAddr) -> Result<VirtualSlot, VpcdError> {
        let stream = TcpStream::connect_timeout(&address, Duration::from_secs(2))
            .map_err(|_| VpcdError::NoVirtualReader(address))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(VirtualSlot { stream })
    }

    /// Answers the reader until the card is pulled out; `stop` pulls it out.
    pub fn run(&mut self, card: &mut SimulatedCard, stop: &AtomicBool) -> Result<Unplugged, VpcdError> {
        loop {
            let Some(frame) = self.read_frame(stop)? else {
                return Ok(if stop.load(Ordering::SeqCst) {
                    Unplugged::OnRequest
                } else {
                    Unplugged::ByReader
                });
            };
            let answer = match frame.as_slice() {
                [] => continue,
                [GET_ATR] => card.atr().to_vec(),
                [POWER_OFF | POWER_ON | RESET] => {
                    // A chip without power forgets its secure channel and what a PIN had opened.
                    card.reset();
                    continue;
                }
                command => match card.process(command) {
                    Ok(answer) => answer,
                    Err(TransportError::Silent) => {
                        // A mute chip: the reader waits until somebody pulls the card out.
                        while !stop.load(Ordering::SeqCst) && !self.hung_up()? {
                            std::thread::sleep(PATIENCE);
                        }
                        return Ok(Unplugged::OnRequest);
                    }
                    Err(_) => return Ok(Unplugged::ByItself),
                },
            };
            self.write_frame(&answer)?;
        }
    }

    /// One frame, or nothing when the reader hung up or `stop` was asked for.
    fn read_frame(&mut self, stop: &AtomicBool) -> Result<Option<Vec<u8>>, VpcdError> {
        let mut length = [0; 2];
        if !self.fill(&mut length, stop)? {
            return Ok(None);
        }
        let mut frame = vec![0; usize::from(u16::from_be_bytes(length))];
        Ok(self.fill(&mut frame, stop)?.then_some(frame))
    }

    /// Reads exactly as many bytes as asked for: several frames may arrive in one segment, one frame in several.
    fn fill(&mut self, buffer: &mut [u8], stop: &AtomicBool) -> Result<bool, VpcdError> {
        let mut rest = buffer;
        while !rest.is_empty() {
            // vpcd sends length and body in two writes without TCP_NODELAY: unless we acknowledge at once, its
            // second write waits 40 ms for our delayed ACK. The flag is forgotten after each read.
            #[cfg(target_os = "linux")]
            std::os::linux::net::TcpStreamExt::set_quickack(&self.stream, true)?;
            match self.stream.read(rest) {
                Ok(0) => return Ok(false),
                Ok(read) => rest = rest.split_at_mut_checked(read).map_or(&mut [], |(_, after)| after),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    if stop.load(Ordering::SeqCst) {
                        return Ok(false);
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(true)
    }

    fn write_frame(&mut self, answer: &[u8]) -> Result<(), VpcdError> {
        let length = u16::try_from(answer.len()).map_err(|_| io::Error::from(ErrorKind::InvalidData))?;
        let mut frame = Vec::with_capacity(answer.len() + 2);
        frame.extend_from_slice(&length.to_be_bytes());
        frame.extend_from_slice(answer);
        Ok(self.stream.write_all(&frame)?)
    }

    fn hung_up(&self) -> Result<bool, VpcdError> {
        match self.stream.peek(&mut [0]) {
            Ok(read) => Ok(read == 0),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
