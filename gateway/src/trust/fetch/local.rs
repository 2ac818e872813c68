//! What lies in this file or folder?

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::FetchError;
use crate::limits::FETCH_FILES;

/// Names, dates and sizes: what tells one state of a folder from another.
pub(super) fn stamps(path: &Path) -> Vec<(PathBuf, Option<SystemTime>, u64)> {
    let stamp = |path: PathBuf| {
        let metadata = std::fs::metadata(&path).ok()?;
        Some((path, metadata.modified().ok(), metadata.len()))
    };
    files(path).unwrap_or_default().into_iter().filter_map(stamp).collect()
}

/// The content of the file, or of every `*.crl`, `*.der` and `*.pem` of the folder.
pub(super) fn read(path: &Path) -> Result<Vec<Vec<u8>>, FetchError> {
    let files = files(path)?;
    if files.len() > FETCH_FILES {
        return Err(FetchError::TooLarge);
    }
    files.iter().map(|file| bounded(file)).collect()
}

fn files(path: &Path) -> Result<Vec<PathBuf>, FetchError> {
    let metadata = std::fs::metadata(path).map_err(|_| FetchError::Unreadable)?;
    if !metadata.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = std::fs::read_dir(path).map_err(|_| FetchError::Unreadable)?;
    let a_list = |path: &PathBuf| {
        path.extension().is_some_and(|kind| kind == "crl" || kind == "der" || kind == "pem") && path.is_file()
    };
    let mut files: Vec<_> =
        entries.take(4 * FETCH_FILES).flatten().map(|entry| entry.path()).filter(a_list).collect();
    files.sort();
    Ok(files)
}

fn bounded(path: &Path) -> Result<Vec<u8>, FetchError> {
    let file = File::open(path).map_err(|_| FetchError::Unreadable)?;
    let bound = u64::try_from(pki::limits::CRL).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    file.take(bound + 1).read_to_end(&mut bytes).map_err(|_| FetchError::Unreadable)?;
    if bytes.len() > pki::limits::CRL { Err(FetchError::TooLarge) } else { Ok(bytes) }
}
