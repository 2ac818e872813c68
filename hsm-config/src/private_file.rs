//! Can anybody but its owner read or replace this file?

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::Path,
};

use rustix::{
    fs::{CWD, OFlags, RenameFlags, renameat_with},
    io::Errno,
    process::geteuid,
};

const OWNER_ONLY: u32 = 0o600;

/// Who else than its owner gets at a file (*exposition*).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Exposure {
    /// Group or others have rights.
    #[error("mode {0:04o} lets others at it; run: chmod 600")]
    Mode(u32),
    /// It belongs to another user, who can change it at will.
    #[error("belongs to user {0}, not to the user that runs this program; run: chown")]
    Owner(u32),
    /// Whoever can change the link chooses the file.
    #[error("a symbolic link; give the path of the file itself")]
    Link,
    /// A directory, pipe, socket or device.
    #[error("not a regular file")]
    NotAFile,
}

/// Why a private file is not opened.
#[derive(Debug)]
pub(crate) enum Refusal {
    Io(io::Error),
    Exposed(Exposure),
}

/// Opens a file that nobody but its owner, who runs this program, can read or write.
///
/// The permissions are asked of the open file, not of the path: between the two it could be replaced.
pub(crate) fn open(path: &Path) -> Result<File, Refusal> {
    // Without NONBLOCK, a pipe in the place of the file would hold the start for ever.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let flags = i32::try_from(flags.bits()).unwrap_or(0);
    let file = match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Ok(file) => file,
        Err(cause) if Errno::from_io_error(&cause) == Some(Errno::LOOP) => {
            return Err(Refusal::Exposed(Exposure::Link));
        }
        Err(cause) => return Err(Refusal::Io(cause)),
    };
    let metadata = file.metadata().map_err(Refusal::Io)?;
    let exposed = |exposure| Err(Refusal::Exposed(exposure));
    if !metadata.is_file() {
        return exposed(Exposure::NotAFile);
    }
    if metadata.uid() != geteuid().as_raw() {
        return exposed(Exposure::Owner(metadata.uid()));
    }
    let mode = metadata.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return exposed(Exposure::Mode(mode));
    }
    Ok(file)
}

/// Writes a file all at once: a crash leaves the old content or the new one, never half of it.
pub(crate) fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    place(path, content, RenameFlags::empty())
}

/// The same for a file that must not be there yet.
pub(crate) fn create(path: &Path, content: &[u8]) -> io::Result<()> {
    place(path, content, RenameFlags::NOREPLACE)
}

/// The folder that a path is in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn place(path: &Path, content: &[u8], flags: RenameFlags) -> io::Result<()> {
    let directory = folder_of(path);
    let mut name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let draft = directory.join(name);
    let written = (|| {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(&draft)?;
        file.write_all(content)?;
        file.sync_all()?;
        renameat_with(CWD, &draft, CWD, path, flags)?;
        File::open(directory)?.sync_all()
    })();
    if written.is_err() {
        // What is left of a failed write is a secret too; that it cannot be removed is said by the error itself.
        let _ = fs::remove_file(&draft);
    }
    written
}
