//! Who may do what, why, and under which proof? The whole policy as one page that a lawyer can read.
//!
//! Nothing on it is written by hand: every mark is a decision. The page of the shipped policies is in
//! `golden/access.txt`, so that a change of a policy shows in a review as what it changes.

mod facts;
mod summary;

use std::fmt::Write as _;

use crate::{
    AccessDecision, AccessRequest, Acr, Action, CardFacts, ClaimFacts, ClientFacts, ClientKind, ConsentFacts,
    Facts, Interaction, ListFreshness, PolicySet, Purpose, ReceiptStanding, Service,
};

/// The back-ends that every gateway has, and the FHIR types of each, as the shipped schema lists them.
pub const SERVICES: [(&str, &[&str]); 3] = [
    (
        "dossier",
        &[
            "Patient",
            "AllergyIntolerance",
            "CarePlan",
            "Condition",
            "DiagnosticReport",
            "DocumentReference",
            "Encounter",
            "Immunization",
            "Observation",
            "Procedure",
        ],
    ),
    ("prescription", &["Patient", "Medication", "MedicationRequest", "MedicationDispense"]),
    ("billing", &["Coverage", "Claim", "ClaimResponse", "ExplanationOfBenefit"]),
];

const LETTERS: [char; 6] = ['R', 'S', 'C', 'U', 'D', 'O'];

/// The page of this set.
#[must_use]
pub fn page(set: &PolicySet) -> String {
    let mut page = Page { set, text: String::new() };
    page.line("Who may do what, why, and under which proof of presence.");
    page.line("R read, S search, C create, U update, D delete, O operation; . refused.");
    page.line("Proof: /b the glass was broken, /c the chip was proven, /h the holder gave the PIN too.");
    page.line("Where no line says otherwise: the patient was here, nothing looks wrong, a claim has a sound receipt.");
    page.line("Every mark is a decision of these policies; to change one, change a policy.");
    page.sessions();
    page.lists();
    for kind in ClientKind::ALL {
        page.accesses(*kind);
    }
    page.exchanges();
    page.formalities();
    facts::themes(&mut page);
    summary::duties(&mut page);
    summary::refusals(&mut page);
    page.text
}

/// One question on an ordinary day, and its answer.
#[derive(Debug)]
pub struct Cell {
    /// What was asked.
    pub request: AccessRequest,
    /// The answer.
    pub decision: AccessDecision,
}

/// Every question of the page that is about an ordinary day: who × what × why × under which proof.
#[must_use]
pub fn cells(set: &PolicySet) -> Vec<Cell> {
    let fhir = SERVICES.iter().flat_map(|(service, types)| {
        types
            .iter()
            .flat_map(move |of| Interaction::ALL.iter().map(|interaction| fhir(service, of, *interaction)))
    });
    let exchanges = SERVICES.iter().map(|(service, _)| Action::Exchange { service: service_of(service) });
    let others =
        [Action::OpenSession(CardFacts::FRESH), Action::Consent, Action::Eligibility, Action::VerifyReceipts];
    let actions: Vec<Action> = others.into_iter().chain(fhir).chain(exchanges).collect();
    let mut cells = Vec::new();
    for kind in ClientKind::ALL {
        for action in &actions {
            for (purpose, acr) in proofs() {
                let request = ordinary(*kind, action.clone(), purpose, acr);
                let decision = set.decide(&request);
                cells.push(Cell { request, decision });
            }
        }
    }
    cells
}

/// The page as far as it is written.
struct Page<'a> {
    set: &'a PolicySet,
    text: String,
}

