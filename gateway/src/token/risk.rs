//! What looked wrong when the session was opened, in words for the gateway alone?
//!
//! Every token says it in as many octets, and nothing in them is legible: whoever holds a copied card and the token of a
//! counter learns neither that something was noticed nor what.

use hsm_config::HsmError;
use policies::{RiskFacts, RiskSignal};
use uuid::Uuid;

use super::{SessionClaims, TokenError};
use crate::state::Envelope;

/// Form, flags, score, and a bit for each signal.
const OCTETS: usize = 8;
const FORM: u8 = 1;

const QUARANTINED: u8 = 1;
const UNKNOWN: u8 = 2;

pub(super) fn seal(envelope: &Envelope, claims: &SessionClaims) -> Result<Vec<u8>, TokenError> {
    Ok(envelope.seal(&write(&claims.risk), &bound(claims.id), claims.issued_at)?)
}

pub(super) fn open(envelope: &Envelope, session: Uuid, sealed: &[u8]) -> Result<RiskFacts, TokenError> {
    match envelope.open(sealed, &bound(session)) {
        Ok(octets) => read(&octets).ok_or(TokenError::Claims("risk")),
        Err(HsmError::NotSealedHere { .. }) => Err(TokenError::Claims("risk")),
        Err(error) => Err(error.into()),
    }
}

fn write(risk: &RiskFacts) -> [u8; OCTETS] {
    let flag = |is: bool, flag: u8| if is { flag } else { 0 };
    let flags = flag(risk.quarantined, QUARANTINED) | flag(risk.unknown, UNKNOWN);
    let [a, b, c, d] = risk.signals.iter().fold(0_u32, |bits, signal| bits | bit(*signal)).to_be_bytes();
    [FORM, flags, risk.score, 0, a, b, c, d]
}

/// A signal that only a newer node knows is left out: the score has its share.
fn read(octets: &[u8]) -> Option<RiskFacts> {
    let [FORM, flags, score, _, a, b, c, d] = *octets else { return None };
    let bits = u32::from_be_bytes([a, b, c, d]);
    let signals = RiskSignal::ALL.iter().copied().filter(|signal| bits & bit(*signal) != 0).collect();
    let (quarantined, unknown) = (flags & QUARANTINED != 0, flags & UNKNOWN != 0);
    Some(RiskFacts { score, signals, quarantined, unknown, ..RiskFacts::default() })
}

fn bit(signal: RiskSignal) -> u32 {
    1 << policies::fraud::number(signal)
}

/// It is opened in no other session.
fn bound(session: Uuid) -> Vec<u8> {
    [b"risk\0".as_slice(), session.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for signals in [Vec::new(), RiskSignal::ALL.to_vec()] {
            let risk = RiskFacts { score: 77, signals, quarantined: true, ..RiskFacts::default() };
            assert_eq!(read(&write(&risk)), Some(risk));
        }
        let unknown = RiskFacts { unknown: true, ..RiskFacts::default() };
        assert_eq!(read(&write(&unknown)), Some(unknown));
        for strange in [&[][..], &[1; 7], &[2, 0, 0, 0, 0, 0, 0, 0]] {
            assert_eq!(read(strange), None);
        }
    }
}
