//! Which policies apply, and are they sound?

mod load;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use cedar_policy::PolicyId;

use crate::{AccessDecision, AccessRequest, Obligation, Reason, decide::Cedar};

/// A whole set of policies, read, type-checked against its schema and ready to decide.
///
/// It never changes: a reload makes a new one, and whoever holds the old one swaps it whole.
pub struct PolicySet {
    pub(crate) cedar: Cedar,
    pub(crate) meanings: HashMap<PolicyId, Meaning>,
    pub(crate) hash: Arc<str>,
    pub(crate) files: Vec<PolicyFile>,
}

/// One file of a set (*fichier de règles*).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyFile {
    /// Its name, without a folder: `billing.cedar`.
    pub name: String,
    /// What it says.
    pub text: String,
}

/// What a policy's annotations say.
pub(crate) struct Meaning {
    pub(crate) reason: Arc<Reason>,
    pub(crate) obligations: Vec<Obligation>,
    pub(crate) max_age: Option<Duration>,
}

/// Why a policy set is refused. The one in force stays in force.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The directory or one of its files cannot be read.
    #[error("{path}: {cause}", path = path.display())]
    Unreadable {
        /// The directory or file.
        path: PathBuf,
        /// What the operating system said.
        cause: std::io::Error,
    },
    /// More text than any set of policies needs.
    #[error("policy files of more than {limit} bytes")]
    TooLarge {
        /// The bound, in bytes.
        limit: usize,
    },
    /// There must be one schema, and one policy file at least.
    #[error("needs exactly one .cedarschema file and at least one .cedar file")]
    Incomplete,
    /// The schema is not one.
    #[error("{file}: {message}")]
    Schema {
        /// The schema's file name.
        file: String,
        /// What is wrong, and where.
        message: String,
    },
    /// The schema does not describe the requests that Bawaba asks.
    #[error("the schema does not describe {action} by {principal}: {message}")]
    SchemaMismatch {
        /// The action.
        action: String,
        /// The kind of client.
        principal: String,
        /// What is wrong.
        message: String,
    },
    /// A policy does not parse.
    #[error("{file}: {message}")]
    Syntax {
        /// The policy file's name.
        file: String,
        /// What is wrong, and where.
        message: String,
    },
    /// A policy lacks an annotation, or has one that means nothing.
    #[error("{file}: policy {policy}: @{annotation} {message}")]
    Annotation {
        /// The policy file's name.
        file: String,
        /// The policy's id, or its place in the file.
        policy: String,
        /// The annotation's name.
        annotation: &'static str,
        /// What is wrong.
        message: &'static str,
    },
    /// A policy that can never be right: wrong types, unknown names, impossible conditions.
    #[error("{0}")]
    Invalid(String),
    /// Nobody could do anything, whatever the facts: the counters of a country would stand still.
    #[error("these policies would {0} to everybody, whatever the purpose, the proof and the facts")]
    DeniesEverything(&'static str),
    /// A file name with more than a plain name in it, or the same name twice.
    #[error("a policy file has a name that is not plain, or another has the same")]
    FileName,
}

impl PolicySet {
    /// The set that Bawaba ships, built into the program.
    ///
    /// # Errors
    /// None, unless the program was built with unsound policies; a test loads them.
    pub fn shipped() -> Result<Self, PolicyError> {
        load::shipped()
    }

    /// Reads a directory: one `*.cedarschema` and any number of `*.cedar` files, one theme each.
    ///
    /// # Errors
    /// Anything that is not perfectly sound; see [`PolicyError`].
    pub fn load(directory: &Path) -> Result<Self, PolicyError> {
        load::directory(directory)
    }

    /// Takes files that lie elsewhere than in a folder: in a signed bundle, in the store.
    ///
    /// # Errors
    /// As [`PolicySet::load`].
    pub fn of_files(files: Vec<PolicyFile>) -> Result<Self, PolicyError> {
        load::files(files)
    }

    /// The files that it was made of, by name: what its hash covers.
    #[must_use]
    pub fn files(&self) -> &[PolicyFile] {
        &self.files
    }

    /// How many policies it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.meanings.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.meanings.is_empty()
    }

    /// SHA-256 over the set's file names and texts, in lower-case hex: its version in decisions and tokens.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Decides. Pure and total: the same set gives the same request the same answer, and always one.
    ///
    /// What no policy permits is denied; what any policy forbids is denied; a policy that cannot be
    /// evaluated denies and is named in [`AccessDecision::errors`].
    #[must_use]
    pub fn decide(&self, request: &AccessRequest) -> AccessDecision {
        crate::decide::decide(self, request)
    }
}

impl std::fmt::Debug for PolicySet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PolicySet")
            .field("hash", &self.hash)
            .field("policies", &self.meanings.len())
            .finish_non_exhaustive()
    }
}

impl PolicyError {
    /// The stable name of this error in logs, metrics and audit events.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "policies-unreadable",
            Self::TooLarge { .. } => "policies-too-large",
            Self::Incomplete => "policies-incomplete",
            Self::Schema { .. } => "policies-schema",
            Self::SchemaMismatch { .. } => "policies-schema-mismatch",
            Self::Syntax { .. } => "policies-syntax",
            Self::Annotation { .. } => "policies-annotation",
            Self::Invalid(_) => "policies-invalid",
            Self::DeniesEverything(_) => "policies-deny-everything",
            Self::FileName => "policies-file-name",
        }
    }
}

#[cfg(test)]
pub(crate) use load::testing;
