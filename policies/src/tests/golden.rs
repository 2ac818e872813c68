//! The whole policy as one page that a lawyer can read: `golden/access.txt`, blessed by `BLESS=1`.

use std::{collections::BTreeSet, fmt::Write as _, path::Path};

use super::{SERVICES, ask, exchange, fhir, onward, shipped};
use crate::{
    Acr, Action, CardFacts, ClaimFacts, ClientKind, Interaction, ListFreshness, PolicySet, Purpose,
    ReceiptStanding,
};

const LETTERS: [char; 6] = ['R', 'S', 'C', 'U', 'D', 'O'];

#[test]
fn the_policies_permit_exactly_what_the_golden_page_says() {
    let page = page(&shipped());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/access.txt");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    for (number, (is, was)) in page.lines().zip(golden.lines()).enumerate() {
        assert_eq!(is, was, "line {} of {}; if it is meant, run with BLESS=1", number + 1, path.display());
    }
    assert_eq!(
        page.lines().count(),
        golden.lines().count(),
        "{}; if it is meant, run with BLESS=1",
        path.display()
    );
}

fn page(set: &PolicySet) -> String {
    let mut page = String::from(
        "Who may do what, why, and under which proof of presence.\n\
         R read, S search, C create, U update, D delete, O operation; . refused.\n\
         Made by the tests of the policies crate from the shipped policies; change those, then BLESS=1.\n",
    );
    sessions(&mut page, set);
    lists(&mut page, set);
    for kind in ClientKind::ALL {
        accesses(&mut page, set, *kind);
    }
    claims(&mut page, set);
    exchanges(&mut page, set);
    formalities(&mut page, set);
    refusals(&mut page, set);
    page
}

/// What a claim must rest on, seen from a pharmacy that treats; and what it is told otherwise.
fn claims(page: &mut String, set: &PolicySet) {
    writeln!(page, "\n{:<34}{:<10}told", "a claim, if its receipt is", "TREAT/c").unwrap();
    for receipt in ReceiptStanding::ALL {
        for fse in [true, false] {
            let action = fhir("billing", "Claim", Interaction::Create);
            let mut asked = ask(ClientKind::Pharmacy, action, Purpose::Treatment, Acr::Card);
            asked.facts.claim = Some(ClaimFacts { receipt: *receipt, fse });
            let decision = set.decide(&asked);
            let verdict = if decision.is_permit() { "taken" } else { "....." };
            let codes: Vec<&str> = decision.reasons().iter().map(|reason| reason.code.as_str()).collect();
            let what = if fse { receipt.to_string() } else { format!("{receipt}, no care sheet") };
            writeln!(page, "{what:<34}{verdict:<10}{}", codes.join(", ")).unwrap();
        }
    }
}

/// What is asked of the gateway itself.
fn formalities(page: &mut String, set: &PolicySet) {
    for (title, action) in [
        ("ask CNSS for the patient's cover", Action::Eligibility),
        ("verify receipts", Action::VerifyReceipts),
    ] {
        writeln!(page, "\n{title:<34}{}", columns()).unwrap();
        for kind in ClientKind::ALL {
            let cells = cells(|purpose, acr| {
                let permitted = set.decide(&ask(*kind, action.clone(), purpose, acr)).is_permit();
                if permitted { "told".to_owned() } else { "....".to_owned() }
            });
            writeln!(page, "{:<34}{cells}", kind.as_str()).unwrap();
        }
    }
}

/// Tokens that their holder brings to a back-end itself, and who may go on with one.
fn exchanges(page: &mut String, set: &PolicySet) {
    writeln!(page, "\n{:<34}{}", "exchange for a token", columns()).unwrap();
    let mut line = |who: String, kind, action: Action| {
        let cells = cells(|purpose, acr| {
            let permitted = set.decide(&ask(kind, action.clone(), purpose, acr)).is_permit();
            if permitted { "token".to_owned() } else { "......".to_owned() }
        });
        writeln!(page, "{who:<34}{cells}").unwrap();
    };
    for kind in ClientKind::ALL {
        for (service, _) in SERVICES {
            line(format!("{kind} for {service}"), *kind, exchange(service));
        }
    }
    for (from, _) in SERVICES {
        for (to, _) in SERVICES {
            line(format!("from {from} to {to}"), ClientKind::BackEnd, onward(from, to));
        }
    }
    for kind in ClientKind::ALL {
        line(format!("{kind} asks about another's"), *kind, Action::Introspect);
    }
}

