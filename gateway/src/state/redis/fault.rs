//! What does an error of Redis mean for us: is it away, does it refuse us, or is it not ours?

use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::state::StateError;

/// An attempt that failed (*échec*).
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) error: StateError,
    /// Another attempt may succeed.
    pub(super) again: bool,
    /// This connection will not, whatever is asked.
    pub(super) dead: bool,
    /// The script has to be said in full.
    pub(super) script_unknown: bool,
}

impl Fault {
    pub(super) fn of(error: &RedisError) -> Self {
        match error.kind() {
            ErrorKind::Io if error.is_timeout() => Self::passing(StateError::Timeout),
            ErrorKind::Io | ErrorKind::ClusterConnectionNotFound => Self::passing(StateError::Unreachable),
            ErrorKind::AuthenticationFailed => Self { dead: true, ..Self::lasting(StateError::Refused) },
            ErrorKind::Server(kind) => Self::said(kind, error.code().unwrap_or_default()),
            // A code that the library has no name for, such as WRONGTYPE.
            ErrorKind::Extension => {
                Self::said(ServerErrorKind::ResponseError, error.code().unwrap_or_default())
            }
            ErrorKind::Parse | ErrorKind::UnexpectedReturnType => {
                Self { dead: true, ..Self::lasting(StateError::Unexpected) }
            }
            _ => Self { dead: true, ..Self::passing(StateError::Unreachable) },
        }
    }

    /// The server answered with an error.
    fn said(kind: ServerErrorKind, code: &str) -> Self {
        match kind {
            ServerErrorKind::NoScript => {
                Self { script_unknown: true, ..Self::passing(StateError::Unreachable) }
            }
            ServerErrorKind::BusyLoading
            | ServerErrorKind::ClusterDown
            | ServerErrorKind::MasterDown
            | ServerErrorKind::TryAgain
            | ServerErrorKind::Moved
            | ServerErrorKind::Ask => Self::passing(StateError::Unreachable),
            // A master that became a replica: the new one is elsewhere.
            ServerErrorKind::ReadOnly => Self { dead: true, ..Self::passing(StateError::Refused) },
            ServerErrorKind::NoPerm => Self::lasting(StateError::Refused),
            _ => match code {
                "NOREPLICAS" => Self::passing(StateError::Refused),
                "OOM" | "MISCONF" | "BUSY" => Self::lasting(StateError::Refused),
                "NOAUTH" | "WRONGPASS" => Self { dead: true, ..Self::lasting(StateError::Refused) },
                _ => Self::lasting(StateError::Unexpected),
            },
        }
    }

    fn passing(error: StateError) -> Self {
        Self { error, again: true, dead: false, script_unknown: false }
    }

    fn lasting(error: StateError) -> Self {
        Self { again: false, ..Self::passing(error) }
    }
}
