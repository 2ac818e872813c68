//! What a patient says, and for whom a guardian may speak.

use http::StatusCode;

use super::{Entry, Text};
use crate::problem::Party;

const LOOK_WITH_PATIENT: Text = Text {
    fr: "Relisez avec le patient ce qu'il a déjà dit, retirez ce qui ne vaut plus, puis recommencez.",
    ar: "راجع مع المريض ما سبق أن صرح به، اسحب ما لم يعد صالحا، ثم أعد المحاولة.",
    en: "Read with the patient what they said before, withdraw what no longer holds, and start over.",
};

const SAY_IT_OTHERWISE: Text = Text {
    fr: "Rien n'a été enregistré. Formulez le consentement autrement, ou appelez votre référent.",
    ar: "لم يتم تسجيل أي شيء. صغ الموافقة بطريقة أخرى أو اتصل بالمسؤول لديك.",
    en: "Nothing was recorded. Put the consent in other words, or call your administrator.",
};

pub(super) const UNKNOWN: Entry = Entry {
    code: "consent-unknown",
    status: StatusCode::NOT_FOUND,
    party: Party::Station,
    retry_after: None,
    title: Text {
        fr: "Ce patient n'a pas donné ce consentement",
        ar: "لم يصدر هذا المريض هذه الموافقة",
        en: "This patient has said no such consent",
    },
    staff: LOOK_WITH_PATIENT,
    vendor: "Use an id from GET /v1/consents in a session of the same patient.",
};

pub(super) const NOT_UNDERSTOOD: Entry = Entry {
    code: "consent-not-understood",
    status: StatusCode::UNPROCESSABLE_ENTITY,
    party: Party::Station,
    retry_after: None,
    title: Text {
        fr: "Ce consentement dit quelque chose qui ne pourrait pas être appliqué",
        ar: "تتضمن هذه الموافقة ما لا يمكن تطبيقه",
        en: "This consent says something that could not be enforced",
    },
    staff: SAY_IT_OTHERWISE,
    vendor: "`detail` names the element. Send FHIR R4 Consent as IHE PCF Basic and Intermediate have it: actor, purpose, class, securityLabel, period, nested provisions.",
};

pub(super) const CODE_UNKNOWN: Entry = Entry {
    code: "consent-code-unknown",
    status: StatusCode::UNPROCESSABLE_ENTITY,
    party: Party::Station,
    retry_after: None,
    title: Text {
        fr: "Ce consentement contient un code inconnu",
        ar: "تتضمن هذه الموافقة رمزا غير معروف",
        en: "This consent has a code that is not known",
    },
    staff: SAY_IT_OTHERWISE,
    vendor: "`detail` names the list. Send system and code of every Coding.",
};

pub(super) const ACTOR_UNKNOWN: Entry = Entry {
    code: "consent-actor-unknown",
    status: StatusCode::UNPROCESSABLE_ENTITY,
    party: Party::Station,
    retry_after: None,
    title: Text {
        fr: "Ce consentement nomme un établissement inconnu",
        ar: "تسمي هذه الموافقة مؤسسة غير معروفة",
        en: "This consent names an establishment that is not known",
    },
    staff: SAY_IT_OTHERWISE,
    vendor: "Name establishments by their registered id: Organization/{id}.",
};

pub(super) const DATES: Entry = Entry {
    code: "consent-dates",
    status: StatusCode::UNPROCESSABLE_ENTITY,
    party: Party::Station,
    retry_after: None,
    title: Text {
        fr: "Les dates de ce consentement ne sont pas possibles",
        ar: "تواريخ هذه الموافقة غير ممكنة",
        en: "The dates of this consent are not possible",
    },
    staff: SAY_IT_OTHERWISE,
    vendor: "`detail` names the rule. A consent is given now: leave dateTime out, and let every period end later than it starts and later than now.",
};

pub(super) const CONTRADICTORY: Entry = Entry {
    code: "consent-contradictory",
    status: StatusCode::CONFLICT,
    party: Party::Station,
    retry_after: None,
    title: Text {
        fr: "Ce consentement en contredit un autre, ou se contredit",
        ar: "تتعارض هذه الموافقة مع أخرى أو مع نفسها",
        en: "This consent contradicts another one, or itself",
    },
    staff: LOOK_WITH_PATIENT,
    vendor: "`detail` names the rule. A denial holds until it is withdrawn with DELETE /v1/consents/{id}; only a later permit that names more exactly whom it lets in goes before it.",
};

pub(super) const OVERLAPS: Entry = Entry {
    code: "consent-overlaps",
    status: StatusCode::CONFLICT,
    party: Party::Station,
    retry_after: None,
    title: Text {
        fr: "Le patient a déjà dit exactement cela",
        ar: "سبق للمريض أن صرح بهذا بالضبط",
        en: "The patient has said exactly this already",
    },
    staff: Text {
        fr: "Il n'y a rien à faire : le consentement donné auparavant est valable.",
        ar: "لا داعي لأي إجراء: الموافقة الصادرة سابقا سارية.",
        en: "There is nothing to do: the consent given before stands.",
    },
    vendor: "Show the consents of GET /v1/consents before offering a new one.",
};

pub(super) const TOO_MANY: Entry = Entry {
    code: "consent-too-many",
    status: StatusCode::CONFLICT,
    party: Party::Station,
    retry_after: None,
    title: Text {
        fr: "Ce patient a trop de consentements en vigueur",
        ar: "لهذا المريض عدد كبير من الموافقات السارية",
        en: "This patient has too many consents that stand",
    },
    staff: LOOK_WITH_PATIENT,
    vendor: "Put several rules into one Consent, as nested provisions.",
};

pub(super) const GUARDIANSHIP_ENDED: Entry = Entry {
    code: "guardianship-ended",
    status: StatusCode::FORBIDDEN,
    party: Party::Registry,
    retry_after: None,
    title: Text {
        fr: "L'ayant droit est majeur : son représentant ne parle plus pour lui",
        ar: "بلغ ذو الحق سن الرشد: لم يعد نائبه يمثله",
        en: "The dependant is of age: the guardian speaks for them no more",
    },
    staff: Text {
        fr: "Demandez à la personne de présenter sa propre carte.",
        ar: "اطلب من الشخص تقديم بطاقته الخاصة.",
        en: "Ask the person to present their own card.",
    },
    vendor: "Nothing to change: show the text to the staff.",
};
