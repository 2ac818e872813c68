//! Is a card read through the real PC/SC daemon exactly as in the simulator, and is every accident on a reader told apart?
//!
//! The reader is vsmartcard-vpcd's: pcscd, libpcsclite and the driver are Debian's; only the plastic is ours.
//! Where pcscd cannot be started (not root, not installed) these tests say so and pass.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use card_reader::simulated::{Behaviour, CardFile, ChipMethods, Person, Sex};
use card_reader::transport::pcsc::{
    self, PcscDeadlines, PcscError, PcscTransport, ReaderCondition, ReaderWatch, choose_reader,
};
use card_reader::vpcd::{FIRST_SLOT, Unplugged, VirtualSlot};
use card_reader::{
    Can, CardError, CardProfile, CardTransport, CommandApdu, Conversation, PresenceMethod, TransportError,
};
use pki::issuing::{CertificateProfile, CountrySigner, SignatureScheme};
use pki::{TrustStore, UntrustedCertificate, UntrustedCrl};
use time::OffsetDateTime;
use time::macros::{date, datetime};

const NOW: OffsetDateTime = datetime!(2026-11-22 10:00 UTC);
const CAN: &str = "314159";
/// The name that pcscd gives the first slot of the virtual reader.
const SLOT: &str = "Virtual PCD 00 00";

#[test]
fn a_card_on_a_real_reader_is_proven_present_by_either_method() {
    let Some(_daemon) = Daemon::get() else { return };
    for (methods, expected) in [
        (ChipMethods::Both, PresenceMethod::ChipAuthentication),
        (ChipMethods::Active, PresenceMethod::ActiveAuthentication),
    ] {
        let (card, trust) = issue(methods);
        let _plugged = Plugged::insert(card);
        let started = Instant::now();
        let mut reader = connect();
        let can = Can::parse(CAN).unwrap();
        let mut conversation = Conversation::open(&mut reader, &can, CardProfile::default()).unwrap();
        let transcript = conversation.read_transcript().unwrap();
        let challenge = transcript.authenticate(&trust, NOW).unwrap().challenge().unwrap();
        assert_eq!(challenge.method(), expected);
        let responses = conversation.run(challenge.commands()).unwrap();
        let apdus = conversation.exchanges();
        let proof = challenge.prove(&responses, NOW).unwrap();
        assert_eq!(proof.card().document_number(), "PCSC12345");
        assert_eq!(proof.card().national_number().expose(), "ZZ314159");
        println!("{}: {apdus} APDUs, {:?} through pcscd", expected.as_str(), started.elapsed());
        assert!(apdus <= 40, "{apdus} APDUs; the whole act may take 40");
    }
}

#[test]
fn a_wrong_can_is_counted_and_the_right_one_still_opens() {
    let Some(_daemon) = Daemon::get() else { return };
    let _plugged = Plugged::insert(issue(ChipMethods::Both).0);
    let wrong = Can::parse("271828").unwrap();
    let mut reader = connect();
    let refused = Conversation::open(&mut reader, &wrong, CardProfile::default()).err();
    assert_eq!(refused, Some(CardError::WrongCan { tries_left: Some(2) }));
    drop(reader);
    let mut reader = connect();
    assert!(Conversation::open(&mut reader, &Can::parse(CAN).unwrap(), CardProfile::default()).is_ok());
}

#[test]
fn a_card_that_leaves_mid_conversation_ends_the_session_and_nothing_is_retried() {
    let Some(_daemon) = Daemon::get() else { return };
    let (mut card, _) = issue(ChipMethods::Both);
    card.behaviour = Behaviour { pulled_out_after: Some(9), ..Behaviour::default() };
    let plugged = Plugged::insert(card);
    let mut reader = connect();
    let can = Can::parse(CAN).unwrap();
    let lost = Conversation::open(&mut reader, &can, CardProfile::default())
        .and_then(|mut conversation| conversation.read_transcript())
        .unwrap_err();
    assert_eq!(lost, CardError::Transport(TransportError::SessionLost));
    assert_eq!(plugged.out(), Unplugged::ByItself);
    // The transport stays dead: a card that comes back has forgotten everything, and so have we.
    assert_eq!(reader.transmit(&CommandApdu::new(0, 0x84, 0, 0)).unwrap_err(), TransportError::SessionLost);
    wait_until(ReaderCondition::Empty);
    assert_eq!(PcscTransport::connect(SLOT, PcscDeadlines::default()).err(), Some(PcscError::NoCard));
    assert_eq!(choose_reader(None), Err(PcscError::NoCard));
}

