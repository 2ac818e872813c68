//! What did this signer sign, and with what? SignerInfo (RFC 5652 §5.3).

use super::WHAT;
use crate::asn1::{Element, constructed, primitive};
use crate::certificate::name;
use crate::signature::{self, SignatureAlgorithm, read_digest};
use crate::{DigestAlgorithm, PkiError, UntrustedCertificate, limits};
use der::asn1::ObjectIdentifier;
use der::{Decode, Tag};
use time::OffsetDateTime;
use x509_cert::name::Name;

const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_TIME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.5");

/// One signer, unbelieved (signataire).
#[derive(Clone)]
pub(super) struct SignerInfo {
    identifier: SignerIdentifier,
    digest: DigestAlgorithm,
    /// The signed attributes as sent, with the tag SET OF that was signed instead of `[0]` (RFC 5652 §5.4).
    attributes: Vec<u8>,
    content_type: ObjectIdentifier,
    message_digest: Vec<u8>,
    signing_time: Option<OffsetDateTime>,
    algorithm: SignatureAlgorithm,
    signature: Vec<u8>,
}

/// How a signer is named (RFC 5652 §5.3).
#[derive(Clone)]
pub(crate) enum SignerIdentifier {
    IssuerAndSerial(Box<Name>, Vec<u8>),
    SubjectKey(Vec<u8>),
}

impl SignerInfo {
    pub(super) fn read(info: Element<'_>) -> Result<Self, PkiError> {
        let mut fields = info.sequence()?;
        let version = fields.next()?.small()?;
        let identifier = SignerIdentifier::read(fields.next()?)?;
        let digest = read_digest(fields.next()?)?;
        // RFC 5652 §5.3: mandatory for every content but id-data, and by Doc 9303-10 §4.6.2.2 for EF.SOD whatever it
        // says it holds. So the content alone is never what was signed.
        let signed = fields.optional(constructed(0))?.ok_or(PkiError::Malformed(WHAT))?;
        let algorithm = SignatureAlgorithm::of_signer(signature::algorithm(fields.next()?)?, digest)?;
        let signature = fields.next()?.octet_string()?.to_vec();
        // Unsigned attributes are unsigned.
        fields.optional(constructed(1))?;
        fields.end()?;
        if version != identifier.version() {
            return Err(PkiError::Malformed(WHAT));
        }
        let attributes = signed.inside(constructed(0))?.rest(limits::SIGNED_ATTRIBUTES)?;
        let content_type = attribute(&attributes, CONTENT_TYPE)?.ok_or(PkiError::Malformed(WHAT))?.oid()?;
        let message_digest = attribute(&attributes, MESSAGE_DIGEST)?
            .ok_or(PkiError::Malformed(WHAT))?
            .octet_string()?
            .to_vec();
        let signing_time = attribute(&attributes, SIGNING_TIME)?.map(|time| time.time()).transpose()?;
        let mut attributes = signed.whole.to_vec();
        if let Some(tag) = attributes.first_mut() {
            *tag = 0x31;
        }
        Ok(Self {
            identifier,
            digest,
            attributes,
            content_type,
            message_digest,
            signing_time,
            algorithm,
            signature,
        })
    }

    pub(super) fn version(&self) -> u8 {
        self.identifier.version()
    }

    pub(super) fn identifier(&self) -> &SignerIdentifier {
        &self.identifier
    }

    pub(super) fn digest(&self) -> DigestAlgorithm {
        self.digest
    }

    pub(super) fn signing_time(&self) -> Option<OffsetDateTime> {
        self.signing_time
    }

    /// Whether this is the certificate that the signer says is its own.
    pub(super) fn names(&self, certificate: &UntrustedCertificate) -> bool {
        match &self.identifier {
            SignerIdentifier::IssuerAndSerial(issuer, serial) => {
                certificate.serial() == serial && name::same_attributes(certificate.issuer(), issuer)
            }
            SignerIdentifier::SubjectKey(key) => certificate.subject_key_identifier() == Some(key),
        }
    }

    /// RFC 5652 §5.4 and §5.6: the signed attributes name this content, and the signature is over them.
    pub(super) fn verify(
        &self,
        content_type: ObjectIdentifier,
        content: &[u8],
        certificate: &UntrustedCertificate,
    ) -> Result<(), PkiError> {
        let digest = self.digest.digest(content)?;
        if self.content_type != content_type || self.message_digest != digest {
            return Err(PkiError::DigestMismatch);
        }
        let key = certificate.public_key()?;
        signature::verify(self.algorithm, &key, &self.signature, &self.attributes)
    }
}

impl SignerIdentifier {
    fn read(identifier: Element<'_>) -> Result<Self, PkiError> {
        if identifier.tag() == primitive(0) {
            return Ok(Self::SubjectKey(identifier.contents().to_vec()));
        }
        let mut fields = identifier.sequence()?;
        let issuer = Name::from_der(fields.next()?.whole).map_err(|_| PkiError::Malformed(WHAT))?;
        let serial = fields.next()?.contents_of(Tag::Integer)?.to_vec();
        fields.end()?;
        Ok(Self::IssuerAndSerial(Box::new(issuer), serial))
    }

    /// RFC 5652 §5.3.
    fn version(&self) -> u8 {
        match self {
            Self::IssuerAndSerial(..) => 1,
            Self::SubjectKey(_) => 3,
        }
    }
}

/// The single value of the attribute `wanted`. Twice the same attribute, or two values of it, is ambiguous
/// (RFC 5652 §11).
fn attribute<'a>(
    attributes: &[Element<'a>],
    wanted: ObjectIdentifier,
) -> Result<Option<Element<'a>>, PkiError> {
    let mut found = None;
    for attribute in attributes {
        let mut fields = attribute.sequence()?;
        if fields.next()?.oid()? != wanted {
            continue;
        }
        let mut values = fields.next()?.set()?;
        let value = values.next()?;
        values.end()?;
        fields.end()?;
        if found.replace(value).is_some() {
            return Err(PkiError::Malformed(WHAT));
        }
    }
    Ok(found)
}
