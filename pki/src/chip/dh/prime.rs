//! Are these the primes and the generator of a group? Asked once for each group that is not a known one.

use super::DhGroup;
use crate::limits;
use openssl::bn::{BigNum, BigNumContext, BigNumRef};
use openssl::error::ErrorStack;

/// Rounds of Miller and Rabin: a composite passes each with one in four at most, so one in 2^48 gets through.
const ROUNDS: usize = 24;

/// p and q prime, q dividing p - 1, g of order q (or, where p = 2q + 1, of order q or 2q).
pub(super) fn is_sound(group: &DhGroup) -> Result<bool, ErrorStack> {
    let bits = |number: &BigNumRef| u32::try_from(number.num_bits()).unwrap_or(0);
    if !(limits::DH_BITS_OTHER_MIN..=limits::DH_BITS_MAX).contains(&bits(&group.p))
        || bits(&group.q) < limits::DH_ORDER_BITS_MIN
        || bits(&group.q) >= bits(&group.p)
        || !group.p.is_bit_set(0)
        || !group.q.is_bit_set(0)
    {
        return Ok(false);
    }
    // The cheap questions first: a wrong group is seldom wrong in its primes.
    let mut context = BigNumContext::new()?;
    let (mut before_p, mut rest) = (group.p.to_owned()?, BigNum::new()?);
    before_p.sub_word(1)?;
    rest.nnmod(&before_p, &group.q, &mut context)?;
    if rest.num_bits() != 0 || !group.holds(&group.g)? {
        return Ok(false);
    }
    Ok(is_prime(&group.q, &mut context)? && is_prime(&group.p, &mut context)?)
}

/// Miller and Rabin with random bases. (OpenSSL's own test does 64 or 128 rounds: seconds for 4,096 bits.)
fn is_prime(number: &BigNumRef, context: &mut BigNumContext) -> Result<bool, ErrorStack> {
    let one = BigNum::from_u32(1)?;
    let last = number - &*one;
    let (mut odd, mut halvings) = (last.to_owned()?, 0);
    while !odd.is_bit_set(0) {
        let whole = odd.to_owned()?;
        odd.rshift1(&whole)?;
        halvings += 1;
    }
    let range = &last - &*one;
    for _ in 0..ROUNDS {
        let mut base = BigNum::new()?;
        range.rand_range(&mut base)?;
        base.add_word(1)?;
        if !passes(&base, &odd, halvings, &last, number, context)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// One round: `base^odd` is 1, or one of its squarings is -1.
fn passes(
    base: &BigNumRef,
    odd: &BigNumRef,
    halvings: i32,
    last: &BigNumRef,
    number: &BigNumRef,
    context: &mut BigNumContext,
) -> Result<bool, ErrorStack> {
    let mut power = BigNum::new()?;
    power.mod_exp(base, odd, number, context)?;
    if *power == *BigNum::from_u32(1)? || *power == *last {
        return Ok(true);
    }
    for _ in 1..halvings {
        let mut square = BigNum::new()?;
        square.mod_sqr(&power, number, context)?;
        if *square == *last {
            return Ok(true);
        }
        power = square;
    }
    Ok(false)
}
