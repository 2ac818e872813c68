//! What do the rules say, and are they sound?

use std::path::PathBuf;

use clap::Subcommand;
use policies::{
    AccessRequest, Acr, Action, CardFacts, ClaimFacts, ClientFacts, ClientKind, Facts, Interaction,
    PolicySet, Purpose, ReceiptStanding, Service, Verdict,
};
use serde::Serialize;

use super::output::{Output, table};
use super::{Exit, Failure};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Read a folder of Cedar policies, check them against their schema, print their hash
    #[command(
        after_help = "Without --dir: the policies built into the program. The hash is the one in decisions and tokens.\n\n\
        Example:\n  bawaba policies check --dir /etc/bawaba/policies"
    )]
    Check {
        /// One *.cedarschema and any number of *.cedar
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
    /// Print who may do what, for every kind of client: the rules as decisions
    #[command(
        after_help = "Example:\n  bawaba policies table\n  bawaba policies table --purpose HPAYMT --json"
    )]
    Table {
        /// One *.cedarschema and any number of *.cedar
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
        /// The purpose, an HL7 PurposeOfUse code
        #[arg(long, value_name = "CODE", default_value = "TREAT", value_parser = parse_purpose)]
        purpose: Purpose,
    },
}

/// The acts that people ask about first.
const ASKED: [(&str, &str, Interaction); 9] = [
    ("prescription", "MedicationRequest", Interaction::Read),
    ("prescription", "MedicationRequest", Interaction::Search),
    ("prescription", "MedicationRequest", Interaction::Create),
    ("prescription", "MedicationDispense", Interaction::Create),
    ("dossier", "AllergyIntolerance", Interaction::Search),
    ("dossier", "Condition", Interaction::Read),
    ("dossier", "Observation", Interaction::Create),
    ("billing", "Coverage", Interaction::Read),
    ("billing", "Claim", Interaction::Create),
];

#[derive(Serialize)]
struct Checked {
    sound: bool,
    hash: String,
    source: String,
}

#[derive(Serialize)]
struct Decided {
    client: &'static str,
    action: String,
    purpose: &'static str,
    permit: bool,
    reasons: Vec<String>,
}

pub(super) fn run(command: &Command, output: &Output) -> Result<(), Failure> {
    match command {
        Command::Check { dir } => {
            let set = load(dir.as_ref())?;
            let source = dir.as_ref().map_or("shipped".to_owned(), |dir| dir.display().to_string());
            let checked = Checked { sound: true, hash: set.hash().to_owned(), source };
            output.answer(&checked, || format!("{}: sound, hash {}", checked.source, checked.hash))
        }
        Command::Table { dir, purpose } => grid(&load(dir.as_ref())?, *purpose, *output),
    }
}

fn load(dir: Option<&PathBuf>) -> Result<PolicySet, Failure> {
    match dir {
        Some(dir) => PolicySet::load(dir),
        None => PolicySet::shipped(),
    }
    .map_err(|error| {
        Failure::new(Exit::Config, format!("{}: {error}", error.code()))
            .remedy("correct the file; a running gateway keeps the policies it has")
    })
}

fn grid(set: &PolicySet, purpose: Purpose, output: Output) -> Result<(), Failure> {
    let mut decided = Vec::new();
    for kind in ClientKind::ALL {
        decided.push(decide(set, *kind, Action::OpenSession(CardFacts::FRESH), purpose));
        for (service, resource_type, interaction) in ASKED {
            let (service, resource_type) = (Service(service.to_owned()), resource_type.to_owned());
            decided.push(decide(set, *kind, Action::Fhir { service, resource_type, interaction }, purpose));
        }
        for service in ["dossier", "prescription", "billing"] {
            decided.push(decide(
                set,
                *kind,
                Action::Exchange { service: Service(service.to_owned()) },
                purpose,
            ));
        }
    }
    output.answer(&decided, || {
        let row = |decided: &Decided| {
            let verdict = if decided.permit { "permit" } else { "deny" };
            vec![decided.client.into(), decided.action.clone(), verdict.into(), decided.reasons.join(", ")]
        };
        table(&["CLIENT", "ACTION", "VERDICT", "WHY"], &decided.iter().map(row).collect::<Vec<_>>())
    })
}

fn decide(set: &PolicySet, kind: ClientKind, action: Action, purpose: Purpose) -> Decided {
    let said = match &action {
        Action::Fhir { service, resource_type, .. } => {
            format!("{}/{resource_type} {}", service.0, action.name())
        }
        Action::Exchange { service } => format!("{} {}", action.name(), service.0),
        Action::ExchangeOnward { from, service } => format!("{} {} to {}", action.name(), from.0, service.0),
        _ => action.name().to_owned(),
    };
    // A claim with all that it needs: what is asked is who may send one.
    let claims = matches!(&action, Action::Fhir { resource_type, .. } if resource_type == "Claim");
    let claim = claims.then_some(ClaimFacts { receipt: ReceiptStanding::Sound, fse: true });
    let decision = set.decide(&AccessRequest {
        client: ClientFacts { id: "any".to_owned(), kind },
        action,
        purpose,
        acr: Acr::Card,
        dependant: false,
        facts: Facts { claim, ..Facts::default() },
    });
    let reasons = decision.reasons().iter().map(|reason| reason.code.clone()).collect();
    let permit = decision.verdict() == Verdict::Permit;
    Decided { client: kind.as_str(), action: said, purpose: purpose.as_str(), permit, reasons }
}

fn parse_purpose(code: &str) -> Result<Purpose, String> {
    let known = || Purpose::ALL.iter().map(|purpose| purpose.as_str()).collect::<Vec<_>>().join(", ");
    Purpose::parse(code).ok_or_else(|| format!("{code}: give one of {}", known()))
}
