//! Bags, names and lists made to cost: each validation ends with a name, and the work is counted, not timed.

use crate::hierarchy::{Authority, Draft, oid, sequence, tlv};
use crate::kingdom::NOW;
use pki::{
    Budget, PathCrl, PathError, PathReason, PathValidator, PkiError, Profile, RevocationPolicy,
    UntrustedCertificate, ValidatedPath, Work, limits,
};

fn authorities(number: usize) -> Vec<Authority> {
    (0..number).map(|index| Authority::root(&Draft::authority(&format!("Ring {index}")))).collect()
}

/// Every authority certifies every other.
fn mesh(authorities: &[Authority]) -> Vec<UntrustedCertificate> {
    let pairs = (0..authorities.len()).flat_map(|from| (0..authorities.len()).map(move |to| (from, to)));
    pairs
        .filter(|(from, to)| from != to)
        .map(|(from, to)| {
            authorities[from].certify(&Draft::authority(&format!("Ring {to}")), &authorities[to].key)
        })
        .collect()
}

fn validate(
    anchor: &Authority,
    bag: Vec<UntrustedCertificate>,
    leaf: UntrustedCertificate,
) -> Result<ValidatedPath, PathError> {
    PathValidator::new(vec![anchor.certificate.clone()])
        .unwrap()
        .with_intermediates(bag)
        .unwrap()
        .with_revocation_policy(RevocationPolicy::Report)
        .validate(leaf, &Profile::professional(), NOW, Budget::default())
}

fn within(work: Work) {
    let budget = Budget::default();
    assert!(work.signatures <= budget.signatures, "{work:?}");
    assert!(work.paths <= budget.paths, "{work:?}");
    assert!(work.steps <= budget.steps, "{work:?}");
    assert!(work.names <= budget.names, "{work:?}");
}

/// Rings of cross certificates of several sizes, none of which reaches the anchor.
#[test]
fn rings_of_cross_certificates_end() {
    let stranger = Authority::root(&Draft::authority("Stranger"));
    for (size, reason) in [
        (2, PathReason::NoIssuer),
        (3, PathReason::NoIssuer),
        (8, PathReason::BudgetSteps),
        (20, PathReason::BudgetSignatures),
    ] {
        let ring = authorities(size);
        let leaf = ring[0].issue(&Draft::professional());
        let mut bag = mesh(&ring);
        bag.extend(ring.iter().map(|authority| authority.certificate.clone()));
        let refused = validate(&stranger, bag, leaf).unwrap_err();
        within(refused.work);
        if size > 3 {
            assert_eq!(refused.reason, reason, "{size}: {:?}", refused.work);
        } else {
            assert_ne!(refused.reason.code().get(..6), Some("budget"), "{size}: {:?}", refused.work);
        }
    }
}

/// Every path through the mesh reaches the anchor, and every one is spoiled by the leaf.
#[test]
fn many_complete_paths_that_all_fail_end() {
    let ring = authorities(7);
    let leaf = ring[0].issue(&Draft::professional().without("2.5.29.37"));
    let mut bag = mesh(&ring[..6]);
    let to_anchor = |authority: &Authority, index: usize| {
        ring[6].certify(&Draft::authority(&format!("Ring {index}")), &authority.key)
    };
    bag.extend(ring[..6].iter().enumerate().map(|(index, authority)| to_anchor(authority, index)));
    let refused = validate(&ring[6], bag, leaf).unwrap_err();
    assert_eq!(refused.reason, PathReason::BudgetPaths, "{:?}", refused.work);
    within(refused.work);
}

/// A good path is found among 1,999 certificates of other keys under the same names.
#[test]
fn namesakes_do_not_hide_the_right_issuer_and_do_not_buy_work() {
    let root = Authority::root(&Draft::authority("Root"));
    let draft = Draft::authority("Issuing").with("2.5.29.14", false, tlv(4, &[7; 20]));
    let issuing = root.authority(&draft);
    let namesake = Authority::root(&Draft::authority("Issuing"));
    let by_name = Draft::professional();
    let by_key = by_name.clone().with("2.5.29.35", false, sequence(&[&tlv(0x80, &[7; 20])]));
    let bag = || {
        let mut bag = vec![namesake.certificate.clone(); limits::PATH_BAG - 1];
        bag.push(issuing.certificate.clone());
        bag
    };
    let found = validate(&root, bag(), issuing.issue(&by_name)).unwrap();
    assert_eq!(found.work().signatures, 3, "one check answers for all certificates of a key");
    let mut keys: Vec<_> =
        (0..120).map(|_| Authority::root(&Draft::authority("Issuing")).certificate).collect();
    keys.push(issuing.certificate.clone());
    let refused = validate(&root, keys, issuing.issue(&by_name)).unwrap_err();
    assert_eq!(refused.reason, PathReason::BudgetSignatures);
    within(refused.work);
    // With key identifiers the right one is tried early: those that name another key come last.
    let other = Draft::authority("Issuing").with("2.5.29.14", false, tlv(4, &[9; 20]));
    let others = vec![Authority::root(&other).certificate.clone(); limits::PATH_BAG - 1];
    let found = validate(&root, [others, vec![issuing.certificate.clone()]].concat(), issuing.issue(&by_key));
    assert_eq!(found.unwrap().work().signatures, 2);
    let too_many = [bag(), bag()].concat();
    let validator = PathValidator::new(vec![root.certificate.clone()]).unwrap();
    assert_eq!(validator.with_intermediates(too_many).err(), Some(PathReason::TooMany));
}