#[test]
fn a_mute_card_never_hangs_the_counter() {
    let Some(_daemon) = Daemon::get() else { return };
    let (mut card, _) = issue(ChipMethods::Both);
    card.behaviour = Behaviour { silent_after: Some(1), ..Behaviour::default() };
    let plugged = Plugged::insert(card);
    let deadlines = PcscDeadlines { exchange: Duration::from_millis(400), ..PcscDeadlines::default() };
    let mut reader = PcscTransport::connect(SLOT, deadlines).unwrap();
    let started = Instant::now();
    let silent = Conversation::open(&mut reader, &Can::parse(CAN).unwrap(), CardProfile::default()).err();
    assert_eq!(silent, Some(CardError::Transport(TransportError::Silent)));
    drop(reader);
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    plugged.out();
}

#[test]
fn the_card_is_held_exclusively_and_reset_afterwards() {
    let Some(_daemon) = Daemon::get() else { return };
    let _plugged = Plugged::insert(issue(ChipMethods::Both).0);
    let mut reader = connect();
    let can = Can::parse(CAN).unwrap();
    assert!(Conversation::open(&mut reader, &can, CardProfile::default()).is_ok());
    let hasty = PcscDeadlines { connect: Duration::from_millis(300), ..PcscDeadlines::default() };
    assert_eq!(PcscTransport::connect(SLOT, hasty).err(), Some(PcscError::Busy));
    drop(reader);
    // The next one finds a chip without any right granted: EF.SOD is not readable before PACE (6982).
    let mut next = connect();
    let read_sod = CommandApdu::new(0x00, 0xb0, 0x9d, 0x00).expecting(4);
    assert_ne!(next.transmit(&read_sod).unwrap().sw.0, 0x9000);
}

#[test]
fn a_watch_sees_cards_come_and_go() {
    let Some(_daemon) = Daemon::get() else { return };
    let watch = ReaderWatch::start().unwrap();
    let sees = |condition| {
        let deadline = Instant::now() + Duration::from_secs(5);
        while Instant::now() < deadline {
            if watch
                .readers()
                .unwrap()
                .iter()
                .any(|reader| reader.name == SLOT && reader.condition == condition)
            {
                return true;
            }
            thread::sleep(Duration::from_millis(20));
        }
        false
    };
    assert!(sees(ReaderCondition::Empty));
    let plugged = Plugged::insert(issue(ChipMethods::Active).0);
    assert!(sees(ReaderCondition::CardPresent));
    assert_eq!(choose_reader(None), Ok(SLOT.to_owned()));
    assert_eq!(choose_reader(Some("nowhere")), Err(PcscError::UnknownReader("nowhere".to_owned())));
    plugged.out();
    assert!(sees(ReaderCondition::Empty));
}

