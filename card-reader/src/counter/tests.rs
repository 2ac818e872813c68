//! What an act says when it cannot come to a session, and that nothing leaves the counter too early.

use std::io::Read as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::error::CardError;
use crate::simulated::Behaviour;
use crate::transport::TransportError;
use crate::vpcd::tests::{CAN, card};

/// A counter with certificates of its own, towards whatever is at `gateway`.
fn client(gateway: SocketAddr) -> GatewayClient {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let identity = ClientIdentity {
        certificate: folder.path().join("cert.pem"),
        key: folder.path().join("key.pem"),
        ca: folder.path().join("ca.pem"),
    };
    std::fs::write(&identity.certificate, made.cert.pem()).unwrap();
    std::fs::write(&identity.ca, made.cert.pem()).unwrap();
    std::fs::write(&identity.key, made.signing_key.serialize_pem()).unwrap();
    GatewayClient::new(&format!("https://{gateway}"), &identity).unwrap()
}

/// Something that is no gateway: takes connections, counts them, says `greeting`, and hangs up.
fn impostor(greeting: &'static [u8]) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            counted.fetch_add(1, Ordering::SeqCst);
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = std::io::Write::write_all(&mut stream, greeting);
        }
    });
    (address, connections)
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn act(behaviour: Behaviour, can: &str, gateway: SocketAddr) -> CounterError {
    let can = Can::parse(can).unwrap();
    block_on(open(Box::new(card(behaviour)), can, &client(gateway), "TREAT")).unwrap_err()
}

#[test]
fn a_wrong_can_says_the_tries_left_and_nothing_of_the_card_is_sent() {
    let (gateway, connections) = impostor(b"");
    let error = act(Behaviour::default(), "000000", gateway);
    assert_eq!((error.code(), error.tries_left()), ("wrong-can", Some(2)));
    let said = error.explain(Language::French);
    assert!(said.title.contains('2') && said.next_step.contains("Rien de la carte"), "{said:?}");
    assert!(connections.load(Ordering::SeqCst) <= 2, "at most it is told that it was wrong");
}

#[test]
fn a_card_that_leaves_or_falls_silent_is_the_cards_fault_and_nothing_is_sent() {
    let (gateway, connections) = impostor(b"");
    let gone = act(Behaviour { pulled_out_after: Some(8), ..Behaviour::default() }, CAN, gateway);
    assert!(matches!(gone, CounterError::Card(CardError::Transport(TransportError::SessionLost))));
    let mute = act(Behaviour { silent_after: Some(3), ..Behaviour::default() }, CAN, gateway);
    assert_eq!((mute.code(), mute.party()), ("card-silent", "card"));
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

#[test]
fn a_gateway_that_is_not_there_is_named_and_the_card_is_not_blamed() {
    let nobody = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let error = act(Behaviour::default(), CAN, nobody);
    assert_eq!((error.code(), error.party()), ("gateway-unreachable", "gateway"));
}

#[test]
fn what_speaks_no_tls_is_not_the_gateway() {
    let (web_server, connections) = impostor(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    let error = act(Behaviour::default(), CAN, web_server);
    assert_eq!(error.code(), "gateway-tls-refused");
    assert!(connections.load(Ordering::SeqCst) > 0);
}

#[test]
fn every_failure_has_words_in_every_language() {
    let problem = Problem { code: "denied".to_owned(), ..Problem::default() };
    let failures = [
        CounterError::Card(CardError::WrongCan { tries_left: Some(0) }),
        CounterError::Card(CardError::PaceNotOffered),
        CounterError::Card(CardError::WrongPin { tries_left: Some(1) }),
        CounterError::Card(CardError::WrongPin { tries_left: Some(0) }),
        CounterError::Card(CardError::NoHolderApplication),
        CounterError::Card(CardError::CommandNotAllowed),
        CounterError::Unreachable,
        CounterError::TlsRefused,
        CounterError::Refused(Box::new(problem)),
        CounterError::Interrupted,
    ];
    for failure in failures {
        for language in Language::ALL {
            let said = failure.explain(language);
            assert!(!said.title.is_empty() && !said.next_step.is_empty(), "{} {language:?}", failure.code());
        }
    }
}

#[test]
fn files_that_are_not_usable_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing.pem");
    let identity = ClientIdentity { certificate: path.clone(), key: path.clone(), ca: path.clone() };
    let error = GatewayClient::new("https://localhost:1", &identity).unwrap_err();
    assert!(error.to_string().contains("missing.pem"), "{error}");
    let error = DemoState::new(folder.path()).gateway().unwrap_err();
    assert!(error.to_string().contains("gateway.toml"), "{error}");
}
