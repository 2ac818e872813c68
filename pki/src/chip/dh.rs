//! Which secret do an ephemeral key and a number modulo p share? Diffie-Hellman in a subgroup (RFC 2631, X9.42).
//!
//! Known groups are recognised by their numbers. Any other is accepted only after its primes and its generator were
//! checked, once; that takes tenths of a second, so which groups passed is remembered.

mod prime;

use super::Agreement;
use crate::asn1::Element;
use crate::{DigestAlgorithm, PkiError, limits};
use der::Tag;
use openssl::bn::{BigNum, BigNumContext, BigNumRef, MsbOption};
use openssl::dh::Dh;
use openssl::error::ErrorStack;
use openssl::pkey::Params;
use quick_cache::sync::Cache;
use std::sync::{Arc, LazyLock};
use zeroize::Zeroizing;

const WHAT: &str = "Diffie-Hellman parameters";
const UNKNOWN: PkiError = PkiError::Unsupported("Diffie-Hellman group");
/// Bits of an ephemeral exponent where the subgroup is larger: twice the strength of any group here.
const EXPONENT_BITS: i32 = 512;

/// Numbers of Doc 9303-11 §9.5.1: RFC 5114 §2.1, §2.2, §2.3.
static STANDARDISED: LazyLock<Vec<Arc<DhGroup>>> = LazyLock::new(|| {
    [Dh::get_1024_160(), Dh::get_2048_224(), Dh::get_2048_256()]
        .into_iter()
        .filter_map(|parameters| DhGroup::of(&parameters.ok()?).ok().map(Arc::new))
        .collect()
});

/// RFC 3526 §3, §4 and §5, of 2,048 to 4,096 bits with generator 2.
static SAFE: LazyLock<Vec<Arc<DhGroup>>> = LazyLock::new(|| {
    [BigNum::get_rfc3526_prime_2048(), BigNum::get_rfc3526_prime_3072(), BigNum::get_rfc3526_prime_4096()]
        .into_iter()
        .filter_map(|prime| DhGroup::safe(prime.ok()?, BigNum::from_u32(2).ok()?).ok().map(Arc::new))
        .collect()
});

/// Groups of others that passed, by their digest.
static CHECKED: LazyLock<Cache<Vec<u8>, ()>> = LazyLock::new(|| Cache::new(limits::CHECKED_GROUPS));

/// A prime p, a generator g of a subgroup, and that subgroup's prime order q (groupe).
pub(crate) struct DhGroup {
    pub(crate) p: BigNum,
    pub(crate) q: BigNum,
    pub(crate) g: BigNum,
    /// p = 2q + 1: any number but 1 and p-1 has order q or 2q.
    safe: bool,
}

impl DhGroup {
    fn of(parameters: &Dh<Params>) -> Result<Self, ErrorStack> {
        let q = parameters.prime_q().ok_or_else(ErrorStack::get)?;
        Ok(Self {
            p: parameters.prime_p().to_owned()?,
            q: q.to_owned()?,
            g: parameters.generator().to_owned()?,
            safe: false,
        })
    }

    fn safe(p: BigNum, g: BigNum) -> Result<Self, ErrorStack> {
        let mut q = BigNum::new()?;
        q.rshift1(&p)?;
        Ok(Self { p, q, g, safe: true })
    }

    /// Octets of the prime, and so of a public key and of the secret.
    pub(crate) fn size(&self) -> i32 {
        self.p.num_bytes()
    }

    /// `base^exponent mod p`, in time that does not depend on the exponent.
    pub(crate) fn power(&self, base: &BigNumRef, exponent: &mut BigNum) -> Result<BigNum, ErrorStack> {
        exponent.set_const_time();
        self.public_power(base, exponent)
    }

    fn public_power(&self, base: &BigNumRef, exponent: &BigNumRef) -> Result<BigNum, ErrorStack> {
        let (mut power, mut context) = (BigNum::new()?, BigNumContext::new()?);
        power.mod_exp(base, exponent, &self.p, &mut context)?;
        Ok(power)
    }

    /// A fresh private key.
    pub(crate) fn exponent(&self) -> Result<BigNum, ErrorStack> {
        let mut exponent = BigNum::new_secure()?;
        exponent.rand((self.q.num_bits() - 1).min(EXPONENT_BITS), MsbOption::MAYBE_ZERO, false)?;
        exponent.add_word(1)?;
        Ok(exponent)
    }

    /// In 2..p-2, and where the subgroup is small also in it: otherwise a few of the exponent's bits would show, and
    /// others could reach the secret.
    pub(crate) fn holds(&self, number: &BigNumRef) -> Result<bool, ErrorStack> {
        let one = BigNum::from_u32(1)?;
        let last = &self.p - &one;
        if *number <= *one || *number >= *last {
            return Ok(false);
        }
        Ok(self.safe || self.public_power(number, &self.q)? == one)
    }

