//! How do the entries stand to each other? Who signed whom, which names and identifiers are shared, what stands twice.

use super::{Accepted, Deviation, EntryKind, Judgement, KeyFingerprint, Refusal, judge};
use crate::certificate::name;
use crate::key::PublicKey;
use crate::{PkiError, UntrustedCertificate, UntrustedCrl, limits};
use openssl::sha::sha256;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use time::OffsetDateTime;

/// A key that may have signed others.
struct Candidate {
    fingerprint: KeyFingerprint,
    key: PublicKey,
    /// Its identifiers and names over all certificates that carry it.
    identifiers: BTreeSet<Vec<u8>>,
    names: BTreeSet<Vec<(String, Vec<u8>)>>,
}

/// The keys at hand by country.
#[derive(Default)]
struct Candidates(BTreeMap<String, Vec<Candidate>>);

/// Judges all entries of one file, in their order: each by itself, then against each other and against the country
/// signers that are `known` already. `done` is told how many are through.
///
/// The work is bounded: at most [`limits::ISSUER_TRIES`] signatures are computed for an entry, and loops of link
/// certificates end because a key is reached once.
#[must_use]
pub fn judge_all(
    entries: &[Vec<u8>],
    known: &[UntrustedCertificate],
    at: OffsetDateTime,
    done: &mut dyn FnMut(usize),
) -> Vec<Judgement> {
    let mut seen = HashSet::new();
    let mut judged: Vec<Judgement> = Vec::with_capacity(entries.len());
    for (index, der) in entries.iter().enumerate() {
        let first = seen.insert(sha256(der));
        judged.push(match (first, UntrustedCertificate::from_der(der)) {
            (false, Ok(certificate)) => Judgement::refuse(Some(certificate), Refusal::ExactDuplicate),
            (_, _) => judge(der, at),
        });
        done(index + 1);
    }
    let mut candidates = Candidates::default();
    for certificate in known.iter().chain(cscas(&judged).map(|accepted| &accepted.certificate)) {
        candidates.add(certificate);
    }
    for entry in &mut judged {
        find_issuers(entry, &candidates);
    }
    drop_refused_issuers(&mut judged, known);
    note_loops(&mut judged, known);
    note_shared_names(&mut judged);
    judged
}

/// The key among `cscas` that signed a revocation list.
#[must_use]
pub fn crl_signer(list: &UntrustedCrl, cscas: &[&UntrustedCertificate]) -> Option<KeyFingerprint> {
    let country = name::country(list.issuer())?;
    let wanted = list.authority_key_identifier();
    let of_country = cscas.iter().filter(|csca| csca.country().as_ref() == Some(&country));
    let (first, then): (Vec<_>, Vec<_>) =
        of_country.partition(|csca| wanted.is_some() && csca.subject_key_identifier() == wanted);
    let may_sign = |csca: &&&UntrustedCertificate| {
        csca.extensions().key_usage.as_ref().is_none_or(|usage| usage.crl_sign())
    };
    let mut keys = first.into_iter().chain(then).filter(may_sign).filter_map(|csca| csca.public_key().ok());
    let signed = keys.by_ref().take(limits::ISSUER_TRIES).find(|key| list.signed_with(key).is_ok())?;
    KeyFingerprint::of(&signed)
}

impl Candidates {
    fn add(&mut self, certificate: &UntrustedCertificate) {
        let (Some(country), Ok(key)) = (certificate.country(), certificate.public_key()) else { return };
        let Some(fingerprint) = KeyFingerprint::of(&key) else { return };
        let of_country = self.0.entry(country).or_default();
        let position = of_country.iter().position(|known| known.fingerprint == fingerprint);
        let candidate = match position.and_then(|position| of_country.get_mut(position)) {
            Some(candidate) => candidate,
            None => {
                let (identifiers, names) = (BTreeSet::new(), BTreeSet::new());
                of_country.push(Candidate { fingerprint, key, identifiers, names });
                let Some(candidate) = of_country.last_mut() else { return };
                candidate
            }
        };
        candidate.identifiers.extend(certificate.subject_key_identifier().map(<[u8]>::to_vec));
        candidate.names.insert(name::canonical(certificate.subject()));
    }

