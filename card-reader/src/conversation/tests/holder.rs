//! The holder types the PIN, and every way in which that must not come to a proof.

use pki::issuing::{ChipCurve, ChipKeyKind, HolderAuthority, HolderProfile};
use pki::{PathCrl, PathReason, PathValidator, Profile};

use super::*;
use crate::apdu::StatusWord;
use crate::holder::{HolderChallenge, HolderError, HolderProof, Pin, PinState};

const CHALLENGE: [u8; 32] = [0x5a; 32];
const P256: ChipKeyKind = ChipKeyKind::Ec(ChipCurve::P256);

/// Who certifies holders, and what its list says.
struct Authority(HolderAuthority);

impl Authority {
    fn new() -> Self {
        Self(HolderAuthority::create(&profile("MA", "HOLDERS")).unwrap())
    }

    fn card(&self, kingdom: &Kingdom, spoil: impl FnOnce(&mut HolderProfile)) -> CardFile {
        self.card_with(kingdom, P256, spoil)
    }

    fn card_with(
        &self,
        kingdom: &Kingdom,
        kind: ChipKeyKind,
        spoil: impl FnOnce(&mut HolderProfile),
    ) -> CardFile {
        let mut who = HolderProfile {
            serial_number: "AB123456".to_owned(),
            common_name: "AMINA EL IDRISSI".to_owned(),
            not_before: NOW - time::Duration::DAY,
            not_after: NOW + time::Duration::DAY,
            policy: None,
            key_usage: None,
            purpose: None,
        };
        spoil(&mut who);
        kingdom.card(ChipMethods::Both).with_holder("2417", kind, &self.0, &who).unwrap()
    }

    fn validator(&self, revoked: &[&[u8]]) -> PathValidator {
        let list = self.0.issue_crl(revoked, NOW - time::Duration::DAY, NOW + time::Duration::DAY).unwrap();
        let anchor = UntrustedCertificate::from_der(self.0.certificate()).unwrap();
        PathValidator::new(vec![anchor]).unwrap().with_lists(vec![PathCrl::from_der(&list).unwrap()]).unwrap()
    }
}

/// One run on the card, and what the card said of the PIN.
fn run(card: &mut SimulatedCard, pin: &str) -> (Vec<ResponseApdu>, Option<CardError>) {
    let can = Can::parse(CAN).unwrap();
    let mut conversation = Conversation::open(card, &can, CardProfile::Cnie2020).unwrap();
    let commands = HolderChallenge::over(CHALLENGE, CardProfile::Cnie2020).commands().unwrap();
    let responses = conversation.run_with_pin(&commands, &Pin::parse(pin).unwrap()).unwrap();
    let refused = conversation.pin_refused(&commands, &responses);
    (responses, refused)
}

fn judge(responses: &[ResponseApdu], authorities: &PathValidator) -> Result<HolderProof, HolderError> {
    let challenge = HolderChallenge::over(CHALLENGE, CardProfile::Cnie2020);
    challenge.prove(responses, authorities, &Profile::card_holder(), NOW)
}

#[test]
fn the_right_pin_makes_the_card_sign_whatever_its_key() {
    let (kingdom, authority) = (Kingdom::new(), Authority::new());
    for kind in [P256, ChipKeyKind::Ec(ChipCurve::P384), ChipKeyKind::Rsa(2048)] {
        let file = authority.card_with(&kingdom, kind, |_| {});
        let kept = CardFile::from_json(&file.to_json().unwrap()).unwrap();
        let (responses, refused) = run(&mut kept.insert().unwrap(), "2417");
        assert_eq!(refused, None);
        let proof =
            judge(&responses, &authority.validator(&[])).unwrap_or_else(|why| panic!("{kind:?}: {why}"));
        assert_eq!(proof.national_number().expose(), "AB123456");
        let shown = format!("{proof:?} {:?}", proof.holder());
        assert!(!shown.contains("123456") && !shown.contains("AMINA"), "{shown}");
    }
}

#[test]
fn after_chip_authentication_the_station_has_a_channel_of_its_own_again() {
    let (kingdom, authority) = (Kingdom::new(), Authority::new());
    let mut card = authority.card(&kingdom, |_| {}).insert().unwrap();
    let can = Can::parse(CAN).unwrap();
    let mut conversation = Conversation::open(&mut card, &can, CardProfile::Cnie2020).unwrap();
    let transcript = conversation.read_transcript().unwrap();
    let challenge = transcript.authenticate(&kingdom.trust(&[]), NOW).unwrap().challenge().unwrap();
    conversation.run(challenge.commands()).unwrap();
    let commands = HolderChallenge::over(CHALLENGE, CardProfile::Cnie2020).commands().unwrap();
    let pin = Pin::parse("2417").unwrap();
    let closed = conversation.run_with_pin(&commands, &pin).unwrap_err();
    assert_eq!(closed, CardError::SecureMessaging("the channel is the gateway's"));
    conversation.renew().unwrap();
    assert_eq!(conversation.holder_application(), Ok(PinState { tries_left: Some(3) }));
    let responses = conversation.run_with_pin(&commands, &pin).unwrap();
    assert!(judge(&responses, &authority.validator(&[])).is_ok());
    assert!(conversation.exchanges() <= 40, "{}", conversation.exchanges());
}

