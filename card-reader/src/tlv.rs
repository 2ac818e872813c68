//! What is inside these bytes? BER-TLV, bounded in length, depth and count (ISO/IEC 7816-4 §5.2.2).

use thiserror::Error;

/// Constructed objects inside each other; a DG14 key with explicit parameters takes six.
const MAX_DEPTH: u8 = 10;
/// Objects side by side; EF.CardAccess of real chips holds some thirty.
const MAX_SIBLINGS: u16 = 256;
/// Bytes of one length field after the first: up to 16 MiB, far above any file of a chip.
const MAX_LENGTH_BYTES: usize = 3;

/// Bytes that are no BER-TLV, or more of it than we read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("malformed TLV")]
pub struct TlvError;

/// One data object: its tag with all its bytes (`7F49` is `0x7f49`) and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tlv<'a> {
    /// Tag bytes as one number.
    pub tag: u32,
    /// Value, inside the input.
    pub value: &'a [u8],
    depth: u8,
}

impl<'a> Tlv<'a> {
    /// The objects inside a constructed one.
    #[must_use]
    pub const fn children(&self) -> TlvReader<'a> {
        TlvReader { rest: self.value, depth: self.depth + 1, siblings: 0 }
    }
}

/// Reads the objects of a byte string one after the other.
#[derive(Debug, Clone, Copy)]
pub struct TlvReader<'a> {
    rest: &'a [u8],
    depth: u8,
    siblings: u16,
}

impl<'a> TlvReader<'a> {
    /// Starts at the outermost level.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, depth: 0, siblings: 0 }
    }

    /// The next object, whatever it is; `None` at the end.
    ///
    /// # Errors
    /// What follows is no TLV, reaches beyond the input, or is too deep or too many.
    pub fn next_object(&mut self) -> Result<Option<Tlv<'a>>, TlvError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        if self.depth >= MAX_DEPTH || self.siblings >= MAX_SIBLINGS {
            return Err(TlvError);
        }
        let header = TlvHeader::parse(self.rest)?;
        let body = self.rest.get(header.header_length..).ok_or(TlvError)?;
        let (value, rest) = body.split_at_checked(header.value_length).ok_or(TlvError)?;
        self.rest = rest;
        self.siblings += 1;
        Ok(Some(Tlv { tag: header.tag, value, depth: self.depth }))
    }

    /// The next object, which must have this tag.
    ///
    /// # Errors
    /// The end, another tag, or no TLV.
    pub fn expect(&mut self, tag: u32) -> Result<Tlv<'a>, TlvError> {
        self.next_object()?.filter(|object| object.tag == tag).ok_or(TlvError)
    }

    /// Bytes not read yet.
    #[must_use]
    pub const fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Nothing may follow.
    ///
    /// # Errors
    /// Something follows.
    pub const fn finish(self) -> Result<(), TlvError> {
        if self.rest.is_empty() { Ok(()) } else { Err(TlvError) }
    }
}

/// The value of the one object that `bytes` consist of.
///
/// # Errors
/// No TLV, another tag, or bytes behind it.
pub fn only(bytes: &[u8], tag: u32) -> Result<&[u8], TlvError> {
    let mut reader = TlvReader::new(bytes);
    let object = reader.expect(tag)?;
    reader.finish()?;
    Ok(object.value)
}

/// Tag and length of an object whose value may not have been read yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TlvHeader {
    /// Tag bytes as one number.
    pub tag: u32,
    /// Bytes of tag and length.
    pub header_length: usize,
    /// Bytes of the value.
    pub value_length: usize,
}

impl TlvHeader {
    /// Reads a tag of up to three bytes and a definite length.
    ///
    /// # Errors
    /// Cut short, a longer tag, an indefinite or a longer length.
    pub fn parse(bytes: &[u8]) -> Result<Self, TlvError> {
        let (tag, after_tag) = parse_tag(bytes)?;
        let (&first, after) = after_tag.split_first().ok_or(TlvError)?;
        let (value_length, after) = if first < 0x80 {
            (usize::from(first), after)
        } else {
            let count = usize::from(first & 0x7f);
            if count == 0 || count > MAX_LENGTH_BYTES {
                return Err(TlvError);
            }
            let (digits, after) = after.split_at_checked(count).ok_or(TlvError)?;
            (digits.iter().fold(0, |length, &byte| length << 8 | usize::from(byte)), after)
        };
        Ok(Self { tag, header_length: bytes.len() - after.len(), value_length })
    }

