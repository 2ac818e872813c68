//! What does each code say, in three languages? One entry a code; the match is exhaustive.

mod back_end;
mod billing;
mod caller;
mod consent;
mod emergency;
mod gateway;
mod holder;
mod presence;
mod request;

use http::StatusCode;

use super::{Language, Party, ProblemCode};

/// One line of the catalogue.
pub(super) struct Entry {
    pub(super) code: &'static str,
    pub(super) status: StatusCode,
    pub(super) party: Party,
    /// Seconds for `Retry-After`, where coming back by itself can help.
    pub(super) retry_after: Option<u64>,
    /// What happened.
    pub(super) title: Text,
    /// What the person at the counter does now.
    pub(super) staff: Text,
    /// What the vendor of the counter's software does later; vendors read English.
    pub(super) vendor: &'static str,
}

/// A fixed text in the three languages of the counter.
pub(super) struct Text {
    pub(super) fr: &'static str,
    pub(super) ar: &'static str,
    pub(super) en: &'static str,
}

impl Text {
    pub(super) fn get(&self, language: Language) -> &'static str {
        match language {
            Language::French => self.fr,
            Language::Arabic => self.ar,
            Language::English => self.en,
        }
    }
}

impl ProblemCode {
    /// Every code, in the order of the catalogue.
    pub const ALL: &'static [Self] = &[
        Self::Malformed,
        Self::NotFound,
        Self::InteractionNotTaken,
        Self::MethodNotAllowed,
        Self::RequestTimeout,
        Self::BodyTooLarge,
        Self::TargetTooLong,
        Self::UnsupportedMediaType,
        Self::Misdirected,
        Self::HeadersTooLarge,
        Self::RateLimited,
        Self::Unauthenticated,
        Self::TokenInvalid,
        Self::ProofInvalid,
        Self::ProofNonce,
        Self::SessionEnded,
        Self::SessionUnknown,
        Self::ClientUnknown,
        Self::ClientRevoked,
        Self::CardRefused,
        Self::PresenceNotUsable,
        Self::PresenceUnknown,
        Self::PatientUnknown,
        Self::PatientMismatch,
        Self::Denied,
        Self::ClaimOnItsWay,
        Self::ReceiptNotSound,
        Self::BodyNotShown,
        Self::AnswerNotShown,
        Self::HolderRequired,
        Self::HolderRefused,
        Self::StepUpNotUsable,
        Self::EmergencyReasonUnknown,
        Self::EmergencyWordsRefused,
        Self::EmergencyStatementRefused,
        Self::EmergencySamePractitioner,
        Self::EmergencyPatientUnknown,
        Self::ReferralRefused,
        Self::ConsentUnknown,
        Self::ConsentNotUnderstood,
        Self::ConsentCodeUnknown,
        Self::ConsentActorUnknown,
        Self::ConsentDates,
        Self::ConsentContradictory,
        Self::ConsentOverlaps,
        Self::ConsentTooMany,
        Self::GuardianshipEnded,
        Self::BackEndUnreachable,
        Self::BackEndTimeout,
        Self::BackEndOverloaded,
        Self::BackEndInvalid,
        Self::BackEndRefused,
        Self::BackEndForeign,
        Self::AuditUnavailable,
        Self::RegistryUnavailable,
        Self::StateUnavailable,
        Self::SignerUnavailable,
        Self::TrustUnavailable,
        Self::Overloaded,
        Self::Internal,
    ];

    pub(super) fn entry(self) -> &'static Entry {
        match self {
            Self::Malformed => &request::MALFORMED,
            Self::NotFound => &request::NOT_FOUND,
            Self::InteractionNotTaken => &request::INTERACTION_NOT_TAKEN,
            Self::MethodNotAllowed => &request::METHOD_NOT_ALLOWED,
            Self::RequestTimeout => &request::REQUEST_TIMEOUT,
            Self::BodyTooLarge => &request::BODY_TOO_LARGE,
            Self::TargetTooLong => &request::TARGET_TOO_LONG,
            Self::UnsupportedMediaType => &request::UNSUPPORTED_MEDIA_TYPE,
            Self::Misdirected => &request::MISDIRECTED,
            Self::HeadersTooLarge => &request::HEADERS_TOO_LARGE,
            Self::RateLimited => &caller::RATE_LIMITED,
            Self::Unauthenticated => &caller::UNAUTHENTICATED,
            Self::TokenInvalid => &caller::TOKEN_INVALID,
            Self::ProofInvalid => &caller::PROOF_INVALID,
            Self::ProofNonce => &caller::PROOF_NONCE,
            Self::SessionEnded => &caller::SESSION_ENDED,
            Self::SessionUnknown => &caller::SESSION_UNKNOWN,
            Self::ClientUnknown => &caller::CLIENT_UNKNOWN,
            Self::ClientRevoked => &caller::CLIENT_REVOKED,
            Self::CardRefused => &presence::CARD_REFUSED,
            Self::PresenceNotUsable => &presence::PRESENCE_NOT_USABLE,
            Self::PresenceUnknown => &presence::PRESENCE_UNKNOWN,
            Self::PatientUnknown => &presence::PATIENT_UNKNOWN,
            Self::PatientMismatch => &presence::PATIENT_MISMATCH,
            Self::Denied => &presence::DENIED,
            Self::ClaimOnItsWay => &billing::CLAIM_ON_ITS_WAY,
            Self::ReceiptNotSound => &billing::RECEIPT_NOT_SOUND,
            Self::BodyNotShown => &request::BODY_NOT_SHOWN,
            Self::AnswerNotShown => &request::ANSWER_NOT_SHOWN,
            Self::HolderRequired => &holder::HOLDER_REQUIRED,
            Self::HolderRefused => &holder::HOLDER_REFUSED,
            Self::StepUpNotUsable => &holder::STEP_UP_NOT_USABLE,
            Self::EmergencyReasonUnknown => &emergency::REASON_UNKNOWN,
            Self::EmergencyWordsRefused => &emergency::WORDS_REFUSED,
            Self::EmergencyStatementRefused => &emergency::STATEMENT_REFUSED,
            Self::EmergencySamePractitioner => &emergency::SAME_PRACTITIONER,
            Self::EmergencyPatientUnknown => &emergency::PATIENT_UNKNOWN,
            Self::ReferralRefused => &emergency::REFERRAL_REFUSED,
            Self::ConsentUnknown => &consent::UNKNOWN,
            Self::ConsentNotUnderstood => &consent::NOT_UNDERSTOOD,
            Self::ConsentCodeUnknown => &consent::CODE_UNKNOWN,
            Self::ConsentActorUnknown => &consent::ACTOR_UNKNOWN,
            Self::ConsentDates => &consent::DATES,
            Self::ConsentContradictory => &consent::CONTRADICTORY,
            Self::ConsentOverlaps => &consent::OVERLAPS,
            Self::ConsentTooMany => &consent::TOO_MANY,
            Self::GuardianshipEnded => &consent::GUARDIANSHIP_ENDED,
            Self::BackEndUnreachable => &back_end::UNREACHABLE,
            Self::BackEndTimeout => &back_end::TIMEOUT,
            Self::BackEndOverloaded => &back_end::OVERLOADED,
            Self::BackEndInvalid => &back_end::INVALID,
            Self::BackEndRefused => &back_end::REFUSED,
            Self::BackEndForeign => &back_end::FOREIGN,
            Self::AuditUnavailable => &gateway::AUDIT_UNAVAILABLE,
            Self::RegistryUnavailable => &gateway::REGISTRY_UNAVAILABLE,
            Self::StateUnavailable => &gateway::STATE_UNAVAILABLE,
            Self::SignerUnavailable => &gateway::SIGNER_UNAVAILABLE,
            Self::TrustUnavailable => &gateway::TRUST_UNAVAILABLE,
            Self::Overloaded => &gateway::OVERLOADED,
            Self::Internal => &gateway::INTERNAL,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_code_is_listed_once_and_says_everything() {
        let codes: HashSet<_> = ProblemCode::ALL.iter().map(|code| code.code()).collect();
        assert_eq!(codes.len(), ProblemCode::ALL.len(), "two entries share a code");
        // The last variant's discriminant tells whether a variant was forgotten in ALL.
        assert_eq!(ProblemCode::Internal as usize + 1, ProblemCode::ALL.len());
        for code in ProblemCode::ALL {
            let name = code.code();
            assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{name}");
            assert!(code.status().is_client_error() || code.status().is_server_error(), "{name}");
            assert!(!code.action_vendor().is_empty(), "{name}");
            for language in Language::ALL {
                assert!(!code.title(language).is_empty(), "{name}");
                assert!(!code.action_staff(language).is_empty(), "{name}");
            }
            assert!(
                code.title(Language::Arabic).chars().any(|c| ('\u{600}'..='\u{6ff}').contains(&c)),
                "{name}"
            );
        }
    }

    #[test]
    fn a_failed_back_end_is_named_as_the_party_at_fault() {
        for code in ProblemCode::ALL.iter().filter(|code| code.code().starts_with("back-end-")) {
            assert_eq!(code.party(), Party::BackEnd);
            assert!(code.status().is_server_error());
        }
    }

    #[test]
    fn only_a_401_carries_a_challenge() {
        for code in ProblemCode::ALL {
            assert_eq!(code.challenge().is_some(), code.status() == StatusCode::UNAUTHORIZED, "{code:?}");
        }
    }
}
