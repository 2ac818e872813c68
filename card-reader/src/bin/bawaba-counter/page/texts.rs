//! What does the page say, in each of the three languages?

use card_reader::counter::Language;
use card_reader::transport::pcsc::ReaderCondition;

/// The page's own words in one language. Failures have theirs in the counter library.
pub(crate) struct Texts {
    pub(crate) title: &'static str,
    pub(crate) tagline: &'static str,
    pub(crate) skip: &'static str,
    pub(crate) language: &'static str,
    pub(crate) card: &'static str,
    pub(crate) readers: &'static str,
    pub(crate) no_reader: &'static str,
    pub(crate) demo_cards: &'static str,
    pub(crate) demo_hint: &'static str,
    pub(crate) can: &'static str,
    pub(crate) can_hint: &'static str,
    pub(crate) can_missing: &'static str,
    pub(crate) source_missing: &'static str,
    pub(crate) purpose: &'static str,
    pub(crate) purposes: [(&'static str, &'static str); 3],
    pub(crate) go: &'static str,
    pub(crate) idle_title: &'static str,
    pub(crate) idle: [&'static str; 3],
    pub(crate) running: &'static str,
    pub(crate) recognised: &'static str,
    pub(crate) born: &'static str,
    pub(crate) cover_open: &'static str,
    pub(crate) cover_closed: &'static str,
    pub(crate) cover_closed_hint: &'static str,
    pub(crate) children: &'static str,
    pub(crate) prescription: &'static str,
    pub(crate) nothing_prescribed: &'static str,
    pub(crate) no_prescription: &'static str,
    pub(crate) prescribed_by: &'static str,
    pub(crate) on: &'static str,
    pub(crate) repeats: &'static str,
    pub(crate) stopped: &'static str,
    pub(crate) refused: &'static str,
    pub(crate) next_step: &'static str,
    pub(crate) at_fault: &'static str,
    pub(crate) reference: &'static str,
    pub(crate) in_all: &'static str,
    pub(crate) exchanges: &'static str,
    pub(crate) valid_minutes: &'static str,
    pub(crate) next_patient: &'static str,
    pub(crate) lost: &'static str,
    pub(crate) privacy: &'static str,
    reader_states: [&'static str; 5],
    steps: [&'static str; 6],
    parties: [&'static str; 6],
    methods: [&'static str; 2],
}

impl Texts {
    pub(crate) fn of(language: Language) -> &'static Texts {
        match language {
            Language::French => &FRENCH,
            Language::Arabic => &ARABIC,
            Language::English => &ENGLISH,
        }
    }

    pub(crate) fn reader_state(&self, condition: ReaderCondition) -> &'static str {
        let [empty, present, in_use, mute, unavailable] = self.reader_states;
        match condition {
            ReaderCondition::Empty => empty,
            ReaderCondition::CardPresent => present,
            ReaderCondition::InUse => in_use,
            ReaderCondition::Mute => mute,
            ReaderCondition::Unavailable => unavailable,
        }
    }

    /// The words for a step of an act, by its stable name.
    pub(crate) fn step(&self, name: &str) -> &'static str {
        let [pace, read, passive, chip, session, prescription] = self.steps;
        match name {
            "pace" => pace,
            "read" => read,
            "passive-authentication" => passive,
            "chip-proof" => chip,
            "session" => session,
            _ => prescription,
        }
    }

    pub(crate) fn party(&self, party: &str) -> &'static str {
        let [card, reader, station, gateway, registry, back_end] = self.parties;
        match party {
            "card" => card,
            "reader" => reader,
            "station" => station,
            "registry" => registry,
            "back-end" => back_end,
            _ => gateway,
        }
    }

    pub(crate) fn method(&self, method: &str) -> &'static str {
        let [active, chip] = self.methods;
        if method == "active-authentication" { active } else { chip }
    }

    /// The names of the four schemes are proper names; a code of a later scheme is shown as it is.
    pub(crate) fn scheme(&self, code: &str) -> String {
        match code {
            "cnss-salarie" => "AMO CNSS",
            "tns" => "AMO TNS",
            "amo-tadamon" => "AMO Tadamon",
            "amo-achamil" => "AMO Achamil",
            other => other,
        }
        .to_owned()
    }
}

