//! What is the staff told about a reader?

use super::{CARD_LOST, CARD_SILENT, NO_CARD, READER_FAILED, Texts};
use crate::transport::pcsc::PcscError;

pub(super) fn texts(error: &PcscError) -> &'static Texts {
    match error {
        PcscError::ServiceUnavailable => &NO_SERVICE,
        PcscError::NoReader | PcscError::UnknownReader(_) => &NO_READER,
        PcscError::SeveralCards => &SEVERAL_CARDS,
        PcscError::NoCard => &NO_CARD,
        PcscError::Busy => &CARD_BUSY,
        PcscError::MuteCard => &CARD_SILENT,
        PcscError::SessionLost(_) => &CARD_LOST,
        PcscError::Failed(_) => &READER_FAILED,
    }
}

const NO_SERVICE: Texts = Texts {
    title: [
        "Le service des lecteurs (pcscd) ne fonctionne pas.",
        "خدمة القارئات (pcscd) لا تعمل.",
        "The reader service (pcscd) is not running.",
    ],
    next_step: [
        "Appelez le support du poste : démarrer pcscd. La carte n’est pas en cause.",
        "اتصلوا بالدعم التقني لتشغيل pcscd. لا علاقة للبطاقة بالأمر.",
        "Call the station’s support: start pcscd. The card is not at fault.",
    ],
};

const NO_READER: Texts = Texts {
    title: ["Le lecteur n’est pas branché.", "القارئ غير موصول.", "The reader is not connected."],
    next_step: [
        "Branchez le lecteur de cartes, puis choisissez-le dans la liste.",
        "أوصلوا قارئ البطاقات ثم اختاروه من القائمة.",
        "Plug the card reader in, then choose it from the list.",
    ],
};

const SEVERAL_CARDS: Texts = Texts {
    title: [
        "Plusieurs cartes sont posées.",
        "توجد عدة بطاقات على القارئات.",
        "Several cards are on the readers.",
    ],
    next_step: [
        "Ne laissez que la carte du patient, ou choisissez son lecteur.",
        "اتركوا بطاقة المريض وحدها أو اختاروا قارئها.",
        "Leave only the patient’s card, or choose its reader.",
    ],
};

const CARD_BUSY: Texts = Texts {
    title: [
        "Un autre programme utilise la carte.",
        "برنامج آخر يستعمل البطاقة.",
        "Another program is using the card.",
    ],
    next_step: [
        "Fermez l’autre programme, puis recommencez.",
        "أغلقوا البرنامج الآخر ثم حاولوا من جديد.",
        "Close the other program, then retry.",
    ],
};
