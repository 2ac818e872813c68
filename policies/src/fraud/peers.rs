//! Does an establishment do something more often than others of its kind? (*comparaison entre pairs*)
//!
//! Small counts decide here: two breaks of the glass in thirty sessions are nothing, and twenty in three hundred are not
//! the same although the rate is. So no rate is compared with a rate. Peers differ from each other for honest reasons, and
//! how much is estimated from them: a beta distribution by the method of moments (Kleinman 1973), first of those that stand
//! out least, then in rounds of which each takes in whom the round before did not find improbable, so that frauds do not
//! make themselves usual. Against that, the chance of at least so many is the tail of a beta-binomial distribution. As thousands are judged at once, those chances
//! are held against the false discovery rate of Benjamini and Hochberg (1995): of those that are told, one in twenty is
//! told by chance.

use std::collections::BTreeMap;

use super::chance::beta_binomial_tail;
use super::day::{Acts, EstablishmentDay};
use super::hit::{Hit, Subject, Why};
use super::key::EstablishmentKey;
use crate::{ClientKind, RiskSignal};

/// Of the hits that are told, the part that is told by chance.
const FALSE_DISCOVERIES: f64 = 0.05;

/// Peers below which nothing can be compared.
const PEERS_MIN: usize = 8;

/// An act that happened less often says nothing, however rare it is.
const COUNT_MIN: u64 = 4;

/// Less than this much above its peers is not worth anybody's time, even where it is no chance.
const TIMES_MIN: f64 = 2.0;

/// What this chance falls below is left out when the next round asks what is usual.
const IMPROBABLE: f64 = 1e-3;

/// Of so many days of an establishment, or begun, one may be bad.
const WORST: usize = 4;

/// The chance that what it did on the other days must stay below.
const STILL: f64 = 0.01;

/// Rounds of estimating what is usual.
const ROUNDS: u32 = 8;

/// Of a hundred peers, those that the first round listens to: frauds are fewer than the rest.
const LISTENED_TO: usize = 80;

/// What is compared: how many, of how many.
#[derive(Clone, Copy, Debug)]
struct Rate {
    signal: RiskSignal,
    of: &'static str,
    count: fn(&Acts) -> (u64, u64),
}

const RATES: [Rate; 4] = [
    Rate {
        signal: RiskSignal::BreakGlassRate,
        of: "breaks-of-the-glass",
        count: |acts| (acts.break_glass, acts.sessions.saturating_add(acts.break_glass)),
    },
    Rate {
        signal: RiskSignal::ManualRate,
        of: "manual-sessions",
        count: |acts| (acts.manual, acts.sessions.saturating_add(acts.manual)),
    },
    Rate {
        signal: RiskSignal::ClaimWithoutPresence,
        of: "claims-without-presence",
        count: |acts| (acts.claims.saturating_sub(acts.claims_with_receipt), acts.claims),
    },
    Rate {
        signal: RiskSignal::PresenceWithoutClaim,
        of: "presences-without-claim",
        count: |acts| (acts.sessions.saturating_sub(acts.claims_with_receipt), acts.sessions),
    },
];

/// What is usual among peers: a chance that differs between them as Beta(alpha, beta) does.
#[derive(Clone, Copy, Debug)]
struct Usual {
    mean: f64,
    alpha: f64,
    beta: f64,
}

/// Which establishments stand out among their peers, for what: one row for each day on which an establishment did anything,
/// in any order. An accident is one night and a broken reader a few days, so an establishment must stand out without its
/// worst days too.
#[must_use]
pub fn judge(days: &[EstablishmentDay]) -> Vec<(EstablishmentKey, Hit)> {
    let establishments = super::day::by_establishment(days.iter().copied());
    let mut found = Vec::new();
    for rate in RATES {
        let mut kinds: BTreeMap<ClientKind, Vec<Compared>> = BTreeMap::new();
        for (key, (kind, days)) in &establishments {
            let count = (rate.count)(&super::day::sum(days));
            if count.1 > 0 {
                let ordinary = ordinary(rate, days);
                kinds.entry(*kind).or_default().push(Compared { key: *key, count, ordinary });
            }
        }
        found.extend(told(rate, kinds.values().flat_map(|peers| chances(peers)).collect()));
    }
    found
}

/// How many of how many: on all days, and without the worst ones.
struct Compared {
    key: EstablishmentKey,
    count: (u64, u64),
    ordinary: (u64, u64),
}

fn ordinary(rate: Rate, days: &[Acts]) -> (u64, u64) {
    let mut days: Vec<&Acts> = days.iter().collect();
    days.sort_by_key(|day| ((rate.count)(day), **day));
    // Whoever tells only sums has no worst day.
    let left_out = if days.len() > 1 { days.len().div_ceil(WORST) } else { 0 };
    (rate.count)(&super::day::sum(days.iter().take(days.len() - left_out).copied()))
}

/// One establishment, how much it did, and the chance of that.
struct Chance {
    key: EstablishmentKey,
    count: (u64, u64),
    usual: f64,
    chance: f64,
    /// The chance of what it did on its other days.
    otherwise: f64,
}

