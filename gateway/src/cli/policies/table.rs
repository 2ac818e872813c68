//! Who may do what, by these policies?

use clap::Args;
use policies::Purpose;
use policies::page::{self, Cell};
use serde::Serialize;

use super::super::Failure;
use super::super::output::Output;
use super::Which;

#[derive(Debug, Args)]
#[command(
    after_help = "The page that lawyers and the security team agree on; every mark on it is a decision. With --json: every\n\
    question of an ordinary day with its answer, reasons and duties.\n\n\
    Example:\n  bawaba policies table\n  bawaba policies table --dir draft > draft.txt; diff <(bawaba policies table) draft.txt\n  \
    bawaba policies table --purpose HPAYMT --json"
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    which: Which,
    /// With --json, only this purpose, an HL7 PurposeOfUse code
    #[arg(long, value_name = "CODE", value_parser = parse_purpose)]
    purpose: Option<Purpose>,
}

#[derive(Serialize)]
struct Decided {
    client: &'static str,
    action: String,
    purpose: &'static str,
    acr: &'static str,
    permit: bool,
    reasons: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    duties: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_age_secs: Option<u64>,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<(), Failure> {
    let set = arguments.which.load()?;
    if !output.is_json() {
        return output.answer(&(), || page::page(&set));
    }
    let asked = page::cells(&set);
    let wanted = |cell: &&Cell| arguments.purpose.is_none_or(|purpose| cell.request.purpose == purpose);
    output.json(&asked.iter().filter(wanted).map(decided).collect::<Vec<_>>())
}

fn decided(Cell { request, decision }: &Cell) -> Decided {
    Decided {
        client: request.client.kind.as_str(),
        action: page::what(&request.action),
        purpose: request.purpose.as_str(),
        acr: request.acr.as_str(),
        permit: decision.is_permit(),
        reasons: decision.reasons().iter().map(|reason| reason.code.clone()).collect(),
        duties: decision.obligations().iter().map(|obligation| obligation.as_str()).collect(),
        max_age_secs: decision.max_age().map(|age| age.as_secs()),
    }
}

fn parse_purpose(code: &str) -> Result<Purpose, String> {
    let known = || Purpose::ALL.iter().map(|purpose| purpose.as_str()).collect::<Vec<_>>().join(", ");
    Purpose::parse(code).ok_or_else(|| format!("{code}: give one of {}", known()))
}
