//! What does the CMS envelope hold, and who signed it? SignedData (RFC 5652 §5), as EF.SOD, EF.CardSecurity and
//! master lists are wrapped.

mod ber;
mod signer;

use crate::asn1::{Element, constructed};
use crate::signature::read_digest;
use crate::{DigestAlgorithm, PkiError, TrustStore, UntrustedCertificate, limits};
use der::Tag;
use der::asn1::ObjectIdentifier;
pub(crate) use signer::SignerIdentifier;
use signer::SignerInfo;
use time::OffsetDateTime;

const WHAT: &str = "signed data";
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
pub(crate) const ID_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");

/// How large a SignedData may be (bornes). What is larger is refused before it is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CmsBounds {
    /// Octets of the ContentInfo.
    pub(crate) octets: usize,
    /// Certificates inside, of every choice.
    pub(crate) certificates: usize,
    /// SignerInfos.
    pub(crate) signers: usize,
}

impl CmsBounds {
    /// Of EF.SOD and EF.CardSecurity: one signer (Doc 9303-10 §4.6.2.2).
    pub(crate) const CARD: Self =
        Self { octets: limits::EF_SOD, certificates: limits::SOD_CERTIFICATES, signers: 1 };
}

/// SignedData, well-formed and unbelieved (données signées).
#[derive(Clone)]
pub(crate) struct SignedData {
    content_type: ObjectIdentifier,
    content: Vec<u8>,
    certificates: Vec<UntrustedCertificate>,
    /// The first, and the others.
    signers: (SignerInfo, Vec<SignerInfo>),
}

impl SignedData {
    /// Reads a ContentInfo in DER; or in BER with indefinite lengths, if it is not DER. Nothing is verified.
    ///
    /// Accepted deviations: digest algorithms that no signer uses may be unknown ones; attributes are verified in the
    /// order sent; the version may be 1 where RFC 5652 §5.1 asks for 3, and higher than it asks for.
    pub(crate) fn read(content_info: &[u8], bounds: CmsBounds) -> Result<Self, PkiError> {
        if content_info.len() > bounds.octets {
            return Err(PkiError::TooLarge);
        }
        match Self::read_der(content_info, bounds) {
            Err(PkiError::Malformed(why)) => match ber::to_der(content_info) {
                Ok(der) if der != content_info => Self::read_der(&der, bounds),
                Err(PkiError::TooLarge) => Err(PkiError::TooLarge),
                _ => Err(PkiError::Malformed(why)),
            },
            read => read,
        }
    }

    fn read_der(content_info: &[u8], bounds: CmsBounds) -> Result<Self, PkiError> {
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
        let announced = fields.next()?.set()?.rest(limits::DIGEST_ALGORITHMS)?;
        let (content_type, content) = encapsulated(fields.next()?)?;
        let certificates = match fields.optional(constructed(0))? {
            Some(set) => set.inside(constructed(0))?.rest(bounds.certificates)?,
            None => Vec::new(),
        };
        // Revocation lists that the object itself brings prove nothing.
        let lists = fields.optional(constructed(1))?;
        let signers = fields.next()?.set()?.rest(bounds.signers)?;
        fields.end()?;

        let signers = signers.into_iter().map(SignerInfo::read).collect::<Result<Vec<_>, _>>()?;
        let least = least_version(&certificates, lists, &signers, content_type)?;
        if !fits(version, least) {
            return Err(PkiError::Malformed(WHAT));
        }
        // RFC 5652 §5.1: every signer's digest is announced. Others may be announced that nobody here knows.
        let known: Vec<_> = announced.into_iter().map(read_digest).collect();
        for digest in &known {
            match digest {
                Ok(_) | Err(PkiError::Unsupported(_)) => {}
                Err(malformed) => return Err(*malformed),
            }
        }
        if !signers.iter().all(|signer| known.contains(&Ok(signer.digest()))) {
            return Err(PkiError::Malformed(WHAT));
        }
        let certificates = certificates
            .iter()
            .filter(|choice| choice.tag() == Tag::Sequence)
            .map(|certificate| UntrustedCertificate::from_der(certificate.whole))
            .collect::<Result<_, _>>()?;
        let mut signers = signers.into_iter();
        let first = signers.next().ok_or(PkiError::Malformed(WHAT))?;
        Ok(Self { content_type, content, certificates, signers: (first, signers.collect()) })
    }

    /// What the content says it is (eContentType), which every signer signed too.
    pub(crate) fn content_type(&self) -> ObjectIdentifier {
        self.content_type
    }

    /// The octets that are hashed (eContent).
    pub(crate) fn content(&self) -> &[u8] {
        &self.content
    }

    /// The X.509 certificates inside, in the order sent. Attribute certificates and other choices are passed over.
    pub(crate) fn certificates(&self) -> &[UntrustedCertificate] {
        &self.certificates
    }