#[test]
fn wrong_pins_are_counted_until_none_is_taken_and_a_right_one_sets_the_counter_back() {
    let (kingdom, authority) = (Kingdom::new(), Authority::new());
    let mut card = authority.card(&kingdom, |_| {}).insert().unwrap();
    let wrong = |left| Some(CardError::WrongPin { tries_left: Some(left) });
    let (responses, refused) = run(&mut card, "0000");
    assert_eq!(refused, wrong(2));
    assert_eq!(
        judge(&responses, &authority.validator(&[])).unwrap_err(),
        HolderError::PinWrong { tries_left: Some(2) }
    );
    assert_eq!(run(&mut card, "2417").1, None);
    for left in [2, 1, 0] {
        card.reset();
        assert_eq!(run(&mut card, "9999").1, wrong(left));
    }
    let (responses, refused) = run(&mut card, "2417");
    assert_eq!(refused, wrong(0), "the right PIN comes too late");
    assert_eq!(judge(&responses, &authority.validator(&[])).unwrap_err(), HolderError::PinBlocked);
    assert_eq!(refused.unwrap().code(), "pin-blocked");
    let can = Can::parse(CAN).unwrap();
    let mut conversation = Conversation::open(&mut card, &can, CardProfile::Cnie2020).unwrap();
    assert_eq!(conversation.holder_application(), Ok(PinState { tries_left: Some(0) }));
}

#[test]
fn the_key_signs_nothing_before_the_pin_and_nothing_after_the_session() {
    let (kingdom, authority) = (Kingdom::new(), Authority::new());
    let mut card = authority.card(&kingdom, |_| {}).insert().unwrap();
    assert_eq!(run(&mut card, "2417").1, None);
    let can = Can::parse(CAN).unwrap();
    let mut conversation = Conversation::open(&mut card, &can, CardProfile::Cnie2020).unwrap();
    let mut commands = HolderChallenge::over(CHALLENGE, CardProfile::Cnie2020).commands().unwrap();
    commands.remove(1);
    let responses = conversation.run(&commands[..3]).unwrap();
    assert_eq!(responses.last().unwrap().sw, StatusWord::SECURITY_STATUS_NOT_SATISFIED);
}

#[test]
fn a_gateway_in_the_wrong_hands_can_neither_guess_pins_nor_use_them_up() {
    let (kingdom, authority) = (Kingdom::new(), Authority::new());
    let mut card = authority.card(&kingdom, |_| {}).insert().unwrap();
    let can = Can::parse(CAN).unwrap();
    let mut conversation = Conversation::open(&mut card, &can, CardProfile::Cnie2020).unwrap();
    let pin = Pin::parse("2417").unwrap();
    let sound = HolderChallenge::over(CHALLENGE, CardProfile::Cnie2020).commands().unwrap();
    let put = |place: usize, command: CommandApdu| {
        let mut commands = sound.clone();
        commands[place] = command;
        commands
    };
    let guess = CommandApdu::new(0, 0x20, 0, 0x81).with_data(*b"0000\xff\xff\xff\xff").unwrap();
    for hostile in [
        put(1, guess),
        put(1, CommandApdu::new(0, 0x20, 0, 0x82)),
        put(2, CommandApdu::new(0, 0x20, 0, 0x81)),
        put(2, CommandApdu::new(0, 0x24, 0, 0x81)),
        put(1, CommandApdu::new(0x0c, 0x20, 0, 0x81)),
        put(1, CommandApdu::new(0, 0x84, 0, 0).expecting(8)),
        [sound.clone(), sound.clone()].concat(),
    ] {
        assert_eq!(conversation.run_with_pin(&hostile, &pin), Err(CardError::CommandNotAllowed));
    }
    assert_eq!(conversation.run(&sound), Err(CardError::CommandNotAllowed), "never without a PIN");
    assert_eq!(conversation.holder_application(), Ok(PinState { tries_left: Some(3) }));
}

