//! Does paper that another program made hold here? Chains over six explicit curves, RSA and PSS, and every way to spoil them.

use crate::kingdom::judge;
use pki::{
    DataGroupNumber, PassiveAuthentication, PkiError, RevocationPolicy, SecurityObject, TrustStore,
    UntrustedCertificate,
};
use time::OffsetDateTime;

struct Chain {
    name: &'static str,
    ef_sod: Vec<u8>,
    csca: UntrustedCertificate,
}

fn rows() -> impl Iterator<Item = Vec<&'static str>> {
    let lines = include_str!("foreign_chains.txt").lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split(' ').collect())
}

fn chains() -> Vec<Chain> {
    rows()
        .filter(|row| row.len() == 3)
        .map(|row| Chain {
            name: row[0],
            ef_sod: hex::decode(row[1]).unwrap(),
            csca: UntrustedCertificate::from_der(&hex::decode(row[2]).unwrap()).unwrap(),
        })
        .collect()
}

fn group(name: &str) -> Vec<u8> {
    hex::decode(rows().find(|row| row[0] == name).unwrap()[1]).unwrap()
}

impl Chain {
    fn store(&self) -> TrustStore {
        let store = TrustStore::new(vec![self.csca.clone()], vec![]).unwrap();
        store.with_revocation_policy(RevocationPolicy::Report)
    }

    /// A day after its CSCA begins.
    fn at(&self) -> OffsetDateTime {
        self.csca.not_before() + time::Duration::DAY
    }

    fn judge(&self, ef_sod: &[u8]) -> Result<PassiveAuthentication, PkiError> {
        judge(ef_sod, &self.store(), self.at())
    }
}

/// Their document signers have no key usage, which Doc 9303-12 §7.1 demands: so the chain holds, signature by signature, and is
/// refused for that and for nothing before it.
#[test]
fn what_another_program_signed_holds_and_its_bare_signer_is_refused() {
    let mut seen = 0;
    for chain in chains().iter().filter(|chain| chain.name != "wrong-content-type") {
        let object = SecurityObject::parse(&chain.ef_sod).unwrap();
        for (number, name) in [(1, "dg1"), (2, "dg2")] {
            let number = DataGroupNumber::new(number).unwrap();
            object.matches(number, &group(name)).unwrap();
            let mut changed = group(name);
            changed[0] ^= 1;
            assert_eq!(object.matches(number, &changed).unwrap_err(), PkiError::DataGroupChanged);
        }
        let signer = object.document_signer().unwrap().clone();
        object.verify_signature().unwrap_or_else(|error| panic!("{}: {error}", chain.name));
        signer.signed_by(&chain.csca).unwrap_or_else(|error| panic!("{}: {error}", chain.name));
        assert_eq!(chain.judge(&chain.ef_sod).unwrap_err(), PkiError::WrongUsage, "{}", chain.name);
        seen += 1;
    }
    assert_eq!(seen, 8);
}

#[test]
fn a_changed_signature_or_salt_length_is_refused() {
    for chain in chains().iter().filter(|chain| chain.name != "wrong-content-type") {
        let mut changed = chain.ef_sod.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert_eq!(chain.judge(&changed).unwrap_err(), PkiError::BadSignature, "{}", chain.name);
    }
    let chain = chains().into_iter().find(|chain| chain.name == "rsa-pss").unwrap();
    let salt = [0xa2, 0x03, 0x02, 0x01, 0x20];
    let at = chain.ef_sod.windows(salt.len()).rposition(|window| window == salt).unwrap();
    let mut shorter = chain.ef_sod.clone();
    shorter[at + 4] = 20;
    assert_eq!(chain.judge(&shorter).unwrap_err(), PkiError::BadSignature);
}

#[test]
fn another_country_signer_does_not_vouch() {
    let chains = chains();
    for (one, other) in
        chains.iter().zip(chains.iter().skip(1)).filter(|(_, other)| other.name != "wrong-content-type")
    {
        let judged = judge(&one.ef_sod, &other.store(), one.at());
        assert_eq!(judged.unwrap_err(), PkiError::Untrusted, "{} under {}", one.name, other.name);
    }
}

#[test]
fn another_content_type_is_refused() {
    let chain = chains().into_iter().find(|chain| chain.name == "wrong-content-type").unwrap();
    assert_eq!(chain.judge(&chain.ef_sod).unwrap_err(), PkiError::WrongContentType);
}

/// Explicit parameters of no known curve: one octet of b changed in the signer's certificate.
#[test]
fn parameters_that_are_almost_a_curve_are_refused() {
    let chain = chains().into_iter().find(|chain| chain.name == "bp256").unwrap();
    let b = [0x26, 0xdc, 0x5c, 0x6c, 0xe9, 0x4a, 0x4b, 0x44];
    let at = chain.ef_sod.windows(b.len()).position(|window| window == b).unwrap();
    let mut other = chain.ef_sod.clone();
    other[at + 7] ^= 1;
    assert_eq!(chain.judge(&other).unwrap_err(), PkiError::Unsupported("curve"));
}