/// Link certificates in a ring: one name, keys that certify each other.
#[test]
fn rings_of_link_certificates_end() {
    let generations: Vec<Authority> = (0..12).map(|_| Authority::root(&Draft::authority("Root"))).collect();
    let draft = Draft::authority("Root");
    let links =
        (0..12).map(|from| generations[from].certify(&draft, &generations[(from + 1) % 12].key)).collect();
    let leaf = generations[0].issue(&Draft::professional());
    let stranger = Authority::root(&Draft::authority("Stranger"));
    let refused = validate(&stranger, links, leaf).unwrap_err();
    within(refused.work);
    assert_eq!(refused.reason, PathReason::TooDeep);
}

/// The chain is longer than any honest one.
#[test]
fn a_chain_of_thirty_is_too_deep() {
    let mut chain = vec![Authority::root(&Draft::authority("Level 0"))];
    for level in 1..30 {
        let next = chain[level - 1].authority(&Draft::authority(&format!("Level {level}")));
        chain.push(next);
    }
    let leaf = chain[29].issue(&Draft::professional());
    let bag = chain.iter().skip(1).map(|authority| authority.certificate.clone()).collect();
    let refused = validate(&chain[0], bag, leaf).unwrap_err();
    assert_eq!(refused.reason, PathReason::TooDeep);
    within(refused.work);
}

/// As many names and constraints as two certificates can hold: 16 KiB of each.
#[test]
fn names_under_constraints_end() {
    let names = |tag: u8| -> Vec<Vec<u8>> {
        (0..1300_u32).map(|index| tlv(tag, format!("{index:04}.a").as_bytes())).collect()
    };
    let bases: Vec<Vec<u8>> = names(0x82).iter().map(|name| tlv(0x30, name)).collect();
    let root = Authority::root(&Draft::authority("Root"));
    let constraints = sequence(&[&tlv(0xa1, &bases.concat())]);
    let issuing = root.authority(&Draft::authority("Issuing").with("2.5.29.30", true, constraints));
    let others: Vec<Vec<u8>> =
        (0..1300_u32).map(|index| tlv(0x82, format!("{index:04}.b").as_bytes())).collect();
    let leaf = issuing.issue(&Draft::professional().with("2.5.29.17", false, tlv(0x30, &others.concat())));
    let refused = validate(&root, vec![issuing.certificate.clone()], leaf).unwrap_err();
    assert_eq!(refused.reason, PathReason::BudgetNames);
    assert_eq!(refused.work.names, limits::PATH_NAMES);
    // Ten thousand of either do not fit into a certificate that is read at all.
    let ten_thousand: Vec<Vec<u8>> =
        (0..10_000_u32).map(|index| tlv(0x82, format!("{index}").as_bytes())).collect();
    let many_names = Draft::professional().with("2.5.29.17", false, tlv(0x30, &ten_thousand.concat()));
    assert_eq!(unread(&root, &many_names), PkiError::TooLarge);
    let bases: Vec<Vec<u8>> = ten_thousand.iter().map(|name| tlv(0x30, name)).collect();
    let constraints = sequence(&[&tlv(0xa0, &bases.concat())]);
    assert_eq!(
        unread(&root, &Draft::authority("Issuing").with("2.5.29.30", true, constraints)),
        PkiError::TooLarge
    );
}

/// What reading a certificate of this draft says.
fn unread(authority: &Authority, draft: &Draft) -> PkiError {
    let der = draft.sign(&authority.key, &authority.name, &authority.key);
    UntrustedCertificate::from_der(&der).unwrap_err()
}

