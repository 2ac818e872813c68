//! Does the signer of a list stand below an anchor of the operator's? From the anchor along key roll-over links.

use super::{KeyFingerprint, Refusal};
use crate::asn1::Element;
use crate::key::PublicKey;
use crate::{PkiError, UntrustedCertificate, limits};
use der::asn1::ObjectIdentifier;
use time::OffsetDateTime;

const EXTENDED_KEY_USAGE: &str = "2.5.29.37";
const MASTER_LIST_SIGNER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.136.1.1.3");

/// How the signer came to be believed.
pub(super) struct Chain {
    pub(super) anchor: UntrustedCertificate,
    pub(super) keys: Vec<KeyFingerprint>,
}

/// A key that the anchor vouches for, directly or over links.
struct Vouched {
    key: PublicKey,
    chain: Vec<KeyFingerprint>,
}

/// The chain from one of `anchors` to `signer` at the moment `at`.
pub(super) fn chain_to(
    anchors: &[UntrustedCertificate],
    signer: &UntrustedCertificate,
    links: Vec<UntrustedCertificate>,
    at: OffsetDateTime,
) -> Result<Chain, Refusal> {
    usage(signer)?;
    signer.valid_at(at).map_err(Refusal::of_list)?;
    let own = KeyFingerprint::of_certificate(signer).ok_or(Refusal::UnsupportedAlgorithm)?;
    if let Some(anchor) = anchors.iter().find(|anchor| anchor.der() == signer.der()) {
        return Ok(Chain { anchor: anchor.clone(), keys: vec![own] });
    }
    let mut refusal = Refusal::ListNotAnchored;
    for anchor in anchors {
        match below(anchor, signer, &links, at) {
            Ok(mut keys) => {
                keys.push(own);
                return Ok(Chain { anchor: anchor.clone(), keys });
            }
            Err(Refusal::ListNotAnchored) => {}
            Err(other) => refusal = other,
        }
    }
    Err(refusal)
}

/// The keys between this anchor and the signer, the anchor's first.
fn below(
    anchor: &UntrustedCertificate,
    signer: &UntrustedCertificate,
    links: &[UntrustedCertificate],
    at: OffsetDateTime,
) -> Result<Vec<KeyFingerprint>, Refusal> {
    if anchor.country() != signer.country() || anchor.csca_kind().is_err() {
        return Err(Refusal::ListNotAnchored);
    }
    let key = anchor.public_key().map_err(|_| Refusal::ListNotAnchored)?;
    let first = KeyFingerprint::of(&key).ok_or(Refusal::ListNotAnchored)?;
    let mut vouched = vec![Vouched { key, chain: vec![first] }];
    let mut open: Vec<&UntrustedCertificate> =
        links.iter().filter(|link| link.csca_kind().is_ok() && link.valid_at(at).is_ok()).collect();
    open.truncate(limits::ISSUER_TRIES);
    // Each round finds a new key or is the last; a loop of links finds none.
    for _ in 0..limits::LINK_DEPTH {
        if let Some(found) = vouched.iter().find(|vouched| signer.signed_with(&vouched.key).is_ok()) {
            anchor.valid_at(at).map_err(|_| Refusal::AnchorExpired)?;
            return Ok(found.chain.clone());
        }
        let before = vouched.len();
        let mut left = Vec::new();
        for link in open {
            match next(link, &vouched) {
                Some(reached) => vouched.push(reached),
                None => left.push(link),
            }
        }
        open = left;
        if vouched.len() == before {
            break;
        }
    }
    Err(Refusal::ListNotAnchored)
}

/// The key of `link`, if one that is vouched for signed it.
fn next(link: &UntrustedCertificate, vouched: &[Vouched]) -> Option<Vouched> {
    let by = vouched.iter().find(|vouched| link.signed_with(&vouched.key).is_ok())?;
    let key = link.public_key().ok()?;
    let fingerprint = KeyFingerprint::of(&key)?;
    let known = vouched.iter().any(|vouched| vouched.chain.last() == Some(&fingerprint));
    let chain = by.chain.iter().copied().chain([fingerprint]).collect();
    (!known).then_some(Vouched { key, chain })
}

/// Doc 9303-12 §7.1 table 5: a master list signer signs, is no authority, and is certified for master lists.
fn usage(signer: &UntrustedCertificate) -> Result<(), Refusal> {
    let extensions = signer.extensions();
    let signs = extensions.key_usage.as_ref().is_some_and(|usage| usage.digital_signature());
    let for_lists = purposes(signer).map_err(|_| Refusal::MalformedExtension)?.contains(&MASTER_LIST_SIGNER);
    if !signer.is_v3() || !signs || !for_lists || extensions.authority || extensions.unknown_critical {
        return Err(Refusal::ListSignerWrongUsage);
    }
    let key = signer.public_key().map_err(Refusal::of_certificate)?;
    key.strong_enough().map_err(|_| Refusal::KeyTooShort)
}

/// ExtKeyUsageSyntax ::= SEQUENCE OF OBJECT IDENTIFIER.
fn purposes(certificate: &UntrustedCertificate) -> Result<Vec<ObjectIdentifier>, PkiError> {
    let extensions = certificate.fields().extensions().map_or(&[][..], Vec::as_slice);
    let Some(found) = extensions.iter().find(|one| one.extn_id.to_string() == EXTENDED_KEY_USAGE) else {
        return Ok(Vec::new());
    };
    let list = Element::only(found.extn_value.as_bytes(), "extended key usage")?.sequence()?;
    list.rest(limits::EXTENSIONS)?.iter().map(Element::oid).collect()
}
