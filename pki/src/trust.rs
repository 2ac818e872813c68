//! Whom do we believe? The CSCAs that an operator pinned, and the document signers below them.

mod authority;
mod lists;
mod remembered;
mod signers;
mod verified;

pub use lists::{ListFacts, ListStanding};
pub use verified::VerifiedCertificate;

use crate::{
    PkiError, RevocationPolicy, RevocationStatus, Sha1Policy, Sha1Use, UntrustedCertificate, UntrustedCrl,
    limits,
};
use authority::{Authority, Family, families};
use lists::CheckedList;
use remembered::RememberedSignatures;
use signers::DocumentSigners;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use time::OffsetDateTime;
use x509_cert::name::Name;

/// The CSCAs that the operator pinned, with their revocation lists (magasin de confiance).
///
/// Nothing but presence in this store makes a CSCA believed: neither a familiar name nor a signature by another.
/// A link certificate counts only if it is pinned itself.
pub struct TrustStore {
    authorities: Vec<Arc<Authority>>,
    /// Of each authority, in the same order.
    families: Vec<Family>,
    lists: Vec<CheckedList>,
    signers: DocumentSigners,
    remembered: Arc<RememberedSignatures>,
    policy: RevocationPolicy,
    sha1: Sha1Policy,
}

/// Something that [`TrustStore::assemble`] left out (élément écarté).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeftOut {
    /// Which of the things given.
    pub what: Material,
    /// Its place among those of its kind, from 0.
    pub index: usize,
    /// Why.
    pub why: PkiError,
}

/// What a trust store is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Material {
    /// A country signer.
    Csca,
    /// A revocation list.
    Crl,
}

impl TrustStore {
    /// Pins `cscas` and checks the signature of every list in `crls`, once. Revocation is strict.
    ///
    /// A certificate that is no CSCA, or a list that none of them signed, is an error: an operator wants to hear of it.
    pub fn new(cscas: Vec<UntrustedCertificate>, crls: Vec<UntrustedCrl>) -> Result<Self, PkiError> {
        if cscas.len() > limits::CSCAS || crls.len() > limits::CSCAS {
            return Err(PkiError::TooLarge);
        }
        let crls = crls.into_iter().map(Arc::new).collect();
        let (store, left_out) = Self::assemble(cscas, crls, None);
        match left_out.first() {
            Some(first) => Err(first.why),
            None => Ok(store),
        }
    }

    /// The same, where one bad entry of an import does not lose the rest: what could not be used is told.
    ///
    /// What the store `before` knows is not computed again: its CSCAs' own signatures, the document signers
    /// whose signatures held. And a list older than the one that was in use before, at the moment told, does not
    /// take its place: it is refused as [`PkiError::CrlRolledBack`], and the one in use stays.
    #[must_use]
    pub fn assemble(
        cscas: Vec<UntrustedCertificate>,
        crls: Vec<Arc<UntrustedCrl>>,
        before: Option<(&Self, OffsetDateTime)>,
    ) -> (Self, Vec<LeftOut>) {
        let known: HashMap<&[u8], &Arc<Authority>> = before
            .into_iter()
            .flat_map(|(store, _)| &store.authorities)
            .map(|authority| (authority.certificate.der(), authority))
            .collect();
        let mut left_out = Vec::new();
        let mut authorities = Vec::new();
        for (index, certificate) in cscas.into_iter().enumerate() {
            let pinned = match known.get(certificate.der()) {
                _ if index >= limits::CSCAS => Err(PkiError::TooLarge),
                Some(known) => Ok(Arc::clone(known)),
                None => Authority::pin(certificate).map(Arc::new),
            };
            match pinned {
                Ok(authority) => authorities.push(authority),
                Err(why) => left_out.push(LeftOut { what: Material::Csca, index, why }),
            }
        }
        let remembered = before.map(|(store, _)| Arc::clone(&store.remembered));
        let mut store = Self {
            families: families(&authorities),
            authorities,
            lists: Vec::new(),
            signers: DocumentSigners::default(),
            remembered: remembered.unwrap_or_else(|| Arc::new(RememberedSignatures::new())),
            policy: RevocationPolicy::RequireFresh,
            sha1: Sha1Policy::Refuse,
        };
        let mut checked = Vec::new();
        for (index, list) in crls.into_iter().enumerate() {
            let signed = match index < limits::CSCAS {
                true => CheckedList::new(list, store.with_families()),
                false => Err(PkiError::TooLarge),
            };
            match signed {
                Ok(list) => checked.push((index, list)),
                Err(why) => left_out.push(LeftOut { what: Material::Crl, index, why }),
            }
        }
        if let Some((before, at)) = before {
            for list in lists::in_use(&before.lists, at) {
                let Some(kept) = list.kept(store.with_families()) else { continue };
                let behind = lists::take_behind(&mut checked, &kept, at);
                let why = PkiError::CrlRolledBack;
                left_out.extend(behind.iter().map(|index| LeftOut {
                    what: Material::Crl,
                    index: *index,
                    why,
                }));
                store.lists.extend((!behind.is_empty()).then_some(kept));
            }
        }
        store.lists.extend(checked.into_iter().map(|(_, list)| list));
        (store, left_out)
    }