    fn is(&self, p: &BigNumRef, q: Option<&BigNumRef>, g: &BigNumRef) -> bool {
        *self.p == *p && *self.g == *g && q.is_none_or(|q| *self.q == *q)
    }
}

/// The group of this number in Doc 9303-11 §9.5.1.
pub(crate) fn standardised(number: u8) -> Result<Arc<DhGroup>, PkiError> {
    STANDARDISED.get(usize::from(number)).cloned().ok_or(UNKNOWN)
}

/// DomainParameters ::= SEQUENCE { p, g, q, j OPTIONAL, validationParms OPTIONAL } (RFC 3279 §2.3.3).
pub(super) fn x942(parameters: Element<'_>) -> Result<Arc<DhGroup>, PkiError> {
    let mut fields = parameters.sequence()?;
    let (p, g) = (number(fields.next()?)?, number(fields.next()?)?);
    let q = number(fields.next()?)?;
    // The cofactor follows from p and q, and a seed says only where they came from.
    fields.rest(2)?;
    group(p, Some(q), g)
}

/// DHParameter ::= SEQUENCE { prime, base, privateValueLength OPTIONAL } (PKCS#3 §9).
pub(super) fn pkcs3(parameters: Element<'_>) -> Result<Arc<DhGroup>, PkiError> {
    let mut fields = parameters.sequence()?;
    let (p, g) = (number(fields.next()?)?, number(fields.next()?)?);
    fields.optional(Tag::Integer)?;
    fields.end()?;
    group(p, None, g)
}

fn number(element: Element<'_>) -> Result<BigNum, PkiError> {
    let octets = element.positive()?;
    if octets.len() > limits::DH_BITS_MAX as usize / 8 {
        return Err(PkiError::TooLarge);
    }
    BigNum::from_slice(octets).map_err(|_| PkiError::Malformed(WHAT))
}

fn group(p: BigNum, q: Option<BigNum>, g: BigNum) -> Result<Arc<DhGroup>, PkiError> {
    let known = STANDARDISED.iter().chain(SAFE.iter());
    let mut of_this_prime = known.filter(|group| *group.p == *p).peekable();
    if of_this_prime.peek().is_some() {
        return of_this_prime.find(|group| group.is(&p, q.as_deref(), &g)).cloned().ok_or(UNKNOWN);
    }
    let built = match q {
        Some(q) => Ok(DhGroup { p, q, g, safe: false }),
        None => DhGroup::safe(p, g),
    };
    let group = built.map_err(|_| PkiError::Internal)?;
    let identity = [group.p.to_vec(), group.q.to_vec(), group.g.to_vec()];
    let digest = DigestAlgorithm::Sha256.digest(&identity.map(|part| framed(&part)).concat())?;
    if CHECKED.get(&digest).is_none() {
        if !prime::is_sound(&group).map_err(|_| PkiError::Internal)? {
            return Err(UNKNOWN);
        }
        CHECKED.insert(digest, ());
    }
    Ok(Arc::new(group))
}

fn framed(part: &[u8]) -> Vec<u8> {
    [&part.len().to_be_bytes(), part].concat()
}

/// A number of a group's subgroup.
#[derive(Clone)]
pub(super) struct DhPublicKey {
    group: Arc<DhGroup>,
    number: Arc<BigNum>,
}

impl DhPublicKey {
    /// `octets` hold an INTEGER (RFC 3279 §2.3.3).
    pub(super) fn new(group: Arc<DhGroup>, octets: &[u8]) -> Result<Self, PkiError> {
        let number = number(Element::only(octets, "Diffie-Hellman public key")?)?;
        if group.holds(&number).map_err(|_| PkiError::Internal)? {
            Ok(Self { group, number: Arc::new(number) })
        } else {
            Err(PkiError::BadKey)
        }
    }

    pub(super) fn agree(&self) -> Result<Agreement, PkiError> {
        self.with_fresh_key().map_err(|_| PkiError::Internal)
    }

    fn with_fresh_key(&self) -> Result<Agreement, ErrorStack> {
        let group = &self.group;
        let mut exponent = group.exponent()?;
        let public = group.power(&group.g, &mut exponent)?.to_vec_padded(group.size())?;
        let mut shared = group.power(&self.number, &mut exponent)?;
        let secret = Zeroizing::new(shared.to_vec_padded(group.size())?);
        shared.clear();
        exponent.clear();
        Ok(Agreement { public, secret })
    }
}
