//! Which name is this? The forms of a GeneralName (RFC 5280 §4.2.1.6) and when one lies within another.

use super::PathReason;
use super::distinguished_name::DistinguishedName;
use crate::PkiError;
use crate::asn1::Element;
use der::{Tag, TagNumber};

const WHAT: &str = "general name";

/// A name in one of the forms (nom général).
#[derive(Clone, PartialEq, Eq)]
pub(super) enum GeneralName {
    Email(String),
    Dns(String),
    Directory(DistinguishedName),
    Uri(String),
    /// An address; in a constraint, address and mask.
    Ip(Vec<u8>),
    /// A form that cannot be compared here: otherName 0, x400Address 3, ediPartyName 5, registeredID 8.
    Other(u32),
}

impl GeneralName {
    pub(super) fn read(element: Element<'_>) -> Result<Self, PkiError> {
        let malformed = PkiError::Malformed(WHAT);
        let Tag::ContextSpecific { constructed, number: TagNumber(number) } = element.tag() else {
            return Err(malformed);
        };
        let octets = element.contents();
        let text = || {
            let ascii = octets.is_ascii().then(|| String::from_utf8(octets.to_vec()).ok());
            ascii.flatten().ok_or(malformed)
        };
        Ok(match (number, constructed) {
            (1, false) => Self::Email(text()?),
            (2, false) => Self::Dns(text()?),
            (4, true) => Self::Directory(DistinguishedName::read(Element::only(octets, WHAT)?)?),
            (6, false) => Self::Uri(text()?),
            (7, false) => Self::Ip(octets.to_vec()),
            (0 | 3 | 5, true) | (8, false) => Self::Other(number),
            _ => return Err(malformed),
        })
    }

    /// The context tag of the form.
    pub(super) fn form(&self) -> u32 {
        match self {
            Self::Email(_) => 1,
            Self::Dns(_) => 2,
            Self::Directory(_) => 4,
            Self::Uri(_) => 6,
            Self::Ip(_) => 7,
            Self::Other(number) => *number,
        }
    }

    /// Whether this name lies within the subtree of `base`, which is of the same form (RFC 5280 §4.2.1.10). For an
    /// exclusion a wildcard also counts where it could stand for an excluded name.
    pub(super) fn is_within(&self, base: &Self, exclusion: bool) -> Result<bool, PathReason> {
        match (self, base) {
            (Self::Directory(name), Self::Directory(base)) => Ok(name.is_within(base)),
            (Self::Dns(name), Self::Dns(base)) => dns_within(name, base, exclusion),
            (Self::Email(name), Self::Email(base)) => email_within(name, base),
            (Self::Uri(name), Self::Uri(base)) => uri_within(name, base),
            (Self::Ip(address), Self::Ip(base)) => ip_within(address, base),
            _ => Err(PathReason::NameForm),
        }
    }
}

fn dns_within(name: &str, base: &str, exclusion: bool) -> Result<bool, PathReason> {
    let (name, base) = (name.to_ascii_lowercase(), base.to_ascii_lowercase());
    let (wildcard, host) = match name.strip_prefix("*.") {
        Some(host) => (true, host),
        None => (false, name.as_str()),
    };
    // A leading period is no dNSName (§4.2.1.10 has it for URI only); what it was meant to say is not guessed.
    if !is_host(host) || !(base.is_empty() || is_host(&base)) {
        return Err(PathReason::NameMalformed);
    }
    let covers = host_within(&name, &base);
    let may_stand_for = exclusion && wildcard && host_within(&base, host);
    Ok(covers || may_stand_for)
}

/// Equal, or with labels more on the left. The empty base is every host.
fn host_within(host: &str, base: &str) -> bool {
    base.is_empty() || host == base || host.strip_suffix(base).is_some_and(|labels| labels.ends_with('.'))
}

fn email_within(name: &str, base: &str) -> Result<bool, PathReason> {
    let (local, host) = name.rsplit_once('@').ok_or(PathReason::NameMalformed)?;
    let host = host.to_ascii_lowercase();
    if local.is_empty() || !is_host(&host) {
        return Err(PathReason::NameMalformed);
    }
    if let Some((base_local, base_host)) = base.rsplit_once('@') {
        // The local part is compared as it stands (§7.5).
        return Ok(local == base_local && host == base_host.to_ascii_lowercase());
    }
    domain_or_host(&host, base)
}

fn uri_within(name: &str, base: &str) -> Result<bool, PathReason> {
    let (_, after) = name.split_once("://").ok_or(PathReason::NameMalformed)?;
    let authority = after.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => host,
        Some(_) => return Err(PathReason::NameMalformed),
        None => host,
    };
    let host = host.to_ascii_lowercase();
    // §4.2.1.10: a constrained URI without a host name (or with an address) must be refused.
    let is_address = host.split('.').all(|label| label.bytes().all(|digit| digit.is_ascii_digit()));
    if !is_host(&host) || is_address {
        return Err(PathReason::NameMalformed);
    }
    domain_or_host(&host, base)
}

