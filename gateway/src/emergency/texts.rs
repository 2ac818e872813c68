//! What do reasons and outcomes mean, to a patient and to a reviewer, in three languages?

use policies::EmergencyReason;

use super::review::ReviewOutcome;
use crate::wire::NoticeText;

/// Why the glass was broken.
pub(crate) const fn reason(of: EmergencyReason) -> NoticeText {
    let (fr, ar, en) = match of {
        EmergencyReason::Unconscious => {
            ("Patient inconscient", "المريض فاقد للوعي", "The patient was unconscious")
        }
        EmergencyReason::LifeThreatening => {
            ("Danger immédiat pour la vie", "خطر فوري على الحياة", "Life was in immediate danger")
        }
        EmergencyReason::CannotCommunicate => (
            "Patient hors d'état de s'exprimer",
            "المريض غير قادر على التعبير",
            "The patient could not make themselves understood",
        ),
        EmergencyReason::ChildAlone => {
            ("Enfant sans son représentant", "طفل بدون وليه", "A child without a guardian")
        }
        EmergencyReason::OtherUrgent => {
            ("Autre situation urgente", "حالة استعجالية أخرى", "Another urgent situation")
        }
    };
    NoticeText { code: of.as_str(), fr, ar, en }
}

/// What the review found.
pub(crate) const fn outcome(of: ReviewOutcome) -> NoticeText {
    let (fr, ar, en) = match of {
        ReviewOutcome::Justified => (
            "Vérifié : l'accès était justifié",
            "تم التحقق: كان الولوج مبررا",
            "Reviewed: the access was justified",
        ),
        ReviewOutcome::NotJustified => (
            "Vérifié : l'accès n'était pas justifié",
            "تم التحقق: لم يكن الولوج مبررا",
            "Reviewed: the access was not justified",
        ),
        ReviewOutcome::NeedsInquiry => (
            "Vérifié : une enquête est ouverte",
            "تم التحقق: تم فتح تحقيق",
            "Reviewed: an inquiry was opened",
        ),
    };
    NoticeText { code: of.as_str(), fr, ar, en }
}

/// How long a review waits.
pub(crate) const fn age(of: super::review::Age) -> NoticeText {
    use super::review::Age;
    let (fr, ar, en) = match of {
        Age::Waiting => ("En attente", "في الانتظار", "Waiting"),
        Age::DueToday => ("À traiter sous 24 heures", "للمعالجة خلال 24 ساعة", "Due within 24 hours"),
        Age::Overdue => ("En retard", "متأخر", "Overdue"),
        Age::Reviewed => ("Traité", "تمت معالجته", "Reviewed"),
    };
    NoticeText { code: of.as_str(), fr, ar, en }
}
