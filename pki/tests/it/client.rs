//! Who is the TLS client, and is it revoked?

use crate::kingdom::{Kingdom, NOW};
use openssl::asn1::{Asn1Integer, Asn1Time};
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::x509::{X509, X509NameBuilder};
use pki::{ClientCertificate, ClientCrl, PkiError};
use time::macros::datetime;

/// A self-signed client certificate, as OpenSSL makes it.
fn certificate(serial_numbers: &[&str], serial: &str) -> Vec<u8> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_text("CN", "Pharmacie").unwrap();
    for number in serial_numbers {
        name.append_entry_by_text("serialNumber", number).unwrap();
    }
    let name = name.build();
    let serial = Asn1Integer::from_bn(&BigNum::from_hex_str(serial).unwrap()).unwrap();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder.set_serial_number(&serial).unwrap();
    builder.set_subject_name(&name).unwrap();
    builder.set_issuer_name(&name).unwrap();
    builder.set_pubkey(&key).unwrap();
    builder.set_not_before(&Asn1Time::from_str_x509("20260101000000Z").unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::from_str_x509("20270101000000Z").unwrap()).unwrap();
    builder.sign(&key, MessageDigest::sha256()).unwrap();
    builder.build().to_der().unwrap()
}

#[test]
fn a_client_is_its_subject_serial_number() {
    let client = ClientCertificate::from_der(&certificate(&["pharmacy-1"], "FF00AA")).unwrap();
    assert_eq!(client.subject_serial_number(), "pharmacy-1");
    assert_eq!(client.serial(), "ff00aa");
    assert_eq!(client.not_after(), datetime!(2027-01-01 00:00 UTC));
    assert_eq!(client.thumbprint().len(), 43);
    for ambiguous in [vec![], vec!["pharmacy-1", "cnss"]] {
        assert!(ClientCertificate::from_der(&certificate(&ambiguous, "01")).is_err(), "{ambiguous:?}");
    }
}

#[test]
fn a_list_of_the_authority_names_the_revoked() {
    let authority = Kingdom::new();
    let until = datetime!(2026-12-01 00:00 UTC);
    let list = authority.csca.issue_crl(&[&[0x00, 0xff, 0x00, 0xaa], &[0x12]], NOW, until).unwrap();
    let list = ClientCrl::verify(&list, authority.csca.certificate()).unwrap();
    let revoked = ClientCertificate::from_der(&certificate(&["pharmacy-1"], "FF00AA")).unwrap();
    let other = ClientCertificate::from_der(&certificate(&["pharmacy-2"], "FF00AB")).unwrap();
    assert!(list.is_revoked(revoked.serial()));
    assert!(!list.is_revoked(other.serial()));
    assert!(list.is_revoked("12"));
    assert!(list.is_revoked("no number"));
    assert_eq!((list.this_update(), list.next_update()), (NOW, until));
}

#[test]
fn a_list_of_somebody_else_is_refused() {
    let (ours, theirs) = (Kingdom::new(), Kingdom::new());
    let list = theirs.csca.issue_crl(&[], NOW, NOW + time::Duration::DAY).unwrap();
    assert_eq!(ClientCrl::verify(&list, ours.csca.certificate()).unwrap_err(), PkiError::BadSignature);
    let not_an_issuer = ClientCrl::verify(&list, ours.signer.certificate());
    assert_eq!(not_an_issuer.unwrap_err(), PkiError::UntrustedCrl);
    for position in 0..list.len() {
        let mut changed = list.clone();
        changed[position] ^= 1;
        assert!(ClientCrl::verify(&changed, theirs.csca.certificate()).is_err(), "octet {position}");
    }
}

/// What the TLS library does not read: the registered number, once and plain, and whether the key may sign.
#[test]
fn a_client_whose_number_or_key_is_in_doubt_is_nobody() {
    use crate::hierarchy::{Authority, Draft, text};
    use openssl::asn1::Asn1Type;
    let root = Authority::root(&Draft::authority("Clients"));
    let judge = |change: fn(Draft) -> Draft| {
        ClientCertificate::from_der(root.issue(&change(Draft::establishment())).der()).err()
    };
    let number = |draft: Draft, form: Asn1Type, value: &str| {
        let mut draft = draft;
        draft.subject.retain(|(oid, ..)| *oid != "2.5.4.5");
        draft.subject.push(("2.5.4.5", form, value.to_owned()));
        draft
    };
    assert_eq!(judge(|draft| draft), None);
    let form = Some(PkiError::Malformed("client certificate: serialNumber in an unexpected form"));
    for (form_of, value) in [
        (Asn1Type::T61STRING, "PH-0001"),
        (Asn1Type::BMPSTRING, "PH-00001"),
        (Asn1Type::UTF8STRING, "PH-0001 "),
    ] {
        let client = root.issue(&number(Draft::establishment(), form_of, value));
        assert_eq!(ClientCertificate::from_der(client.der()).err(), form);
    }
    let two = judge(|mut draft| {
        draft.subject.push(text("2.5.4.5", "PH-0002"));
        draft
    });
    assert_eq!(two, Some(PkiError::Malformed("client certificate: subject with several serialNumbers")));
    let encipher = judge(|draft| draft.with("2.5.29.15", true, vec![3, 2, 5, 0x20]));
    assert_eq!(encipher, Some(PkiError::WrongUsage));
    assert_eq!(
        judge(|draft| draft.without("2.5.29.15")),
        None,
        "no key usage allows any (RFC 5280 §4.2.1.3)"
    );
}
