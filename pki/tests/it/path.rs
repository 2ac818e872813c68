//! Which professionals and establishments are believed? One healthy ministry; each row spoils one thing.

use crate::hierarchy::{Authority, Draft, Part, SERVER_AUTH, new_key, oid, sequence, text, tlv};
use crate::kingdom::NOW;
use openssl::asn1::Asn1Type;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use pki::{
    Budget, PathReason, PathValidator, PkiError, Profile, RevocationPolicy, RevocationStatus,
    UntrustedCertificate, VerifiedEstablishment, VerifiedHolder, VerifiedProfessional,
};
use time::Duration;

/// Root, issuing authority, leaf, what they are for.
struct Ministry {
    root: Draft,
    issuing: Draft,
    leaf: Draft,
    profile: Profile,
}

impl Ministry {
    fn of_professionals() -> Self {
        Self {
            root: Draft::authority("Ministry Root"),
            issuing: Draft::authority("Professionals CA"),
            leaf: Draft::professional(),
            profile: Profile::professional(),
        }
    }

    fn of_establishments() -> Self {
        Self { leaf: Draft::establishment(), profile: Profile::establishment(), ..Self::of_professionals() }
    }

    fn judge(&self) -> Result<pki::ValidatedPath, (PathReason, Option<usize>)> {
        let root = Authority::root(&self.root);
        let issuing = root.authority(&self.issuing);
        let leaf = issuing.issue(&self.leaf);
        validator(&root, vec![issuing.certificate.clone()])
            .with_lists(vec![root.crl(&[]), issuing.crl(&[])])
            .unwrap()
            .validate(leaf, &self.profile, NOW, Budget::default())
            .map_err(|error| (error.reason, error.certificate.map(|faulty| faulty.depth)))
    }
}

fn validator(root: &Authority, bag: Vec<UntrustedCertificate>) -> PathValidator {
    PathValidator::new(vec![root.certificate.clone()]).unwrap().with_intermediates(bag).unwrap()
}

#[test]
fn a_professional_is_known_by_the_registered_number_and_not_by_name() {
    let path = Ministry::of_professionals().judge().unwrap();
    assert_eq!(path.certificates().len(), 3);
    assert!(path.revocation().iter().all(|status| matches!(status, RevocationStatus::NotRevoked { .. })));
    assert!(VerifiedEstablishment::from_path(path.clone()).is_err(), "for another profile");
    assert_eq!(VerifiedHolder::from_path(path.clone()).err(), Some(PathReason::WrongProfile));
    let professional = VerifiedProfessional::from_path(path).unwrap();
    assert_eq!(professional.identity().serial_number(), "INPE-102938");
    let shown = format!("{professional:?}");
    assert!(!shown.contains("102938") && !shown.contains("Nadia"), "{shown}");
}

#[test]
fn an_establishment_is_known_by_both_numbers() {
    let path = Ministry::of_establishments().judge().unwrap();
    let establishment = VerifiedEstablishment::from_path(path).unwrap();
    assert_eq!(establishment.identity().serial_number(), "PH-0001");
    assert_eq!(establishment.identity().organization_identifier(), Some("NTRMA-000123456"));
}

