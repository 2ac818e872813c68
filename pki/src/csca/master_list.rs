//! Did the publisher whom the operator trusts sign this list? CscaMasterList in SignedData (Doc 9303-12 §9).

use super::signer_chain::{Chain, chain_to};
use super::{Judgement, KeyFingerprint, Refusal, judge_all};
use crate::asn1::Element;
use crate::cms::{CmsBounds, SignedData};
use crate::{PkiError, UntrustedCertificate, limits};
use der::Tag;
use der::asn1::ObjectIdentifier;
use std::fmt;
use time::OffsetDateTime;

const CSCA_MASTER_LIST: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.136.1.1.2");

const BOUNDS: CmsBounds = CmsBounds {
    octets: limits::MASTER_LIST,
    certificates: limits::MASTER_LIST_CERTIFICATES,
    signers: limits::MASTER_LIST_SIGNERS,
};

/// A master list that nobody has checked yet (liste maîtresse non vérifiée).
pub struct UntrustedMasterList {
    signed: SignedData,
    entries: Vec<Vec<u8>>,
}

impl UntrustedMasterList {
    /// Reads a ContentInfo in DER or BER. Its entries are kept as sent, well-formed or not.
    pub fn read(content_info: &[u8]) -> Result<Self, Refusal> {
        if content_info.len() > limits::MASTER_LIST {
            return Err(Refusal::TooLarge);
        }
        let signed = SignedData::read(content_info, BOUNDS).map_err(|error| match error {
            PkiError::TooLarge => Refusal::TooLarge,
            other => Refusal::of_list(other),
        })?;
        if signed.content_type() != CSCA_MASTER_LIST {
            return Err(Refusal::NotAMasterList);
        }
        let entries = entries(signed.content()).map_err(Refusal::of_list)?;
        Ok(Self { signed, entries })
    }

    /// How many entries it claims to have.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it claims to have none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Checks the list's signature, and that its signer is certified for master lists and stands, at the moment `at`,
    /// below one of the `anchors` or is one: directly, or over links of a key roll-over that the list itself brings.
    pub fn verify(self, anchors: &[UntrustedCertificate], at: OffsetDateTime) -> Result<MasterList, Refusal> {
        if anchors.is_empty() {
            return Err(Refusal::NoAnchor);
        }
        let outside: Vec<&UntrustedCertificate> = anchors.iter().collect();
        let signer = self.signed.verify_by(&outside).map_err(Refusal::of_list)?;
        let links = self.signed.certificates().iter().cloned().chain(self.links_of(&signer));
        let chain = chain_to(anchors, &signer, links.collect(), at)?;
        if self.entries.is_empty() {
            return Err(Refusal::EmptyList);
        }
        let signed_at = self.signed.signing_time();
        Ok(MasterList { entries: self.entries, signer, chain, signed_at })
    }

    /// The entries of the signer's own country: links of a key roll-over are among them.
    fn links_of(&self, signer: &UntrustedCertificate) -> impl Iterator<Item = UntrustedCertificate> {
        let country = signer.country();
        self.entries
            .iter()
            .filter_map(|der| UntrustedCertificate::from_der(der).ok())
            .filter(move |certificate| certificate.country() == country)
    }
}

impl fmt::Debug for UntrustedMasterList {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("UntrustedMasterList")
            .field("entries", &self.entries.len())
            .finish_non_exhaustive()
    }
}

/// CscaMasterList ::= SEQUENCE { version INTEGER 0, certList SET OF Certificate }.
fn entries(content: &[u8]) -> Result<Vec<Vec<u8>>, PkiError> {
    const WHAT: &str = "master list";
    let mut fields = Element::only(content, WHAT)?.sequence()?;
    if fields.next()?.small()? != 0 {
        return Err(PkiError::Unsupported("master list version"));
    }
    let list = fields.next()?;
    fields.end()?;
    if list.tag() != Tag::Set {
        return Err(PkiError::Malformed(WHAT));
    }
    let entries = list.set()?.rest(limits::CSCAS)?;
    Ok(entries.iter().map(|entry| entry.whole.to_vec()).collect())
}

/// A master list whose publisher the operator trusts (liste maîtresse). Its entries are still to be judged one by one.
///
/// Made only by [`UntrustedMasterList::verify`]:
///
/// ```compile_fail
/// fn forge(entries: Vec<Vec<u8>>, signer: pki::UntrustedCertificate) -> pki::csca::MasterList {
///     pki::csca::MasterList { entries, signer, chain: Vec::new(), signed_at: None }
/// }
/// ```
pub struct MasterList {
    entries: Vec<Vec<u8>>,
    signer: UntrustedCertificate,
    chain: Chain,
    signed_at: Option<OffsetDateTime>,
}

impl MasterList {
    /// The DER entries in their order.
    #[must_use]
    pub fn entries(&self) -> &[Vec<u8>] {
        &self.entries
    }

    /// Judges the entries against each other and against those `known`: [`judge_all`], and whoever is no country
    /// signer is refused, for the publisher vouches for country signers alone.
    #[must_use]
    pub fn judge(
        &self,
        known: &[UntrustedCertificate],
        at: OffsetDateTime,
        done: &mut dyn FnMut(usize),
    ) -> Vec<Judgement> {
        let mut judged = judge_all(&self.entries, known, at, done);
        for entry in &mut judged {
            match entry {
                Judgement::Accepted(accepted) if !accepted.kind.is_csca() => {
                    *entry =
                        Judgement::refuse(Some(accepted.certificate.clone()), Refusal::StatesNoAuthority);
                }
                _ => {}
            }
        }
        judged
    }

    /// Who signed the list.
    #[must_use]
    pub fn signer(&self) -> &UntrustedCertificate {
        &self.signer
    }

    /// The anchor that vouches for the signer.
    #[must_use]
    pub fn anchor(&self) -> &UntrustedCertificate {
        &self.chain.anchor
    }

    /// The keys on which belief in this list rests: the anchor's, the links', the signer's own.
    #[must_use]
    pub fn rests_on(&self) -> &[KeyFingerprint] {
        &self.chain.keys
    }

    /// When the signer says it signed.
    #[must_use]
    pub fn signed_at(&self) -> Option<OffsetDateTime> {
        self.signed_at
    }
}

impl fmt::Debug for MasterList {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("MasterList").field("entries", &self.entries.len()).finish_non_exhaustive()
    }
}
