//! What is in force?

use clap::Args;
use pki::hot_list::HotList;
use serde::Serialize;
use time::OffsetDateTime;

use super::super::super::Failure;
use super::super::super::output::{Output, moment};
use super::super::super::place::Place;
use super::{Keeper, with_list};
use crate::clock::{Clock, SystemClock};
use crate::trust::hot_list::read;

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bawaba pki hot-list show --config gateway.toml --json")]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Place,
}

#[derive(Serialize)]
struct Shown {
    in_force: Option<InForce>,
    not_used: Vec<NotUsed>,
}

#[derive(Serialize)]
struct InForce {
    sequence: u64,
    base: u64,
    entries: u64,
    changes: usize,
    #[serde(with = "time::serde::rfc3339")]
    made_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    next_at: OffsetDateTime,
    overdue: bool,
    memory_octets: usize,
}

#[derive(Serialize)]
struct NotUsed {
    file: String,
    code: &'static str,
    sentence: String,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<(), Failure> {
    let Keeper { config, key_check: check, .. } = with_list(&arguments.place)?;
    let at = SystemClock.now();
    let folder = read(&config, check, None, at);
    let not_used = folder.problems.into_iter().map(|problem| NotUsed {
        file: problem.file,
        code: problem.why.code(),
        sentence: problem.why.to_string(),
    });
    let shown = Shown {
        in_force: folder.in_force.map(|current| in_force(&current.list, at)),
        not_used: not_used.collect(),
    };
    output.answer(&shown, || text(&shown))
}

fn in_force(list: &HotList, at: OffsetDateTime) -> InForce {
    let (newest, base) = (list.newest(), list.base().header());
    InForce {
        sequence: newest.sequence,
        base: base.sequence,
        entries: base.count,
        changes: list.changes(),
        made_at: newest.made_at,
        next_at: newest.next_at,
        overdue: newest.next_at < at,
        memory_octets: list.memory(),
    }
}

fn text(shown: &Shown) -> String {
    let mut text = match &shown.in_force {
        None => "in force     NOTHING: no session is opened\n".to_owned(),
        Some(list) => format!(
            "in force     {} (base {}, {} cards, {} changes since)\nmade         {}\nnext         {}{}\nmemory       {} octets\n",
            list.sequence,
            list.base,
            list.entries,
            list.changes,
            moment(list.made_at),
            moment(list.next_at),
            if list.overdue { " OVERDUE: ask whoever makes it" } else { "" },
            list.memory_octets,
        ),
    };
    for file in &shown.not_used {
        text += &format!("not used     {}: {} ({})\n", file.file, file.sentence, file.code);
    }
    text
}
