//! How is a begun presence left where all nodes find it, and no one else can read it?
//!
//! Sealed for its id and its holder: what lies in the shared state is worth nothing to who reads it there, and nothing
//! can be exchanged for something else.

use card_reader::{CardTranscript, Challenge};
use pki::TrustStore;
use time::OffsetDateTime;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::pending::Begun;
use crate::problem::ProblemCode;
use crate::refusal::Refusal;
use crate::state::Envelope;

/// Form of what is sealed; another one is of another release.
const FORM: u8 = 1;

/// Octets of a card's files that are kept for a minute. EF.SOD with RSA-4096 has 10 KiB, the others less than 2 together.
const FILES_MAX: usize = 60 << 10;

/// Octets of everything else: the longest agreement is of DH-2048, the station has a short name.
const BESIDE_FILES: usize = 1 << 10;

/// Everything that another node needs, sealed.
pub(super) fn sealed(
    envelope: &Envelope,
    (id, holder): (Uuid, &str),
    begun: &Begun,
    files: &CardTranscript,
    at: OffsetDateTime,
) -> Result<Vec<u8>, Refusal> {
    let parts = [Some(&files.sod), Some(&files.dg1), files.dg14.as_ref(), files.dg15.as_ref()];
    let octets = parts.iter().flatten().map(|file| file.len()).sum::<usize>();
    if octets > FILES_MAX {
        return Err(Refusal::exactly(ProblemCode::CardRefused, "card-files-too-long"));
    }
    // Room for all of it at once: a growing buffer would leave copies of the secret behind.
    let mut parcel = Zeroizing::new(Vec::with_capacity(octets + BESIDE_FILES));
    parcel.push(FORM);
    write(&mut parcel, Some(&begun.expires_at.unix_timestamp_nanos().to_be_bytes()));
    write(&mut parcel, Some(begun.station.as_bytes()));
    write(&mut parcel, Some(files.profile.as_str().as_bytes()));
    write(&mut parcel, Some(&begun.challenge.put_down()));
    for file in parts {
        write(&mut parcel, file.map(Vec::as_slice));
    }
    envelope.seal(&parcel, &bound(id, holder), at).map_err(unusable)
}

/// Opens it. The card is authenticated again: its signer may have been revoked since, and this node answers for it.
pub(super) fn opened(
    envelope: &Envelope,
    (id, holder): (Uuid, &str),
    sealed: &[u8],
    trust: &TrustStore,
    at: OffsetDateTime,
) -> Result<Begun, Refusal> {
    let strange = || Refusal::exactly(ProblemCode::StateUnavailable, "presence-not-ours");
    let parcel = envelope.open(sealed, &bound(id, holder)).map_err(unusable)?;
    let (&form, mut rest) = parcel.split_first().ok_or_else(strange)?;
    if form != FORM {
        return Err(strange());
    }
    let mut next = || read(&mut rest).ok_or_else(strange);
    let text = |part: Option<&[u8]>| {
        part.and_then(|octets| std::str::from_utf8(octets).ok()).map(str::to_owned).ok_or_else(strange)
    };
    let expires_at = next()?.and_then(|octets| octets.try_into().ok()).map(i128::from_be_bytes);
    let expires_at = expires_at.and_then(|nanos| OffsetDateTime::from_unix_timestamp_nanos(nanos).ok());
    let expires_at = expires_at.ok_or_else(strange)?;
    let station = text(next()?)?;
    let profile = text(next()?)?.parse().map_err(|_| strange())?;
    let put_down = Zeroizing::new(next()?.ok_or_else(strange)?.to_vec());
    let mut file = || Ok::<_, Refusal>(next()?.map(<[u8]>::to_vec));
    let (sod, dg1, dg14, dg15) = (file()?, file()?, file()?, file()?);
    if !rest.is_empty() {
        return Err(strange());
    }
    let files = CardTranscript {
        profile,
        // Unsigned, and compared with the signed files when the presence began.
        card_access: None,
        sod: sod.ok_or_else(strange)?,
        dg1: dg1.ok_or_else(strange)?,
        dg14,
        dg15,
    };
    let challenge = Challenge::take_up(files.authenticate(trust, at)?, &put_down)?;
    Ok(Begun { challenge, station, expires_at })
}

/// Associated data: this presence, of this holder.
fn bound(id: Uuid, holder: &str) -> Vec<u8> {
    [b"presence\0".as_slice(), id.as_bytes(), holder.as_bytes()].concat()
}

/// Length and octets; `u32::MAX` for what is not there.
fn write(parcel: &mut Vec<u8>, part: Option<&[u8]>) {
    let length = part.map_or(u32::MAX, |part| u32::try_from(part.len()).unwrap_or(u32::MAX));
    parcel.extend(length.to_be_bytes());
    parcel.extend(part.unwrap_or_default());
}

/// None: cut short. `Some(None)`: not there.
fn read<'a>(rest: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    let (length, behind) = rest.split_first_chunk::<4>()?;
    let length = u32::from_be_bytes(*length);
    if length == u32::MAX {
        *rest = behind;
        return Some(None);
    }
    let (part, behind) = behind.split_at_checked(usize::try_from(length).ok()?)?;
    *rest = behind;
    Some(Some(part))
}

/// The key is away; or somebody else wrote what lies there.
fn unusable(error: hsm_config::HsmError) -> Refusal {
    tracing::error!(code = error.code(), "presence not sealed or not opened");
    match error {
        hsm_config::HsmError::NotSealedHere { .. } => {
            Refusal::exactly(ProblemCode::StateUnavailable, "presence-not-ours")
        }
        error => Refusal::exactly(ProblemCode::SignerUnavailable, error.code()),
    }
}
