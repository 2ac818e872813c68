//! With which keys does a simulated chip prove itself? Any that real chips have.

mod dh;

use super::encode::{bit_string, oid, sequence, small};
use crate::{DigestAlgorithm, PkiError};
use dh::DhKey;
use openssl::bn::{BigNum, BigNumContext};
use openssl::derive::Deriver;
use openssl::ec::{Asn1Flag, EcGroup, EcKey, EcPoint, PointConversionForm};
use openssl::ecdsa::EcdsaSig;
use openssl::error::ErrorStack;
use openssl::md::Md;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::pkey_ctx::PkeyCtx;
use openssl::rsa::{Padding, Rsa};
use zeroize::Zeroizing;

/// A curve for a chip's key (courbe).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names of the curves say all there is to say")]
pub enum ChipCurve {
    P224,
    P256,
    P384,
    P521,
    BrainpoolP224r1,
    BrainpoolP256r1,
    BrainpoolP320r1,
    BrainpoolP384r1,
    BrainpoolP512r1,
}

/// What kind of key a chip gets (nature de la clé).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChipKeyKind {
    /// On a curve: for Active and for Chip Authentication.
    Ec(ChipCurve),
    /// RSA of this many bits: for Active Authentication.
    Rsa(u32),
    /// In the group of this number in Doc 9303-11 §9.5.1 (0 to 2): for Chip Authentication.
    Dh(u8),
}

/// How the parameters of a public key are written (écriture des paramètres).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParametersForm {
    /// A curve by its OID. A group by the parameters of PKCS#3, which have no name.
    Named,
    /// All numbers: ECParameters, or X9.42.
    Explicit,
    /// By the number of Doc 9303-11 §9.5.1.
    Standardised,
}

impl ChipCurve {
    /// Every curve.
    pub const ALL: [Self; 9] = [
        Self::P224,
        Self::P256,
        Self::P384,
        Self::P521,
        Self::BrainpoolP224r1,
        Self::BrainpoolP256r1,
        Self::BrainpoolP320r1,
        Self::BrainpoolP384r1,
        Self::BrainpoolP512r1,
    ];

    const fn nid(self) -> Nid {
        match self {
            Self::P224 => Nid::SECP224R1,
            Self::P256 => Nid::X9_62_PRIME256V1,
            Self::P384 => Nid::SECP384R1,
            Self::P521 => Nid::SECP521R1,
            Self::BrainpoolP224r1 => Nid::BRAINPOOL_P224R1,
            Self::BrainpoolP256r1 => Nid::BRAINPOOL_P256R1,
            Self::BrainpoolP320r1 => Nid::BRAINPOOL_P320R1,
            Self::BrainpoolP384r1 => Nid::BRAINPOOL_P384R1,
            Self::BrainpoolP512r1 => Nid::BRAINPOOL_P512R1,
        }
    }

    /// Its number in Doc 9303-11 §9.5.1.
    const fn number(nid: Nid) -> Option<u8> {
        match nid {
            Nid::SECP224R1 => Some(10),
            Nid::BRAINPOOL_P224R1 => Some(11),
            Nid::X9_62_PRIME256V1 => Some(12),
            Nid::BRAINPOOL_P256R1 => Some(13),
            Nid::BRAINPOOL_P320R1 => Some(14),
            Nid::SECP384R1 => Some(15),
            Nid::BRAINPOOL_P384R1 => Some(16),
            Nid::BRAINPOOL_P512R1 => Some(17),
            Nid::SECP521R1 => Some(18),
            _ => None,
        }
    }
}

/// The private key of a simulated chip (clé privée de puce). Shown to nobody.
pub struct ChipKey(Kind);

enum Kind {
    Ec(EcKey<Private>),
    Rsa(Rsa<Private>),
    Dh(DhKey),
}

impl ChipKey {
    /// A fresh key.
    pub fn generate(kind: ChipKeyKind) -> Result<Self, PkiError> {
        let kind = match kind {
            ChipKeyKind::Ec(curve) => {
                let key = EcGroup::from_curve_name(curve.nid()).and_then(|group| EcKey::generate(&group));
                Kind::Ec(key.map_err(|_| PkiError::Internal)?)
            }
            ChipKeyKind::Rsa(bits) => Kind::Rsa(Rsa::generate(bits).map_err(|_| PkiError::Internal)?),
            ChipKeyKind::Dh(number) => Kind::Dh(DhKey::generate(number)?),
        };
        Ok(Self(kind))
    }

