//! How much of the fraud in a kingdom do the signals find, how often are they wrong, and what do they cost?
//!
//! A month of an invented kingdom (`BENCH_PEOPLE`, default 200,000, scales all of it; `BENCH_SEED` is another one), whose frauds are
//! labelled and whose honest people look suspicious in every way that was thought of. One core.

use std::time::Instant;

use bawaba_tests::kingdom::verdicts::{Trial, Verdicts};
use bawaba_tests::kingdom::{Kingdom, Size};

/// Prints how the month went.
pub(crate) fn table() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let size = number("BENCH_PEOPLE").map_or(Size::WHOLE, Size::of);
    let size = Size { seed: number("BENCH_SEED").map_or(size.seed, u64::from), ..size };
    let start = Instant::now();
    let kingdom = Kingdom::new(size);
    let verdicts = Trial::of(&kingdom);
    let Size { people, pharmacies, public, .. } = size;
    println!(
        "\nFraud: a month of {people} people, {pharmacies} pharmacies, {public} public establishments; {} events, {:.1} s with the making\n",
        verdicts.events,
        start.elapsed().as_secs_f64()
    );
    print(&verdicts);
    let (of_cards, all) = verdicts.octets;
    let per_million = |octets: usize| octets as f64 / verdicts.cards as f64 * 1e6 / (1 << 20) as f64;
    println!(
        "\n{:.0} events/s on one core; {:.0} MiB per million cards seen in a month for what is remembered of them, {:.0} MiB with what is of counters and prescriptions",
        verdicts.events as f64 / verdicts.judging.as_secs_f64(),
        per_million(of_cards),
        per_million(all),
    );
}

fn print(verdicts: &Verdicts) {
    let percent = |share: Option<f64>| share.map_or("–".to_owned(), |share| format!("{share:.0} %"));
    println!(
        "{:<24} {:>7} {:>9} {:>7} {:>7}  the wrong ones were",
        "signal", "alerts", "precision", "traces", "recall"
    );
    for (signal, outcome) in &verdicts.signals {
        let mut wrong: Vec<_> = outcome.mistaken_for.iter().collect();
        wrong.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        let wrong: Vec<_> =
            wrong.iter().take(4).map(|(label, count)| format!("{count} {}", label.as_str())).collect();
        println!(
            "{:<24} {:>7} {:>9} {:>7} {:>7}  {}",
            signal.as_str(),
            outcome.alerts.0,
            percent(outcome.precision()),
            outcome.cases.0,
            percent(outcome.recall()),
            wrong.join(", ")
        );
    }
    println!(
        "{:<24} {:>7} {:>9} {:>7} {:>7}",
        "overall",
        "",
        percent(verdicts.precision()),
        "",
        percent(verdicts.recall())
    );
    println!("\n{:<24} {:>7} {:>7}", "fraud", "cases", "found");
    for (kind, (cases, found)) in &verdicts.kinds {
        println!("{:<24} {cases:>7} {found:>7}", kind.as_str());
    }
    let shares = |(all, above): (usize, [usize; 3])| {
        above.map(|count| format!("{:.2} %", count as f64 * 100.0 / all.max(1) as f64)).join(", ")
    };
    println!(
        "\nPresences with a score of 40 (PIN asked), 70 (held), 90 (denied): honest {}; frauds' {}",
        shares(verdicts.honest),
        shares(verdicts.frauds)
    );
}