static FRENCH: Texts = Texts {
    title: "Guichet Bawaba",
    tagline: "La carte ouvre le dossier",
    skip: "Aller au résultat",
    language: "Langue",
    card: "La carte du patient",
    readers: "Lecteurs",
    no_reader: "Aucun lecteur branché.",
    demo_cards: "Cartes de démonstration",
    demo_hint: "Personnes inventées. Le CAN est imprimé sur chaque carte.",
    can: "Numéro d’accès (CAN)",
    can_hint: "Les six chiffres imprimés au recto de la carte. Ils ne quittent pas ce poste.",
    can_missing: "Tapez les six chiffres du CAN.",
    source_missing: "Choisissez un lecteur.",
    purpose: "Motif",
    purposes: [("TREAT", "Soins et médicaments"), ("HPAYMT", "Facturation"), ("ETREAT", "Urgence")],
    go: "Ouvrir la session",
    idle_title: "Prêt",
    idle: [
        "Posez la carte à plat sur le lecteur.",
        "Tapez les six chiffres du CAN.",
        "L’ordonnance s’affiche ici, en moins de deux secondes.",
    ],
    running: "Ne bougez pas la carte…",
    recognised: "Patient reconnu",
    born: "né(e) le",
    cover_open: "Couverture ouverte",
    cover_closed: "Couverture fermée",
    cover_closed_hint: "Les soins restent possibles ; le patient règle et se renseigne auprès de la CNSS.",
    children: "Ayants droit sous cette couverture :",
    prescription: "Ordonnance",
    nothing_prescribed: "Rien n’est prescrit à ce patient en ce moment.",
    no_prescription: "L’ordonnance n’a pas pu être lue. La session est ouverte.",
    prescribed_by: "Prescrit par",
    on: "le",
    repeats: "Renouvelable :",
    stopped: "arrêté",
    refused: "Session non ouverte",
    next_step: "À faire",
    at_fault: "En cause",
    reference: "Référence pour le support",
    in_all: "en tout",
    exchanges: "échanges avec la puce",
    valid_minutes: "Session valable (minutes) :",
    next_patient: "Patient suivant",
    lost: "La page a perdu le contact avec ce poste. Rechargez-la.",
    privacy: "Chaque accès est inscrit au journal. Rien n’est conservé sur ce poste.",
    reader_states: ["vide", "carte posée", "carte occupée", "carte muette", "indisponible"],
    steps: [
        "Carte ouverte avec le CAN",
        "Puce lue",
        "Données signées par l’État",
        "Puce authentique",
        "Patient reconnu, accès décidé et inscrit",
        "Ordonnance reçue",
    ],
    parties: ["la carte", "le lecteur", "ce poste", "la passerelle", "le registre", "le service demandé"],
    methods: ["puce prouvée par sa signature", "puce prouvée par échange de clés"],
};

