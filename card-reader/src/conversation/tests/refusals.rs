//! What must not come to a proof, and what each is called.

use pki::issuing::DocumentSignerOptions;

use super::*;
use crate::apdu::StatusWord;
use crate::transport::TransportError;

fn refused(card: &mut SimulatedCard, trust: &TrustStore) -> PresenceError {
    match act(card, trust) {
        Err(Failure::Presence(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_clone_is_not_genuine() {
    let kingdom = Kingdom::new();
    for methods in [ChipMethods::Active, ChipMethods::Chip, ChipMethods::Both] {
        let mut card = misbehaving(kingdom.card(methods), |behaviour| behaviour.clone = true);
        let error = refused(&mut card, &kingdom.trust(&[]));
        assert_eq!(error, PresenceError::ChipNotGenuine, "{methods:?}");
        assert!(error.suggests_clone());
    }
}

#[test]
fn a_chip_without_any_method_cannot_prove() {
    let kingdom = Kingdom::new();
    let mut card = kingdom.card(ChipMethods::None).insert().unwrap();
    assert_eq!(refused(&mut card, &kingdom.trust(&[])), PresenceError::CannotProve);
}

#[test]
fn a_changed_data_group_is_found() {
    let kingdom = Kingdom::new();
    let mut card = misbehaving(kingdom.card(ChipMethods::Chip), |behaviour| behaviour.tampered_dg1 = true);
    assert_eq!(refused(&mut card, &kingdom.trust(&[])).code(), "data-group-changed");
}

#[test]
fn the_security_object_of_another_card_is_found() {
    let kingdom = Kingdom::new();
    let mut file = kingdom.card(ChipMethods::Chip);
    file.files.sod = kingdom.card(ChipMethods::Chip).files.sod;
    // The same person twice: DG1 is equal, the chips' keys are not.
    assert_eq!(refused(&mut file.insert().unwrap(), &kingdom.trust(&[])).code(), "data-group-changed");
}

#[test]
fn unknown_revoked_and_foreign_signers_are_refused() {
    let kingdom = Kingdom::new();
    let card = || kingdom.card(ChipMethods::Chip).insert().unwrap();
    assert_eq!(refused(&mut card(), &Kingdom::new().trust(&[])).code(), "signer-untrusted");
    assert_eq!(refused(&mut card(), &kingdom.trust(&[kingdom.signer.serial()])).code(), "signer-revoked");
    let abroad = Kingdom::of("DE");
    let mut foreign = abroad.card(ChipMethods::Chip).insert().unwrap();
    assert_eq!(refused(&mut foreign, &abroad.trust(&[])), PresenceError::WrongIssuer);
}

#[test]
fn a_signer_of_other_documents_is_refused() {
    let kingdom = Kingdom::new();
    let card = |types: &[&str]| {
        let options = DocumentSignerOptions {
            document_types: types.iter().map(|kind| (*kind).to_owned()).collect(),
            ..DocumentSignerOptions::default()
        };
        let signer = kingdom.country.issue_document_signer_with(&profile("MA", "DS"), &options).unwrap();
        CardFile::personalise(&person(), CAN, ChipMethods::Chip, &signer).unwrap().insert().unwrap()
    };
    assert!(act(&mut card(&["P", "I"]), &kingdom.trust(&[])).is_ok());
    assert_eq!(refused(&mut card(&["P"]), &kingdom.trust(&[])), PresenceError::WrongIssuer);
}

#[test]
fn a_document_is_good_through_its_last_day() {
    let kingdom = Kingdom::new();
    let mut last_day = person();
    last_day.expires_on = NOW.date();
    let mut expired = person();
    expired.expires_on = NOW.date().previous_day().unwrap();
    let card = |person| {
        CardFile::personalise(person, CAN, ChipMethods::Chip, &kingdom.signer).unwrap().insert().unwrap()
    };
    assert!(act(&mut card(&last_day), &kingdom.trust(&[])).is_ok());
    assert_eq!(refused(&mut card(&expired), &kingdom.trust(&[])), PresenceError::DocumentExpired);
}

fn transcript_of(card: &mut SimulatedCard) -> CardTranscript {
    Conversation::open(card, &Can::parse(CAN).unwrap(), CardProfile::Cnie2020)
        .unwrap()
        .read_transcript()
        .unwrap()
}

#[test]
fn a_station_can_neither_withhold_nor_invent_files() {
    let kingdom = Kingdom::new();
    let trust = kingdom.trust(&[]);
    let honest = transcript_of(&mut kingdom.card(ChipMethods::Both).insert().unwrap());
    let withheld = CardTranscript { dg14: None, ..honest.clone() };
    assert_eq!(withheld.authenticate(&trust, NOW).err(), Some(PresenceError::DataGroupWithheld));
    // A PACE over P-256 with AES-256 that the signed DG14 does not know.
    let invented = hex::decode("31143012060a04007f0007020204020402010202010c").unwrap();
    let contradicted = CardTranscript { card_access: Some(invented), ..honest.clone() };
    assert_eq!(contradicted.authenticate(&trust, NOW).err(), Some(PresenceError::CardAccessContradicted));
    // A DG15 that the EF.SOD does not list does not count: the card still has no method.
    let bare = transcript_of(&mut kingdom.card(ChipMethods::None).insert().unwrap());
    let added = CardTranscript { dg15: honest.dg15, ..bare };
    assert_eq!(added.authenticate(&trust, NOW).unwrap().challenge().err(), Some(PresenceError::CannotProve));
}

#[test]
fn answers_to_another_challenge_prove_nothing() {
    let kingdom = Kingdom::new();
    let trust = kingdom.trust(&[]);
    for methods in [ChipMethods::Active, ChipMethods::Chip] {
        let mut card = kingdom.card(methods).insert().unwrap();
        let can = Can::parse(CAN).unwrap();
        let mut conversation = Conversation::open(&mut card, &can, CardProfile::Cnie2020).unwrap();
        let transcript = conversation.read_transcript().unwrap();
        let fresh = || transcript.clone().authenticate(&trust, NOW).unwrap().challenge().unwrap();
        let responses = conversation.run(fresh().commands()).unwrap();
        assert_eq!(fresh().prove(&responses, NOW).err(), Some(PresenceError::ChipNotGenuine));
        assert_eq!(fresh().prove(&[], NOW).err(), Some(PresenceError::AnswersMissing));
        let too_many = [responses.clone(), responses].concat();
        assert_eq!(fresh().prove(&too_many, NOW).err(), Some(PresenceError::AnswersMissing));
        let naked = vec![ResponseApdu::status(StatusWord::OK); fresh().commands().len()];
        assert_eq!(fresh().prove(&naked, NOW).err(), Some(PresenceError::ChipNotGenuine));
        let no = [ResponseApdu::status(StatusWord::SECURITY_STATUS_NOT_SATISFIED)];
        assert!(matches!(fresh().prove(&no, NOW).err(), Some(PresenceError::ChipRefused(_))));
    }
}

#[test]
fn wrong_cans_are_counted_over_resets_and_end_in_a_block() {
    let mut card = Kingdom::new().card(ChipMethods::Chip).insert().unwrap();
    let wrong = Can::parse("000000").unwrap();
    for tries_left in [2, 1, 0, 0] {
        let error = Conversation::open(&mut card, &wrong, CardProfile::Cnie2020).err();
        assert_eq!(error, Some(CardError::WrongCan { tries_left: Some(tries_left) }));
        card.reset();
    }
    let right = Can::parse(CAN).unwrap();
    let error = Conversation::open(&mut card, &right, CardProfile::Cnie2020).err();
    assert_eq!(error.map(CardError::code), Some("can-blocked"));
}

#[test]
fn a_card_that_leaves_or_falls_silent_anywhere_ends_the_act() {
    let kingdom = Kingdom::new();
    let trust = kingdom.trust(&[]);
    let (_, commands) = act(&mut kingdom.card(ChipMethods::Chip).insert().unwrap(), &trust).unwrap();
    for after in 0..commands {
        let file = kingdom.card(ChipMethods::Chip);
        let mut gone = misbehaving(file.clone(), |behaviour| behaviour.pulled_out_after = Some(after));
        let lost = Failure::Card(CardError::Transport(TransportError::SessionLost));
        assert_eq!(act(&mut gone, &trust).err(), Some(lost), "after {after}");
        let mut silent = misbehaving(file, |behaviour| behaviour.silent_after = Some(after));
        let silence = Failure::Card(CardError::Transport(TransportError::Silent));
        assert_eq!(act(&mut silent, &trust).err(), Some(silence), "after {after}");
    }
}

#[test]
fn a_wrong_mac_anywhere_ends_the_act() {
    let kingdom = Kingdom::new();
    let trust = kingdom.trust(&[]);
    for methods in [ChipMethods::Active, ChipMethods::Chip] {
        for after in 0.. {
            let mut card = misbehaving(kingdom.card(methods), |behaviour| {
                behaviour.wrong_mac_after = Some(after);
                behaviour.extended_length = false;
            });
            match act(&mut card, &trust) {
                // Under the station's keys, or under the gateway's.
                Err(
                    Failure::Card(CardError::SecureMessaging(_))
                    | Failure::Presence(PresenceError::ChipNotGenuine),
                ) => {}
                Ok(_) if after > 5 => break,
                other => panic!("after {after}: {other:?}"),
            }
        }
    }
}

#[test]
fn stations_run_nothing_that_could_harm_a_card() {
    let mut card = Kingdom::new().card(ChipMethods::Chip).insert().unwrap();
    let can = Can::parse(CAN).unwrap();
    let mut conversation = Conversation::open(&mut card, &can, CardProfile::Cnie2020).unwrap();
    let before = conversation.exchanges();
    // VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER, UPDATE BINARY, PUT DATA, ERASE, TERMINATE; another class; too many.
    for ins in [0x20, 0x24, 0x2c, 0xd6, 0xda, 0x0e, 0xe6, 0xfe] {
        for cla in [0x00, 0x0c] {
            let error = conversation.run(&[CommandApdu::new(cla, ins, 0, 0)]);
            assert_eq!(error, Err(CardError::CommandNotAllowed), "{ins:02x}");
        }
    }
    assert!(conversation.run(&[CommandApdu::new(0x80, 0xa4, 0, 0)]).is_err());
    assert!(conversation.run(&vec![CommandApdu::new(0x00, 0x84, 0, 0).expecting(8); 17]).is_err());
    assert_eq!(conversation.exchanges(), before, "something reached the card");
}

#[test]
fn a_chip_gives_nothing_away_before_pace_and_forgets_after_a_reset() {
    let mut card = Kingdom::new().card(ChipMethods::Both).insert().unwrap();
    let say = |card: &mut SimulatedCard, command: &str| {
        let answer = card.process(&hex::decode(command).unwrap()).unwrap();
        hex::encode(&answer[answer.len() - 2..])
    };
    assert_eq!(say(&mut card, "00a4040c07a0000002471001"), "6982");
    assert_eq!(say(&mut card, "00b0810000"), "6a82");
    assert_eq!(say(&mut card, "0088000008000000000000000000"), "6982");
    assert_eq!(say(&mut card, "002241a40f800a04007f0007020203020284010100"), "6982");
    assert_eq!(say(&mut card, "00b09c0000"), "6282");
    assert_eq!(say(&mut card, "0cb081000d97015f8e08000000000000000000"), "6988");
    // Readers may name the domain parameters in MSE:Set AT: P-256 is 12; 13 is not here, nor is the MRZ as password.
    assert_eq!(say(&mut card, "0022c1a412800a04007f0007020204020283010284010c"), "9000");
    assert_eq!(say(&mut card, "0022c1a412800a04007f0007020204020283010284010d"), "6a88");
    assert_eq!(say(&mut card, "0022c1a40f800a04007f00070202040202830101"), "6a88");
    assert_eq!(say(&mut card, "0020000004313233340a"), "6d00");
    assert_eq!(say(&mut card, "80b0000000"), "6e00");
    assert_eq!(say(&mut card, "00"), "6700");
    let can = Can::parse(CAN).unwrap();
    let mut conversation = Conversation::open(&mut card, &can, CardProfile::Cnie2020).unwrap();
    conversation.read_transcript().unwrap();
    card.reset();
    assert_eq!(say(&mut card, "00b0810000"), "6a82");
    assert_eq!(say(&mut card, "0cb081000d97015f8e08000000000000000000"), "6988");
}
