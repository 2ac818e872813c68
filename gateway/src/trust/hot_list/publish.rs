//! How is a file of the hot list made? For whoever keeps the list; a gateway only reads.

use std::io::BufRead;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use hsm_config::{HsmError, Signer};
use pki::hot_list::{HotListEntry, HotListWriter, Listing, ListingReason};
use time::format_description::well_known::Iso8601;
use time::{Date, Time};

use super::card_digest;

/// Octets of a line: state, number, reason, date.
const LINE: u64 = 256;

/// Why a line is not understood. It does not repeat the line: that is somebody's card.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// Not of the form.
    #[error("line {0}: write STATE,NUMBER,REASON,DATE, for example MAR,XY1234567,stolen,2026-10-01")]
    Form(usize),
    /// Not one of the reasons.
    #[error("line {0}: the reason is lost, stolen, holder-dead or withdrawn; in a delta also off")]
    Reason(usize),
    /// Not a day.
    #[error("line {0}: write the day as YYYY-MM-DD")]
    Date(usize),
    /// Cannot be read.
    #[error("line {0}: cannot be read, or is longer than 256 octets")]
    Unreadable(usize),
    /// More than a node keeps.
    #[error("more lines than a node keeps")]
    TooMany,
    /// The index key.
    #[error(transparent)]
    Key(#[from] HsmError),
}

/// Reads one card a line; empty lines and those that begin with `#` are no cards. `seen` hears of every line.
pub fn entries(
    mut input: impl BufRead,
    signer: &dyn Signer,
    delta: bool,
    mut seen: impl FnMut(usize),
) -> Result<Vec<HotListEntry>, LineError> {
    let mut entries = Vec::new();
    let mut line = zeroize::Zeroizing::new(String::new());
    for number in 1.. {
        line.clear();
        let read = std::io::Read::take(&mut input, LINE).read_line(&mut line);
        match read {
            Err(_) => return Err(LineError::Unreadable(number)),
            Ok(0) => break,
            Ok(_) if !line.ends_with('\n') && line.len() as u64 == LINE => {
                return Err(LineError::Unreadable(number));
            }
            Ok(_) => {}
        }
        seen(number);
        let text = line.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        if entries.len() == pki::limits::HOT_LIST_ENTRIES {
            return Err(LineError::TooMany);
        }
        entries.push(entry(text, number, signer, delta)?);
    }
    Ok(entries)
}

fn entry(text: &str, line: usize, signer: &dyn Signer, delta: bool) -> Result<HotListEntry, LineError> {
    let mut fields = text.split(',').map(str::trim);
    let (Some(state), Some(number), Some(reason)) = (fields.next(), fields.next(), fields.next()) else {
        return Err(LineError::Form(line));
    };
    let state_is_one = state.len() == 3 && state.bytes().all(|octet| octet.is_ascii_alphabetic());
    if !state_is_one || number.is_empty() || number.len() > 32 {
        return Err(LineError::Form(line));
    }
    let card = card_digest(signer, state, number)?;
    if reason == "off" && delta {
        return Ok(HotListEntry { card, listing: None });
    }
    let reason = ListingReason::parse(reason).ok_or(LineError::Reason(line))?;
    let day = fields.next().ok_or(LineError::Form(line))?;
    if fields.next().is_some() {
        return Err(LineError::Form(line));
    }
    let since = Date::parse(day, &Iso8601::DATE).map_err(|_| LineError::Date(line))?;
    let since = since.with_time(Time::MIDNIGHT).assume_utc();
    Ok(HotListEntry { card, listing: Some(Listing { reason, since }) })
}

/// The whole file, signed by this PKCS#8 key over P-256; `None` where the key is of another kind.
#[must_use]
pub fn signed(writer: HotListWriter, pkcs8: &[u8]) -> Option<Vec<u8>> {
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8).ok()?;
    let signature = key.sign(&SystemRandom::new(), writer.to_sign()).ok()?;
    Some(writer.finish(signature.as_ref()))
}
