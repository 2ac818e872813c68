//! The request itself is wrong: mostly a defect of the counter's software.

use http::StatusCode;

use super::{Entry, Text};
use crate::problem::Party;

const CALL_SUPPORT: Text = Text {
    fr: "Réessayez une fois ; si cela continue, appelez le support de votre logiciel avec le numéro de la demande.",
    ar: "أعد المحاولة مرة واحدة؛ وإذا استمر الأمر فاتصل بدعم برنامجك واذكر رقم الطلب.",
    en: "Try once more; if it goes on, call your software's support with the request number.",
};

pub(super) const MALFORMED: Entry = Entry {
    code: "malformed",
    status: StatusCode::BAD_REQUEST,
    party: Party::Station,
    retry_after: None,
    title: Text {
        fr: "Demande mal formée", ar: "طلب غير صحيح الصيغة", en: "Malformed request"
    },
    staff: CALL_SUPPORT,
    vendor: "Send the request as the interface describes it; `detail` names the rule that was broken.",
};

pub(super) const BODY_NOT_SHOWN: Entry = Entry {
    code: "body-not-shown",
    status: StatusCode::FORBIDDEN,
    party: Party::BackEnd,
    retry_after: None,
    title: Text {
        fr: "Le contenu de la demande ne peut pas être vérifié à cette adresse",
        ar: "لا يمكن التحقق من محتوى الطلب على هذا العنوان",
        en: "The body of the request cannot be checked at this address",
    },
    staff: CALL_SUPPORT,
    vendor: "Send writes, Bundles and searches by POST to the gateway itself; a proxy that only asks shows no body.",
};

pub(super) const NOT_FOUND: Entry = Entry {
    code: "not-found",
    status: StatusCode::NOT_FOUND,
    party: Party::Station,
    retry_after: None,
    title: Text {
        fr: "Adresse inconnue", ar: "عنوان غير معروف", en: "No such route or resource"
    },
    staff: CALL_SUPPORT,
    vendor: "Check the path: the routes are few, and FHIR paths begin with /dossier, /prescription or /billing.",
};

pub(super) const INTERACTION_NOT_TAKEN: Entry = Entry {
    code: "interaction-not-taken",
    status: StatusCode::BAD_REQUEST,
    party: Party::Station,
    retry_after: None,
    title: Text {
        fr: "Cette interaction FHIR n'est pas acceptée ici",
        ar: "هذه العملية غير مقبولة هنا",
        en: "This FHIR interaction is not taken here",
    },
    staff: CALL_SUPPORT,
    vendor: "It reaches more than the session's patient, or nobody could tell; detail says which rule it is.",
};

pub(super) const METHOD_NOT_ALLOWED: Entry = Entry {
    code: "method-not-allowed",
    status: StatusCode::METHOD_NOT_ALLOWED,
    party: Party::Station,
    retry_after: None,
    title: Text {
        fr: "Méthode non autorisée", ar: "طريقة غير مسموح بها", en: "Method not allowed"
    },
    staff: CALL_SUPPORT,
    vendor: "Use one of the methods in the Allow header.",
};

pub(super) const REQUEST_TIMEOUT: Entry = Entry {
    code: "request-timeout",
    status: StatusCode::REQUEST_TIMEOUT,
    party: Party::Station,
    retry_after: None,
    title: Text {
        fr: "La demande est arrivée trop lentement",
        ar: "وصل الطلب ببطء شديد",
        en: "The request came too slowly",
    },
    staff: Text {
        fr: "Vérifiez la connexion du poste, puis recommencez.",
        ar: "تحقق من اتصال الجهاز ثم أعد المحاولة.",
        en: "Check the station's connection, then start again.",
    },
    vendor: "Send the body without pauses; on a slow line send less at a time.",
};

pub(super) const BODY_TOO_LARGE: Entry = Entry {
    code: "body-too-large",
    status: StatusCode::PAYLOAD_TOO_LARGE,
    party: Party::Station,
    retry_after: None,
    title: Text {
        fr: "Demande trop volumineuse", ar: "حجم الطلب أكبر من المسموح", en: "Body too large"
    },
    staff: CALL_SUPPORT,
    vendor: "Send a smaller body; the limit of each route is in the documentation.",
};

pub(super) const TARGET_TOO_LONG: Entry = Entry {
    code: "target-too-long",
    status: StatusCode::URI_TOO_LONG,
    party: Party::Station,
    retry_after: None,
    title: Text {
        fr: "Adresse trop longue", ar: "العنوان أطول من المسموح", en: "Path and query too long"
    },
    staff: CALL_SUPPORT,
    vendor: "Shorten the query; a long FHIR search goes by POST to _search.",
};

pub(super) const UNSUPPORTED_MEDIA_TYPE: Entry = Entry {
    code: "unsupported-media-type",
    status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
    party: Party::Station,
    retry_after: None,
    title: Text {
        fr: "Format non pris en charge", ar: "صيغة غير مدعومة", en: "Media type not supported"
    },
    staff: CALL_SUPPORT,
    vendor: "Send application/json, or application/fhir+json to a FHIR route.",
};

pub(super) const MISDIRECTED: Entry = Entry {
    code: "misdirected",
    status: StatusCode::MISDIRECTED_REQUEST,
    party: Party::Station,
    retry_after: None,
    title: Text {
        fr: "Cette demande s'adresse à un autre serveur",
        ar: "هذا الطلب موجه إلى خادم آخر",
        en: "This request is for another server",
    },
    staff: CALL_SUPPORT,
    vendor: "Use the gateway's own name in the URL; Host and TLS server name must agree.",
};

pub(super) const HEADERS_TOO_LARGE: Entry = Entry {
    code: "headers-too-large",
    status: StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
    party: Party::Station,
    retry_after: None,
    title: Text {
        fr: "En-têtes trop volumineux", ar: "ترويسات أكبر من المسموح", en: "Headers too large"
    },
    staff: CALL_SUPPORT,
    vendor: "Send fewer or shorter headers; do not send cookies.",
};

pub(super) const ANSWER_NOT_SHOWN: Entry = Entry {
    code: "answer-not-shown",
    status: StatusCode::FORBIDDEN,
    party: Party::BackEnd,
    retry_after: None,
    title: Text {
        fr: "La réponse à cette demande ne peut pas être vérifiée à cette adresse",
        ar: "لا يمكن التحقق من الرد على هذا الطلب في هذا العنوان",
        en: "The answer to this request cannot be checked at this address",
    },
    staff: CALL_SUPPORT,
    vendor: "Send it through the gateway itself, which looks through the answer before it leaves.",
};
