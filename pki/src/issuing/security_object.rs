//! What stands in an issued EF.SOD? (Doc 9303-10 §4.6.2)

use super::SigningKey;
use super::encode::{
    ef_sod, element, integer, octet_string, oid, sequence, set_of, small, tagged, tagged_primitive, time,
};
use crate::{DataGroupNumber, DigestAlgorithm, PkiError, UntrustedCertificate};
use ::time::OffsetDateTime;
use der::{Encode, Tag};

const LDS_SECURITY_OBJECT: &str = "2.23.136.1.1.1";

/// The freedoms that the standard leaves in an EF.SOD (variantes de l'objet de sécurité).
#[derive(Debug, Clone, Copy, Default)]
pub struct SecurityObjectOptions {
    /// Version 1 of the LDS security object, with its version info, instead of version 0.
    pub lds_version_1: bool,
    /// The signer is named by its subject key identifier instead of issuer and serial number.
    pub signer_by_key_identifier: bool,
    /// A signed signing time.
    pub signed_at: Option<OffsetDateTime>,
    /// Declared and signed as id-data: for tests of the refusal.
    pub as_plain_data: bool,
    /// The signer's certificate is left out: whoever reads it must know it.
    pub without_certificate: bool,
    /// The number of SignedData's version, where it is not 3.
    pub version: Option<u8>,
}

impl SecurityObjectOptions {
    fn content_type(self) -> Result<Vec<u8>, PkiError> {
        oid(if self.as_plain_data { "1.2.840.113549.1.7.1" } else { LDS_SECURITY_OBJECT })
    }
}

pub(super) fn sign(
    key: &SigningKey,
    certificate: &UntrustedCertificate,
    digest: DigestAlgorithm,
    data_groups: &[(DataGroupNumber, &[u8])],
    options: &SecurityObjectOptions,
) -> Result<Vec<u8>, PkiError> {
    let content = lds_security_object(digest, data_groups, options)?;
    ef_sod(&signed_data(key, certificate, &options.content_type()?, &content, options)?)
}

/// EF.CardSecurity over SecurityInfos (Doc 9303-11 §9.2.11).
pub(super) fn sign_card_security(
    key: &SigningKey,
    certificate: &UntrustedCertificate,
    infos: &[u8],
    options: &SecurityObjectOptions,
) -> Result<Vec<u8>, PkiError> {
    signed_data(key, certificate, &oid("0.4.0.127.0.7.3.2.1")?, infos, options)
}

/// ContentInfo around SignedData.
fn signed_data(
    key: &SigningKey,
    certificate: &UntrustedCertificate,
    content_type: &[u8],
    content: &[u8],
    options: &SecurityObjectOptions,
) -> Result<Vec<u8>, PkiError> {
    let signer_digest = sequence(&[&oid(key.scheme.digest().oid())?])?;
    let attributes = signed_attributes(&key.scheme.digest().digest(content)?, content_type, options)?;
    let (version, identifier) = signer_identifier(certificate, options)?;
    let signer = sequence(&[
        &small(version)?,
        &identifier,
        &signer_digest,
        &tagged(0, &attributes.concat())?,
        &key.scheme.identifier()?,
        // RFC 5652 §5.4: what is signed carries the tag SET OF, not [0].
        &octet_string(&key.sign(&element(Tag::Set, &attributes.concat())?)?)?,
    ])?;
    let encapsulated = sequence(&[content_type, &tagged(0, &octet_string(content)?)?])?;
    let certificates = if options.without_certificate { Vec::new() } else { tagged(0, certificate.der())? };
    let signed_data = sequence(&[
        &small(options.version.unwrap_or(3))?,
        &set_of(vec![signer_digest])?,
        &encapsulated,
        &certificates,
        &set_of(vec![signer])?,
    ])?;
    sequence(&[&oid("1.2.840.113549.1.7.2")?, &tagged(0, &signed_data)?])
}

fn lds_security_object(
    digest: DigestAlgorithm,
    data_groups: &[(DataGroupNumber, &[u8])],
    options: &SecurityObjectOptions,
) -> Result<Vec<u8>, PkiError> {
    let mut hashes = Vec::new();
    for (number, content) in data_groups {
        hashes.push(sequence(&[&small(number.get())?, &octet_string(&digest.digest(content)?)?])?);
    }
    let info = if options.lds_version_1 {
        let printable = |text: &str| element(Tag::PrintableString, text.as_bytes());
        sequence(&[&printable("0108")?, &printable("040000")?])?
    } else {
        Vec::new()
    };
    sequence(&[
        &small(u8::from(options.lds_version_1))?,
        &sequence(&[&oid(digest.oid())?])?,
        &element(Tag::Sequence, &hashes.concat())?,
        &info,
    ])
}

/// In DER order, ready to be put under either tag.
fn signed_attributes(
    digest: &[u8],
    content_type: &[u8],
    options: &SecurityObjectOptions,
) -> Result<Vec<Vec<u8>>, PkiError> {
    let attribute = |dotted: &str, value: Vec<u8>| sequence(&[&oid(dotted)?, &set_of(vec![value])?]);
    let mut attributes = vec![
        attribute("1.2.840.113549.1.9.3", content_type.to_vec())?,
        attribute("1.2.840.113549.1.9.4", octet_string(digest)?)?,
    ];
    if let Some(at) = options.signed_at {
        attributes.push(attribute("1.2.840.113549.1.9.5", time(at)?)?);
    }
    attributes.sort();
    Ok(attributes)
}

fn signer_identifier(
    certificate: &UntrustedCertificate,
    options: &SecurityObjectOptions,
) -> Result<(u8, Vec<u8>), PkiError> {
    if options.signer_by_key_identifier {
        let key = certificate.subject_key_identifier().ok_or(PkiError::SignerNotFound)?;
        return Ok((3, tagged_primitive(0, key)?));
    }
    let issuer = certificate.issuer().to_der().map_err(|_| PkiError::Internal)?;
    Ok((1, sequence(&[&issuer, &integer(certificate.serial())?])?))
}
