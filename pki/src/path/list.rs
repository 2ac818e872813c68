//! What does this revocation list say, and of whom? (RFC 5280 §5)
//!
//! Unlike [`crate::UntrustedCrl`], which is a CSCA's and whole, a list here may be partitioned: by distribution point,
//! by users and authorities, by reason. Delta and indirect lists are refused by name.

use super::PathReason;
use super::distinguished_name::DistinguishedName;
use super::distribution::Scope;
use crate::asn1::{Element, constructed};
use crate::certificate::{authority_key, check_signed, signature_algorithm};
use crate::key::PublicKey;
use crate::{DigestAlgorithm, PkiError, limits};
use der::{Decode, Tag};
use std::collections::HashMap;
use std::fmt;
use time::OffsetDateTime;
use x509_cert::spki::AlgorithmIdentifierOwned;

const WHAT: &str = "revocation list";
/// ENUMERATED certificateHold (6).
const HOLD: &[u8] = &[0x0a, 1, 6];

/// A revocation list for path validation, whose signature nobody has checked yet (LCR non vérifiée).
pub struct PathCrl {
    tbs: Vec<u8>,
    algorithm: AlgorithmIdentifierOwned,
    signature: Vec<u8>,
    pub(super) issuer: DistinguishedName,
    pub(super) authority_key: Option<Vec<u8>>,
    pub(super) scope: Scope,
    pub(super) this_update: OffsetDateTime,
    pub(super) next_update: OffsetDateTime,
    revoked: HashMap<Vec<u8>, Entry>,
}

/// How a certificate is listed (inscription).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    /// For good, for whatever reason since whenever.
    Revoked,
    /// certificateHold: until a newer list does not name it (RFC 5280 §5.3.1).
    OnHold,
}

impl PathCrl {
    /// Reads one DER list.
    pub fn from_der(der: &[u8]) -> Result<Self, PkiError> {
        if der.len() > limits::CRL {
            return Err(PkiError::TooLarge);
        }
        let mut whole = Element::only(der, WHAT)?.sequence()?;
        let tbs = whole.next()?;
        let outer = whole.next()?;
        let signature = match whole.next()?.contents_of(Tag::BitString)? {
            [0, octets @ ..] => octets.to_vec(),
            _ => return Err(PkiError::Malformed(WHAT)),
        };
        whole.end()?;
        let mut fields = tbs.sequence()?;
        let version_2 = fields.optional(Tag::Integer)?.map(|version| version.small()).transpose()?;
        let inner = fields.next()?;
        if !matches!(version_2, None | Some(1)) || inner.whole != outer.whole {
            return Err(PkiError::Malformed(WHAT));
        }
        let issuer = DistinguishedName::read(fields.next()?)?;
        let this_update = fields.next()?.time()?;
        // RFC 5280 §5.1.2.5: without it nobody could tell when the list is stale.
        let next_update = fields.next()?.time()?;
        let entries = fields.optional(Tag::Sequence)?;
        let extensions = fields.optional(constructed(0))?;
        fields.end()?;
        let (scope, authority_key) = list_extensions(extensions)?;
        Ok(Self {
            tbs: tbs.whole.to_vec(),
            algorithm: AlgorithmIdentifierOwned::from_der(outer.whole)
                .map_err(|_| PkiError::Malformed("algorithm identifier"))?,
            signature,
            issuer,
            authority_key,
            scope,
            this_update,
            next_update,
            revoked: entries.map_or_else(|| Ok(HashMap::new()), revoked)?,
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

    /// How many certificates it names.
    #[must_use]
    pub fn len(&self) -> usize {
        self.revoked.len()
    }

    /// Whether it names none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.revoked.is_empty()
    }

    pub(super) fn entry(&self, serial: &[u8]) -> Option<Entry> {
        self.revoked.get(serial).copied()
    }

    pub(super) fn signed_with(&self, key: &PublicKey) -> Result<(), PathReason> {
        if signature_algorithm(&self.algorithm)?.digest() == DigestAlgorithm::Sha1 {
            return Err(PathReason::WeakDigest);
        }
        key.strong_enough()?;
        check_signed(&self.tbs, &self.algorithm, Some(&self.signature), key)?;
        Ok(())
    }
}

impl fmt::Debug for PathCrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PathCrl")
            .field("this_update", &self.this_update)
            .field("next_update", &self.next_update)
            .field("entries", &self.revoked.len())
            .finish_non_exhaustive()
    }
}

