//! Station, chip and gateway in one room: from PACE to the proof, and every way in which it must not come to a proof.

mod handed_over;
mod holder;
mod keys;
mod refusals;

use pki::issuing::{CertificateProfile, CountrySigner, DocumentSigner, SignatureScheme};
use pki::{TrustStore, UntrustedCertificate, UntrustedCrl};
use time::OffsetDateTime;
use time::macros::{date, datetime};

use super::*;
use crate::challenge::PresenceMethod;
use crate::error::PresenceError;
use crate::presence::PresenceProof;
use crate::profile::NationalNumber;
use crate::simulated::{Behaviour, CardFile, ChipMethods, Person, Sex, SimulatedCard};

const NOW: OffsetDateTime = datetime!(2026-11-22 10:00 UTC);
const CAN: &str = "272504";

/// A kingdom with one country signer and one document signer.
struct Kingdom {
    country: CountrySigner,
    signer: DocumentSigner,
}

impl Kingdom {
    fn new() -> Self {
        Self::of("MA")
    }

    fn of(country: &str) -> Self {
        let authority = CountrySigner::create(&profile(country, "CSCA")).unwrap();
        let signer = authority.issue_document_signer(&profile(country, "DS")).unwrap();
        Self { country: authority, signer }
    }

    fn trust(&self, revoked: &[&[u8]]) -> TrustStore {
        let crl =
            self.country.issue_crl(revoked, NOW - time::Duration::DAY, NOW + time::Duration::DAY).unwrap();
        let csca = UntrustedCertificate::from_der(self.country.certificate()).unwrap();
        TrustStore::new(vec![csca], vec![UntrustedCrl::from_der(&crl).unwrap()]).unwrap()
    }

    fn card(&self, methods: ChipMethods) -> CardFile {
        CardFile::personalise(&person(), CAN, methods, &self.signer).unwrap()
    }
}

fn profile(country: &str, name: &str) -> CertificateProfile {
    CertificateProfile {
        country: country.to_owned(),
        common_name: name.to_owned(),
        scheme: SignatureScheme::EcdsaP256,
        not_before: datetime!(2025-01-01 00:00 UTC),
        not_after: datetime!(2036-01-01 00:00 UTC),
    }
}

fn person() -> Person {
    Person {
        surname: "EL IDRISSI".to_owned(),
        given_names: "AMINA".to_owned(),
        birth_date: date!(1984 - 03 - 09),
        sex: Sex::Female,
        national_number: NationalNumber::parse("AB123456").unwrap(),
        document_number: "D23145890".to_owned(),
        expires_on: date!(2031 - 12 - 31),
    }
}

/// Why an act did not come to a proof.
#[derive(Debug, PartialEq)]
enum Failure {
    Card(CardError),
    Presence(PresenceError),
}

impl From<CardError> for Failure {
    fn from(error: CardError) -> Self {
        Self::Card(error)
    }
}

impl From<PresenceError> for Failure {
    fn from(error: PresenceError) -> Self {
        Self::Presence(error)
    }
}

/// The whole act at a counter; with the number of commands it took.
fn act(card: &mut SimulatedCard, trust: &TrustStore) -> Result<(PresenceProof, u32), Failure> {
    let can = Can::parse(CAN).unwrap();
    let mut conversation = Conversation::open(card, &can, CardProfile::Cnie2020)?;
    let transcript = conversation.read_transcript()?;
    let challenge = transcript.authenticate(trust, NOW)?.challenge()?;
    let responses = conversation.run(challenge.commands())?;
    Ok((challenge.prove(&responses, NOW)?, conversation.exchanges()))
}

fn misbehaving(mut file: CardFile, change: impl FnOnce(&mut Behaviour)) -> SimulatedCard {
    change(&mut file.behaviour);
    file.insert().unwrap()
}

