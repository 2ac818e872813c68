//! What stands in a file of the hot list, and who signed it?
//!
//! ```text
//! signed    magic "BWHL" | version 1 | kind 0 base, 1 delta | key check 8 | sequence 8 | made 8 | next 8 | count 8 | SHA-256 of the entries 32
//! signature length 1 | ECDSA over P-256 with SHA-256, DER, padded with zeros to 72
//! entries   digest 16 | 0 taken off, 1 lost, 2 stolen, 3 holder dead, 4 withdrawn | since 4, seconds since 1970
//! ```
//!
//! Numbers are big-endian, times are seconds since 1970, entries rise by their digest.

use super::{CardDigest, HotListError, Listing, ListingReason};
use crate::digest::DigestAlgorithm;
use crate::key::PublicKey;
use crate::signature::{self, SignatureAlgorithm};
use crate::{UntrustedCertificate, limits};
use openssl::sha::Sha256;
use time::OffsetDateTime;

const MAGIC: &[u8; 4] = b"BWHL";
const VERSION: u8 = 1;
const SIGNATURE: usize = 72;

/// Octets of the part that is signed.
pub const SIGNED_LEN: usize = 4 + 1 + 1 + 8 + 8 + 8 + 8 + 8 + 32;

/// Octets before the first entry.
pub(super) const HEADER_LEN: usize = SIGNED_LEN + 1 + SIGNATURE;

/// Octets of an entry.
pub(super) const ENTRY_LEN: usize = 16 + 1 + 4;

/// Base or delta.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HotListKind {
    /// Every card that is listed.
    Base,
    /// What changed since the file before.
    Delta,
}

/// The head of a file, its signature checked (en-tête vérifié).
///
/// Made only by [`HotListHeader::verify`]:
///
/// ```compile_fail
/// let forged = pki::hot_list::HotListHeader { sequence: u64::MAX };
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HotListHeader {
    /// Base or delta.
    pub kind: HotListKind,
    /// The number of the file: one more than that of the file before, base or delta.
    pub sequence: u64,
    /// When it was made.
    pub made_at: OffsetDateTime,
    /// When the next one is promised.
    pub next_at: OffsetDateTime,
    /// How many entries follow.
    pub count: u64,
    /// SHA-256 of the entries.
    pub(super) digest: [u8; 32],
}

/// One line of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HotListEntry {
    /// Which card.
    pub card: CardDigest,
    /// What it is listed for; nothing: it is taken off.
    pub listing: Option<Listing>,
}

impl HotListHeader {
    /// Octets before the first entry.
    pub const LEN: usize = HEADER_LEN;

    /// Checks the first [`HotListHeader::LEN`] octets of a file: version, signature by the pinned certificate, valid at
    /// `at` itself, dates, and the key under which the digests were made.
    pub fn verify(
        octets: &[u8],
        signer: &UntrustedCertificate,
        key_check: [u8; 8],
        at: OffsetDateTime,
    ) -> Result<Self, HotListError> {
        let octets: &[u8; HEADER_LEN] = match octets.first_chunk() {
            Some(octets) => octets,
            None if octets.starts_with(MAGIC) => return Err(HotListError::Truncated),
            None => return Err(HotListError::Damaged),
        };
        let (signed, rest) = octets.split_at(SIGNED_LEN);
        let mut fields = Fields(signed);
        if fields.take()? != *MAGIC {
            return Err(HotListError::Damaged);
        }
        if fields.take()? != [VERSION] {
            return Err(HotListError::Version);
        }
        signer.valid_at(at).map_err(|_| HotListError::SignerNotValid)?;
        by_signer(signed, rest, signer)?;
        let kind = match fields.take()? {
            [0] => HotListKind::Base,
            [1] => HotListKind::Delta,
            _ => return Err(HotListError::Damaged),
        };
        if fields.take()? != key_check {
            return Err(HotListError::OtherKey);
        }
        let sequence = u64::from_be_bytes(fields.take()?);
        let (made_at, next_at) = (moment(fields.take()?)?, moment(fields.take()?)?);
        let count = u64::from_be_bytes(fields.take()?);
        let digest = fields.take()?;
        if made_at > at + limits::HOT_LIST_CLOCK_LEEWAY {
            return Err(HotListError::FromTheFuture);
        }
        let most = match kind {
            HotListKind::Base => limits::HOT_LIST_ENTRIES,
            HotListKind::Delta => limits::HOT_LIST_CHANGES,
        };
        if usize::try_from(count).map_or(true, |count| count > most) {
            return Err(HotListError::TooLarge);
        }
        Ok(Self { kind, sequence, made_at, next_at, count, digest })
    }
}

