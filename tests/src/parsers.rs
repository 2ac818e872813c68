//! Every parser of outside bytes, as a function of bytes that must neither panic nor believe.
//!
//! The fuzz targets call these, and `make test` calls them with random bytes. A finding becomes a test beside the parser.

mod consent;
mod keyed;
mod trust;

pub use consent::{CONSENT_SEEDS, consent};
pub use keyed::{KEYED_SEEDS, dpop};
pub use trust::{
    active_rsa, active_rsa_seed, card_security, certificate_judge, cms, crl, hot_list, ldif, master_list,
    path, sealed_keys,
};

use std::sync::{Arc, OnceLock};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use card_reader::lds::mrz::Mrz;
use card_reader::lds::security_infos::SecurityInfos;
use card_reader::simulated::SimulatedCard;
use card_reader::tlv::{TlvHeader, TlvReader};
use card_reader::{CommandApdu, ResponseApdu};
use gateway::fhir::answer::{Expected, Hides, Seen};
use gateway::fhir::{PatientNames, Said, Target};
use gateway::token::Tokens;
use gateway::wire::{BeginPresenceBody, ProofBody};
use hsm_config::SoftwareKeys;
use pki::{
    ActiveAuthenticationKey, CardSecurity, ChipAuthenticationKey, ClientCertificate, DataGroupNumber,
    SecurityObject, UntrustedCertificate, UntrustedCrl,
};
use time::OffsetDateTime;

/// A parser of outside bytes: it may refuse them, and must neither panic nor hang.
pub type Parser = fn(&[u8]);

/// All of them, by the name of the fuzz target.
pub const PARSERS: [(&str, Parser); 23] = [
    ("active_rsa", active_rsa),
    ("apdu", apdu),
    ("card_file", card_file),
    ("card_security", card_security),
    ("certificate", certificate),
    ("certificate_judge", certificate_judge),
    ("cms", cms),
    ("consent", consent),
    ("crl", crl),
    ("dpop", dpop),
    ("fhir_answer", fhir_answer),
    ("fhir_request", fhir_request),
    ("hot_list", hot_list),
    ("json_bodies", json_bodies),
    ("jws", jws),
    ("ldif", ldif),
    ("master_list", master_list),
    ("mrz", mrz),
    ("path", path),
    ("sealed_keys", sealed_keys),
    ("security_infos", security_infos),
    ("sod", sod),
    ("tlv", tlv),
];

/// Command and response APDUs: what is understood is written back as it was meant.
pub fn apdu(bytes: &[u8]) {
    if let Ok(command) = CommandApdu::parse(bytes) {
        assert_eq!(CommandApdu::parse(&command.encode()).as_ref(), Ok(&command));
    }
    if let Ok(response) = ResponseApdu::parse(bytes) {
        assert_eq!(response.encode(), bytes);
    }
}

/// BER-TLV: objects lie inside what they came from, one after the other.
pub fn tlv(bytes: &[u8]) {
    let _ = TlvHeader::parse(bytes);
    let mut reader = TlvReader::new(bytes);
    let mut total = 0;
    while let Ok(Some(object)) = reader.next_object() {
        total += object.value.len();
        assert!(total <= bytes.len());
    }
}

/// DG1 and the MRZ inside it: what is believed has sound check digits, and says so twice.
pub fn mrz(bytes: &[u8]) {
    let _ = Mrz::from_dg1(bytes);
    if let Ok(mrz) = Mrz::parse(bytes) {
        assert!(mrz.document_number().len() <= bytes.len());
        let _ = (mrz.surname(), mrz.given_names(), mrz.optional_data(), mrz.second_optional_data());
    }
}

/// EF.SOD and EF.CardSecurity: unbelieved, then their signature, then nobody's: no trust store of ours knows the signer.
pub fn sod(bytes: &[u8]) {
    if let (Ok(file), Ok(nobody)) = (CardSecurity::parse(bytes), pki::TrustStore::new(Vec::new(), Vec::new()))
    {
        let signed = file.verify_signature(&nobody);
        assert!(signed.and_then(|signed| signed.trust(&nobody, OffsetDateTime::UNIX_EPOCH)).is_err());
    }
    let Ok(object) = SecurityObject::parse(bytes) else { return };
    assert!(object.data_groups().count() <= 16);
    let Ok(signed) = object.verify_signature() else { return };
    let nobody = pki::TrustStore::new(Vec::new(), Vec::new());
    if let Ok(store) = nobody {
        assert!(
            signed.trust(&store, OffsetDateTime::UNIX_EPOCH).is_err(),
            "trusted by a store that trusts nobody"
        );
    }
}

/// EF.CardAccess, DG14 and DG15.
pub fn security_infos(bytes: &[u8]) {
    if let Ok(infos) = SecurityInfos::from_card_access(bytes) {
        let _ = (infos.best_pace(), infos.pace().len());
    }
    if let Ok(infos) = SecurityInfos::from_dg14(bytes) {
        let _ = (infos.chip_authentication(), infos.active_authentication_algorithm());
    }
    if let Ok(key) = ChipAuthenticationKey::from_spki(bytes) {
        // A key that is accepted can be agreed with.
        assert!(!key.agree().unwrap().secret().is_empty());
    }
    if let Ok(key) = ActiveAuthenticationKey::from_spki(bytes) {
        assert!(key.verify(Some(pki::DigestAlgorithm::Sha256), &[0; 8], &[0; 64]).is_err());
    }
}

