//! What does RFC 5280 read in this certificate?

use super::PathReason;
use super::distinguished_name::DistinguishedName;
use super::distribution::{DistributionPoint, distribution_points};
use super::general_name::GeneralName;
use super::name_constraints::{NameConstraints, general_names};
use crate::asn1::{Element, primitive};
use crate::{PkiError, UntrustedCertificate};
use der::asn1::ObjectIdentifier;
use der::{Tag, Tagged};

pub(super) const ANY_POLICY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.32.0");
pub(super) const ANY_PURPOSE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");
const EMAIL_ADDRESS: &str = "1.2.840.113549.1.9.1";
/// User notice and CPS pointer: for people to read (RFC 5280 §4.2.1.4).
const QUALIFIERS: [&str; 2] = ["1.3.6.1.5.5.7.2.1", "1.3.6.1.5.5.7.2.2"];

/// A certificate as path validation sees it (certificat lu selon RFC 5280).
#[derive(Clone)]
pub(super) struct Read {
    pub(super) subject: DistinguishedName,
    pub(super) issuer: DistinguishedName,
    pub(super) subject_mailboxes: Vec<GeneralName>,
    pub(super) alternative_names: Vec<GeneralName>,
    /// `cA`, if basic constraints are there at all.
    pub(super) authority: Option<bool>,
    pub(super) path_length: Option<u32>,
    /// Bits 0 to 7 of the key usage.
    pub(super) key_usage: Option<u8>,
    pub(super) purposes: Option<Vec<ObjectIdentifier>>,
    pub(super) policies: Option<Vec<ObjectIdentifier>>,
    pub(super) mappings: Vec<(ObjectIdentifier, ObjectIdentifier)>,
    pub(super) require_explicit_policy: Option<u32>,
    pub(super) inhibit_policy_mapping: Option<u32>,
    pub(super) inhibit_any_policy: Option<u32>,
    pub(super) name_constraints: Option<NameConstraints>,
    pub(super) distribution_points: Vec<DistributionPoint>,
    pub(super) unknown_critical: bool,
}

impl Read {
    pub(super) fn of(certificate: &UntrustedCertificate) -> Result<Self, PathReason> {
        let tbs = certificate.inner().tbs_certificate();
        let mailboxes = tbs.subject().iter().filter(|attribute| attribute.oid.to_string() == EMAIL_ADDRESS);
        let mut read = Self {
            subject: DistinguishedName::of(certificate.subject())?,
            issuer: DistinguishedName::of(certificate.issuer())?,
            subject_mailboxes: mailboxes
                .map(|attribute| match attribute.value.tag() {
                    Tag::Ia5String | Tag::PrintableString | Tag::Utf8String => {
                        GeneralName::Email(String::from_utf8_lossy(attribute.value.value()).into_owned())
                    }
                    // No mailbox that anything permits, so refused where mailboxes are constrained.
                    _ => GeneralName::Email(String::new()),
                })
                .collect(),
            alternative_names: Vec::new(),
            authority: None,
            path_length: None,
            key_usage: None,
            purposes: None,
            policies: None,
            mappings: Vec::new(),
            require_explicit_policy: None,
            inhibit_policy_mapping: None,
            inhibit_any_policy: None,
            name_constraints: None,
            distribution_points: Vec::new(),
            unknown_critical: false,
        };
        // Their number is bounded and none is there twice: `UntrustedCertificate` has seen to it.
        for extension in tbs.extensions().map_or(&[][..], Vec::as_slice) {
            let id = extension.extn_id.to_string();
            read.extension(&id, extension.critical, extension.extn_value.as_bytes())?;
        }
        Ok(read)
    }

    fn extension(&mut self, id: &str, critical: bool, value: &[u8]) -> Result<(), PathReason> {
        match id {
            "2.5.29.19" => (self.authority, self.path_length) = basic_constraints(value)?,
            "2.5.29.15" => self.key_usage = Some(key_usage(value)?),
            "2.5.29.37" => self.purposes = Some(oids(value, "extended key usage")?),
            "2.5.29.32" => self.policies = Some(policies(value, critical)?),
            "2.5.29.33" => self.mappings = mappings(value)?,
            "2.5.29.36" => {
                (self.require_explicit_policy, self.inhibit_policy_mapping) = policy_constraints(value)?;
            }
            "2.5.29.54" => {
                self.inhibit_any_policy =
                    Some(skip(Element::only(value, "inhibit any policy")?, Tag::Integer)?);
            }
            "2.5.29.30" => self.name_constraints = Some(NameConstraints::read(value)?),
            "2.5.29.17" => self.alternative_names = general_names(value)?,
            "2.5.29.31" => self.distribution_points = distribution_points(value)?,
            // Key identifiers are hints, issuer alternative names and the freshest list restrict nothing.
            "2.5.29.14" | "2.5.29.35" | "2.5.29.18" | "2.5.29.46" => {}
            _ => self.unknown_critical |= critical,
        }
        Ok(())
    }

