//! The identifier that follows a patient for life.

use std::fmt;

use zeroize::Zeroizing;

/// The identifiant santé. Opaque: no `Display`, redacted `Debug`; stored sealed, sent only to a back-end
/// that the operator allowed to know it.
#[derive(Clone)]
pub struct HealthId(Zeroizing<String>);

impl HealthId {
    /// Takes the identifier as the registry of the ministry gives it: 1 to 64 ASCII letters, digits, `-`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=64).contains(&text.len());
        (fits && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
            .then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The identifier itself: for sealing, for deriving pseudonyms, for a back-end that may know it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for HealthId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HealthId(redacted)")
    }
}