/// What is spoiled, how, the reason, and the certificate it is about.
type Row = (&'static str, fn(&mut Ministry), PathReason, usize);

#[test]
fn every_spoiled_thing_has_its_name() {
    let rows: [Row; 22] = [
        ("leaf expired", |m| m.leaf.until = NOW - Duration::days(1), PathReason::Expired, 0),
        ("leaf not yet", |m| m.leaf.from = NOW + Duration::days(1), PathReason::NotYetValid, 0),
        ("authority expired", |m| m.issuing.until = NOW - Duration::days(1), PathReason::Expired, 1),
        ("anchor expired", |m| m.root.until = NOW - Duration::days(1), PathReason::Expired, 2),
        ("leaf over SHA-1", |m| m.leaf.digest = MessageDigest::sha1(), PathReason::WeakDigest, 0),
        ("authority over SHA-1", |m| m.issuing.digest = MessageDigest::sha1(), PathReason::WeakDigest, 1),
        ("no authority", |m| edit(&mut m.issuing, |d| d.without("2.5.29.19")), PathReason::NotAnAuthority, 1),
        (
            "may not issue",
            |m| edit(&mut m.issuing, |d| d.with("2.5.29.15", true, vec![3, 2, 1, 2])),
            PathReason::KeyUsage,
            1,
        ),
        (
            "root may not issue",
            |m| edit(&mut m.root, |d| d.with("2.5.29.15", true, vec![3, 2, 1, 2])),
            PathReason::KeyUsage,
            2,
        ),
        (
            "root of length 0",
            |m| edit(&mut m.root, |d| d.with("2.5.29.19", true, constraints(0))),
            PathReason::PathTooLong,
            1,
        ),
        ("no key usage", |m| edit(&mut m.leaf, |d| d.without("2.5.29.15")), PathReason::KeyUsage, 0),
        (
            "key to encipher",
            |m| edit(&mut m.leaf, |d| d.with("2.5.29.15", true, vec![3, 2, 5, 0x20])),
            PathReason::KeyUsage,
            0,
        ),
        ("no purpose", |m| edit(&mut m.leaf, |d| d.without("2.5.29.37")), PathReason::ExtendedKeyUsage, 0),
        (
            "for servers",
            |m| edit(&mut m.leaf, |d| d.with("2.5.29.37", false, purposes(SERVER_AUTH))),
            PathReason::ExtendedKeyUsage,
            0,
        ),
        (
            "authority for servers",
            |m| edit(&mut m.issuing, |d| d.with("2.5.29.37", false, purposes(SERVER_AUTH))),
            PathReason::ExtendedKeyUsage,
            1,
        ),
        (
            "root for servers",
            |m| edit(&mut m.root, |d| d.with("2.5.29.37", false, purposes(SERVER_AUTH))),
            PathReason::ExtendedKeyUsage,
            2,
        ),
        (
            "leaf is an authority",
            |m| edit(&mut m.leaf, |d| d.with("2.5.29.19", true, constraints(0))),
            PathReason::KeyUsage,
            0,
        ),
        (
            "critical in the leaf",
            |m| edit(&mut m.leaf, |d| d.with("1.2.3.4", true, vec![5, 0])),
            PathReason::UnknownCritical,
            0,
        ),
        (
            "critical above",
            |m| edit(&mut m.issuing, |d| d.with("1.2.3.4", true, vec![5, 0])),
            PathReason::UnknownCritical,
            1,
        ),
        (
            "critical in the root",
            |m| edit(&mut m.root, |d| d.with("1.2.3.4", true, vec![5, 0])),
            PathReason::UnknownCritical,
            2,
        ),
        (
            "policies empty",
            |m| edit(&mut m.leaf, |d| d.with("2.5.29.32", false, sequence(&[]))),
            MALFORMED_POLICIES,
            0,
        ),
        (
            "policy wanted",
            |m| m.profile = Profile::professional().with_policies(&["1.2.504.1"]).unwrap(),
            PathReason::Policy,
            1,
        ),
    ];
    for (what, spoil, reason, depth) in rows {
        let mut ministry = Ministry::of_professionals();
        spoil(&mut ministry);
        assert_eq!(ministry.judge().err(), Some((reason, Some(depth))), "{what}");
    }
}

const MALFORMED_POLICIES: PathReason = PathReason::Certificate(PkiError::Malformed("certificate policies"));

fn edit(draft: &mut Draft, change: impl FnOnce(Draft) -> Draft) {
    *draft = change(draft.clone());
}

fn purposes(dotted: &str) -> Vec<u8> {
    sequence(&[&oid(dotted)])
}

fn constraints(path_length: u8) -> Vec<u8> {
    sequence(&[&[1, 1, 0xff], &[2, 1, path_length]])
}

/// Subjects that a reader could take for somebody else.
#[test]
fn the_registered_number_is_there_once_and_plain() {
    let number = |form, value: &str| -> Part { ("2.5.4.5", form, value.to_owned()) };
    let long = "9".repeat(65);
    let rows: [(&str, Vec<Part>, PathReason); 9] = [
        ("none", vec![], PathReason::SerialNumberMissing),
        (
            "two",
            vec![number(Asn1Type::PRINTABLESTRING, "A1"), number(Asn1Type::PRINTABLESTRING, "A2")],
            PathReason::SerialNumberRepeated,
        ),
        (
            "the same twice",
            vec![number(Asn1Type::PRINTABLESTRING, "A1"), number(Asn1Type::UTF8STRING, "A1")],
            PathReason::SerialNumberRepeated,
        ),
        ("TeletexString", vec![number(Asn1Type::T61STRING, "A1")], PathReason::SerialNumberForm),
        ("BMPString", vec![number(Asn1Type::BMPSTRING, "A1")], PathReason::SerialNumberForm),
        ("IA5String", vec![number(Asn1Type::IA5STRING, "A1")], PathReason::SerialNumberForm),
        ("space at the end", vec![number(Asn1Type::UTF8STRING, "A1 ")], PathReason::SerialNumberForm),
        ("Arabic digits", vec![number(Asn1Type::UTF8STRING, "\u{661}\u{662}")], PathReason::SerialNumberForm),
        ("too long", vec![number(Asn1Type::UTF8STRING, &long)], PathReason::SerialNumberForm),
    ];
    for (what, parts, reason) in rows {
        let mut ministry = Ministry::of_professionals();
        ministry.leaf.subject.retain(|(oid, ..)| *oid != "2.5.4.5");
        if what == "too long" {
            // OpenSSL will not write it; the same through the other number, which it does not know.
            ministry = Ministry::of_establishments();
            ministry.leaf.subject.retain(|(oid, ..)| *oid != "2.5.4.97");
            ministry.leaf.subject.push(text("2.5.4.97", &long));
            assert_eq!(ministry.judge().err(), Some((PathReason::OrganizationForm, Some(0))), "{what}");
            continue;
        }
        ministry.leaf.subject.extend(parts);
        assert_eq!(ministry.judge().err(), Some((reason, Some(0))), "{what}");
    }
    let mut ministry = Ministry::of_establishments();
    ministry.leaf.subject.retain(|(oid, ..)| *oid != "2.5.4.97");
    assert_eq!(ministry.judge().err(), Some((PathReason::OrganizationMissing, Some(0))));
    ministry.leaf.subject.extend([text("2.5.4.97", "NTRMA-1"), text("2.5.4.97", "NTRMA-2")]);
    assert_eq!(ministry.judge().err(), Some((PathReason::OrganizationRepeated, Some(0))));
}

#[test]
fn a_short_key_is_refused_wherever_it_stands() {
    let root = Authority::root(&Draft::authority("Ministry Root"));
    let short = PKey::from_rsa(Rsa::generate(1024).unwrap()).unwrap();
    let leaf = root.certify(&Draft::professional(), &short);
    let refused = validator(&root, vec![]).with_revocation_policy(RevocationPolicy::Report).validate(
        leaf,
        &Profile::professional(),
        NOW,
        Budget::default(),
    );
    assert_eq!(refused.unwrap_err().reason, PathReason::Certificate(PkiError::BadKey));
}

#[test]
fn policies_that_are_wanted_hold_along_the_whole_path() {
    let policy = |dotted: &str| sequence(&[&sequence(&[&oid(dotted)])]);
    let mut ministry = Ministry::of_professionals();
    ministry.profile = Profile::professional().with_policies(&["1.2.504.1", "1.2.504.2"]).unwrap();
    edit(&mut ministry.issuing, |draft| draft.with("2.5.29.32", false, policy("2.5.29.32.0")));
    edit(&mut ministry.leaf, |draft| draft.with("2.5.29.32", false, policy("1.2.504.2")));
    assert_eq!(ministry.judge().unwrap().policies(), ["1.2.504.2"]);
    edit(&mut ministry.leaf, |draft| draft.with("2.5.29.32", false, policy("1.2.504.3")));
    assert_eq!(ministry.judge().err(), Some((PathReason::Policy, Some(0))));
}

/// What, permitted or excluded, base, name, outcome.
type Constrained = (&'static str, u8, Vec<u8>, Vec<u8>, Result<(), PathReason>);

/// Which names an authority may certify, over every form.
#[test]
fn names_are_constrained_in_every_form() {
    let other = |value: &[u8]| tlv(0xa0, &[oid("1.2.3.4"), tlv(0xa0, &tlv(0x0c, value))].concat());
    let country = |code: &str| {
        let part = sequence(&[&oid("2.5.4.6"), &tlv(0x0c, code.as_bytes())]);
        tlv(0xa4, &tlv(0x30, &tlv(0x31, &part)))
    };
    // Tag 0xa0: permitted; 0xa1: excluded.
    let rows: Vec<Constrained> = vec![
        ("dns in", 0xa0, tlv(0x82, b"chu.ma"), tlv(0x82, b"a.chu.ma"), Ok(())),
        ("dns out", 0xa0, tlv(0x82, b"chu.ma"), tlv(0x82, b"chu.fr"), Err(PathReason::NameNotPermitted)),
        ("dns excluded", 0xa1, tlv(0x82, b"chu.ma"), tlv(0x82, b"*.ma"), Err(PathReason::NameExcluded)),
        ("mail out", 0xa0, tlv(0x81, b"chu.ma"), tlv(0x81, b"a@chu.fr"), Err(PathReason::NameNotPermitted)),
        ("uri broken", 0xa0, tlv(0x86, b".chu.ma"), tlv(0x86, b"urn:x"), Err(PathReason::NameMalformed)),
        (
            "ip out",
            0xa0,
            tlv(0x87, &[10, 0, 0, 0, 255, 0, 0, 0]),
            tlv(0x87, &[11, 0, 0, 1]),
            Err(PathReason::NameNotPermitted),
        ),
        ("other form", 0xa0, other(b"x"), other(b"x"), Err(PathReason::NameForm)),
        ("other form, none below", 0xa0, other(b"x"), tlv(0x82, b"chu.ma"), Ok(())),
        ("another form is free", 0xa0, tlv(0x81, b"chu.ma"), tlv(0x82, b"chu.fr"), Ok(())),
        ("subject in, other case and type", 0xa0, country("ma"), tlv(0x82, b"chu.ma"), Ok(())),
        ("subject out", 0xa0, country("FR"), tlv(0x82, b"chu.ma"), Err(PathReason::NameNotPermitted)),
    ];
    for (what, tag, base, name, expected) in rows {
        let mut ministry = Ministry::of_professionals();
        let value = sequence(&[&tlv(tag, &tlv(0x30, &base))]);
        edit(&mut ministry.issuing, |draft| draft.with("2.5.29.30", true, value.clone()));
        edit(&mut ministry.leaf, |draft| draft.with("2.5.29.17", false, tlv(0x30, &name)));
        let expected = expected.map_err(|reason| (reason, Some(0)));
        assert_eq!(ministry.judge().map(|_| ()), expected, "{what}");
        // The same said by the anchor itself counts as much.
        let mut anchored = Ministry::of_professionals();
        edit(&mut anchored.root, |draft| draft.with("2.5.29.30", true, value));
        edit(&mut anchored.leaf, |draft| draft.with("2.5.29.17", false, tlv(0x30, &name)));
        assert_eq!(anchored.judge().is_ok(), expected.is_ok(), "{what}, said by the anchor");
    }
}

#[test]
fn revoked_on_hold_unknown() {
    let root = Authority::root(&Draft::authority("Ministry Root"));
    let issuing = root.authority(&Draft::authority("Professionals CA"));
    let draft = Draft::professional();
    let leaf = issuing.issue(&draft);
    let judge = |lists, policy| {
        validator(&root, vec![issuing.certificate.clone()])
            .with_lists(lists)
            .unwrap()
            .with_revocation_policy(policy)
            .validate(leaf.clone(), &Profile::professional(), NOW, Budget::default())
            .map(|path| path.revocation().to_vec())
            .map_err(|error| error.reason)
    };
    let strict = RevocationPolicy::RequireFresh;
    let named = vec![root.crl(&[]), issuing.crl(&[draft.serial])];
    assert_eq!(judge(named, strict), Err(PathReason::Revoked));
    let missing = || vec![root.crl(&[])];
    assert_eq!(judge(missing(), strict), Err(PathReason::RevocationUnknown));
    let reported = judge(missing(), RevocationPolicy::Report).unwrap();
    assert!(matches!(reported[..], [RevocationStatus::Unknown, RevocationStatus::NotRevoked { .. }]));
    // A namesake of the authority signs a list that says nothing.
    let namesake = Authority {
        key: new_key(),
        name: issuing.name.to_owned().unwrap(),
        certificate: issuing.certificate.clone(),
    };
    assert_eq!(judge(vec![root.crl(&[]), namesake.crl(&[])], strict), Err(PathReason::RevocationUnknown));
}
