//! Whom do we believe? The CSCAs that an operator pinned, and the document signers below them.

use crate::certificate::name;
use crate::key::PublicKey;
use crate::{PkiError, RevocationPolicy, RevocationStatus, UntrustedCertificate, UntrustedCrl, limits};
use crate::{certificate::CscaKind, revocation};
use std::fmt;
use time::OffsetDateTime;

/// The CSCAs that the operator pinned, with their revocation lists (magasin de confiance).
///
/// Nothing but presence in this store makes a CSCA believed: neither a familiar name nor a signature by another.
/// A link certificate counts only if it is pinned itself.
pub struct TrustStore {
    authorities: Vec<Authority>,
    lists: Vec<(Family, UntrustedCrl)>,
    policy: RevocationPolicy,
}

/// A pinned CSCA with its key ready to use.
struct Authority {
    certificate: UntrustedCertificate,
    key: PublicKey,
    country: String,
    family: Family,
}

/// The certificates of one authority over its key generations. Doc 9303-12 §7.2: a CRL signed with its current key
/// speaks for the document signers of its former keys too.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Family(usize);

impl TrustStore {
    /// Pins `cscas` and checks the signature of every list in `crls`, once. Revocation is strict.
    ///
    /// A certificate that is no CSCA, or a list that none of them signed, is an error: an operator wants to hear of it.
    pub fn new(cscas: Vec<UntrustedCertificate>, crls: Vec<UntrustedCrl>) -> Result<Self, PkiError> {
        if cscas.len() > limits::CSCAS || crls.len() > limits::CSCAS {
            return Err(PkiError::TooLarge);
        }
        let mut authorities = Vec::with_capacity(cscas.len());
        for (index, certificate) in cscas.into_iter().enumerate() {
            authorities.push(Authority::pin(certificate, Family(index))?);
        }
        join_families(&mut authorities);
        let mut store = Self { authorities, lists: Vec::new(), policy: RevocationPolicy::RequireFresh };
        for list in crls {
            let family = store.signer_of(&list).ok_or(PkiError::UntrustedCrl)?;
            store.lists.push((family, list));
        }
        Ok(store)
    }

    /// The same store with another answer to a missing or stale list.
    #[must_use]
    pub fn with_revocation_policy(mut self, policy: RevocationPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// How many CSCAs are pinned.
    #[must_use]
    pub fn len(&self) -> usize {
        self.authorities.len()
    }

    /// Whether nobody is believed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.authorities.is_empty()
    }

    /// Follows a document signer to its CSCA at the moment `at`: signature, country, usage, both validities, revocation.
    pub fn verify_document_signer(
        &self,
        certificate: UntrustedCertificate,
        at: OffsetDateTime,
    ) -> Result<VerifiedCertificate, PkiError> {
        let authority = self.issuer_of(&certificate, at)?;
        usage_of_document_signer(&certificate)?;
        certificate.valid_at(at)?;
        let lists = self.lists.iter().filter(|(family, _)| *family == authority.family).map(|(_, list)| list);
        let revocation = revocation::status(lists, certificate.serial(), self.policy, at)?;
        Ok(VerifiedCertificate { certificate, revocation })
    }

    /// The pinned CSCA whose key signed this certificate: those its key identifier names first, then all others of
    /// the country, for key identifiers are sometimes wrong. A root and a link certificate may hold the same key:
    /// the one valid at `at` counts.
    fn issuer_of(
        &self,
        certificate: &UntrustedCertificate,
        at: OffsetDateTime,
    ) -> Result<&Authority, PkiError> {
        let country = certificate.country().ok_or(PkiError::Untrusted)?;
        let same_country = self.authorities.iter().filter(|authority| authority.country == country);
        let wanted = certificate.authority_key_identifier();
        let named = |authority: &&Authority| {
            wanted.is_some() && authority.certificate.subject_key_identifier() == wanted
        };
        let (first, then): (Vec<_>, Vec<_>) = same_country.partition(named);
        let mut refusal = PkiError::Untrusted;
        for authority in first.into_iter().chain(then).take(limits::ISSUER_TRIES) {
            match certificate.signed_with(&authority.key) {
                Ok(()) => match authority.certificate.valid_at(at) {
                    Ok(()) => return Ok(authority),
                    Err(outside_validity) => refusal = outside_validity,
                },
                Err(PkiError::BadSignature) => {}
                Err(other) => return Err(other),
            }
        }
        Err(refusal)
    }

