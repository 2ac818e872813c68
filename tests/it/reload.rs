//! Does a change of whom the gateway believes cut anybody off?

use bawaba_tests::back_end::Manner;
use bawaba_tests::harness::Harness;
use gateway::demo::authority::Authority;
use time::Duration;

/// A connection is open and a request is on its way while country signers, lists and the gateway's own certificate are
/// exchanged: the request gets its answer, and the same connection asks again.
#[tokio::test]
async fn a_connection_and_a_request_on_its_way_live_through_a_change_of_all_trust() {
    let town = Harness::new().back_end("prescription", Manner::Silent).start().await;
    let token = town.session("amina", "pharmacy-1").await.token;
    let mut wire = town.wire("pharmacy-1").await;
    let slow = format!(
        "GET /prescription/MedicationRequest HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    wire.send(slow.as_bytes()).await.expect("a connection");
    let heard = async || !town.heard("prescription").is_empty();
    assert!(town.eventually(heard).await, "the request is on its way");

    let before = (town.trust_store(), town.app().trust.api_tls().load_full());
    let list = town.country_signer().issue_crl(&[], town.now(), town.now() + Duration::DAY).expect("a list");
    std::fs::write(town.files.csca_crl(), list).expect("a writable folder");
    let stranger = bawaba_tests::papers::Country::new("FR", -Duration::DAY..Duration::days(365));
    let own = std::fs::read(town.files.csca_certificate()).expect("the country signer");
    let more = [own, pem(stranger.certificate()).into_bytes()].concat();
    std::fs::write(town.files.csca_certificate(), more).expect("a writable folder");
    let (certificate, key) = (town.files.server_certificate(), town.files.server_key());
    let old = std::fs::read(&certificate).expect("a certificate");
    std::fs::remove_file(&certificate).expect("a certificate");
    let mut authority = Authority::load_or_create(&town.files, town.now()).expect("the authority");
    authority.ensure_server("gateway", &certificate, &key, town.now()).expect("a certificate");
    assert_ne!(old, std::fs::read(&certificate).expect("a certificate"));
    let changed = async || {
        town.trust_store().len() == before.0.len() + 1
            && !std::sync::Arc::ptr_eq(&before.1, &town.app().trust.api_tls().load_full())
    };
    assert!(town.eventually(changed).await, "the files are not read again");

    let answer = wire.answer().await;
    assert_eq!((answer.status, answer.code().as_deref()), (504, Some("back-end-timeout")));
    let again = wire
        .ask("GET /v1/sessions/none HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\n\r\n")
        .await;
    assert_eq!(again.status, 404, "the same connection is still good");
    assert_eq!(
        town.counter("pharmacy-1").get("/v1/sessions/none", "x").await.status,
        404,
        "and so is a new one"
    );
}

fn pem(der: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("\n-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}
