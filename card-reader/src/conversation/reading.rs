//! How is a file read in as few commands as the chip allows? (READ BINARY, ISO/IEC 7816-4 §11.3.3)
//!
//! The first block comes by short file identifier, its TLV header says how long the file is, the rest comes in blocks as large as
//! reader and chip take. A chip that refuses a length is asked for less, and that is remembered.

use crate::apdu::{CommandApdu, ResponseApdu, SHORT_ANSWER, StatusWord};
use crate::error::CardError;
use crate::exchange::Link;
use crate::lds::ElementaryFile;
use crate::tlv::TlvHeader;

/// How many bytes one READ BINARY asks for (taille de bloc).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum BlockSize {
    /// What some chips are reported to need.
    Careful,
    /// The most whose padded cryptogram, status and MAC fit a short answer of 256 bytes: 223 + 1 of padding, 33 of objects.
    Short,
    /// Everything up to the highest offset that READ BINARY addresses.
    Extended,
}

impl BlockSize {
    const fn bytes(self) -> u32 {
        match self {
            Self::Careful => 160,
            Self::Short => 223,
            Self::Extended => 0x7fff,
        }
    }

    const fn smaller(self) -> Option<Self> {
        match self {
            Self::Extended => Some(Self::Short),
            Self::Short => Some(Self::Careful),
            Self::Careful => None,
        }
    }

    pub(super) fn is_reducible(self) -> bool {
        self.smaller().is_some()
    }

    /// A length that ended the channel costs a whole PACE: only one that every chip is known to take is tried next.
    pub(super) const fn after_a_dead_channel() -> Self {
        Self::Careful
    }
}

/// Reads EF.CardAccess, which anybody may, and learns from it whether the chip takes extended lengths.
///
/// A refused length costs nothing here: there is no channel yet that it could end.
pub(super) fn read_card_access(link: &mut Link<'_>) -> Result<(Vec<u8>, BlockSize), CardError> {
    let mut block = if link.reader_takes_extended() { BlockSize::Extended } else { BlockSize::Short };
    link.set_extended(block == BlockSize::Extended);
    let first = read_file(ElementaryFile::CardAccess, &mut block, |command| link.transmit(command));
    let read = match first {
        // Some chips have no file selected after power-on, or another application: select the master file and ask again.
        Err(CardError::Refused { sw, .. }) if sw != StatusWord::WRONG_LENGTH => {
            let select = CommandApdu::new(0x00, 0xa4, 0x00, 0x0c).with_data([0x3f, 0x00])?;
            link.transmit(&select)?;
            read_file(ElementaryFile::CardAccess, &mut block, |command| link.transmit(command))
        }
        read => read,
    };
    link.set_extended(block == BlockSize::Extended);
    match read {
        Ok(bytes) => Ok((bytes, block)),
        Err(CardError::Refused { .. }) => Err(CardError::PaceNotOffered),
        Err(error) => Err(error),
    }
}

/// Does the chip complain of a length?
pub(super) fn is_about_length(sw: StatusWord) -> bool {
    sw == StatusWord::WRONG_LENGTH || sw.right_le().is_some()
}

/// Reads a whole file over `transmit`; `block` comes back smaller if the chip asked for that.
pub(super) fn read_file(
    file: ElementaryFile,
    block: &mut BlockSize,
    mut transmit: impl FnMut(&CommandApdu) -> Result<ResponseApdu, CardError>,
) -> Result<Vec<u8>, CardError> {
    let by_name = CommandApdu::new(0x00, 0xb0, 0x80 | file.short_id(), 0x00);
    let mut bytes = read_block(file, &by_name, u32::MAX, block, &mut transmit)?;
    let header = TlvHeader::parse(&bytes).map_err(|_| CardError::Malformed(file.name()))?;
    let length = header.total_length();
    if header.tag != file.tag() {
        return Err(CardError::Malformed(file.name()));
    }
    if length > file.longest() {
        return Err(CardError::TooLong(file.name()));
    }
    while bytes.len() < length {
        // Above 7FFF the high bit of P1 would mean a short file identifier; no file we read is that long.
        let offset = u16::try_from(bytes.len()).ok().filter(|offset| *offset < 0x8000);
        let [high, low] = offset.ok_or(CardError::TooLong(file.name()))?.to_be_bytes();
        let next = CommandApdu::new(0x00, 0xb0, high, low);
        let missing = u32::try_from(length - bytes.len()).unwrap_or(u32::MAX);
        let more = read_block(file, &next, missing, block, &mut transmit)?;
        if more.is_empty() {
            return Err(CardError::Malformed(file.name()));
        }
        bytes.extend(more);
    }
    // Chips may send what lies behind the file's end in their memory.
    bytes.truncate(length);
    Ok(bytes)
}

/// One block, with as many bytes as the chip gives.
fn read_block(
    file: ElementaryFile,
    command: &CommandApdu,
    missing: u32,
    block: &mut BlockSize,
    transmit: &mut impl FnMut(&CommandApdu) -> Result<ResponseApdu, CardError>,
) -> Result<Vec<u8>, CardError> {
    loop {
        let le = missing.min(block.bytes());
        let response = transmit(&command.clone().expecting(le))?;
        match response.sw {
            StatusWord::OK | StatusWord::END_OF_FILE if !response.data.is_empty() => return Ok(response.data),
            sw => {
                // 6Cxx under secure messaging names the length inside; one within a block is taken at its word.
                let named = sw.right_le().filter(|named| *named < le && *named < SHORT_ANSWER);
                if let Some(named) = named {
                    let response = transmit(&command.clone().expecting(named))?;
                    if matches!(response.sw, StatusWord::OK | StatusWord::END_OF_FILE)
                        && !response.data.is_empty()
                    {
                        return Ok(response.data);
                    }
                }
                let about_length = is_about_length(sw) || sw == StatusWord::END_OF_FILE;
                match block.smaller() {
                    Some(smaller) if about_length || *block == BlockSize::Extended => *block = smaller,
                    _ => return Err(CardError::Refused { step: file.name(), sw }),
                }
            }
        }
    }
}
