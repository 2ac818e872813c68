//! What does this file bring to the trust store? Read within bounds, judged to the last entry, not yet kept.

mod collect;
mod detect;
mod keep;

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

use pki::csca::{
    Judgement, KeyFingerprint, MasterList, Refusal, UntrustedMasterList, crl_signer, judge_all, judge_crl,
};
use pki::{UntrustedCertificate, UntrustedCrl};
use time::OffsetDateTime;

use super::store::sha256;
use super::store::snapshot::{List, SourceKind, Voucher};
use collect::Collected;
pub(crate) use keep::{Change, KeepError, keep};

/// What entries are judged against.
#[derive(Debug)]
pub(crate) struct Against<'a> {
    /// Whom the operator believes to sign master lists, or to stand above one who does.
    pub(crate) anchors: &'a [UntrustedCertificate],
    /// The country signers that the store believes.
    pub(crate) known: &'a [UntrustedCertificate],
    pub(crate) at: OffsetDateTime,
}

/// One judged file (fichier jugé).
#[derive(Debug)]
pub(crate) struct Import {
    /// The name of its source: an import replaces what the source of this name said before.
    pub(crate) source: String,
    pub(crate) kind: SourceKind,
    pub(crate) file: String,
    pub(crate) sha256: String,
    pub(crate) lists: Vec<List>,
    pub(crate) entries: Vec<Judged>,
}

/// One entry with its outcome.
#[derive(Debug)]
pub(crate) enum Judged {
    /// A certificate, accepted or refused.
    Certificate(Judgement, Voucher),
    /// A revocation list that an accepted country signer signed.
    Crl(Box<Crl>),
    /// Something that could not even be taken apart, or that nobody vouches for.
    Refused(Damage),
}

#[derive(Debug)]
pub(crate) struct Crl {
    pub(crate) der: Vec<u8>,
    pub(crate) list: UntrustedCrl,
    pub(crate) signer: KeyFingerprint,
}

/// A refused entry that is no certificate.
#[derive(Debug)]
pub(crate) struct Damage {
    pub(crate) kind: &'static str,
    /// The line of an LDIF file.
    pub(crate) line: Option<u64>,
    /// The directory entry of an LDIF file.
    pub(crate) dn: Option<String>,
    pub(crate) reason: Refusal,
}

/// Where a long import is: what it does, how much is done, of how much if that is known.
pub(crate) type Progress<'a> = dyn FnMut(&'static str, u64, Option<u64>) + 'a;

/// Reads and judges one file. An error is one of the file system; everything else is an entry with a reason.
pub(crate) fn judge_file(
    path: &Path,
    against: &Against<'_>,
    progress: &mut Progress<'_>,
) -> Result<Import, (PathBuf, io::Error)> {
    let collected = collect::read(path, progress).map_err(|error| (path.to_owned(), error))?;
    let file = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let mut import = Import {
        source: String::new(),
        kind: collected.kind,
        file,
        sha256: collected.sha256.clone(),
        lists: Vec::new(),
        entries: Vec::new(),
    };
    import.judge(collected, against, progress);
    import.source = import.source_name();
    Ok(import)
}

impl Import {
    fn judge(&mut self, collected: Collected, against: &Against<'_>, progress: &mut Progress<'_>) {
        let Collected { certificates, crls, lists, damages, .. } = collected;
        let mut known = against.known.to_vec();
        for content_info in lists {
            let read = UntrustedMasterList::read(&content_info);
            match read.and_then(|list| list.verify(against.anchors, against.at)) {
                Ok(list) => {
                    let total = u64::try_from(list.entries().len()).ok();
                    let judged = list.judge(&known, against.at, &mut |done| {
                        progress("judging the list", u64::try_from(done).unwrap_or_default(), total);
                    });
                    known.extend(accepted_cscas(&judged));
                    let voucher = Voucher::List(self.lists.len());
                    self.lists.push(told(&list));
                    self.entries.extend(judged.into_iter().map(|one| Judged::Certificate(one, voucher)));
                }
                Err(reason) => self.refuse("master-list", reason),
            }
        }
        let stored: HashSet<KeyFingerprint> =
            known.iter().filter_map(KeyFingerprint::of_certificate).collect();
        known.extend_from_slice(against.anchors);
        let total = u64::try_from(certificates.len()).ok();
        let judged = judge_all(&certificates, &known, against.at, &mut |done| {
            progress("judging certificates", u64::try_from(done).unwrap_or_default(), total);
        });
        known.extend(accepted_cscas(&judged));
        let here: HashSet<KeyFingerprint> =
            accepted_cscas(&judged).filter_map(|csca| KeyFingerprint::of_certificate(&csca)).collect();
        for one in judged {
            // A link below a key of the store stands and falls with it; a root, and a link whose signer is not at
            // hand, stand on the operator who imported the file.
            let below = one.accepted().is_some_and(|accepted| {
                accepted.issuers.iter().any(|issuer| stored.contains(issuer) || here.contains(issuer))
            });
            let voucher = if below { Voucher::Issuer } else { Voucher::Operator };
            self.entries.push(Judged::Certificate(one, voucher));
        }
        self.judge_crls(crls, &known, progress);
        self.entries.extend(damages.into_iter().map(Judged::Refused));
        if self.entries.is_empty() {
            self.refuse("file", Refusal::EmptyList);
        }
    }

