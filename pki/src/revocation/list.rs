//! What does this revocation list say?

use super::RevocationReason;
use super::entry::{ReadEntry, RevokedEntry, canonical_serial};
use super::scope::ListExtensions;
use crate::asn1::{Element, Elements, constructed};
use crate::certificate::{check_signed, signature_digest};
use crate::key::PublicKey;
use crate::{DigestAlgorithm, PkiError, limits};
use der::asn1::BitString;
use der::{Decode, Tag};
use std::collections::BTreeMap;
use std::fmt;
use time::OffsetDateTime;
use x509_cert::name::Name;
use x509_cert::spki::AlgorithmIdentifierOwned;

const WHAT: &str = "revocation list";

/// A certificate revocation list whose signature nobody has checked yet (LCR non vérifiée).
///
/// Complete and direct lists only (Doc 9303-12 §7.2). Entries stay in the DER and are found by an index of 12 octets
/// each, so that 200,000 of them take little more than the file.
#[derive(Clone)]
pub struct UntrustedCrl {
    tbs: Vec<u8>,
    algorithm: AlgorithmIdentifierOwned,
    signature: BitString,
    issuer: Name,
    extensions: ListExtensions,
    this_update: OffsetDateTime,
    next_update: OffsetDateTime,
    entries: Vec<Indexed>,
}

/// Where an entry stands in the signed part.
#[derive(Clone, Copy)]
struct Indexed {
    at: u32,
    serial_at: u32,
    serial_len: u16,
    reason: RevocationReason,
}

impl UntrustedCrl {
    /// Reads one DER CRL. A list that is no complete one is named: [`PkiError::CrlDelta`], [`PkiError::CrlIndirect`],
    /// [`PkiError::CrlPartitioned`], [`PkiError::CrlWithoutNextUpdate`].
    pub fn from_der(der: &[u8]) -> Result<Self, PkiError> {
        if der.len() > limits::CRL {
            return Err(PkiError::TooLarge);
        }
        let mut parts = Element::only(der, WHAT)?.sequence()?;
        let (tbs, algorithm, signature) = (parts.next()?, parts.next()?, parts.next()?);
        parts.end()?;
        let mut fields = tbs.sequence()?;
        let mut at = tbs.whole.len() - tbs.contents().len();
        if let Some(version) = fields.optional(Tag::Integer)? {
            // RFC 5280 §5.1.2.1: v2 is written 1; v1 is left out.
            if version.small()? != 1 {
                return Err(PkiError::Malformed(WHAT));
            }
            at += version.whole.len();
        }
        let (inner, issuer, made) = (fields.next()?, fields.next()?, fields.next()?);
        // RFC 5280 §5.1.1.2: the algorithm inside the signed part is the one that counts.
        if inner.whole != algorithm.whole {
            return Err(PkiError::Malformed(WHAT));
        }
        at += inner.whole.len() + issuer.whole.len() + made.whole.len();
        let mut promised = None;
        for tag in [Tag::UtcTime, Tag::GeneralizedTime] {
            if let Some(time) = fields.optional(tag)? {
                at += time.whole.len();
                promised = Some(time.time()?);
                break;
            }
        }
        let revoked = fields.optional(Tag::Sequence)?;
        let extensions = fields.optional(constructed(0))?;
        fields.end()?;
        let extensions = match extensions {
            Some(extensions) => ListExtensions::read(Element::only(extensions.contents(), WHAT)?)?,
            None => ListExtensions::default(),
        };
        // RFC 5280 §5.1.2.5: without it nobody could tell when the list is stale.
        let next_update = promised.ok_or(PkiError::CrlWithoutNextUpdate)?;
        let entries = match revoked {
            Some(revoked) => index(revoked, at, tbs.whole)?,
            None => Vec::new(),
        };
        let issuer: Name = decoded(issuer)?;
        if issuer.len() > limits::NAME_ATTRIBUTES {
            return Err(PkiError::TooLarge);
        }
        Ok(Self {
            tbs: tbs.whole.to_vec(),
            algorithm: decoded(algorithm)?,
            signature: decoded(signature)?,
            issuer,
            extensions,
            this_update: made.time()?,
            next_update,
            entries,
        })
    }

    /// When the list was made.
    #[must_use]
    pub fn this_update(&self) -> OffsetDateTime {
        self.this_update
    }

    /// When the next one was promised.
    #[must_use]
    pub fn next_update(&self) -> OffsetDateTime {
        self.next_update
    }

    /// The CRL number (RFC 5280 §5.2.3), big-endian without leading zero octets.
    #[must_use]
    pub fn number(&self) -> Option<&[u8]> {
        self.extensions.number.as_deref()
    }

    /// How many certificates it names.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it names none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What it says of the certificate with this serial number (contents of the DER integer). Named twice, what
    /// weighs more counts: revoked for good before held.
    #[must_use]
    pub fn entry(&self, serial: &[u8]) -> Option<RevokedEntry> {
        let wanted = canonical_serial(serial);
        let first = self.entries.partition_point(|entry| serial_of(&self.tbs, entry) < wanted);
        let entry = self.entries.get(first).filter(|entry| serial_of(&self.tbs, entry) == wanted)?;
        self.told(entry)
    }