/// `[0] Extensions`: the scope and whose key signed.
fn list_extensions(extensions: Option<Element<'_>>) -> Result<(Scope, Option<Vec<u8>>), PkiError> {
    let (mut scope, mut authority) = (Scope::WHOLE, None);
    let Some(explicit) = extensions else { return Ok((scope, authority)) };
    for Extension { id, critical, value } in read(Element::only(explicit.contents(), WHAT)?)? {
        match id.as_str() {
            "2.5.29.28" => scope = Scope::read(value)?,
            "2.5.29.27" => return Err(PkiError::Unsupported("delta revocation list")),
            "2.5.29.35" => authority = authority_key(value)?,
            // CRL number, issuer alternative name, freshest list.
            "2.5.29.20" | "2.5.29.18" | "2.5.29.46" => {}
            _ if critical => return Err(PkiError::Unsupported("revocation list with a critical extension")),
            _ => {}
        }
    }
    Ok((scope, authority))
}

/// The serial numbers and what is said of them.
fn revoked(entries: Element<'_>) -> Result<HashMap<Vec<u8>, Entry>, PkiError> {
    let mut serials = HashMap::new();
    let mut entries = entries.sequence()?;
    let mut count = 0;
    while !entries.at_end() {
        count += 1;
        if count > limits::CRL_ENTRIES {
            return Err(PkiError::TooLarge);
        }
        let mut entry = entries.next()?.sequence()?;
        let serial = entry.next()?.contents_of(Tag::Integer)?.to_vec();
        let mut listed = Entry::Revoked;
        entry.next()?.time()?;
        if let Some(extensions) = entry.optional(Tag::Sequence)? {
            for Extension { id, critical, value } in read(extensions)? {
                match id.as_str() {
                    "2.5.29.21" if value == HOLD => listed = Entry::OnHold,
                    "2.5.29.21" | "2.5.29.24" => {}
                    "2.5.29.29" => return Err(PkiError::Unsupported("indirect revocation list")),
                    _ if critical => {
                        return Err(PkiError::Unsupported("revocation list with a critical extension"));
                    }
                    _ => {}
                }
            }
        }
        entry.end()?;
        // Listed twice: the harder word counts.
        let known = serials.entry(serial).or_insert(listed);
        if listed == Entry::Revoked {
            *known = listed;
        }
    }
    Ok(serials)
}

struct Extension<'a> {
    id: String,
    critical: bool,
    value: &'a [u8],
}

/// Extensions ::= SEQUENCE OF SEQUENCE { extnID, critical DEFAULT FALSE, extnValue }, none of them twice.
fn read(extensions: Element<'_>) -> Result<Vec<Extension<'_>>, PkiError> {
    let mut all: Vec<Extension<'_>> = Vec::new();
    for extension in extensions.sequence()?.rest(limits::EXTENSIONS)? {
        let mut fields = extension.sequence()?;
        let id = fields.next()?.oid()?.to_string();
        let critical = match fields.optional(Tag::Boolean)?.map(|flag| flag.contents()) {
            None | Some([0]) => false,
            Some([0xff]) => true,
            Some(_) => return Err(PkiError::Malformed(WHAT)),
        };
        let value = fields.next()?.octet_string()?;
        fields.end()?;
        if all.iter().any(|known| known.id == id) {
            return Err(PkiError::Malformed(WHAT));
        }
        all.push(Extension { id, critical, value });
    }
    Ok(all)
}