    pub(super) fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }

    /// Whether the key may be used for all of these bits; without a key usage it may be used for anything (§4.2.1.3).
    pub(super) fn may(&self, bits: u8) -> bool {
        self.key_usage.is_none_or(|usage| usage & bits == bits)
    }

    /// Whether the extended key usage, if there is one, allows this purpose.
    pub(super) fn serves(&self, purpose: ObjectIdentifier) -> bool {
        self.purposes.as_ref().is_none_or(|all| all.contains(&purpose) || all.contains(&ANY_PURPOSE))
    }
}

fn basic_constraints(value: &[u8]) -> Result<(Option<bool>, Option<u32>), PkiError> {
    const WHAT: &str = "basic constraints";
    let mut fields = Element::only(value, WHAT)?.sequence()?;
    let authority = match fields.optional(Tag::Boolean)?.map(|flag| flag.contents()) {
        None | Some([0]) => false,
        Some([0xff]) => true,
        Some(_) => return Err(PkiError::Malformed(WHAT)),
    };
    let length = fields.optional(Tag::Integer)?.map(|length| skip(length, Tag::Integer)).transpose()?;
    fields.end()?;
    Ok((Some(authority), length))
}

/// A BIT STRING whose first octet has the bits that matter; decipherOnly is the second's.
fn key_usage(value: &[u8]) -> Result<u8, PkiError> {
    match Element::only(value, "key usage")?.contents_of(Tag::BitString)? {
        [0..=7, first] | [0..=7, first, _] => Ok(*first),
        _ => Err(PkiError::Malformed("key usage")),
    }
}

fn oids(value: &[u8], what: &'static str) -> Result<Vec<ObjectIdentifier>, PkiError> {
    let all = Element::only(value, what)?.sequence()?.rest(usize::MAX)?;
    if all.is_empty() {
        return Err(PkiError::Malformed(what));
    }
    all.iter().map(Element::oid).collect()
}

fn policies(value: &[u8], critical: bool) -> Result<Vec<ObjectIdentifier>, PathReason> {
    const WHAT: &str = "certificate policies";
    let mut policies: Vec<ObjectIdentifier> = Vec::new();
    for information in Element::only(value, WHAT)?.sequence()?.rest(usize::MAX)? {
        let mut fields = information.sequence()?;
        policies.push(fields.next()?.oid()?);
        if let Some(qualifiers) = fields.optional(Tag::Sequence)? {
            for qualifier in qualifiers.sequence()?.rest(usize::MAX)? {
                let id = qualifier.sequence()?.next()?.oid()?.to_string();
                if critical && !QUALIFIERS.contains(&id.as_str()) {
                    return Err(PathReason::PolicyQualifier);
                }
            }
        }
        fields.end()?;
    }
    // §4.2.1.4: at least one, and none twice.
    let number = policies.len();
    policies.sort();
    policies.dedup();
    if policies.is_empty() || policies.len() != number {
        return Err(PkiError::Malformed(WHAT).into());
    }
    Ok(policies)
}

fn mappings(value: &[u8]) -> Result<Vec<(ObjectIdentifier, ObjectIdentifier)>, PathReason> {
    const WHAT: &str = "policy mappings";
    let mut mappings = Vec::new();
    for mapping in Element::only(value, WHAT)?.sequence()?.rest(usize::MAX)? {
        let mut fields = mapping.sequence()?;
        mappings.push((fields.next()?.oid()?, fields.next()?.oid()?));
        fields.end()?;
    }
    if mappings.is_empty() {
        return Err(PkiError::Malformed(WHAT).into());
    }
    Ok(mappings)
}

fn policy_constraints(value: &[u8]) -> Result<(Option<u32>, Option<u32>), PkiError> {
    const WHAT: &str = "policy constraints";
    let mut fields = Element::only(value, WHAT)?.sequence()?;
    let explicit = fields.optional(primitive(0))?.map(|number| skip(number, primitive(0))).transpose()?;
    let mapping = fields.optional(primitive(1))?.map(|number| skip(number, primitive(1))).transpose()?;
    fields.end()?;
    if explicit.is_none() && mapping.is_none() {
        return Err(PkiError::Malformed(WHAT));
    }
    Ok((explicit, mapping))
}

/// A non-negative number of certificates; more than anybody has is `u32::MAX`.
fn skip(element: Element<'_>, tag: Tag) -> Result<u32, PkiError> {
    let octets = element.contents_of(tag)?;
    match octets {
        [] | [0x80..=0xff, ..] | [0, 0..=0x7f, ..] => Err(PkiError::Malformed("number of certificates")),
        [0] => Ok(0),
        _ if octets.len() > 4 => Ok(u32::MAX),
        _ => Ok(octets.iter().fold(0, |number, octet| number << 8 | u32::from(*octet))),
    }
}
