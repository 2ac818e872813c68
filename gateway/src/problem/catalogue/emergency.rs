//! The glass was to be broken, or a patient referred, and something about it was not right.

use http::StatusCode;

use super::{Entry, Text};
use crate::problem::Party;

pub(super) const REASON_UNKNOWN: Entry = Entry {
    code: "emergency-reason-unknown",
    status: StatusCode::UNPROCESSABLE_ENTITY,
    party: Party::Station,
    retry_after: None,
    title: Text {
        fr: "Le motif d'urgence n'est pas dans la liste",
        ar: "سبب الاستعجال غير موجود في القائمة",
        en: "The reason for the emergency is not on the list",
    },
    staff: Text {
        fr: "Choisissez un motif de la liste et recommencez.",
        ar: "اختر سببا من القائمة وأعد المحاولة.",
        en: "Choose a reason from the list and start over.",
    },
    vendor: "`reason` is unconscious, life-threatening, cannot-communicate, child-alone or other-urgent; offer the list, not a free field.",
};

pub(super) const WORDS_REFUSED: Entry = Entry {
    code: "emergency-words-refused",
    status: StatusCode::UNPROCESSABLE_ENTITY,
    party: Party::Station,
    retry_after: None,
    title: Text {
        fr: "Le motif d'urgence doit être expliqué en quelques mots",
        ar: "يجب شرح سبب الاستعجال في بضع كلمات",
        en: "The reason for the emergency has to be said in a few words",
    },
    staff: Text {
        fr: "Écrivez en une ou deux phrases pourquoi l'accès est urgent ; une personne chargée du contrôle les lira.",
        ar: "اكتب في جملة أو جملتين لماذا الولوج مستعجل؛ سيقرأها المكلف بالمراقبة.",
        en: "Write in a sentence or two why access is urgent; a reviewer will read it.",
    },
    vendor: "`words` has 10 to 1,000 characters of plain text without control characters.",
};

pub(super) const STATEMENT_REFUSED: Entry = Entry {
    code: "emergency-statement-refused",
    status: StatusCode::UNPROCESSABLE_ENTITY,
    party: Party::Card,
    retry_after: None,
    title: Text {
        fr: "La signature du professionnel n'a pas pu être acceptée",
        ar: "تعذر قبول توقيع المهني الصحي",
        en: "A practitioner's signature was not accepted",
    },
    staff: Text {
        fr: "Le professionnel signe de nouveau avec sa carte professionnelle, pour ce patient et ce motif.",
        ar: "يوقع المهني من جديد ببطاقته المهنية لهذا المريض ولهذا السبب.",
        en: "The practitioner signs again with their professional card, for this patient and this reason.",
    },
    vendor: "Sign emergency+jwt anew for each request: this establishment, reason, words and patient, a new jti, at most five minutes. The operator finds the exact code under the request id.",
};

pub(super) const SAME_PRACTITIONER: Entry = Entry {
    code: "emergency-same-practitioner",
    status: StatusCode::UNPROCESSABLE_ENTITY,
    party: Party::Station,
    retry_after: None,
    title: Text {
        fr: "Les deux signatures sont de la même personne",
        ar: "التوقيعان لنفس الشخص",
        en: "Both signatures are of one person",
    },
    staff: Text {
        fr: "Sans carte du patient, un second professionnel doit signer avec sa propre carte.",
        ar: "بدون بطاقة المريض يجب أن يوقع مهني ثان ببطاقته الخاصة.",
        en: "Without the patient's card a second practitioner has to sign with their own card.",
    },
    vendor: "Ask another person for the second statement; certificates are compared by their subject's serialNumber.",
};

pub(super) const PATIENT_UNKNOWN: Entry = Entry {
    code: "emergency-patient-unknown",
    status: StatusCode::UNPROCESSABLE_ENTITY,
    party: Party::Registry,
    retry_after: None,
    title: Text {
        fr: "Aucun dossier ne correspond ; la demande est enregistrée",
        ar: "لا يوجد ملف مطابق؛ تم تسجيل الطلب",
        en: "No record matches; the request was recorded",
    },
    staff: Text {
        fr: "Soignez sans dossier. Vérifiez le numéro avant une nouvelle demande : chaque essai compte et sera contrôlé.",
        ar: "قدم العلاج بدون ملف. تحقق من الرقم قبل طلب جديد: كل محاولة تحتسب وستراقب.",
        en: "Treat without a record. Check the number before asking again: every try counts and is reviewed.",
    },
    vendor: "Do not retry by yourself: each number that is looked up uses the quota of both practitioners and of the establishment.",
};

pub(super) const REFERRAL_REFUSED: Entry = Entry {
    code: "referral-refused",
    status: StatusCode::UNPROCESSABLE_ENTITY,
    party: Party::Station,
    retry_after: None,
    title: Text {
        fr: "L'orientation n'a pas pu être enregistrée",
        ar: "تعذر تسجيل التوجيه",
        en: "The referral was not recorded",
    },
    staff: Text {
        fr: "Vérifiez la destination et la durée de l'orientation, puis recommencez.",
        ar: "تحقق من وجهة التوجيه ومدته ثم أعد المحاولة.",
        en: "Check where the patient is referred to and for how long, then try again.",
    },
    vendor: "`detail` names the rule: an active ServiceRequest of the session's patient, to a level of care, without medical content.",
};
