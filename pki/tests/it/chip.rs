//! With which keys does the gateway agree, and does the chip reach the same?

use pki::issuing::{ChipCurve, ChipKey, ChipKeyKind, ParametersForm};
use pki::{ChipAuthenticationKey, DigestAlgorithm, KeyAgreement, PkiError};

const FORMS: [ParametersForm; 3] =
    [ParametersForm::Named, ParametersForm::Explicit, ParametersForm::Standardised];

fn key_of(chip: &ChipKey, form: ParametersForm) -> ChipAuthenticationKey {
    ChipAuthenticationKey::from_spki(&chip.public_key_info(form).unwrap()).unwrap()
}

#[test]
fn chip_and_gateway_agree_over_every_curve_however_it_is_written() {
    for curve in ChipCurve::ALL {
        let chip = ChipKey::generate(ChipKeyKind::Ec(curve)).unwrap();
        for form in FORMS {
            let key = key_of(&chip, form);
            assert_eq!(key.agreement(), KeyAgreement::Ecdh);
            let agreement = key.agree().unwrap();
            assert_eq!(
                agreement.secret(),
                chip.agree_with(agreement.public()).unwrap().as_slice(),
                "{curve:?}"
            );
            let other = chip.another().unwrap();
            assert_ne!(agreement.secret(), other.agree_with(agreement.public()).unwrap().as_slice());
        }
    }
}

#[test]
fn chip_and_gateway_agree_in_every_standardised_group() {
    for number in 0..3 {
        let chip = ChipKey::generate(ChipKeyKind::Dh(number)).unwrap();
        for form in FORMS {
            let key = key_of(&chip, form);
            assert_eq!(key.agreement(), KeyAgreement::Dh);
            let agreement = key.agree().unwrap();
            assert_eq!(
                agreement.secret(),
                chip.agree_with(agreement.public()).unwrap().as_slice(),
                "{number}"
            );
        }
    }
}

/// 1 in 256 secrets begins with a zero octet: one that is cut shows in a thousand.
#[test]
fn secrets_have_a_fixed_width() {
    let width = |kind: ChipKeyKind, rounds: usize| {
        let chip = ChipKey::generate(kind).unwrap();
        let key = key_of(&chip, ParametersForm::Standardised);
        let mut leading_zeros = 0;
        let mut widths: Vec<(usize, usize)> = (0..rounds)
            .map(|_| {
                let agreement = key.agree().unwrap();
                assert_eq!(agreement.secret(), chip.agree_with(agreement.public()).unwrap().as_slice());
                leading_zeros += usize::from(agreement.secret()[0] == 0);
                (agreement.public().len(), agreement.secret().len())
            })
            .collect();
        widths.dedup();
        println!("{kind:?}: {leading_zeros} of {rounds} begin with zero");
        widths
    };
    assert_eq!(width(ChipKeyKind::Ec(ChipCurve::P256), 2_000), [(65, 32)]);
    assert_eq!(width(ChipKeyKind::Ec(ChipCurve::BrainpoolP256r1), 500), [(65, 32)]);
    assert_eq!(width(ChipKeyKind::Ec(ChipCurve::P521), 100), [(133, 66)]);
    assert_eq!(width(ChipKeyKind::Dh(0), 500), [(128, 128)]);
    assert_eq!(width(ChipKeyKind::Dh(2), 20), [(256, 256)]);
}

#[test]
fn keys_survive_being_kept_as_files_and_do_only_what_they_are_for() {
    for kind in [ChipKeyKind::Ec(ChipCurve::BrainpoolP384r1), ChipKeyKind::Dh(1), ChipKeyKind::Rsa(1024)] {
        let chip = ChipKey::generate(kind).unwrap();
        let kept = ChipKey::from_pkcs8(&chip.to_pkcs8().unwrap()).unwrap();
        let form = ParametersForm::Standardised;
        assert_eq!(kept.public_key_info(form), chip.public_key_info(form));
        let signs = kept.sign(DigestAlgorithm::Sha256, &[0; 8]).is_ok();
        assert_eq!(signs, !matches!(kind, ChipKeyKind::Dh(_)), "{kind:?}");
        let agrees = ChipAuthenticationKey::from_spki(&kept.public_key_info(form).unwrap()).is_ok();
        assert_eq!(agrees, !matches!(kind, ChipKeyKind::Rsa(_)), "{kind:?}");
    }
}

