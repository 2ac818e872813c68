//! What must the holder's card do, and did it?

use std::fmt;

use pki::path::VerifiedHolder;
use pki::{Budget, PathValidator, PkiError, Profile, UntrustedCertificate};
use time::OffsetDateTime;

use super::{HolderApplication, HolderError};
use crate::apdu::{ApduError, CommandApdu, ResponseApdu, SHORT_ANSWER, StatusWord};
use crate::profile::{CardProfile, NationalNumber};
use crate::tlv::{self, TlvHeader};

/// The most plain bytes whose secured form fits a short answer: 223 + 1 of padding, 33 of objects.
const BLOCK: u16 = 223;
/// Blocks of a certificate that are asked for: 2.6 KB, twice what a certificate of an RSA key takes.
const BLOCKS: u16 = 12;
/// SELECT, the mark for the PIN, MSE:SET AT, INTERNAL AUTHENTICATE; then the certificate's blocks.
const SELECT: usize = 0;
const VERIFY: usize = 1;
const SET_AT: usize = 2;
const SIGN: usize = 3;
const READ: usize = 4;

/// Commands that only the holder's card can answer, once the holder has typed the PIN (défi au titulaire). Spent by
/// [`HolderChallenge::prove`].
///
/// The certificate is read last: a read beyond its end is refused by the card, and with the first refusal a station stops.
pub struct HolderChallenge {
    challenge: [u8; 32],
    profile: CardProfile,
}

/// The holder of this certificate was here, typed the PIN, and the card signed our challenge (preuve d'accord du titulaire).
///
/// Its only maker is [`HolderChallenge::prove`]:
/// ```compile_fail,E0451
/// use card_reader::holder::HolderProof;
/// fn forged(holder: pki::path::VerifiedHolder, number: card_reader::NationalNumber, at: time::OffsetDateTime) -> HolderProof {
///     HolderProof { holder, number, proven_at: at }
/// }
/// ```
/// and it cannot be kept and used twice:
/// ```compile_fail,E0599
/// fn twice(proof: card_reader::holder::HolderProof) -> [card_reader::holder::HolderProof; 2] {
///     [proof.clone(), proof]
/// }
/// ```
pub struct HolderProof {
    holder: VerifiedHolder,
    number: NationalNumber,
    proven_at: OffsetDateTime,
}

impl HolderChallenge {
    /// A challenge for a card of that generation. The 32 octets are signed as they are, so whoever makes them binds them to all that
    /// the answer shall count for.
    #[must_use]
    pub const fn over(challenge: [u8; 32], profile: CardProfile) -> Self {
        Self { challenge, profile }
    }

    /// What the station runs on the card, in this order; the VERIFY without data is where the holder types the PIN.
    ///
    /// # Errors
    /// Never in practice: every field is short.
    pub fn commands(&self) -> Result<Vec<CommandApdu>, ApduError> {
        let application = self.profile.holder_application();
        let HolderApplication { aid, certificate, key_reference, algorithm, .. } = application;
        let select = CommandApdu::new(0x00, 0xa4, 0x04, 0x0c).with_data(aid)?;
        let reference = [tlv::encode(0x80, &[algorithm]), tlv::encode(0x84, &[key_reference])].concat();
        let set_at = CommandApdu::new(0x00, 0x22, 0x41, 0xa4).with_data(reference)?;
        let sign =
            CommandApdu::new(0x00, 0x88, 0x00, 0x00).with_data(self.challenge)?.expecting(SHORT_ANSWER);
        let mut commands = vec![select, application.verify(), set_at, sign];
        commands.push(CommandApdu::new(0x00, 0xb0, 0x80 | certificate, 0x00).expecting(u32::from(BLOCK)));
        commands.extend((1..BLOCKS).map(|block| {
            let [high, low] = (block * BLOCK).to_be_bytes();
            CommandApdu::new(0x00, 0xb0, high, low).expecting(u32::from(BLOCK))
        }));
        Ok(commands)
    }

