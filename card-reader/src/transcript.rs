//! What did the station say the card said, and does a state vouch for it?

use std::fmt;

use pki::{
    ActiveAuthenticationKey, AuthenticDataGroup, DataGroupNumber, DigestAlgorithm, PassiveAuthentication,
    SecurityObject, Sha1Use, TrustStore, VerifiedCertificate,
};
use sha2::{Digest, Sha256};
use time::{Date, OffsetDateTime};
use zeroize::Zeroizing;

use crate::challenge::Challenge;
use crate::error::PresenceError;
use crate::lds::mrz::Mrz;
use crate::lds::security_infos::{ChipAuthenticationInfo, SecurityInfos};
use crate::profile::{CardProfile, NationalNumber};
use crate::tlv;

/// The files of one card as a station uploaded them (ce que le poste dit que la carte a dit). Unbelieved: anybody can send them.
#[derive(Clone, PartialEq, Eq)]
pub struct CardTranscript {
    /// Which conventions the station read the card by.
    pub profile: CardProfile,
    /// EF.CardAccess, unsigned.
    pub card_access: Option<Vec<u8>>,
    /// EF.SOD, `77 L ContentInfo`.
    pub sod: Vec<u8>,
    /// DG1, the MRZ, `61 L …`.
    pub dg1: Vec<u8>,
    /// DG14, the SecurityInfos of Chip Authentication, `6E L …`.
    pub dg14: Option<Vec<u8>>,
    /// DG15, the Active Authentication key, `6F L …`.
    pub dg15: Option<Vec<u8>>,
}

impl CardTranscript {
    /// Passive authentication (authentification passive, 9303-11 §5.1): the state that issued the card vouches for every file used.
    ///
    /// # Errors
    /// The signature, the chain, revocation, a hash, the MRZ or the date of expiry does not hold.
    pub fn authenticate(
        self,
        trust: &TrustStore,
        at: OffsetDateTime,
    ) -> Result<AuthenticCard, PresenceError> {
        let signed = SecurityObject::parse(&self.sod)?.verify_signature_with(trust)?;
        let vouched = signed.trust(trust, at)?;
        let dg1 = vouched.authenticate(DataGroupNumber::DG1, self.dg1)?;
        // Listed and withheld: a station could choose the weaker method for a card that way.
        let dg14 = listed(&vouched, DataGroupNumber::DG14, self.dg14)?;
        let dg15 = listed(&vouched, DataGroupNumber::DG15, self.dg15)?;

        let mrz = Mrz::from_dg1(dg1.content())?;
        issued_for(self.profile, vouched.signer(), &mrz)?;
        // Good through its last day, whatever the hour.
        if at.date() > mrz.expires_on() {
            return Err(PresenceError::DocumentExpired);
        }
        let national_number = self.profile.national_number(&mrz).ok_or(PresenceError::NoNationalNumber)?;
        let infos = match &dg14 {
            None => SecurityInfos::default(),
            Some(dg14) => {
                SecurityInfos::from_dg14(dg14.content()).map_err(|_| PresenceError::Malformed("DG14"))?
            }
        };
        if let Some(card_access) = &self.card_access {
            confirmed(card_access, &infos)?;
        }
        let active_authentication = match &dg15 {
            None => None,
            Some(dg15) => active_authentication(dg15, &infos)?,
        };
        let chip_authentication = infos.chip_authentication()?;
        // What holds the key by which the chip proves itself: the same rule as for the challenge.
        let proven_by = if chip_authentication.is_some() { &dg14 } else { &dg15 };
        Ok(AuthenticCard {
            profile: self.profile,
            mrz,
            national_number,
            dg1: Zeroizing::new(dg1.content().to_vec()),
            accepted_sha1: vouched.accepted_sha1().to_vec(),
            chip_authentication,
            active_authentication,
            signer: vouched.signer().clone(),
            chip: proven_by.as_ref().map(|group| sha256(group.content())),
            security_object: sha256(&self.sod),
        })
    }
}

/// Any pinned state could sign a card that bears our national numbers: only ours counts, and only for the documents that this signer
/// signs (documentTypeList, 9303-12 §7.1.1.6).
fn issued_for(profile: CardProfile, signer: &VerifiedCertificate, mrz: &Mrz) -> Result<(), PresenceError> {
    let (country, state) = profile.issuer();
    let ours = signer.certificate().country().as_deref() == Some(country) && mrz.issuing_state() == state;
    let code = mrz.document_code();
    let of_this_kind = signer
        .document_types()
        .is_none_or(|types| types.iter().any(|kind| kind.trim_end_matches('<') == code));
    if ours && of_this_kind { Ok(()) } else { Err(PresenceError::WrongIssuer) }
}

/// A data group that the state lists must be there and be the one; one that it does not list does not count.
fn listed(
    vouched: &PassiveAuthentication,
    number: DataGroupNumber,
    content: Option<Vec<u8>>,
) -> Result<Option<AuthenticDataGroup>, PresenceError> {
    match (vouched.lists(number), content) {
        (false, _) => Ok(None),
        (true, None) => Err(PresenceError::DataGroupWithheld),
        (true, Some(content)) => Ok(Some(vouched.authenticate(number, content)?)),
    }
}

