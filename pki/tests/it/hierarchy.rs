//! A health ministry's authorities and the certificates below them, written by OpenSSL: healthy, so that each test can
//! spoil one thing.

use crate::kingdom::NOW;
use openssl::asn1::{Asn1Integer, Asn1Object, Asn1OctetString, Asn1Time, Asn1Type};
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::sign::Signer;
use openssl::x509::{X509Builder, X509Extension, X509Name, X509NameBuilder};
use pki::{PathCrl, UntrustedCertificate};
use std::sync::atomic::{AtomicU32, Ordering};
use time::{Duration, OffsetDateTime};

pub(crate) const CLIENT_AUTH: &str = "1.3.6.1.5.5.7.3.2";
pub(crate) const SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";

/// Type, string type, value.
pub(crate) type Part = (&'static str, Asn1Type, String);

/// A certificate to be.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) subject: Vec<Part>,
    pub(crate) extensions: Vec<(String, bool, Vec<u8>)>,
    pub(crate) from: OffsetDateTime,
    pub(crate) until: OffsetDateTime,
    pub(crate) digest: MessageDigest,
    pub(crate) serial: u32,
}

pub(crate) struct Authority {
    pub(crate) key: PKey<Private>,
    pub(crate) name: X509Name,
    pub(crate) certificate: UntrustedCertificate,
}

pub(crate) fn new_key() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

pub(crate) fn text(oid: &'static str, value: &str) -> Part {
    (oid, Asn1Type::UTF8STRING, value.to_owned())
}

impl Draft {
    pub(crate) fn new(subject: Vec<Part>) -> Self {
        static SERIAL: AtomicU32 = AtomicU32::new(1000);
        Self {
            subject,
            extensions: Vec::new(),
            from: NOW - Duration::days(100),
            until: NOW + Duration::days(100),
            digest: MessageDigest::sha256(),
            serial: SERIAL.fetch_add(1, Ordering::Relaxed),
        }
    }

    pub(crate) fn authority(common_name: &str) -> Self {
        Self::new(vec![text("2.5.4.6", "MA"), text("2.5.4.3", common_name)])
            .with("2.5.29.19", true, sequence(&[&[1, 1, 0xff]]))
            .with("2.5.29.15", true, vec![3, 2, 1, 6])
    }

    pub(crate) fn professional() -> Self {
        Self::new(vec![
            text("2.5.4.6", "MA"),
            ("2.5.4.5", Asn1Type::PRINTABLESTRING, "INPE-102938".to_owned()),
            text("2.5.4.3", "Dr Nadia Example"),
        ])
        .with("2.5.29.15", true, vec![3, 2, 7, 0x80])
        .with("2.5.29.37", false, sequence(&[&oid(CLIENT_AUTH)]))
    }

    pub(crate) fn establishment() -> Self {
        let mut draft = Self::professional();
        draft.subject = vec![
            text("2.5.4.6", "MA"),
            ("2.5.4.5", Asn1Type::PRINTABLESTRING, "PH-0001".to_owned()),
            text("2.5.4.97", "NTRMA-000123456"),
            text("2.5.4.3", "Pharmacie Exemple"),
        ];
        draft
    }

    /// With this extension, in place of one of its kind.
    pub(crate) fn with(mut self, id: &str, critical: bool, value: Vec<u8>) -> Self {
        self = self.without(id);
        self.extensions.push((id.to_owned(), critical, value));
        self
    }

    pub(crate) fn without(mut self, id: &str) -> Self {
        self.extensions.retain(|(known, ..)| known != id);
        self
    }

    pub(crate) fn sign(
        &self,
        subject_key: &PKey<Private>,
        issuer: &X509Name,
        key: &PKey<Private>,
    ) -> Vec<u8> {
        let mut builder = X509Builder::new().unwrap();
        builder.set_version(2).unwrap();
        let serial = BigNum::from_u32(self.serial).unwrap();
        builder.set_serial_number(&Asn1Integer::from_bn(&serial).unwrap()).unwrap();
        builder.set_subject_name(&self.name()).unwrap();
        builder.set_issuer_name(issuer).unwrap();
        builder.set_pubkey(subject_key).unwrap();
        builder.set_not_before(&Asn1Time::from_unix(self.from.unix_timestamp()).unwrap()).unwrap();
        builder.set_not_after(&Asn1Time::from_unix(self.until.unix_timestamp()).unwrap()).unwrap();
        for (id, critical, value) in &self.extensions {
            let id = Asn1Object::from_str(id).unwrap();
            let value = Asn1OctetString::new_from_bytes(value).unwrap();
            builder.append_extension(X509Extension::new_from_der(&id, *critical, &value).unwrap()).unwrap();
        }
        builder.sign(key, self.digest).unwrap();
        builder.build().to_der().unwrap()
    }