fn by_signer(signed: &[u8], rest: &[u8], signer: &UntrustedCertificate) -> Result<(), HotListError> {
    let (length, padded) = rest.split_first().ok_or(HotListError::Truncated)?;
    let signature = match padded.get(..usize::from(*length)) {
        None => return Err(HotListError::Damaged),
        Some([]) => return Err(HotListError::Unsigned),
        Some(signature) => signature,
    };
    let key = signer.public_key().map_err(|_| HotListError::WrongSigner)?;
    let PublicKey::Ec(_) = &key else { return Err(HotListError::WrongSigner) };
    let algorithm = SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha256);
    signature::verify(algorithm, &key, signature, signed).map_err(|_| HotListError::WrongSigner)
}

fn moment(seconds: [u8; 8]) -> Result<OffsetDateTime, HotListError> {
    OffsetDateTime::from_unix_timestamp(i64::from_be_bytes(seconds)).map_err(|_| HotListError::Damaged)
}

/// What is left of fixed-width fields.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], HotListError> {
        let (field, rest) = self.0.split_first_chunk::<N>().ok_or(HotListError::Truncated)?;
        self.0 = rest;
        Ok(*field)
    }
}

impl HotListEntry {
    pub(super) fn decode(octets: &[u8; ENTRY_LEN]) -> Result<Self, HotListError> {
        let mut fields = Fields(octets);
        let card = CardDigest(fields.take()?);
        let [reason] = fields.take()?;
        let since = OffsetDateTime::from_unix_timestamp(i64::from(u32::from_be_bytes(fields.take()?)))
            .map_err(|_| HotListError::Damaged)?;
        let reason = match reason {
            0 => None,
            1 => Some(ListingReason::Lost),
            2 => Some(ListingReason::Stolen),
            3 => Some(ListingReason::HolderDead),
            4 => Some(ListingReason::Withdrawn),
            _ => return Err(HotListError::Damaged),
        };
        Ok(Self { card, listing: reason.map(|reason| Listing { reason, since }) })
    }

    fn encode(&self) -> [u8; ENTRY_LEN] {
        let (reason, since) = self.listing.map_or((0, 0), |listing| {
            let number = match listing.reason {
                ListingReason::Lost => 1,
                ListingReason::Stolen => 2,
                ListingReason::HolderDead => 3,
                ListingReason::Withdrawn => 4,
            };
            (number, u32::try_from(listing.since.unix_timestamp().max(0)).unwrap_or(u32::MAX))
        });
        let mut octets = [0; ENTRY_LEN];
        let fields = self.card.0.iter().chain([&reason]).copied().chain(since.to_be_bytes());
        octets.iter_mut().zip(fields).for_each(|(octet, field)| *octet = field);
        octets
    }
}

/// Makes a file: its entries are sorted, the last of two for one card counts (rédacteur).
#[derive(Debug)]
pub struct HotListWriter {
    signed: Vec<u8>,
    entries: Vec<u8>,
}

impl HotListWriter {
    /// The file, all but its signature.
    #[must_use]
    pub fn new(
        kind: HotListKind,
        sequence: u64,
        (made_at, next_at): (OffsetDateTime, OffsetDateTime),
        key_check: [u8; 8],
        mut entries: Vec<HotListEntry>,
    ) -> Self {
        entries.reverse();
        entries.sort_by_key(|entry| entry.card);
        entries.dedup_by_key(|entry| entry.card);
        let octets: Vec<u8> = entries.iter().flat_map(HotListEntry::encode).collect();
        let mut hash = Sha256::new();
        hash.update(&octets);
        let kind = match kind {
            HotListKind::Base => 0,
            HotListKind::Delta => 1,
        };
        let count = u64::try_from(entries.len()).unwrap_or(u64::MAX);
        let mut signed = [MAGIC.as_slice(), &[VERSION, kind], &key_check, &sequence.to_be_bytes()].concat();
        signed.extend(made_at.unix_timestamp().to_be_bytes());
        signed.extend(next_at.unix_timestamp().to_be_bytes());
        signed.extend(count.to_be_bytes());
        signed.extend(hash.finish());
        Self { signed, entries: octets }
    }

    /// What is to be signed with ECDSA over P-256 and SHA-256.
    #[must_use]
    pub fn to_sign(&self) -> &[u8] {
        &self.signed
    }

    /// The whole file with that DER signature.
    #[must_use]
    pub fn finish(self, signature: &[u8]) -> Vec<u8> {
        let mut padded = signature.to_vec();
        padded.resize(SIGNATURE, 0);
        let length = u8::try_from(signature.len()).unwrap_or(u8::MAX);
        [self.signed.as_slice(), &[length], &padded, &self.entries].concat()
    }
}
