//! Which revocation lists speak of which certificates? (RFC 5280 §4.2.1.13, §5.2.5, §6.3.3)

use super::distinguished_name::DistinguishedName;
use super::extensions::Read;
use super::general_name::GeneralName;
use crate::asn1::{Element, Elements, constructed, primitive};
use crate::{PkiError, limits};

/// The reasons of ReasonFlags, bits 1 to 8 of a BIT STRING, as the two octets hold them.
pub(super) const ALL_REASONS: u16 = 0x7f80;
/// certificateHold.
pub(super) const HOLD: u16 = 0x0200;

/// Where a certificate says that its status is found (point de distribution).
#[derive(Clone)]
pub(super) struct DistributionPoint {
    name: Option<PointName>,
    reasons: u16,
    list_issuer: Vec<GeneralName>,
}

#[derive(Clone)]
enum PointName {
    Full(Vec<GeneralName>),
    /// One more part below the name of the list's issuer: the attributes as sent.
    Relative(Vec<u8>),
}

/// Of which certificates a list speaks (portée de la liste).
#[derive(Clone)]
pub(super) struct Scope {
    name: Option<PointName>,
    only_users: bool,
    only_authorities: bool,
    reasons: u16,
}

impl Scope {
    pub(super) const WHOLE: Self =
        Self { name: None, only_users: false, only_authorities: false, reasons: ALL_REASONS };

    /// The issuing distribution point of a list. What is not supported is refused by name.
    pub(super) fn read(value: &[u8]) -> Result<Self, PkiError> {
        const WHAT: &str = "issuing distribution point";
        let mut fields = Element::only(value, WHAT)?.sequence()?;
        let name = fields.optional(constructed(0))?.map(|name| point_name(name, WHAT)).transpose()?;
        let (only_users, only_authorities) = (flag(&mut fields, 1)?, flag(&mut fields, 2)?);
        let some_reasons = fields.optional(primitive(3))?.map(|flags| reasons(flags, WHAT)).transpose()?;
        let (indirect, only_attributes) = (flag(&mut fields, 4)?, flag(&mut fields, 5)?);
        fields.end()?;
        if indirect {
            return Err(PkiError::Unsupported("indirect revocation list"));
        }
        if only_attributes {
            return Err(PkiError::Unsupported("revocation list of attribute certificates"));
        }
        Ok(Self { name, only_users, only_authorities, reasons: some_reasons.unwrap_or(ALL_REASONS) })
    }

    /// For which reasons a list of this scope, by `issuer`, would name this certificate; 0: it does not speak of it.
    pub(super) fn covers(&self, certificate: &Read, issuer: &DistinguishedName) -> u16 {
        let authority = certificate.authority == Some(true);
        if (authority && self.only_users) || (!authority && self.only_authorities) {
            return 0;
        }
        let own = match &self.name {
            None => Vec::new(),
            Some(name) => match resolve(name, issuer) {
                Some(names) => names,
                None => return 0,
            },
        };
        // §6.3.3, last paragraph: a list may also be found under the issuer's own name, for all reasons.
        let by_issuer = [GeneralName::Directory(certificate.issuer.clone())];
        let mut covered = if own.is_empty() || overlap(&own, &by_issuer) { ALL_REASONS } else { 0 };
        for point in &certificate.distribution_points {
            if point.matches(&own, issuer) {
                covered |= point.reasons;
            }
        }
        covered & self.reasons
    }
}

impl DistributionPoint {
    /// §6.3.3 (b) (1) and (2) (i) for a list that is not indirect.
    fn matches(&self, list: &[GeneralName], issuer: &DistinguishedName) -> bool {
        let by = GeneralName::Directory(issuer.clone());
        if !self.list_issuer.is_empty() && !self.list_issuer.contains(&by) {
            return false;
        }
        if list.is_empty() {
            return true;
        }
        match &self.name {
            Some(name) => resolve(name, issuer).is_some_and(|names| overlap(&names, list)),
            None => overlap(&self.list_issuer, list),
        }
    }
}

pub(super) fn distribution_points(value: &[u8]) -> Result<Vec<DistributionPoint>, PkiError> {
    const WHAT: &str = "distribution points";
    let mut points = Vec::new();
    for point in Element::only(value, WHAT)?.sequence()?.rest(limits::DISTRIBUTION_POINTS)? {
        let mut fields = point.sequence()?;
        let name = fields.optional(constructed(0))?.map(|name| point_name(name, WHAT)).transpose()?;
        let some_reasons = fields.optional(primitive(1))?.map(|flags| reasons(flags, WHAT)).transpose()?;
        let list_issuer = match fields.optional(constructed(2))? {
            Some(names) => general_names(names.inside(constructed(2))?)?,
            None => Vec::new(),
        };
        fields.end()?;
        points.push(DistributionPoint { name, reasons: some_reasons.unwrap_or(ALL_REASONS), list_issuer });
    }
    Ok(points)
}

/// `[0]` around the choice of fullName and nameRelativeToCRLIssuer.
fn point_name(explicit: Element<'_>, what: &'static str) -> Result<PointName, PkiError> {
    let name = Element::only(explicit.contents(), what)?;
    if name.tag() == constructed(0) {
        return Ok(PointName::Full(general_names(name.inside(constructed(0))?)?));
    }
    Ok(PointName::Relative(name.contents_of(constructed(1))?.to_vec()))
}

/// `[number] BOOLEAN DEFAULT FALSE`.
fn flag(fields: &mut Elements<'_>, number: u32) -> Result<bool, PkiError> {
    match fields.optional(primitive(number))?.map(|flag| flag.contents()) {
        None | Some([0]) => Ok(false),
        Some([0xff]) => Ok(true),
        Some(_) => Err(PkiError::Malformed("issuing distribution point")),
    }
}

fn general_names(names: Elements<'_>) -> Result<Vec<GeneralName>, PkiError> {
    names.rest(limits::DISTRIBUTION_POINTS)?.into_iter().map(GeneralName::read).collect()
}

fn reasons(flags: Element<'_>, what: &'static str) -> Result<u16, PkiError> {
    match flags.contents() {
        [0..=7, first] => Ok(u16::from_be_bytes([*first, 0]) & ALL_REASONS),
        [0..=7, first, second] => Ok(u16::from_be_bytes([*first, *second]) & ALL_REASONS),
        _ => Err(PkiError::Malformed(what)),
    }
}

fn resolve(name: &PointName, issuer: &DistinguishedName) -> Option<Vec<GeneralName>> {
    match name {
        PointName::Full(names) => Some(names.clone()),
        PointName::Relative(part) => {
            let attributes =
                Elements::of(part, "relative name").ok()?.rest(limits::DISTRIBUTION_POINTS).ok()?;
            Some(vec![GeneralName::Directory(issuer.extended_by(attributes).ok()?)])
        }
    }
}

fn overlap(one: &[GeneralName], other: &[GeneralName]) -> bool {
    one.iter().any(|name| other.contains(name))
}
