//! What stands in an issued CRL? (profile of Doc 9303-12 §7.2, and what tests need beside it)

use super::SigningKey;
use super::certificate::authority_key;
use super::encode::{bit_string, element, extension, generalized, integer, sequence, small, tagged, time};
use crate::{PkiError, RevocationReason};
use ::time::OffsetDateTime;
use der::Tag;

/// A certificate to name in a list (certificat à révoquer).
#[derive(Debug, Clone, Copy)]
pub struct CrlEntry<'a> {
    /// Its serial number: contents of the DER integer.
    pub serial: &'a [u8],
    /// Why.
    pub reason: Option<RevocationReason>,
    /// Since when it should not have been believed.
    pub invalid_since: Option<OffsetDateTime>,
}

/// What else a list may say (options de la LCR).
#[derive(Debug, Clone)]
pub struct CrlOptions {
    /// When it was made.
    pub this_update: OffsetDateTime,
    /// When the next one comes; nothing: it never says.
    pub next_update: Option<OffsetDateTime>,
    /// The CRL number; nothing: the seconds since 1970, so that it grows with time.
    pub number: Option<u64>,
    /// One extension more: OID, critical, value.
    pub extension: Option<(&'static str, bool, Vec<u8>)>,
}

impl<'a> CrlEntry<'a> {
    /// Revoked without a word why.
    #[must_use]
    pub fn of(serial: &'a [u8]) -> Self {
        Self { serial, reason: None, invalid_since: None }
    }

    fn encode(&self, revoked_at: OffsetDateTime) -> Result<Vec<u8>, PkiError> {
        let mut extensions = Vec::new();
        if let Some(reason) = self.reason {
            let code = element(Tag::Enumerated, &[code(reason)])?;
            extensions.push(extension("2.5.29.21", false, &code)?);
        }
        if let Some(since) = self.invalid_since {
            let since = element(Tag::GeneralizedTime, generalized(since).as_bytes())?;
            extensions.push(extension("2.5.29.24", false, &since)?);
        }
        let extensions = match extensions.is_empty() {
            true => Vec::new(),
            false => element(Tag::Sequence, &extensions.concat())?,
        };
        sequence(&[&integer(self.serial)?, &time(revoked_at)?, &extensions])
    }
}

/// A signed CRL.
pub(super) fn crl(
    issuer: &[u8],
    key: &SigningKey,
    revoked: &[CrlEntry<'_>],
    options: &CrlOptions,
) -> Result<Vec<u8>, PkiError> {
    let algorithm = key.scheme.identifier()?;
    let entries: Result<Vec<_>, _> = revoked.iter().map(|entry| entry.encode(options.this_update)).collect();
    // RFC 5280 §5.1.2.6: no list at all rather than an empty one.
    let entries = match entries? {
        none if none.is_empty() => Vec::new(),
        some => element(Tag::Sequence, &some.concat())?,
    };
    let seconds = options.this_update.unix_timestamp();
    let number = match options.number {
        Some(number) => number,
        None => u64::try_from(seconds).map_err(|_| PkiError::Malformed("time"))?,
    };
    // RFC 5280 §5.2.3: never negative.
    let number = extension("2.5.29.20", false, &integer(positive(&number.to_be_bytes()).as_slice())?)?;
    let more = match &options.extension {
        Some((dotted, critical, value)) => extension(dotted, *critical, value)?,
        None => Vec::new(),
    };
    let extensions = [authority_key(&key.identifier()?)?, number, more].concat();
    let next_update = options.next_update.map(time).transpose()?.unwrap_or_default();
    let tbs = sequence(&[
        &small(1)?,
        &algorithm,
        issuer,
        &time(options.this_update)?,
        &next_update,
        &entries,
        &tagged(0, &element(Tag::Sequence, &extensions)?)?,
    ])?;
    sequence(&[&tbs, &algorithm, &bit_string(&key.sign(&tbs)?)?])
}

/// CRLReason (RFC 5280 §5.3.1).
const fn code(reason: RevocationReason) -> u8 {
    match reason {
        RevocationReason::Unspecified => 0,
        RevocationReason::KeyCompromise => 1,
        RevocationReason::CaCompromise => 2,
        RevocationReason::AffiliationChanged => 3,
        RevocationReason::Superseded => 4,
        RevocationReason::CessationOfOperation => 5,
        RevocationReason::CertificateHold => 6,
        RevocationReason::RemoveFromCrl => 8,
        RevocationReason::PrivilegeWithdrawn => 9,
        RevocationReason::AaCompromise => 10,
    }
}

/// The contents octets of a positive INTEGER.
fn positive(number: &[u8]) -> Vec<u8> {
    let significant: Vec<u8> = number.iter().copied().skip_while(|octet| *octet == 0).collect();
    match significant.first() {
        Some(first) if first & 0x80 == 0 => significant,
        _ => [&[0], significant.as_slice()].concat(),
    }
}