    fn name(&self) -> X509Name {
        let mut name = X509NameBuilder::new().unwrap();
        for (id, form, value) in &self.subject {
            name.append_entry_by_text_with_type(id, value, *form).unwrap();
        }
        name.build()
    }
}

impl Authority {
    /// A self-signed authority.
    pub(crate) fn root(draft: &Draft) -> Self {
        let (key, name) = (new_key(), draft.name());
        let der = draft.sign(&key, &name, &key);
        Self { certificate: UntrustedCertificate::from_der(&der).unwrap(), key, name }
    }

    /// An authority below this one.
    pub(crate) fn authority(&self, draft: &Draft) -> Self {
        let key = new_key();
        let certificate = self.certify(draft, &key);
        Self { key, name: draft.name(), certificate }
    }

    /// This one's certificate for a key: below it, or a cross certificate.
    pub(crate) fn certify(&self, draft: &Draft, key: &PKey<Private>) -> UntrustedCertificate {
        UntrustedCertificate::from_der(&draft.sign(key, &self.name, &self.key)).unwrap()
    }

    pub(crate) fn issue(&self, draft: &Draft) -> UntrustedCertificate {
        self.certify(draft, &new_key())
    }

    /// A list that names these serial numbers, fresh at `NOW`.
    pub(crate) fn crl(&self, revoked: &[u32]) -> PathCrl {
        let entry = |serial: &u32| {
            let number = [&[0], serial.to_be_bytes().as_slice()].concat();
            let number: Vec<u8> = match number.iter().position(|octet| *octet != 0) {
                Some(first) if number[first] & 0x80 == 0 => number[first..].to_vec(),
                Some(first) => number[first - 1..].to_vec(),
                None => vec![0],
            };
            sequence(&[&tlv(2, &number), &time(NOW - Duration::days(2))])
        };
        let entries: Vec<Vec<u8>> = revoked.iter().map(entry).collect();
        PathCrl::from_der(&self.list(&entries.concat(), &[])).unwrap()
    }

    /// A list over these entries with these extensions, as DER.
    pub(crate) fn list(&self, entries: &[u8], extensions: &[u8]) -> Vec<u8> {
        let algorithm = sequence(&[&oid("1.2.840.10045.4.3.2")]);
        let entries = if entries.is_empty() { Vec::new() } else { tlv(0x30, entries) };
        let extensions = if extensions.is_empty() { Vec::new() } else { tlv(0xa0, &tlv(0x30, extensions)) };
        let tbs = sequence(&[
            &[2, 1, 1],
            &algorithm,
            &self.name.to_der().unwrap(),
            &time(NOW - Duration::days(1)),
            &time(NOW + Duration::days(1)),
            &entries,
            &extensions,
        ]);
        let mut signer = Signer::new(MessageDigest::sha256(), &self.key).unwrap();
        let signature = signer.sign_oneshot_to_vec(&tbs).unwrap();
        sequence(&[&tbs, &algorithm, &tlv(3, &[&[0], signature.as_slice()].concat())])
    }
}

/// One DER element.
pub(crate) fn tlv(tag: u8, contents: &[u8]) -> Vec<u8> {
    let length = contents.len();
    let mut element = vec![tag];
    if length < 0x80 {
        element.push(u8::try_from(length).unwrap());
    } else {
        let octets: Vec<u8> = length.to_be_bytes().into_iter().skip_while(|octet| *octet == 0).collect();
        element.push(0x80 | u8::try_from(octets.len()).unwrap());
        element.extend(octets);
    }
    element.extend_from_slice(contents);
    element
}

pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

pub(crate) fn oid(dotted: &str) -> Vec<u8> {
    let object = Asn1Object::from_str(dotted).unwrap();
    tlv(6, object.as_slice())
}

fn time(at: OffsetDateTime) -> Vec<u8> {
    let (date, time) = (at.date(), at.time());
    let text = format!(
        "{:02}{:02}{:02}{:02}{:02}{:02}Z",
        date.year() % 100,
        u8::from(date.month()),
        date.day(),
        time.hour(),
        time.minute(),
        time.second()
    );
    tlv(0x17, text.as_bytes())
}
