//! NIST PKITS, all of it: does path building and validation agree with the United States' test suite?
//!
//! Every test gets the whole suite as its bag: all authorities' certificates and all lists at once, as a directory would
//! have them, and only the end entity certificate changes. The certificates come from the Python package
//! `cryptography_vectors`; `make setup-vectors` (and `make test`) puts them into the target directory, or `BAWABA_PKITS` says where they are.

use crate::kingdom::NOW;
use pki::{Budget, PathCrl, PathValidator, Profile, UntrustedCertificate};
use std::path::{Path, PathBuf};

const TABLE: &str = include_str!("../vectors/pkits.tsv");
const POLICY: &str = "2.16.840.1.101.3.2.1.48.";

/// Tests whose outcome differs from the suite's, and why. An entry that is not true any more fails the test.
const EXCEPTIONS: [(&str, &str); 12] = [
    ("4.1.4", "DSA is not supported: no card and no authority of ours uses it"),
    ("4.1.5", "DSA is not supported, nor parameters inherited from the issuer"),
    ("4.2.3", "a date before 1970 is not read: no certificate can be that old"),
    ("4.14.22", INDIRECT),
    ("4.14.24", INDIRECT),
    ("4.14.25", INDIRECT),
    ("4.14.28", INDIRECT),
    ("4.14.29", INDIRECT),
    ("4.14.30", INDIRECT),
    ("4.14.33", INDIRECT),
    ("4.15.4", "delta lists are refused: revoked only since the complete list, which is still fresh"),
    ("4.15.5", "delta lists are refused: on hold in the complete list, released only by the delta"),
];
const INDIRECT: &str = "indirect lists are refused: without them the status is unknown";

/// Lists of the suite that are refused when they are read: they are no part of any bag.
const REFUSED_LISTS: [(&str, &str); 12] = [
    ("BadCRLSignatureCACRL", "not a well-formed revocation list"),
    ("UnknownCRLEntryExtensionCACRL", "revocation list with a critical extension is not supported"),
    ("UnknownCRLExtensionCACRL", "revocation list with a critical extension is not supported"),
    ("deltaCRLCA1deltaCRL", "delta revocation list is not supported"),
    ("deltaCRLCA2deltaCRL", "delta revocation list is not supported"),
    ("deltaCRLCA3deltaCRL", "delta revocation list is not supported"),
    ("deltaCRLIndicatorNoBaseCACRL", "delta revocation list is not supported"),
    ("indirectCRLCA1CRL", "indirect revocation list is not supported"),
    ("indirectCRLCA3cRLIssuerCRL", "indirect revocation list is not supported"),
    ("indirectCRLCA4cRLIssuerCRL", "indirect revocation list is not supported"),
    ("indirectCRLCA5CRL", "indirect revocation list is not supported"),
    ("onlyContainsAttributeCertsCACRL", "revocation list of attribute certificates is not supported"),
];

/// The suite's folder, if it is there.
fn suite() -> Option<PathBuf> {
    let in_target = || Some(std::env::current_exe().ok()?.ancestors().nth(3)?.join("vectors/PKITS_data"));
    let folder = std::env::var_os("BAWABA_PKITS").map(PathBuf::from).or_else(in_target)?;
    if folder.join("certs").is_dir() {
        return Some(folder);
    }
    println!("SKIPPED: NIST PKITS is not in {}; `make setup-vectors` fetches it", folder.display());
    None
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            (path.file_stem().unwrap().to_str().unwrap().to_owned(), std::fs::read(path).unwrap())
        })
        .collect();
    files.sort();
    files
}

fn directory(folder: &Path) -> PathValidator {
    let certificate = |der: &Vec<u8>| UntrustedCertificate::from_der(der).unwrap();
    let certificates = files(&folder.join("certs"));
    let is_anchor = |name: &str| name == "TrustAnchorRootCertificate";
    let anchor = certificates.iter().find(|(name, _)| is_anchor(name)).unwrap();
    let bag = certificates.iter().filter(|(name, _)| !is_anchor(name) && !name.ends_with("EE"));
    let (mut lists, mut refused) = (Vec::new(), Vec::new());
    for (name, der) in files(&folder.join("crls")) {
        match PathCrl::from_der(&der) {
            Ok(list) => lists.push(list),
            Err(error) => refused.push((name, error.to_string())),
        }
    }
    let refused: Vec<_> = refused.iter().map(|(name, error)| (name.as_str(), error.as_str())).collect();
    assert_eq!(refused, REFUSED_LISTS);
    PathValidator::new(vec![certificate(&anchor.1)])
        .unwrap()
        .with_intermediates(bag.map(|(_, der)| certificate(der)).collect())
        .unwrap()
        .with_lists(lists)
        .unwrap()
}

fn profile(inputs: &str) -> Profile {
    let has = |word: &str| inputs.split(' ').any(|input| input == word);
    let numbers = inputs.split(' ').find(|input| input.starts_with(|c: char| c.is_ascii_digit()));
    let policies: Option<Vec<String>> =
        numbers.map(|numbers| numbers.split(',').map(|number| format!("{POLICY}{number}")).collect());
    let policies: Option<Vec<&str>> = policies.as_ref().map(|all| all.iter().map(String::as_str).collect());
    let any = has("inhibit-any");
    Profile::plain()
        .with_policy_inputs(policies.as_deref(), has("explicit"), has("inhibit-mapping"), any)
        .unwrap()
}

#[test]
fn every_test_of_the_suite() {
    let Some(folder) = suite() else { return };
    let directory = directory(&folder);
    let mut disagreements = Vec::new();
    let (mut tests, mut most) = (0, 0);
    for row in TABLE.lines().filter(|line| !line.starts_with('#')) {
        let [number, name, expected, inputs, answer] = row.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{row}")
        };
        let der = std::fs::read(folder.join("certs").join(format!("{name}EE.crt"))).unwrap();
        tests += 1;
        let code = match UntrustedCertificate::from_der(&der) {
            Err(unreadable) => unreadable.code(),
            Ok(leaf) => match directory.validate(leaf, &profile(inputs), NOW, Budget::default()) {
                Ok(path) => {
                    most = most.max(path.work().signatures);
                    "valid"
                }
                Err(error) => {
                    most = most.max(error.work.signatures);
                    error.code()
                }
            },
        };
        let agrees = (expected == "valid") == (code == "valid");
        let excepted = EXCEPTIONS.iter().any(|(excepted, _)| *excepted == number);
        if agrees == excepted || code != answer {
            disagreements.push(format!("{number} {name} {inputs}: {expected} and {answer} expected, {code}"));
        }
        println!("{number}\t{name}\t{inputs}\t{code}");
    }
    assert_eq!(tests, TABLE.lines().filter(|line| !line.starts_with('#')).count());
    println!("PKITS: {tests} tests, {} exceptions, at most {most} signature checks", EXCEPTIONS.len());
    assert!(disagreements.is_empty(), "{disagreements:#?}");
}
