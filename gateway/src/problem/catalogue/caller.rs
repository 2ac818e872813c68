//! The caller is not known, not current, or too eager.

use http::StatusCode;

use super::{Entry, Text};
use crate::problem::Party;

const CARD_AGAIN: Text = Text {
    fr: "Remettez la carte du patient sur le lecteur pour ouvrir une nouvelle session.",
    ar: "ضع بطاقة المريض على القارئ من جديد لفتح جلسة جديدة.",
    en: "Put the patient's card on the reader again to open a new session.",
};

pub(super) const RATE_LIMITED: Entry = Entry {
    code: "rate-limited",
    status: StatusCode::TOO_MANY_REQUESTS,
    party: Party::Station,
    retry_after: Some(1),
    title: Text {
        fr: "Trop de demandes en peu de temps",
        ar: "طلبات كثيرة في وقت قصير",
        en: "Too many requests in a short time",
    },
    staff: Text {
        fr: "Attendez quelques secondes, puis recommencez.",
        ar: "انتظر بضع ثوان ثم أعد المحاولة.",
        en: "Wait a few seconds, then try again.",
    },
    vendor: "Honour Retry-After and spread requests; ask the operator if the establishment needs a higher limit.",
};

pub(super) const UNAUTHENTICATED: Entry = Entry {
    code: "unauthenticated",
    status: StatusCode::UNAUTHORIZED,
    party: Party::Station,
    retry_after: None,
    title: Text {
        fr: "Aucune session ouverte", ar: "لا توجد جلسة مفتوحة", en: "No session token"
    },
    staff: CARD_AGAIN,
    vendor: "Send the session token as `Authorization: Bearer` on every request of the session.",
};

pub(super) const TOKEN_INVALID: Entry = Entry {
    code: "token-invalid",
    status: StatusCode::UNAUTHORIZED,
    party: Party::Station,
    retry_after: None,
    title: Text {
        fr: "La session n'est pas ou n'est plus valable",
        ar: "الجلسة غير صالحة أو انتهت صلاحيتها",
        en: "The session token is not valid, or no longer",
    },
    staff: CARD_AGAIN,
    vendor: "Send the token unchanged, before its `exp`, over a connection with the certificate that opened the session.",
};

const SOFTWARE: Text = Text {
    fr: "Recommencez ; si cela se répète, appelez le fournisseur du logiciel.",
    ar: "أعد المحاولة، وإذا تكرر ذلك فاتصل بمزوّد البرنامج.",
    en: "Try again; if it happens again, call the vendor of the software.",
};

pub(super) const PROOF_INVALID: Entry = Entry {
    code: "proof-invalid",
    status: StatusCode::UNAUTHORIZED,
    party: Party::Station,
    retry_after: None,
    title: Text {
        fr: "La preuve de la clé du poste n'est pas valable",
        ar: "إثبات مفتاح المحطة غير صالح",
        en: "The proof of the station's key is not valid",
    },
    staff: SOFTWARE,
    vendor: "Sign one DPoP proof (RFC 9449) with the registered key for each request: this method, URL and token, \
        a new jti, the time of now and the last DPoP-Nonce.",
};

pub(super) const PROOF_NONCE: Entry = Entry {
    code: "proof-nonce",
    status: StatusCode::UNAUTHORIZED,
    party: Party::Station,
    retry_after: None,
    title: Text {
        fr: "La preuve de la clé du poste demande le nonce de la passerelle",
        ar: "إثبات مفتاح المحطة يتطلب القيمة الفريدة للبوابة",
        en: "The proof of the station's key needs the gateway's nonce",
    },
    staff: SOFTWARE,
    vendor: "Repeat the request at once with a new proof that carries the DPoP-Nonce of this answer (RFC 9449 section 9).",
};

pub(super) const SESSION_ENDED: Entry = Entry {
    code: "session-ended",
    status: StatusCode::UNAUTHORIZED,
    party: Party::Station,
    retry_after: None,
    title: Text {
        fr: "La session est terminée", ar: "انتهت الجلسة", en: "The session has ended"
    },
    staff: CARD_AGAIN,
    vendor: "Forget a token once its session is ended or revoked.",
};

pub(super) const SESSION_UNKNOWN: Entry = Entry {
    code: "session-unknown",
    status: StatusCode::NOT_FOUND,
    party: Party::Station,
    retry_after: None,
    title: Text { fr: "Session inconnue", ar: "جلسة غير معروفة", en: "No such session" },
    staff: CARD_AGAIN,
    vendor: "Use the session id that this client was given.",
};

pub(super) const CLIENT_UNKNOWN: Entry = Entry {
    code: "client-unknown",
    status: StatusCode::FORBIDDEN,
    party: Party::Station,
    retry_after: None,
    title: Text {
        fr: "Cet établissement n'est pas enregistré",
        ar: "هذه المؤسسة غير مسجلة",
        en: "This establishment is not registered",
    },
    staff: Text {
        fr: "Appelez votre référent : le certificat du poste n'est pas enregistré.",
        ar: "اتصل بالمسؤول لديك: شهادة هذا الجهاز غير مسجلة.",
        en: "Call your administrator: this station's certificate is not registered.",
    },
    vendor: "Register the certificate's serialNumber attribute with the operator before use.",
};

pub(super) const CLIENT_REVOKED: Entry = Entry {
    code: "client-revoked",
    status: StatusCode::FORBIDDEN,
    party: Party::Station,
    retry_after: None,
    title: Text {
        fr: "Le certificat de ce poste a été révoqué",
        ar: "تم إلغاء شهادة هذا الجهاز",
        en: "This station's certificate was revoked",
    },
    staff: Text {
        fr: "N'utilisez plus ce poste et appelez votre référent.",
        ar: "توقف عن استعمال هذا الجهاز واتصل بالمسؤول لديك.",
        en: "Stop using this station and call your administrator.",
    },
    vendor: "Ask the operator for a new certificate; do not retry with this one.",
};
