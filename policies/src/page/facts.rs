//! What do facts change? One section a theme: the same question, asked with other facts.

use super::{Page, fhir, letters, ordinary, row};
use crate::{
    Acr, Action, CardFacts, CareLevel, ClaimFacts, ClientKind, ConsentFacts, CoverageScheme, EmergencyFacts,
    EmergencyReason, Facts, Identified, Interaction, PathwayFacts, Purpose, ReceiptStanding, RiskFacts,
    RiskSignal, Stance,
};

/// Scores at which a rule may begin to look.
const SCORES: [u8; 8] = [0, 20, 40, 50, 60, 70, 80, 100];

pub(super) fn themes(page: &mut Page<'_>) {
    consent(page);
    pathway(page);
    claimed_pathway(page);
    emergency(page);
    claims(page);
    risk(page);
}

fn consent(page: &mut Page<'_>) {
    page.head("a hospital's dossier Condition, if");
    for stance in Stance::ALL {
        for (linked, link) in [(true, "was here"), (false, "never was here")] {
            let silent = *stance == Stance::Silent;
            for (holder, pin) in
                [(false, ""), (true, ", with PIN")].into_iter().take(if silent { 1 } else { 2 })
            {
                let consent = ConsentFacts { stance: *stance, linked, holder, ..ConsentFacts::default() };
                let name = format!("consent {stance}{pin}; patient {link}");
                record(page, &name, ClientKind::Hospital, |facts| facts.consent = consent);
            }
        }
    }
}

fn pathway(page: &mut Page<'_>) {
    for (kind, level) in [
        (ClientKind::Clinic, CareLevel::Primary),
        (ClientKind::Clinic, CareLevel::Specialist),
        (ClientKind::Hospital, CareLevel::Hospital),
    ] {
        page.head(&format!("dossier Condition, {level} {kind}"));
        for scheme in CoverageScheme::ALL {
            for (referred, how) in [(true, "referred"), (false, "not referred")] {
                let pathway = PathwayFacts { scheme: Some(*scheme), level: Some(level), referred };
                record(page, &format!("{scheme}, {how}"), kind, |facts| facts.pathway = pathway);
            }
        }
    }
}

/// Where care goes on and the claim waits: a hospital's claim, by how its patient came.
fn claimed_pathway(page: &mut Page<'_>) {
    page.head("billing Claim, hospital hospital");
    for scheme in CoverageScheme::ALL {
        for (referred, how) in [(true, "referred"), (false, "not referred")] {
            let pathway = PathwayFacts { scheme: Some(*scheme), level: Some(CareLevel::Hospital), referred };
            page.decided(&format!("{scheme}, {how}"), "taken", |purpose, acr| {
                let action = fhir("billing", "Claim", Interaction::Create);
                let mut request = ordinary(ClientKind::Hospital, action, purpose, acr);
                request.facts.pathway = pathway;
                request
            });
        }
    }
}

/// One row of marks for a type of the record under other facts.
fn record(page: &mut Page<'_>, name: &str, kind: ClientKind, change: impl Fn(&mut Facts)) {
    let set = page.set;
    let marks = row(|purpose, acr| {
        letters(|interaction| {
            let mut request = ordinary(kind, fhir("dossier", "Condition", interaction), purpose, acr);
            change(&mut request.facts);
            set.decide(&request).is_permit()
        })
    });
    page.line(&format!("{name:<39} {marks}"));
}

fn emergency(page: &mut Page<'_>) {
    let calm = EmergencyFacts {
        identified: Identified::Card,
        reason: EmergencyReason::Unconscious,
        left_of_practitioner: 1,
        left_of_establishment: 1,
        reviews_overdue: 0,
    };
    page.head("break the glass, the card being there");
    for kind in ClientKind::ALL {
        page.decided(kind.as_str(), "broken", |purpose, acr| {
            ordinary(*kind, Action::BreakGlass(calm), purpose, acr)
        });
    }
    let cases = Identified::ALL.iter().flat_map(|identified| {
        EmergencyReason::ALL.iter().map(move |reason| {
            let facts = EmergencyFacts { identified: *identified, reason: *reason, ..calm };
            (format!("by {identified}: {reason}"), facts)
        })
    });
    let bounds = [
        ("no time left of the practitioner".to_owned(), EmergencyFacts { left_of_practitioner: 0, ..calm }),
        ("no time left of the establishment".to_owned(), EmergencyFacts { left_of_establishment: 0, ..calm }),
        ("twenty reviews overdue".to_owned(), EmergencyFacts { reviews_overdue: 20, ..calm }),
        ("twenty-one reviews overdue".to_owned(), EmergencyFacts { reviews_overdue: 21, ..calm }),
        (
            "the same, by card: other-urgent".to_owned(),
            EmergencyFacts { reviews_overdue: 21, reason: EmergencyReason::OtherUrgent, ..calm },
        ),
    ];
    page.head("a hospital breaks the glass");
    for (name, facts) in cases.chain(bounds) {
        page.decided(&name, "broken", |purpose, acr| {
            ordinary(ClientKind::Hospital, Action::BreakGlass(facts), purpose, acr)
        });
    }
}

/// What a claim must rest on, seen from a pharmacy that treats, and what it is told.
fn claims(page: &mut Page<'_>) {
    page.line("");
    page.line(&format!("{:<39} {:<10}told", "a pharmacy claims, its receipt being", "TREAT/c"));
    for receipt in ReceiptStanding::ALL {
        for (fse, sheet) in [(true, ""), (false, ", no care sheet")] {
            let action = fhir("billing", "Claim", Interaction::Create);
            let mut request = ordinary(ClientKind::Pharmacy, action, Purpose::Treatment, Acr::Card);
            request.facts.claim = Some(ClaimFacts { receipt: *receipt, fse });
            let decision = page.set.decide(&request);
            let verdict = if decision.is_permit() { "taken" } else { "....." };
            let codes: Vec<&str> = decision.reasons().iter().map(|reason| reason.code.as_str()).collect();
            page.line(&format!("{:<39} {verdict:<10}{}", format!("{receipt}{sheet}"), codes.join(", ")));
        }
    }
}

fn risk(page: &mut Page<'_>) {
    let asked = |risk: RiskFacts, action: Action, purpose, acr| {
        let mut request = ordinary(ClientKind::Hospital, action, purpose, acr);
        request.facts.risk = risk;
        request
    };
    let scores = SCORES.map(|score| (format!("score {score}"), RiskFacts { score, ..RiskFacts::default() }));
    let signals = RiskSignal::ALL.iter().map(|signal| (signal.to_string(), RiskFacts::of(vec![*signal])));
    let risks: Vec<(String, RiskFacts)> = scores.into_iter().chain(signals).collect();
    page.head("a hospital's session, at a risk of");
    for (name, risk) in &risks {
        page.decided(name, "opened", |purpose, acr| {
            asked(risk.clone(), Action::OpenSession(CardFacts::FRESH), purpose, acr)
        });
    }
    page.head("a hospital's dossier Condition");
    for (name, risk) in &risks {
        let set = page.set;
        page.row(name, |purpose: Purpose, acr: Acr| {
            letters(|interaction| {
                let action = fhir("dossier", "Condition", interaction);
                set.decide(&asked(risk.clone(), action, purpose, acr)).is_permit()
            })
        });
    }
}