#[test]
fn what_is_wrong_with_a_certificate_has_its_name() {
    type Row = (&'static str, fn(&mut HolderProfile), &'static str);
    let rows: [Row; 7] = [
        ("expired", |who| who.not_after = NOW - time::Duration::HOUR, "expired"),
        ("not yet", |who| who.not_before = NOW + time::Duration::HOUR, "not-yet-valid"),
        ("enciphers", |who| who.key_usage = Some(vec![5, 0x20]), "key-usage"),
        ("for servers", |who| who.purpose = Some("1.3.6.1.5.5.7.3.1".to_owned()), "extended-key-usage"),
        ("a professional", |who| who.serial_number = "INPE-102938".to_owned(), "certificate-of-no-holder"),
        ("nobody", |who| who.serial_number = String::new(), "registered-number-form"),
        ("with ETSI's prefix", |who| who.serial_number = "IDCMA-AB123456".to_owned(), ""),
    ];
    let (kingdom, authority) = (Kingdom::new(), Authority::new());
    for (what, spoil, code) in rows {
        let (responses, _) = run(&mut authority.card(&kingdom, spoil).insert().unwrap(), "2417");
        let judged = judge(&responses, &authority.validator(&[]));
        assert_eq!(judged.err().map_or("", |error| error.code()), code, "{what}");
    }
}

#[test]
fn a_stranger_a_revoked_one_and_a_list_too_old_are_not_believed() {
    let (kingdom, authority) = (Kingdom::new(), Authority::new());
    let file = authority.card(&kingdom, |_| {});
    let certificate = file.holder.as_ref().unwrap().certificate.0.clone();
    let (responses, _) = run(&mut file.insert().unwrap(), "2417");
    let untrusted = |judged: Result<HolderProof, HolderError>| match judged.unwrap_err() {
        HolderError::Untrusted(reason) => reason,
        other => panic!("{other}"),
    };
    let stranger = Authority::new();
    assert_eq!(untrusted(judge(&responses, &stranger.validator(&[]))), PathReason::BadSignature);
    assert_eq!(untrusted(judge(&responses, &authority.validator(&[&certificate]))), PathReason::Revoked);
    let late = HolderChallenge::over(CHALLENGE, CardProfile::Cnie2020).prove(
        &responses,
        &authority.validator(&[]),
        &Profile::card_holder(),
        NOW + time::Duration::hours(23),
    );
    assert!(late.is_ok());
    let anchor = UntrustedCertificate::from_der(authority.0.certificate()).unwrap();
    let unlisted = PathValidator::new(vec![anchor]).unwrap();
    assert_eq!(untrusted(judge(&responses, &unlisted)), PathReason::RevocationUnknown);
    let policy = Profile::card_holder().with_policies(&["1.2.504.1"]).unwrap();
    let other = HolderChallenge::over(CHALLENGE, CardProfile::Cnie2020);
    let judged = other.prove(&responses, &authority.validator(&[]), &policy, NOW);
    assert_eq!(untrusted(judged), PathReason::Policy);
}

#[test]
fn answers_to_another_challenge_cut_short_or_by_another_key_prove_nothing() {
    let (kingdom, authority) = (Kingdom::new(), Authority::new());
    let file = authority.card(&kingdom, |_| {});
    let (responses, _) = run(&mut file.clone().insert().unwrap(), "2417");
    let sound = authority.validator(&[]);
    let other = HolderChallenge::over([0; 32], CardProfile::Cnie2020);
    let replayed = other.prove(&responses, &sound, &Profile::card_holder(), NOW);
    assert_eq!(replayed.unwrap_err(), HolderError::SignatureWrong);
    for kept in 0..responses.len() - 1 {
        assert_eq!(judge(&responses[..kept], &sound).unwrap_err(), HolderError::AnswersMissing, "{kept}");
    }
    let many = vec![ResponseApdu::status(StatusWord::OK); 17];
    assert_eq!(judge(&many, &sound).unwrap_err(), HolderError::AnswersMissing);
    let mut copy = misbehaving(file, |behaviour| behaviour.clone = true);
    assert_eq!(judge(&run(&mut copy, "2417").0, &sound).unwrap_err(), HolderError::SignatureWrong);
}

#[test]
fn a_card_without_the_application_says_so() {
    let kingdom = Kingdom::new();
    let mut card = kingdom.card(ChipMethods::Both).insert().unwrap();
    let (responses, refused) = run(&mut card, "2417");
    assert_eq!(refused, None, "no PIN was tried");
    let judged = judge(&responses, &Authority::new().validator(&[]));
    assert_eq!(judged.unwrap_err(), HolderError::NoApplication);
    let can = Can::parse(CAN).unwrap();
    let mut conversation = Conversation::open(&mut card, &can, CardProfile::Cnie2020).unwrap();
    assert_eq!(conversation.holder_application(), Err(CardError::NoHolderApplication));
}
