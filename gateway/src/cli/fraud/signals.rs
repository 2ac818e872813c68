//! `bawaba fraud signals`: what is each signal worth, and does it count?

use clap::Args;
use policies::RiskSignal;
use serde::Serialize;

use super::super::output::{Output, table};
use super::super::place::Place;
use super::super::{Failure, store};
use super::{on_record, operator, unavailable};
use crate::fraud::case::{Regime, Worth};
use crate::fraud::store as kept;

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// What the hits of a signal are worth from now on: counts, on-trial or off
    #[arg(long, value_name = "SIGNAL=REGIME", value_parser = rule, requires = "operator")]
    rule: Option<(String, Regime)>,
    /// Who rules so, for the record
    #[arg(long = "by", value_name = "NAME", value_parser = operator)]
    operator: Option<String>,
    #[command(flatten)]
    place: Place,
}

#[derive(Serialize)]
struct Shown {
    signal: String,
    regime: Regime,
    hits: u64,
    cases: u64,
    fraud: u64,
    honest: u64,
    precision: Option<f64>,
    /// Nineteen times out of twenty it is between these.
    precision_at_least: Option<f64>,
    precision_at_most: Option<f64>,
}

pub(super) async fn run(asked: &Arguments, output: Output) -> Result<(), Failure> {
    let store = store::open(&asked.place.config()?).await?;
    if let (Some((signal, regime)), Some(by)) = (&asked.rule, &asked.operator) {
        let what = format!("{signal} {}", regime.as_str());
        let at = on_record(&store, "signal-ruled", (what, by)).await?;
        kept::set_regime(&store, signal, *regime, at).await.map_err(|error| unavailable(&error))?;
    }
    let regimes = kept::regimes(&store).await.map_err(|error| unavailable(&error))?;
    let worth = kept::worth(&store).await.map_err(|error| unavailable(&error))?;
    let shown: Vec<Shown> = RiskSignal::ALL
        .iter()
        .map(|signal| {
            let name = signal.as_str();
            let regime = regimes.get(name).copied().unwrap_or(Regime::shipped(*signal));
            let silent = || Worth { signal: name.to_owned(), hits: 0, cases: 0, fraud: 0, honest: 0 };
            let worth = worth.iter().find(|worth| worth.signal == name).cloned();
            Shown::new(worth.unwrap_or_else(silent), regime)
        })
        .collect();
    output.answer(&shown, || {
        let head = ["SIGNAL", "REGIME", "HITS", "CASES", "FRAUD", "HONEST", "PRECISION"];
        table(&head, &shown.iter().map(Shown::row).collect::<Vec<_>>())
    })
}

impl Shown {
    fn new(worth: Worth, regime: Regime) -> Self {
        let (precision, bounds) = (worth.precision(), worth.bounds());
        let Worth { signal, hits, cases, fraud, honest } = worth;
        let (least, most) = (bounds.map(|bounds| bounds.0), bounds.map(|bounds| bounds.1));
        let (precision_at_least, precision_at_most) = (least, most);
        Self { signal, regime, hits, cases, fraud, honest, precision, precision_at_least, precision_at_most }
    }

    fn row(&self) -> Vec<String> {
        let precision = match (self.precision, self.precision_at_least, self.precision_at_most) {
            (Some(share), Some(least), Some(most)) => {
                format!("{:.0} % ({:.0} to {:.0})", share * 100.0, least * 100.0, most * 100.0)
            }
            _ => "no label yet".to_owned(),
        };
        let mut cells = vec![self.signal.clone(), self.regime.as_str().to_owned()];
        cells.extend([self.hits, self.cases, self.fraud, self.honest].map(|count| count.to_string()));
        cells.push(precision);
        cells
    }
}

fn rule(text: &str) -> Result<(String, Regime), String> {
    let (signal, regime) = text.split_once('=').ok_or("write it as SIGNAL=REGIME")?;
    let known = || RiskSignal::ALL.iter().map(|signal| signal.as_str()).collect::<Vec<_>>().join(", ");
    let signal = RiskSignal::parse(signal).ok_or_else(|| format!("no such signal; there are {}", known()))?;
    let regime = Regime::parse(regime).ok_or("a regime is counts, on-trial or off")?;
    Ok((signal.as_str().to_owned(), regime))
}
