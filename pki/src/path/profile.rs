//! What is the certificate needed for? Profiles are data.

use super::PathReason;
use super::extensions::ANY_POLICY;
use crate::PkiError;
use der::asn1::ObjectIdentifier;

/// Bit of a key usage: digitalSignature.
pub(super) const DIGITAL_SIGNATURE: u8 = 0x80;
/// Bit of a key usage: keyCertSign.
pub(super) const CERT_SIGN: u8 = 0x04;
/// Bit of a key usage: cRLSign.
pub(super) const CRL_SIGN: u8 = 0x02;

/// id-kp-clientAuth.
const CLIENT_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");

/// Whom a profile names (nature du titulaire).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// Nobody in particular: RFC 5280 and nothing more.
    Anyone,
    /// A health professional with a card (professionnel de santé): X.520 serialNumber.
    Professional,
    /// A pharmacy, clinic or hospital (établissement): X.520 serialNumber and organizationIdentifier.
    Establishment,
    /// Whose identity card it is (titulaire de la carte): X.520 serialNumber, the person's national number.
    CardHolder,
}

/// What a certificate must be fit for (profil de certificat).
#[derive(Debug, Clone)]
pub struct Profile {
    pub(super) holder: Holder,
    /// Key usage bits that must be there, in an extension that must be there; 0: none needed.
    pub(super) key_usage: u8,
    /// Extended key usage that must be there, and that no authority above may leave out of its own.
    pub(super) purpose: Option<ObjectIdentifier>,
    pub(super) policies: PolicyWish,
}

/// The inputs of RFC 5280 §6.1.1 (c), (e), (f), (g).
#[derive(Debug, Clone, Default)]
pub(super) struct PolicyWish {
    /// user-initial-policy-set; none: anyPolicy.
    pub(super) acceptable: Option<Vec<ObjectIdentifier>>,
    pub(super) require_explicit: bool,
    pub(super) inhibit_mapping: bool,
    pub(super) inhibit_any: bool,
}

impl Profile {
    /// RFC 5280 alone: no usage, no purpose, no identity asked for.
    #[must_use]
    pub fn plain() -> Self {
        Self { holder: Holder::Anyone, key_usage: 0, purpose: None, policies: PolicyWish::default() }
    }

    /// The authentication certificate of a health professional's card: it signs challenges.
    #[must_use]
    pub fn professional() -> Self {
        Self {
            holder: Holder::Professional,
            key_usage: DIGITAL_SIGNATURE,
            purpose: Some(CLIENT_AUTH),
            policies: PolicyWish::default(),
        }
    }

    /// The authentication certificate on a person's own card: it signs challenges, once the PIN was presented.
    #[must_use]
    pub fn card_holder() -> Self {
        Self { holder: Holder::CardHolder, ..Self::professional() }
    }

    /// The TLS client certificate of an establishment.
    #[must_use]
    pub fn establishment() -> Self {
        Self { holder: Holder::Establishment, ..Self::professional() }
    }

    /// The same, and one of these policies (dotted) must hold along the whole path.
    pub fn with_policies(mut self, dotted: &[&str]) -> Result<Self, PathReason> {
        self.policies.acceptable = Some(oids(dotted)?);
        self.policies.require_explicit = true;
        Ok(self)
    }

    /// The inputs of RFC 5280 §6.1.1 as they stand there: user-initial-policy-set (none: any),
    /// initial-explicit-policy, initial-policy-mapping-inhibit, initial-any-policy-inhibit.
    pub fn with_policy_inputs(
        mut self,
        acceptable: Option<&[&str]>,
        require_explicit: bool,
        inhibit_mapping: bool,
        inhibit_any: bool,
    ) -> Result<Self, PathReason> {
        let acceptable = acceptable.map(oids).transpose()?.filter(|wished| !wished.contains(&ANY_POLICY));
        self.policies = PolicyWish { acceptable, require_explicit, inhibit_mapping, inhibit_any };
        Ok(self)
    }

    /// Whom it names.
    #[must_use]
    pub fn holder(&self) -> Holder {
        self.holder
    }
}

fn oids(dotted: &[&str]) -> Result<Vec<ObjectIdentifier>, PathReason> {
    let read = |oid: &&str| ObjectIdentifier::new(oid).map_err(|_| PkiError::Malformed("policy OID").into());
    dotted.iter().map(read).collect()
}
