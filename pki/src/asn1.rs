//! What is the next element? Walks strict DER without copying, keeping the exact octets that were signed.

use crate::PkiError;
use der::asn1::{AnyRef, GeneralizedTime, ObjectIdentifier, UtcTime};
use der::{Decode, DecodeValue, FixedTag, Reader, SliceReader, Tag, TagNumber};
use time::OffsetDateTime;

/// One DER element.
#[derive(Clone, Copy)]
pub(crate) struct Element<'a> {
    what: &'static str,
    any: AnyRef<'a>,
    /// The element as it was sent, tag and length included.
    pub(crate) whole: &'a [u8],
}

impl<'a> Element<'a> {
    /// The only element of `octets`. `what` names the structure in errors.
    pub(crate) fn only(octets: &'a [u8], what: &'static str) -> Result<Self, PkiError> {
        let mut elements = Elements::of(octets, what)?;
        let element = elements.next()?;
        elements.end()?;
        Ok(element)
    }

    /// The first element of `octets`, and whatever follows it.
    pub(crate) fn first(octets: &'a [u8], what: &'static str) -> Result<Self, PkiError> {
        Elements::of(octets, what)?.next()
    }

    pub(crate) fn tag(&self) -> Tag {
        self.any.header().tag()
    }

    pub(crate) fn contents(&self) -> &'a [u8] {
        self.any.value()
    }

    /// The elements inside, if this one has the tag `tag`.
    pub(crate) fn inside(&self, tag: Tag) -> Result<Elements<'a>, PkiError> {
        if self.tag() != tag {
            return Err(PkiError::Malformed(self.what));
        }
        Elements::of(self.contents(), self.what)
    }

    pub(crate) fn sequence(&self) -> Result<Elements<'a>, PkiError> {
        self.inside(Tag::Sequence)
    }

    pub(crate) fn set(&self) -> Result<Elements<'a>, PkiError> {
        self.inside(Tag::Set)
    }

    /// The contents, if this is a primitive element of the tag `tag`.
    pub(crate) fn contents_of(&self, tag: Tag) -> Result<&'a [u8], PkiError> {
        if self.tag() == tag { Ok(self.contents()) } else { Err(PkiError::Malformed(self.what)) }
    }

    pub(crate) fn octet_string(&self) -> Result<&'a [u8], PkiError> {
        self.contents_of(Tag::OctetString)
    }

    pub(crate) fn oid(&self) -> Result<ObjectIdentifier, PkiError> {
        self.decode()
    }

    pub(crate) fn small(&self) -> Result<u8, PkiError> {
        self.decode()
    }

    /// A positive INTEGER, big-endian, without its sign octet.
    pub(crate) fn positive(&self) -> Result<&'a [u8], PkiError> {
        let malformed = PkiError::Malformed(self.what);
        match self.contents_of(Tag::Integer)? {
            [] | [0] => Err(malformed),
            [0, rest @ ..] if rest.first().is_some_and(|first| first & 0x80 != 0) => Ok(rest),
            [first, ..] if first & 0x80 != 0 || *first == 0 => Err(malformed),
            magnitude => Ok(magnitude),
        }
    }

    /// A moment: UTCTime or GeneralizedTime in the form of RFC 5280 §4.1.2.5.
    pub(crate) fn time(&self) -> Result<OffsetDateTime, PkiError> {
        let since_1970 = match self.tag() {
            Tag::UtcTime => self.decode::<UtcTime>()?.to_unix_duration(),
            _ => self.decode::<GeneralizedTime>()?.to_unix_duration(),
        };
        moment(since_1970)
    }

    fn decode<T>(&self) -> Result<T, PkiError>
    where
        T: DecodeValue<'a> + FixedTag + 'a,
    {
        self.any.decode_as::<T>().map_err(|_| PkiError::Malformed(self.what))
    }
}

/// The elements of a constructed one, in order.
pub(crate) struct Elements<'a> {
    what: &'static str,
    reader: SliceReader<'a>,
}

impl<'a> Elements<'a> {
    pub(crate) fn of(octets: &'a [u8], what: &'static str) -> Result<Self, PkiError> {
        let reader = SliceReader::new(octets).map_err(|_| PkiError::Malformed(what))?;
        Ok(Self { what, reader })
    }

    pub(crate) fn next(&mut self) -> Result<Element<'a>, PkiError> {
        let whole = self.reader.tlv_bytes().map_err(|_| PkiError::Malformed(self.what))?;
        let any = AnyRef::from_der(whole).map_err(|_| PkiError::Malformed(self.what))?;
        Ok(Element { what: self.what, any, whole })
    }

    /// The next element if it has the tag `tag`; otherwise it stays.
    pub(crate) fn optional(&mut self, tag: Tag) -> Result<Option<Element<'a>>, PkiError> {
        if self.at_end() || Tag::peek(&self.reader).map_err(|_| PkiError::Malformed(self.what))? != tag {
            return Ok(None);
        }
        self.next().map(Some)
    }

    pub(crate) fn at_end(&self) -> bool {
        self.reader.is_finished()
    }

    /// Nothing may follow.
    pub(crate) fn end(self) -> Result<(), PkiError> {
        if self.at_end() { Ok(()) } else { Err(PkiError::Malformed(self.what)) }
    }

    /// All that is left, at most `most` elements.
    pub(crate) fn rest(mut self, most: usize) -> Result<Vec<Element<'a>>, PkiError> {
        let mut all = Vec::new();
        while !self.at_end() {
            if all.len() == most {
                return Err(PkiError::TooLarge);
            }
            all.push(self.next()?);
        }
        Ok(all)
    }
}

/// `[number]` with elements inside.
pub(crate) fn constructed(number: u32) -> Tag {
    TagNumber(number).context_specific(true)
}

/// `[number]` with octets inside.
pub(crate) fn primitive(number: u32) -> Tag {
    TagNumber(number).context_specific(false)
}

/// Seconds since 1970 as a moment in UTC.
pub(crate) fn moment(since_1970: std::time::Duration) -> Result<OffsetDateTime, PkiError> {
    i64::try_from(since_1970.as_secs())
        .ok()
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
        .ok_or(PkiError::Malformed("time"))
}