    /// Another key of the same kind: what a copied card has.
    pub fn another(&self) -> Result<Self, PkiError> {
        let kind = match &self.0 {
            Kind::Ec(key) => EcKey::generate(key.group()).map(Kind::Ec),
            Kind::Rsa(key) => Rsa::generate(key.size() * 8).map(Kind::Rsa),
            Kind::Dh(key) => return key.another().map(Kind::Dh).map(Self),
        };
        kind.map(Self).map_err(|_| PkiError::Internal)
    }

    /// Reads PKCS#8 in DER.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, PkiError> {
        if let Some(key) = DhKey::from_pkcs8(der)? {
            return Ok(Self(Kind::Dh(key)));
        }
        let key = PKey::private_key_from_pkcs8(der).map_err(|_| PkiError::Malformed("private key"))?;
        let kind = key.ec_key().map(Kind::Ec).or_else(|_| key.rsa().map(Kind::Rsa));
        kind.map(Self).map_err(|_| PkiError::Unsupported("private key"))
    }

    /// Writes PKCS#8 in DER.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, PkiError> {
        let key = match &self.0 {
            Kind::Ec(key) => PKey::from_ec_key(key.clone()),
            Kind::Rsa(key) => PKey::from_rsa(key.clone()),
            Kind::Dh(key) => return key.to_pkcs8(),
        };
        let der = key.and_then(|key| key.private_key_to_pkcs8()).map_err(|_| PkiError::Internal)?;
        Ok(Zeroizing::new(der))
    }

    /// The SubjectPublicKeyInfo, its parameters in this form. RSA has none.
    pub fn public_key_info(&self, form: ParametersForm) -> Result<Vec<u8>, PkiError> {
        match &self.0 {
            Kind::Ec(key) => ec_public_key_info(key, form),
            Kind::Rsa(key) => PKey::from_rsa(key.clone())
                .and_then(|key| key.public_key_to_der())
                .map_err(|_| PkiError::Internal),
            Kind::Dh(key) => key.public_key_info(form),
        }
    }

    /// Signs a nonce as INTERNAL AUTHENTICATE does: plain ECDSA, or ISO/IEC 9796-2 scheme 1 with the digest's trailer.
    pub fn sign(&self, digest: DigestAlgorithm, nonce: &[u8]) -> Result<Vec<u8>, PkiError> {
        let signed = match &self.0 {
            Kind::Ec(key) => plain_ecdsa(key, &digest.digest(nonce)?),
            Kind::Rsa(key) => with_recovery(key, digest, nonce)?,
            Kind::Dh(_) => return Err(PkiError::Unsupported("signature by an agreement key")),
        };
        signed.map_err(|_| PkiError::Internal)
    }

    /// Signs a challenge as the key of a certificate does, with SHA-256: plain ECDSA, or RSA with the padding of PKCS#1 v1.5.
    pub fn sign_as_certified(&self, challenge: &[u8]) -> Result<Vec<u8>, PkiError> {
        let digest = DigestAlgorithm::Sha256.digest(challenge)?;
        let signed = match &self.0 {
            Kind::Ec(key) => plain_ecdsa(key, &digest),
            Kind::Rsa(key) => with_padding(key, &digest),
            Kind::Dh(_) => return Err(PkiError::Unsupported("signature by an agreement key")),
        };
        signed.map_err(|_| PkiError::Internal)
    }

    /// The secret that this key and a public key of the other side share, fixed width.
    pub fn agree_with(&self, public: &[u8]) -> Result<Zeroizing<Vec<u8>>, PkiError> {
        match &self.0 {
            Kind::Ec(key) => over_curve(key, public).map_err(|_| PkiError::BadKey),
            Kind::Dh(key) => key.agree_with(public),
            Kind::Rsa(_) => Err(PkiError::Unsupported("agreement by a signature key")),
        }
    }
}

