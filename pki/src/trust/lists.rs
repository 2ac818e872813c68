//! Which revocation lists are in use, and what is wrong with the others?

use super::TrustStore;
use super::authority::{Authority, Family, KeyDigest};
use crate::certificate::name;
use crate::{
    DigestAlgorithm, PkiError, RevocationPolicy, RevocationReason, RevocationStatus, Sha1Policy, Sha1Use,
    UntrustedCrl, limits, revocation,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use time::OffsetDateTime;

/// A revocation list whose signature is that of a pinned CSCA.
#[derive(Clone)]
pub(super) struct CheckedList {
    pub(super) family: Family,
    key: KeyDigest,
    issuer: Vec<(String, Vec<u8>)>,
    country: String,
    signer: Option<Vec<u8>>,
    pub(super) list: Arc<UntrustedCrl>,
}

/// What there is to say of one revocation list (état d'une LCR).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListFacts {
    /// The country of its issuer.
    pub country: String,
    /// The subject key identifier of the CSCA whose key signed it.
    pub signer: Option<Vec<u8>>,
    /// The CRL number, big-endian.
    pub number: Option<Vec<u8>>,
    /// When it was made.
    pub this_update: OffsetDateTime,
    /// When the next one was promised.
    pub next_update: OffsetDateTime,
    /// How many certificates it names.
    pub entries: usize,
    /// … for each reason.
    pub by_reason: BTreeMap<RevocationReason, usize>,
    /// What it counts for.
    pub standing: ListStanding,
}

/// What a revocation list counts for at a moment (portée d'une LCR).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListStanding {
    /// The newest of its authority, and not past its next update.
    Fresh,
    /// The newest of its authority, and past its next update.
    Stale,
    /// Older than another of its authority. Whom it revokes for good stays revoked.
    Superseded,
    /// Dated after the moment: not asked until then.
    FromTheFuture,
}

impl ListStanding {
    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Stale => "stale",
            Self::Superseded => "superseded",
            Self::FromTheFuture => "from-the-future",
        }
    }
}

impl TrustStore {
    /// What there is to say at the moment `at` of every revocation list in the store.
    #[must_use]
    pub fn revocation_lists(&self, at: OffsetDateTime) -> Vec<ListFacts> {
        facts(&self.lists, at)
    }

    /// Whether a list that somebody brings would be of use at the moment `at`: signed by a pinned CSCA, not from the
    /// future, not older than the one in use.
    pub fn would_take(&self, list: &Arc<UntrustedCrl>, at: OffsetDateTime) -> Result<(), PkiError> {
        let checked = CheckedList::new(Arc::clone(list), self.with_families())?;
        if list.this_update() > at {
            return Err(PkiError::CrlFromTheFuture);
        }
        let mut brought = vec![(0, checked)];
        for known in in_use(&self.lists, at) {
            if !take_behind(&mut brought, known, at).is_empty() {
                return Err(PkiError::CrlRolledBack);
            }
        }
        Ok(())
    }
}

impl CheckedList {
    /// Finds the pinned CSCA that signed a list: by key identifier first, then by trying those of its country.
    pub(super) fn new<'a>(
        list: Arc<UntrustedCrl>,
        authorities: impl Iterator<Item = (&'a Authority, Family)>,
    ) -> Result<Self, PkiError> {
        let country = name::country(list.issuer()).ok_or(PkiError::UntrustedCrl)?;
        let wanted = list.authority_key_identifier();
        let mut candidates: Vec<_> = authorities
            .filter(|(authority, _)| authority.country == country && authority.may_sign_lists())
            .collect();
        candidates.sort_by_key(|(authority, _)| {
            wanted.is_none() || authority.certificate.subject_key_identifier() != wanted
        });
        let signer = candidates
            .into_iter()
            .take(limits::ISSUER_TRIES)
            .find(|(authority, _)| list.signed_with(&authority.key).is_ok());
        let (authority, family) = signer.ok_or(PkiError::UntrustedCrl)?;
        Ok(Self {
            family,
            key: authority.key_digest,
            issuer: name::canonical(list.issuer()),
            country,
            signer: authority.certificate.subject_key_identifier().map(<[u8]>::to_vec),
            list,
        })
    }