/// Every PACE that the unsigned EF.CardAccess offers must be in DG14, if DG14 knows of PACE at all (9303-11 §9.2.11): otherwise
/// somebody between card and station invented a weaker one.
fn confirmed(card_access: &[u8], signed: &SecurityInfos) -> Result<(), PresenceError> {
    let infos = SecurityInfos::from_card_access(card_access)
        .map_err(|_| PresenceError::Malformed("EF.CardAccess"))?;
    let known = signed.pace().is_empty() || infos.pace().iter().all(|info| signed.pace().contains(info));
    if known { Ok(()) } else { Err(PresenceError::CardAccessContradicted) }
}

fn sha256(octets: &[u8]) -> [u8; 32] {
    Sha256::digest(octets).into()
}

/// The key of DG15 with the digest that DG14 names for it; `None` for a key of a kind we do not speak, and for one that signs with
/// ECDSA where no digest is named.
fn active_authentication(
    dg15: &AuthenticDataGroup,
    infos: &SecurityInfos,
) -> Result<Option<ActiveAuthentication>, PresenceError> {
    let spki = tlv::only(dg15.content(), 0x6f).map_err(|_| PresenceError::Malformed("DG15"))?;
    let named_digest = infos
        .active_authentication_algorithm()
        .and_then(|oid| DigestAlgorithm::from_plain_ecdsa_oid(&oid).ok());
    Ok(match ActiveAuthenticationKey::from_spki(spki) {
        Ok(ActiveAuthenticationKey::Ec(_)) if named_digest.is_none() => None,
        Ok(key) => Some(ActiveAuthentication { key, named_digest }),
        Err(_) => None,
    })
}

impl fmt::Debug for CardTranscript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CardTranscript({}, redacted)", self.profile)
    }
}

/// The chip's Active Authentication key and the digest that DG14 names for it: always for ECDSA, never needed for RSA.
pub(crate) struct ActiveAuthentication {
    pub(crate) key: ActiveAuthenticationKey,
    pub(crate) named_digest: Option<DigestAlgorithm>,
}

/// A card whose data a trusted state signed (données authentiques). The chip may still be a copy: see [`AuthenticCard::challenge`].
///
/// It cannot be written down by hand, only come out of [`CardTranscript::authenticate`]:
/// ```compile_fail,E0451
/// use card_reader::{AuthenticCard, CardProfile};
/// fn another_profile(card: AuthenticCard) -> AuthenticCard {
///     AuthenticCard { profile: CardProfile::Cnie2020, ..card }
/// }
/// ```
pub struct AuthenticCard {
    profile: CardProfile,
    mrz: Mrz,
    national_number: NationalNumber,
    dg1: Zeroizing<Vec<u8>>,
    accepted_sha1: Vec<Sha1Use>,
    chip_authentication: Option<ChipAuthenticationInfo>,
    active_authentication: Option<ActiveAuthentication>,
    signer: VerifiedCertificate,
    chip: Option<[u8; 32]>,
    security_object: [u8; 32],
}

impl AuthenticCard {
    /// Who signed its data, and what was known of that signer's revocation then.
    #[must_use]
    pub const fn signer(&self) -> &VerifiedCertificate {
        &self.signer
    }

    /// The card's generation.
    #[must_use]
    pub const fn profile(&self) -> CardProfile {
        self.profile
    }

    /// The national number, from where the profile says.
    #[must_use]
    pub const fn national_number(&self) -> &NationalNumber {
        &self.national_number
    }

    /// Number of the document, not of the person.
    #[must_use]
    pub fn document_number(&self) -> &str {
        self.mrz.document_number()
    }

    /// The machine-readable zone.
    #[must_use]
    pub const fn mrz(&self) -> &Mrz {
        &self.mrz
    }

    /// Last day on which the document is good.
    #[must_use]
    pub const fn expires_on(&self) -> Date {
        self.mrz.expires_on()
    }

    /// SHA-256 of the data group that holds the chip's public key: the same chip has it under whatever the state signs.
    #[must_use]
    pub const fn chip_digest(&self) -> Option<&[u8; 32]> {
        self.chip.as_ref()
    }

    /// SHA-256 of EF.SOD: what the state signed about this card, as it was handed over.
    #[must_use]
    pub const fn security_object_digest(&self) -> &[u8; 32] {
        &self.security_object
    }

    /// Where SHA-1 was believed on the way from the state to this card, because the trust store's policy says so.
    #[must_use]
    pub fn accepted_sha1(&self) -> &[Sha1Use] {
        &self.accepted_sha1
    }

    /// Makes a fresh challenge for this card: Chip Authentication if its DG14 offers one we speak, else Active Authentication.
    ///
    /// # Errors
    /// The card offers neither, or the machine has no random numbers.
    pub fn challenge(self) -> Result<Challenge, PresenceError> {
        Challenge::fresh(self)
    }

    pub(crate) fn dg1(&self) -> &[u8] {
        &self.dg1
    }

    pub(crate) const fn chip_authentication(&self) -> Option<&ChipAuthenticationInfo> {
        self.chip_authentication.as_ref()
    }

    pub(crate) const fn active_authentication(&self) -> Option<&ActiveAuthentication> {
        self.active_authentication.as_ref()
    }
}

impl fmt::Debug for AuthenticCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuthenticCard({}, redacted)", self.profile)
    }
}
