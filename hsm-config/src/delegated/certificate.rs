//! What does a certificate say that a module's key signs?

use std::time::Duration;

use aws_lc_rs::rand;
use p256::ecdsa::{Signature, VerifyingKey, signature::Keypair};
use time::OffsetDateTime;
use x509_cert::Certificate;
use x509_cert::builder::profile::BuilderProfile;
use x509_cert::builder::{Builder as _, CertificateBuilder, Result as BuilderResult};
use x509_cert::certificate::TbsCertificate;
use x509_cert::der::asn1::{BitString, GeneralizedTime, ObjectIdentifier};
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, KeyUsage, KeyUsages, SubjectKeyIdentifier,
};
use x509_cert::ext::{Extension, ToExtension as _};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{
    AlgorithmIdentifierOwned, DynSignatureAlgorithmIdentifier, Result as SpkiResult,
    SubjectPublicKeyInfoOwned, SubjectPublicKeyInfoRef,
};
use x509_cert::time::{Time, Validity};

use crate::pkcs11::ModuleError;
use crate::{HsmError, KeyRole, PublicKey, SIGNATURE_LEN};

/// `ecdsa-with-SHA256` (RFC 5758 §3.2).
pub(super) const ECDSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");

/// How long the certificate lasts that a key signs for itself: longer than any key should be used.
const SELF_SIGNED_LIFE: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// Bytes of a serial number; 20 are allowed, and so many are never drawn twice (RFC 5280 §4.1.2.2).
const SERIAL_LEN: usize = 16;

/// A key that certifies, as its own certificate describes it (*certificat du module*).
pub(crate) struct Issuer {
    role: KeyRole,
    public: PublicKey,
    subject: Name,
    /// The identifier that its certificate gives the key, whoever chose it.
    key_id: Option<SubjectKeyIdentifier>,
    /// The end of its certificate.
    pub(crate) until: OffsetDateTime,
    /// Its certificate.
    pub(crate) der: Vec<u8>,
}

/// From when until when a certificate is valid.
#[derive(Clone, Copy)]
pub(crate) struct Span {
    pub(crate) from: OffsetDateTime,
    pub(crate) until: OffsetDateTime,
}

/// What matters here of a certificate that came with a key.
struct Read {
    certificate: Certificate,
    certifies: bool,
}

/// Refuses a certificate of another key.
fn read(role: KeyRole, public: &PublicKey, der: &[u8]) -> Result<Read, ModuleError> {
    let wrong = |problem| ModuleError::CertificateWrong { role, problem };
    let certificate = Certificate::from_der(der).map_err(|_| wrong("is not a certificate"))?;
    let body = certificate.tbs_certificate();
    if spki(role, public)? != *body.subject_public_key_info() {
        return Err(wrong("is another key's"));
    }
    let constraints = body.get_extension::<BasicConstraints>().map_err(|_| wrong("is malformed"))?;
    let usage = body.get_extension::<KeyUsage>().map_err(|_| wrong("is malformed"))?;
    let certifies = constraints.is_some_and(|(_, constraints)| constraints.ca)
        && usage.is_none_or(|(_, usage)| usage.key_cert_sign());
    Ok(Read { certificate, certifies })
}

/// Refuses a certificate that lets a key certify which signs by itself: one key, one job.
pub(crate) fn check_direct(role: KeyRole, public: &PublicKey, der: &[u8]) -> Result<(), ModuleError> {
    if read(role, public, der)?.certifies {
        return Err(ModuleError::CertificateWrong { role, problem: "lets it certify, but it signs itself" });
    }
    Ok(())
}

impl Issuer {
    /// Refuses a certificate of another key, or of a key that must not certify.
    pub(crate) fn read(role: KeyRole, public: &PublicKey, der: Vec<u8>) -> Result<Self, ModuleError> {
        let wrong = |problem| ModuleError::CertificateWrong { role, problem };
        let Read { certificate, certifies } = read(role, public, &der)?;
        if !certifies {
            return Err(wrong("does not let it certify (CA, keyCertSign)"));
        }
        let body = certificate.tbs_certificate();
        let key_id = body.get_extension::<SubjectKeyIdentifier>().map_err(|_| wrong("is malformed"))?;
        let until = i64::try_from(body.validity().not_after.to_unix_duration().as_secs());
        let until = until.ok().and_then(|until| OffsetDateTime::from_unix_timestamp(until).ok());
        Ok(Self {
            role,
            public: public.clone(),
            subject: body.subject().clone(),
            key_id: key_id.map(|(_, key_id)| key_id),
            until: until.ok_or(wrong("has no end"))?,
            der,
        })
    }

    /// The certificate of a delegate: it may sign and nothing else.
    pub(crate) fn certify(
        &self,
        delegate: &PublicKey,
        node: &str,
        span: Span,
        sign: impl FnOnce(&[u8]) -> Result<[u8; SIGNATURE_LEN], HsmError>,
    ) -> Result<Vec<u8>, HsmError> {
        let contents = Contents {
            subject: name(self.role, &format!("delegate of {node}"))?,
            issuer: Some(self.subject.clone()),
            key_id: self.key_id.clone(),
            certifies: false,
        };
        build(self.role, &self.public, delegate, contents, span, sign)
    }
}

/// The certificate that a delegating key signs for itself when no authority gives it one.
pub(crate) fn self_signed(
    role: KeyRole,
    public: &PublicKey,
    at: OffsetDateTime,
    sign: impl FnOnce(&[u8]) -> Result<[u8; SIGNATURE_LEN], HsmError>,
) -> Result<Vec<u8>, HsmError> {
    let contents =
        Contents { subject: name(role, "delegation")?, issuer: None, key_id: None, certifies: true };
    let span = Span { from: at, until: crate::pkcs11::after(at, SELF_SIGNED_LIFE) };
    build(role, public, public, contents, span, sign)
}