    /// The key that signed `certificate`, those that it names first; an error where it names one of its issuer's name
    /// that did not.
    fn issuer_of(&self, certificate: &UntrustedCertificate) -> Result<Option<KeyFingerprint>, Refusal> {
        let of_country = certificate.country().and_then(|country| self.0.get(&country));
        let wanted = certificate.authority_key_identifier();
        let named =
            |candidate: &&Candidate| wanted.is_some_and(|wanted| candidate.identifiers.contains(wanted));
        let (first, then): (Vec<_>, Vec<_>) = of_country.into_iter().flatten().partition(named);
        let issuer = name::canonical(certificate.issuer());
        let contradicted = first.iter().any(|candidate| candidate.names.contains(&issuer));
        for candidate in first.into_iter().chain(then).take(limits::ISSUER_TRIES) {
            match certificate.signed_with(&candidate.key) {
                Ok(()) => return Ok(Some(candidate.fingerprint)),
                Err(PkiError::BadSignature) => {}
                Err(error) => return Err(Refusal::of_certificate(error)),
            }
        }
        if contradicted { Err(Refusal::NotSignedByNamedKey) } else { Ok(None) }
    }
}

fn cscas(judged: &[Judgement]) -> impl Iterator<Item = &Accepted> {
    judged.iter().filter_map(Judgement::accepted).filter(|accepted| accepted.kind.is_csca())
}

fn find_issuers(entry: &mut Judgement, candidates: &Candidates) {
    let Judgement::Accepted(accepted) = entry else { return };
    if accepted.kind == EntryKind::SelfSigned {
        return;
    }
    match candidates.issuer_of(&accepted.certificate) {
        Ok(issuer) => accepted.issuers.extend(issuer),
        Err(reason) => *entry = Judgement::refuse(Some(accepted.certificate.clone()), reason),
    }
}

/// A key whose only certificate turned out forged signs nothing.
fn drop_refused_issuers(judged: &mut [Judgement], known: &[UntrustedCertificate]) {
    let standing: HashSet<KeyFingerprint> = known
        .iter()
        .filter_map(KeyFingerprint::of_certificate)
        .chain(cscas(judged).map(|accepted| accepted.key))
        .collect();
    for entry in judged {
        let Judgement::Accepted(accepted) = entry else { continue };
        accepted.issuers.retain(|issuer| standing.contains(issuer));
        let orphan = match accepted.kind {
            EntryKind::Link => Deviation::LinkWithoutIssuer,
            EntryKind::DocumentSigner => Deviation::SignerWithoutAuthority,
            EntryKind::SelfSigned => continue,
        };
        if accepted.issuers.is_empty() {
            accepted.deviations.insert(orphan);
        }
    }
}

/// From the roots, the known keys and the links whose signer is not at hand, along the links: who is not reached
/// stands in a loop. Each round reaches a key or is the last.
fn note_loops(judged: &mut [Judgement], known: &[UntrustedCertificate]) {
    let mut reached: HashSet<KeyFingerprint> = known
        .iter()
        .filter_map(KeyFingerprint::of_certificate)
        .chain(cscas(judged).filter(|accepted| accepted.issuers.is_empty()).map(|accepted| accepted.key))
        .collect();
    let mut children: HashMap<KeyFingerprint, Vec<KeyFingerprint>> = HashMap::new();
    for accepted in cscas(judged) {
        for issuer in &accepted.issuers {
            children.entry(*issuer).or_default().push(accepted.key);
        }
    }
    let mut open: Vec<KeyFingerprint> = reached.iter().copied().collect();
    while let Some(key) = open.pop() {
        for child in children.remove(&key).unwrap_or_default() {
            if reached.insert(child) {
                open.push(child);
            }
        }
    }
    for entry in judged {
        let Judgement::Accepted(accepted) = entry else { continue };
        if accepted.kind == EntryKind::Link && !reached.contains(&accepted.key) {
            accepted.deviations.insert(Deviation::LinkLoop);
        }
    }
}

fn note_shared_names(judged: &mut [Judgement]) {
    let mut by_subject: HashMap<Vec<(String, Vec<u8>)>, HashSet<KeyFingerprint>> = HashMap::new();
    let mut by_identifier: HashMap<Vec<u8>, HashSet<KeyFingerprint>> = HashMap::new();
    for accepted in cscas(judged) {
        by_subject.entry(name::canonical(accepted.certificate.subject())).or_default().insert(accepted.key);
        if let Some(identifier) = accepted.certificate.subject_key_identifier() {
            by_identifier.entry(identifier.to_vec()).or_default().insert(accepted.key);
        }
    }
    let several = |keys: Option<&HashSet<KeyFingerprint>>| keys.is_some_and(|keys| keys.len() > 1);
    for entry in judged {
        let Judgement::Accepted(accepted) = entry else { continue };
        if !accepted.kind.is_csca() {
            continue;
        }
        if several(by_subject.get(&name::canonical(accepted.certificate.subject()))) {
            accepted.deviations.insert(Deviation::DuplicateSubject);
        }
        let identifier = accepted.certificate.subject_key_identifier();
        if identifier.is_some_and(|identifier| several(by_identifier.get(identifier))) {
            accepted.deviations.insert(Deviation::DuplicateKeyIdentifier);
        }
    }
}