/// Certificates and revocation lists.
pub fn certificate(bytes: &[u8]) {
    if let Ok(certificate) = UntrustedCertificate::from_der(bytes) {
        assert_eq!(certificate.der(), bytes);
    }
    if let Ok(client) = ClientCertificate::from_der(bytes) {
        assert!(!client.subject_serial_number().is_empty());
        let _ = (client.serial(), client.thumbprint(), client.not_after());
    }
    let _ = UntrustedCrl::from_der(bytes);
    let _ = DataGroupNumber::new(bytes.first().copied().unwrap_or_default());
}

/// Card files, and the chip inside with its first command.
pub fn card_file(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(mut card) = SimulatedCard::from_json(text) {
        let _ = card.process(&[0x00, 0xa4, 0x04, 0x0c, 0x07, 0xa0, 0, 0, 0x02, 0x47, 0x10, 0x01]);
        let _ = card.process(bytes);
    }
}

/// The JSON bodies of the API.
pub fn json_bodies(bytes: &[u8]) {
    let _ = serde_json::from_slice::<ProofBody>(bytes);
    if let Ok(body) = serde_json::from_slice::<BeginPresenceBody>(bytes) {
        for (text, parse) in [(&body.files.sod, sod as fn(&[u8])), (&body.files.dg1, mrz)] {
            if let Ok(content) = STANDARD.decode(text) {
                parse(&content);
            }
        }
    }
}

/// What a FHIR request means: `METHOD path?query`, the media type and the body, a line each.
pub fn fhir_request(bytes: &[u8]) {
    let mut parts = bytes.splitn(3, |byte| *byte == b'\n');
    let mut line = || parts.next().and_then(|part| std::str::from_utf8(part).ok());
    let (Some(request), Some(media)) = (line(), line()) else { return };
    let (method, target) = request.split_once(' ').unwrap_or(("GET", request));
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let Ok(method) = method.parse() else { return };
    let Ok(target) = Target::parse(&method, path, Some(media)) else { return };
    let body = parts.next().filter(|body| !body.is_empty()).map(Bytes::copy_from_slice);
    let there = "0123456789abcdef0123456789abcdef";
    let patient = PatientNames { here: "fedcba9876543210fedcba9876543210", there };
    if let Ok(bound) = target.bind(Said { query, if_none_exist: None }, body, patient) {
        let path = bound.path_and_query.split('?').next().unwrap_or_default();
        assert!(path.starts_with('/') && !path.contains(char::is_control), "{path}");
        assert!(!path.split('/').any(|segment| matches!(segment, "." | "..")), "a dot segment: {path}");
        if let Some((_, rest)) = path.split_once("/Patient/") {
            assert_eq!(rest.split('/').next(), Some(there), "the path names somebody else");
        }
    }
}

/// What a back-end answers: where it may leave, and what is left of it names nobody else and is still JSON.
pub fn fhir_answer(bytes: &[u8]) {
    struct Labelled;
    impl Hides for Labelled {
        fn hides(&self, resource_type: &str, labels: &[(&str, &str)]) -> bool {
            resource_type == "Procedure" || !labels.is_empty()
        }
    }
    let there = "0123456789abcdef0123456789abcdef";
    let left = match Expected::of(there, Some(Arc::new(Labelled))).look(bytes) {
        Ok(Seen::Whole) => bytes.to_vec(),
        Ok(Seen::Without(left)) => left,
        Ok(Seen::Hidden) | Err(_) => return,
    };
    let json: serde_json::Value = serde_json::from_slice(&left).expect("JSON is left");
    for entry in json["entry"].as_array().into_iter().flatten() {
        assert_ne!(entry["resource"]["resourceType"], "Procedure", "a hidden entry is left");
        let of_patient = entry["resource"]["resourceType"] == "Patient";
        assert!(!of_patient || entry["resource"]["id"] == there, "another patient is left");
    }
}

/// Session tokens: nothing that a stranger writes is ever believed.
pub fn jws(bytes: &[u8]) {
    static TOKENS: OnceLock<Tokens> = OnceLock::new();
    let tokens = TOKENS.get_or_init(|| {
        let keys = Arc::new(SoftwareKeys::generate(OffsetDateTime::UNIX_EPOCH).expect("keys"));
        Tokens::new(keys, "https://localhost:8441".to_owned(), "https://localhost:8441".to_owned())
    });
    let Ok(token) = std::str::from_utf8(bytes) else { return };
    assert!(
        tokens
            .verify_session(
                token,
                &gateway::token::Confirmation::Certificate("thumbprint".to_owned()),
                OffsetDateTime::UNIX_EPOCH
            )
            .is_err()
    );
}
