//! Issued once, renewed in time, taken back for good.

use super::*;
use crate::demo::clients::CLIENTS;
use time::macros::datetime;

#[test]
fn issued_once_then_reused_until_near_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let folder = StateFolder::create(dir.path()).unwrap();
    let at = datetime!(2026-11-22 10:00 UTC);
    let read = || {
        let client = CLIENTS[0].id;
        let certificate = fs::read(folder.client_certificate(client)).unwrap();
        (certificate, fs::read(folder.client_key(client)).unwrap())
    };
    let ensure = |at| Authority::load_or_create(&folder, at).unwrap().ensure_client(&CLIENTS[0], at).unwrap();
    ensure(at);
    let first = read();
    ensure(at + Duration::days(200));
    assert_eq!(first, read());
    ensure(at + Duration::days(350));
    let renewed = read();
    assert_ne!(first.0, renewed.0, "renewed near its end");
    assert_eq!(first.1, renewed.1, "with the same key");
}

#[test]
fn a_revoked_client_is_in_the_list() {
    let dir = tempfile::tempdir().unwrap();
    let folder = StateFolder::create(dir.path()).unwrap();
    let at = datetime!(2026-11-22 10:00 UTC);
    let mut authority = Authority::load_or_create(&folder, at).unwrap();
    authority.ensure_client(&CLIENTS[0], at).unwrap();
    authority.sign_crl(at).unwrap();
    let empty = fs::read(folder.client_crl()).unwrap();
    authority.revoke_client("pharmacy-1", at).unwrap();
    assert!(fs::read(folder.client_crl()).unwrap().len() > empty.len());
    assert!(authority.revoke_client("nobody", at).is_err());
}

#[test]
fn a_restart_gives_no_new_certificate_to_the_revoked() {
    let dir = tempfile::tempdir().unwrap();
    let folder = StateFolder::create(dir.path()).unwrap();
    let at = datetime!(2026-11-22 10:00 UTC);
    let mut authority = Authority::load_or_create(&folder, at).unwrap();
    authority.ensure_client(&CLIENTS[0], at).unwrap();
    let serial = authority.revoke_client("pharmacy-1", at).unwrap();
    let later = at + Duration::days(380);
    let mut authority = Authority::load_or_create(&folder, later).unwrap();
    authority.ensure_client(&CLIENTS[0], later).unwrap();
    assert_eq!(authority.revoke_client("pharmacy-1", later).unwrap(), serial);
}
