//! How do policy files become a policy set, and which are refused?

use std::{
    collections::{BTreeSet, HashMap},
    fmt::Write as _,
    fs,
    io::Read as _,
    path::Path,
    sync::Arc,
    time::Duration,
};

use cedar_policy::{Effect, Policy, PolicyId, PolicySet as CedarPolicies, Schema, ValidationMode, Validator};
use sha2::{Digest as _, Sha256};

use super::{Meaning, PolicyError, PolicyFile, PolicySet};
use crate::{Obligation, Reason, decide::Cedar, usable::usable};

/// Bytes of all policy files together: the shipped set takes 20 KiB, and reading is at start or reload only.
const MAX_SET_LEN: usize = 1024 * 1024;

/// The files of `cedar/`, built into the program.
fn shipped_files() -> Vec<PolicyFile> {
    let files = [
        ("bawaba.cedarschema", include_str!("../../cedar/bawaba.cedarschema")),
        ("access.cedar", include_str!("../../cedar/access.cedar")),
        ("billing.cedar", include_str!("../../cedar/billing.cedar")),
        ("care-pathway.cedar", include_str!("../../cedar/care-pathway.cedar")),
        ("consent.cedar", include_str!("../../cedar/consent.cedar")),
        ("eligibility.cedar", include_str!("../../cedar/eligibility.cedar")),
        ("emergency.cedar", include_str!("../../cedar/emergency.cedar")),
        ("fraud.cedar", include_str!("../../cedar/fraud.cedar")),
    ];
    let owned = |(name, text): (&str, &str)| PolicyFile { name: name.to_owned(), text: text.to_owned() };
    files.map(owned).into()
}

pub(super) fn shipped() -> Result<PolicySet, PolicyError> {
    build(shipped_files())
}

pub(super) fn directory(directory: &Path) -> Result<PolicySet, PolicyError> {
    let unreadable = |path: &Path, cause| PolicyError::Unreadable { path: path.to_owned(), cause };
    let mut files = Vec::new();
    let mut room = MAX_SET_LEN;
    for entry in fs::read_dir(directory).map_err(|cause| unreadable(directory, cause))? {
        let path = entry.map_err(|cause| unreadable(directory, cause))?.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        let (Some("cedar" | "cedarschema"), Some(name)) = (extension, path.file_name()) else { continue };
        let mut text = String::new();
        let file = fs::File::open(&path).map_err(|cause| unreadable(&path, cause))?;
        let bound = u64::try_from(room).unwrap_or(u64::MAX).saturating_add(1);
        file.take(bound).read_to_string(&mut text).map_err(|cause| unreadable(&path, cause))?;
        room = room.checked_sub(text.len()).ok_or(PolicyError::TooLarge { limit: MAX_SET_LEN })?;
        files.push(PolicyFile { name: name.to_string_lossy().into_owned(), text });
    }
    build(files)
}

pub(super) fn files(files: Vec<PolicyFile>) -> Result<PolicySet, PolicyError> {
    let plain = |name: &str| {
        let (stem, extension) = name.split_once('.').unwrap_or_default();
        let letter = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        matches!(extension, "cedar" | "cedarschema") && !stem.is_empty() && stem.chars().all(letter)
    };
    let names: BTreeSet<&str> = files.iter().map(|file| file.name.as_str()).collect();
    if names.len() != files.len() || !names.into_iter().all(plain) {
        return Err(PolicyError::FileName);
    }
    if files.iter().map(|file| file.text.len()).sum::<usize>() > MAX_SET_LEN {
        return Err(PolicyError::TooLarge { limit: MAX_SET_LEN });
    }
    build(files)
}

/// Everything that can be wrong with a set is found here, before it decides anything.
fn build(files: Vec<PolicyFile>) -> Result<PolicySet, PolicyError> {
    let set = typed(files)?;
    usable(&set)?;
    Ok(set)
}

/// A set whose every policy is sound by itself.
fn typed(mut files: Vec<PolicyFile>) -> Result<PolicySet, PolicyError> {
    files.sort_by(|one, other| one.name.cmp(&other.name));
    let (schemas, texts): (Vec<_>, Vec<_>) =
        files.iter().partition(|file| file.name.ends_with(".cedarschema"));
    let ([schema_file], false) = (schemas.as_slice(), texts.is_empty()) else {
        return Err(PolicyError::Incomplete);
    };
    let schema = read_schema(schema_file)?;
    let mut policies = CedarPolicies::new();
    let mut meanings = HashMap::new();
    for file in texts {
        add_file(file, &mut policies, &mut meanings)?;
    }
    validate(&schema, &policies)?;
    let cedar = Cedar::new(&schema, policies)?;
    Ok(PolicySet { cedar, meanings, hash: hash(&files), files })
}

fn read_schema(file: &PolicyFile) -> Result<Schema, PolicyError> {
    let refused = |message: String| PolicyError::Schema { file: file.name.clone(), message };
    let (schema, warnings) =
        Schema::from_cedarschema_str(&file.text).map_err(|cause| refused(cause.to_string()))?;
    match warnings.into_iter().next() {
        Some(warning) => Err(refused(warning.to_string())),
        None => Ok(schema),
    }
}

