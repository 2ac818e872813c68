//! Are these two distinguished names the same? RFC 5280 §7.1: by meaning, not by octets.
//!
//! Names chain and constrain here in the order of their parts. Doc 9303's looser comparison, which finds a CSCA among
//! a country's, is in `certificate::name`.

use crate::asn1::Element;
use crate::{PkiError, limits};
use der::{Encode, Tag};
use unicode_normalization::UnicodeNormalization;
use x509_cert::name::Name;

const WHAT: &str = "distinguished name";

/// A name prepared for comparison (nom distinctif canonique). Shows nothing of itself.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct DistinguishedName(Vec<Vec<Attribute>>);

/// Type and value of an attribute: text where it is text.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Attribute {
    oid: Vec<u8>,
    value: Value,
}

#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Value {
    Text(String),
    /// The element as sent.
    Octets(Vec<u8>),
}

impl DistinguishedName {
    pub(super) fn of(name: &Name) -> Result<Self, PkiError> {
        let octets = name.to_der().map_err(|_| PkiError::Malformed(WHAT))?;
        Self::read(Element::only(&octets, WHAT)?)
    }

    pub(super) fn read(name: Element<'_>) -> Result<Self, PkiError> {
        let mut parts = Vec::new();
        for part in name.sequence()?.rest(limits::NAME_ATTRIBUTES)? {
            parts.push(relative(part.set()?.rest(limits::NAME_ATTRIBUTES)?)?);
        }
        Ok(Self(parts))
    }

    /// This name with one more part (`nameRelativeToCRLIssuer`, RFC 5280 §4.2.1.13).
    pub(super) fn extended_by(&self, part: Vec<Element<'_>>) -> Result<Self, PkiError> {
        let mut parts = self.0.clone();
        parts.push(relative(part)?);
        Ok(Self(parts))
    }

    /// Whether this name lies within the subtree of `base`.
    pub(super) fn is_within(&self, base: &Self) -> bool {
        self.0.starts_with(&base.0)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The attributes of one part, which form a set: in no order.
fn relative(attributes: Vec<Element<'_>>) -> Result<Vec<Attribute>, PkiError> {
    let mut read = Vec::new();
    for attribute in attributes {
        let mut fields = attribute.sequence()?;
        let oid = fields.next()?.contents_of(Tag::ObjectIdentifier)?.to_vec();
        let value = fields.next()?;
        fields.end()?;
        read.push(Attribute { oid, value: prepare(value) });
    }
    read.sort();
    Ok(read)
}

/// A string of any type as one prepared text; what is no string, or a broken one, stays what it is.
fn prepare(value: Element<'_>) -> Value {
    let octets = value.contents();
    let text = match value.tag() {
        Tag::Utf8String => String::from_utf8(octets.to_vec()).ok(),
        Tag::PrintableString
        | Tag::Ia5String
        | Tag::TeletexString
        | Tag::NumericString
        | Tag::VisibleString
            if octets.is_ascii() =>
        {
            String::from_utf8(octets.to_vec()).ok()
        }
        Tag::BmpString => wide(octets),
        _ => None,
    };
    match text {
        Some(text) => Value::Text(prepared(&text)),
        None => Value::Octets(value.whole.to_vec()),
    }
}

fn wide(octets: &[u8]) -> Option<String> {
    let (pairs, rest) = octets.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect();
    if rest.is_empty() { String::from_utf16(&units).ok() } else { None }
}

/// String preparation of RFC 4518 as RFC 5280 §7.1 asks for it: what is invisible goes, every white space is a space,
/// letters lose their case, NFKC, and runs of spaces are one space, none at the ends.
pub(super) fn prepared(text: &str) -> String {
    let visible = text.chars().filter(|c| !invisible(*c)).map(|c| if spacing(c) { ' ' } else { c });
    let folded: String = visible.flat_map(char::to_lowercase).nfkc().collect();
    // NFKC may bring capitals and spaces of its own (U+2120 is "SM").
    let folded: String = folded.chars().flat_map(char::to_lowercase).collect();
    let words: Vec<&str> = folded.split(' ').filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

fn spacing(c: char) -> bool {
    c.is_whitespace()
}

/// RFC 4518 §2.2.
fn invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{1806}' | '\u{180b}'..='\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2063}' | '\u{206a}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffc}')
        || (c.is_control() && !c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::prepared;

    #[test]
    fn text_is_compared_by_meaning() {
        for (one, other) in [
            ("Ordre  des\tPharmaciens ", "ordre des pharmaciens"),
            ("Hôpital", "Ho\u{302}pital"),
            ("HÔPITAL", "hôpital"),
            ("soft\u{ad}hyphen", "softhyphen"),
            ("ﬁche", "fiche"),
            ("العربية", "العربية"),
        ] {
            assert_eq!(prepared(one), prepared(other), "{one}");
        }
        assert_ne!(prepared("ordre des"), prepared("ordredes"));
    }
}
