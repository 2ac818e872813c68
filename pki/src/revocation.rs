//! Since when is it not believed any more?

use crate::asn1::{Element, moment};
use crate::certificate::{authority_key, check_signed};
use crate::key::PublicKey;
use crate::{PkiError, limits};
use der::Decode;
use std::collections::HashSet;
use std::fmt;
use time::{Duration, OffsetDateTime};
use x509_cert::certificate::Raw;
use x509_cert::crl::CertificateList;
use x509_cert::ext::Extension;
use x509_cert::name::Name;
use x509_cert::spki::AlgorithmIdentifierOwned;

/// CRL number and authority key identifier, issuer alternative name, freshest CRL: restrict nothing.
const HARMLESS_LIST_EXTENSIONS: [&str; 4] = ["2.5.29.20", "2.5.29.35", "2.5.29.18", "2.5.29.46"];
/// Reason code and invalidity date: a listed certificate is revoked for whatever reason since whenever.
const HARMLESS_ENTRY_EXTENSIONS: [&str; 2] = ["2.5.29.21", "2.5.29.24"];
const AUTHORITY_KEY: &str = "2.5.29.35";

/// A certificate revocation list whose signature nobody has checked yet (LCR non vérifiée).
///
/// Complete and direct lists only (Doc 9303-12 §7.2): a list with a critical extension that narrows it to some
/// certificates (delta, indirect, partitioned) is refused, since absence from it would mean nothing.
#[derive(Clone)]
pub struct UntrustedCrl {
    tbs: Vec<u8>,
    algorithm: AlgorithmIdentifierOwned,
    signature: Option<Vec<u8>>,
    issuer: Name,
    authority_key: Option<Vec<u8>>,
    pub(crate) this_update: OffsetDateTime,
    pub(crate) next_update: OffsetDateTime,
    pub(crate) revoked: HashSet<Vec<u8>>,
}

impl UntrustedCrl {
    /// Reads one DER CRL.
    pub fn from_der(der: &[u8]) -> Result<Self, PkiError> {
        const WHAT: &str = "revocation list";
        if der.len() > limits::CRL {
            return Err(PkiError::TooLarge);
        }
        let tbs = Element::only(der, WHAT)?.sequence()?.next()?.whole.to_vec();
        let list = CertificateList::<Raw>::from_der(der).map_err(|_| PkiError::Malformed(WHAT))?;
        let read = list.tbs_cert_list;
        if read.signature != list.signature_algorithm {
            return Err(PkiError::Malformed(WHAT));
        }
        let extensions = read.crl_extensions.unwrap_or_default();
        understood(&extensions, &HARMLESS_LIST_EXTENSIONS)?;
        let authority = extensions.iter().find(|extension| extension.extn_id.to_string() == AUTHORITY_KEY);
        let authority_key =
            authority.map(|extension| authority_key(extension.extn_value.as_bytes())).transpose()?.flatten();
        let entries = read.revoked_certificates.unwrap_or_default();
        if entries.len() > limits::CRL_ENTRIES {
            return Err(PkiError::TooLarge);
        }
        for entry in &entries {
            understood(entry.crl_entry_extensions.as_deref().unwrap_or(&[]), &HARMLESS_ENTRY_EXTENSIONS)?;
        }
        // RFC 5280 §5.1.2.5: without it nobody could tell when the list is stale.
        let next_update = read.next_update.ok_or(PkiError::Malformed(WHAT))?;
        Ok(Self {
            tbs,
            algorithm: list.signature_algorithm,
            signature: list.signature.as_bytes().map(<[u8]>::to_vec),
            issuer: read.issuer,
            authority_key,
            this_update: moment(read.this_update.to_unix_duration())?,
            next_update: moment(next_update.to_unix_duration())?,
            revoked: entries.into_iter().map(|entry| entry.serial_number.as_bytes().to_vec()).collect(),
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

    pub(crate) fn issuer(&self) -> &Name {
        &self.issuer
    }

    pub(crate) fn authority_key_identifier(&self) -> Option<&[u8]> {
        self.authority_key.as_deref()
    }

    pub(crate) fn signed_with(&self, key: &PublicKey) -> Result<(), PkiError> {
        check_signed(&self.tbs, &self.algorithm, self.signature.as_deref(), key)
    }
}

impl fmt::Debug for UntrustedCrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("UntrustedCrl")
            .field("this_update", &self.this_update)
            .field("next_update", &self.next_update)
            .field("entries", &self.revoked.len())
            .finish_non_exhaustive()
    }
}

fn understood(extensions: &[Extension], harmless: &[&str]) -> Result<(), PkiError> {
    if extensions.len() > limits::EXTENSIONS {
        return Err(PkiError::TooLarge);
    }
    let known = |extension: &Extension| harmless.contains(&extension.extn_id.to_string().as_str());
    if extensions.iter().any(|extension| extension.critical && !known(extension)) {
        return Err(PkiError::Unsupported("revocation list with a critical extension"));
    }
    Ok(())
}

/// What a missing or stale revocation list means (politique de révocation).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RevocationPolicy {
    /// Unknown is refused.
    #[default]
    RequireFresh,
    /// A list up to this much past its next update still counts.
    AcceptStale(Duration),
    /// Unknown is accepted and reported as [`RevocationStatus::Unknown`].
    AcceptUnknown,
}

