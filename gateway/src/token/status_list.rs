//! What is published about sessions that ended early, for back-ends that ask nobody? (Token Status List)
//!
//! draft-ietf-oauth-status-list-21: a signed, compressed row of bits (§4.2, §5.1). The bit of a token is 1 when its
//! session was withdrawn; its place is in the token's `status` claim.

use std::io::Write as _;

use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde::Serialize;
use time::OffsetDateTime;

use super::{TokenError, Tokens};
use crate::limits::{STATUS_LIST_LIFETIME, STATUS_LIST_PLACES, STATUS_LIST_TTL, STATUS_LIST_WINDOW};

/// One bit for each place (*liste d'états*): the place's least significant bit first within an octet (§4.1).
#[derive(Clone)]
pub struct StatusBits(Vec<u8>);

/// A signed list, and what tells it from the one before (*liste publiée*).
#[derive(Clone, Debug)]
pub struct PublishedStatusList {
    /// The compact JWS.
    pub token: String,
    /// Hash of what it says: two nodes that say the same give the same.
    pub tag: String,
    /// Until when it is given out: then its date is renewed.
    pub fresh_until: i64,
}

/// §5.1.
#[derive(Serialize)]
struct Payload {
    sub: String,
    iat: i64,
    exp: i64,
    ttl: i64,
    status_list: List,
}

/// §4.2.
#[derive(Serialize)]
struct List {
    bits: u8,
    lst: String,
}

impl StatusBits {
    /// Nothing is withdrawn.
    #[must_use]
    pub fn valid() -> Self {
        Self(vec![0; usize::try_from(STATUS_LIST_PLACES / 8).unwrap_or_default()])
    }

    /// The token of that place is worth nothing. A place outside the list is nobody's.
    pub fn withdraw(&mut self, index: u32) {
        let octet = usize::try_from(index / 8).ok().and_then(|octet| self.0.get_mut(octet));
        if let Some(octet) = octet {
            *octet |= 1 << (index % 8);
        }
    }

    /// `lst`: ZLIB (RFC 1950) at its best, in base64url.
    fn compressed(&self) -> Result<String, TokenError> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        let written = encoder.write_all(&self.0).and_then(|()| encoder.finish());
        written.map(|bytes| URL_SAFE_NO_PAD.encode(bytes)).map_err(|_| TokenError::Claims("status list"))
    }
}

impl std::fmt::Debug for StatusBits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StatusBits")
    }
}

impl Tokens {
    /// Signs the list of that number as it stands since `changed`.
    ///
    /// # Errors
    /// [`TokenError::Signer`] when the key does not answer.
    pub fn issue_status_list(
        &self,
        number: u32,
        bits: &StatusBits,
        changed: OffsetDateTime,
        at: OffsetDateTime,
    ) -> Result<PublishedStatusList, TokenError> {
        let now = at.unix_timestamp();
        let window = now - now.rem_euclid(STATUS_LIST_WINDOW);
        let payload = Payload {
            sub: format!("{}/status/{number}", self.issuer),
            iat: changed.unix_timestamp().clamp(window, now),
            exp: window.saturating_add(STATUS_LIST_LIFETIME),
            ttl: STATUS_LIST_TTL,
            status_list: List { bits: 1, lst: bits.compressed()? },
        };
        let said = serde_json::to_vec(&payload).map_err(|_| TokenError::Claims("not JSON"))?;
        let tag = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, &said));
        let token = self.status_lists.sign(&payload, at)?.token;
        Ok(PublishedStatusList { token, tag, fresh_until: window.saturating_add(STATUS_LIST_WINDOW) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// draft-ietf-oauth-status-list-21 §4.1 and §4.2. Compressors differ in their octets, not in what they say.
    #[test]
    fn the_drafts_own_example_comes_out() {
        let mut sixteen = StatusBits(vec![0; 2]);
        for index in [0, 3, 4, 5, 7, 8, 9, 13, 15] {
            sixteen.withdraw(index);
        }
        assert_eq!(sixteen.0, [0xb9, 0xa3]);
        assert_eq!(inflated("eNrbuRgAAhcBXQ"), sixteen.0);
        assert_eq!(inflated(&sixteen.compressed().unwrap()), sixteen.0);
    }

    /// Appendix C.1.
    #[test]
    fn a_list_of_the_drafts_appendix_reads_back_as_it_says() {
        let lst = concat!(
            "eNrt3AENwCAMAEGogklACtKQPg9LugC9k_ACvreiogE",
            "AAKkeCQAAAAAAAAAAAAAAAAAAAIBylgQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "AAAAAAAAAAAAAAAAAAAXG9IAAAAAAAAAPwsJAAAAAAAAAAAAAAAvhsSAAAAAAAAAAA",
            "A7KpLAAAAAAAAAAAAAAAAAAAAAJsLCQAAAAAAAAAAADjelAAAAAAAAAAAKjDMAQAAA",
            "ACAZC8L2AEb",
        );
        let mut ours = StatusBits(vec![0; (1 << 20) / 8]);
        for index in
            [0, 1993, 25_460, 159_495, 495_669, 554_353, 645_645, 723_232, 854_545, 934_534, 1_000_345]
        {
            ours.withdraw(index);
        }
        assert_eq!(inflated(lst), ours.0);
        assert_eq!(inflated(&ours.compressed().unwrap()), ours.0);
    }

    #[test]
    fn a_place_outside_is_nobodys() {
        let mut bits = StatusBits::valid();
        bits.withdraw(u32::MAX);
        assert!(bits.0.iter().all(|octet| *octet == 0));
    }

    fn inflated(lst: &str) -> Vec<u8> {
        use std::io::Read as _;
        let bytes = URL_SAFE_NO_PAD.decode(lst).unwrap();
        let mut out = Vec::new();
        flate2::read::ZlibDecoder::new(&bytes[..]).read_to_end(&mut out).unwrap();
        out
    }
}
