//! What does the CMS envelope hold? SignedData as Doc 9303-10 §4.6.2.2 profiles RFC 5652 §5.

use super::ber;
use crate::asn1::{Element, constructed, primitive};
use crate::certificate::name;
use crate::signature::{self, SignatureAlgorithm, read_digest};
use crate::{DigestAlgorithm, PkiError, UntrustedCertificate, limits};
use der::asn1::ObjectIdentifier;
use der::{Decode, Tag};
use time::OffsetDateTime;
use x509_cert::name::Name;

const WHAT: &str = "security object";
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const LDS_SECURITY_OBJECT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.136.1.1.1");
/// What Chinese passports say: readable, and sound as CMS, but the signed type is what keeps a signature over something
/// else from passing for an EF.SOD (RFC 5652 §11.1), so it is not trusted.
const ID_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_TIME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.5");

/// SignedData with exactly one signer.
#[derive(Clone)]
pub(crate) struct SignedData {
    content_type: ObjectIdentifier,
    pub(crate) content: Vec<u8>,
    pub(crate) certificates: Vec<UntrustedCertificate>,
    signer: SignerInfo,
}

#[derive(Clone)]
struct SignerInfo {
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

#[derive(Clone)]
enum SignerIdentifier {
    IssuerAndSerial(Box<Name>, Vec<u8>),
    SubjectKey(Vec<u8>),
}

impl SignedData {
    /// Reads a ContentInfo in DER; or in BER with indefinite lengths, if it is not DER.
    pub(crate) fn read(content_info: &[u8]) -> Result<Self, PkiError> {
        match Self::read_der(content_info) {
            Err(PkiError::Malformed(why)) => match ber::to_der(content_info) {
                Ok(der) if der != content_info => Self::read_der(&der),
                _ => Err(PkiError::Malformed(why)),
            },
            read => read,
        }
    }

    fn read_der(content_info: &[u8]) -> Result<Self, PkiError> {
        let mut fields = Element::only(content_info, WHAT)?.sequence()?;
        if fields.next()?.oid()? != SIGNED_DATA {
            return Err(PkiError::Malformed(WHAT));
        }
        let mut explicit = fields.next()?.inside(constructed(0))?;
        let signed_data = explicit.next()?;
        explicit.end()?;
        fields.end()?;

        let mut fields = signed_data.sequence()?;
        let version = fields.next()?.small()?;
        let digests = fields.next()?.set()?.rest(limits::DIGEST_ALGORITHMS)?;
        let digests = digests.into_iter().map(read_digest).collect::<Result<Vec<_>, _>>()?;
        let (content_type, content) = encapsulated(fields.next()?)?;
        let certificates = match fields.optional(constructed(0))? {
            Some(set) => certificates(set)?,
            None => Vec::new(),
        };
        // Revocation lists that the card itself brings prove nothing.
        fields.optional(constructed(1))?;
        let mut signers = fields.next()?.set()?;
        let signer = SignerInfo::read(signers.next()?)?;
        signers.end()?;
        fields.end()?;

        // RFC 5652 §5.1: 3 unless the content is id-data; 1 where a signer took it for PKCS#7.
        let version_fits = version == 3 || (version == 1 && content_type == ID_DATA);
        if !version_fits || !digests.contains(&signer.digest) {
            return Err(PkiError::Malformed(WHAT));
        }
        Ok(Self { content_type, content, certificates, signer })
    }

    /// The certificate that the SignerInfo names.
    pub(crate) fn signer_certificate(&self) -> Option<&UntrustedCertificate> {
        self.certificates.iter().find(|certificate| match &self.signer.identifier {
            SignerIdentifier::IssuerAndSerial(issuer, serial) => {
                certificate.serial() == serial && name::same_attributes(certificate.issuer(), issuer)
            }
            SignerIdentifier::SubjectKey(key) => certificate.subject_key_identifier() == Some(key),
        })
    }

    /// Whether what was signed is declared to be an LDS security object.
    pub(crate) fn is_lds_security_object(&self) -> bool {
        self.content_type == LDS_SECURITY_OBJECT
    }

    /// When the signer says it signed.
    pub(crate) fn signing_time(&self) -> Option<OffsetDateTime> {
        self.signer.signing_time
    }

    /// RFC 5652 §5.4 and §5.6: the signed attributes name this content, and the signature is over them.
    pub(crate) fn verify(&self) -> Result<&UntrustedCertificate, PkiError> {
        let signer = &self.signer;
        let certificate = self.signer_certificate().ok_or(PkiError::SignerNotFound)?;
        let digest = signer.digest.digest(&self.content)?;
        if signer.content_type != self.content_type || signer.message_digest != digest {
            return Err(PkiError::DigestMismatch);
        }
        let key = certificate.public_key()?;
        signature::verify(signer.algorithm, &key, &signer.signature, &signer.attributes)?;
        Ok(certificate)
    }
}

/// EncapsulatedContentInfo: the type, and the octets that are hashed.
fn encapsulated(info: Element<'_>) -> Result<(ObjectIdentifier, Vec<u8>), PkiError> {
    let mut fields = info.sequence()?;
    let content_type = fields.next()?.oid()?;
    if content_type != LDS_SECURITY_OBJECT && content_type != ID_DATA {
        return Err(PkiError::WrongContentType);
    }
    let mut explicit = fields.next()?.inside(constructed(0))?;
    let content = explicit.next()?.octet_string()?.to_vec();
    explicit.end()?;
    fields.end()?;
    Ok((content_type, content))
}

/// The X.509 certificates; attribute certificates and other choices are passed over.
fn certificates(set: Element<'_>) -> Result<Vec<UntrustedCertificate>, PkiError> {
    let choices = set.inside(constructed(0))?.rest(limits::SOD_CERTIFICATES)?;
    choices
        .iter()
        .filter(|choice| choice.tag() == Tag::Sequence)
        .map(|certificate| UntrustedCertificate::from_der(certificate.whole))
        .collect()
}

impl SignerInfo {
    fn read(info: Element<'_>) -> Result<Self, PkiError> {
        let mut fields = info.sequence()?;
        let version = fields.next()?.small()?;
        let identifier = SignerIdentifier::read(fields.next()?)?;
        let digest = read_digest(fields.next()?)?;
        // Doc 9303-10 §4.6.2.2: signed attributes are mandatory, so the content alone is never what was signed.
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
