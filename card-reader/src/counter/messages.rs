//! What is the staff told, and what can they do next, in their own language?

mod pin;
#[cfg(feature = "pcsc")]
mod reader;

use super::error::CounterError;
use super::language::Language;
use crate::error::CardError;
use crate::transport::TransportError;

/// What happened and the one next step, ready for a screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What happened.
    pub title: String,
    /// Why policy said no, when it did.
    pub reasons: Vec<String>,
    /// What to do now.
    pub next_step: String,
}

/// Both sentences in the three languages, French first.
struct Texts {
    title: [&'static str; 3],
    next_step: [&'static str; 3],
}

impl Texts {
    fn say(&self, language: Language) -> Explanation {
        let pick = |[french, arabic, english]: [&str; 3]| match language {
            Language::French => french.to_owned(),
            Language::Arabic => arabic.to_owned(),
            Language::English => english.to_owned(),
        };
        Explanation { title: pick(self.title), reasons: Vec::new(), next_step: pick(self.next_step) }
    }
}

impl CounterError {
    /// Explains this failure to the staff at the counter.
    #[must_use]
    pub fn explain(&self, language: Language) -> Explanation {
        match self {
            CounterError::Refused(problem) if !problem.title.is_empty() => {
                let reasons = problem.reasons.iter().map(|reason| reason.text.clone());
                Explanation {
                    title: problem.title.clone(),
                    reasons: reasons.filter(|text| !text.is_empty()).collect(),
                    next_step: problem.action_staff.clone(),
                }
            }
            CounterError::Card(
                error @ (CardError::WrongCan { tries_left: Some(left) }
                | CardError::WrongPin { tries_left: Some(left) }),
            ) if *left > 0 => {
                let mut said = card_texts(*error).say(language);
                let tries = match language {
                    Language::French => "Essais restants",
                    Language::Arabic => "المحاولات المتبقية",
                    Language::English => "Tries left",
                };
                said.title = format!("{} {tries}\u{a0}: {left}.", said.title);
                said
            }
            CounterError::Card(error) => card_texts(*error).say(language),
            #[cfg(feature = "pcsc")]
            CounterError::Reader(error) => reader::texts(error).say(language),
            CounterError::Files { .. } => FILES.say(language),
            CounterError::Unreachable | CounterError::TimedOut => UNREACHABLE.say(language),
            CounterError::TlsRefused => TLS_REFUSED.say(language),
            CounterError::Refused(_) | CounterError::UnexpectedAnswer(_) => UNEXPECTED.say(language),
            CounterError::Interrupted => INTERRUPTED.say(language),
        }
    }
}

fn card_texts(error: CardError) -> &'static Texts {
    match error {
        CardError::WrongCan { tries_left: Some(0) } => &CAN_BLOCKED,
        CardError::WrongCan { .. } => &WRONG_CAN,
        CardError::WrongPin { tries_left: Some(0) } => &pin::PIN_BLOCKED,
        CardError::WrongPin { .. } => &pin::WRONG_PIN,
        CardError::NoHolderApplication => &pin::NO_PIN,
        CardError::Transport(TransportError::NoCard) => &NO_CARD,
        CardError::Transport(TransportError::SessionLost) => &CARD_LOST,
        CardError::Transport(TransportError::Silent) => &CARD_SILENT,
        CardError::Transport(TransportError::Garbled | TransportError::ReaderUnusable) => &READER_FAILED,
        CardError::PaceNotOffered => &NOT_A_CNIE,
        CardError::CommandNotAllowed | CardError::TooManyCommands => &UNEXPECTED,
        CardError::NoRandom => &FILES,
        _ => &CARD_UNREADABLE,
    }
}

const WRONG_CAN: Texts = Texts {
    title: [
        "Le numéro d’accès (CAN) n’est pas celui de cette carte.",
        "رقم الولوج (CAN) ليس رقم هذه البطاقة.",
        "The access number (CAN) is not this card’s.",
    ],
    next_step: [
        "Relisez les six chiffres imprimés sur la carte et recommencez. Rien de la carte n’a été envoyé.",
        "أعيدوا قراءة الأرقام الستة المطبوعة على البطاقة ثم حاولوا من جديد. لم يُرسَل أي شيء من البطاقة.",
        "Read the six digits printed on the card again and retry. Nothing of the card was sent.",
    ],
};

const CAN_BLOCKED: Texts = Texts {
    title: [
        "La carte est bloquée : trop de numéros d’accès faux.",
        "البطاقة محجوبة بعد عدة أرقام ولوج خاطئة.",
        "The card is blocked after too many wrong access numbers.",
    ],
    next_step: [
        "N’essayez plus. Le patient fait débloquer sa carte auprès de la DGSN. Rien de la carte n’a été envoyé.",
        "لا تعيدوا المحاولة. على صاحب البطاقة فك حجبها لدى المديرية العامة للأمن الوطني. لم يُرسَل أي شيء من البطاقة.",
        "Do not try again. The patient has the card unblocked by the DGSN. Nothing of the card was sent.",
    ],
};

const NO_CARD: Texts = Texts {
    title: ["Aucune carte sur le lecteur.", "لا توجد بطاقة على القارئ.", "No card is on the reader."],
    next_step: [
        "Posez la carte à plat sur le lecteur.",
        "ضعوا البطاقة مسطحة على القارئ.",
        "Lay the card flat on the reader.",
    ],
};

const CARD_LOST: Texts = Texts {
    title: [
        "La carte a été retirée ou réinitialisée pendant la lecture.",
        "سُحبت البطاقة أو أعيد تشغيلها أثناء القراءة.",
        "The card was removed or reset while it was read.",
    ],
    next_step: [
        "Reposez la carte, ne la bougez plus, et recommencez.",
        "أعيدوا وضع البطاقة دون تحريكها ثم حاولوا من جديد.",
        "Lay the card down again, keep it still, and start over.",
    ],
};

const CARD_SILENT: Texts = Texts {
    title: ["La carte ne répond pas.", "البطاقة لا تستجيب.", "The card does not answer."],
    next_step: [
        "Retirez la carte, reposez-la au centre du lecteur, sans étui ni téléphone à côté.",
        "اسحبوا البطاقة وأعيدوا وضعها وسط القارئ دون غلاف أو هاتف بجانبها.",
        "Take the card off and lay it on the middle of the reader, without a sleeve or a phone nearby.",
    ],
};

const CARD_UNREADABLE: Texts = Texts {
    title: ["La carte n’a pas pu être lue.", "تعذرت قراءة البطاقة.", "The card could not be read."],
    next_step: [
        "Recommencez une fois. Si cela se répète, la puce est abîmée : suivez la procédure sans carte.",
        "أعيدوا المحاولة مرة واحدة. إذا تكرر الأمر فالشريحة معطوبة: اتبعوا إجراء غياب البطاقة.",
        "Try once more. If it happens again the chip is damaged: follow the procedure without a card.",
    ],
};

const NOT_A_CNIE: Texts = Texts {
    title: [
        "Cette carte n’est pas une CNIE que ce poste sait lire.",
        "هذه ليست بطاقة وطنية يستطيع هذا المركز قراءتها.",
        "This is not a national card that this counter can read.",
    ],
    next_step: [
        "Demandez la CNIE électronique du patient (modèle 2020 ou plus récent).",
        "اطلبوا البطاقة الوطنية الإلكترونية للمريض (نموذج 2020 فما بعد).",
        "Ask for the patient’s electronic national card (2020 model or later).",
    ],
};

const READER_FAILED: Texts = Texts {
    title: ["Le lecteur est tombé en panne.", "تعطل القارئ.", "The reader failed."],
    next_step: [
        "Débranchez et rebranchez le lecteur. Si cela se répète, appelez le support du poste.",
        "افصلوا القارئ وأعيدوا توصيله. إذا تكرر الأمر اتصلوا بالدعم التقني.",
        "Unplug the reader and plug it in again. If it happens again, call the station’s support.",
    ],
};

const FILES: Texts = Texts {
    title: [
        "Ce poste est mal configuré.",
        "إعداد هذا المركز غير صحيح.",
        "This counter is not set up correctly.",
    ],
    next_step: [
        "Appelez le support du poste ; le détail est dans son journal. La carte n’est pas en cause.",
        "اتصلوا بالدعم التقني؛ التفاصيل في سجل المركز. لا علاقة للبطاقة بالأمر.",
        "Call the station’s support; the detail is in its log. The card is not at fault.",
    ],
};

const UNREACHABLE: Texts = Texts {
    title: ["La passerelle ne répond pas.", "البوابة لا تستجيب.", "The gateway does not answer."],
    next_step: [
        "Vérifiez la connexion du poste, puis recommencez. La carte n’est pas en cause.",
        "تحققوا من اتصال المركز بالشبكة ثم حاولوا من جديد. لا علاقة للبطاقة بالأمر.",
        "Check this counter’s connection, then retry. The card is not at fault.",
    ],
};

const TLS_REFUSED: Texts = Texts {
    title: [
        "La passerelle et ce poste ne se reconnaissent pas.",
        "البوابة وهذا المركز لا يتعرف أحدهما على الآخر.",
        "The gateway and this counter do not recognise each other.",
    ],
    next_step: [
        "Appelez le support : le certificat du poste est expiré, révoqué ou d’une autre autorité.",
        "اتصلوا بالدعم: شهادة المركز منتهية أو ملغاة أو صادرة عن سلطة أخرى.",
        "Call support: this counter’s certificate is expired, revoked or of another authority.",
    ],
};

const UNEXPECTED: Texts = Texts {
    title: [
        "La passerelle a donné une réponse inattendue.",
        "أعطت البوابة جوابا غير متوقع.",
        "The gateway gave an unexpected answer.",
    ],
    next_step: [
        "Recommencez une fois, puis prévenez l’éditeur du logiciel. La carte n’est pas en cause.",
        "أعيدوا المحاولة مرة واحدة ثم أخبروا ناشر البرنامج. لا علاقة للبطاقة بالأمر.",
        "Retry once, then tell the software’s vendor. The card is not at fault.",
    ],
};

const INTERRUPTED: Texts = Texts {
    title: ["L’opération a été interrompue.", "توقفت العملية.", "The operation was interrupted."],
    next_step: ["Recommencez.", "حاولوا من جديد.", "Start over."],
};