static ARABIC: Texts = Texts {
    title: "شباك بوابة",
    tagline: "البطاقة تفتح الملف",
    skip: "الانتقال إلى النتيجة",
    language: "اللغة",
    card: "بطاقة المريض",
    readers: "القارئات",
    no_reader: "لا يوجد قارئ موصول.",
    demo_cards: "بطاقات تجريبية",
    demo_hint: "أشخاص غير حقيقيين. رقم الولوج مطبوع على كل بطاقة.",
    can: "رقم الولوج (CAN)",
    can_hint: "الأرقام الستة المطبوعة على وجه البطاقة. لا تغادر هذا المركز.",
    can_missing: "أدخلوا الأرقام الستة لرقم الولوج.",
    source_missing: "اختاروا قارئا.",
    purpose: "الغرض",
    purposes: [("TREAT", "علاج وأدوية"), ("HPAYMT", "فوترة"), ("ETREAT", "حالة مستعجلة")],
    go: "فتح الجلسة",
    idle_title: "جاهز",
    idle: [
        "ضعوا البطاقة مسطحة على القارئ.",
        "أدخلوا الأرقام الستة لرقم الولوج.",
        "تظهر الوصفة هنا في أقل من ثانيتين.",
    ],
    running: "لا تحركوا البطاقة…",
    recognised: "تم التعرف على المريض",
    born: "تاريخ الازدياد",
    cover_open: "التغطية مفتوحة",
    cover_closed: "التغطية مغلقة",
    cover_closed_hint: "يبقى العلاج ممكنا؛ يؤدي المريض الثمن ويستفسر لدى الصندوق الوطني للضمان الاجتماعي.",
    children: "ذوو الحقوق المشمولون بهذه التغطية:",
    prescription: "الوصفة الطبية",
    nothing_prescribed: "لا توجد وصفة جارية لهذا المريض.",
    no_prescription: "تعذرت قراءة الوصفة. الجلسة مفتوحة.",
    prescribed_by: "وصفها",
    on: "بتاريخ",
    repeats: "قابلة للتجديد:",
    stopped: "موقوف",
    refused: "لم تُفتح الجلسة",
    next_step: "ما العمل",
    at_fault: "المعني بالأمر",
    reference: "مرجع للدعم التقني",
    in_all: "في المجموع",
    exchanges: "تبادلا مع الشريحة",
    valid_minutes: "مدة صلاحية الجلسة بالدقائق:",
    next_patient: "المريض التالي",
    lost: "فقدت الصفحة الاتصال بهذا المركز. أعيدوا تحميلها.",
    privacy: "كل ولوج يُسجَّل. لا يُحفظ أي شيء في هذا المركز.",
    reader_states: ["فارغ", "بطاقة موضوعة", "البطاقة مستعملة", "البطاقة لا تستجيب", "غير متاح"],
    steps: [
        "فُتحت البطاقة برقم الولوج",
        "قُرئت الشريحة",
        "البيانات موقعة من الدولة",
        "الشريحة أصلية",
        "عُرف المريض وتقرر الولوج وسُجّل",
        "وصلت الوصفة",
    ],
    parties: ["البطاقة", "القارئ", "هذا المركز", "البوابة", "السجل", "الخدمة المطلوبة"],
    methods: ["ثبتت الشريحة بتوقيعها", "ثبتت الشريحة بتبادل المفاتيح"],
};

static ENGLISH: Texts = Texts {
    title: "Bawaba counter",
    tagline: "The card opens the file",
    skip: "Go to the result",
    language: "Language",
    card: "The patient’s card",
    readers: "Readers",
    no_reader: "No reader is connected.",
    demo_cards: "Demonstration cards",
    demo_hint: "Invented people. The CAN is printed on each card.",
    can: "Card access number (CAN)",
    can_hint: "The six digits printed on the front of the card. They never leave this counter.",
    can_missing: "Type the six digits of the CAN.",
    source_missing: "Choose a reader.",
    purpose: "Purpose",
    purposes: [("TREAT", "Care and medicines"), ("HPAYMT", "Billing"), ("ETREAT", "Emergency")],
    go: "Open the session",
    idle_title: "Ready",
    idle: [
        "Lay the card flat on the reader.",
        "Type the six digits of the CAN.",
        "The prescription appears here, in under two seconds.",
    ],
    running: "Keep the card still…",
    recognised: "Patient recognised",
    born: "born",
    cover_open: "Cover open",
    cover_closed: "Cover closed",
    cover_closed_hint: "Care remains possible; the patient pays and asks CNSS.",
    children: "Dependants under this cover:",
    prescription: "Prescription",
    nothing_prescribed: "Nothing is prescribed to this patient at the moment.",
    no_prescription: "The prescription could not be read. The session is open.",
    prescribed_by: "Prescribed by",
    on: "on",
    repeats: "Repeats:",
    stopped: "stopped",
    refused: "No session was opened",
    next_step: "What to do",
    at_fault: "At fault",
    reference: "Reference for support",
    in_all: "in all",
    exchanges: "exchanges with the chip",
    valid_minutes: "Session valid (minutes):",
    next_patient: "Next patient",
    lost: "The page lost contact with this counter. Reload it.",
    privacy: "Every access is logged. Nothing is kept on this counter.",
    reader_states: ["empty", "card present", "card in use", "card mute", "unavailable"],
    steps: [
        "Card opened with the CAN",
        "Chip read",
        "Data signed by the state",
        "Chip genuine",
        "Patient recognised, access decided and logged",
        "Prescription received",
    ],
    parties: [
        "the card",
        "the reader",
        "this counter",
        "the gateway",
        "the registry",
        "the service asked for",
    ],
    methods: ["chip proven by its signature", "chip proven by key agreement"],
};