fn ec_public_key_info(key: &EcKey<Private>, form: ParametersForm) -> Result<Vec<u8>, PkiError> {
    let name = key.group().curve_name().ok_or(PkiError::Internal)?;
    let flag = match form {
        ParametersForm::Named => Asn1Flag::NAMED_CURVE,
        ParametersForm::Explicit => Asn1Flag::EXPLICIT_CURVE,
        ParametersForm::Standardised => {
            let number = ChipCurve::number(name).ok_or(PkiError::Unsupported("curve"))?;
            let algorithm = sequence(&[&oid("0.4.0.127.0.7.1.2")?, &small(number)?])?;
            let point = point_of(key).map_err(|_| PkiError::Internal)?;
            return sequence(&[&algorithm, &bit_string(&point)?]);
        }
    };
    let write = || {
        let mut group = EcGroup::from_curve_name(name)?;
        group.set_asn1_flag(flag);
        PKey::from_ec_key(EcKey::from_public_key(&group, key.public_key())?)?.public_key_to_der()
    };
    write().map_err(|_| PkiError::Internal)
}

fn point_of(key: &EcKey<Private>) -> Result<Vec<u8>, ErrorStack> {
    let mut context = BigNumContext::new()?;
    key.public_key().to_bytes(key.group(), PointConversionForm::UNCOMPRESSED, &mut context)
}

fn plain_ecdsa(key: &EcKey<Private>, digest: &[u8]) -> Result<Vec<u8>, ErrorStack> {
    let signature = EcdsaSig::sign(digest, key)?;
    let (mut order, mut context) = (BigNum::new()?, BigNumContext::new()?);
    key.group().order(&mut order, &mut context)?;
    let size = order.num_bytes();
    Ok([signature.r().to_vec_padded(size)?, signature.s().to_vec_padded(size)?].concat())
}

fn with_padding(key: &Rsa<Private>, digest: &[u8]) -> Result<Vec<u8>, ErrorStack> {
    let key = PKey::from_rsa(key.clone())?;
    let mut context = PkeyCtx::new(&key)?;
    context.sign_init()?;
    context.set_rsa_padding(Padding::PKCS1)?;
    context.set_signature_md(Md::sha256())?;
    let mut signature = Vec::new();
    context.sign_to_vec(digest, &mut signature)?;
    Ok(signature)
}

fn with_recovery(
    key: &Rsa<Private>,
    digest: DigestAlgorithm,
    nonce: &[u8],
) -> Result<Result<Vec<u8>, ErrorStack>, PkiError> {
    let trailer: &[u8] = match digest {
        DigestAlgorithm::Sha1 => &[0xbc],
        DigestAlgorithm::Sha224 => &[0x38, 0xcc],
        DigestAlgorithm::Sha256 => &[0x34, 0xcc],
        DigestAlgorithm::Sha384 => &[0x36, 0xcc],
        DigestAlgorithm::Sha512 => &[0x35, 0xcc],
    };
    let size = usize::try_from(key.size()).map_err(|_| PkiError::Internal)?;
    let room = size.checked_sub(1 + digest.size() + trailer.len()).ok_or(PkiError::BadKey)?;
    let mut recovered = vec![0; room];
    openssl::rand::rand_bytes(&mut recovered).map_err(|_| PkiError::Internal)?;
    let hash = digest.digest(&[&recovered, nonce].concat())?;
    let representative = [&[0x6a][..], &recovered, &hash, trailer].concat();
    let mut signature = vec![0; size];
    let signed = key.private_encrypt(&representative, &mut signature, Padding::NONE);
    Ok(signed.map(|_| signature))
}

fn over_curve(key: &EcKey<Private>, public: &[u8]) -> Result<Zeroizing<Vec<u8>>, ErrorStack> {
    let mut context = BigNumContext::new()?;
    let point = EcPoint::from_bytes(key.group(), public, &mut context)?;
    let theirs = PKey::from_ec_key(EcKey::from_public_key(key.group(), &point)?)?;
    let ours = PKey::from_ec_key(key.clone())?;
    let mut deriver = Deriver::new(&ours)?;
    deriver.set_peer(&theirs)?;
    deriver.derive_to_vec().map(Zeroizing::new)
}
