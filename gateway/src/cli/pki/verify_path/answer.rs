//! What is answered to the question whom a certificate belongs to? Text for people, fields for programs.

use std::path::PathBuf;

use pki::RevocationStatus;
use serde::Serialize;
use time::OffsetDateTime;

use super::Profile;
use crate::cli::output::moment;

/// What is known of the revocation of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::cli::pki) enum Status {
    /// Not on a fresh list.
    Good,
    /// Not on the list at hand, which is overdue.
    Stale,
    /// No list at hand.
    Unknown,
    /// Believed because it is pinned; no list speaks of it.
    Anchor,
}

impl Status {
    pub(in crate::cli::pki) fn of(status: RevocationStatus, at: OffsetDateTime) -> Self {
        match status.overdue(at) {
            Some(overdue) if overdue.is_zero() => Self::Good,
            Some(_) => Self::Stale,
            None => Self::Unknown,
        }
    }

    pub(in crate::cli::pki) fn sentence(self) -> &'static str {
        match self {
            Self::Good => "not revoked, by a fresh list",
            Self::Stale => "not revoked by a list that is overdue",
            Self::Unknown => "whether it is revoked is not known",
            Self::Anchor => "pinned",
        }
    }
}

#[derive(Serialize)]
pub(super) struct Answer {
    #[serde(with = "time::serde::rfc3339")]
    pub(super) at: OffsetDateTime,
    pub(super) profile: Profile,
    /// Revocation lists that were given and cannot be used.
    pub(super) lists_refused: Vec<ListRefused>,
    pub(super) certificates: Vec<Judged>,
}

#[derive(Serialize)]
pub(super) struct ListRefused {
    pub(super) file: PathBuf,
    pub(super) reason: &'static str,
    pub(super) sentence: String,
}

#[derive(Serialize, Default)]
pub(super) struct Judged {
    pub(super) file: PathBuf,
    pub(super) believed: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) path: Vec<Step>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) serial_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) organization_identifier: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) policies: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refusal: Option<Refusal>,
    pub(super) signature_checks: u32,
}

/// One certificate of the path, and what it was checked for.
#[derive(Serialize)]
pub(super) struct Step {
    pub(super) role: &'static str,
    pub(super) file: Option<PathBuf>,
    pub(super) serial: String,
    #[serde(with = "time::serde::rfc3339")]
    pub(super) not_after: OffsetDateTime,
    pub(super) revocation: Status,
    pub(super) checked: Vec<&'static str>,
}

#[derive(Serialize)]
pub(super) struct Refusal {
    /// The stable name.
    pub(super) reason: &'static str,
    pub(super) sentence: String,
    pub(super) remedy: &'static str,
    /// The certificate it is about: 0 is the one that was asked for, 1 its issuer.
    pub(super) depth: Option<usize>,
    pub(super) file: Option<PathBuf>,
}

pub(super) fn text(answer: &Answer) -> String {
    let mut lines = Vec::new();
    for list in &answer.lists_refused {
        lines.push(format!("list not used {}: {} ({})", list.file.display(), list.sentence, list.reason));
    }
    for judged in &answer.certificates {
        lines.push(format!("file         {}", judged.file.display()));
        lines.push(format!("at           {}", moment(answer.at)));
        for step in &judged.path {
            let file = step.file.as_ref().map_or_else(String::new, |file| format!(" ({})", file.display()));
            lines.push(format!(
                "{:<12} serial {}, until {}{file}",
                step.role,
                step.serial,
                moment(step.not_after)
            ));
            lines.push(format!("             {}", step.revocation.sentence()));
            lines.push(format!("             checked: {}", step.checked.join(", ")));
        }
        for (name, value) in
            [("number", &judged.serial_number), ("organization", &judged.organization_identifier)]
        {
            lines.extend(value.as_ref().map(|value| format!("{name:<12} {value}")));
        }
        if !judged.policies.is_empty() {
            lines.push(format!("policies     {}", judged.policies.join(", ")));
        }
        lines.push(match &judged.refusal {
            None => "verdict      believed\n".to_owned(),
            Some(refusal) => {
                let file =
                    refusal.file.as_ref().map_or_else(String::new, |file| format!(" [{}]", file.display()));
                format!(
                    "verdict      NOT BELIEVED: {}{file} ({})\nwhat to do   {}\n",
                    refusal.sentence, refusal.reason, refusal.remedy
                )
            }
        });
    }
    lines.join("\n")
}