#[test]
fn points_off_the_curve_and_the_identity_are_refused() {
    for curve in ChipCurve::ALL {
        let chip = ChipKey::generate(ChipKeyKind::Ec(curve)).unwrap();
        for form in FORMS {
            let spki = chip.public_key_info(form).unwrap();
            let mut off_curve = spki.clone();
            *off_curve.last_mut().unwrap() ^= 1;
            let judged = ChipAuthenticationKey::from_spki(&off_curve);
            assert_eq!(judged.unwrap_err(), PkiError::BadKey, "{curve:?} {form:?}");
            assert!(ChipAuthenticationKey::from_spki(&spki[..spki.len() - 1]).is_err());
            assert!(ChipAuthenticationKey::from_spki(&[spki.as_slice(), &[0]].concat()).is_err());
        }
    }
    // SEQUENCE { { standardizedDomainParameters, number }, point }
    let with_point = |number: u8, point: &[u8]| {
        let algorithm =
            [b"\x30\x0c\x06\x07\x04\x00\x7f\x00\x07\x01\x02\x02\x01".as_slice(), &[number]].concat();
        let bits = [&[0x03, u8::try_from(point.len() + 1).unwrap(), 0], point].concat();
        let length = u8::try_from(algorithm.len() + bits.len()).unwrap();
        [&[0x30, length], algorithm.as_slice(), &bits].concat()
    };
    for (number, point, code) in [
        (12, vec![0], "bad-key"),
        (12, vec![4; 65], "bad-key"),
        (12, [vec![4], vec![0; 64]].concat(), "bad-key"),
        (13, vec![0x04; 66], "bad-key"),
        (8, vec![4; 49], "unsupported-algorithm"),
        (9, vec![4; 49], "unsupported-algorithm"),
        (19, vec![4; 65], "unsupported-algorithm"),
    ] {
        assert_eq!(ChipAuthenticationKey::from_spki(&with_point(number, &point)).unwrap_err().code(), code);
    }
}

mod groups {
    use super::*;
    use openssl::bn::{BigNum, BigNumContext};

    fn positive(number: &BigNum) -> Vec<u8> {
        let octets = number.to_vec();
        let sign = if octets.first().is_none_or(|first| first & 0x80 != 0) { vec![0] } else { vec![] };
        element(0x02, &[sign, octets].concat())
    }

    fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
        let length = u16::try_from(contents.len()).unwrap().to_be_bytes();
        let header = match length {
            [0, short @ 0..0x80] => vec![tag, short],
            [0, long] => vec![tag, 0x81, long],
            [high, low] => vec![tag, 0x82, high, low],
        };
        [header, contents.to_vec()].concat()
    }

    /// X9.42 where there is an order, PKCS#3 where there is none.
    fn spki(p: &BigNum, q: Option<&BigNum>, g: &BigNum, y: &BigNum) -> Vec<u8> {
        let (oid, order) = match q {
            Some(q) => (&b"\x06\x07\x2a\x86\x48\xce\x3e\x02\x01"[..], positive(q)),
            None => (&b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x03\x01"[..], vec![]),
        };
        let parameters = element(0x30, &[positive(p), positive(g), order].concat());
        let algorithm = element(0x30, &[oid, &parameters].concat());
        let bits = element(0x03, &[vec![0], positive(y)].concat());
        element(0x30, &[algorithm, bits].concat())
    }

    fn judge(p: &BigNum, q: Option<&BigNum>, g: &BigNum, y: &BigNum) -> Result<(), &'static str> {
        ChipAuthenticationKey::from_spki(&spki(p, q, g, y)).map(drop).map_err(|error| error.code())
    }

    fn number(value: u32) -> BigNum {
        BigNum::from_u32(value).unwrap()
    }

    fn power(base: &BigNum, exponent: &BigNum, p: &BigNum) -> BigNum {
        let (mut power, mut context) = (BigNum::new().unwrap(), BigNumContext::new().unwrap());
        power.mod_exp(base, exponent, p, &mut context).unwrap();
        power
    }

    /// RFC 5114 §2.3.
    fn standard() -> (BigNum, BigNum, BigNum) {
        let group = openssl::dh::Dh::get_2048_256().unwrap();
        let own = |number: &openssl::bn::BigNumRef| number.to_owned().unwrap();
        (own(group.prime_p()), own(group.prime_q().unwrap()), own(group.generator()))
    }

    #[test]
    fn numbers_outside_the_group_are_refused() {
        let (p, q, g) = standard();
        let y = power(&g, &number(123_456_789), &p);
        assert_eq!(judge(&p, Some(&q), &g, &y), Ok(()));
        let one = number(1);
        for bad in [one.to_owned().unwrap(), &p - &one, p.to_owned().unwrap(), &p + &y] {
            assert_eq!(judge(&p, Some(&q), &g, &bad), Err("bad-key"));
        }
        assert_eq!(judge(&p, Some(&q), &g, &number(0)), Err("malformed"));
        // 3 generates more than the subgroup: its powers outside would show bits of our exponent.
        assert_eq!(judge(&p, Some(&q), &g, &number(3)), Err("bad-key"));
        // An element of the small order 2, and the product of it with one of the subgroup.
        let minus_y = &p - &y;
        assert_eq!(judge(&p, Some(&q), &g, &minus_y), Err("bad-key"));
    }

    #[test]
    fn a_known_prime_with_another_generator_or_order_is_refused() {
        let (p, q, g) = standard();
        let y = power(&g, &number(5), &p);
        let other_g = power(&g, &number(7), &p);
        assert_eq!(judge(&p, Some(&q), &other_g, &y), Err("unsupported-algorithm"));
        assert_eq!(judge(&p, Some(&number(7)), &g, &y), Err("unsupported-algorithm"));
        assert_eq!(judge(&p, None, &number(2), &y), Err("unsupported-algorithm"));
    }

    #[test]
    fn safe_primes_of_rfc_3526_are_known_and_others_are_checked() {
        let known = BigNum::get_rfc3526_prime_2048().unwrap();
        assert_eq!(judge(&known, None, &number(2), &number(4_711)), Ok(()));
        assert_eq!(judge(&known, None, &number(2), &(&known - &number(1))), Err("bad-key"));
        // RFC 7919 appendix A.1, ffdhe2048: safe, and not among those known by heart.
        let ffdhe2048 = BigNum::from_hex_str(include_str!("ffdhe2048.txt").trim()).unwrap();
        let twice = std::time::Instant::now();
        assert_eq!(judge(&ffdhe2048, None, &number(2), &number(4_711)), Ok(()));
        let first = twice.elapsed();
        assert_eq!(judge(&ffdhe2048, None, &number(2), &number(4_712)), Ok(()));
        println!("checked in {first:?}, remembered in {:?}", twice.elapsed() - first);
        // p + 2 is odd and of the right size, and no prime; p of 1,536 bits is safe and too short.
        assert_eq!(
            judge(&(&ffdhe2048 + &number(2)), None, &number(2), &number(4)),
            Err("unsupported-algorithm")
        );
        let short = BigNum::get_rfc3526_prime_1536().unwrap();
        assert_eq!(judge(&short, None, &number(2), &number(4)), Err("unsupported-algorithm"));
        let long = &BigNum::get_rfc3526_prime_8192().unwrap() - &number(0);
        assert_eq!(judge(&long, None, &number(2), &number(4)), Err("too-large"));
    }

    /// A group of somebody's own: q a factor of p - 1, g of order q. And the same with one number wrong.
    #[test]
    fn a_group_of_ones_own_is_checked_number_by_number() {
        // The safe prime above once more, its q and a square as generator written out: order q exactly.
        let p = BigNum::from_hex_str(include_str!("ffdhe2048.txt").trim()).unwrap();
        let mut q = BigNum::new().unwrap();
        q.rshift1(&p).unwrap();
        let (four, y) = (number(4), number(4_711 * 4_711));
        assert_eq!(judge(&p, Some(&q), &four, &y), Ok(()));
        // No square: of order 2q.
        let outside = &p - &y;
        assert_eq!(judge(&p, Some(&q), &four, &outside), Err("bad-key"));
        for (q, g) in [
            (number(2), number(4)),
            (&q - &number(2), number(4)),
            (q.to_owned().unwrap(), number(1)),
            (q.to_owned().unwrap(), &p - &number(1)),
            (&p - &number(1), number(4)),
        ] {
            assert_eq!(judge(&p, Some(&q), &g, &y), Err("unsupported-algorithm"));
        }
    }
}
