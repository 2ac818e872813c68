//! Sound bytes for every parser: what fuzzing starts from, taken from a freshly made kingdom.

mod trust;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer};
use serde_json::Value;

use crate::counter::{TestCard, presence_body};
use crate::harness::Harness;

/// Parser and bytes.
pub async fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let town = Harness::new().prepare().await;
    let mut seeds: Vec<(&str, Vec<u8>)> = Vec::new();
    for name in ["amina", "youssef"] {
        let file = std::fs::read(town.files.card(name)).expect("a card file");
        let card: Value = serde_json::from_slice(&file).expect("JSON");
        let content = |name: &str| card["files"][name].as_str().and_then(|text| STANDARD.decode(text).ok());
        for (parser, name) in [
            ("sod", "sod"),
            ("mrz", "dg1"),
            ("tlv", "sod"),
            ("tlv", "dg14"),
            ("security_infos", "card_access"),
            ("security_infos", "dg14"),
            ("security_infos", "dg15"),
        ] {
            seeds.extend(content(name).map(|bytes| (parser, bytes)));
        }
        let dg1 = content("dg1").expect("a DG1");
        // The zone without its two tags.
        seeds.push(("mrz", dg1[5..].to_vec()));
        let dg15 = content("dg15").unwrap_or_default();
        seeds.extend((dg15.len() > 2).then(|| ("security_infos", dg15[2..].to_vec())));
        seeds.push((
            "json_bodies",
            presence_body(&TestCard::new(&card).transcript()).to_string().into_bytes(),
        ));
        seeds.push(("card_file", file));
    }
    let der = |path: &std::path::Path| CertificateDer::from_pem_file(path).expect("a certificate").to_vec();
    for path in [
        town.files.csca_certificate(),
        town.files.ca_certificate(),
        town.files.server_certificate(),
        town.files.client_certificate("pharmacy-1"),
    ] {
        seeds.push(("certificate", der(&path)));
    }
    for path in [town.files.csca_crl(), town.files.client_crl()] {
        let crl = CertificateRevocationListDer::from_pem_file(path).expect("a revocation list");
        seeds.push(("certificate", crl.to_vec()));
    }
    seeds.push((
        "json_bodies",
        br#"{"responses":["9000","0102036a82"],"purpose":"TREAT","encounter":"e-1"}"#.to_vec(),
    ));
    for apdu in [
        "00a4040c07a0000002471001",
        "00b0000000000100",
        "0022c1a40f800a04007f00070202040202830102",
        "0c86000002970100",
    ] {
        seeds.push(("apdu", hex::decode(apdu).expect("hex")));
    }
    let token = "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImEifQ.eyJpc3MiOiJodHRwczovL2xvY2FsaG9zdDo4NDQxIiwiZXhwIjoxfQ";
    seeds.push(("jws", format!("{token}.{}", "A".repeat(86)).into_bytes()));
    seeds.extend(trust::seeds());
    seeds.extend(crate::parsers::KEYED_SEEDS.map(|seed| ("dpop", seed.as_bytes().to_vec())));
    seeds.extend(REQUESTS.map(|request| ("fhir_request", request.as_bytes().to_vec())));
    seeds.extend(ANSWERS.map(|answer| ("fhir_answer", answer.as_bytes().to_vec())));
    seeds.extend(crate::parsers::CONSENT_SEEDS.map(|seed| ("consent", seed.as_bytes().to_vec())));
    seeds
}

/// Requests of every form that is understood.
const REQUESTS: [&str; 14] = [
    "GET MedicationRequest?patient=fedcba9876543210fedcba9876543210&status=active\n\n",
    "GET MedicationRequest?_include=MedicationRequest:requester:Practitioner&medication.code=1\n\n",
    "GET Patient?_has:Observation:patient:code=1&_id=Patient/fedcba9876543210fedcba9876543210\n\n",
    "GET Patient/fedcba9876543210fedcba9876543210\n\n",
    "GET Patient/fedcba9876543210fedcba9876543210/Observation?code=1\n\n",
    "GET Patient/fedcba9876543210fedcba9876543210/$everything?_type=Observation\n\n",
    "GET Encounter/1/Observation?code:in=ValueSet/1\n\n",
    "POST MedicationRequest/_search\napplication/x-www-form-urlencoded\npatient=fedcba9876543210fedcba9876543210",
    "POST MedicationDispense\napplication/fhir+json\n{\"resourceType\":\"MedicationDispense\",\"subject\":{\"reference\":\"Patient/fedcba9876543210fedcba9876543210\"}}",
    "PUT Observation?identifier=1\napplication/fhir+json\n{\"resourceType\":\"Observation\",\"subject\":{\"reference\":\"Patient/fedcba9876543210fedcba9876543210\"}}",
    "PATCH Observation/1\napplication/json-patch+json\n[{\"op\":\"add\",\"path\":\"/performer/-\",\"value\":{\"reference\":\"Patient/fedcba9876543210fedcba9876543210\"}}]",
    "POST Patient/fedcba9876543210fedcba9876543210/$everything\napplication/fhir+json\n{\"resourceType\":\"Parameters\",\"parameter\":[{\"name\":\"_type\",\"valueCode\":\"Observation\"}]}",
    "POST \napplication/fhir+json\n{\"resourceType\":\"Bundle\",\"type\":\"batch\",\"entry\":[{\"request\":{\"method\":\"GET\",\"url\":\"Patient/fedcba9876543210fedcba9876543210\"}}]}",
    "POST \napplication/fhir+json\n{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[{\"fullUrl\":\"urn:uuid:1\",\"resource\":{\"resourceType\":\"Patient\",\"id\":\"fedcba9876543210fedcba9876543210\"},\"request\":{\"method\":\"PUT\",\"url\":\"Patient/fedcba9876543210fedcba9876543210\"}},{\"resource\":{\"resourceType\":\"Observation\",\"subject\":{\"reference\":\"urn:uuid:1\"}},\"request\":{\"method\":\"POST\",\"url\":\"Observation\"}}]}",
];

/// Answers, some of whose entries are somebody else's or hidden.
const ANSWERS: [&str; 4] = [
    "{\"resourceType\":\"Patient\",\"id\":\"0123456789abcdef0123456789abcdef\"}",
    "{\"resourceType\":\"Bundle\",\"type\":\"searchset\",\"total\":2,\"entry\":[{\"resource\":{\"resourceType\":\"Observation\",\"subject\":{\"reference\":\"Patient/0123456789abcdef0123456789abcdef\"},\"valueQuantity\":{\"value\":0.10}}},{\"resource\":{\"resourceType\":\"Procedure\",\"subject\":{\"reference\":\"Patient/0123456789abcdef0123456789abcdef\"}}}]}",
    "{\"resourceType\":\"Bundle\",\"type\":\"batch-response\",\"entry\":[{\"response\":{\"status\":\"200\",\"location\":\"Patient/0123456789abcdef0123456789abcdef\"}},{\"resource\":{\"resourceType\":\"Procedure\",\"subject\":{\"reference\":\"Patient/0123456789abcdef0123456789abcdef\"}}}]}",
    "{\"resourceType\":\"Observation\",\"meta\":{\"security\":[{\"code\":\"R\"}]},\"subject\":{\"reference\":\"Patient/0123456789abcdef0123456789abcdef\"},\"contained\":[{\"resourceType\":\"Medication\",\"id\":\"m\"}]}",
];
