//! Do the lists arrive on which a card's fate hangs?

use time::OffsetDateTime;

use super::super::output::moment;
use super::Finding;
use crate::config::{FetchConfig, HotListConfig};
use crate::trust::hot_list::read;
use crate::trust::{SourceState, kept_states};

/// One finding for each source that is fetched from.
pub(super) fn sources(config: Option<&FetchConfig>) -> Vec<Finding> {
    config.map(kept_states).unwrap_or_default().iter().map(source).collect()
}

fn source(state: &SourceState) -> Finding {
    const CHECK: &str = "revocation-list-source";
    let name = &state.source;
    match (&state.failure, state.succeeded_at) {
        (Some(failed), last) => {
            let last = last.map_or_else(|| "never".to_owned(), moment);
            let since = moment(failed.since);
            let detail = format!(
                "{name} fails since {since}: {} ({}); last good {last}",
                failed.sentence, failed.code
            );
            Finding::warning(CHECK, detail, "look whether the source can be reached and what it sends")
        }
        (None, Some(last)) => Finding::ok(CHECK, format!("{name}: last good {}", moment(last))),
        (None, None) => Finding::warning(CHECK, format!("{name} was never asked"), "start the gateway"),
    }
}

/// What the folder of the hot list holds.
pub(super) fn hot_list(config: &HotListConfig, key_check: [u8; 8], at: OffsetDateTime) -> Vec<Finding> {
    const CHECK: &str = "hot-list";
    let folder = read(config, key_check, None, at);
    let mut findings: Vec<_> = folder
        .problems
        .iter()
        .map(|problem| {
            let detail = format!("{}: {} ({})", problem.file, problem.why, problem.why.code());
            Finding::warning(CHECK, detail, "ask whoever makes the list for the file again")
        })
        .collect();
    findings.push(match folder.in_force {
        None => {
            Finding::failed(CHECK, "no list is in force: no session is opened", "bawaba pki hot-list apply")
        }
        Some(current) => {
            let newest = current.list.newest();
            let detail = format!("{} is good until {}", newest.sequence, moment(newest.next_at));
            match newest.next_at < at {
                true => Finding::failed(CHECK, detail, "ask whoever makes the list for the next file"),
                false => Finding::ok(CHECK, detail),
            }
        }
    });
    findings
}
