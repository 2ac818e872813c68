//! Which digests does the LDS security object hold? (Doc 9303-10 §4.6.2.3)

use super::DataGroupNumber;
use crate::asn1::Element;
use crate::signature::read_digest;
use crate::{DigestAlgorithm, PkiError, limits};
use der::Tag;

const WHAT: &str = "LDS security object";

/// LDSSecurityObject version 0 or 1.
#[derive(Clone)]
pub(crate) struct LdsSecurityObject {
    pub(crate) digest: DigestAlgorithm,
    pub(crate) hashes: Vec<(DataGroupNumber, Vec<u8>)>,
    /// Versions of the LDS and of Unicode, in version 1 only.
    pub(crate) version_info: Option<(String, String)>,
}

impl LdsSecurityObject {
    pub(crate) fn read(content: &[u8]) -> Result<Self, PkiError> {
        let mut fields = Element::only(content, WHAT)?.sequence()?;
        let version = fields.next()?.small()?;
        let digest = read_digest(fields.next()?)?;
        let mut hashes: Vec<(DataGroupNumber, Vec<u8>)> = Vec::new();
        for entry in fields.next()?.sequence()?.rest(limits::DATA_GROUPS)? {
            let mut entry = entry.sequence()?;
            let number = DataGroupNumber::new(entry.next()?.small()?)?;
            let hash = entry.next()?.octet_string()?;
            entry.end()?;
            // Two digests for one data group would let a reader pick.
            if hash.len() != digest.size() || hashes.iter().any(|(known, _)| *known == number) {
                return Err(PkiError::Malformed(WHAT));
            }
            hashes.push((number, hash.to_vec()));
        }
        // LDSVersionInfo is there in version 1 only, and decides nothing. Some states write version 1 without it.
        let version_info = match version {
            1 if !fields.at_end() => Some(version_info(fields.next()?)?),
            _ => None,
        };
        fields.end()?;
        if version > 1 || hashes.is_empty() {
            return Err(PkiError::Malformed(WHAT));
        }
        Ok(Self { digest, hashes, version_info })
    }
}

/// LDSVersionInfo ::= SEQUENCE { ldsVersion PrintableString, unicodeVersion PrintableString }.
fn version_info(info: Element<'_>) -> Result<(String, String), PkiError> {
    let mut fields = info.sequence()?;
    let mut text = || -> Result<String, PkiError> {
        let octets = fields.next()?.contents_of(Tag::PrintableString)?;
        std::str::from_utf8(octets).map(str::to_owned).map_err(|_| PkiError::Malformed(WHAT))
    };
    let versions = (text()?, text()?);
    fields.end()?;
    Ok(versions)
}
