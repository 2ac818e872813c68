//! In which order does an import go?

use std::thread;

use tokio::sync::mpsc;

use super::judge::{self, LAST_PHASE};
use super::parsed::{Keeper, Parsed};
use super::report::{self, ImportReport};
use super::source::{Identity, Source};
use super::staging::{Reading, Staging};
use super::target::Target;
use super::{Format, ImportError, ImportOptions, MaxBad, Progress, Step};
use crate::registry::RegistryError;
use crate::registry::seal::Sealer;

/// Blocks that wait between reading and keeping: memory does not grow with the file.
const BLOCKS_WAITING: usize = 2;

/// Reads, judges, and takes over. With more bad lines than are borne, nothing is taken over and the staging area
/// stays, so that the same import can go on with another bound.
pub async fn import(
    sealer: &Sealer,
    target: &Target,
    options: &ImportOptions,
    progress: &mut dyn Progress,
) -> Result<ImportReport, ImportError> {
    let files = options.files.iter().map(|path| Identity::of(path)).collect::<Result<Vec<_>, _>>()?;
    let mut staging = Staging::open(&files, options).await?;
    let mut registry = target.alone().await?;
    if staging.phase().await? < LAST_PHASE {
        let keeper = std::sync::Arc::new(Keeper::new(sealer.clone())?);
        for reading in staging.readings().await?.into_iter().filter(|reading| !reading.done) {
            read(&mut staging, &reading, options.format, &keeper, progress).await?;
            if let MaxBad::Lines(most) = options.max_bad {
                let bad: u64 = staging.reasons().await?.iter().map(|(_, count)| count).sum();
                if bad > most {
                    return unfinished(&mut staging, options).await;
                }
            }
        }
        judge::judge(&mut staging, &mut registry, options.mode, progress).await?;
    }
    let mut report = report::of(&mut staging, options.mode.as_str()).await?;
    if let Some(path) = &options.report {
        report::write(&mut staging, path).await?;
        report.report = Some(path.clone());
    }
    if options.max_bad.is_passed(report.bad, report.lines) {
        return Ok(report);
    }
    registry.take_over(&mut staging, options.mode, &report, progress).await?;
    report.in_force = true;
    staging.end().await?;
    Ok(report)
}

/// More bad lines than are borne, before everything was read.
async fn unfinished(staging: &mut Staging, options: &ImportOptions) -> Result<ImportReport, ImportError> {
    let mut report = report::unjudged(staging, options.mode.as_str()).await?;
    if let Some(path) = &options.report {
        report::write(staging, path).await?;
        report.report = Some(path.clone());
    }
    Ok(report)
}

/// Reads one file to its end. Reading, judging over all cores, and keeping go on at the same time.
async fn read(
    staging: &mut Staging,
    reading: &Reading,
    format: Option<Format>,
    keeper: &std::sync::Arc<Keeper>,
    progress: &mut dyn Progress,
) -> Result<(), ImportError> {
    let mut source = Source::open(&reading.path, format, reading.offset, reading.lines)?;
    let size = u64::try_from(reading.size).ok().filter(|_| !source.zipped);
    let (sender, mut receiver) = mpsc::channel::<Result<Parsed, ImportError>>(BLOCKS_WAITING);
    let keeper = keeper.clone();
    let reader = thread::spawn(move || {
        loop {
            let parsed = match source.block() {
                Ok(None) => break,
                Ok(Some(block)) => keeper.parse(&block).map_err(ImportError::from),
                Err(error) => Err(error),
            };
            let failed = parsed.is_err();
            // Nobody waits any more: keeping failed, and says so itself.
            if sender.blocking_send(parsed).is_err() || failed {
                break;
            }
        }
    });
    while let Some(parsed) = receiver.recv().await {
        let parsed = parsed?;
        let lines = parsed.first_line + parsed.lines.len() as u64 - 1;
        let step = Step::Reading { file: reading.path.clone(), done: parsed.offset, of: size, lines };
        staging.keep(reading.number, parsed).await?;
        progress.at(step);
    }
    // A reader that ended otherwise has not read to the end.
    reader.join().map_err(|_| RegistryError::Malformed("a line ended its thread"))?;
    staging.file_is_done(reading.number).await
}
