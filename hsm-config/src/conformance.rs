//! Does this signer keep every promise of the trait?
//!
//! Run against every implementation: the key file here, and whatever holds keys elsewhere.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

use time::{Duration, OffsetDateTime};

use crate::{HsmError, KeyJob, KeyRole, Signer};

/// Asks a signer everything that the rest of Bawaba relies on, at a time at which its keys are in use.
///
/// # Errors
/// One sentence: the first promise that is not kept, and by which key.
pub fn check(signer: &dyn Signer, at: OffsetDateTime) -> Result<(), String> {
    for role in KeyRole::ALL {
        match role.job() {
            KeyJob::Sign => signs(signer, role, at)?,
            KeyJob::Mac => authenticates(signer, role)?,
            KeyJob::Seal => seals(signer, role)?,
        }
        refuses_other_jobs(signer, role, at)?;
    }
    keys_differ(signer, at)
}

fn signs(signer: &dyn Signer, role: KeyRole, at: OffsetDateTime) -> Result<(), String> {
    let published = signer.published(role, at).map_err(|cause| failed(role, &cause))?;
    let current = signer.current(role, at).map_err(|cause| failed(role, &cause))?;
    let newest = published.iter().filter(|key| key.signs_from <= at).max_by_key(|key| key.signs_from);
    expect(newest.map(|newest| &newest.key) == Some(&current), role, "is not the newest that is published")?;
    for key in &published {
        expect(key.is_published(at), role, "is shown after its time")?;
        let twice = published.iter().filter(|other| other.key.kid() == key.key.kid()).count() > 1;
        expect(!twice, role, "is published twice under one name")?;
        let key = &key.key;
        expect(key.sec1_uncompressed().starts_with(&[4]), role, "has no uncompressed public point")?;
        expect(key.kid().len() == 43, role, "is not named by a SHA-256 thumbprint")?;
    }
    for message in [&b""[..], b"message", &[0xff; 10_000]] {
        let signature = signer.sign(role, current.kid(), message).map_err(|cause| failed(role, &cause))?;
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, current.sec1_uncompressed());
        expect(public.verify(message, &signature).is_ok(), role, "signs what its public key refuses")?;
        expect(public.verify(b"another message", &signature).is_err(), role, "signs for any message")?;
    }
    let strange = signer.sign(role, "of another gateway", b"message");
    expect(
        matches!(strange, Err(HsmError::UnknownKey { .. })),
        role,
        "signs under a name that is not its own",
    )?;
    let again = signer.current(role, at).map_err(|cause| failed(role, &cause))?;
    expect(again == current, role, "changed between two calls")?;
    // Before the first of them signs, none of them does: a clock that is far off must not pass unnoticed.
    let first = published.iter().map(|key| key.signs_from).min().unwrap_or(at);
    match signer.current(role, first.saturating_sub(Duration::seconds(1))) {
        Err(HsmError::NoCurrentKey { .. }) => Ok(()),
        Ok(older) => expect(published.iter().all(|key| key.key != older), role, "signs before its time"),
        Err(cause) => Err(failed(role, &cause)),
    }
}

fn authenticates(signer: &dyn Signer, role: KeyRole) -> Result<(), String> {
    let mac = |message: &[u8]| signer.mac(role, message).map_err(|cause| failed(role, &cause));
    expect(mac(b"message")? == mac(b"message")?, role, "gives one message two codes")?;
    expect(mac(b"message")? != mac(b"another")?, role, "gives two messages one code")?;
    expect(mac(b"")? != [0; 32], role, "gives no code")
}

fn seals(signer: &dyn Signer, role: KeyRole) -> Result<(), String> {
    let seal = |text: &[u8]| signer.seal(role, text, b"row 1").map_err(|cause| failed(role, &cause));
    for text in [&b""[..], b"identifier", &[7; 10_000]] {
        let sealed = seal(text)?;
        expect(sealed.len() == text.len() + 28, role, "does not seal as nonce, text and tag")?;
        let opened = signer.open(role, &sealed, b"row 1").map_err(|cause| failed(role, &cause))?;
        expect(opened.as_slice() == text, role, "does not give back what it sealed")?;
        expect(refused(signer.open(role, &sealed, b"row 2")), role, "opens for another row")?;
        for position in [0, 11, 12, sealed.len().saturating_sub(1)] {
            let mut changed = sealed.clone();
            if let Some(byte) = changed.get_mut(position) {
                *byte ^= 1;
            }
            expect(refused(signer.open(role, &changed, b"row 1")), role, "opens what was changed")?;
        }
    }
    for short in [&b""[..], &[0; 11], &[0; 27]] {
        expect(refused(signer.open(role, short, b"row 1")), role, "opens too little")?;
    }
    expect(seal(b"identifier")? != seal(b"identifier")?, role, "seals twice under one nonce")
}

fn refuses_other_jobs(signer: &dyn Signer, role: KeyRole, at: OffsetDateTime) -> Result<(), String> {
    let wrong = |result: Result<(), HsmError>| matches!(result, Err(HsmError::WrongRole { .. }));
    let job = role.job();
    if job != KeyJob::Sign {
        expect(wrong(signer.sign(role, "", b"message").map(drop)), role, "signs")?;
        expect(wrong(signer.published(role, at).map(drop)), role, "has public keys")?;
        expect(wrong(signer.current(role, at).map(drop)), role, "has a public key")?;
    }
    if job != KeyJob::Mac {
        expect(wrong(signer.mac(role, b"message").map(drop)), role, "authenticates")?;
    }
    if job != KeyJob::Seal {
        expect(wrong(signer.seal(role, b"text", b"").map(drop)), role, "seals")?;
        expect(wrong(signer.open(role, &[0; 40], b"").map(drop)), role, "opens")?;
    }
    Ok(())
}

/// One key one job: no two roles have the same key.
fn keys_differ(signer: &dyn Signer, at: OffsetDateTime) -> Result<(), String> {
    let mut seen = Vec::new();
    for role in KeyRole::ALL {
        let trace = match role.job() {
            KeyJob::Sign => signer.current(role, at).map(|key| key.sec1_uncompressed().to_vec()),
            KeyJob::Mac => signer.mac(role, b"trace").map(Vec::from),
            KeyJob::Seal => {
                let sealed = signer.seal(role, b"trace", b"").map_err(|cause| failed(role, &cause))?;
                for other in KeyRole::ALL.into_iter().filter(|other| other.job() == KeyJob::Seal) {
                    let opened = signer.open(other, &sealed, b"").is_ok();
                    expect(opened == (other == role), role, "is also the key of another role")?;
                }
                continue;
            }
        };
        let trace = trace.map_err(|cause| failed(role, &cause))?;
        expect(!seen.contains(&trace), role, "is also the key of another role")?;
        seen.push(trace);
    }
    Ok(())
}

fn refused<T>(result: Result<T, HsmError>) -> bool {
    matches!(result, Err(HsmError::NotSealedHere { .. }))
}

fn expect(kept: bool, role: KeyRole, otherwise: &str) -> Result<(), String> {
    if kept { Ok(()) } else { Err(format!("the {role} key {otherwise}")) }
}

fn failed(role: KeyRole, cause: &HsmError) -> String {
    format!("the {role} key failed: {cause}")
}
