//! Octets made to hurt, for everything in this crate that reads octets: each ends in a named error or in something
//! sound, never in a panic, a loop or an overflowing stack. What it costs in memory is in `tests/memory.rs`.

use crate::hierarchy::{Authority, Draft, tlv};
use crate::kingdom::{Kingdom, NOW, csca_profile};
use pki::csca::{Judgement, LdifReader, UntrustedMasterList, judge, judge_crl};
use pki::issuing::{DocumentSignerOptions, MasterListOptions, SecurityObjectOptions, SignatureScheme};
use pki::{
    ActiveAuthenticationKey, CardSecurity, ChipAuthenticationKey, ClientCertificate, DataGroupNumber,
    PathCrl, SecurityObject, UntrustedCertificate, UntrustedCrl,
};

/// Reads octets and says by which name it refused them.
type Reader = fn(&[u8]) -> Result<(), String>;

/// What is read, how, a sound example, and whether octets behind it may follow (files on chips are padded).
struct Target {
    name: &'static str,
    read: Reader,
    sound: Vec<u8>,
    padded: bool,
}

fn told<T, E: ToString>(result: Result<T, E>) -> Result<(), String> {
    result.map(|_| ()).map_err(|error| error.to_string())
}

fn targets() -> Vec<Target> {
    let kingdom = Kingdom::new();
    let csca = kingdom.csca.certificate().to_vec();
    let root = Authority::root(&Draft::authority("Root"));
    let client = root.issue(&Draft::establishment()).der().to_vec();
    let options = DocumentSignerOptions { master_list_signer: true, ..Default::default() };
    let profile = csca_profile("MA", SignatureScheme::EcdsaP256);
    let lister = kingdom.csca.issue_document_signer_with(&profile, &options).unwrap();
    let infos = b"\x31\x14\x30\x12\x06\x0a\x04\x00\x7f\x00\x07\x02\x02\x04\x02\x02\x02\x01\x02\x02\x01\x0c";
    let spki = root.key.public_key_to_der().unwrap();
    let list = kingdom.csca.issue_crl(&[&[1, 2, 3]], NOW, NOW + time::Duration::days(9)).unwrap();
    let target =
        |name, read: Reader, sound: &[u8], padded| Target { name, read, sound: sound.to_vec(), padded };
    vec![
        target("certificate", |der| told(UntrustedCertificate::from_der(der)), &csca, false),
        target("client certificate", |der| told(ClientCertificate::from_der(der)), &client, false),
        target("CSCA", judged, &csca, false),
        target("CRL", |der| told(UntrustedCrl::from_der(der)), &list, false),
        target(
            "CRL of a directory",
            |der| judge_crl(der).map(|_| ()).map_err(|refusal| refusal.code().into()),
            &list,
            false,
        ),
        target("CRL for paths", |der| told(PathCrl::from_der(der)), &list, false),
        target(
            "master list",
            |der| UntrustedMasterList::read(der).map(|_| ()).map_err(|refusal| refusal.code().into()),
            &lister.sign_master_list(std::slice::from_ref(&csca), &MasterListOptions::default()).unwrap(),
            false,
        ),
        target("EF.SOD", |der| told(SecurityObject::parse(der)), &kingdom.ef_sod(), true),
        target(
            "EF.CardSecurity",
            |der| told(CardSecurity::parse(der)),
            &kingdom.signer.sign_card_security(infos, &SecurityObjectOptions::default()).unwrap(),
            true,
        ),
        target("key of the chip", |der| told(ActiveAuthenticationKey::from_spki(der)), &spki, false),
        target("key of the channel", |der| told(ChipAuthenticationKey::from_spki(der)), &spki, false),
    ]
}

fn judged(der: &[u8]) -> Result<(), String> {
    match judge(der, NOW) {
        Judgement::Accepted(_) => Ok(()),
        Judgement::Refused(refused) => Err(refused.reason.code().to_owned()),
    }
}

#[test]
fn sound_octets_are_read() {
    for Target { name, read, sound, .. } in targets() {
        assert_eq!(read(&sound), Ok(()), "{name}");
    }
}

#[test]
fn cut_at_every_octet() {
    for Target { name, read, sound, .. } in targets() {
        for length in 0..sound.len() {
            assert!(read(&sound[..length]).is_err(), "{name}, cut at {length}");
        }
    }
}

#[test]
fn followed_by_anything() {
    for Target { name, read, sound, padded } in targets() {
        for rubbish in [&[0][..], &[0x30, 0], &[0xff; 64], &[0; 4096]] {
            let refused = read(&[&sound, rubbish].concat()).is_err();
            assert!(refused || padded, "{name}, followed by {} octets", rubbish.len());
        }
    }
}

/// Every octet with each of these in its place: what is still read may be wrong, never harmful.
#[test]
fn every_octet_another() {
    for Target { read, sound, .. } in targets() {
        for offset in 0..sound.len() {
            for octet in [0x00, 0x01, 0x30, 0x7f, 0x80, 0x84, 0xa0, 0xff] {
                let mut spoiled = sound.clone();
                spoiled[offset] = octet;
                let _ = read(&spoiled);
            }
        }
    }
}

