//! A claim or a receipt is not taken.

use http::StatusCode;

use super::{Entry, Text};
use crate::problem::Party;

pub(super) const CLAIM_ON_ITS_WAY: Entry = Entry {
    code: "claim-on-its-way",
    status: StatusCode::CONFLICT,
    party: Party::Station,
    retry_after: Some(30),
    title: Text {
        fr: "Cette facture vient d'être envoyée, sa réponse n'est pas encore connue",
        ar: "أرسلت هذه الفاتورة للتو، ولم يعرف جوابها بعد",
        en: "This claim was sent a moment ago and its answer is not known yet",
    },
    staff: Text {
        fr: "Attendez une demi-minute, puis renvoyez la même facture ; elle ne sera pas comptée deux fois.",
        ar: "انتظر نصف دقيقة ثم أعد إرسال الفاتورة نفسها؛ لن تحتسب مرتين.",
        en: "Wait half a minute, then send the same claim again; it will not be counted twice.",
    },
    vendor: "Send one claim once. After Retry-After the same claim, by receipt and FSE number, may be sent again.",
};

pub(super) const RECEIPT_NOT_SOUND: Entry = Entry {
    code: "receipt-not-sound",
    status: StatusCode::FORBIDDEN,
    party: Party::Station,
    retry_after: None,
    title: Text {
        fr: "Le reçu n'atteste aucune présence connue",
        ar: "الوصل لا يثبت أي حضور معروف",
        en: "The receipt attests no presence that is known",
    },
    staff: Text {
        fr: "Demandez à l'établissement le reçu d'origine ; sans lui, la facture ne prouve pas la présence.",
        ar: "اطلب من المؤسسة الوصل الأصلي؛ فبدونه لا تثبت الفاتورة الحضور.",
        en: "Ask the establishment for the original receipt; without it the claim proves no presence.",
    },
    vendor: "Pass the receipt on octet for octet; POST /v1/receipts/verify says more about a batch.",
};
