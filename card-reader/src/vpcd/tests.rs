//! The reader's side of the virtual reader, as pcscd's driver behaves, spoken by a test.

use std::net::TcpListener;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use pki::issuing::{CertificateProfile, CountrySigner, SignatureScheme};
use time::macros::{date, datetime};

use super::*;
use crate::profile::NationalNumber;
use crate::simulated::{Behaviour, CardFile, ChipMethods, Person, Sex};

/// The CAN of [`card`].
pub(crate) const CAN: &str = "161803";

/// A card that a country of its own issued.
pub(crate) fn card(behaviour: Behaviour) -> SimulatedCard {
    let profile = CertificateProfile {
        country: "MA".to_owned(),
        common_name: "VPCD".to_owned(),
        scheme: SignatureScheme::EcdsaP256,
        not_before: datetime!(2026-01-01 0:00 UTC),
        not_after: datetime!(2036-01-01 0:00 UTC),
    };
    let signer = CountrySigner::create(&profile).unwrap().issue_document_signer(&profile).unwrap();
    let person = Person {
        surname: "Virtuelle".to_owned(),
        given_names: "Carte".to_owned(),
        birth_date: date!(1990 - 05 - 17),
        sex: Sex::Female,
        national_number: NationalNumber::parse("ZZ161803").unwrap(),
        document_number: "VPCD12345".to_owned(),
        expires_on: date!(2032 - 05 - 17),
    };
    let file = CardFile::personalise(&person, CAN, ChipMethods::Both, &signer).unwrap();
    CardFile { behaviour, ..file }.insert().unwrap()
}

/// A reader with a card in it.
struct Reader {
    stream: TcpStream,
    stop: Arc<AtomicBool>,
    card: JoinHandle<Result<Unplugged, VpcdError>>,
}

impl Reader {
    fn with(behaviour: Behaviour) -> Reader {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let stopping = Arc::clone(&stop);
        let card =
            thread::spawn(move || VirtualSlot::insert(address).unwrap().run(&mut card(behaviour), &stopping));
        let stream = listener.accept().unwrap().0;
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        Reader { stream, stop, card }
    }

    fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    fn answer(&mut self) -> Vec<u8> {
        let mut length = [0; 2];
        self.stream.read_exact(&mut length).unwrap();
        let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
        self.stream.read_exact(&mut answer).unwrap();
        answer
    }

    fn end(self) -> Unplugged {
        self.card.join().unwrap().unwrap()
    }
}

const ATR: [u8; 5] = [0x3b, 0x80, 0x80, 0x01, 0x01];
/// INTERNAL AUTHENTICATE, which needs PACE first.
const INTERNAL_AUTHENTICATE: [u8; 16] = [0, 14, 0x00, 0x88, 0x00, 0x00, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0];

#[test]
fn controls_get_no_answer_but_the_atr_does_even_in_one_segment() {
    let mut reader = Reader::with(Behaviour::default());
    reader.send(&[0, 1, RESET, 0, 1, GET_ATR, 0, 1, POWER_OFF, 0, 1, POWER_ON, 0, 1, GET_ATR]);
    assert_eq!(reader.answer(), ATR);
    assert_eq!(reader.answer(), ATR);
}

#[test]
fn a_command_in_single_bytes_is_one_command() {
    let mut reader = Reader::with(Behaviour::default());
    for byte in INTERNAL_AUTHENTICATE {
        reader.send(&[byte]);
        thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(reader.answer(), [0x69, 0x82], "not before PACE");
}

#[test]
fn what_is_no_command_is_answered_and_the_card_stays() {
    let mut reader = Reader::with(Behaviour::default());
    reader.send(&[0, 2, 0x00, 0xb0, 0, 0, 0, 1, GET_ATR]);
    assert_eq!(reader.answer(), [0x67, 0x00]);
    assert_eq!(reader.answer(), ATR, "an empty frame is skipped as vpcd does");
}

#[test]
fn a_card_comes_out_when_asked_when_it_leaves_and_when_the_reader_closes() {
    let reader = Reader::with(Behaviour::default());
    reader.stop.store(true, Ordering::SeqCst);
    assert_eq!(reader.end(), Unplugged::OnRequest);

    let mut reader = Reader::with(Behaviour { pulled_out_after: Some(0), ..Behaviour::default() });
    reader.send(&INTERNAL_AUTHENTICATE);
    assert_eq!(reader.end(), Unplugged::ByItself);

    let reader = Reader::with(Behaviour::default());
    reader.stream.shutdown(std::net::Shutdown::Both).unwrap();
    assert_eq!(reader.end(), Unplugged::ByReader);
}

#[test]
fn an_empty_socket_is_no_reader() {
    let nobody = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    assert!(matches!(VirtualSlot::insert(nobody), Err(VpcdError::NoVirtualReader(_))));
}