    /// Every entry, by serial number.
    pub fn entries(&self) -> impl Iterator<Item = RevokedEntry> + '_ {
        self.entries.iter().filter_map(|entry| self.told(entry))
    }

    /// How many entries there are for each reason.
    #[must_use]
    pub fn by_reason(&self) -> BTreeMap<RevocationReason, usize> {
        let mut counts = BTreeMap::new();
        for entry in &self.entries {
            *counts.entry(entry.reason).or_insert(0) += 1;
        }
        counts
    }

    /// Whether this list was made before `known`, of the same issuer: an older one put in its place (retour en
    /// arrière). Numbers are compared if the same key counted them.
    pub(crate) fn is_behind(&self, known: &Self, same_key: bool) -> bool {
        let lower = match (same_key, self.number(), known.number()) {
            (true, Some(own), Some(other)) => (own.len(), own) < (other.len(), other),
            _ => false,
        };
        lower || self.this_update < known.this_update
    }

    pub(crate) fn issuer(&self) -> &Name {
        &self.issuer
    }

    pub(crate) fn authority_key_identifier(&self) -> Option<&[u8]> {
        self.extensions.authority_key.as_deref()
    }

    /// The digest under its signature.
    pub(crate) fn signature_digest(&self) -> Result<DigestAlgorithm, PkiError> {
        signature_digest(&self.algorithm)
    }

    pub(crate) fn signed_with(&self, key: &PublicKey) -> Result<(), PkiError> {
        check_signed(&self.tbs, &self.algorithm, self.signature.as_bytes(), key)
    }

    fn told(&self, entry: &Indexed) -> Option<RevokedEntry> {
        let at = usize::try_from(entry.at).ok()?;
        // Read once before, when it was indexed.
        self.tbs.get(at..).and_then(|octets| ReadEntry::first(octets).ok()).map(|read| read.told())
    }
}

impl fmt::Debug for UntrustedCrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("UntrustedCrl")
            .field("this_update", &self.this_update)
            .field("next_update", &self.next_update)
            .field("entries", &self.entries.len())
            .finish_non_exhaustive()
    }
}

/// Reads every entry once and sorts where they stand by serial number. `revoked` begins `at` octets into `tbs`.
fn index(revoked: Element<'_>, at: usize, tbs: &[u8]) -> Result<Vec<Indexed>, PkiError> {
    let mut at = at + revoked.whole.len() - revoked.contents().len();
    let mut elements = Elements::of(revoked.contents(), WHAT)?;
    let mut entries = Vec::new();
    while !elements.at_end() {
        if entries.len() == limits::CRL_ENTRIES {
            return Err(PkiError::TooLarge);
        }
        let element = elements.next()?;
        let read = ReadEntry::read(element)?;
        // The serial number is the first field, its padding before it.
        let integer = element.sequence()?.next()?;
        let headers = element.whole.len() - element.contents().len() + integer.whole.len();
        let too_large = |_| PkiError::TooLarge;
        entries.push(Indexed {
            at: u32::try_from(at).map_err(too_large)?,
            serial_at: u32::try_from(at + headers - read.serial.len()).map_err(too_large)?,
            serial_len: u16::try_from(read.serial.len()).map_err(too_large)?,
            reason: read.reason,
        });
        at += element.whole.len();
    }
    entries.sort_by(|one, other| {
        let weight = |entry: &Indexed| entry.reason == RevocationReason::CertificateHold;
        serial_of(tbs, one).cmp(serial_of(tbs, other)).then(weight(one).cmp(&weight(other)))
    });
    Ok(entries)
}

fn serial_of<'a>(tbs: &'a [u8], entry: &Indexed) -> &'a [u8] {
    let at = usize::try_from(entry.serial_at).unwrap_or(usize::MAX);
    tbs.get(at..).and_then(|rest| rest.get(..usize::from(entry.serial_len))).unwrap_or(&[])
}

/// A non-negative INTEGER of at most 20 octets (RFC 5280 §5.2.3), without leading zero octets.
pub(super) fn number(value: &[u8]) -> Result<Vec<u8>, PkiError> {
    let contents = Element::only(value, WHAT)?.contents_of(Tag::Integer)?;
    let magnitude: Vec<u8> = contents.iter().copied().skip_while(|octet| *octet == 0).collect();
    let negative = contents.first().is_none_or(|first| first & 0x80 != 0);
    if negative || magnitude.len() > limits::CRL_NUMBER {
        return Err(PkiError::Malformed(WHAT));
    }
    Ok(magnitude)
}

fn decoded<'a, T: Decode<'a>>(element: Element<'a>) -> Result<T, PkiError> {
    T::from_der(element.whole).map_err(|_| PkiError::Malformed(WHAT))
}