/// `.domain` is every host below the domain, `host` is that host alone.
fn domain_or_host(host: &str, base: &str) -> Result<bool, PathReason> {
    let base = base.to_ascii_lowercase();
    match base.strip_prefix('.') {
        Some(domain) if is_host(domain) => Ok(host != domain && host_within(host, domain)),
        None if is_host(&base) => Ok(host == base),
        _ => Err(PathReason::NameMalformed),
    }
}

/// Labels of letters, digits, hyphens and underscores between single periods.
fn is_host(host: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_'))
    };
    host.len() <= 253 && host.split('.').all(label)
}

/// Address within address and mask, of four or sixteen octets each; a mask with holes is none (RFC 4632).
fn ip_within(address: &[u8], base: &[u8]) -> Result<bool, PathReason> {
    if !matches!(address.len(), 4 | 16) || !matches!(base.len(), 8 | 32) {
        return Err(PathReason::NameMalformed);
    }
    let (network, mask) = base.split_at(base.len() / 2);
    let bits: Vec<bool> =
        mask.iter().flat_map(|octet| (0..8).rev().map(move |bit| octet >> bit & 1 == 1)).collect();
    if bits.iter().skip_while(|bit| **bit).any(|bit| *bit) {
        return Err(PathReason::NameMalformed);
    }
    Ok(address.len() == network.len()
        && address
            .iter()
            .zip(network)
            .zip(mask)
            .all(|((octet, network), mask)| octet & mask == network & mask))
}

#[cfg(test)]
mod tests {
    use super::GeneralName::{Dns, Email, Ip, Uri};
    use super::*;

    fn text(form: fn(String) -> GeneralName, name: &str, base: &str) -> Result<bool, PathReason> {
        form(name.to_owned()).is_within(&form(base.to_owned()), false)
    }

    #[test]
    fn hosts_mailboxes_and_addresses() {
        const BAD: Result<bool, PathReason> = Err(PathReason::NameMalformed);
        for (form, name, base, expected) in [
            (Dns as fn(String) -> GeneralName, "a.chu.ma", "chu.ma", Ok(true)),
            (Dns, "CHU.ma", "chu.MA", Ok(true)),
            (Dns, "notchu.ma", "chu.ma", Ok(false)),
            (Dns, "*.chu.ma", "chu.ma", Ok(true)),
            (Dns, "chu.ma", "", Ok(true)),
            (Dns, "chu.ma", ".chu.ma", BAD),
            (Dns, "chu..ma", "ma", BAD),
            (Dns, "chu.ma.", "ma", BAD),
            (Email, "a@chu.ma", "chu.ma", Ok(true)),
            (Email, "a@x.chu.ma", "chu.ma", Ok(false)),
            (Email, "a@x.chu.ma", ".chu.ma", Ok(true)),
            (Email, "a@chu.ma", ".chu.ma", Ok(false)),
            (Email, "A@CHU.ma", "A@chu.ma", Ok(true)),
            (Email, "a@chu.ma", "A@chu.ma", Ok(false)),
            (Email, "chu.ma", "chu.ma", BAD),
            (Uri, "https://u:p@chu.ma:8443/x?y#z", "chu.ma", Ok(true)),
            (Uri, "https://x.chu.ma/", ".chu.ma", Ok(true)),
            (Uri, "https://evil.ma/@chu.ma", "chu.ma", Ok(false)),
            (Uri, "https://evil.ma?@chu.ma", "chu.ma", Ok(false)),
            (Uri, "https://192.0.2.1/", "chu.ma", BAD),
            (Uri, "https://[2001:db8::1]/", "chu.ma", BAD),
            (Uri, "urn:oid:1.2", "chu.ma", BAD),
        ] {
            assert_eq!(text(form, name, base), expected, "{name} within {base}");
        }
        let excluded = Dns("*.chu.ma".to_owned()).is_within(&Dns("x.chu.ma".to_owned()), true);
        assert_eq!(excluded, Ok(true), "a wildcard that could stand for an excluded host");
        let net = |mask: [u8; 4]| Ip([[192, 0, 2, 0], mask].concat());
        assert_eq!(Ip(vec![192, 0, 2, 9]).is_within(&net([255, 255, 255, 0]), false), Ok(true));
        assert_eq!(Ip(vec![192, 0, 3, 9]).is_within(&net([255, 255, 255, 0]), false), Ok(false));
        assert_eq!(Ip(vec![192, 0, 3, 9]).is_within(&net([255, 0, 255, 0]), false), BAD);
        assert_eq!(Ip(vec![0; 16]).is_within(&net([255, 255, 255, 0]), false), Ok(false));
    }
}
