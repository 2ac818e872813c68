//! Is a listed card found, an unlisted one let go, and every bad file refused by name?

use crate::kingdom::{NOW, csca_profile};
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use pki::UntrustedCertificate;
use pki::hot_list::{
    AtFirstSight, CardDigest, HotList, HotListBase, HotListDelta, HotListEntry, HotListError, HotListHeader,
    HotListKind, HotListWriter, Listing, ListingReason, ReadAt,
};
use pki::issuing::{CountrySigner, SignatureScheme};
use std::io::{Error, ErrorKind};
use time::{Duration, OffsetDateTime};

const KEY_CHECK: [u8; 8] = *b"same key";

struct Publisher(CountrySigner);

/// A file in memory.
struct InMemory<'a>(&'a [u8]);

impl ReadAt for InMemory<'_> {
    fn read_at(&self, offset: u64, octets: &mut [u8]) -> std::io::Result<()> {
        let offset = usize::try_from(offset).unwrap();
        let found = self.0.get(offset..offset + octets.len()).ok_or(Error::from(ErrorKind::UnexpectedEof))?;
        octets.copy_from_slice(found);
        Ok(())
    }
}

impl Publisher {
    fn new() -> Self {
        Self(CountrySigner::create(&csca_profile("MA", SignatureScheme::EcdsaP256)).unwrap())
    }

    fn certificate(&self) -> UntrustedCertificate {
        UntrustedCertificate::from_der(self.0.certificate()).unwrap()
    }

    fn sign(&self, writer: HotListWriter) -> Vec<u8> {
        let key = PKey::private_key_from_pem(self.0.private_key_pem().unwrap().as_bytes()).unwrap();
        let mut signer = Signer::new(MessageDigest::sha256(), &key).unwrap();
        signer.update(writer.to_sign()).unwrap();
        writer.finish(&signer.sign_to_vec().unwrap())
    }

    fn file(&self, kind: HotListKind, sequence: u64, entries: Vec<HotListEntry>) -> Vec<u8> {
        let dates = (NOW - Duration::HOUR, NOW + Duration::DAY);
        self.sign(HotListWriter::new(kind, sequence, dates, KEY_CHECK, entries))
    }

    fn header(&self, file: &[u8], at: OffsetDateTime) -> Result<HotListHeader, HotListError> {
        HotListHeader::verify(file, &self.certificate(), KEY_CHECK, at)
    }

    fn base(&self, file: &[u8]) -> Result<HotListBase, HotListError> {
        HotListBase::read(self.header(file, NOW)?, &file[HotListHeader::LEN.min(file.len())..])
    }

    fn delta(&self, file: &[u8]) -> Result<HotListDelta, HotListError> {
        HotListDelta::read(self.header(file, NOW)?, &file[HotListHeader::LEN.min(file.len())..])
    }
}

/// Digests that look as HMACs do.
fn card(number: u64) -> CardDigest {
    let digest = pki::DigestAlgorithm::Sha256.digest(&number.to_be_bytes()).unwrap();
    CardDigest(digest[..16].try_into().unwrap())
}

fn listed(number: u64, reason: ListingReason) -> HotListEntry {
    let since = NOW - Duration::days(30);
    HotListEntry { card: card(number), listing: Some(Listing { reason, since }) }
}

fn off(number: u64) -> HotListEntry {
    HotListEntry { card: card(number), listing: None }
}

fn three(publisher: &Publisher) -> Vec<u8> {
    let reasons = [ListingReason::Lost, ListingReason::Stolen, ListingReason::HolderDead];
    let entries = (0..3).zip(reasons).map(|(number, reason)| listed(number, reason)).collect();
    publisher.file(HotListKind::Base, 10, entries)
}

#[test]
fn a_listed_card_is_told_with_reason_and_date_and_changes_count_at_once() {
    let publisher = Publisher::new();
    let file = three(&publisher);
    let mut list = HotList::new(publisher.base(&file).unwrap());
    let reason = |list: &HotList, number| {
        list.find(&card(number), &InMemory(&file)).unwrap().map(|listing| listing.reason)
    };
    assert_eq!(reason(&list, 1), Some(ListingReason::Stolen));
    assert_eq!(list.find(&card(1), &InMemory(&file)).unwrap().unwrap().since, NOW - Duration::days(30));
    assert_eq!(reason(&list, 7), None);
    let changes = vec![listed(7, ListingReason::Withdrawn), off(1)];
    list.apply(&publisher.delta(&publisher.file(HotListKind::Delta, 11, changes)).unwrap()).unwrap();
    assert_eq!(reason(&list, 7), Some(ListingReason::Withdrawn));
    assert_eq!(reason(&list, 1), None);
    let again = vec![listed(1, ListingReason::Lost), off(7), listed(7, ListingReason::Stolen)];
    list.apply(&publisher.delta(&publisher.file(HotListKind::Delta, 12, again)).unwrap()).unwrap();
    assert_eq!(reason(&list, 1), Some(ListingReason::Lost));
    assert_eq!(reason(&list, 7), Some(ListingReason::Stolen), "the last of two lines for one card counts");
    assert_eq!((list.newest().sequence, list.changes()), (12, 2));
}

#[test]
fn a_delta_out_of_order_changes_nothing() {
    let publisher = Publisher::new();
    let mut list = HotList::new(publisher.base(&three(&publisher)).unwrap());
    let delta =
        |sequence| publisher.delta(&publisher.file(HotListKind::Delta, sequence, vec![off(1)])).unwrap();
    assert_eq!(list.apply(&delta(12)), Err(HotListError::Gap));
    assert_eq!(list.apply(&delta(10)), Err(HotListError::RolledBack));
    assert_eq!(list.apply(&delta(9)), Err(HotListError::RolledBack));
    assert_eq!((list.changes(), list.newest().sequence), (0, 10));
    list.apply(&delta(11)).unwrap();
    assert_eq!(list.apply(&delta(11)), Err(HotListError::RolledBack));
}

