//! The holder's agreement by PIN is wanted, or was not believed.

use http::StatusCode;

use super::{Entry, Text};
use crate::problem::Party;

pub(super) const HOLDER_REQUIRED: Entry = Entry {
    code: "holder-required",
    status: StatusCode::UNAUTHORIZED,
    party: Party::Station,
    retry_after: None,
    title: Text {
        fr: "Le titulaire de la carte doit donner son accord par son code PIN",
        ar: "يجب أن يوافق صاحب البطاقة برمزه السري",
        en: "The holder of the card has to agree by PIN",
    },
    staff: Text {
        fr: "Laissez ou remettez la carte sur le lecteur et demandez au titulaire de taper son code PIN.",
        ar: "اترك البطاقة على القارئ أو أعدها إليه واطلب من صاحبها إدخال رمزه السري.",
        en: "Leave the card on the reader, or put it back, and ask the holder to type the PIN.",
    },
    vendor: "RFC 9470: POST /v1/sessions/{id}/step-up, run its commands with the PIN, send the proof, repeat the request with the new token.",
};

pub(super) const HOLDER_REFUSED: Entry = Entry {
    code: "holder-refused",
    status: StatusCode::UNPROCESSABLE_ENTITY,
    party: Party::Card,
    retry_after: None,
    title: Text {
        fr: "L'accord du titulaire n'a pas pu être accepté",
        ar: "تعذر قبول موافقة صاحب البطاقة",
        en: "The holder's agreement was not accepted",
    },
    staff: Text {
        fr: "Vérifiez que c'est bien la carte du patient de la session. Sinon, continuez sans l'accès qui demande le code PIN.",
        ar: "تأكد من أنها بطاقة مريض هذه الجلسة، وإلا فتابع دون الولوج الذي يتطلب الرمز السري.",
        en: "Check that this is the card of the session's patient. If it is, go on without what needs the PIN.",
    },
    vendor: "Show the text to the staff. The operator finds the exact code in the audit event of this request_id.",
};

pub(super) const STEP_UP_NOT_USABLE: Entry = Entry {
    code: "step-up-not-usable",
    status: StatusCode::CONFLICT,
    party: Party::Station,
    retry_after: None,
    title: Text {
        fr: "Cette demande d'accord ne peut pas ou plus être utilisée",
        ar: "لا يمكن استعمال طلب الموافقة هذا أو لم يعد صالحا",
        en: "This step-up cannot be used, or no longer",
    },
    staff: Text {
        fr: "Recommencez : demandez de nouveau le code PIN au titulaire.",
        ar: "أعد المحاولة: اطلب من صاحب البطاقة إدخال رمزه السري من جديد.",
        en: "Start over: ask the holder for the PIN again.",
    },
    vendor: "Send the proof once, before `expires_in`, from the client and with the session that began the step-up.",
};
