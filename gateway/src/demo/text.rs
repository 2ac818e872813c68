//! What does the story say, in French, Arabic and English?

use card_reader::counter::Language;

use super::curl::Shows;

/// One sentence in the three languages.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// French.
    pub fr: &'static str,
    /// Arabic.
    pub ar: &'static str,
    /// English.
    pub en: &'static str,
}

impl Line {
    const fn new(fr: &'static str, ar: &'static str, en: &'static str) -> Self {
        Self { fr, ar, en }
    }

    /// The sentence in one language.
    pub fn say(&self, language: Language) -> &'static str {
        match language {
            Language::French => self.fr,
            Language::Arabic => self.ar,
            Language::English => self.en,
        }
    }
}

/// The title.
pub const TITLE: Line = Line::new(
    "Bawaba (بوابة) : une carte sur le lecteur devient un accès que l’on peut prouver",
    "بوابة: بطاقة على القارئ تصبح ولوجا يمكن إثباته",
    "Bawaba: a card on the reader becomes an access that can be proven",
);
/// Nobody exists.
pub const INVENTED: Line = Line::new(
    "Toutes les personnes sont inventées ; les protocoles sont réels.",
    "كل الأشخاص مختلقون والبروتوكولات حقيقية.",
    "Every person is invented; the protocols are real.",
);
/// Heading of the act.
pub const AT_THE_COUNTER: Line = Line::new("Au comptoir", "في الشباك", "At the counter");
/// Heading of the holder's agreement.
pub const WITH_THE_HOLDER: Line =
    Line::new("Avec l’accord du titulaire", "بموافقة صاحب البطاقة", "With the holder’s agreement");
/// Heading of the refusals.
pub const THREE_REFUSALS: Line = Line::new("Trois refus", "ثلاثة حالات رفض", "Three refusals");
/// Heading of the addresses.
pub const ADDRESSES: Line = Line::new("Adresses", "العناوين", "Addresses");
/// Heading of the examples.
pub const TRY_IT: Line = Line::new(
    "À essayer (le fichier session.header est renouvelé tant que la démonstration tourne)",
    "للتجربة (يجدد ملف session.header ما دام العرض مستمرا)",
    "Try it (session.header is renewed while the demonstration runs)",
);
/// The last line.
pub const STAYS_UP: Line = Line::new(
    "La démonstration reste en marche ; Ctrl-C l’arrête.",
    "يستمر العرض في العمل؛ Ctrl-C يوقفه.",
    "The demonstration stays up; Ctrl-C stops it.",
);
/// While it drains.
pub const DRAINS: Line = Line::new("Arrêt en cours…", "جار الإيقاف…", "Stopping…");

/// The sentence of a step.
pub fn step(name: &str) -> Line {
    match name {
        "card-in" => Line::new("Carte posée sur le lecteur", "البطاقة على القارئ", "Card on the reader"),
        "pace" => Line::new(
            "PACE : la puce et le poste connaissent le même numéro d’accès (CAN)",
            "PACE: الشريحة والمركز يعرفان رقم الولوج نفسه",
            "PACE: chip and station know the same access number (CAN)",
        ),
        "read" => Line::new(
            "Lecture des fichiers de la puce, canal chiffré",
            "قراءة ملفات الشريحة عبر قناة مشفرة",
            "Files read from the chip over an encrypted channel",
        ),
        "passive-authentication" => Line::new(
            "Authentification passive : l’État a bien signé ces données",
            "التوثيق السلبي: الدولة وقعت هذه المعطيات",
            "Passive authentication: the state did sign these data",
        ),
        "chip-proven" => Line::new(
            "Puce prouvée : l’originale a répondu au défi de la passerelle",
            "إثبات الشريحة: الأصلية أجابت عن تحدي البوابة",
            "Chip proven: the original answered the gateway’s challenge",
        ),
        "patient" => Line::new(
            "Patient reconnu dans le registre",
            "التعرف على المريض في السجل",
            "Patient known to the registry",
        ),
        "policy" => Line::new(
            "Règles : cette pharmacie peut ouvrir cette session",
            "القواعد: يحق لهذه الصيدلية فتح هذه الجلسة",
            "Policy: this pharmacy may open this session",
        ),
        "token" => Line::new(
            "Jeton de session, valable sur cette seule connexion",
            "رمز الجلسة، صالح على هذا الاتصال وحده",
            "Session token, worth something on this connection only",
        ),
        "prescription" => Line::new(
            "Ordonnance lue à travers la passerelle",
            "قراءة الوصفة عبر البوابة",
            "Prescription fetched through the gateway",
        ),
        "receipt" => Line::new(
            "Reçu signé, inscrit au journal d’audit, vérifié hors ligne",
            "وصل موقع ومقيد في سجل التدقيق وتم التحقق منه",
            "Signed receipt, in the audit log, verified offline",
        ),
        "holder-asked" => Line::new(
            "Dossier entier demandé : la passerelle veut l’accord du titulaire",
            "طُلب الملف الكامل: البوابة تريد موافقة صاحب البطاقة",
            "Whole record asked for: the gateway wants the holder’s agreement",
        ),
        "holder-agreed" => Line::new(
            "Code PIN tapé : la carte a signé, la même session continue",
            "أُدخل الرمز السري: وقعت البطاقة وتستمر الجلسة نفسها",
            "PIN typed: the card has signed, the same session goes on",
        ),
        "record" => Line::new("Dossier entier remis", "سُلّم الملف الكامل", "Whole record handed out"),
        _ => Line::new("Étape", "مرحلة", "Step"),
    }
}