/// The first element with lengths that lie.
#[test]
fn lengths_that_lie() {
    for Target { name, read, sound, .. } in targets() {
        let contents = &sound[contents_at(&sound)..];
        for length in [
            vec![0x84, 0xff, 0xff, 0xff, 0xff],
            vec![0x88, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            vec![0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            vec![0xfe; 127],
            vec![0xff],
            vec![0x83, 0x7f, 0xff, 0xff],
            vec![0x00],
        ] {
            let lied = [&sound[..1], &length, contents].concat();
            assert!(read(&lied).is_err(), "{name}, length {length:02x?}");
        }
    }
}

/// Lengths longer than need be are BER at most; an indefinite one too, and only whole.
#[test]
fn lengths_that_are_not_der() {
    for Target { name, read, sound, .. } in targets() {
        let contents = &sound[contents_at(&sound)..];
        let length = u32::try_from(contents.len()).unwrap().to_be_bytes();
        let long = [&sound[..1], &[0x84], &length, contents].concat();
        let longer = [&sound[..1], &[0x88, 0, 0, 0, 0], &length, contents].concat();
        let indefinite = [&sound[..1], &[0x80], contents, &[0, 0]].concat();
        let endless = [&sound[..1], &[0x80], contents].concat();
        let cms = matches!(name, "master list" | "EF.SOD" | "EF.CardSecurity");
        for (what, octets) in [("overlong", &long), ("more overlong", &longer), ("indefinite", &indefinite)] {
            assert!(read(octets).is_err() || cms, "{name}, {what}");
        }
        assert!(read(&endless).is_err(), "{name}, without an end");
    }
}

/// Ten thousand levels: no reader may go down with them.
#[test]
fn ten_thousand_levels() {
    for Target { name, read, sound, .. } in targets() {
        for tag in [0x30, 0x31, 0xa0, 0x24, 0x77, sound[0]] {
            let mut definite = vec![5, 0];
            for _ in 0..10_000 {
                definite = tlv(tag, &definite);
            }
            assert!(read(&definite).is_err(), "{name}, {tag:02x}");
            let endless = [tag, 0x80].repeat(10_000);
            assert!(read(&endless).is_err(), "{name}, {tag:02x} 80");
            let ended = [endless, vec![0; 20_000]].concat();
            assert!(read(&ended).is_err(), "{name}, {tag:02x} 80 … 00 00");
            // And behind a sound beginning.
            let start = contents_at(&sound);
            let inside = [&sound[..start], &definite].concat();
            assert!(read(&inside).is_err(), "{name}, inside, {tag:02x}");
            let indefinite = [&sound[..1], &[0x80], &ended].concat();
            assert!(read(&indefinite).is_err(), "{name}, inside an indefinite length, {tag:02x}");
        }
    }
}

/// An OCTET STRING in pieces of pieces, as BER allows and a card could send.
#[test]
fn content_in_pieces_of_pieces_of_an_ef_sod() {
    let nested = |levels: usize| {
        let mut content = tlv(4, b"LDS");
        for _ in 0..levels {
            content = [&[0x24, 0x80], content.as_slice(), &[0, 0]].concat();
        }
        let oid = tlv(6, &[0x67, 0x81, 8, 1, 1, 1]);
        let signed =
            [vec![0x30, 0x80, 2, 1, 3, 0x31, 0, 0x30, 0x80], oid, vec![0xa0, 0x80], content, vec![0; 6]]
                .concat();
        let info =
            [tlv(6, b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"), vec![0xa0, 0x80], signed, vec![0; 4]].concat();
        tlv(0x77, &[&[0x30, 0x80], info.as_slice(), &[0, 0]].concat())
    };
    for levels in [0, 1, 10, 23, 24, 25, 100, 1000, 5000] {
        assert!(SecurityObject::parse(&nested(levels)).is_err(), "{levels}");
    }
}

/// A file that goes on for ever, has no line end, or says nothing that is known, ends with as many errors as it has
/// records at most.
#[test]
fn directories_of_rubbish() {
    let count = |text: &[u8]| LdifReader::new(text).count();
    assert_eq!(count(b""), 0);
    assert!(count(&b"\n".repeat(100_000)) <= 1);
    assert!(count(&b"dn: c=MA\nuserCertificate;binary:: !!!!\n\n".repeat(1000)) >= 1000);
    assert!(count(&b"userCertificate;binary:: AAAA\n ".repeat(1000)) <= 1001);
    let endless_line = [b"dn: ".as_slice(), &vec![b'x'; 8 * 1024 * 1024]].concat();
    assert!(count(&endless_line) <= 2);
    let folded = [b"userCertificate;binary:: AA".as_slice(), &b"\n A".repeat(1_000_000)].concat();
    assert!(count(&folded) <= 2);
    let noise: Vec<u8> =
        (0_u32..1_000_000).map(|index| index.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    assert!(count(&noise) < noise.len());
}

#[test]
fn a_data_group_of_any_size() {
    let kingdom = Kingdom::new();
    let object = SecurityObject::parse(&kingdom.ef_sod()).unwrap();
    let proof = object.verify_signature().unwrap().trust(&kingdom.store(), NOW).unwrap();
    for content in [vec![], vec![0x61], vec![0; 8 * 1024 * 1024]] {
        assert!(proof.authenticate(DataGroupNumber::DG1, content).is_err());
    }
}

/// Where the contents of the first element begin.
fn contents_at(element: &[u8]) -> usize {
    match element[1] {
        0..0x80 => 2,
        long => 2 + usize::from(long & 0x7f),
    }
}