    /// The same list under the families of another store; `None` where its signer is not pinned any more.
    pub(super) fn kept<'a>(
        &self,
        mut authorities: impl Iterator<Item = (&'a Authority, Family)>,
    ) -> Option<Self> {
        let (_, family) = authorities.find(|(authority, _)| {
            authority.key_digest == self.key
                && authority.country == self.country
                && authority.may_sign_lists()
        })?;
        Some(Self { family, ..self.clone() })
    }

    fn dated(&self) -> (OffsetDateTime, Option<(usize, &[u8])>) {
        (self.list.this_update(), self.list.number().map(|number| (number.len(), number)))
    }
}

/// What the lists of one authority say of a serial number.
///
/// A list signed with SHA-1 that is not believed still revokes whom it names: nobody gains by forging that. It says nothing
/// of the others.
pub(super) fn answer<'a>(
    lists: impl Iterator<Item = &'a CheckedList>,
    serial: &[u8],
    (policy, sha1_policy): (RevocationPolicy, Sha1Policy),
    sha1: &mut Vec<Sha1Use>,
    at: OffsetDateTime,
) -> Result<RevocationStatus, PkiError> {
    let lists = lists.map(|known| known.list.as_ref());
    let (old, sound): (Vec<_>, Vec<_>) =
        lists.partition(|list| list.signature_digest() == Ok(DigestAlgorithm::Sha1));
    if sha1_policy.permits(Sha1Use::RevocationList) {
        let status = revocation::status(old.iter().chain(&sound).copied(), serial, policy, at)?;
        let answered = |list: &&UntrustedCrl| matches!(status, RevocationStatus::NotRevoked { this_update, .. } if this_update == list.this_update());
        sha1.extend(old.iter().any(answered).then_some(Sha1Use::RevocationList));
        return Ok(status);
    }
    let refused = !old.is_empty();
    revocation::status(old.into_iter(), serial, RevocationPolicy::Report, at)?;
    match revocation::status(sound.into_iter(), serial, policy, at) {
        Err(PkiError::RevocationUnknown) if refused => Err(PkiError::Sha1Refused(Sha1Use::RevocationList)),
        status => status,
    }
}

/// The newest of those lists that are not from the future.
pub(super) fn newest<'a>(
    lists: impl Iterator<Item = &'a CheckedList>,
    at: OffsetDateTime,
) -> Option<&'a CheckedList> {
    lists.filter(|known| known.list.this_update() <= at).max_by(|one, other| one.dated().cmp(&other.dated()))
}

/// The list of each issuer that answers at that moment.
pub(super) fn in_use(lists: &[CheckedList], at: OffsetDateTime) -> impl Iterator<Item = &CheckedList> {
    lists.iter().filter(move |known| {
        let of_issuer = lists.iter().filter(|other| other.issuer == known.issuer);
        newest(of_issuer, at).is_some_and(|newest| std::ptr::eq(newest, *known))
    })
}

/// Takes out the lists that would put back the clock of `known`, the one in use, if there is none among them that
/// carries it on. Told by their places.
pub(super) fn take_behind(
    lists: &mut Vec<(usize, CheckedList)>,
    known: &CheckedList,
    at: OffsetDateTime,
) -> Vec<usize> {
    let behind = |list: &CheckedList| {
        list.issuer == known.issuer && list.list.is_behind(&known.list, list.key == known.key)
    };
    let of_issuer = lists.iter().map(|(_, list)| list).filter(|list| list.issuer == known.issuer);
    if !newest(of_issuer, at).is_some_and(behind) {
        return Vec::new();
    }
    lists
        .extract_if(.., |(_, list)| list.list.this_update() <= at && behind(list))
        .map(|(index, _)| index)
        .collect()
}

/// What there is to say of each list.
pub(super) fn facts(lists: &[CheckedList], at: OffsetDateTime) -> Vec<ListFacts> {
    lists
        .iter()
        .map(|known| {
            let newest = newest(lists.iter().filter(|other| other.family == known.family), at);
            let list = &known.list;
            let standing = if list.this_update() > at {
                ListStanding::FromTheFuture
            } else if newest.is_some_and(|newest| !Arc::ptr_eq(&newest.list, list)) {
                ListStanding::Superseded
            } else if list.next_update() < at {
                ListStanding::Stale
            } else {
                ListStanding::Fresh
            };
            ListFacts {
                country: known.country.clone(),
                signer: known.signer.clone(),
                number: list.number().map(<[u8]>::to_vec),
                this_update: list.this_update(),
                next_update: list.next_update(),
                entries: list.len(),
                by_reason: list.by_reason(),
                standing,
            }
        })
        .collect()
}
