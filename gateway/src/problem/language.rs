//! In which language is the caller told? RFC 9110 §12.5.4, French by default.

/// A language of the counter (langue).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// French, the default.
    #[default]
    French,
    /// Arabic.
    Arabic,
    /// English.
    English,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::French, Self::Arabic, Self::English];

    /// The BCP 47 tag.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::French => "fr",
            Self::Arabic => "ar",
            Self::English => "en",
        }
    }

    /// The best of our languages for an `Accept-Language` value; French where nothing fits.
    #[must_use]
    pub fn negotiate(accept_language: &str) -> Self {
        let mut best = (Self::French, 0_u16);
        for range in accept_language.split(',').take(MAX_RANGES) {
            let (tag, weight) = range.split_once(';').map_or((range, 1000), |(t, q)| (t, quality(q)));
            if let Some(language) = Self::of_tag(tag.trim())
                && weight > best.1
            {
                best = (language, weight);
            }
        }
        best.0
    }

    fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next().unwrap_or(tag);
        Self::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(primary))
    }
}

/// A browser sends up to about ten; more is not a preference.
const MAX_RANGES: usize = 16;

/// `q=0.8` in thousandths; anything unreadable counts as not wanted.
fn quality(parameter: &str) -> u16 {
    let Some(value) = parameter.trim().strip_prefix("q=") else { return 0 };
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let digits = fraction.bytes().take(3).chain(std::iter::repeat(b'0')).take(3);
    let thousandths =
        digits.fold(0_u16, |sum, digit| sum * 10 + u16::from(digit.saturating_sub(b'0').min(9)));
    match whole {
        "0" => thousandths,
        "1" => 1000,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::Language::{self, Arabic, English, French};

    #[test]
    fn the_counter_reads_its_own_language() {
        for (header, language) in [
            ("", French),
            ("fr-MA", French),
            ("ar", Arabic),
            ("ar-MA,fr;q=0.8", Arabic),
            ("EN-gb", English),
            ("de, en;q=0.5, ar;q=0.7", Arabic),
            ("en;q=0, fr;q=0.1", French),
            ("de", French),
            ("en;q=oops, ar;q=0.001", Arabic),
            ("*", French),
        ] {
            assert_eq!(Language::negotiate(header), language, "{header}");
        }
    }
}
