//! What do lists of revoked and reported things cost in memory and time?

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use gateway::clock::{Clock, SystemClock};
use gateway::trust::hot_list::signed;
use pki::hot_list::{
    AtFirstSight, CardDigest, HotList, HotListBase, HotListEntry, HotListHeader, HotListKind, HotListWriter,
    Listing, ListingReason, ReadAt,
};
use pki::issuing::{CertificateProfile, CountrySigner, SignatureScheme};
use pki::{TrustStore, UntrustedCertificate, UntrustedCrl};

/// Cards on the list: one in ten of 50 million.
const LISTED: u64 = 5_000_000;

struct InMemory(Vec<u8>);

impl ReadAt for InMemory {
    fn read_at(&self, offset: u64, octets: &mut [u8]) -> std::io::Result<()> {
        let start = usize::try_from(offset).map_err(std::io::Error::other)?;
        let found = self.0.get(start..start + octets.len()).ok_or(std::io::ErrorKind::UnexpectedEof)?;
        octets.copy_from_slice(found);
        Ok(())
    }
}

/// Well mixed, as HMACs are (splitmix64).
fn card(number: u64) -> CardDigest {
    let mixed = |mut x: u64| {
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    };
    let (high, low) = (mixed(number.wrapping_mul(2) + 1), mixed(number.wrapping_mul(2) + 2));
    let mut digest = [0; 16];
    digest[..8].copy_from_slice(&high.to_be_bytes());
    digest[8..].copy_from_slice(&low.to_be_bytes());
    CardDigest(digest)
}

/// The hot list of cards with 5 million listed, and a revocation list of 100,000.
pub(crate) fn table() -> Result<()> {
    hot_list()?;
    revocation_list()
}

fn hot_list() -> Result<()> {
    let at = SystemClock.now();
    let key = rcgen::KeyPair::generate()?;
    let certificate = rcgen::CertificateParams::new(Vec::new())?.self_signed(&key)?;
    let certificate = UntrustedCertificate::from_der(certificate.der())?;
    let listing = Some(Listing { reason: ListingReason::Lost, since: at });
    let entries = (0..LISTED).map(|number| HotListEntry { card: card(number), listing }).collect();
    let dates = (at - Duration::from_secs(60), at + Duration::from_secs(86_400));
    let writer = HotListWriter::new(HotListKind::Base, 1, dates, [0; 8], entries);
    let file = InMemory(signed(writer, &key.serialize_der()).context("a P-256 key")?);
    let start = Instant::now();
    let header = HotListHeader::verify(&file.0, &certificate, [0; 8], at)?;
    let list = HotList::new(HotListBase::read(header, &file.0[HotListHeader::LEN..])?);
    let load = start.elapsed();
    let start = Instant::now();
    let perhaps: Vec<_> = (LISTED..2 * LISTED)
        .map(card)
        .filter(|card| list.at_first_sight(card) == AtFirstSight::Perhaps)
        .collect();
    let ask = start.elapsed().as_secs_f64() / LISTED as f64;
    let start = Instant::now();
    let found = (0..100_000).filter(|number| matches!(list.find(&card(*number), &file), Ok(Some(_)))).count();
    let exact = start.elapsed().as_secs_f64() / 100_000.0;
    println!(
        "\nHot list of {LISTED} cards: filter in memory, exact look-up in the file ({} MB)",
        file.0.len() / 1_000_000
    );
    println!(
        "  checked and loaded in {:.2} s; {:.3} octets a card in memory",
        load.as_secs_f64(),
        list.memory() as f64 / LISTED as f64
    );
    println!(
        "  an unlisted card: {:.0} ns; false positives {} of {LISTED}, one in {:.0}",
        ask * 1e9,
        perhaps.len(),
        LISTED as f64 / perhaps.len().max(1) as f64
    );
    println!("  a listed card, found exactly: {:.1} µs ({found} of 100000 found)", exact * 1e6);
    Ok(())
}

fn revocation_list() -> Result<()> {
    let at = SystemClock.now();
    let day = Duration::from_secs(86_400);
    let profile = CertificateProfile {
        country: "MA".to_owned(),
        common_name: "CSCA".to_owned(),
        scheme: SignatureScheme::EcdsaP256,
        not_before: at - day,
        not_after: at + day,
    };
    let csca = CountrySigner::create(&profile)?;
    let serials: Vec<_> =
        (0..100_000).map(|number| card(number).0.map(|octet| octet & 0x7f | 0x40)).collect();
    let named: Vec<&[u8]> = serials.iter().map(<[u8; 16]>::as_slice).collect();
    let der = csca.issue_crl(&named, at, at + day)?;
    let start = Instant::now();
    let list = UntrustedCrl::from_der(&der)?;
    TrustStore::new(vec![UntrustedCertificate::from_der(csca.certificate())?], vec![list.clone()])?;
    let load = start.elapsed();
    let start = Instant::now();
    let found = serials.iter().filter(|serial| list.entry(*serial).is_some()).count();
    let ask = start.elapsed().as_secs_f64() / 100_000.0;
    println!("\nRevocation list of 100000 entries ({} kB)", der.len() / 1_000);
    println!(
        "  read, its signature checked: {:.0} ms; one serial number asked: {:.2} µs ({found} found)",
        load.as_secs_f64() * 1e3,
        ask * 1e6
    );
    Ok(())
}
