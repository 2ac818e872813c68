//! What does the thread that owns one card do, from taking it to resetting it?

use std::ffi::CString;
use std::sync::mpsc::{Receiver, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use pcsc::{Card, Context, Disposition, Protocols, Scope, ShareMode, State};

use super::{Loss, PcscError};

/// One command for the thread that owns the card.
pub(super) struct Order {
    pub(super) command: Vec<u8>,
    pub(super) answer: SyncSender<Result<Vec<u8>, Loss>>,
}

/// What is known of a card once it is taken.
pub(super) struct Taken {
    pub(super) atr: Vec<u8>,
    pub(super) extended_length: bool,
}

/// The life of the thread that owns one card: connect, report, exchange until nobody asks, reset.
pub(super) fn hold_card(
    reader: &CString,
    patience: Duration,
    report: &SyncSender<Result<Taken, PcscError>>,
    orders: &Receiver<Order>,
) {
    let (context, card) = match take_card(reader, patience) {
        Ok(taken) => taken,
        Err(error) => {
            let _ = report.send(Err(error));
            return;
        }
    };
    let atr = card.status2_owned().map(|status| status.atr().to_vec()).unwrap_or_default();
    let extended_length = largest_apdu_data(&card).is_some_and(|bytes| bytes > SHORT_APDU);
    if report.send(Ok(Taken { atr, extended_length })).is_err() {
        // The counter gave up waiting: nothing was said to the chip, so nothing is taken from it.
        let _ = card.disconnect(Disposition::LeaveCard);
        return;
    }
    let mut buffer = vec![0; pcsc::MAX_BUFFER_SIZE_EXTENDED];
    while let Ok(order) = orders.recv() {
        let outcome = match card.transmit(&order.command, &mut buffer) {
            Ok(answer) if answer.len() >= 2 => Ok(answer.to_vec()),
            // A card that dies in the middle of a command is reported as success with no bytes.
            Ok(_) => Err(why_lost(&context, reader, None)),
            Err(error) => Err(why_lost(&context, reader, Some(error))),
        };
        let over = outcome.is_err();
        let _ = order.answer.send(outcome);
        if over {
            break;
        }
    }
    // Reset on purpose: the chip forgets the secure channel and any PIN before anybody else may speak to it.
    let _ = card.disconnect(Disposition::ResetCard);
}

/// Connects exclusively; a card that another program holds for a moment is waited for, up to `patience`.
fn take_card(reader: &CString, patience: Duration) -> Result<(Context, pcsc::Card), PcscError> {
    const PAUSE: Duration = Duration::from_millis(50);
    let started = Instant::now();
    let context = Context::establish(Scope::User).map_err(PcscError::from_pcsc)?;
    loop {
        match context.connect(reader, ShareMode::Exclusive, Protocols::ANY) {
            Ok(card) => return Ok((context, card)),
            Err(pcsc::Error::SharingViolation) if started.elapsed() + PAUSE < patience / 2 => {
                thread::sleep(PAUSE)
            }
            Err(error) => return Err(PcscError::from_pcsc(error)),
        }
    }
}

/// The several errors of a lost card say little by themselves; asking for the reader's state tells them apart.
/// pcscd's poll needs up to 0.4 s to see a removal, so a card that "is present" is asked about again.
fn why_lost(context: &Context, reader: &CString, error: Option<pcsc::Error>) -> Loss {
    if error == Some(pcsc::Error::ResetCard) {
        return Loss::Reset;
    }
    for _ in 0..5 {
        let mut states = [pcsc::ReaderState::new(reader.clone(), State::UNAWARE)];
        if context.get_status_change(Duration::ZERO, &mut states).is_err() {
            return Loss::ReaderGone;
        }
        let seen = states.first().map_or(State::UNKNOWN, pcsc::ReaderState::event_state);
        if seen.intersects(State::UNKNOWN | State::UNAVAILABLE) {
            return Loss::ReaderGone;
        }
        if seen.contains(State::EMPTY) {
            return Loss::Removed;
        }
        thread::sleep(Duration::from_millis(100));
    }
    Loss::Silent
}

/// What a short APDU holds in all (ISO/IEC 7816-4 §5.2: header, Lc, 255 bytes, Le).
const SHORT_APDU: u32 = 261;
/// PC/SC part 10 §2.2: asks the reader for its features.
const GET_FEATURE_REQUEST: pcsc::ffi::DWORD = pcsc::ctl_code(3400);
/// PC/SC part 10 §2.6.14: the feature whose control code reads the reader's properties.
const FEATURE_GET_TLV_PROPERTIES: u8 = 0x12;
/// PC/SC part 10 §2.6.14: the property that says how long an APDU may be, little-endian.
const PROPERTY_MAX_APDU_DATA_SIZE: u8 = 0x0a;

/// The longest APDU that the reader says it carries. A reader that does not say carries short ones only:
/// an extended command that it cannot carry would lose the session.
fn largest_apdu_data(card: &Card) -> Option<u32> {
    let mut buffer = [0; 256];
    let features = card.control(GET_FEATURE_REQUEST, &[], &mut buffer).ok()?;
    let code = value_of(features, FEATURE_GET_TLV_PROPERTIES)?;
    let code = u32::from_be_bytes(code.try_into().ok()?);
    let mut buffer = [0; 256];
    let properties = card.control(code.into(), &[], &mut buffer).ok()?;
    let size = value_of(properties, PROPERTY_MAX_APDU_DATA_SIZE)?;
    Some(u32::from_le_bytes(size.try_into().ok()?))
}

/// The value under a tag in a list of one-byte tags and one-byte lengths.
fn value_of(mut list: &[u8], wanted: u8) -> Option<&[u8]> {
    while let [tag, length, rest @ ..] = list {
        let (value, after) = rest.split_at_checked(usize::from(*length))?;
        if *tag == wanted {
            return Some(value);
        }
        list = after;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_is_found_behind_others_and_a_cut_list_holds_none() {
        let list = [0x06, 0x04, 0x42, 0x00, 0x0d, 0x48, 0x12, 0x04, 0x42, 0x33, 0x00, 0x12];
        assert_eq!(value_of(&list, FEATURE_GET_TLV_PROPERTIES), Some(&[0x42, 0x33, 0x00, 0x12][..]));
        assert_eq!(value_of(&list, 0x13), None);
        assert_eq!(value_of(&[0x12, 0x04, 0x42], 0x12), None);
    }
}