/// The parts of a certificate that tools list it by: subject, issuer and serial number, as DER.
pub(crate) fn names(role: KeyRole, der: &[u8]) -> Result<[Vec<u8>; 3], HsmError> {
    let certificate = Certificate::from_der(der).map_err(|_| unbuilt(role))?;
    let body = certificate.tbs_certificate();
    let encoded = [body.subject().to_der(), body.issuer().to_der(), body.serial_number().to_der()];
    let [subject, issuer, serial] = encoded.map(|part| part.map_err(|_| unbuilt(role)));
    Ok([subject?, issuer?, serial?])
}

fn build(
    role: KeyRole,
    issuer: &PublicKey,
    subject: &PublicKey,
    contents: Contents,
    span: Span,
    sign: impl FnOnce(&[u8]) -> Result<[u8; SIGNATURE_LEN], HsmError>,
) -> Result<Vec<u8>, HsmError> {
    let failed = || unbuilt(role);
    let mut serial = [0; SERIAL_LEN];
    rand::fill(&mut serial).map_err(|_| HsmError::NoRandomness)?;
    let serial = SerialNumber::new(&serial).map_err(|_| failed())?;
    let validity = Validity::new(time(role, span.from)?, time(role, span.until)?);
    let key = VerifyingKey::from_sec1_bytes(issuer.sec1_uncompressed()).map_err(|_| failed())?;
    let signer = RemoteKey(key);
    let mut builder =
        CertificateBuilder::new(contents, serial, validity, spki(role, subject)?).map_err(|_| failed())?;
    let body = builder.finalize(&signer).map_err(|_| failed())?;
    let signature = Signature::from_slice(&sign(&body)?).map_err(|_| failed())?.to_der();
    let signature = BitString::from_bytes(signature.as_bytes()).map_err(|_| failed())?;
    let certificate = builder.assemble(signature, &signer).map_err(|_| failed())?;
    certificate.to_der().map_err(|_| failed())
}

fn unbuilt(role: KeyRole) -> HsmError {
    ModuleError::CertificateWrong { role, problem: "cannot be built" }.into()
}

fn spki(role: KeyRole, public: &PublicKey) -> Result<SubjectPublicKeyInfoOwned, ModuleError> {
    let wrong = ModuleError::KeyAttribute { role, attribute: "CKA_EC_POINT" };
    let key = VerifyingKey::from_sec1_bytes(public.sec1_uncompressed()).map_err(|_| wrong.clone())?;
    SubjectPublicKeyInfoOwned::from_key(&key).map_err(|_| wrong)
}

fn name(role: KeyRole, unit: &str) -> Result<Name, HsmError> {
    format!("CN={role},OU={unit},O=Bawaba").parse().map_err(|_| unbuilt(role))
}

fn time(role: KeyRole, at: OffsetDateTime) -> Result<Time, HsmError> {
    let seconds = u64::try_from(at.unix_timestamp()).map_err(|_| unbuilt(role))?;
    let time = GeneralizedTime::from_unix_duration(Duration::from_secs(seconds));
    Ok(Time::GeneralTime(time.map_err(|_| unbuilt(role))?))
}

/// What is in a certificate besides the key and the time.
struct Contents {
    subject: Name,
    /// None: it is signed by the key that it is about.
    issuer: Option<Name>,
    key_id: Option<SubjectKeyIdentifier>,
    certifies: bool,
}

impl BuilderProfile for Contents {
    fn get_issuer(&self, subject: &Name) -> Name {
        self.issuer.as_ref().unwrap_or(subject).clone()
    }

    fn get_subject(&self) -> Name {
        self.subject.clone()
    }

    fn build_extensions(
        &self,
        subject: SubjectPublicKeyInfoRef<'_>,
        issuer: SubjectPublicKeyInfoRef<'_>,
        body: &TbsCertificate,
    ) -> BuilderResult<Vec<Extension>> {
        let mut extensions = Vec::new();
        let usage = if self.certifies { KeyUsages::KeyCertSign } else { KeyUsages::DigitalSignature };
        let constraints =
            BasicConstraints { ca: self.certifies, path_len_constraint: self.certifies.then_some(0) };
        extensions.push(constraints.to_extension(body.subject(), &extensions)?);
        extensions.push(KeyUsage(usage.into()).to_extension(body.subject(), &extensions)?);
        let own = SubjectKeyIdentifier::try_from(subject)?;
        extensions.push(own.to_extension(body.subject(), &extensions)?);
        if !self.certifies {
            let authority = match &self.key_id {
                Some(id) => {
                    AuthorityKeyIdentifier { key_identifier: Some(id.0.clone()), ..Default::default() }
                }
                None => AuthorityKeyIdentifier::try_from(issuer)?,
            };
            extensions.push(authority.to_extension(body.subject(), &extensions)?);
        }
        Ok(extensions)
    }
}

/// A key that is not here: the builder needs to know which it is, the signature comes from the module.
struct RemoteKey(VerifyingKey);

impl Keypair for RemoteKey {
    type VerifyingKey = VerifyingKey;

    fn verifying_key(&self) -> VerifyingKey {
        self.0
    }
}

impl DynSignatureAlgorithmIdentifier for RemoteKey {
    fn signature_algorithm_identifier(&self) -> SpkiResult<AlgorithmIdentifierOwned> {
        Ok(AlgorithmIdentifierOwned { oid: ECDSA_WITH_SHA256, parameters: None })
    }
}
