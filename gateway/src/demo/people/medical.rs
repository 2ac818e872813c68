//! What are they treated for, and with what?

use super::{Finding, Medicine};

pub(super) const METFORMIN: Medicine = Medicine {
    atc: "A10BA02",
    text: "Metformine 850 mg, comprimé",
    dosage: "1 comprimé matin et soir, au milieu du repas",
};
pub(super) const AMLODIPINE: Medicine =
    Medicine { atc: "C08CA01", text: "Amlodipine 5 mg, comprimé", dosage: "1 comprimé le matin" };
pub(super) const AMOXICILLIN: Medicine = Medicine {
    atc: "J01CA04",
    text: "Amoxicilline 1 g, comprimé dispersible",
    dosage: "1 comprimé matin et soir pendant 7 jours",
};
pub(super) const PARACETAMOL: Medicine = Medicine {
    atc: "N02BE01",
    text: "Paracétamol 1 g, comprimé",
    dosage: "1 comprimé si douleur, au plus 3 par jour",
};
pub(super) const SALBUTAMOL: Medicine = Medicine {
    atc: "R03AC02",
    text: "Salbutamol 100 µg/dose, suspension pour inhalation",
    dosage: "1 à 2 bouffées en cas de gêne",
};
pub(super) const LEVOTHYROXINE: Medicine = Medicine {
    atc: "H03AA01",
    text: "Lévothyroxine sodique 75 µg, comprimé",
    dosage: "1 comprimé le matin à jeun",
};
pub(super) const OMEPRAZOLE: Medicine = Medicine {
    atc: "A02BC01",
    text: "Oméprazole 20 mg, gélule gastro-résistante",
    dosage: "1 gélule le soir pendant 4 semaines",
};
pub(super) const INSULIN: Medicine = Medicine {
    atc: "A10AE04",
    text: "Insuline glargine 100 unités/mL, solution injectable",
    dosage: "18 unités le soir, voie sous-cutanée",
};
pub(super) const FERROUS: Medicine = Medicine {
    atc: "B03AA07",
    text: "Sulfate ferreux 80 mg, comprimé",
    dosage: "1 comprimé par jour pendant 3 mois",
};

pub(super) const PENICILLIN: Finding = Finding { code: "91936005", text: "Allergie à la pénicilline" };
pub(super) const ASPIRIN: Finding = Finding { code: "293586001", text: "Allergie à l'aspirine" };
pub(super) const DIABETES: Finding = Finding { code: "44054006", text: "Diabète de type 2" };
pub(super) const HYPERTENSION: Finding = Finding { code: "38341003", text: "Hypertension artérielle" };
pub(super) const ASTHMA: Finding = Finding { code: "195967001", text: "Asthme" };
