//! The card, the patient and the policy.

use http::StatusCode;

use super::{Entry, Text};
use crate::problem::Party;

const CARD_AGAIN: Text = Text {
    fr: "Retirez la carte, remettez-la sur le lecteur et recommencez.",
    ar: "أزل البطاقة ثم ضعها على القارئ من جديد وأعد المحاولة.",
    en: "Take the card away, put it on the reader again and start over.",
};

pub(super) const CARD_REFUSED: Entry = Entry {
    code: "card-refused",
    status: StatusCode::UNPROCESSABLE_ENTITY,
    party: Party::Card,
    retry_after: None,
    title: Text {
        fr: "La carte n'a pas pu être acceptée",
        ar: "تعذر قبول البطاقة",
        en: "The card was not accepted",
    },
    staff: Text {
        fr: "Réessayez une fois. Si la carte est encore refusée, suivez la procédure sans carte de votre établissement.",
        ar: "أعد المحاولة مرة واحدة. إذا رُفضت البطاقة مجددا فاتبع إجراء مؤسستك في حالة عدم توفر البطاقة.",
        en: "Try once more. If the card is refused again, follow your establishment's procedure without a card.",
    },
    vendor: "Send the files and responses exactly as the card gave them; the operator sees the exact cause under the request id.",
};

pub(super) const PRESENCE_NOT_USABLE: Entry = Entry {
    code: "presence-not-usable",
    status: StatusCode::CONFLICT,
    party: Party::Station,
    retry_after: None,
    title: Text {
        fr: "Cette présence ne peut pas ou plus être utilisée",
        ar: "لا يمكن استعمال هذا الحضور أو لم يعد صالحا",
        en: "This presence cannot be used, or no longer",
    },
    staff: CARD_AGAIN,
    vendor: "Send a proof once, before `expires_in`, from the client that began the presence.",
};

pub(super) const PRESENCE_UNKNOWN: Entry = Entry {
    code: "presence-unknown",
    status: StatusCode::GONE,
    party: Party::Station,
    retry_after: None,
    title: Text { fr: "Présence inconnue", ar: "حضور غير معروف", en: "No such presence" },
    staff: CARD_AGAIN,
    vendor: "Begin a presence with POST /v1/presences and use the id it answers.",
};

pub(super) const PATIENT_UNKNOWN: Entry = Entry {
    code: "patient-unknown",
    status: StatusCode::UNPROCESSABLE_ENTITY,
    party: Party::Registry,
    retry_after: None,
    title: Text {
        fr: "Cette personne n'est pas inscrite au registre",
        ar: "هذا الشخص غير مقيد في السجل",
        en: "This person is not in the registry",
    },
    staff: Text {
        fr: "La carte est authentique. Orientez la personne vers son organisme gestionnaire pour son inscription.",
        ar: "البطاقة أصلية. وجّه الشخص إلى الهيئة المدبرة لتأمينه من أجل التسجيل.",
        en: "The card is genuine. Send the person to their insurance body to be registered.",
    },
    vendor: "Nothing to change: show the text to the staff.",
};

pub(super) const PATIENT_MISMATCH: Entry = Entry {
    code: "patient-mismatch",
    status: StatusCode::FORBIDDEN,
    party: Party::Station,
    retry_after: None,
    title: Text {
        fr: "La demande concerne un autre patient que celui de la session",
        ar: "الطلب يخص مريضا غير مريض الجلسة",
        en: "The request names a patient other than the session's",
    },
    staff: Text {
        fr: "Fermez le dossier affiché et remettez la carte du patient présent sur le lecteur.",
        ar: "أغلق الملف المعروض وضع بطاقة المريض الحاضر على القارئ.",
        en: "Close the record on the screen and put the card of the patient who is present on the reader.",
    },
    vendor: "Name the session's patient in path, query and body, by the identifiers the session gave you.",
};

pub(super) const DENIED: Entry = Entry {
    code: "denied",
    status: StatusCode::FORBIDDEN,
    party: Party::Station,
    retry_after: None,
    title: Text {
        fr: "Les règles d'accès ne le permettent pas",
        ar: "قواعد الولوج لا تسمح بذلك",
        en: "The access rules do not permit it",
    },
    staff: Text {
        fr: "Lisez les motifs ; si l'accès vous semble dû, appelez votre référent.",
        ar: "اقرأ الأسباب؛ وإذا كنت ترى أن الولوج من حقك فاتصل بالمسؤول لديك.",
        en: "Read the reasons; if you believe the access is due, call your administrator.",
    },
    vendor: "Do not retry; `reasons` names the rules. Offer only what the kind of establishment may do.",
};