    /// When the first signer says it signed.
    pub(crate) fn signing_time(&self) -> Option<OffsetDateTime> {
        self.signers.0.signing_time()
    }

    /// The digest under the first signer's signature.
    pub(crate) fn digest(&self) -> DigestAlgorithm {
        self.signers.0.digest()
    }

    /// The certificate that the first SignerInfo names: inside, or else among `candidates`. Nobody vouches for it.
    pub(crate) fn signer_certificate<'a>(
        &'a self,
        candidates: &[&'a UntrustedCertificate],
    ) -> Option<&'a UntrustedCertificate> {
        self.named_by(&self.signers.0, candidates).next()
    }

    /// RFC 5652 §5.4 and §5.6 for every signer: its attributes name this content, and its signature is over them.
    /// Signers are looked for inside, then among `candidates`. Gives the first signer's certificate.
    pub(crate) fn verify_by(
        &self,
        candidates: &[&UntrustedCertificate],
    ) -> Result<UntrustedCertificate, PkiError> {
        let (first, others) = &self.signers;
        for signer in others {
            self.verify_signer(signer, candidates)?;
        }
        self.verify_signer(first, candidates).cloned()
    }

    /// The same, where the first signer's certificate may also be one that the store knows (Doc 9303-10 §4.6.2.2 leaves
    /// the document signer's certificate out at the issuer's choice).
    pub(crate) fn verify_with(&self, known: &TrustStore) -> Result<UntrustedCertificate, PkiError> {
        let outside = match self.signer_certificate(&[]) {
            Some(_) => Vec::new(),
            None => match self.signers.0.identifier() {
                SignerIdentifier::IssuerAndSerial(issuer, serial) => known.signers_by_serial(issuer, serial),
                SignerIdentifier::SubjectKey(key) => known.signers_by_key(key),
            },
        };
        self.verify_by(&outside.iter().collect::<Vec<_>>())
    }

    fn verify_signer<'a>(
        &'a self,
        signer: &SignerInfo,
        candidates: &[&'a UntrustedCertificate],
    ) -> Result<&'a UntrustedCertificate, PkiError> {
        let mut refusal = PkiError::SignerNotFound;
        // Key identifiers and serial numbers are chosen by the issuer: two certificates may bear the same.
        for certificate in self.named_by(signer, candidates).take(limits::ISSUER_TRIES) {
            match signer.verify(self.content_type, &self.content, certificate) {
                Ok(()) => return Ok(certificate),
                Err(refused) => refusal = refused,
            }
        }
        Err(refusal)
    }

    fn named_by<'a>(
        &'a self,
        signer: &SignerInfo,
        candidates: &[&'a UntrustedCertificate],
    ) -> impl Iterator<Item = &'a UntrustedCertificate> {
        self.certificates
            .iter()
            .chain(candidates.iter().copied())
            .filter(|certificate| signer.names(certificate))
    }
}

/// EncapsulatedContentInfo: the type, and the octets that are hashed.
fn encapsulated(info: Element<'_>) -> Result<(ObjectIdentifier, Vec<u8>), PkiError> {
    let mut fields = info.sequence()?;
    let content_type = fields.next()?.oid()?;
    let mut explicit = fields.next()?.inside(constructed(0))?;
    let content = explicit.next()?.octet_string()?.to_vec();
    explicit.end()?;
    fields.end()?;
    Ok((content_type, content))
}

/// RFC 5652 §5.1: the version that the parts ask for.
fn least_version(
    certificates: &[Element<'_>],
    lists: Option<Element<'_>>,
    signers: &[SignerInfo],
    content_type: ObjectIdentifier,
) -> Result<u8, PkiError> {
    let lists = match lists {
        Some(set) => set.inside(constructed(1))?.rest(limits::EXTENSIONS)?,
        None => Vec::new(),
    };
    let has = |number| certificates.iter().any(|choice| choice.tag() == constructed(number));
    let (v1_attribute, v2_attribute, other) = (has(1), has(2), has(3));
    let other_list = lists.iter().any(|choice| choice.tag() == constructed(1));
    Ok(if other || other_list {
        5
    } else if v2_attribute {
        4
    } else if v1_attribute || content_type != ID_DATA || signers.iter().any(|signer| signer.version() == 3) {
        3
    } else {
        1
    })
}

/// The version is not signed and every part is told by its tag: a higher one than asked for changes nothing, and 1 is
/// what signers write that know PKCS#7 only.
fn fits(version: u8, least: u8) -> bool {
    matches!(version, 1 | 3 | 4 | 5) && (version >= least || (version == 1 && least == 3))
}

#[cfg(test)]
#[cfg(feature = "issuing")]
mod tests;
