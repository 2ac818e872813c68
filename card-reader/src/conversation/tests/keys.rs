//! The whole act with every kind of key that a chip may prove itself with, and with copies that have another.

use pki::issuing::{ChipCurve, ChipKeyKind, ParametersForm};

use super::*;
use crate::crypto::Cipher;
use crate::simulated::ChipProfile;

impl Kingdom {
    fn card_with(&self, methods: ChipMethods, profile: &ChipProfile) -> CardFile {
        CardFile::personalise_with(&person(), CAN, methods, profile, &self.signer).unwrap()
    }
}

/// The honest card is proven; its copy is told.
fn prove(kingdom: &Kingdom, trust: &TrustStore, methods: ChipMethods, profile: &ChipProfile) {
    let file = kingdom.card_with(methods, profile);
    // A card file is JSON: what is proven is what was kept.
    let kept = CardFile::from_json(&file.to_json().unwrap()).unwrap();
    let (proof, commands) =
        act(&mut kept.insert().unwrap(), trust).unwrap_or_else(|error| panic!("{profile:?}: {error:?}"));
    let expected = match methods {
        ChipMethods::Active => PresenceMethod::ActiveAuthentication,
        _ => PresenceMethod::ChipAuthentication,
    };
    assert_eq!(proof.method(), expected);
    assert!(commands <= 40, "{profile:?}: {commands} commands");
    let mut copy = misbehaving(file, |behaviour| behaviour.clone = true);
    assert_eq!(
        act(&mut copy, trust).unwrap_err(),
        Failure::Presence(PresenceError::ChipNotGenuine),
        "{profile:?}"
    );
}

#[test]
fn chip_authentication_over_every_curve_and_in_every_form() {
    let kingdom = Kingdom::new();
    let trust = kingdom.trust(&[]);
    for curve in ChipCurve::ALL {
        for form in [ParametersForm::Named, ParametersForm::Explicit, ParametersForm::Standardised] {
            let profile = ChipProfile { chip: ChipKeyKind::Ec(curve), form, ..Default::default() };
            prove(&kingdom, &trust, ChipMethods::Chip, &profile);
        }
    }
}

#[test]
fn chip_authentication_in_every_group() {
    let kingdom = Kingdom::new();
    let trust = kingdom.trust(&[]);
    for number in 0..3 {
        for form in [ParametersForm::Named, ParametersForm::Explicit, ParametersForm::Standardised] {
            let profile = ChipProfile { chip: ChipKeyKind::Dh(number), form, ..Default::default() };
            prove(&kingdom, &trust, ChipMethods::Chip, &profile);
        }
    }
}

/// Chips of other states: brainpoolP256r1 most of them, and some offer several curves.
#[test]
fn pace_over_every_curve() {
    let kingdom = Kingdom::new();
    let trust = kingdom.trust(&[]);
    let alone: [&[u8]; 9] = [&[10], &[11], &[12], &[13], &[14], &[15], &[16], &[17], &[18]];
    let several: [&[u8]; 2] = [&[12, 13], &[13, 12, 18]];
    for pace in alone.into_iter().chain(several) {
        prove(&kingdom, &trust, ChipMethods::Chip, &ChipProfile { pace, ..Default::default() });
    }
}

/// With 3DES by MSE:Set KAT, also where DG14 has nothing but a key.
#[test]
fn chip_authentication_with_every_cipher_announced_or_not() {
    let kingdom = Kingdom::new();
    let trust = kingdom.trust(&[]);
    let keys = [ChipCurve::P256, ChipCurve::BrainpoolP256r1, ChipCurve::P521].map(ChipKeyKind::Ec);
    for chip in keys.into_iter().chain([ChipKeyKind::Dh(2)]) {
        for cipher in [Cipher::TripleDes, Cipher::Aes128, Cipher::Aes192, Cipher::Aes256] {
            let profile = ChipProfile { chip, cipher, ..Default::default() };
            prove(&kingdom, &trust, ChipMethods::Chip, &profile);
        }
        let old = ChipProfile { chip, cipher: Cipher::TripleDes, unannounced: true, ..Default::default() };
        prove(&kingdom, &trust, ChipMethods::Chip, &old);
    }
}

#[test]
fn active_authentication_over_every_curve_and_with_rsa() {
    let kingdom = Kingdom::new();
    let trust = kingdom.trust(&[]);
    let curves = ChipCurve::ALL.map(ChipKeyKind::Ec);
    let rsa = [1024, 1280, 1792, 2048, 3072].map(ChipKeyKind::Rsa);
    for active in curves.into_iter().chain(rsa) {
        for form in [ParametersForm::Named, ParametersForm::Explicit] {
            prove(&kingdom, &trust, ChipMethods::Active, &ChipProfile { active, form, ..Default::default() });
        }
    }
}

/// 0.4 % of secrets begin with a zero byte: P-256 is run through 2,000 of them in PACE, here the others get some.
#[test]
fn many_rounds_agree_over_each_kind_of_key() {
    let kingdom = Kingdom::new();
    let trust = kingdom.trust(&[]);
    let curves = ChipCurve::ALL.map(ChipKeyKind::Ec);
    for chip in curves.into_iter().chain([ChipKeyKind::Dh(0)]) {
        let file = kingdom.card_with(ChipMethods::Chip, &ChipProfile { chip, ..Default::default() });
        for _ in 0..20 {
            act(&mut file.clone().insert().unwrap(), &trust).unwrap();
        }
    }
}
