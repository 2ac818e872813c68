//! How likely is it that an honest one shows so much by chance?
//!
//! Upper tails of the distributions of counts, exact to about ten digits: small counts are where fraud begins, and where
//! the normal distribution is wrong. All are total: senseless parameters give 1, which accuses nobody.

/// Terms of a tail that are summed; later ones are below one part in 10^12 of the sum, or the tail is near 1 anyway.
const TERMS_MAX: u64 = 100_000;

/// The chance of `least` or more of `all`, each with the chance `rate`.
#[must_use]
pub fn binomial_tail(least: u64, all: u64, rate: f64) -> f64 {
    if least == 0 || all == 0 || !(0.0..1.0).contains(&rate) {
        return 1.0;
    }
    if least > all {
        return 0.0;
    }
    let (n, k) = (float(all), float(least));
    let first = choose(n, k) + k * rate.ln() + (n - k) * (1.0 - rate).ln();
    let odds = rate / (1.0 - rate);
    sum(first, least, all, |k| (n - k) / (k + 1.0) * odds)
}

/// The chance of `least` or more, where `mean` are usual.
#[must_use]
pub fn poisson_tail(least: u64, mean: f64) -> f64 {
    if least == 0 || !mean.is_finite() || mean < 0.0 {
        return 1.0;
    }
    if mean == 0.0 {
        return 0.0;
    }
    let k = float(least);
    sum(k * mean.ln() - mean - ln_gamma(k + 1.0), least, u64::MAX, |k| mean / (k + 1.0))
}

/// The chance of `least` or more of `all`, each with a chance that differs between peers as Beta(`alpha`, `beta`) does.
#[must_use]
pub fn beta_binomial_tail(least: u64, all: u64, alpha: f64, beta: f64) -> f64 {
    let sound = alpha.is_finite() && beta.is_finite() && alpha > 0.0 && beta > 0.0;
    if least == 0 || all == 0 || !sound {
        return 1.0;
    }
    if least > all {
        return 0.0;
    }
    let (n, k) = (float(all), float(least));
    let first = choose(n, k) + ln_beta(k + alpha, n - k + beta) - ln_beta(alpha, beta);
    sum(first, least, all, |k| (n - k) / (k + 1.0) * (k + alpha) / (n - k - 1.0 + beta))
}

/// Sums a tail from its first term, given as a logarithm, and the ratio of each term to the one before.
fn sum(first: f64, least: u64, last: u64, ratio: impl Fn(f64) -> f64) -> f64 {
    let (mut term, mut sum, mut k) = (1.0_f64, 1.0_f64, least);
    while k < last && k - least < TERMS_MAX {
        term *= ratio(float(k));
        sum += term;
        k += 1;
        if term < sum * 1e-13 || !sum.is_finite() {
            break;
        }
    }
    let tail = (first + sum.ln()).exp();
    if tail.is_nan() { 1.0 } else { tail.clamp(0.0, 1.0) }
}

fn choose(n: f64, k: f64) -> f64 {
    ln_gamma(n + 1.0) - ln_gamma(k + 1.0) - ln_gamma(n - k + 1.0)
}

fn ln_beta(a: f64, b: f64) -> f64 {
    ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b)
}

/// The logarithm of the gamma function of a positive number: Lanczos' approximation with g = 7 and nine terms.
fn ln_gamma(x: f64) -> f64 {
    const G: f64 = 7.0;
    const FIRST: f64 = 0.999_999_999_999_809_9;
    const TERMS: [f64; 8] = [
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    if x < 0.5 {
        // Reflection: Γ(x) Γ(1 - x) = π / sin πx.
        return (std::f64::consts::PI / (std::f64::consts::PI * x).sin().abs()).ln() - ln_gamma(1.0 - x);
    }
    let x = x - 1.0;
    let terms = TERMS.iter().zip(1_u8..);
    let series = terms.fold(FIRST, |sum, (term, n)| sum + term / (x + f64::from(n)));
    let t = x + G + 0.5;
    0.5 * (2.0 * std::f64::consts::PI).ln() + (x + 0.5) * t.ln() - t + series.ln()
}

#[allow(clippy::cast_precision_loss, reason = "counts of acts stay far below 2^52")]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() <= expected.abs() * 1e-9 + 1e-300, "{found:e} is not {expected:e}");
    }

    /// Values of SciPy 1.11: `scipy.stats.binom.sf(k - 1, n, p)`, and so on.
    #[test]
    fn tails_are_those_of_the_tables() {
        near(binomial_tail(5, 5, 0.12), 0.12_f64.powi(5));
        near(binomial_tail(1, 10, 0.5), 1.0 - 0.5_f64.powi(10));
        near(poisson_tail(1, 2.0), 1.0 - (-2.0_f64).exp());
        near(poisson_tail(2, 0.5), 1.0 - 1.5 * (-0.5_f64).exp());
        // Beta(1, 1) makes every count from 0 to n equally likely.
        near(beta_binomial_tail(8, 9, 1.0, 1.0), 0.2);
        near(ln_gamma(0.5), std::f64::consts::PI.sqrt().ln());
        near(ln_gamma(11.0), 3_628_800_f64.ln());
    }

    #[test]
    fn a_beta_that_is_narrow_is_a_binomial() {
        let narrow = beta_binomial_tail(12, 60, 0.1 * 1e7, 0.9 * 1e7);
        let exact = binomial_tail(12, 60, 0.1);
        assert!((narrow - exact).abs() < exact * 1e-4, "{narrow:e} {exact:e}");
    }

    #[test]
    fn more_is_never_likelier_and_nothing_is_out_of_range() {
        for n in [1, 7, 64, 5_000] {
            let tails: Vec<f64> = (0..=n).map(|k| binomial_tail(k, n, 0.1)).collect();
            assert!(tails.is_sorted_by(|less, more| *less >= *more - 1e-9));
            let tails: Vec<f64> = (0..=n).map(|k| beta_binomial_tail(k, n, 0.7, 9.0)).collect();
            assert!(tails.is_sorted_by(|less, more| *less >= *more - 1e-9));
            assert!(tails.iter().all(|tail| (0.0..=1.0).contains(tail)));
        }
    }

    #[test]
    fn senseless_parameters_accuse_nobody() {
        for rate in [-1.0, 1.0, 2.0, f64::NAN, f64::INFINITY] {
            near(binomial_tail(3, 5, rate), 1.0);
        }
        near(poisson_tail(3, f64::NAN), 1.0);
        near(beta_binomial_tail(3, 5, 0.0, 1.0), 1.0);
        near(beta_binomial_tail(0, 5, 1.0, 1.0), 1.0);
        assert!(poisson_tail(u64::MAX, 1e9) <= 1.0 && binomial_tail(u64::MAX, u64::MAX, 0.5) <= 1.0);
    }
}
