//! Which revocation lists would this gateway use, from where, and what failed last?

use std::collections::BTreeMap;
use std::path::PathBuf;

use pki::ListFacts;
use serde::Serialize;
use time::OffsetDateTime;

use super::super::super::output::{Output, moment};
use super::super::super::place;
use super::super::super::{Exit, Failure};
use crate::clock::{Clock, SystemClock};
use crate::trust::{self, SourceState, kept_states};

#[derive(Serialize)]
struct Shown {
    lists: Vec<List>,
    not_used: Vec<NotUsed>,
    sources: Vec<SourceState>,
}

#[derive(Serialize)]
struct List {
    country: String,
    signer: Option<String>,
    number: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    this_update: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    next_update: OffsetDateTime,
    standing: &'static str,
    age_hours: i64,
    overdue_hours: i64,
    revoked: usize,
    by_reason: BTreeMap<&'static str, usize>,
}

#[derive(Serialize)]
struct NotUsed {
    source: String,
    code: &'static str,
    sentence: String,
}

pub(super) fn run(state: Option<&PathBuf>, config: Option<&PathBuf>, output: Output) -> Result<(), Failure> {
    let config = place::load(&place::config_file(state, config))?.trust;
    let at = SystemClock.now();
    let (store, unused) = trust::lists(&config, None).map_err(|error| {
        Failure::new(Exit::Config, error.to_string()).remedy("bawaba doctor --config FILE says what is wrong")
    })?;
    let shown = Shown {
        lists: store.revocation_lists(at).into_iter().map(|facts| list(facts, at)).collect(),
        not_used: unused
            .into_iter()
            .map(|list| NotUsed {
                source: list.source,
                code: list.why.code(),
                sentence: list.why.to_string(),
            })
            .collect(),
        sources: config.fetch.as_ref().map(kept_states).unwrap_or_default(),
    };
    output.answer(&shown, || text(&shown))
}

fn list(facts: ListFacts, at: OffsetDateTime) -> List {
    List {
        country: facts.country,
        signer: facts.signer.map(hex::encode),
        number: facts.number.map(hex::encode),
        this_update: facts.this_update,
        next_update: facts.next_update,
        standing: facts.standing.as_str(),
        age_hours: (at - facts.this_update).whole_hours(),
        overdue_hours: (at - facts.next_update).whole_hours().max(0),
        revoked: facts.entries,
        by_reason: facts.by_reason.into_iter().map(|(reason, count)| (reason.as_str(), count)).collect(),
    }
}

fn text(shown: &Shown) -> String {
    let mut text = String::new();
    if shown.lists.is_empty() {
        text += "no revocation list: no session is opened\n";
    }
    for list in &shown.lists {
        let reasons: Vec<_> =
            list.by_reason.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        text += &format!(
            "{} {}  {}  made {}  next {}  {} h old  revokes {}{}\n",
            list.country,
            list.signer.as_deref().unwrap_or("-"),
            list.standing,
            moment(list.this_update),
            moment(list.next_update),
            list.age_hours,
            list.revoked,
            if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) },
        );
    }
    for list in &shown.not_used {
        text += &format!("not used  {}: {} ({})\n", list.source, list.sentence, list.code);
    }
    for source in &shown.sources {
        text += &told(source);
    }
    text
}

fn told(source: &SourceState) -> String {
    let last = source.succeeded_at.map_or_else(|| "never".to_owned(), moment);
    let mut text = format!("source    {}: last good {last}\n", source.source);
    if let Some(failed) = &source.failure {
        text += &format!(
            "          FAILS since {}: {} ({})\n",
            moment(failed.since),
            failed.sentence,
            failed.code
        );
    }
    for code in &source.ignored {
        text += &format!("          ignored: {code}\n");
    }
    text
}