#[test]
fn the_programs_do_the_same() {
    let Some(_daemon) = Daemon::get() else { return };
    let Some(program) = counter_program() else {
        println!("skipped: bawaba-counter is not built; run the tests through `make test`");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("carte d'essai.json");
    issue(ChipMethods::Both).0.save(&path).unwrap();
    let mut simulate =
        Command::new(&program).arg("simulate").arg(&path).stdout(Stdio::null()).spawn().unwrap();
    wait_until(ReaderCondition::CardPresent);

    let listed = Command::new(&program).args(["readers", "--json"]).output().unwrap();
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert!(listed["readers"].as_array().unwrap().iter().any(|reader| reader["state"] == "card-present"));

    let read =
        |can: &str| Command::new(&program).args(["read", "--json"]).env("BAWABA_CAN", can).output().unwrap();
    let wrong = read("271828");
    let said: serde_json::Value = serde_json::from_slice(&wrong.stdout).unwrap();
    assert_eq!((wrong.status.code(), &said["error"]["code"]), (Some(65), &"wrong-can".into()));
    assert_eq!(said["error"]["tries_left"], 2);
    assert!(!String::from_utf8_lossy(&wrong.stderr).contains("271828"));

    let right = read(CAN);
    let said: serde_json::Value = serde_json::from_slice(&right.stdout).unwrap();
    assert_eq!((right.status.code(), &said["reader"]), (Some(0), &SLOT.into()), "{said}");
    assert_eq!(said["holder"]["name"], "Essai LECTEUR");
    let _ = simulate.kill();
    let _ = simulate.wait();
    wait_until(ReaderCondition::Empty);
}

/// A card of a country made for this test, and the trust in that country.
fn issue(methods: ChipMethods) -> (CardFile, TrustStore) {
    let profile = |name: &str| CertificateProfile {
        country: "MA".to_owned(),
        common_name: name.to_owned(),
        scheme: SignatureScheme::EcdsaP256,
        not_before: datetime!(2026-01-01 0:00 UTC),
        not_after: datetime!(2036-01-01 0:00 UTC),
    };
    let country = CountrySigner::create(&profile("CSCA-PCSC")).unwrap();
    let signer = country.issue_document_signer(&profile("DS-PCSC")).unwrap();
    let crl = country.issue_crl(&[], datetime!(2026-11-01 0:00 UTC), datetime!(2027-01-30 0:00 UTC)).unwrap();
    let trust = TrustStore::new(
        vec![UntrustedCertificate::from_der(country.certificate()).unwrap()],
        vec![UntrustedCrl::from_der(&crl).unwrap()],
    );
    let person = Person {
        surname: "Lecteur".to_owned(),
        given_names: "Essai".to_owned(),
        birth_date: date!(1990 - 05 - 17),
        sex: Sex::Female,
        national_number: card_reader::NationalNumber::parse("ZZ314159").unwrap(),
        document_number: "PCSC12345".to_owned(),
        expires_on: date!(2032 - 05 - 17),
    };
    (CardFile::personalise(&person, CAN, methods, &signer).unwrap(), trust.unwrap())
}

pub(crate) fn connect() -> PcscTransport {
    PcscTransport::connect(SLOT, PcscDeadlines::default()).unwrap()
}

fn wait_until(condition: ReaderCondition) {
    let deadline = Instant::now() + Duration::from_secs(5);
    while !slot_is(condition) {
        assert!(Instant::now() < deadline, "the slot is never {}", condition.code());
        thread::sleep(Duration::from_millis(20));
    }
}

fn slot_is(condition: ReaderCondition) -> bool {
    pcsc::readers()
        .is_ok_and(|list| list.iter().any(|reader| reader.name == SLOT && reader.condition == condition))
}

/// A simulated card lying on the virtual reader.
pub(crate) struct Plugged {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Unplugged>>,
}

impl Plugged {
    pub(crate) fn insert(card: CardFile) -> Plugged {
        let mut chip = card.insert().unwrap();
        let mut slot = VirtualSlot::insert(FIRST_SLOT).unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let stopping = Arc::clone(&stop);
        let thread = thread::spawn(move || slot.run(&mut chip, &stopping).unwrap());
        wait_until(ReaderCondition::CardPresent);
        Plugged { stop, thread: Some(thread) }
    }

    /// Takes the card off and says how it came off.
    fn out(mut self) -> Unplugged {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.take().unwrap().join().unwrap()
    }
}

impl Drop for Plugged {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
            wait_until(ReaderCondition::Empty);
        }
    }
}

/// One pcscd for one test at a time: the machine has one, with one virtual reader.
pub(crate) struct Daemon {
    child: Option<Child>,
    _alone: MutexGuard<'static, ()>,
}

static ALONE: Mutex<()> = Mutex::new(());

impl Daemon {
    /// The daemon that runs, else one of our own; nothing where none can be had.
    pub(crate) fn get() -> Option<Daemon> {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        if slot_is(ReaderCondition::Empty) {
            return Some(Daemon { child: None, _alone: alone });
        }
        if pcsc::readers().is_ok() {
            println!("skipped: a pcscd runs whose virtual reader is missing or taken");
            return None;
        }
        let start =
            || Command::new("pcscd").arg("--foreground").stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let Ok(child) = start() else {
            println!("skipped: pcscd is not installed");
            return None;
        };
        let mut daemon = Daemon { child: Some(child), _alone: alone };
        let deadline = Instant::now() + Duration::from_secs(5);
        while Instant::now() < deadline {
            if slot_is(ReaderCondition::Empty) {
                return Some(daemon);
            }
            if daemon.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(Some(_)))) {
                println!("skipped: pcscd cannot be started here (it needs root)");
                return None;
            }
            thread::sleep(Duration::from_millis(20));
        }
        println!("skipped: pcscd has no virtual reader (is vsmartcard-vpcd installed?)");
        None
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // SIGTERM, so that pcscd removes its socket.
            let _ = Command::new("kill").arg(child.id().to_string()).status();
            let _ = child.wait();
        }
    }
}

/// The program of this build, beside the test binary.
fn counter_program() -> Option<std::path::PathBuf> {
    let here = std::env::current_exe().ok()?;
    let program = here.parent().and_then(Path::parent)?.join("bawaba-counter");
    program.is_file().then_some(program)
}
