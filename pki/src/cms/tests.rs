//! Which SignedData is read, by its parts? Put together from what two document signers signed.

use super::*;
use crate::DigestAlgorithm;
use crate::issuing::encode::{element, oid, sequence, set_of, small, tagged};
use crate::issuing::{
    CertificateProfile, CountrySigner, DocumentSigner, SecurityObjectOptions, SignatureScheme,
};
use time::macros::datetime;

const CONTENT: &[u8] = b"\x31\x00";
const TWO: CmsBounds = CmsBounds { octets: 100_000, certificates: 8, signers: 2 };

fn signer(scheme: SignatureScheme) -> DocumentSigner {
    let profile = |name: &str| CertificateProfile {
        country: "MA".to_owned(),
        common_name: name.to_owned(),
        scheme,
        not_before: datetime!(2025-01-01 00:00 UTC),
        not_after: datetime!(2035-01-01 00:00 UTC),
    };
    let csca = CountrySigner::create(&profile("CSCA")).unwrap();
    csca.issue_document_signer(&profile("DS")).unwrap()
}

/// The SignerInfo of one signer over the content.
fn signer_info(signer: &DocumentSigner) -> Vec<u8> {
    let options = SecurityObjectOptions::default();
    let file = signer.sign_card_security(CONTENT, &options).unwrap();
    let mut content_info = Element::only(&file, WHAT).unwrap().sequence().unwrap();
    content_info.next().unwrap();
    let signed_data = content_info.next().unwrap().inside(constructed(0)).unwrap().next().unwrap();
    let fields = signed_data.sequence().unwrap().rest(5).unwrap();
    fields.last().unwrap().contents().to_vec()
}

/// What a SignedData is made of; healthy, so that each test can spoil one thing.
struct Parts {
    version: u8,
    digests: Vec<Vec<u8>>,
    certificates: Vec<Vec<u8>>,
    lists: Option<Vec<u8>>,
    signers: Vec<Vec<u8>>,
}

impl Parts {
    fn of(signers: &[&DocumentSigner]) -> Self {
        let digest = |digest: DigestAlgorithm| sequence(&[&oid(digest.oid()).unwrap()]).unwrap();
        Self {
            version: 3,
            digests: vec![digest(DigestAlgorithm::Sha256), digest(DigestAlgorithm::Sha384)],
            certificates: signers.iter().map(|signer| signer.certificate().to_vec()).collect(),
            lists: None,
            signers: signers.iter().map(|signer| signer_info(signer)).collect(),
        }
    }

    fn read(self) -> Result<SignedData, PkiError> {
        self.read_within(TWO)
    }

    fn read_within(self, bounds: CmsBounds) -> Result<SignedData, PkiError> {
        let content = tagged(0, &element(Tag::OctetString, CONTENT).unwrap()).unwrap();
        let encapsulated = sequence(&[&oid("0.4.0.127.0.7.3.2.1").unwrap(), &content]).unwrap();
        let certificates = match self.certificates.as_slice() {
            [] => Vec::new(),
            certificates => tagged(0, &certificates.concat()).unwrap(),
        };
        let signed_data = sequence(&[
            &small(self.version).unwrap(),
            &set_of(self.digests).unwrap(),
            &encapsulated,
            &certificates,
            &self.lists.unwrap_or_default(),
            &element(Tag::Set, &self.signers.concat()).unwrap(),
        ]);
        let explicit = tagged(0, &signed_data.unwrap()).unwrap();
        SignedData::read(&sequence(&[&oid("1.2.840.113549.1.7.2").unwrap(), &explicit]).unwrap(), bounds)
    }
}

#[test]
fn two_signers_are_both_verified() {
    let (one, two) = (signer(SignatureScheme::EcdsaP256), signer(SignatureScheme::EcdsaP384));
    let signed = Parts::of(&[&one, &two]).read().unwrap();
    assert_eq!(signed.certificates().len(), 2);
    assert_eq!(signed.content(), CONTENT);
    assert_eq!(signed.verify_by(&[]).unwrap().serial(), one.serial());
    // The second's signature is not decoration, nor is its certificate.
    let mut spoilt = Parts::of(&[&one, &two]);
    *spoilt.signers[1].last_mut().unwrap() ^= 1;
    assert_eq!(spoilt.read().unwrap().verify_by(&[]).unwrap_err(), PkiError::BadSignature);
    let mut alone = Parts::of(&[&one, &two]);
    alone.certificates.pop();
    let alone = alone.read().unwrap();
    assert_eq!(alone.verify_by(&[]).unwrap_err(), PkiError::SignerNotFound);
    let outside = UntrustedCertificate::from_der(two.certificate()).unwrap();
    assert_eq!(alone.verify_by(&[&outside]).unwrap().serial(), one.serial());
}

