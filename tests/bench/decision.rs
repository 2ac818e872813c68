//! What does one decision cost? Asked of the policies themselves, where no answer is remembered.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::Result;
use policies::{
    AccessRequest, Acr, Action, CardFacts, ClaimFacts, ClientFacts, ClientKind, ConsentFacts, CoverageScheme,
    Facts, Interaction, PathwayFacts, PolicySet, Purpose, ReceiptStanding, Service,
};

/// Establishments that ask in turn: as many as the country has pharmacies, nearly.
const ESTABLISHMENTS: usize = 10_000;

/// The bar of the issue, for one decision.
const BAR: Duration = Duration::from_micros(20);

pub(crate) fn decisions() -> Result<()> {
    let started = Instant::now();
    let policies = PolicySet::shipped()?;
    let loaded = started.elapsed();
    println!(
        "\nPolicy decisions, none remembered: {} policies, {ESTABLISHMENTS} establishments in turn \
         (loaded and checked in {:.0} ms; bar: {} µs)",
        policies.len(),
        loaded.as_secs_f64() * 1e3,
        BAR.as_micros()
    );
    println!("{:<52} {:>9} {:>9} {:>9}", "question", "mean µs", "p50 µs", "p99 µs");
    for (name, kind, action, purpose) in questions() {
        let mut times = Vec::with_capacity(ESTABLISHMENTS);
        for number in 0..ESTABLISHMENTS {
            let request = asked(format!("{kind}-{number}"), kind, action.clone(), purpose);
            let asked = Instant::now();
            black_box(policies.decide(black_box(&request)));
            times.push(asked.elapsed());
        }
        times.sort_unstable();
        let micros = |time: Duration| time.as_secs_f64() * 1e6;
        let mean = micros(times.iter().sum()) / ESTABLISHMENTS as f64;
        let at = |share: usize| micros(times[(times.len() * share / 100).min(times.len() - 1)]);
        println!("{name:<52} {mean:>9.1} {:>9.1} {:>9.1}", at(50), at(99));
    }
    Ok(())
}

fn questions() -> [(&'static str, ClientKind, Action, Purpose); 7] {
    let fhir = |service: &str, resource_type: &str, interaction| Action::Fhir {
        service: Service(service.to_owned()),
        resource_type: resource_type.to_owned(),
        interaction,
    };
    let (treat, pay) = (Purpose::Treatment, Purpose::Payment);
    let open = || Action::OpenSession(CardFacts::FRESH);
    let exchange = || Action::Exchange { service: Service("dossier".to_owned()) };
    [
        ("a pharmacy opens a session", ClientKind::Pharmacy, open(), treat),
        (
            "a pharmacy searches prescriptions",
            ClientKind::Pharmacy,
            fhir("prescription", "MedicationRequest", Interaction::Search),
            treat,
        ),
        (
            "a pharmacy reads the record (refused)",
            ClientKind::Pharmacy,
            fhir("dossier", "Condition", Interaction::Read),
            treat,
        ),
        (
            "a hospital reads the record",
            ClientKind::Hospital,
            fhir("dossier", "Condition", Interaction::Read),
            treat,
        ),
        (
            "a clinic claims, with a receipt",
            ClientKind::Clinic,
            fhir("billing", "Claim", Interaction::Create),
            treat,
        ),
        ("CNSS reads cover", ClientKind::Cnss, fhir("billing", "Coverage", Interaction::Read), pay),
        ("a hospital exchanges its token", ClientKind::Hospital, exchange(), treat),
    ]
}

/// With the facts of an ordinary day, so that no policy is spared.
fn asked(id: String, kind: ClientKind, action: Action, purpose: Purpose) -> AccessRequest {
    let facts = Facts {
        consent: ConsentFacts { linked: true, ..ConsentFacts::default() },
        pathway: PathwayFacts {
            scheme: Some(CoverageScheme::CnssSalarie),
            referred: true,
            ..PathwayFacts::default()
        },
        claim: matches!(action, Action::Fhir { interaction: Interaction::Create, .. })
            .then_some(ClaimFacts { receipt: ReceiptStanding::Sound, fse: true }),
        ..Facts::default()
    };
    AccessRequest {
        client: ClientFacts { id, kind },
        action,
        purpose,
        acr: Acr::Card,
        dependant: false,
        facts,
    }
}