fn sessions(page: &mut String, set: &PolicySet) {
    writeln!(page, "\n{:<34}{}", "open a session", columns()).unwrap();
    for kind in ClientKind::ALL {
        let cells = cells(|purpose, acr| {
            let permitted =
                set.decide(&ask(*kind, Action::OpenSession(CardFacts::FRESH), purpose, acr)).is_permit();
            if permitted { "opened".to_owned() } else { "......".to_owned() }
        });
        writeln!(page, "{:<34}{cells}", kind.as_str()).unwrap();
    }
}

/// How old the lists may be on which a card could stand, seen from a hospital, which may open most sessions.
fn lists(page: &mut String, set: &PolicySet) {
    let overdue = |hours: u32| ListFreshness::Known { age_hours: hours, overdue_hours: hours };
    let states = [
        ("not kept", ListFreshness::NotKept),
        ("unknown", ListFreshness::Unknown),
        ("within its next update", overdue(0)),
        ("1 hour overdue", overdue(1)),
        ("72 hours overdue", overdue(72)),
        ("73 hours overdue", overdue(73)),
        ("168 hours overdue", overdue(168)),
        ("169 hours overdue", overdue(169)),
    ];
    for (name, facts) in [
        ("revocation list", (|revocation| CardFacts { revocation, ..CardFacts::FRESH }) as fn(_) -> _),
        ("hot list", |hot_list| CardFacts { hot_list, ..CardFacts::FRESH }),
    ] {
        writeln!(page, "\n{:<34}{}", format!("a session, if the {name} is"), columns()).unwrap();
        for (state, freshness) in states {
            let cells = cells(|purpose, acr| {
                let action = Action::OpenSession(facts(freshness));
                let decision = set.decide(&ask(ClientKind::Hospital, action, purpose, acr));
                let fault = if decision.is_gateways_fault() { "outage" } else { "......" };
                if decision.is_permit() { "opened".to_owned() } else { fault.to_owned() }
            });
            writeln!(page, "{state:<34}{cells}").unwrap();
        }
    }
}

fn accesses(page: &mut String, set: &PolicySet, kind: ClientKind) {
    let rows = SERVICES.iter().flat_map(|(service, types)| types.iter().map(move |of| (*service, *of)));
    let rows: Vec<(String, String)> = rows
        .map(|(service, of)| {
            (format!("{service} {of}"), cells(|purpose, acr| letters(set, kind, service, of, purpose, acr)))
        })
        .collect();
    if rows.iter().all(|(_, cells)| !cells.contains(|c: char| c.is_ascii_uppercase())) {
        writeln!(page, "\n{:<34}nothing, whatever the purpose and the proof", kind.as_str()).unwrap();
        return;
    }
    writeln!(page, "\n{:<34}{}", kind.as_str(), columns()).unwrap();
    for (what, cells) in rows {
        writeln!(page, "{what:<34}{cells}").unwrap();
    }
}

fn letters(set: &PolicySet, kind: ClientKind, service: &str, of: &str, purpose: Purpose, acr: Acr) -> String {
    let permitted =
        |interaction| set.decide(&ask(kind, fhir(service, of, interaction), purpose, acr)).is_permit();
    let interactions = Interaction::ALL.iter().zip(LETTERS);
    interactions.map(|(interaction, letter)| if permitted(*interaction) { letter } else { '.' }).collect()
}

/// What a refused counter is told, by kind, place and purpose.
fn refusals(page: &mut String, set: &PolicySet) {
    writeln!(page, "\nreasons of the refusals").unwrap();
    for kind in ClientKind::ALL {
        for (service, types) in SERVICES {
            for purpose in Purpose::ALL {
                let mut codes = BTreeSet::new();
                for interaction in Interaction::ALL {
                    for resource_type in types {
                        let action = fhir(service, resource_type, *interaction);
                        let decision = set.decide(&ask(*kind, action, *purpose, Acr::Card));
                        if !decision.is_permit() {
                            codes.extend(decision.reasons().iter().map(|reason| reason.code.clone()));
                        }
                    }
                }
                let codes: Vec<String> = codes.into_iter().collect();
                let who = format!("{} {service} {purpose}", kind.as_str());
                writeln!(page, "{who:<34}{}", codes.join(", ")).unwrap();
            }
        }
    }
}

fn columns() -> String {
    cells(|purpose, acr| {
        format!(
            "{purpose}/{}",
            match acr {
                Acr::Emergency => "b",
                Acr::Card => "c",
                Acr::Holder => "h",
            }
        )
    })
}

fn cells(cell: impl Fn(Purpose, Acr) -> String) -> String {
    let columns = Purpose::ALL.iter().flat_map(|purpose| Acr::ALL.iter().map(|acr| (*purpose, *acr)));
    let line: String = columns.map(|(purpose, acr)| format!("{:<10}", cell(purpose, acr))).collect();
    line.trim_end().to_owned()
}
