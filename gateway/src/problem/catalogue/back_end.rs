//! The dossier, prescription or billing service failed.

use http::StatusCode;

use super::{Entry, Text};
use crate::problem::Party;

const LATER: Text = Text {
    fr: "Le service ne répond pas pour l'instant. Réessayez dans une minute ; la session reste ouverte.",
    ar: "الخدمة لا تستجيب حاليا. أعد المحاولة بعد دقيقة؛ الجلسة ما زالت مفتوحة.",
    en: "The service is not answering now. Try again in a minute; the session stays open.",
};

pub(super) const UNREACHABLE: Entry = Entry {
    code: "back-end-unreachable",
    status: StatusCode::BAD_GATEWAY,
    party: Party::BackEnd,
    retry_after: Some(10),
    title: Text {
        fr: "Service injoignable",
        ar: "تعذر الوصول إلى الخدمة",
        en: "The service cannot be reached",
    },
    staff: LATER,
    vendor: "A read may be retried after Retry-After; a write only if the service makes it idempotent.",
};

pub(super) const TIMEOUT: Entry = Entry {
    code: "back-end-timeout",
    status: StatusCode::GATEWAY_TIMEOUT,
    party: Party::BackEnd,
    retry_after: Some(10),
    title: Text {
        fr: "Le service met trop de temps à répondre",
        ar: "الخدمة تتأخر في الرد",
        en: "The service is too slow",
    },
    staff: LATER,
    vendor: "A write may have taken effect: read before writing again.",
};

pub(super) const OVERLOADED: Entry = Entry {
    code: "back-end-overloaded",
    status: StatusCode::SERVICE_UNAVAILABLE,
    party: Party::BackEnd,
    retry_after: Some(5),
    title: Text {
        fr: "Service surchargé", ar: "الخدمة مثقلة بالطلبات", en: "The service is overloaded"
    },
    staff: LATER,
    vendor: "Nothing was sent to the service; retry after Retry-After.",
};

pub(super) const INVALID: Entry = Entry {
    code: "back-end-invalid",
    status: StatusCode::BAD_GATEWAY,
    party: Party::BackEnd,
    retry_after: None,
    title: Text {
        fr: "Réponse illisible du service",
        ar: "رد غير مفهوم من الخدمة",
        en: "The service's answer is not readable",
    },
    staff: LATER,
    vendor: "A write may have taken effect: read before writing again. Tell the operator of the service.",
};

pub(super) const REFUSED: Entry = Entry {
    code: "back-end-refused",
    status: StatusCode::BAD_GATEWAY,
    party: Party::BackEnd,
    retry_after: None,
    title: Text {
        fr: "Le service n'a pas reconnu la passerelle",
        ar: "لم تتعرف الخدمة على البوابة",
        en: "The service did not accept the gateway's token",
    },
    staff: LATER,
    vendor: "Your own token is in order: do not open a new session. Tell the operator, with the request id.",
};

pub(super) const FOREIGN: Entry = Entry {
    code: "back-end-foreign",
    status: StatusCode::BAD_GATEWAY,
    party: Party::BackEnd,
    retry_after: None,
    title: Text {
        fr: "La réponse du service concerne un autre patient",
        ar: "رد الخدمة يخص مريضا آخر",
        en: "The service's answer is about another patient",
    },
    staff: Text {
        fr: "Rien n'a été transmis. Signalez-le au support ; la session reste ouverte.",
        ar: "لم يتم نقل أي شيء. أبلغ الدعم بذلك؛ الجلسة ما زالت مفتوحة.",
        en: "Nothing was passed on. Tell support; the session stays open.",
    },
    vendor: "The service answered with resources that are not about the session's patient; its operator must correct it.",
};
