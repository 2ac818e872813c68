//! Which files of the folder make up the list in force, and what is wrong with the others?

use std::fs::{self, File};
use std::io::{self, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use pki::UntrustedCertificate;
use pki::hot_list::{HotList, HotListBase, HotListDelta, HotListError, HotListHeader, HotListKind};
use time::OffsetDateTime;

use super::{BaseFile, InForce};
use crate::config::HotListConfig;
use crate::limits::HOT_LIST_FILES;
use crate::trust::certificates;

/// A file that is not used (fichier écarté).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Its name.
    pub file: String,
    /// Why.
    pub why: HotListError,
}

/// What a reading of the folder gave.
pub struct Read {
    /// The list, unless there is none or the one before is better.
    pub in_force: Option<InForce>,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

/// A file whose header holds.
struct Headed {
    path: PathBuf,
    header: HotListHeader,
    file: File,
}

/// Reads the folder: the newest sound base, and every delta that follows it without a gap.
#[must_use]
pub fn read(
    config: &HotListConfig,
    key_check: [u8; 8],
    before: Option<&InForce>,
    at: OffsetDateTime,
) -> Read {
    let mut problems = Vec::new();
    let (bases, deltas) = headed(config, key_check, at, &mut problems);
    let list = newest_base(bases, before, &mut problems).map(|(mut list, file)| {
        for delta in deltas {
            // Folded into the base already.
            if delta.header.sequence <= list.newest().sequence {
                continue;
            }
            let applied = HotListDelta::read(delta.header, BufReader::new(delta.file));
            if let Err(why) = applied.and_then(|delta| list.apply(&delta)) {
                problems.push(problem(&delta.path, why));
            }
        }
        InForce { list, file }
    });
    let in_force = list.filter(|list| {
        let mark = before.map_or_else(|| read_mark(&config.mark), |before| before.list.newest().sequence);
        let behind = list.list.newest().sequence < mark;
        if behind {
            problems.push(problem(&config.dir, HotListError::RolledBack));
        }
        !behind
    });
    Read { in_force, problems }
}

/// Every file with a sound header: bases, newest first, and deltas, oldest first.
fn headed(
    config: &HotListConfig,
    key_check: [u8; 8],
    at: OffsetDateTime,
    problems: &mut Vec<Problem>,
) -> (Vec<Headed>, Vec<Headed>) {
    let pinned = certificates(&config.certificate).ok().and_then(|found| found.first().cloned());
    let Some(signer) = pinned.and_then(|der| UntrustedCertificate::from_der(&der).ok()) else {
        problems.push(problem(&config.certificate, HotListError::SignerNotValid));
        return (Vec::new(), Vec::new());
    };
    let mut found = Vec::new();
    for path in files(&config.dir) {
        match header(&path, &signer, key_check, at) {
            Ok((header, file)) => found.push(Headed { path, header, file }),
            Err(why) => problems.push(problem(&path, why)),
        }
    }
    found.sort_by_key(|file| file.header.sequence);
    let (mut bases, deltas): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|file| file.header.kind == HotListKind::Base);
    bases.reverse();
    (bases, deltas)
}

fn header(
    path: &Path,
    signer: &UntrustedCertificate,
    key_check: [u8; 8],
    at: OffsetDateTime,
) -> Result<(HotListHeader, File), HotListError> {
    let mut file = File::open(path)?;
    let mut octets = Vec::with_capacity(HotListHeader::LEN);
    let head = u64::try_from(HotListHeader::LEN).unwrap_or(u64::MAX);
    (&mut file).take(head).read_to_end(&mut octets)?;
    Ok((HotListHeader::verify(&octets, signer, key_check, at)?, file))
}

fn newest_base(
    bases: Vec<Headed>,
    before: Option<&InForce>,
    problems: &mut Vec<Problem>,
) -> Option<(HotList, Arc<BaseFile>)> {
    let none = bases.is_empty();
    for base in bases {
        if let Some(known) = before.filter(|before| *before.list.base().header() == base.header) {
            return Some((HotList::new(known.list.base().clone()), known.file.clone()));
        }
        match HotListBase::read(base.header, BufReader::with_capacity(1 << 16, &base.file)) {
            Ok(read) => return Some((HotList::new(read), Arc::new(BaseFile(base.file)))),
            Err(why) => problems.push(problem(&base.path, why)),
        }
    }
    if none {
        problems.push(Problem { file: String::from("*.bwhl"), why: HotListError::NoBase });
    }
    None
}

/// The `*.bwhl` of the folder.
fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<_> = entries
        .filter(|path| path.extension().is_some_and(|kind| kind == "bwhl"))
        .take(HOT_LIST_FILES)
        .collect();
    files.sort();
    files
}

/// Names, dates and sizes: what tells one state of the folder from another.
pub(super) fn stamps(config: &HotListConfig) -> Vec<(PathBuf, Option<SystemTime>, u64)> {
    let stamp = |path: PathBuf| {
        let metadata = fs::metadata(&path).ok()?;
        Some((path, metadata.modified().ok(), metadata.len()))
    };
    files(&config.dir).into_iter().chain([config.certificate.clone()]).filter_map(stamp).collect()
}

/// The newest number that was ever in force here; 0 where none was.
fn read_mark(path: &Path) -> u64 {
    fs::read_to_string(path).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}

pub(super) fn write_mark(path: &Path, sequence: u64) -> io::Result<()> {
    let new = path.with_extension("hot-list-mark.new");
    let mut file = File::create(&new)?;
    writeln!(file, "{sequence}")?;
    file.sync_all()?;
    fs::rename(new, path)
}

fn problem(path: &Path, why: HotListError) -> Problem {
    let name = path.file_name().unwrap_or(path.as_os_str());
    Problem { file: name.to_string_lossy().into_owned(), why }
}