impl Page<'_> {
    fn line(&mut self, text: &str) {
        self.text.push_str(text.trim_end());
        self.text.push('\n');
    }

    /// A heading over the columns.
    fn head(&mut self, name: &str) {
        self.line("");
        let columns = row(|purpose, acr| {
            let proof = match acr {
                Acr::Emergency => "b",
                Acr::Card => "c",
                Acr::Holder => "h",
            };
            format!("{purpose}/{proof}")
        });
        self.line(&format!("{name:<39} {columns}"));
    }

    fn row(&mut self, name: &str, mark: impl Fn(Purpose, Acr) -> String) {
        self.line(&format!("{name:<39} {}", row(mark)));
    }

    /// A row whose marks say yes in one word.
    fn decided(&mut self, name: &str, yes: &str, asked: impl Fn(Purpose, Acr) -> AccessRequest) {
        let set = self.set;
        self.row(name, |purpose, acr| {
            let decision = set.decide(&asked(purpose, acr));
            match (decision.is_permit(), decision.is_gateways_fault()) {
                (true, _) => yes.to_owned(),
                (false, true) => "outage".to_owned(),
                (false, false) => "......".to_owned(),
            }
        });
    }

    fn sessions(&mut self) {
        self.head("open a session");
        for kind in ClientKind::ALL {
            self.decided(kind.as_str(), "opened", |purpose, acr| {
                ordinary(*kind, Action::OpenSession(CardFacts::FRESH), purpose, acr)
            });
        }
    }

    /// How old the lists may be on which a card could stand, seen from a hospital, which may open most sessions.
    fn lists(&mut self) {
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
        for name in ["revocation list", "hot list"] {
            let facts = |freshness| match name {
                "hot list" => CardFacts { hot_list: freshness, ..CardFacts::FRESH },
                _ => CardFacts { revocation: freshness, ..CardFacts::FRESH },
            };
            self.head(&format!("a session, if the {name} is"));
            for (state, freshness) in states {
                self.decided(state, "opened", |purpose, acr| {
                    ordinary(ClientKind::Hospital, Action::OpenSession(facts(freshness)), purpose, acr)
                });
            }
        }
    }

    fn accesses(&mut self, kind: ClientKind) {
        let set = self.set;
        let rows: Vec<(String, String)> = SERVICES
            .iter()
            .flat_map(|(service, types)| types.iter().map(move |of| (*service, *of)))
            .map(|(service, of)| {
                let asked = |interaction, purpose, acr| {
                    set.decide(&ordinary(kind, fhir(service, of, interaction), purpose, acr)).is_permit()
                };
                (format!("{service} {of}"), row(|purpose, acr| letters(|one| asked(one, purpose, acr))))
            })
            .collect();
        if rows.iter().all(|(_, marks)| !marks.contains(|mark: char| mark.is_ascii_uppercase())) {
            self.line("");
            self.line(&format!("{:<39} nothing, whatever the purpose and the proof", kind.as_str()));
            return;
        }
        self.head(kind.as_str());
        for (what, marks) in rows {
            self.line(&format!("{what:<39} {marks}"));
        }
    }

    /// Tokens that their holder brings to a back-end itself, and who may go on with one.
    fn exchanges(&mut self) {
        self.head("exchange for a token");
        for kind in ClientKind::ALL {
            for (service, _) in SERVICES {
                self.decided(&format!("{kind} for {service}"), "token", |purpose, acr| {
                    ordinary(*kind, Action::Exchange { service: service_of(service) }, purpose, acr)
                });
            }
        }
        for (from, _) in SERVICES {
            for (to, _) in SERVICES {
                let action = Action::ExchangeOnward { from: service_of(from), service: service_of(to) };
                self.decided(&format!("from {from} to {to}"), "token", |purpose, acr| {
                    ordinary(ClientKind::BackEnd, action.clone(), purpose, acr)
                });
            }
        }
    }

    /// What opens no record.
    fn formalities(&mut self) {
        let formalities = [
            ("write or withdraw a consent", "taken", Action::Consent),
            ("ask whether a patient is covered", "asked", Action::Eligibility),
            ("verify receipts", "asked", Action::VerifyReceipts),
            ("ask about a token of somebody else", "told", Action::Introspect),
        ];
        for (name, yes, action) in formalities {
            self.head(name);
            for kind in ClientKind::ALL {
                self.decided(kind.as_str(), yes, |purpose, acr| {
                    ordinary(*kind, action.clone(), purpose, acr)
                });
            }
        }
    }
}

/// An action in a few words: `dossier/Condition read`.
#[must_use]
pub fn what(action: &Action) -> String {
    let name = action.name();
    match action {
        Action::Fhir { service, resource_type, .. } => format!("{}/{resource_type} {name}", service.0),
        Action::Exchange { service } => format!("{name} {}", service.0),
        Action::ExchangeOnward { from, service } => format!("{name} {} to {}", from.0, service.0),
        Action::OpenSession(_)
        | Action::Introspect
        | Action::Consent
        | Action::BreakGlass(_)
        | Action::Eligibility
        | Action::VerifyReceipts => name.to_owned(),
    }
}

/// A question of an ordinary day: the patient was here, nothing looks wrong, and a claim rests on a sound receipt.
fn ordinary(kind: ClientKind, action: Action, purpose: Purpose, acr: Acr) -> AccessRequest {
    let claims = matches!(
        &action,
        Action::Fhir { resource_type, interaction: Interaction::Create, .. } if resource_type == "Claim"
    );
    let facts = Facts {
        consent: ConsentFacts { linked: true, ..ConsentFacts::default() },
        claim: claims.then_some(ClaimFacts { receipt: ReceiptStanding::Sound, fse: true }),
        ..Facts::default()
    };
    let client = ClientFacts { id: format!("{kind}-1"), kind };
    AccessRequest { client, action, purpose, acr, dependant: false, facts }
}

fn service_of(name: &str) -> Service {
    Service(name.to_owned())
}

fn fhir(service: &str, resource_type: &str, interaction: Interaction) -> Action {
    Action::Fhir { service: service_of(service), resource_type: resource_type.to_owned(), interaction }
}

/// `RS....`: the interactions that are permitted.
fn letters(permitted: impl Fn(Interaction) -> bool) -> String {
    let interactions = Interaction::ALL.iter().zip(LETTERS);
    interactions.map(|(interaction, letter)| if permitted(*interaction) { letter } else { '.' }).collect()
}

fn proofs() -> impl Iterator<Item = (Purpose, Acr)> {
    Purpose::ALL.iter().flat_map(|purpose| Acr::ALL.iter().map(|acr| (*purpose, *acr)))
}

fn row(mark: impl Fn(Purpose, Acr) -> String) -> String {
    proofs().fold(String::new(), |mut row, (purpose, acr)| {
        // Writing to a String cannot fail.
        let _ = write!(row, "{:<10}", mark(purpose, acr));
        row
    })
}