fn chances(peers: &[Compared]) -> Vec<Chance> {
    let counts: Vec<(u64, u64)> = peers.iter().map(|peer| peer.count).collect();
    let Some(usual) = usual(&counts) else { return Vec::new() };
    let judged = peers.iter().map(|peer| Chance {
        key: peer.key,
        count: peer.count,
        usual: usual.mean,
        chance: usual.tail(peer.count.0, peer.count.1),
        otherwise: usual.tail(peer.ordinary.0, peer.ordinary.1),
    });
    judged.collect()
}

/// Benjamini and Hochberg: the longest run of the smallest chances of which the last is small enough for its place.
fn told(rate: Rate, mut chances: Vec<Chance>) -> Vec<(EstablishmentKey, Hit)> {
    chances.sort_by(|one, other| one.chance.total_cmp(&other.chance).then(one.key.cmp(&other.key)));
    let all = float(u64::try_from(chances.len()).unwrap_or(u64::MAX));
    let places = chances.iter().zip(1_u64..);
    let last = places.filter(|(one, place)| one.chance <= FALSE_DISCOVERIES * float(*place) / all).last();
    let kept = last.map_or(0, |(_, place)| usize::try_from(place).unwrap_or(usize::MAX));
    chances.iter().take(kept).filter_map(|chance| chance.hit(rate)).collect()
}

impl Chance {
    fn hit(&self, rate: Rate) -> Option<(EstablishmentKey, Hit)> {
        let (some, all) = self.count;
        let plausible = self.usual * float(all) * TIMES_MIN;
        if some < COUNT_MIN || float(some) < plausible || self.otherwise > STILL {
            return None;
        }
        // From one in a thousand to one in 10^12.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 12")]
        let zeros = (-self.chance.max(1e-12).log10()).clamp(0.0, 12.0).round() as u64;
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a part of a count of acts"
        )]
        let plausible = plausible.ceil() as u64;
        let weight = super::signals::between(zeros, (3, 12), (30, 58));
        let why = Why { of: rate.of, seen: some, plausible, seconds: 0 };
        Some((self.key, Hit { signal: rate.signal, weight, about: Subject::Establishment, why }))
    }
}

impl Usual {
    fn tail(&self, some: u64, all: u64) -> f64 {
        beta_binomial_tail(some, all, self.alpha, self.beta)
    }
}

/// What is usual among these (count, of all); nothing, where there are too few.
fn usual(counts: &[(u64, u64)]) -> Option<Usual> {
    let mut usual = moments(least_outstanding(counts).into_iter())?;
    for _ in 1..ROUNDS {
        let honest = counts.iter().copied().filter(|(some, all)| usual.tail(*some, *all) >= IMPROBABLE);
        usual = moments(honest)?;
    }
    Some(usual)
}

/// Those that are least above the rate in the middle, measured in standard deviations of pure chance.
fn least_outstanding(counts: &[(u64, u64)]) -> Vec<(u64, u64)> {
    let mut counts: Vec<(u64, u64)> = counts.iter().copied().filter(|(_, all)| *all > 0).collect();
    let rate = |(some, all): (u64, u64)| float(some) / float(all);
    counts.sort_by(|one, other| rate(*one).total_cmp(&rate(*other)));
    let Some(middle) = counts.get(counts.len() / 2).map(|count| rate(*count).clamp(1e-4, 0.999)) else {
        return counts;
    };
    let above = |(some, all): (u64, u64)| {
        let all = float(all);
        (float(some) - all * middle) / (all * middle * (1.0 - middle)).sqrt()
    };
    counts.sort_by(|one, other| above(*one).total_cmp(&above(*other)).then(one.cmp(other)));
    counts.truncate((counts.len() * LISTENED_TO).div_ceil(100));
    counts
}

/// The beta distribution whose mean and spread are those of these counts.
fn moments(counts: impl Iterator<Item = (u64, u64)>) -> Option<Usual> {
    let counts: Vec<(f64, f64)> =
        counts.filter(|(_, all)| *all > 0).map(|(some, all)| (float(some.min(all)), float(all))).collect();
    if counts.len() < PEERS_MIN {
        return None;
    }
    let peers = float(u64::try_from(counts.len()).ok()?);
    let (some, all) = counts.iter().fold((0.0, 0.0), |(some, all), (k, n)| (some + k, all + n));
    // One half more and one more of all: where nobody ever did it, once is still no proof.
    let mean = (some + 0.5) / (all + 1.0);
    let spread: f64 = counts.iter().map(|(k, n)| n * (k / n - mean).powi(2)).sum();
    let squares: f64 = counts.iter().map(|(_, n)| n * n).sum();
    // The part of the spread that chance alone does not explain; peers never differ by less than nothing.
    let pure = mean * (1.0 - mean) * (peers - 1.0);
    let room = mean * (1.0 - mean) * (all - squares / all - (peers - 1.0));
    let differ = if room > 0.0 { ((spread - pure) / room).clamp(1e-4, 0.9) } else { 1e-4 };
    let strength = (1.0 - differ) / differ;
    Some(Usual { mean, alpha: mean * strength, beta: (1.0 - mean) * strength })
}

#[allow(clippy::cast_precision_loss, reason = "counts of acts stay far below 2^52")]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests;
