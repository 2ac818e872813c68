//! What do a certificate's extensions allow?

use crate::asn1::{Element, Elements, moment, primitive};
use crate::{PkiError, limits};
use der::asn1::GeneralizedTime;
use der::{DecodeValue, Header, Length, SliceReader, Tag};
use time::OffsetDateTime;
use x509_cert::ext::Extension;

const BASIC_CONSTRAINTS: &str = "2.5.29.19";
const KEY_USAGE: &str = "2.5.29.15";
const EXTENDED_KEY_USAGE: &str = "2.5.29.37";
const SUBJECT_KEY: &str = "2.5.29.14";
const AUTHORITY_KEY: &str = "2.5.29.35";
const PRIVATE_KEY_PERIOD: &str = "2.5.29.16";
const DOCUMENT_TYPES: &str = "2.23.136.1.1.6.2";

/// Extensions of Doc 9303-12 §7.1.1 that may be critical and restrict nothing that we rely on:
/// subject and issuer alternative names, CRL distribution points, certificate policies, name change.
const HARMLESS: [&str; 5] = ["2.5.29.17", "2.5.29.18", "2.5.29.31", "2.5.29.32", "2.23.136.1.1.6.1"];

/// The extensions that decide something.
#[derive(Debug, Clone, Default)]
pub(crate) struct Extensions {
    /// Basic constraints say `cA`.
    pub(crate) authority: bool,
    /// Basic constraints are there and do not say `cA`: then its key verifies no certificate (RFC 5280 §4.2.1.9).
    pub(crate) authority_denied: bool,
    pub(crate) key_usage: Option<KeyUsage>,
    pub(crate) extended_key_usage: bool,
    pub(crate) subject_key: Option<Vec<u8>>,
    pub(crate) authority_key: Option<Vec<u8>>,
    /// First and last moment at which the private key may have signed.
    pub(crate) private_key_period: Option<(Option<OffsetDateTime>, Option<OffsetDateTime>)>,
    pub(crate) document_types: Option<Vec<String>>,
    /// A critical extension that nobody here understands (RFC 5280 §4.2: refuse).
    pub(crate) unknown_critical: bool,
}

impl Extensions {
    pub(crate) fn read(extensions: &[Extension]) -> Result<Self, PkiError> {
        const WHAT: &str = "certificate extension";
        if extensions.len() > limits::EXTENSIONS {
            return Err(PkiError::TooLarge);
        }
        let mut read = Self::default();
        for (index, extension) in extensions.iter().enumerate() {
            if extensions.iter().skip(index + 1).any(|later| later.extn_id == extension.extn_id) {
                return Err(PkiError::Malformed(WHAT));
            }
            let value = extension.extn_value.as_bytes();
            match extension.extn_id.to_string().as_str() {
                BASIC_CONSTRAINTS => {
                    read.authority = basic_constraints(value)?;
                    read.authority_denied = !read.authority;
                }
                KEY_USAGE => read.key_usage = Some(KeyUsage::read(value)?),
                EXTENDED_KEY_USAGE => read.extended_key_usage = true,
                SUBJECT_KEY => read.subject_key = Some(Element::only(value, WHAT)?.octet_string()?.to_vec()),
                AUTHORITY_KEY => read.authority_key = authority_key(value)?,
                PRIVATE_KEY_PERIOD => read.private_key_period = Some(private_key_period(value)?),
                DOCUMENT_TYPES => read.document_types = Some(document_types(value)?),
                other => {
                    read.unknown_critical |= extension.critical && !HARMLESS.contains(&other);
                }
            }
        }
        Ok(read)
    }
}

/// What the key may do (utilisation de la clé; RFC 5280 §4.2.1.3).
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyUsage(u8);

