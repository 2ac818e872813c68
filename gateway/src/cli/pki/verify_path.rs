//! Does a path lead from a professional's or establishment's certificate to an anchor, and what was each checked for?

mod answer;

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use pki::path::Holder;
use pki::{
    Budget, PathCrl, PathError, PathReason, PathValidator, RevocationPolicy, UntrustedCertificate,
    ValidatedPath,
};
use serde::Serialize;
use time::OffsetDateTime;

use super::super::output::Output;
use super::super::{Exit, Failure};
use super::{read, read_lists, refused};
pub(super) use answer::Status;
use answer::{Answer, Judged, ListRefused, Refusal, Step, text};

/// What a certificate is needed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Profile {
    /// Signs the data of documents, below a country signer (Doc 9303-12)
    DocumentSigner,
    /// A health professional's card: signs challenges, names the person by serialNumber
    Professional,
    /// The holder of an identity card: signs challenges after the PIN, named by serialNumber
    Holder,
    /// A pharmacy, clinic or hospital as TLS client, named by serialNumber and organizationIdentifier
    Establishment,
}

/// What is asked.
pub(super) struct Question<'a> {
    pub(super) files: &'a [PathBuf],
    pub(super) profile: Profile,
    pub(super) anchors: &'a [PathBuf],
    pub(super) intermediates: &'a [PathBuf],
    pub(super) lists: &'a [PathBuf],
    pub(super) policies: &'a [String],
    pub(super) report_unknown: bool,
    pub(super) at: OffsetDateTime,
}

/// Certificates with the file each came from.
type Origins = Vec<(PathBuf, Vec<u8>)>;

pub(super) fn run(question: &Question<'_>, output: Output) -> Result<(), Failure> {
    let answer = answer(question)?;
    output.answer(&answer, || text(&answer))?;
    match answer.certificates.iter().all(|judged| judged.believed) {
        true => Ok(()),
        false => Err(Failure::new(Exit::Failed, "not believed")),
    }
}

fn answer(question: &Question<'_>) -> Result<Answer, Failure> {
    let mut origins = Origins::new();
    let anchors = collect(question.anchors, &mut origins)?;
    let intermediates = collect(question.intermediates, &mut origins)?;
    let (lists, lists_refused) = lists(question.lists)?;
    let policy =
        if question.report_unknown { RevocationPolicy::Report } else { RevocationPolicy::RequireFresh };
    let validator = PathValidator::new(anchors)
        .and_then(|validator| validator.with_intermediates(intermediates))
        .and_then(|validator| validator.with_lists(lists))
        .map_err(unusable)?
        .with_revocation_policy(policy);
    let profile = profile(question)?;
    let mut certificates = Vec::new();
    for file in question.files {
        for der in read(file)? {
            let leaf = UntrustedCertificate::from_der(&der).map_err(|error| refused(file, error))?;
            origins.push((file.clone(), der));
            certificates.push(match validator.validate(leaf, &profile, question.at, Budget::default()) {
                Ok(path) => believed(file, &path, profile.holder(), &origins, question.at),
                Err(error) => not_believed(file, &error, &origins),
            });
        }
    }
    Ok(Answer { at: question.at, profile: question.profile, lists_refused, certificates })
}

fn profile(question: &Question<'_>) -> Result<pki::Profile, Failure> {
    let profile = match question.profile {
        Profile::Establishment => pki::Profile::establishment(),
        Profile::Holder => pki::Profile::card_holder(),
        Profile::Professional | Profile::DocumentSigner => pki::Profile::professional(),
    };
    if question.policies.is_empty() {
        return Ok(profile);
    }
    let policies: Vec<&str> = question.policies.iter().map(String::as_str).collect();
    profile
        .with_policies(&policies)
        .map_err(|reason| Failure::new(Exit::Usage, format!("--policy: {reason}")))
}

fn collect(files: &[PathBuf], origins: &mut Origins) -> Result<Vec<UntrustedCertificate>, Failure> {
    let mut certificates = Vec::new();
    for file in files {
        for der in read(file)? {
            certificates.push(UntrustedCertificate::from_der(&der).map_err(|error| refused(file, error))?);
            origins.push((file.clone(), der));
        }
    }
    Ok(certificates)
}

/// One list that cannot be used does not spoil the others, and is said.
fn lists(files: &[PathBuf]) -> Result<(Vec<PathCrl>, Vec<ListRefused>), Failure> {
    let (mut lists, mut unused) = (Vec::new(), Vec::new());
    for file in files {
        for der in read_lists(file)? {
            match PathCrl::from_der(&der) {
                Ok(list) => lists.push(list),
                Err(error) => unused.push(ListRefused {
                    file: file.clone(),
                    reason: error.code(),
                    sentence: error.to_string(),
                }),
            }
        }
    }
    Ok((lists, unused))
}

fn believed(
    file: &Path,
    path: &ValidatedPath,
    holder: Holder,
    origins: &Origins,
    at: OffsetDateTime,
) -> Judged {
    let last = path.certificates().len().saturating_sub(1);
    let step = |(depth, certificate): (usize, &UntrustedCertificate)| Step {
        role: match depth {
            0 => "certificate",
            _ if depth == last => "anchor",
            _ => "authority",
        },
        file: origin(origins, certificate.der()),
        serial: hex::encode(certificate.serial()),
        not_after: certificate.not_after(),
        revocation: path.revocation().get(depth).map_or(Status::Anchor, |status| Status::of(*status, at)),
        checked: checked(depth, last, holder),
    };
    let identity = path.identity();
    Judged {
        file: file.to_owned(),
        believed: true,
        path: path.certificates().iter().enumerate().map(step).collect(),
        serial_number: identity.map(|identity| identity.serial_number().to_owned()),
        organization_identifier: identity
            .and_then(|identity| identity.organization_identifier())
            .map(ToOwned::to_owned),
        policies: path.policies().to_vec(),
        refusal: None,
        signature_checks: path.work().signatures,
    }
}

/// What the certificate at this place was checked for (RFC 5280 §6.1, and the profile).
fn checked(depth: usize, last: usize, holder: Holder) -> Vec<&'static str> {
    let mut checks = vec!["validity", "key strength", "critical extensions"];
    if depth < last {
        checks.extend([
            "signature",
            "issuer name",
            "digest",
            "names within constraints",
            "policies",
            "revocation",
        ]);
    }
    if depth > 0 {
        checks.extend(["authority", "key usage certSign", "path length", "purpose not excluded"]);
    } else {
        checks.extend([
            "key usage digitalSignature",
            "purpose clientAuth",
            "not an authority",
            "serialNumber",
        ]);
        checks.extend((holder == Holder::Establishment).then_some("organizationIdentifier"));
    }
    checks
}

fn not_believed(file: &Path, error: &PathError, origins: &Origins) -> Judged {
    let refusal = Refusal {
        reason: error.code(),
        sentence: error.to_string(),
        remedy: error.reason.advice(),
        depth: error.certificate.as_ref().map(|faulty| faulty.depth),
        file: error.certificate.as_ref().and_then(|faulty| origin(origins, &faulty.der)),
    };
    Judged {
        file: file.to_owned(),
        refusal: Some(refusal),
        signature_checks: error.work.signatures,
        ..Judged::default()
    }
}

fn origin(origins: &Origins, der: &[u8]) -> Option<PathBuf> {
    origins.iter().find(|(_, known)| known == der).map(|(file, _)| file.clone())
}

fn unusable(reason: PathReason) -> Failure {
    Failure::new(Exit::Failed, format!("{reason} ({})", reason.code())).remedy(reason.advice())
}

#[cfg(test)]
mod tests;