#[test]
fn every_bad_file_is_refused_by_name() {
    let (publisher, other) = (Publisher::new(), Publisher::new());
    let file = three(&publisher);
    let dates = (NOW + Duration::HOUR, NOW + Duration::DAY);
    let future = publisher.sign(HotListWriter::new(HotListKind::Base, 1, dates, KEY_CHECK, vec![]));
    let unsigned = HotListWriter::new(HotListKind::Base, 1, (NOW, NOW), KEY_CHECK, vec![]).finish(&[]);
    let other_key =
        publisher.sign(HotListWriter::new(HotListKind::Base, 1, (NOW, NOW), *b"othe key", vec![]));
    let mut version = file.clone();
    version[4] = 2;
    let mut entry = file.clone();
    *entry.last_mut().unwrap() ^= 1;
    let cases = [
        (file[..40].to_vec(), HotListError::Truncated),
        (file[..file.len() - 1].to_vec(), HotListError::Truncated),
        ([file.as_slice(), &[0]].concat(), HotListError::TrailingOctets),
        (Vec::new(), HotListError::Damaged),
        (b"lost cards:\n".repeat(30), HotListError::Damaged),
        (entry, HotListError::Damaged),
        (version, HotListError::Version),
        (unsigned, HotListError::Unsigned),
        (three(&other), HotListError::WrongSigner),
        (future, HotListError::FromTheFuture),
        (other_key, HotListError::OtherKey),
        (publisher.file(HotListKind::Delta, 1, vec![]), HotListError::WrongKind),
        (publisher.file(HotListKind::Base, 1, vec![off(1)]), HotListError::Damaged),
    ];
    for (bad, expected) in cases {
        assert_eq!(publisher.base(&bad).unwrap_err(), expected);
    }
    assert_eq!(publisher.delta(&file).unwrap_err(), HotListError::WrongKind);
    let expired = NOW + Duration::days(365 * 20);
    assert_eq!(publisher.header(&file, expired).unwrap_err(), HotListError::SignerNotValid);
}

#[test]
fn no_octet_of_a_file_may_be_another() {
    let publisher = Publisher::new();
    let file = three(&publisher);
    let head = HotListHeader::LEN;
    // After a DER signature shorter than 72 octets come zeros that nothing is made of.
    let padding = usize::from(file[pki::hot_list::SIGNED_LEN]) + pki::hot_list::SIGNED_LEN + 1..head;
    for position in (0..file.len()).filter(|position| !padding.contains(position)) {
        for flip in [0x01, 0x80] {
            let mut changed = file.clone();
            changed[position] ^= flip;
            assert!(publisher.base(&changed).is_err(), "octet {position} xor {flip:02x} makes no difference");
        }
    }
}

/// A hit of the filter that is none in the file is no card to refuse; a file that cannot be asked is an error, never
/// a "no".
#[test]
fn a_million_cards_take_little_room_and_unlisted_ones_are_seldom_looked_up() {
    const LISTED: u64 = 1_000_000;
    let publisher = Publisher::new();
    let entries = (0..LISTED).map(|number| listed(number, ListingReason::Lost)).collect();
    let file = publisher.file(HotListKind::Base, 1, entries);
    let list = HotList::new(publisher.base(&file).unwrap());
    for number in (0..LISTED).step_by(101) {
        assert_eq!(list.at_first_sight(&card(number)), AtFirstSight::Perhaps);
        assert!(list.find(&card(number), &InMemory(&file)).unwrap().is_some());
    }
    let perhaps: Vec<_> = (LISTED..2 * LISTED)
        .map(card)
        .filter(|card| list.at_first_sight(card) == AtFirstSight::Perhaps)
        .collect();
    let per_entry = list.memory() as f64 / LISTED as f64;
    println!("false positives: {} in {LISTED}; {per_entry:.3} octets an entry", perhaps.len());
    // 2⁻¹⁶ of a million is 15; five times that does not happen in the life of this test.
    assert!(perhaps.len() < 75, "{}", perhaps.len());
    assert!(per_entry < 2.5, "{per_entry}");
    for card in &perhaps {
        assert_eq!(list.find(card, &InMemory(&file)), Ok(None));
        assert_eq!(list.find(card, &InMemory(&file[..200])), Err(HotListError::Truncated));
    }
}

#[test]
fn no_cards_at_all_and_more_than_one_filter_are_lists_too() {
    let publisher = Publisher::new();
    let none = publisher.file(HotListKind::Base, 1, vec![]);
    let list = HotList::new(publisher.base(&none).unwrap());
    assert_eq!(list.at_first_sight(&card(1)), AtFirstSight::Clear);
    // As few as there are, spread over the shards of a longer list.
    let spread: Vec<_> = (0..=255u8)
        .map(|first| {
            let listing = Some(Listing { reason: ListingReason::Lost, since: NOW });
            HotListEntry { card: CardDigest([first; 16]), listing }
        })
        .collect();
    let file = publisher.file(HotListKind::Base, 1, spread);
    let list = HotList::new(publisher.base(&file).unwrap());
    assert!(
        (0..=255u8).all(|first| list.find(&CardDigest([first; 16]), &InMemory(&file)).unwrap().is_some())
    );
}