/// What was known of the revocation of a certificate when it was verified (état de révocation).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevocationStatus {
    /// Not on a list of this date.
    NotRevoked {
        /// When the list was made.
        this_update: OffsetDateTime,
        /// When the next one was promised.
        next_update: OffsetDateTime,
    },
    /// No usable list; the policy accepted that.
    Unknown,
}

/// Judges one serial number by all lists of its authority: named on any, however old, is revoked; otherwise the
/// freshest usable list answers.
pub(crate) fn status<'a>(
    lists: impl Iterator<Item = &'a UntrustedCrl>,
    serial: &[u8],
    policy: RevocationPolicy,
    at: OffsetDateTime,
) -> Result<RevocationStatus, PkiError> {
    let grace = match policy {
        RevocationPolicy::AcceptStale(grace) => grace,
        RevocationPolicy::RequireFresh | RevocationPolicy::AcceptUnknown => Duration::ZERO,
    };
    let mut freshest: Option<&UntrustedCrl> = None;
    for list in lists {
        if list.revoked.contains(serial) {
            return Err(PkiError::Revoked);
        }
        let usable = list.this_update <= at && at - list.next_update <= grace;
        if usable && freshest.is_none_or(|known| known.next_update < list.next_update) {
            freshest = Some(list);
        }
    }
    match (freshest, policy) {
        (Some(list), _) => {
            Ok(RevocationStatus::NotRevoked { this_update: list.this_update, next_update: list.next_update })
        }
        (None, RevocationPolicy::AcceptUnknown) => Ok(RevocationStatus::Unknown),
        (None, _) => Err(PkiError::RevocationUnknown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use der::asn1::{ObjectIdentifier, OctetString};

    /// Delta list, and a list for some certificates only: not being on them means nothing.
    #[test]
    fn a_list_that_is_not_complete_is_refused() {
        for (dotted, critical, accepted) in [
            ("2.5.29.27", true, false),
            ("2.5.29.28", true, false),
            ("2.5.29.20", true, true),
            ("1.2.3.4", false, true),
        ] {
            let extn_id = ObjectIdentifier::new(dotted).unwrap();
            let extn_value = OctetString::new([]).unwrap();
            let extension = Extension { extn_id, critical, extn_value };
            assert_eq!(understood(&[extension], &HARMLESS_LIST_EXTENSIONS).is_ok(), accepted, "{dotted}");
        }
    }
}