#[test]
fn ten_thousand_extensions_and_a_megabyte_of_name_are_not_read() {
    let root = Authority::root(&Draft::authority("Root"));
    let mut draft = Draft::professional();
    for index in 0..33 {
        draft = draft.with(&format!("1.2.3.{index}"), false, vec![5, 0]);
    }
    assert_eq!(unread(&root, &draft), PkiError::TooLarge, "33 extensions");
    for index in 33..10_000 {
        draft.extensions.push((format!("1.2.3.{index}"), false, vec![5, 0]));
    }
    assert_eq!(unread(&root, &draft), PkiError::TooLarge, "10,000 extensions");
    let megabyte = tlv(0x31, &sequence(&[&oid("2.5.4.3"), &tlv(0x0c, &[b'x'; 1024 * 1024])]));
    let named = sequence(&[&sequence(&[&tlv(0x30, &megabyte)])]);
    assert_eq!(UntrustedCertificate::from_der(&named).err(), Some(PkiError::TooLarge), "1 MB of name");
    let mut twice = Draft::professional();
    twice.extensions.push(("2.5.29.15".to_owned(), false, vec![3, 2, 7, 0x80]));
    assert_eq!(unread(&root, &twice), PkiError::Malformed("certificate extension"), "an extension twice");
}

/// Mappings that would double RFC 5280's tree at every level (CVE-2023-0464); RFC 9618's graph stays small.
#[test]
fn policy_mappings_do_not_multiply() {
    let policies: Vec<String> = (0..150).map(|index| format!("1.2.3.{index}")).collect();
    let listed: Vec<Vec<u8>> = policies.iter().map(|policy| sequence(&[&oid(policy)])).collect();
    // Each of 20 to each of 20, at every level: 20^7 nodes of a tree.
    let pairs = (0..20).flat_map(|from| (0..20).map(move |to| (from, to)));
    let mapped: Vec<Vec<u8>> =
        pairs.map(|(from, to)| sequence(&[&oid(&policies[from]), &oid(&policies[to])])).collect();
    let wide = |draft: Draft| draft.with("2.5.29.32", false, sequence(&[&listed.concat()]));
    let mut chain = vec![Authority::root(&Draft::authority("Level 0"))];
    for level in 1..9 {
        let draft = wide(Draft::authority(&format!("Level {level}")));
        let draft = draft.with("2.5.29.33", true, sequence(&[&mapped.concat()]));
        let next = chain[level - 1].authority(&draft);
        chain.push(next);
    }
    let leaf = chain[8].issue(&wide(Draft::professional()));
    let bag = chain.iter().skip(1).map(|authority| authority.certificate.clone()).collect();
    let path = validate(&chain[0], bag, leaf).unwrap();
    assert_eq!(path.policies().len(), 150);
    assert_eq!(path.work().paths, 1);
}

/// Every point of a certificate would be compared with every name of a list that nobody has signed yet.
#[test]
fn distribution_points_are_few() {
    let root = Authority::root(&Draft::authority("Root"));
    let names: Vec<u8> = (0..65_u8).flat_map(|index| tlv(0x86, &[b'u', b':', b'0' + index])).collect();
    let name = tlv(0xa0, &tlv(0xa0, &names));
    let scope = sequence(&[&oid("2.5.29.28"), &[1, 1, 0xff], &tlv(4, &sequence(&[&name]))]);
    assert_eq!(PathCrl::from_der(&root.list(&[], &scope)).err(), Some(PkiError::TooLarge), "65 names");
    let points = sequence(&[&sequence(&[]).repeat(65)]);
    let leaf = root.issue(&Draft::professional().with("2.5.29.31", false, points));
    let refused = validate(&root, vec![], leaf).unwrap_err();
    assert_eq!(refused.reason, PathReason::Certificate(PkiError::TooLarge), "65 points");
}

#[test]
fn lists_of_any_size_and_scope_end_with_a_name() {
    let root = Authority::root(&Draft::authority("Root"));
    let entry =
        |serial: u32| sequence(&[&tlv(2, &(serial + 0x0100_0000).to_be_bytes()), b"\x17\x0d260101000000Z"]);
    let million: Vec<u8> = (0..1_000_000).flat_map(entry).collect();
    assert_eq!(PathCrl::from_der(&root.list(&million, &[])).err(), Some(PkiError::TooLarge), "10^6 entries");
    let most: Vec<u8> = (0..200_000).flat_map(entry).collect();
    assert_eq!(PathCrl::from_der(&root.list(&most, &[])).unwrap().len(), 200_000);
    let extension = |id: &str, value: &[u8]| sequence(&[&oid(id), &[1, 1, 0xff], &tlv(4, value)]);
    for (what, id, value) in [
        ("delta", "2.5.29.27", vec![2, 1, 1]),
        ("indirect", "2.5.29.28", sequence(&[&[0x84, 1, 0xff]])),
        ("attribute certificates", "2.5.29.28", sequence(&[&[0x85, 1, 0xff]])),
        ("unknown", "1.2.3.4", vec![5, 0]),
    ] {
        let refused = PathCrl::from_der(&root.list(&[], &extension(id, &value))).err();
        assert!(matches!(refused, Some(PkiError::Unsupported(_))), "{what}: {refused:?}");
    }
}
