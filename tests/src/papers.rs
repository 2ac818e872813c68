//! Papers that nobody should believe, and a country of our own: certificates, EF.SODs and tokens made for one test.

use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use card_reader::CardTranscript;
use gateway::clock::{Clock, SystemClock};
use hsm_config::{KeyRole, PublicKey, Signer, SoftwareKeys};
use pki::issuing::{CertificateProfile, CountrySigner, SignatureScheme};
use pki::{DataGroupNumber, DigestAlgorithm};
use rustls::pki_types::PrivateKeyDer;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::harness::Harness;
use crate::raw::Identity;

/// A country with its own signing authority (CSCA), which a gateway may or may not trust.
pub struct Country {
    signer: CountrySigner,
    code: String,
    now: OffsetDateTime,
}

impl Country {
    /// A country whose authority is valid from and to these distances from now.
    pub fn new(code: &str, valid: Range<Duration>) -> Self {
        let now = SystemClock.now();
        let signer = CountrySigner::create(&profile(code, "CSCA", now, &valid)).expect("a CSCA");
        Self { signer, code: code.to_owned(), now }
    }

    /// The DER certificate that an operator would pin.
    pub fn certificate(&self) -> &[u8] {
        self.signer.certificate()
    }

    /// A list on which nobody stands.
    pub fn crl(&self) -> Vec<u8> {
        let (from, to) = (self.now - Duration::days(1), self.now + Duration::days(30));
        self.signer.issue_crl(&[], from, to).expect("a CRL")
    }

    /// The same card, as if this country had issued it with a document signer valid for that long.
    pub fn sign(&self, card: &CardTranscript, valid: Range<Duration>) -> CardTranscript {
        let signer = self
            .signer
            .issue_document_signer(&profile(&self.code, "DS", self.now, &valid))
            .expect("a document signer");
        let mut groups = vec![(DataGroupNumber::DG1, card.dg1.as_slice())];
        groups.extend(card.dg14.as_deref().map(|content| (DataGroupNumber::DG14, content)));
        groups.extend(card.dg15.as_deref().map(|content| (DataGroupNumber::DG15, content)));
        let sod = signer.sign_security_object(DigestAlgorithm::Sha256, &groups).expect("an EF.SOD");
        CardTranscript { sod, ..card.clone() }
    }
}

fn profile(code: &str, name: &str, now: OffsetDateTime, valid: &Range<Duration>) -> CertificateProfile {
    CertificateProfile {
        country: code[..2].to_owned(),
        common_name: format!("{name}-{code}"),
        scheme: SignatureScheme::EcdsaP256,
        not_before: now + valid.start,
        not_after: now + valid.end,
    }
}

/// A client certificate that nobody vouches for.
pub fn self_signed_client(id: &str) -> Identity {
    let key = rcgen::KeyPair::generate().expect("a key");
    let certificate = client_params(id).self_signed(&key).expect("a certificate");
    Identity::new(certificate.der().clone(), PrivateKeyDer::Pkcs8(key.serialize_der().into()))
}

/// What a client certificate says: the registered id as X.520 serialNumber.
pub fn client_params(id: &str) -> rcgen::CertificateParams {
    let mut params = rcgen::CertificateParams::default();
    let serial_number = rcgen::DnType::CustomDnType(vec![2, 5, 4, 5]);
    params
        .distinguished_name
        .push(serial_number, rcgen::DnValue::PrintableString(id.try_into().expect("ASCII")));
    params.distinguished_name.push(rcgen::DnType::CommonName, id);
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    params.key_usages = vec![rcgen::KeyUsagePurpose::DigitalSignature];
    params
}

/// Somebody who has the gateway's own signing key, or pretends to: what is refused is refused for its content.
pub struct Forger {
    keys: SoftwareKeys,
    own: rcgen::KeyPair,
}

impl Forger {
    /// With the keys of this gateway.
    pub fn new(town: &Harness) -> Self {
        let keys = gateway::demo::keys::unlock(&town.files).expect("the gateway's keys");
        Self { keys, own: rcgen::KeyPair::generate().expect("a key") }
    }

    /// Signed with the real key, whatever it says.
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let input = signing_input(header, claims);
        let signature =
            self.keys.sign(KeyRole::TokenSigning, self.key().kid(), input.as_bytes()).expect("a signature");
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn key(&self) -> PublicKey {
        self.keys.current(KeyRole::TokenSigning, SystemClock.now()).expect("a public key")
    }

    /// Without any signature.
    pub fn unsigned(&self, header: &Value, claims: &Value) -> String {
        format!("{}.", signing_input(header, claims))
    }

    /// HMAC with the public key as if it were a secret: the confusion of RFC 8725 §2.1.
    pub fn sign_with_public_key(&self, header: &Value, claims: &Value) -> String {
        let public = self.key();
        let input = signing_input(header, claims);
        let secret = jsonwebtoken::EncodingKey::from_secret(public.sec1_uncompressed());
        let mac = jsonwebtoken::crypto::sign(input.as_bytes(), &secret, jsonwebtoken::Algorithm::HS256);
        format!("{input}.{}", mac.expect("an HMAC"))
    }

    /// Signed with another key, under the name of the real one.
    pub fn sign_with_own_key(&self, header: &Value, claims: &Value) -> String {
        let input = signing_input(header, claims);
        let key = jsonwebtoken::EncodingKey::from_ec_der(&self.own.serialize_der());
        let signature = jsonwebtoken::crypto::sign(input.as_bytes(), &key, jsonwebtoken::Algorithm::ES256);
        format!("{input}.{}", signature.expect("a signature"))
    }

    /// The forger's own public key as a JWK.
    pub fn own_jwk(&self) -> Value {
        use rcgen::PublicKeyData;
        let point = self.own.der_bytes();
        let coordinate = |from: usize| URL_SAFE_NO_PAD.encode(&point[from..from + 32]);
        json!({ "kty": "EC", "crv": "P-256", "x": coordinate(1), "y": coordinate(33) })
    }
}

fn signing_input(header: &Value, claims: &Value) -> String {
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    format!("{}.{}", encode(header), encode(claims))
}

fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).expect("three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
}

/// The header of a token, unbelieved.
pub fn header_of(token: &str) -> Value {
    part(token, 0)
}

/// The claims of a token, unbelieved.
pub fn claims_of(token: &str) -> Value {
    part(token, 1)
}
