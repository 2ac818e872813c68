//! The gateway, or what it stands on, failed. No permit is ever given in doubt.

use http::StatusCode;

use super::{Entry, Text};
use crate::problem::Party;

const LATER: Text = Text {
    fr: "Réessayez dans quelques secondes ; si cela continue, suivez la procédure de secours de votre établissement.",
    ar: "أعد المحاولة بعد بضع ثوان؛ وإذا استمر الأمر فاتبع إجراء الطوارئ في مؤسستك.",
    en: "Try again in a few seconds; if it goes on, follow your establishment's fallback procedure.",
};

pub(super) const AUDIT_UNAVAILABLE: Entry = Entry {
    code: "audit-unavailable",
    status: StatusCode::SERVICE_UNAVAILABLE,
    party: Party::Gateway,
    retry_after: Some(5),
    title: Text {
        fr: "Le journal d'accès est indisponible",
        ar: "سجل الولوج غير متاح",
        en: "The access log is unavailable",
    },
    staff: LATER,
    vendor: "Retry after Retry-After. Nothing was disclosed; a write may have reached the service: read before writing again.",
};

pub(super) const REGISTRY_UNAVAILABLE: Entry = Entry {
    code: "registry-unavailable",
    status: StatusCode::SERVICE_UNAVAILABLE,
    party: Party::Registry,
    retry_after: Some(5),
    title: Text {
        fr: "Le registre est indisponible",
        ar: "السجل غير متاح",
        en: "The registry is unavailable",
    },
    staff: LATER,
    vendor: "Retry after Retry-After.",
};

pub(super) const STATE_UNAVAILABLE: Entry = Entry {
    code: "state-unavailable",
    status: StatusCode::SERVICE_UNAVAILABLE,
    party: Party::Gateway,
    retry_after: Some(5),
    title: Text {
        fr: "La mémoire partagée des passerelles est indisponible",
        ar: "الذاكرة المشتركة بين البوابات غير متاحة",
        en: "The shared memory of the gateways is unavailable",
    },
    staff: LATER,
    vendor: "Retry after Retry-After, with a new presence or a new proof; sessions that are open go on.",
};

pub(super) const SIGNER_UNAVAILABLE: Entry = Entry {
    code: "signer-unavailable",
    status: StatusCode::SERVICE_UNAVAILABLE,
    party: Party::Gateway,
    retry_after: Some(5),
    title: Text {
        fr: "Le service de signature est indisponible",
        ar: "خدمة التوقيع غير متاحة",
        en: "The signing keys are unavailable",
    },
    staff: LATER,
    vendor: "Retry after Retry-After.",
};

pub(super) const TRUST_UNAVAILABLE: Entry = Entry {
    code: "trust-unavailable",
    status: StatusCode::SERVICE_UNAVAILABLE,
    party: Party::Gateway,
    retry_after: Some(30),
    title: Text {
        fr: "Les listes de confiance ne sont pas à jour",
        ar: "قوائم الثقة غير محدثة",
        en: "The trust lists are missing or too old",
    },
    staff: LATER,
    vendor: "Retry after Retry-After; the operator has to renew a certificate revocation list.",
};

pub(super) const OVERLOADED: Entry = Entry {
    code: "overloaded",
    status: StatusCode::SERVICE_UNAVAILABLE,
    party: Party::Gateway,
    retry_after: Some(2),
    title: Text {
        fr: "Passerelle surchargée",
        ar: "البوابة مثقلة بالطلبات",
        en: "The gateway is overloaded",
    },
    staff: LATER,
    vendor: "Retry after Retry-After, with growing pauses.",
};

pub(super) const INTERNAL: Entry = Entry {
    code: "internal",
    status: StatusCode::INTERNAL_SERVER_ERROR,
    party: Party::Gateway,
    retry_after: None,
    title: Text {
        fr: "Erreur interne de la passerelle",
        ar: "خطأ داخلي في البوابة",
        en: "Internal error of the gateway",
    },
    staff: LATER,
    vendor: "Report the request id to the operator.",
};
