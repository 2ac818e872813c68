//! Why is this certificate on the list, and since when?

use crate::PkiError;
use crate::asn1::{Element, Elements};
use der::asn1::ObjectIdentifier;
use der::{Decode, Tag};
use time::OffsetDateTime;
use x509_cert::ext::Extension;

const WHAT: &str = "revocation list entry";
const REASON: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.21");
const INVALIDITY_DATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.24");
const CERTIFICATE_ISSUER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.29");

/// One certificate that is not believed any more (certificat révoqué).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokedEntry {
    /// Its serial number: contents of the DER integer, without padding.
    pub serial: Vec<u8>,
    /// When the authority revoked it.
    pub revoked_at: OffsetDateTime,
    /// Why.
    pub reason: RevocationReason,
    /// Since when it should not have been believed, if the authority says so (RFC 5280 §5.3.2). Told, not judged:
    /// a revoked document signer's cards are refused whatever their date.
    pub invalid_since: Option<OffsetDateTime>,
}

/// Why a certificate was revoked (motif de révocation; RFC 5280 §5.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum RevocationReason {
    /// Not told, or by a number that the standard does not know.
    Unspecified,
    /// Its private key is in other hands.
    KeyCompromise,
    /// Its authority's private key is in other hands.
    CaCompromise,
    /// The subject's names changed.
    AffiliationChanged,
    /// Another took its place.
    Superseded,
    /// It is not needed any more.
    CessationOfOperation,
    /// For now: a later list may let go of it.
    CertificateHold,
    /// Only a delta list may say so. On a complete list the certificate is named all the same, and stays revoked.
    RemoveFromCrl,
    /// Some right was taken from it.
    PrivilegeWithdrawn,
    /// Its attribute authority's private key is in other hands.
    AaCompromise,
}

impl RevocationReason {
    /// Every reason.
    pub const ALL: [Self; 10] = [
        Self::Unspecified,
        Self::KeyCompromise,
        Self::CaCompromise,
        Self::AffiliationChanged,
        Self::Superseded,
        Self::CessationOfOperation,
        Self::CertificateHold,
        Self::RemoveFromCrl,
        Self::PrivilegeWithdrawn,
        Self::AaCompromise,
    ];

    /// The stable name, after the standard's own.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::KeyCompromise => "key-compromise",
            Self::CaCompromise => "ca-compromise",
            Self::AffiliationChanged => "affiliation-changed",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessation-of-operation",
            Self::CertificateHold => "certificate-hold",
            Self::RemoveFromCrl => "remove-from-crl",
            Self::PrivilegeWithdrawn => "privilege-withdrawn",
            Self::AaCompromise => "aa-compromise",
        }
    }

    const fn of(number: u8) -> Self {
        match number {
            1 => Self::KeyCompromise,
            2 => Self::CaCompromise,
            3 => Self::AffiliationChanged,
            4 => Self::Superseded,
            5 => Self::CessationOfOperation,
            6 => Self::CertificateHold,
            8 => Self::RemoveFromCrl,
            9 => Self::PrivilegeWithdrawn,
            10 => Self::AaCompromise,
            _ => Self::Unspecified,
        }
    }
}

/// An entry as it stands in the list.
pub(super) struct ReadEntry<'a> {
    pub(super) serial: &'a [u8],
    pub(super) revoked_at: OffsetDateTime,
    pub(super) reason: RevocationReason,
    pub(super) invalid_since: Option<OffsetDateTime>,
}

impl<'a> ReadEntry<'a> {
    pub(super) fn read(element: Element<'a>) -> Result<Self, PkiError> {
        let mut fields = element.sequence()?;
        let serial = canonical_serial(fields.next()?.contents_of(Tag::Integer)?);
        let revoked_at = fields.next()?.time()?;
        let (mut reason, mut invalid_since) = (RevocationReason::Unspecified, None);
        if let Some(extensions) = fields.optional(Tag::Sequence)? {
            let mut extensions = extensions.sequence()?;
            while !extensions.at_end() {
                let octets = extensions.next()?.whole;
                let extension = Extension::from_der(octets).map_err(|_| PkiError::Malformed(WHAT))?;
                let value = extension.extn_value.as_bytes();
                match extension.extn_id {
                    REASON => reason = RevocationReason::of(enumerated(value)?),
                    INVALIDITY_DATE => invalid_since = Some(Element::only(value, WHAT)?.time()?),
                    // The entry is another authority's certificate (RFC 5280 §5.3.3).
                    CERTIFICATE_ISSUER => return Err(PkiError::CrlIndirect),
                    _ if extension.critical => {
                        return Err(PkiError::Unsupported("revocation list with a critical extension"));
                    }
                    _ => {}
                }
            }
        }
        fields.end()?;
        Ok(Self { serial, revoked_at, reason, invalid_since })
    }

    pub(super) fn told(&self) -> RevokedEntry {
        RevokedEntry {
            serial: self.serial.to_vec(),
            revoked_at: self.revoked_at,
            reason: self.reason,
            invalid_since: self.invalid_since,
        }
    }

    /// The first entry of `octets`.
    pub(super) fn first(octets: &'a [u8]) -> Result<Self, PkiError> {
        Self::read(Elements::of(octets, WHAT)?.next()?)
    }
}

fn enumerated(value: &[u8]) -> Result<u8, PkiError> {
    match Element::only(value, WHAT)?.contents_of(Tag::Enumerated)? {
        [number] => Ok(*number),
        _ => Err(PkiError::Malformed(WHAT)),
    }
}

/// An INTEGER's contents without padding: real certificates bear `00 00 12`, and their list may say `12`.
pub(super) fn canonical_serial(mut contents: &[u8]) -> &[u8] {
    while let [0x00, rest @ ..] = contents {
        match rest.first() {
            Some(next) if next & 0x80 == 0 => contents = rest,
            _ => break,
        }
    }
    while let [0xff, rest @ ..] = contents {
        match rest.first() {
            Some(next) if next & 0x80 != 0 => contents = rest,
            _ => break,
        }
    }
    contents
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_of_a_serial_number_does_not_hide_it() {
        let cases: [(&[u8], &[u8]); 6] = [
            (&[0, 0, 0x12], &[0x12]),
            (&[0, 0x80], &[0, 0x80]),
            (&[0, 0, 0x80], &[0, 0x80]),
            (&[0xff, 0xff, 0x80], &[0x80]),
            (&[0], &[0]),
            (&[], &[]),
        ];
        for (written, meant) in cases {
            assert_eq!(canonical_serial(written), meant, "{written:02x?}");
        }
    }

    #[test]
    fn every_reason_has_a_name_of_its_own() {
        let names: std::collections::HashSet<_> = RevocationReason::ALL.map(RevocationReason::as_str).into();
        assert_eq!(names.len(), 10);
        assert_eq!((0..=255).map(RevocationReason::of).collect::<std::collections::HashSet<_>>().len(), 10);
    }
}
