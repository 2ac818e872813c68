//! What stands in a published master list? (Doc 9303-12 §9)

use super::SigningKey;
use super::encode::{
    element, integer, octet_string, oid, sequence, set_of, small, tagged, tagged_primitive, time,
};
use crate::{PkiError, UntrustedCertificate};
use ::time::OffsetDateTime;
use der::{Encode, Tag};

const CSCA_MASTER_LIST: &str = "2.23.136.1.1.2";

/// The freedoms of a master list, and what makes it a bad one (variantes de la liste maîtresse).
#[derive(Debug, Clone, Default)]
pub struct MasterListOptions {
    /// Other DER certificates beside the signer's: the authority above it, links.
    pub certificates: Vec<Vec<u8>>,
    /// The signer is named by issuer and serial number instead of its subject key identifier.
    pub signer_by_serial: bool,
    /// A signed signing time.
    pub signed_at: Option<OffsetDateTime>,
    /// Declared and signed as another content type: for tests of the refusal.
    pub content_type: Option<&'static str>,
}

pub(super) fn sign(
    key: &SigningKey,
    certificate: &UntrustedCertificate,
    entries: &[Vec<u8>],
    options: &MasterListOptions,
) -> Result<Vec<u8>, PkiError> {
    let content = sequence(&[&small(0)?, &set_of(entries.to_vec())?])?;
    let content_type = oid(options.content_type.unwrap_or(CSCA_MASTER_LIST))?;
    let digest = key.scheme.digest();
    let attribute = |dotted: &str, value: Vec<u8>| sequence(&[&oid(dotted)?, &set_of(vec![value])?]);
    let mut attributes = vec![
        attribute("1.2.840.113549.1.9.3", content_type.clone())?,
        attribute("1.2.840.113549.1.9.4", octet_string(&digest.digest(&content)?)?)?,
    ];
    if let Some(at) = options.signed_at {
        attributes.push(attribute("1.2.840.113549.1.9.5", time(at)?)?);
    }
    attributes.sort();
    let signer_digest = sequence(&[&oid(digest.oid())?])?;
    let (version, identifier) = if options.signer_by_serial {
        let issuer = certificate.issuer().to_der().map_err(|_| PkiError::Internal)?;
        (1, sequence(&[&issuer, &integer(certificate.serial())?])?)
    } else {
        let identifier = certificate.subject_key_identifier().ok_or(PkiError::SignerNotFound)?;
        (3, tagged_primitive(0, identifier)?)
    };
    let signer = sequence(&[
        &small(version)?,
        &identifier,
        &signer_digest,
        &tagged(0, &attributes.concat())?,
        &key.scheme.identifier()?,
        &octet_string(&key.sign(&element(Tag::Set, &attributes.concat())?)?)?,
    ])?;
    let mut certificates = options.certificates.clone();
    certificates.push(certificate.der().to_vec());
    let signed_data = sequence(&[
        &small(3)?,
        &set_of(vec![signer_digest])?,
        &sequence(&[&content_type, &tagged(0, &octet_string(&content)?)?])?,
        &tagged(0, &certificates.concat())?,
        &set_of(vec![signer])?,
    ])?;
    sequence(&[&oid("1.2.840.113549.1.7.2")?, &tagged(0, &signed_data)?])
}
