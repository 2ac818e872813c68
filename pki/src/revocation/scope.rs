//! Does this list speak for every certificate of its issuer? Absence from one that does not means nothing.

use super::list::number;
use crate::asn1::{Element, primitive};
use crate::certificate::authority_key;
use crate::{PkiError, limits};
use der::{Decode, TagNumber};
use x509_cert::ext::Extension;

const WHAT: &str = "revocation list extension";
const NUMBER: &str = "2.5.29.20";
const DELTA: &str = "2.5.29.27";
const ISSUING_DISTRIBUTION_POINT: &str = "2.5.29.28";
const AUTHORITY_KEY: &str = "2.5.29.35";
/// Issuer alternative name, freshest CRL: restrict nothing.
const HARMLESS: [&str; 2] = ["2.5.29.18", "2.5.29.46"];

/// What the extensions of a complete list say.
#[derive(Clone, Default)]
pub(super) struct ListExtensions {
    pub(super) number: Option<Vec<u8>>,
    pub(super) authority_key: Option<Vec<u8>>,
}

impl ListExtensions {
    /// Reads `SEQUENCE OF Extension`, the contents of `[0]`. A list that is not complete and direct is named as what it
    /// is (Doc 9303-12 §7.2: CSCAs issue complete lists), whether or not its extension is marked critical as it must be.
    pub(super) fn read(extensions: Element<'_>) -> Result<Self, PkiError> {
        let mut read = Self::default();
        let mut seen = Vec::new();
        for element in extensions.sequence()?.rest(limits::EXTENSIONS)? {
            let extension = Extension::from_der(element.whole).map_err(|_| PkiError::Malformed(WHAT))?;
            if seen.contains(&extension.extn_id) {
                return Err(PkiError::Malformed(WHAT));
            }
            seen.push(extension.extn_id);
            let value = extension.extn_value.as_bytes();
            match extension.extn_id.to_string().as_str() {
                NUMBER => read.number = Some(number(value)?),
                AUTHORITY_KEY => read.authority_key = authority_key(value)?,
                DELTA => return Err(PkiError::CrlDelta),
                ISSUING_DISTRIBUTION_POINT => distribution_point(value)?,
                other if extension.critical && !HARMLESS.contains(&other) => {
                    return Err(PkiError::Unsupported("revocation list with a critical extension"));
                }
                _ => {}
            }
        }
        Ok(read)
    }
}

/// IssuingDistributionPoint (RFC 5280 §5.2.5). Document signers and clients are end entities, so a list for user
/// certificates only is complete for them.
fn distribution_point(value: &[u8]) -> Result<(), PkiError> {
    let mut fields = Element::only(value, WHAT)?.sequence()?;
    let point = fields.optional(TagNumber(0).context_specific(true))?.is_some();
    let mut flag = |number| -> Result<bool, PkiError> {
        Ok(fields.optional(primitive(number))?.is_some_and(|flag| flag.contents() != [0]))
    };
    let _users_only = flag(1)?;
    let authorities_only = flag(2)?;
    let some_reasons = flag(3)?;
    let indirect = flag(4)?;
    let attributes_only = flag(5)?;
    fields.end()?;
    if indirect {
        return Err(PkiError::CrlIndirect);
    }
    if point || authorities_only || some_reasons || attributes_only {
        return Err(PkiError::CrlPartitioned);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::Element;

    fn read(dotted: &str, critical: bool, value: &[u8]) -> Option<PkiError> {
        let extension = crate::issuing::encode::extension(dotted, critical, value).unwrap();
        let all = crate::issuing::encode::sequence(&[&extension]).unwrap();
        ListExtensions::read(Element::only(&all, WHAT).unwrap()).err()
    }

    /// Not being on one of these means nothing.
    #[test]
    fn a_list_that_is_not_complete_is_named_as_what_it_is() {
        let critical = Some(PkiError::Unsupported("revocation list with a critical extension"));
        let cases: [(&str, &[u8], Option<PkiError>); 10] = [
            (DELTA, &[2, 1, 1], Some(PkiError::CrlDelta)),
            (ISSUING_DISTRIBUTION_POINT, &[0x30, 0], None),
            (ISSUING_DISTRIBUTION_POINT, &[0x30, 3, 0x81, 1, 0xff], None),
            (ISSUING_DISTRIBUTION_POINT, &[0x30, 3, 0x82, 1, 0xff], Some(PkiError::CrlPartitioned)),
            (ISSUING_DISTRIBUTION_POINT, &[0x30, 4, 0x83, 2, 1, 6], Some(PkiError::CrlPartitioned)),
            (ISSUING_DISTRIBUTION_POINT, &[0x30, 3, 0x84, 1, 0xff], Some(PkiError::CrlIndirect)),
            (ISSUING_DISTRIBUTION_POINT, &[0x30, 2, 0xa0, 0], Some(PkiError::CrlPartitioned)),
            (ISSUING_DISTRIBUTION_POINT, &[0x04, 0], Some(PkiError::Malformed(WHAT))),
            (NUMBER, &[2, 1, 7], None),
            ("1.2.3.4", &[5, 0], critical),
        ];
        for (dotted, value, expected) in cases {
            assert_eq!(read(dotted, true, value), expected, "{dotted} {value:02x?}");
        }
        assert_eq!(read("1.2.3.4", false, &[5, 0]), None);
        assert_eq!(read(DELTA, false, &[2, 1, 1]), Some(PkiError::CrlDelta));
    }
}
