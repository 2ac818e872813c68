//! Do two certificates speak of the same entity? Distinguished names as states really write them.

use der::{Tag, Tagged};
use x509_cert::name::{Name, RelativeDistinguishedName};

const COUNTRY: &str = "2.5.4.6";

/// A name in a form that compares equal across string types, letter case and order of its parts: the same state
/// writes `C=DE` and `C=de`, PrintableString and UTF8String, in certificates that belong together.
pub(crate) fn canonical(name: &Name) -> Vec<(String, Vec<u8>)> {
    let mut attributes: Vec<_> = name
        .iter()
        .map(|attribute| {
            let value = attribute.value.value();
            let text = match attribute.value.tag() {
                Tag::PrintableString | Tag::Utf8String | Tag::Ia5String | Tag::TeletexString => {
                    value.trim_ascii().to_ascii_lowercase()
                }
                _ => value.to_vec(),
            };
            (attribute.oid.to_string(), text)
        })
        .collect();
    attributes.sort();
    attributes
}

/// The country (2.5.4.6), in upper case.
pub(crate) fn country(name: &Name) -> Option<String> {
    attribute(name, COUNTRY).map(|country| country.to_ascii_uppercase())
}

/// The name as RFC 4514 writes it; control characters, which could steer a terminal, become `?`.
pub(crate) fn text(name: &Name) -> String {
    name.to_string().chars().map(|one| if one.is_control() { '?' } else { one }).collect()
}

/// The single value of this type; two of them are as good as none, for a reader might take either.
fn attribute(name: &Name, oid: &str) -> Option<String> {
    let mut values = name.iter().filter(|attribute| attribute.oid.to_string() == oid);
    let value = values.next()?.value.value();
    if values.next().is_some() {
        return None;
    }
    std::str::from_utf8(value).ok().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// The same attributes octet for octet, whatever the order of the RDNs: Malaysian SODs name their signer's issuer
/// in another order than its certificate does. The signature decides in the end; this only finds the certificate.
pub(crate) fn same_attributes(one: &Name, other: &Name) -> bool {
    let mut left: Vec<&RelativeDistinguishedName> = one.iter_rdn().collect();
    left.len() == other.iter_rdn().count()
        && other.iter_rdn().all(|wanted| match left.iter().position(|rdn| *rdn == wanted) {
            Some(found) => {
                left.swap_remove(found);
                true
            }
            None => false,
        })
}
