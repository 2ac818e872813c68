//! Would the gateway take this file? If so, it gets it.

use std::path::{Path, PathBuf};

use clap::Args;
use pki::hot_list::HotListError;
use serde::Serialize;

use super::super::super::output::Output;
use super::super::super::place::Place;
use super::super::super::{Exit, Failure};
use super::{Keeper, with_list};
use crate::clock::{Clock, SystemClock};
use crate::config::HotListConfig;
use crate::trust::hot_list::read;

#[derive(Debug, Args)]
#[command(
    after_help = "A file that would not come into force is not put there: cut short, damaged, not signed by the pinned\n\
    certificate, from the future, older than what is in force, or a delta that skips another.\n\n\
    Example:\n  bawaba pki hot-list apply --config gateway.toml 7.bwhl 8.bwhl"
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Place,
    /// Files made by `hot-list build`, oldest first
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

#[derive(Serialize)]
struct Applied {
    file: PathBuf,
    place: PathBuf,
    sequence: u64,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<(), Failure> {
    let Keeper { config, key_check: check, .. } = with_list(&arguments.place)?;
    let mut applied = Vec::new();
    for file in &arguments.files {
        applied.push(apply(file, &config, check)?);
    }
    output.answer(&applied, || {
        applied.iter().map(|one| format!("{}: in force as {}\n", one.file.display(), one.sequence)).collect()
    })
}

/// Puts the file there, looks whether it came into force, and takes it away again if not.
fn apply(file: &Path, config: &HotListConfig, check: [u8; 8]) -> Result<Applied, Failure> {
    let refused = |why: HotListError| {
        Failure::new(Exit::Failed, format!("{}: {why} ({})", file.display(), why.code()))
            .remedy("bawaba pki hot-list show says what is in force and which file comes next")
    };
    let at = SystemClock.now();
    let before = read(config, check, None, at).in_force.map(|before| before.list.newest().sequence);
    // Tried out in a folder of its own beside the other, so that no gateway sees a file that is refused.
    let trial = tempdir_beside(&config.dir).map_err(|error| Failure::io(config.dir.display(), &error))?;
    let result = (|| {
        for entry in std::fs::read_dir(&config.dir)?.flatten() {
            if entry.path().extension().is_some_and(|kind| kind == "bwhl") {
                std::fs::hard_link(entry.path(), trial.join(entry.file_name()))?;
            }
        }
        let name = PathBuf::from(format!("{}.bwhl", at.unix_timestamp_nanos()));
        std::fs::copy(file, trial.join(&name))?;
        Ok::<_, std::io::Error>(name)
    })();
    let name = result.map_err(|error| Failure::io(file.display(), &error))?;
    let tried = read(&HotListConfig { dir: trial.clone(), ..config.clone() }, check, None, at);
    let text = name.display().to_string();
    let own = tried.problems.iter().find(|problem| problem.file == text).map(|problem| problem.why);
    let sequence = tried.in_force.as_ref().map(|after| after.list.newest().sequence);
    let outcome = match (own, sequence) {
        (Some(why), _) => Err(why),
        (None, Some(after)) if before.is_none_or(|before| after > before) => Ok(after),
        (None, Some(_)) => Err(HotListError::RolledBack),
        (None, None) => Err(HotListError::NoBase),
    };
    let placed = outcome.map_err(refused).and_then(|sequence| {
        let place = config.dir.join(&name);
        std::fs::rename(trial.join(&name), &place).map_err(|error| Failure::io(place.display(), &error))?;
        Ok(Applied { file: file.to_owned(), place, sequence })
    });
    let _ = std::fs::remove_dir_all(&trial);
    placed
}

fn tempdir_beside(dir: &Path) -> std::io::Result<PathBuf> {
    let name =
        format!(".{}.trial-{}", dir.file_name().unwrap_or_default().to_string_lossy(), std::process::id());
    let trial = dir.with_file_name(name);
    std::fs::create_dir(&trial)?;
    Ok(trial)
}
