//! Which way does a coin fall? The same way every time: by the seed, and by what is asked about.
//!
//! Every person, household and day draws from its own stream, so that no answer depends on the order of the questions and
//! any day can be looked at alone. SplitMix64 (Steele, Lea, Flood 2014): written out, because a library may change its streams.

/// One stream of chance (*hasard*).
#[derive(Clone, Debug)]
pub struct Chance(u64);

/// What a stream is for; two questions about one person on one day must not share their answer.
#[derive(Clone, Copy, Debug)]
pub enum About {
    /// Where an establishment stands and what it is like.
    Place = 1,
    /// Who somebody is.
    Person,
    /// A household on a day.
    Household,
    /// Somebody's journey.
    Journey,
    /// Somebody's day.
    Day,
    /// A card's key or a chip's.
    Key,
    /// A fraud as a whole.
    Case,
    /// What a fraud does on a day.
    CaseDay,
    /// An establishment on a day.
    PlaceDay,
}

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

impl Chance {
    /// The stream of this question in the kingdom of that seed.
    pub fn new(seed: u64, about: About, first: u64, second: u64) -> Self {
        let mut mixed = mix(seed ^ (about as u64).wrapping_mul(GOLDEN));
        mixed = mix(mixed ^ first.wrapping_add(GOLDEN));
        Self(mix(mixed ^ second.wrapping_add(GOLDEN)))
    }

    /// Any number.
    pub fn any(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// From 0 up to and without 1.
    pub fn unit(&mut self) -> f64 {
        (self.any() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Does it happen, at this probability?
    pub fn happens(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// From `low` up to and with `high`.
    pub fn whole(&mut self, low: u32, high: u32) -> u32 {
        low + (self.any() % u64::from(high - low + 1)) as u32
    }

    /// From `low` up to `high`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + self.unit() * (high - low)
    }

    /// Around 0, with a standard deviation of 1 (Box and Muller).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// Around `median` on a logarithmic scale: most are near it, a few are many times more.
    pub fn skewed(&mut self, median: f64, sigma: f64) -> f64 {
        median * (sigma * self.normal()).exp()
    }

    /// One of them.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[(self.any() % from.len() as u64) as usize]
    }

    /// The index of one of them, by their running sums of weight.
    pub fn weighted(&mut self, sums: &[f64]) -> usize {
        let mark = self.unit() * sums[sums.len() - 1];
        sums.partition_point(|sum| *sum <= mark).min(sums.len() - 1)
    }

    /// Sixteen octets that say nothing about what they are for.
    pub fn key(&mut self) -> [u8; 16] {
        let mut key = [0; 16];
        key[..8].copy_from_slice(&self.any().to_be_bytes());
        key[8..].copy_from_slice(&self.any().to_be_bytes());
        key
    }
}

fn mix(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}
