//! In which language does the counter speak?

/// A language of the counter's staff (langue). French where nothing was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// Français.
    #[default]
    French,
    /// العربية, written from right to left.
    Arabic,
    /// English.
    English,
}

impl Language {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Language; 3] = [Language::French, Language::Arabic, Language::English];

    /// BCP 47 tag, for `lang` attributes and `Accept-Language`.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Language::French => "fr",
            Language::Arabic => "ar",
            Language::English => "en",
        }
    }

    /// The language of a tag, whatever its region (`fr-MA`).
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Language> {
        let primary = tag.trim().split(['-', '_', ';']).next().unwrap_or_default();
        Language::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    /// The first of ours that an `Accept-Language` header names. Its weights are not read: browsers list by preference.
    #[must_use]
    pub fn from_header(header: &str) -> Language {
        header.split(',').find_map(Language::from_tag).unwrap_or_default()
    }

    /// Direction of writing, for `dir` attributes.
    #[must_use]
    pub const fn direction(self) -> &'static str {
        match self {
            Language::Arabic => "rtl",
            Language::French | Language::English => "ltr",
        }
    }

    /// The language's own name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Language::French => "Français",
            Language::Arabic => "العربية",
            Language::English => "English",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn french_unless_another_of_ours_is_asked_for() {
        assert_eq!(Language::from_header(""), Language::French);
        assert_eq!(Language::from_header("de-DE,de;q=0.9"), Language::French);
        assert_eq!(Language::from_header("ar-MA,fr;q=0.8"), Language::Arabic);
        assert_eq!(Language::from_header("es, en;q=0.5"), Language::English);
    }
}