    /// The pinned CSCA that signed a list, by key identifier first, then by trying those of its name or country.
    fn signer_of(&self, list: &UntrustedCrl) -> Option<Family> {
        let country = name::country(list.issuer())?;
        let wanted = list.authority_key_identifier();
        let mut candidates: Vec<_> =
            self.authorities.iter().filter(|authority| authority.country == country).collect();
        candidates.sort_by_key(|authority| {
            wanted.is_none() || authority.certificate.subject_key_identifier() != wanted
        });
        let may_sign = |authority: &&&Authority| {
            authority.certificate.extensions().key_usage.as_ref().is_none_or(|usage| usage.crl_sign())
        };
        candidates
            .iter()
            .filter(may_sign)
            .take(limits::ISSUER_TRIES)
            .find(|authority| list.signed_with(&authority.key).is_ok())
            .map(|authority| authority.family)
    }
}

impl fmt::Debug for TrustStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("TrustStore")
            .field("authorities", &self.authorities.len())
            .field("lists", &self.lists.len())
            .field("policy", &self.policy)
            .finish()
    }
}

impl Authority {
    fn pin(certificate: UntrustedCertificate, family: Family) -> Result<Self, PkiError> {
        match certificate.csca_kind()? {
            // The operator vouches for either; a link's own issuer is often gone from every list.
            CscaKind::SelfSigned | CscaKind::Link => {}
        }
        let country = certificate.country().ok_or(PkiError::Malformed("CSCA without a country"))?;
        Ok(Self { key: certificate.public_key()?, certificate, country, family })
    }

    /// Whether both are the same authority: same name, same key, or one vouched for the other by a link certificate.
    fn related(&self, other: &Self) -> bool {
        self.country == other.country
            && (name::canonical(self.certificate.subject()) == name::canonical(other.certificate.subject())
                || self.certificate.public_key_info() == other.certificate.public_key_info()
                || self.links(other)
                || other.links(self))
    }

    /// Whether the key of `old` signed this certificate, asked only where key identifiers say so.
    fn links(&self, old: &Self) -> bool {
        let named = self.certificate.authority_key_identifier();
        named.is_some()
            && named == old.certificate.subject_key_identifier()
            && self.certificate.signed_with(&old.key).is_ok()
    }
}

/// Gives all related authorities the same family.
fn join_families(authorities: &mut [Authority]) {
    for later in 1..authorities.len() {
        let (before, rest) = authorities.split_at_mut(later);
        let Some(new) = rest.first() else { continue };
        let own = new.family;
        let joined: Vec<Family> =
            before.iter().filter(|known| known.related(new)).map(|known| known.family).collect();
        for authority in authorities.iter_mut().take(later + 1) {
            if joined.contains(&authority.family) {
                authority.family = own;
            }
        }
    }
}

/// What Doc 9303-12 §7.1 asks of a document signer: version 3, key usage digitalSignature and nothing that issues,
/// not an authority, no extended key usage (those are master list and deviation list signers, below the same CSCA).
fn usage_of_document_signer(certificate: &UntrustedCertificate) -> Result<(), PkiError> {
    let extensions = certificate.extensions();
    let may_sign = extensions
        .key_usage
        .as_ref()
        .is_some_and(|usage| usage.digital_signature() && !usage.key_cert_sign() && !usage.crl_sign());
    let forbidden = extensions.authority || extensions.extended_key_usage || extensions.unknown_critical;
    if !certificate.is_v3() || !may_sign || forbidden {
        return Err(PkiError::WrongUsage);
    }
    certificate.public_key()?.strong_enough()
}

/// A document signer under one of our CSCAs, valid and not revoked at a moment (certificat vérifié).
///
/// Made only by [`TrustStore::verify_document_signer`]:
///
/// ```compile_fail
/// fn forge(certificate: pki::UntrustedCertificate) -> pki::VerifiedCertificate {
///     pki::VerifiedCertificate { certificate, revocation: pki::RevocationStatus::Unknown }
/// }
/// ```
#[derive(Debug, Clone)]
pub struct VerifiedCertificate {
    certificate: UntrustedCertificate,
    revocation: RevocationStatus,
}

impl VerifiedCertificate {
    /// What the certificate says, believed now.
    #[must_use]
    pub fn certificate(&self) -> &UntrustedCertificate {
        &self.certificate
    }

    /// How sure we are that it was not revoked.
    #[must_use]
    pub fn revocation(&self) -> RevocationStatus {
        self.revocation
    }

    /// The document codes (first MRZ characters) this signer may sign for, if it is restricted
    /// (documentTypeList, Doc 9303-12 §7.1.1.6).
    #[must_use]
    pub fn document_types(&self) -> Option<&[String]> {
        self.certificate.extensions().document_types.as_deref()
    }
}