#[test]
fn every_kind_of_honest_card_is_proven_in_few_commands() {
    let kingdom = Kingdom::new();
    let trust = kingdom.trust(&[]);
    for (methods, method) in [
        (ChipMethods::Active, PresenceMethod::ActiveAuthentication),
        (ChipMethods::Chip, PresenceMethod::ChipAuthentication),
        (ChipMethods::Both, PresenceMethod::ChipAuthentication),
    ] {
        for extended in [true, false] {
            let mut card =
                misbehaving(kingdom.card(methods), |behaviour| behaviour.extended_length = extended);
            let (proof, commands) = act(&mut card, &trust).unwrap();
            assert_eq!(proof.method(), method);
            assert_eq!(proof.proven_at(), NOW);
            assert_eq!(proof.card().national_number().expose(), "AB123456");
            assert_eq!(proof.card().document_number(), "D23145890");
            assert_eq!(proof.card().expires_on(), date!(2031 - 12 - 31));
            println!("{methods:?}, extended length {extended}: {commands} commands");
            assert!(commands <= 40, "{methods:?}, extended {extended}: {commands}");
        }
    }
}

#[test]
fn a_chip_that_takes_only_short_reads_is_stepped_down_to() {
    let kingdom = Kingdom::new();
    let trust = kingdom.trust(&[]);
    for naked in [false, true] {
        for extended in [false, true] {
            let mut card = misbehaving(kingdom.card(ChipMethods::Chip), |behaviour| {
                behaviour.most_read = Some(200);
                behaviour.naked_length_errors = naked;
                behaviour.extended_length = extended;
            });
            let (_, commands) = act(&mut card, &trust).unwrap();
            println!(
                "at most 200 bytes, naked refusal {naked}, extended length {extended}: {commands} commands"
            );
            assert!(commands <= 40, "naked {naked}, extended {extended}: {commands}");
        }
    }
}

#[test]
fn the_face_is_read_as_it_is() {
    let file = Kingdom::new().card(ChipMethods::Chip);
    let face = file.files.dg2.clone().unwrap().0;
    let mut card = file.insert().unwrap();
    let mut conversation =
        Conversation::open(&mut card, &Can::parse(CAN).unwrap(), CardProfile::Cnie2020).unwrap();
    conversation.read_transcript().unwrap();
    assert_eq!(conversation.read_face(), Ok(face));
}

#[test]
fn a_card_file_survives_json_and_refuses_unknown_fields() {
    let kingdom = Kingdom::new();
    let json = kingdom.card(ChipMethods::Both).to_json().unwrap();
    let mut card = SimulatedCard::from_json(&json).unwrap();
    act(&mut card, &kingdom.trust(&[])).unwrap();
    assert!(SimulatedCard::from_json(&json.replacen("\"can\"", "\"cann\"", 1)).is_err());
    assert!(SimulatedCard::from_json(&json.replacen(CAN, "12345", 1)).is_err());
    assert!(SimulatedCard::from_json(&json.replacen("cnie-2020", "cnie-1999", 1)).is_err());
}

#[test]
fn nothing_personal_is_shown_by_debug() {
    let kingdom = Kingdom::new();
    let file = kingdom.card(ChipMethods::Both);
    let mut card = file.clone().insert().unwrap();
    let can = Can::parse(CAN).unwrap();
    let mut conversation = Conversation::open(&mut card, &can, CardProfile::Cnie2020).unwrap();
    let transcript = conversation.read_transcript().unwrap();
    let mut shown = format!("{file:?} {can:?} {transcript:?}");
    let challenge = transcript.authenticate(&kingdom.trust(&[]), NOW).unwrap().challenge().unwrap();
    let responses = conversation.run(challenge.commands()).unwrap();
    shown += &format!("{challenge:?} {:?} {responses:?}", challenge.commands());
    let proof = challenge.prove(&responses, NOW).unwrap();
    shown += &format!(
        "{proof:?} {:?} {:?} {:?}",
        proof.card(),
        proof.card().mrz(),
        proof.card().national_number()
    );
    for secret in [CAN, "AB123456", "D23145890", "IDRISSI", "AMINA", "840309"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}
