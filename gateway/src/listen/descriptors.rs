//! How many sockets may this process hold?

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::limits::RESERVED_FILE_DESCRIPTORS;

/// Raises the soft limit of open files to the hard one (`ulimit -n`; a shell's usual 1024 is no plan for a national
/// gateway), and says how many connections one port may hold under it: half of what is left after the reserve, so
/// that a flood on the public port leaves the API port its own.
pub(super) fn connections_per_port() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let current = if setrlimit(Resource::Nofile, raised).is_ok() { limit.maximum } else { limit.current };
    let files = current.and_then(|files| usize::try_from(files).ok()).unwrap_or(usize::MAX);
    (files.saturating_sub(RESERVED_FILE_DESCRIPTORS) / 2).max(1)
}
