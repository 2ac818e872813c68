//! Sound bytes for the parsers of trust, issued by a kingdom of their own.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hsm_config::{KeyFile, SoftwareKeys};
use pki::DigestAlgorithm;
use pki::hot_list::{CardDigest, HotListEntry, HotListKind, HotListWriter, Listing, ListingReason};
use pki::issuing::{
    CertificateProfile, CountrySigner, DocumentSignerOptions, MasterListOptions, SecurityObjectOptions,
    SignatureScheme,
};
use time::macros::datetime;

use crate::parsers::active_rsa_seed;

/// Parser and bytes.
pub(super) fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let (from, until) = (datetime!(2026-01-01 00:00 UTC), datetime!(2030-01-01 00:00 UTC));
    let profile = |name: &str| CertificateProfile {
        country: "MA".to_owned(),
        common_name: name.to_owned(),
        scheme: SignatureScheme::EcdsaP256,
        not_before: from,
        not_after: until,
    };
    let csca = CountrySigner::create(&profile("CSCA-SEED")).expect("a country signer");
    let next = CountrySigner::create(&profile("CSCA-SEED")).expect("a country signer");
    let link = csca.issue_link(&next).expect("a link");
    let options = DocumentSignerOptions { master_list_signer: true, ..Default::default() };
    let lister = csca.issue_document_signer_with(&profile("MLS-SEED"), &options).expect("a list signer");
    let signer = csca.issue_document_signer(&profile("DS-SEED")).expect("a document signer");
    let entries = [csca.certificate().to_vec(), link.clone()];
    let list = lister.sign_master_list(&entries, &MasterListOptions::default()).expect("a master list");
    let crl = csca.issue_crl(&[&[1, 2, 3], &[4]], from, until).expect("a list");
    let infos = b"\x31\x14\x30\x12\x06\x0a\x04\x00\x7f\x00\x07\x02\x02\x04\x02\x02\x02\x01\x02\x02\x01\x0c";
    let options = SecurityObjectOptions::default();
    let card_security = signer.sign_card_security(infos, &options).expect("EF.CardSecurity");
    let groups = [(pki::DataGroupNumber::DG1, b"\x61\x00".as_slice())];
    let ef_sod = signer.sign_security_object(DigestAlgorithm::Sha256, &groups).expect("EF.SOD");
    let content_info =
        ef_sod.get(if ef_sod.get(1) == Some(&0x82) { 4 } else { 3 }..).expect("contents").to_vec();
    let path = [signer.certificate(), &link, &crl, csca.certificate()].concat();
    vec![
        ("master_list", list.clone()),
        ("cms", list.clone()),
        ("cms", card_security.clone()),
        ("cms", content_info),
        ("sod", ef_sod),
        ("ldif", ldif(csca.certificate(), &crl, &list)),
        ("certificate_judge", csca.certificate().to_vec()),
        ("certificate_judge", link),
        ("crl", crl),
        ("card_security", card_security),
        ("active_rsa", active_rsa_seed()),
        ("path", path),
        ("hot_list", hot_list()),
        ("sealed_keys", sealed_keys()),
    ]
}

fn ldif(certificate: &[u8], crl: &[u8], list: &[u8]) -> Vec<u8> {
    let (certificate, crl, list) =
        (STANDARD.encode(certificate), STANDARD.encode(crl), STANDARD.encode(list));
    let text = format!(
        "version: 1\n\ndn: o=CSCA,c=MA\nuserCertificate;binary:: {certificate}\n\n\
         dn: o=CRL,c=MA\ncertificateRevocationList;binary:: {crl}\n\n\
         dn: o=ML,c=MA\npkdMasterListContent:: {list}\n"
    );
    text.into_bytes()
}

/// What is signed in front, and the entries: the parser signs.
fn hot_list() -> Vec<u8> {
    let dates = (datetime!(2026-11-21 00:00 UTC), datetime!(2026-11-23 00:00 UTC));
    let listing = Listing { reason: ListingReason::Stolen, since: datetime!(2026-11-01 00:00 UTC) };
    let entries = vec![HotListEntry { card: CardDigest([7; 16]), listing: Some(listing) }];
    let writer = HotListWriter::new(HotListKind::Base, 1, dates, *b"same key", entries);
    let signed = writer.to_sign().to_vec();
    let file = writer.finish(&[]);
    let entries = file.get(pki::hot_list::HotListHeader::LEN..).expect("entries");
    [signed.as_slice(), entries].concat()
}

fn sealed_keys() -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("keys.sealed");
    let keys = SoftwareKeys::generate(datetime!(2026-11-22 00:00 UTC)).expect("keys");
    KeyFile::create(
        &file,
        "seven words that nobody would ever guess",
        &keys,
        datetime!(2026-11-22 00:00 UTC),
    )
    .expect("a key file");
    std::fs::read(file).expect("a key file")
}