impl KeyUsage {
    /// Bits 0 to 7; trailing zero bits that DER would leave out are harmless.
    fn read(value: &[u8]) -> Result<Self, PkiError> {
        const WHAT: &str = "key usage";
        match Element::only(value, WHAT)?.contents_of(Tag::BitString)? {
            [0..=7, first] | [0..=7, first, _] => Ok(Self(*first)),
            _ => Err(PkiError::Malformed(WHAT)),
        }
    }

    pub(crate) fn digital_signature(self) -> bool {
        self.0 & 0x80 != 0
    }

    pub(crate) fn key_cert_sign(self) -> bool {
        self.0 & 0x04 != 0
    }

    pub(crate) fn crl_sign(self) -> bool {
        self.0 & 0x02 != 0
    }
}

/// BasicConstraints ::= SEQUENCE { cA BOOLEAN DEFAULT FALSE, pathLenConstraint INTEGER OPTIONAL }. A Ukrainian CSCA
/// writes TRUE as BER may (01) and DER may not.
fn basic_constraints(value: &[u8]) -> Result<bool, PkiError> {
    const WHAT: &str = "basic constraints";
    let mut fields = Element::only(value, WHAT)?.sequence()?;
    let authority = match fields.optional(Tag::Boolean)?.map(|flag| flag.contents()) {
        None | Some([0]) => false,
        Some([_]) => true,
        Some(_) => return Err(PkiError::Malformed(WHAT)),
    };
    // A document signer stands directly below its CSCA, so every path length permits it.
    fields.optional(Tag::Integer)?;
    fields.end()?;
    Ok(authority)
}

/// Of AuthorityKeyIdentifier only `[0] keyIdentifier` is used; issuer and serial are seldom right.
pub(crate) fn authority_key(value: &[u8]) -> Result<Option<Vec<u8>>, PkiError> {
    let mut fields = Element::only(value, "authority key identifier")?.sequence()?;
    Ok(fields.optional(primitive(0))?.map(|identifier| identifier.contents().to_vec()))
}

/// PrivateKeyUsagePeriod ::= SEQUENCE { notBefore [0] GeneralizedTime OPTIONAL, notAfter [1] … OPTIONAL }.
fn private_key_period(value: &[u8]) -> Result<(Option<OffsetDateTime>, Option<OffsetDateTime>), PkiError> {
    let mut fields = Element::only(value, "private key usage period")?.sequence()?;
    let not_before = implicit_time(&mut fields, 0)?;
    let not_after = implicit_time(&mut fields, 1)?;
    Ok((not_before, not_after))
}

fn implicit_time(fields: &mut Elements<'_>, number: u32) -> Result<Option<OffsetDateTime>, PkiError> {
    let malformed = PkiError::Malformed("private key usage period");
    let Some(element) = fields.optional(primitive(number))? else { return Ok(None) };
    let octets = element.contents();
    let length = Length::try_from(octets.len()).map_err(|_| malformed)?;
    let mut reader = SliceReader::new(octets).map_err(|_| malformed)?;
    let time = GeneralizedTime::decode_value(&mut reader, Header::new(Tag::GeneralizedTime, length))
        .map_err(|_| malformed)?;
    moment(time.to_unix_duration()).map(Some)
}

/// DocumentTypeListSyntax ::= SEQUENCE { version 0, SET OF PrintableString } (Doc 9303-12 §7.1.1.6).
fn document_types(value: &[u8]) -> Result<Vec<String>, PkiError> {
    const WHAT: &str = "document type list";
    let mut fields = Element::only(value, WHAT)?.sequence()?;
    if fields.next()?.small()? != 0 {
        return Err(PkiError::Malformed(WHAT));
    }
    let codes = fields.next()?.set()?.rest(limits::EXTENSIONS)?;
    codes
        .iter()
        .map(|code| {
            let octets = code.contents_of(Tag::PrintableString)?;
            let text = std::str::from_utf8(octets).map_err(|_| PkiError::Malformed(WHAT))?;
            Ok(text.to_owned())
        })
        .collect()
}
