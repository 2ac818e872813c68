//! How much memory do octets made to hurt cost? A binary of its own, for it has its own allocator, which counts.
//!
//! Each reader may take a fixed multiple of what it was given and no more, whatever the octets claim of themselves.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that panics is a test that fails")]

use peak_alloc::PeakAlloc;
use pki::csca::{LdifReader, UntrustedMasterList, judge};
use pki::{
    ActiveAuthenticationKey, CardSecurity, ChipAuthenticationKey, PathCrl, SecurityObject,
    UntrustedCertificate, UntrustedCrl,
};
use time::macros::datetime;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Octets of memory for each octet of input: an entry of 23 octets in a CRL becomes a key, a value and a place in a
/// table that is half empty.
const TIMES: usize = 8;
/// Octets beside that: tables of curves, error queues.
const BESIDE: usize = 1024 * 1024;

fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
    let length = u32::try_from(contents.len()).unwrap().to_be_bytes();
    [&[tag, 0x84], &length[..], contents].concat()
}

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    element(0x30, &parts.concat())
}

/// Reads octets, whatever comes of it.
type Reader = fn(&[u8]);

/// A list of so many entries, with a signature of no value.
fn list(entries: u32) -> Vec<u8> {
    let short = |contents: &[u8]| [&[0x30, u8::try_from(contents.len()).unwrap()], contents].concat();
    let entry = |serial: u32| {
        short(&[&[2, 4], &(serial | 0x4000_0000).to_be_bytes()[..], b"\x17\x0d260101000000Z"].concat())
    };
    let algorithm = short(b"\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02");
    let name = short(&[&[0x31, 11][..], &short(b"\x06\x03\x55\x04\x06\x13\x02MA")].concat());
    let time = b"\x17\x0d260101000000Z";
    let entries: Vec<u8> = (0..entries).flat_map(entry).collect();
    let tbs = [&[2, 1, 1][..], &algorithm, &name, time, time, &minimal(0x30, &entries)].concat();
    minimal(0x30, &[&minimal(0x30, &tbs), &algorithm[..], &[3, 2, 0, 0]].concat())
}

fn minimal(tag: u8, contents: &[u8]) -> Vec<u8> {
    let length = contents.len().to_be_bytes();
    let significant: Vec<u8> = length.into_iter().skip_while(|octet| *octet == 0).collect();
    let mut element = vec![tag];
    if contents.len() >= 0x80 {
        element.push(0x80 | u8::try_from(significant.len()).unwrap());
    }
    element.extend(if contents.is_empty() { vec![0] } else { significant });
    element.extend_from_slice(contents);
    element
}

#[test]
fn no_reader_takes_more_than_a_multiple_of_its_input() {
    let readers: [(&str, Reader); 9] = [
        ("certificate", |octets| drop(UntrustedCertificate::from_der(octets))),
        ("CSCA", |octets| drop(judge(octets, datetime!(2026-11-22 00:00 UTC)))),
        ("CRL", |octets| drop(UntrustedCrl::from_der(octets))),
        ("CRL for paths", |octets| drop(PathCrl::from_der(octets))),
        ("master list", |octets| drop(UntrustedMasterList::read(octets))),
        ("EF.SOD", |octets| drop(SecurityObject::parse(octets))),
        ("EF.CardSecurity", |octets| drop(CardSecurity::parse(octets))),
        ("keys", |octets| {
            drop(ActiveAuthenticationKey::from_spki(octets));
            drop(ChipAuthenticationKey::from_spki(octets));
        }),
        ("LDIF", |octets| LdifReader::new(octets).for_each(drop)),
    ];
    let megabyte = vec![0x41; 1024 * 1024];
    let many = |unit: &[u8], number: usize| unit.repeat(number);
    let inputs: Vec<(&str, Vec<u8>)> = vec![
        ("nothing", vec![]),
        ("a length of 4 GB", vec![0x30, 0x84, 0xff, 0xff, 0xff, 0xff]),
        ("a length of 2^63", vec![0x30, 0x88, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        ("10,000 levels", many(&[0x30, 0x80], 10_000)),
        ("10,000 levels of strings", many(&[0x24, 0x80], 10_000)),
        ("a million empty elements", sequence(&[&many(&[0x30, 0], 1_000_000)])),
        ("a million empty elements, twice inside", sequence(&[&sequence(&[&many(&[5, 0], 1_000_000)])])),
        ("a megabyte in a name", sequence(&[&sequence(&[&element(0x0c, &megabyte)])])),
        ("200,000 entries", list(200_000)),
        ("a million entries", list(1_000_000)),
        ("a line of a megabyte", [b"dn: ", megabyte.as_slice()].concat()),
        ("a megabyte of base64", [b"dn: c=MA\nuserCertificate;binary:: ", megabyte.as_slice()].concat()),
        ("100,000 records", many(b"dn: c=MA\nuserCertificate;binary:: AAAA\n\n", 100_000)),
        ("32 MB of zeros", vec![0; 32 * 1024 * 1024]),
    ];
    // Tables that are made once.
    readers.iter().for_each(|(_, read)| read(&list(1)));
    assert_eq!(UntrustedCrl::from_der(&list(200_000)).unwrap().len(), 200_000, "the list is a sound one");
    for (what, octets) in &inputs {
        for (reader, read) in &readers {
            let before = MEMORY.current_usage();
            MEMORY.reset_peak_usage();
            read(octets);
            let taken = MEMORY.peak_usage().saturating_sub(before);
            let allowed = octets.len() * TIMES + BESIDE;
            assert!(taken <= allowed, "{reader}, {what}: {taken} octets for {}", octets.len());
            println!("{reader}, {what}: {taken} octets for {}", octets.len());
        }
    }
}
