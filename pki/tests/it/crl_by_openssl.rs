//! Are the lists of another maker read as it meant them? OpenSSL's own `ca -gencrl`, run by the test.

use crate::kingdom::{Kingdom, NOW};
use pki::{PkiError, RevocationReason, TrustStore, UntrustedCrl};
use std::fs;
use std::path::Path;
use std::process::Command;
use time::macros::datetime;

const INDEX: &str = "R\t330101000000Z\t261101000000Z,keyCompromise\t1001\tunknown\t/CN=one\n\
    R\t330101000000Z\t261102000000Z,CAkeyTime,20260901000000Z\tF002\tunknown\t/CN=two\n\
    R\t330101000000Z\t261103000000Z,holdInstruction,holdInstructionReject\t1003\tunknown\t/CN=three\n\
    R\t330101000000Z\t261104000000Z\t1004\tunknown\t/CN=four\n\
    V\t330101000000Z\t\t1005\tunknown\t/CN=good\n";

/// A list by OpenSSL over [`INDEX`], with this section of extensions.
fn generated(kingdom: &Kingdom, dir: &Path, extensions: &str) -> Vec<u8> {
    let certificate = openssl::x509::X509::from_der(kingdom.csca.certificate()).unwrap();
    fs::write(dir.join("ca.pem"), certificate.to_pem().unwrap()).unwrap();
    fs::write(dir.join("ca.key"), kingdom.csca.private_key_pem().unwrap().as_bytes()).unwrap();
    fs::write(dir.join("index.txt"), INDEX).unwrap();
    fs::write(dir.join("number"), "2A\n").unwrap();
    let config = format!(
        "[ca]\ndefault_ca = own\n[own]\ndatabase = {0}/index.txt\ncrlnumber = {0}/number\ncertificate = {0}/ca.pem\n\
         private_key = {0}/ca.key\ndefault_md = sha256\ncrl_extensions = ext\n[ext]\n{extensions}\n",
        dir.display()
    );
    fs::write(dir.join("ca.cnf"), config).unwrap();
    let out = dir.join("crl.pem");
    let run = Command::new("openssl")
        .args(["ca", "-gencrl", "-crl_lastupdate", "20261120000000Z", "-crl_nextupdate", "20261220000000Z"])
        .arg("-config")
        .arg(dir.join("ca.cnf"))
        .arg("-out")
        .arg(&out)
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    openssl::x509::X509Crl::from_pem(&fs::read(out).unwrap()).unwrap().to_der().unwrap()
}

#[test]
fn what_openssl_wrote_is_read() {
    let (kingdom, dir) = (Kingdom::new(), tempfile::tempdir().unwrap());
    let der = generated(&kingdom, dir.path(), "authorityKeyIdentifier = keyid:always");
    let list = UntrustedCrl::from_der(&der).unwrap();
    assert_eq!(list.this_update(), datetime!(2026-11-20 00:00 UTC));
    assert_eq!(list.next_update(), datetime!(2026-12-20 00:00 UTC));
    assert_eq!(list.number(), Some([0x2a].as_slice()));
    let entry = |serial: &[u8]| list.entry(serial).unwrap();
    let one = entry(&[0x10, 0x01]);
    assert_eq!(
        (one.reason, one.revoked_at),
        (RevocationReason::KeyCompromise, datetime!(2026-11-01 00:00 UTC))
    );
    let two = entry(&[0, 0xf0, 0x02]);
    assert_eq!(two.reason, RevocationReason::CaCompromise);
    assert_eq!(two.invalid_since, Some(datetime!(2026-09-01 00:00 UTC)));
    assert_eq!(entry(&[0x10, 0x03]).reason, RevocationReason::CertificateHold);
    assert_eq!(entry(&[0x10, 0x04]).reason, RevocationReason::Unspecified);
    assert_eq!(list.entry(&[0x10, 0x05]), None);
    let store = TrustStore::new(vec![kingdom.anchor()], vec![list]).unwrap();
    assert_eq!(store.revocation_lists(NOW)[0].entries, 4);
    // OpenSSL, asked the same of ours.
    let ours = kingdom.csca.issue_crl(&[&[0x10, 0x01]], NOW, NOW + time::Duration::DAY).unwrap();
    let ours = openssl::x509::X509Crl::from_der(&ours).unwrap();
    let key = openssl::x509::X509::from_der(kingdom.csca.certificate()).unwrap().public_key().unwrap();
    assert!(ours.verify(&key).unwrap());
}

#[test]
fn incomplete_lists_of_openssl_are_named() {
    let (kingdom, dir) = (Kingdom::new(), tempfile::tempdir().unwrap());
    for (extensions, expected) in [
        ("2.5.29.27 = critical, DER:02:01:01", PkiError::CrlDelta),
        ("issuingDistributionPoint = critical, @idp\n[idp]\nindirectCRL = TRUE", PkiError::CrlIndirect),
        (
            "issuingDistributionPoint = critical, @idp\n[idp]\nfullname = URI:http://example.test/1.crl",
            PkiError::CrlPartitioned,
        ),
        ("issuingDistributionPoint = critical, @idp\n[idp]\nonlyAA = TRUE", PkiError::CrlPartitioned),
    ] {
        let der = generated(&kingdom, dir.path(), extensions);
        assert_eq!(UntrustedCrl::from_der(&der).unwrap_err(), expected, "{extensions}");
    }
    let users_only = "issuingDistributionPoint = critical, @idp\n[idp]\nonlyuser = TRUE";
    assert_eq!(UntrustedCrl::from_der(&generated(&kingdom, dir.path(), users_only)).unwrap().len(), 4);
}