    /// Bytes of the whole object.
    #[must_use]
    pub const fn total_length(&self) -> usize {
        self.header_length + self.value_length
    }
}

fn parse_tag(bytes: &[u8]) -> Result<(u32, &[u8]), TlvError> {
    let (&first, mut rest) = bytes.split_first().ok_or(TlvError)?;
    let mut tag = u32::from(first);
    if first & 0x1f != 0x1f {
        return Ok((tag, rest));
    }
    for _ in 0..2 {
        let (&next, after) = rest.split_first().ok_or(TlvError)?;
        tag = tag << 8 | u32::from(next);
        rest = after;
        if next & 0x80 == 0 {
            return Ok((tag, rest));
        }
    }
    Err(TlvError)
}

/// One data object as bytes, with the shortest length field.
#[must_use]
pub fn encode(tag: u32, value: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(value.len() + 8);
    bytes.extend(significant(tag));
    if value.len() < 0x80 {
        bytes.extend(significant(u32::try_from(value.len()).unwrap_or_default()));
    } else {
        let length: Vec<u8> = significant(u32::try_from(value.len()).unwrap_or(u32::MAX)).collect();
        bytes.push(0x80 | u8::try_from(length.len()).unwrap_or_default());
        bytes.extend(length);
    }
    bytes.extend(value);
    bytes
}

/// One constructed object made of others.
#[must_use]
pub fn encode_all(tag: u32, parts: &[&[u8]]) -> Vec<u8> {
    encode(tag, &parts.concat())
}

/// The bytes of a number without leading zeroes; one zero for zero.
fn significant(number: u32) -> impl Iterator<Item = u8> {
    let bytes = number.to_be_bytes();
    let skip = (number.leading_zeros() as usize / 8).min(3);
    bytes.into_iter().skip(skip)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nested_objects_are_read_in_order() {
        let bytes = hex::decode("7c0a80021122830411223344").unwrap();
        let outer = TlvReader::new(&bytes).expect(0x7c).unwrap();
        let mut inner = outer.children();
        assert_eq!(inner.expect(0x80).unwrap().value, [0x11, 0x22]);
        assert_eq!(inner.expect(0x83).unwrap().value.len(), 4);
        assert_eq!(inner.next_object(), Ok(None));
    }

    #[test]
    fn long_tags_and_lengths() {
        for length in [0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x1_0000] {
            for tag in [0x61, 0x5f1f, 0x7f49, 0x5f_8101] {
                let bytes = encode(tag, &vec![9; length]);
                let header = TlvHeader::parse(&bytes).unwrap();
                assert_eq!(
                    (header.tag, header.value_length, header.total_length()),
                    (tag, length, bytes.len())
                );
            }
        }
        assert_eq!(encode(0x83, &[2]), [0x83, 1, 2]);
        assert_eq!(encode(0x7c, &[]), [0x7c, 0]);
    }

    #[test]
    fn indefinite_huge_and_cut_lengths_are_refused() {
        for bad in ["3080", "308400000001", "3005aabb", "7f", "5f8181810100", "30", "3081"] {
            let bytes = hex::decode(bad).unwrap();
            assert!(TlvReader::new(&bytes).next_object().is_err(), "{bad}");
        }
    }

    #[test]
    fn depth_and_count_are_bounded() {
        let mut deep = vec![];
        for _ in 0..40 {
            deep = encode(0x30, &deep);
        }
        let mut reader = TlvReader::new(&deep);
        let mut levels = 0;
        while let Ok(Some(object)) = reader.next_object() {
            reader = object.children();
            levels += 1;
        }
        assert_eq!(levels, MAX_DEPTH);

        let many = encode(0x04, &[]).repeat(1000);
        let mut reader = TlvReader::new(&many);
        let read = std::iter::from_fn(|| reader.next_object().ok().flatten()).count();
        assert_eq!(read, usize::from(MAX_SIBLINGS));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut reader = TlvReader::new(&bytes);
            while let Ok(Some(object)) = reader.next_object() {
                let _ = object.children().next_object();
            }
        }
    }
}