fn add_file(
    file: &PolicyFile,
    policies: &mut CedarPolicies,
    meanings: &mut HashMap<PolicyId, Meaning>,
) -> Result<(), PolicyError> {
    let refused = |message: String| PolicyError::Syntax { file: file.name.clone(), message };
    let parsed: CedarPolicies = file.text.parse().map_err(|cause| refused(described(&cause)))?;
    if parsed.templates().next().is_some() {
        return Err(refused("templates are not used here".to_owned()));
    }
    for policy in parsed.policies() {
        let meaning = read_annotations(file, policy)?;
        let id = PolicyId::new(&meaning.reason.policy);
        policies.add(policy.new_id(id.clone())).map_err(|cause| refused(cause.to_string()))?;
        meanings.insert(id, meaning);
    }
    Ok(())
}

/// Every policy says who it is, why it exists, on which law it rests, and what the counter is told.
fn read_annotations(file: &PolicyFile, policy: &Policy) -> Result<Meaning, PolicyError> {
    let id = policy.annotation("id").unwrap_or_default();
    let name = if id.is_empty() { policy.id().to_string() } else { id.to_owned() };
    let refused = |annotation, message| PolicyError::Annotation {
        file: file.name.clone(),
        policy: name.clone(),
        annotation,
        message,
    };
    let text = |annotation: &'static str| match policy.annotation(annotation) {
        Some(text) if !text.trim().is_empty() => Ok(text.to_owned()),
        _ => Err(refused(annotation, "is missing")),
    };
    let word = |annotation: &'static str| {
        let text = text(annotation)?;
        let fits = text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if fits { Ok(text) } else { Err(refused(annotation, "is not kebab-case")) }
    };
    let mut obligations = Vec::new();
    for name in policy.annotation("obligation").unwrap_or_default().split_whitespace() {
        let known = Obligation::ALL.into_iter().find(|obligation| obligation.as_str() == name);
        obligations.push(known.ok_or_else(|| refused("obligation", "is none that the gateway can fulfil"))?);
    }
    if policy.effect() == Effect::Forbid && !obligations.is_empty() {
        return Err(refused("obligation", "on a forbid obliges nobody"));
    }
    let gateway_at_fault = match (policy.annotation("fault"), policy.effect()) {
        (None, _) => false,
        (Some("gateway"), Effect::Forbid) => true,
        (Some(_), _) => return Err(refused("fault", "is not \"gateway\", on a forbid")),
    };
    let max_age = match (policy.annotation("max_age").map(str::parse::<u32>), policy.effect()) {
        (None, _) => None,
        (Some(Ok(seconds)), Effect::Permit) if seconds > 0 => Some(Duration::from_secs(seconds.into())),
        (Some(_), _) => return Err(refused("max_age", "is not a number of seconds, on a permit")),
    };
    let reason = Reason {
        policy: word("id")?,
        code: word("reason")?,
        legal: text("legal")?,
        gateway_at_fault,
        told: obligations.contains(&Obligation::TellReason),
        fr: text("fr")?,
        ar: text("ar")?,
        en: text("en")?,
    };
    Ok(Meaning { reason: Arc::new(reason), obligations, max_age })
}

/// Strict validation; a warning (a condition that can never hold) refuses too.
fn validate(schema: &Schema, policies: &CedarPolicies) -> Result<(), PolicyError> {
    let result = Validator::new(schema.clone()).validate(policies, ValidationMode::Strict);
    if let Some(error) = result.validation_errors().next() {
        return Err(PolicyError::Invalid(error.to_string()));
    }
    match result.validation_warnings().next() {
        Some(warning) => Err(PolicyError::Invalid(warning.to_string())),
        None => Ok(()),
    }
}

/// Names and texts, each after its length: no two sets share a hash by moving a boundary.
fn hash(files: &[PolicyFile]) -> Arc<str> {
    let mut hash = Sha256::new();
    for part in files.iter().flat_map(|file| [&file.name, &file.text]) {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    hex::encode(hash.finalize()).into()
}

/// A parse error with every cause that Cedar found.
fn described(errors: &cedar_policy::ParseErrors) -> String {
    errors.iter().fold(String::new(), |mut text, error| {
        let separator = if text.is_empty() { "" } else { "; " };
        // Writing to a String cannot fail.
        let _ = write!(text, "{separator}{error}");
        text
    })
}

/// Policy sets with one policy more, for tests.
#[cfg(test)]
pub(crate) mod testing {
    use super::{PolicyFile, PolicySet, shipped_files, typed};

    /// The shipped set and one policy, were it one that denies everything.
    pub(crate) fn with_policy(id: &str, policy: &str) -> PolicySet {
        let draft = PolicyFile { name: "draft.cedar".to_owned(), text: annotated(id, policy) };
        typed(shipped_files().into_iter().chain([draft]).collect()).expect("a sound policy")
    }

    /// The shipped set without one of its policies.
    pub(crate) fn without_policy(id: &str) -> PolicySet {
        let policy = format!("@id(\"{id}\")");
        let cut = |file: PolicyFile| match file.text.split_once(&policy) {
            // A policy ends with the only semicolon at the end of a line.
            Some((before, from)) => {
                let after = from.split_once(";\n").map(|(_, after)| after).unwrap_or_default();
                PolicyFile { text: format!("{before}{after}"), ..file }
            }
            None => file,
        };
        typed(shipped_files().into_iter().map(cut).collect()).expect("a sound set")
    }

    /// A policy with every annotation it needs, one a line.
    pub(crate) fn annotated(id: &str, policy: &str) -> String {
        let texts = "@reason(\"draft\")\n@legal(\"loi\")\n@fr(\"fr\")\n@ar(\"ar\")\n@en(\"en\")\n";
        format!("@id(\"{id}\")\n{texts}{policy}\n")
    }
}
