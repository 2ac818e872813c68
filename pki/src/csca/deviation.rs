//! What is odd about an accepted entry? A closed list of names, each with one sentence for the operator.

/// An accepted departure from the profile of Doc 9303-12 §7.1, RFC 5280 or what common software reads (écart accepté).
///
/// None of them lets a stranger be believed: they are about form, about dates that are judged again at every card, and
/// about how entries relate to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "each is told by `sentence`")]
pub enum Deviation {
    AuthorityKeyNamesAnother,
    BasicConstraintsAbsent,
    BasicConstraintsNotCritical,
    BrainpoolCurve,
    CountryNotTwoLetters,
    DuplicateKeyIdentifier,
    DuplicateSubject,
    ExpiredButNeeded,
    ExplicitEcParameters,
    ExtendedKeyUsage,
    KeyUsageAbsent,
    KeyUsageExtraBits,
    KeyUsageNoCrlSign,
    KeyUsageNotCritical,
    LinkLoop,
    LinkWithoutIssuer,
    LowerCaseCountry,
    NegativeSerial,
    NoAuthorityKeyIdentifier,
    NoSubjectKeyIdentifier,
    NotDer,
    NotYetValid,
    OverLongSerial,
    PathLengthAbsent,
    PathLengthAboveZero,
    Rsa4096,
    RsaPss,
    Sha1Signature,
    SignerWithoutAuthority,
    UnusualRsaExponent,
    WrongStringType,
    WrongTimeType,
    ZeroSerial,
}

impl Deviation {
    /// The stable name, used in tables, JSON and snapshots.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.told().0
    }

    /// What it means, in one sentence.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        self.told().1
    }

    const fn told(self) -> (&'static str, &'static str) {
        match self {
            Self::AuthorityKeyNamesAnother => (
                "authority-key-names-another",
                "it signed itself, but its authority key identifier names another key",
            ),
            Self::BasicConstraintsAbsent => (
                "basic-constraints-absent",
                "only its critical key usage says that it is an authority (RFC 5280 §6.1.4 k)",
            ),
            Self::BasicConstraintsNotCritical => {
                ("basic-constraints-not-critical", "its basic constraints are not marked critical")
            }
            Self::BrainpoolCurve => (
                "brainpool-curve",
                "its key lies on a brainpool curve, which common TLS libraries do not know",
            ),
            Self::CountryNotTwoLetters => ("country-not-two-letters", "its country is not a two-letter code"),
            Self::DuplicateKeyIdentifier => (
                "duplicate-key-identifier",
                "another key bears the same key identifier: signatures decide, not identifiers",
            ),
            Self::DuplicateSubject => (
                "duplicate-subject",
                "several keys bear this subject name and are told apart by key identifier",
            ),
            Self::ExpiredButNeeded => (
                "expired-but-needed",
                "its validity has ended; it is kept for what was signed before and judged by date at every card",
            ),
            Self::ExplicitEcParameters => (
                "explicit-ec-parameters",
                "its curve is spelt out; it was matched with a known one, never computed with",
            ),
            Self::ExtendedKeyUsage => {
                ("extended-key-usage", "it names extended key usages, which a country signer should not")
            }
            Self::KeyUsageAbsent => {
                ("key-usage-absent", "it does not say what its key is for; its basic constraints do")
            }
            Self::KeyUsageExtraBits => {
                ("key-usage-extra-bits", "its key may do more than sign certificates and revocation lists")
            }
            Self::KeyUsageNoCrlSign => ("key-usage-no-crl-sign", "its key may not sign revocation lists"),
            Self::KeyUsageNotCritical => ("key-usage-not-critical", "its key usage is not marked critical"),
            Self::LinkLoop => ("link-loop", "following its links leads back to itself and to no root"),
            Self::LinkWithoutIssuer => (
                "link-without-issuer",
                "the older key that signed this link certificate is not among those at hand",
            ),
            Self::LowerCaseCountry => ("lower-case-country", "its country code is not in upper case"),
            Self::NegativeSerial => ("negative-serial", "its serial number is negative"),
            Self::NoAuthorityKeyIdentifier => (
                "no-authority-key-identifier",
                "a link certificate that does not name the key that signed it",
            ),
            Self::NoSubjectKeyIdentifier => {
                ("no-subject-key-identifier", "it has no key identifier: cards find it by name and signature")
            }
            Self::NotDer => ("not-der", "an extension is encoded as BER allows and DER does not"),
            Self::NotYetValid => ("not-yet-valid", "its validity has not begun"),
            Self::OverLongSerial => ("over-long-serial", "its serial number has more than 20 octets"),
            Self::PathLengthAbsent => {
                ("path-length-absent", "it does not limit the length of paths below it")
            }
            Self::PathLengthAboveZero => {
                ("path-length-above-zero", "it allows authorities below it; none is ever followed")
            }
            Self::Rsa4096 => {
                ("rsa-4096", "its RSA key has 4,096 bits or more, which small readers cannot compute")
            }
            Self::RsaPss => ("rsa-pss", "it is signed with RSA-PSS, which common TLS libraries restrict"),
            Self::Sha1Signature => (
                "sha1-signature",
                "its own signature uses SHA-1; it is the source that vouches for it, not this signature",
            ),
            Self::SignerWithoutAuthority => (
                "signer-without-authority",
                "no country signer at hand signed it: it waits until one that did is imported",
            ),
            Self::UnusualRsaExponent => ("unusual-rsa-exponent", "its RSA exponent is not 65,537"),
            Self::WrongStringType => (
                "wrong-string-type",
                "a part of its name is in a string type, or with characters, that Doc 9303-12 §7.1 excludes",
            ),
            Self::WrongTimeType => ("wrong-time-type", "a date before 2050 is not written as UTCTime"),
            Self::ZeroSerial => ("zero-serial", "its serial number is zero"),
        }
    }
}