#[test]
fn a_card_has_one_signer_and_nothing_is_without() {
    let one = signer(SignatureScheme::EcdsaP256);
    Parts::of(&[&one]).read_within(CmsBounds::CARD).unwrap();
    let refused = Parts::of(&[&one, &one]).read_within(CmsBounds::CARD);
    assert_eq!(refused.err(), Some(PkiError::TooLarge));
    assert_eq!(Parts::of(&[]).read().err(), Some(PkiError::Malformed(WHAT)));
    let mut many = Parts::of(&[&one]);
    many.certificates = vec![one.certificate().to_vec(); 9];
    assert_eq!(many.read().err(), Some(PkiError::TooLarge));
    let small = CmsBounds { octets: 100, ..TWO };
    assert_eq!(Parts::of(&[&one]).read_within(small).err(), Some(PkiError::TooLarge));
}

/// RFC 5652 §5.1: 5 with certificates or lists of another format, 4 with version 2 attribute certificates, 3 else.
#[test]
fn the_version_is_what_the_parts_ask_for() {
    let one = signer(SignatureScheme::EcdsaP256);
    let other_list = tagged(1, &tagged(1, &oid("1.2.3").unwrap()).unwrap()).unwrap();
    for (choice, lists, least) in [
        (None, None, 3),
        (Some(1), None, 3),
        (Some(2), None, 4),
        (Some(3), None, 5),
        (None, Some(other_list), 5),
    ] {
        for version in 0..=6 {
            let mut parts = Parts::of(&[&one]);
            parts.version = version;
            // Choices that are no X.509 certificate are passed over, whatever they hold.
            parts.certificates.extend(choice.map(|choice| tagged(choice, b"\x05\x00").unwrap()));
            parts.lists.clone_from(&lists);
            let read = parts.read();
            let expected = [3, 4, 5].contains(&version) && version >= least || version == 1 && least == 3;
            assert_eq!(read.is_ok(), expected, "version {version} where {least} is due");
            if let Ok(signed) = read {
                signed.verify_by(&[]).unwrap();
            }
        }
    }
}

#[test]
fn digests_that_nobody_uses_may_be_unknown_and_that_of_a_signer_must_be_announced() {
    let one = signer(SignatureScheme::EcdsaP256);
    let unknown = sequence(&[&oid("2.16.840.1.101.3.4.2.8").unwrap()]).unwrap();
    let mut with_unknown = Parts::of(&[&one]);
    with_unknown.digests.push(unknown.clone());
    with_unknown.read().unwrap().verify_by(&[]).unwrap();
    let mut without = Parts::of(&[&one]);
    without.digests = vec![unknown];
    assert_eq!(without.read().err(), Some(PkiError::Malformed(WHAT)));
    let mut many = Parts::of(&[&one]);
    many.digests = vec![many.digests[0].clone(); limits::DIGEST_ALGORITHMS + 1];
    assert_eq!(many.read().err(), Some(PkiError::TooLarge));
}

/// Two certificates under one name and number, which nothing forbids an issuer: the signature tells which is meant.
#[test]
fn of_two_certificates_that_fit_the_one_that_signed_is_found() {
    let (one, two) = (signer(SignatureScheme::EcdsaP256), signer(SignatureScheme::EcdsaP256));
    let mut twin = two.certificate().to_vec();
    let at = twin.windows(two.serial().len()).position(|window| window == two.serial()).unwrap();
    twin[at..at + one.serial().len()].copy_from_slice(one.serial());
    let mut parts = Parts::of(&[&one]);
    parts.certificates.insert(0, twin);
    assert_eq!(parts.read().unwrap().verify_by(&[]).unwrap().der(), one.certificate());
}
