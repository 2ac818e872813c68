//! What is the holder told when the PIN is not taken?

use super::Texts;

pub(super) const WRONG_PIN: Texts = Texts {
    title: [
        "Ce n’est pas le code PIN de cette carte.",
        "هذا ليس الرمز السري لهذه البطاقة.",
        "This is not the card’s PIN.",
    ],
    next_step: [
        "Le titulaire retape son code PIN. Après trois codes faux la carte le bloque.",
        "يعيد صاحب البطاقة إدخال رمزه السري. بعد ثلاثة رموز خاطئة تحجبه البطاقة.",
        "The holder types the PIN again. After three wrong ones the card blocks it.",
    ],
};

pub(super) const PIN_BLOCKED: Texts = Texts {
    title: [
        "Le code PIN de cette carte est bloqué.",
        "الرمز السري لهذه البطاقة محجوب.",
        "The PIN of this card is blocked.",
    ],
    next_step: [
        "N’essayez plus. Le titulaire fait débloquer son code auprès de la DGSN ; le reste de la session continue.",
        "لا تعيدوا المحاولة. على صاحب البطاقة فك حجب رمزه لدى المديرية العامة للأمن الوطني؛ وتستمر باقي الجلسة.",
        "Do not try again. The holder has the PIN unblocked by the DGSN; the rest of the session goes on.",
    ],
};

pub(super) const NO_PIN: Texts = Texts {
    title: ["Cette carte n’a pas de code PIN.", "ليس لهذه البطاقة رمز سري.", "This card has no PIN."],
    next_step: [
        "L’accord par code PIN n’est pas possible avec cette carte ; le reste de la session continue.",
        "لا يمكن التعبير عن الموافقة بالرمز السري بهذه البطاقة؛ وتستمر باقي الجلسة.",
        "Agreement by PIN is not possible with this card; the rest of the session goes on.",
    ],
};