    /// The same store with another answer to a missing or stale list.
    #[must_use]
    pub fn with_revocation_policy(mut self, policy: RevocationPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// The same store, believing SHA-1 this far. Pinned CSCAs are believed for being pinned, whatever signed them.
    #[must_use]
    pub fn with_sha1_policy(mut self, policy: Sha1Policy) -> Self {
        self.sha1 = policy;
        self
    }

    /// How far SHA-1 is believed.
    #[must_use]
    pub fn sha1_policy(&self) -> Sha1Policy {
        self.sha1
    }

    /// The same store with document signer certificates for security objects that do not carry their own.
    /// They are believed no more than one inside a security object is.
    pub fn with_document_signers(mut self, signers: Vec<UntrustedCertificate>) -> Result<Self, PkiError> {
        self.signers = DocumentSigners::new(signers)?;
        Ok(self)
    }

    /// How many CSCAs are pinned.
    #[must_use]
    pub fn len(&self) -> usize {
        self.authorities.len()
    }

    /// Whether this very certificate is pinned.
    #[must_use]
    pub fn is_pinned(&self, csca: &UntrustedCertificate) -> bool {
        self.authorities.iter().any(|authority| authority.certificate.der() == csca.der())
    }

    /// Whether nobody is believed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.authorities.is_empty()
    }

    /// How many document signer certificates are kept for security objects without their own.
    #[must_use]
    pub fn document_signers(&self) -> usize {
        self.signers.len()
    }

    /// How many document signers' signatures are remembered.
    #[must_use]
    pub fn remembered_signatures(&self) -> usize {
        self.remembered.len()
    }

    /// The document signers that a SignerInfo means by issuer and serial number.
    pub(crate) fn signers_by_serial(&self, issuer: &Name, serial: &[u8]) -> Vec<UntrustedCertificate> {
        self.signers.by_serial(issuer, serial)
    }

    /// The document signers that a SignerInfo means by subject key identifier.
    pub(crate) fn signers_by_key(&self, identifier: &[u8]) -> Vec<UntrustedCertificate> {
        self.signers.by_key(identifier)
    }

    /// Follows a document signer to its CSCA at the moment `at`: signature, country, usage, both validities, revocation.
    pub fn verify_document_signer(
        &self,
        certificate: UntrustedCertificate,
        at: OffsetDateTime,
    ) -> Result<VerifiedCertificate, PkiError> {
        let (revocation, sha1) = self.judge(&certificate, at)?;
        Ok(VerifiedCertificate::proven(certificate, revocation, sha1))
    }

    /// Asks everything again of a signer that was believed at another moment or by another store, and tells what is
    /// known of its revocation now.
    pub fn judge_again(
        &self,
        signer: &VerifiedCertificate,
        at: OffsetDateTime,
    ) -> Result<RevocationStatus, PkiError> {
        self.judge(signer.certificate(), at).map(|(revocation, _)| revocation)
    }

    fn judge(
        &self,
        certificate: &UntrustedCertificate,
        at: OffsetDateTime,
    ) -> Result<(RevocationStatus, Vec<Sha1Use>), PkiError> {
        let family = self.issuer_of(certificate, at)?;
        verified::usage(certificate)?;
        certificate.valid_at(at)?;
        let mut sha1 = Vec::new();
        self.sha1.note(certificate.signature_digest()?, Sha1Use::DocumentSigner, &mut sha1)?;
        let of_family = self.lists.iter().filter(|known| known.family == family);
        let policies = (self.policy, self.sha1);
        let revocation = lists::answer(of_family, certificate.serial(), policies, &mut sha1, at)?;
        Ok((revocation, sha1))
    }

    /// The pinned CSCA whose key signed this certificate: the one remembered, then those its key identifier names,
    /// then all others of the country, for key identifiers are sometimes wrong. A root and a link certificate may
    /// hold the same key: the one valid at `at` counts.
    fn issuer_of(&self, certificate: &UntrustedCertificate, at: OffsetDateTime) -> Result<Family, PkiError> {
        let country = certificate.country().ok_or(PkiError::Untrusted)?;
        let known = self.remembered.signer_of(certificate)?;
        let wanted = certificate.authority_key_identifier();
        let mut candidates: Vec<_> =
            self.with_families().filter(|(authority, _)| authority.country == country).collect();
        candidates.sort_by_key(|(authority, _)| {
            let named = wanted.is_some() && authority.certificate.subject_key_identifier() == wanted;
            (known != Some(authority.key_digest), !named)
        });
        let mut refusal = PkiError::Untrusted;
        for (authority, family) in candidates.into_iter().take(limits::ISSUER_TRIES) {
            if known != Some(authority.key_digest) {
                match certificate.signed_with(&authority.key) {
                    Ok(()) => self.remembered.remember(certificate, authority.key_digest)?,
                    Err(PkiError::BadSignature) => continue,
                    Err(other) => return Err(other),
                }
            }
            match authority.certificate.valid_at(at) {
                Ok(()) => return Ok(family),
                Err(outside_validity) => refusal = outside_validity,
            }
        }
        Err(refusal)
    }

    fn with_families(&self) -> impl Iterator<Item = (&Authority, Family)> {
        self.authorities.iter().map(Arc::as_ref).zip(self.families.iter().copied())
    }
}

impl fmt::Debug for TrustStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("TrustStore")
            .field("authorities", &self.authorities.len())
            .field("lists", &self.lists.len())
            .field("document_signers", &self.signers.len())
            .field("policy", &self.policy)
            .finish()
    }
}
