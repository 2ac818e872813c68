//! What is wrong with a database, and what is to be done about it?

use std::path::PathBuf;

use hsm_config::SecretError;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// It is not there, or not yet again; the same question may be answered later.
    #[error("the database does not answer: {0}")]
    Away(#[from] Away),
    /// What it answered is not what was asked for.
    #[error("a row is not as expected")]
    Row(#[source] sqlx::Error),
    /// It refused the statement. Its words may quote values: they are not for logs.
    #[error("the database refused a statement{}", state(.0))]
    Statement(#[source] sqlx::Error),
}

impl DatabaseError {
    /// Whether the same question may be answered later.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Away(_))
    }
}

/// The SQLSTATE, which quotes nothing.
fn state(error: &sqlx::Error) -> String {
    let code = error.as_database_error().and_then(|error| error.code());
    code.map(|code| format!(" (SQLSTATE {code})")).unwrap_or_default()
}

/// In what way a database is away.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Away {
    /// Every connection is taken.
    #[error("all connections are busy")]
    Busy,
    /// No connection: the operating system's words.
    #[error("{host}: no connection ({what})")]
    Connection {
        /// Host and port.
        host: String,
        /// What was said.
        what: String,
    },
    /// It lets nobody in with this name, password or database.
    #[error("{host}: no entry (SQLSTATE {state})")]
    Entry {
        /// Host and port.
        host: String,
        /// The reason.
        state: String,
    },
    /// An answer was lost: what was asked may have been done or not.
    #[error("an answer was lost")]
    Lost,
    /// It answers, and does not keep what it acknowledges.
    #[error("{host}: {setting} = off, so that an acknowledged event may be lost")]
    Forgetful {
        /// Host and port.
        host: String,
        /// The setting.
        setting: &'static str,
    },
    /// It takes no writes: a standby, or one that was replaced.
    #[error("{host}: takes no writes (a standby)")]
    Standby {
        /// Host and port.
        host: String,
    },
    /// No answer in time.
    #[error("no answer in time")]
    Timeout,
    /// It is too old.
    #[error("{host}: PostgreSQL {found} is older than 13")]
    TooOld {
        /// Host and port.
        host: String,
        /// Its major version.
        found: i64,
    },
}

impl Away {
    /// Whether waiting helps; otherwise an operator has to do something.
    pub(super) fn may_pass(&self) -> bool {
        !matches!(self, Self::Entry { .. } | Self::Forgetful { .. } | Self::TooOld { .. })
    }
}

/// Why the store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A question failed on the way.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The SQLite file.
    #[error(
        "{}: cannot be opened: {error}. Remedy: check the disk and the owner of the file and of its -wal and -shm", path.display()
    )]
    File {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        error: sqlx::Error,
    },
    /// A migration failed.
    #[error("the schema cannot be brought up to date: {0}")]
    Migration(String),
    /// The gateways' role may not look at the schema.
    #[error(
        "the role {0} may not use the schema in PostgreSQL. \
         Remedy: bawaba migrate --config FILE --role OWNER --password SOURCE lets it (bawaba migrate --help)"
    )]
    NotGranted(String),
    /// The password of PostgreSQL.
    #[error(
        "the password of PostgreSQL: {0}. Remedy: let [store] password point at it: env:NAME, fd:N, credential:NAME or file:PATH"
    )]
    Password(#[from] SecretError),
    /// No host that takes writes.
    #[error("PostgreSQL: {0}. Remedy: {remedy}", remedy = remedy(.0))]
    Postgres(Away),
    /// The schema was contracted for newer programs.
    #[error(
        "the schema in PostgreSQL serves programs from schema {serves_from} on, this program is of schema {ours}. \
         Remedy: install the newer bawaba on this machine"
    )]
    SchemaTooNew {
        /// The oldest program that it serves.
        serves_from: i64,
        /// What this program is.
        ours: i64,
    },
    /// The schema is older than the program.
    #[error(
        "the schema in PostgreSQL is older than this program: {} of its migrations are missing, first {first}. \
         Remedy: bawaba migrate --config FILE (nodes of the older version go on running meanwhile)", .missing
    )]
    SchemaTooOld {
        /// How many.
        missing: usize,
        /// The first of them.
        first: String,
    },
}

fn remedy(away: &Away) -> &'static str {
    match away {
        Away::Entry { .. } => "check user, database and password in [store], and pg_hba.conf",
        Away::Forgetful { .. } => "set it to on in postgresql.conf and restart PostgreSQL",
        Away::Standby { .. } => "name the primary too in [store] postgres, or promote a standby",
        Away::TooOld { .. } => "upgrade PostgreSQL",
        Away::Busy | Away::Connection { .. } | Away::Lost | Away::Timeout => {
            "start PostgreSQL, or correct the host and port in [store] postgres; bawaba doctor --config FILE looks again"
        }
    }
}

impl StoreError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Database(_) => "store-failed",
            Self::File { .. } => "store-file",
            Self::Migration(_) => "store-migration-failed",
            Self::NotGranted(_) => "store-not-granted",
            Self::Password(_) => "store-password",
            Self::Postgres(_) => "store-unavailable",
            Self::SchemaTooNew { .. } => "store-schema-too-new",
            Self::SchemaTooOld { .. } => "store-schema-too-old",
        }
    }
}
