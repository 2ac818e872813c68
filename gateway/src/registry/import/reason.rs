//! What can be wrong with a line, in words that never repeat the line?

/// Why a line of an import was not taken (*motif de rejet*). Fixed texts: nothing of the line is in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The identifier of the system *identifiant santé* or CNIE stands there twice, with different values.
    AmbiguousIdentifier,
    /// A birth date that is none.
    BadBirthDate,
    /// The end of a cover is no date `YYYY-MM-DD`.
    BadEndOfCover,
    /// The identifiant santé is not 1 to 64 ASCII letters, digits, `-`.
    BadHealthId,
    /// The CNIE number is not one or two letters A–Z and one to eight digits.
    BadNationalNumber,
    /// A reference names nobody that could be looked up.
    BadReference,
    /// A cover whose patient is neither in the files nor, with `--merge`, in the registry.
    CoverageWithoutPatient,
    /// Another line before has this identifiant santé.
    DuplicateHealthId,
    /// Another patient has this CNIE number.
    DuplicateNationalNumber,
    /// Another Patient before has this resource id.
    DuplicateResourceId,
    /// A guardian of themselves.
    GuardianOfOneself,
    /// A guardian who is neither in the files nor, with `--merge`, in the registry.
    GuardianUnknown,
    /// Longer than a line may be.
    LineTooLong,
    /// The resource, but not in the shape that FHIR R4 gives it.
    MalformedResource,
    /// A cover without its last day.
    MissingEndOfCover,
    /// A patient without an identifiant santé.
    MissingHealthId,
    /// Not a row of CSV with as many fields as the header.
    NotCsv,
    /// Not an object of JSON.
    NotJson,
    /// A patient of whom no cover is known.
    PatientWithoutCoverage,
    /// What a dependant is to the guardian is neither `child` nor `ward`.
    UnknownRelationship,
    /// Neither Patient nor Coverage.
    UnknownResource,
    /// None of the four schemes of the AMO.
    UnknownScheme,
}

impl Reason {
    /// All of them, by code.
    pub const ALL: [Self; 22] = [
        Self::AmbiguousIdentifier,
        Self::BadBirthDate,
        Self::BadEndOfCover,
        Self::BadHealthId,
        Self::BadNationalNumber,
        Self::BadReference,
        Self::CoverageWithoutPatient,
        Self::DuplicateHealthId,
        Self::DuplicateNationalNumber,
        Self::DuplicateResourceId,
        Self::GuardianOfOneself,
        Self::GuardianUnknown,
        Self::LineTooLong,
        Self::MalformedResource,
        Self::MissingEndOfCover,
        Self::MissingHealthId,
        Self::NotCsv,
        Self::NotJson,
        Self::PatientWithoutCoverage,
        Self::UnknownRelationship,
        Self::UnknownResource,
        Self::UnknownScheme,
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::AmbiguousIdentifier => "ambiguous-identifier",
            Self::BadBirthDate => "bad-birth-date",
            Self::BadEndOfCover => "bad-end-of-cover",
            Self::BadHealthId => "bad-health-id",
            Self::BadNationalNumber => "bad-national-number",
            Self::BadReference => "bad-reference",
            Self::CoverageWithoutPatient => "coverage-without-patient",
            Self::DuplicateHealthId => "duplicate-health-id",
            Self::DuplicateNationalNumber => "duplicate-national-number",
            Self::DuplicateResourceId => "duplicate-resource-id",
            Self::GuardianOfOneself => "guardian-of-oneself",
            Self::GuardianUnknown => "guardian-unknown",
            Self::LineTooLong => "line-too-long",
            Self::MalformedResource => "malformed-resource",
            Self::MissingEndOfCover => "missing-end-of-cover",
            Self::MissingHealthId => "missing-health-id",
            Self::NotCsv => "not-csv",
            Self::NotJson => "not-json",
            Self::PatientWithoutCoverage => "patient-without-coverage",
            Self::UnknownRelationship => "unknown-relationship",
            Self::UnknownResource => "unknown-resource",
            Self::UnknownScheme => "unknown-scheme",
        }
    }

    /// The reason of that code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }
}
