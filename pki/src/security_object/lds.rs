//! Which digests does the LDS security object hold? (Doc 9303-10 §4.6.2.3)

use super::DataGroupNumber;
use crate::asn1::Element;
use crate::signature::read_digest;
use crate::{DigestAlgorithm, PkiError, limits};

const WHAT: &str = "LDS security object";

/// LDSSecurityObject version 0 or 1.
#[derive(Clone)]
pub(crate) struct LdsSecurityObject {
    pub(crate) digest: DigestAlgorithm,
    pub(crate) hashes: Vec<(DataGroupNumber, Vec<u8>)>,
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
        // ldsVersionInfo is there in version 1 only, and decides nothing.
        if version == 1 && !fields.at_end() {
            fields.next()?.sequence()?.rest(2)?;
        }
        fields.end()?;
        if version > 1 || hashes.is_empty() {
            return Err(PkiError::Malformed(WHAT));
        }
        Ok(Self { digest, hashes })
    }
}