    fn judge_crls(
        &mut self,
        crls: Vec<Vec<u8>>,
        known: &[UntrustedCertificate],
        progress: &mut Progress<'_>,
    ) {
        let cscas: Vec<&UntrustedCertificate> = known.iter().collect();
        let total = u64::try_from(crls.len()).ok();
        for (done, der) in (1..).zip(crls) {
            match judge_crl(&der) {
                Ok(list) => match crl_signer(&list, &cscas) {
                    Some(signer) => self.entries.push(Judged::Crl(Box::new(Crl { der, list, signer }))),
                    None => self.refuse("crl", Refusal::CrlWithoutAuthority),
                },
                Err(reason) => self.refuse("crl", reason),
            }
            progress("judging revocation lists", done, total);
        }
    }

    fn refuse(&mut self, kind: &'static str, reason: Refusal) {
        self.entries.push(Judged::Refused(Damage { kind, line: None, dn: None, reason }));
    }

    /// A master list is known by its publisher's country, whatever the file is called; other files by their names
    /// without the counter that directories put at the end.
    fn source_name(&self) -> String {
        let stem = self.file.rsplit_once('.').map_or(self.file.as_str(), |(stem, _)| stem);
        match (self.kind, self.lists.as_slice()) {
            (SourceKind::MasterList, [list, ..]) => format!("master-list:{}", list.country()),
            (SourceKind::MasterList | SourceKind::Certificates, _) => format!("certificates:{}", self.file),
            (SourceKind::Ldif, _) => {
                format!("ldif:{}", stem.trim_end_matches(|one: char| one.is_ascii_digit() || one == '-'))
            }
        }
    }

    /// The country signers that were accepted.
    pub(crate) fn cscas(&self) -> impl Iterator<Item = UntrustedCertificate> {
        let accepted = self.entries.iter().filter_map(|entry| match entry {
            Judged::Certificate(judgement, _) => judgement.accepted(),
            Judged::Crl(_) | Judged::Refused(_) => None,
        });
        accepted.filter(|one| one.kind.is_csca()).map(|one| one.certificate.clone())
    }

    /// How many entries were accepted.
    pub(crate) fn accepted(&self) -> usize {
        self.entries.iter().filter(|entry| entry.is_accepted()).count()
    }
}

impl Judged {
    pub(crate) fn is_accepted(&self) -> bool {
        match self {
            Self::Certificate(judgement, _) => judgement.accepted().is_some(),
            Self::Crl(_) => true,
            Self::Refused(_) => false,
        }
    }

    /// Why it was refused, if it was.
    pub(crate) fn reason(&self) -> Option<Refusal> {
        match self {
            Self::Certificate(Judgement::Refused(refused), _) => Some(refused.reason),
            Self::Refused(damage) => Some(damage.reason),
            Self::Certificate(Judgement::Accepted(_), _) | Self::Crl(_) => None,
        }
    }
}

impl List {
    /// The publisher's country, or its name where it has none.
    fn country(&self) -> &str {
        let parts = self.signer.split(['+', ',']);
        let country = parts.filter_map(|part| part.trim().strip_prefix("C=")).next_back();
        country.unwrap_or(&self.signer)
    }
}

fn accepted_cscas(judged: &[Judgement]) -> impl Iterator<Item = UntrustedCertificate> {
    let accepted = judged.iter().filter_map(Judgement::accepted);
    accepted.filter(|one| one.kind.is_csca()).map(|one| one.certificate.clone())
}

fn told(list: &MasterList) -> List {
    List {
        signer: list.signer().subject_text(),
        signer_fingerprint: sha256(list.signer().der()),
        signer_key_id: list.signer().subject_key_identifier().map(hex::encode),
        signer_not_after: list.signer().not_after(),
        anchor: list.anchor().subject_text(),
        anchor_fingerprint: sha256(list.anchor().der()),
        signed_at: list.signed_at(),
        rests_on: list.rests_on().iter().map(ToString::to_string).collect(),
    }
}