    /// Judges the answers, one per command, the last a refusal if there was one. Takes the challenge by value: it is spent, whatever
    /// comes out.
    ///
    /// # Errors
    /// The card refused a step, the certificate is not one of a holder whom an authority of `authorities` certified for `wanted`, or
    /// its key did not sign this challenge.
    pub fn prove(
        self,
        responses: &[ResponseApdu],
        authorities: &PathValidator,
        wanted: &Profile,
        at: OffsetDateTime,
    ) -> Result<HolderProof, HolderError> {
        let signature = steps(responses)?;
        let certificate = certificate(responses.get(READ..).unwrap_or_default())?;
        let path = authorities.validate(certificate, wanted, at, Budget::default())?;
        let holder = VerifiedHolder::from_path(path).map_err(HolderError::Untrusted)?;
        let number = self.profile.holder_number(holder.identity().serial_number());
        let number = number.ok_or(HolderError::NotAHolder)?;
        match holder.signed(&self.challenge, signature) {
            Ok(_) => Ok(HolderProof { holder, number, proven_at: at }),
            Err(PkiError::Internal) => Err(HolderError::Certificate(PkiError::Internal)),
            Err(_) => Err(HolderError::SignatureWrong),
        }
    }
}

/// The signature, if every step before the reads went well. Which step did not is told exactly: it is the holder's to mend.
fn steps(responses: &[ResponseApdu]) -> Result<&[u8], HolderError> {
    if responses.len() > READ + usize::from(BLOCKS) {
        return Err(HolderError::AnswersMissing);
    }
    let answer = |step: usize| responses.get(step).ok_or(HolderError::AnswersMissing);
    match answer(SELECT)?.sw {
        StatusWord::OK => {}
        StatusWord::FILE_NOT_FOUND => return Err(HolderError::NoApplication),
        sw => return Err(HolderError::ChipRefused(sw)),
    }
    let verified = answer(VERIFY)?.sw;
    match verified.tries_left() {
        _ if verified.is_ok() => {}
        Some(0) => return Err(HolderError::PinBlocked),
        tries_left if tries_left.is_some() || verified == StatusWord::AUTHENTICATION_FAILED => {
            return Err(HolderError::PinWrong { tries_left });
        }
        _ => return Err(HolderError::ChipRefused(verified)),
    }
    for step in [SET_AT, SIGN] {
        let sw = answer(step)?.sw;
        if !sw.is_ok() {
            return Err(HolderError::ChipRefused(sw));
        }
    }
    Ok(&answer(SIGN)?.data)
}

/// The certificate of the blocks that came, up to the end that its own header names.
fn certificate(blocks: &[ResponseApdu]) -> Result<UntrustedCertificate, HolderError> {
    let mut der: Vec<u8> = blocks.iter().flat_map(|block| block.data.iter().copied()).collect();
    let malformed = HolderError::Certificate(PkiError::Malformed("certificate"));
    let header = TlvHeader::parse(&der).map_err(|_| HolderError::AnswersMissing)?;
    if header.tag != 0x30 {
        return Err(malformed);
    }
    if der.len() < header.total_length() {
        return Err(HolderError::AnswersMissing);
    }
    der.truncate(header.total_length());
    UntrustedCertificate::from_der(&der).map_err(HolderError::Certificate)
}

impl HolderProof {
    /// Who vouches for the key that signed.
    #[must_use]
    pub const fn holder(&self) -> &VerifiedHolder {
        &self.holder
    }

    /// Whose card it was: the number for the registry's index.
    #[must_use]
    pub const fn national_number(&self) -> &NationalNumber {
        &self.number
    }

    /// When the answers were judged.
    #[must_use]
    pub const fn proven_at(&self) -> OffsetDateTime {
        self.proven_at
    }
}

impl fmt::Debug for HolderProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HolderProof(redacted, at {})", self.proven_at)
    }
}

impl fmt::Debug for HolderChallenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HolderChallenge({})", self.profile)
    }
}