/// The sentence of a refusal.
pub fn refusal(case: &str) -> Line {
    match case {
        "clone" => Line::new(
            "Une carte clonée : les bonnes données, pas la bonne puce",
            "بطاقة مستنسخة: معطيات صحيحة وشريحة مزورة",
            "A cloned card: the right data, not the right chip",
        ),
        "replayed-proof" => {
            Line::new("Une preuve envoyée deux fois", "إثبات أرسل مرتين", "A proof sent twice")
        }
        "pharmacy-dossier" => Line::new(
            "La pharmacie demande le dossier médical",
            "الصيدلية تطلب الملف الطبي",
            "The pharmacy asks for the medical dossier",
        ),
        _ => Line::new("Refus", "رفض", "Refusal"),
    }
}

/// What an example shows.
pub fn shows(what: Shows) -> Line {
    match what {
        Shows::Keys => Line::new("les clés publiques", "المفاتيح العمومية", "the public keys"),
        Shows::Prescription => Line::new("l’ordonnance", "الوصفة", "the prescription"),
        Shows::Dispense => Line::new("la délivrance, enregistrée", "تسجيل الصرف", "the delivery, recorded"),
        Shows::Coverage => Line::new("la couverture AMO", "تغطية التأمين الإجباري", "the health cover"),
        Shows::Dossier => Line::new(
            "le dossier, refusé à une pharmacie",
            "الملف، مرفوض للصيدلية",
            "the dossier, refused to a pharmacy",
        ),
        Shows::Audit => Line::new("ce qui a été écrit", "ما تم تقييده", "what was written down"),
    }
}

/// The name of an address.
pub fn address(name: &str) -> Line {
    match name {
        "api" => Line::new("API (mTLS)", "الواجهة (mTLS)", "API (mTLS)"),
        "public" => Line::new("public : clés, métadonnées, santé", "عمومي", "public: keys, metadata, health"),
        "counter" => Line::new("page du comptoir", "صفحة الشباك", "counter page"),
        "back-ends" => Line::new("services dorsaux", "الخدمات الخلفية", "sample back-ends"),
        "state" => Line::new("dossier d’état", "مجلد الحالة", "state folder"),
        _ => Line::new("adresse", "عنوان", "address"),
    }
}

/// The counter's page is not there.
pub const NO_COUNTER: Line = Line::new(
    "page du comptoir : construisez bawaba-counter (cargo build -p card-reader --features agent --bin bawaba-counter), puis relancez",
    "صفحة الشباك: ابنوا bawaba-counter ثم أعيدوا التشغيل",
    "counter page: build bawaba-counter (cargo build -p card-reader --features agent --bin bawaba-counter), then start again",
);
/// Another base was taken.
pub const MOVED: Line = Line::new(
    "Un port est déjà pris : la démonstration commence au port",
    "أحد المنافذ مستعمل: يبدأ العرض من المنفذ",
    "A port is already taken: the demonstration starts at port",
);
