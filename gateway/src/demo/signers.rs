//! Who vouches for the cards of the demonstration? A country signer, its document signers, its revocation list.

use std::fs;

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pki::issuing::{CertificateProfile, CountrySigner, DocumentSigner, SignatureScheme};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::folder::{StateFolder, write_private, write_public};

const SCHEME: SignatureScheme = SignatureScheme::EcdsaP256;
const CSCA_YEARS: i64 = 20;
/// A document signer's certificate outlives the documents it signed (ICAO 9303-12 §3).
const DOCUMENT_SIGNER_YEARS: i64 = 15;
/// Renewed whole when less than this is left of the country signer.
const RENEW: Duration = Duration::days(365 * 5);
/// ICAO 9303-12 §4.2 asks for 90 days; this list also has to serve a folder that nobody visited for a year.
const CRL_DAYS: i64 = 400;
/// Signed certificates start in the past: documents of the demonstration have ages.
const BACKDATE: Duration = Duration::days(365);

/// Country signer and document signers with their keys (autorité nationale de signature).
pub struct Signers {
    /// CSCA of the demonstration.
    pub country: CountrySigner,
    /// Signs the good cards.
    pub documents: DocumentSigner,
    /// Once signed cards; is in the revocation list.
    pub revoked: DocumentSigner,
    /// Made in this call: cards signed before are worth nothing now.
    pub fresh: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignersFile {
    #[serde(with = "time::serde::rfc3339")]
    not_after: OffsetDateTime,
    country: SignerFile,
    documents: SignerFile,
    revoked: SignerFile,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignerFile {
    certificate: String,
    key: String,
}

impl Signers {
    /// The signers of this folder: made on the first call, read afterwards. The revocation list is signed anew.
    pub fn load_or_create(folder: &StateFolder, at: OffsetDateTime) -> Result<Self> {
        let signers = match Self::load(folder, at)? {
            Some(signers) => signers,
            None => Self::create(folder, at)?,
        };
        let next_update = at + Duration::days(CRL_DAYS);
        let revoked = signers.revoked.serial();
        let crl = signers.country.issue_crl(&[revoked], at - Duration::hours(1), next_update)?;
        write_public(&folder.csca_crl(), pem("X509 CRL", &crl).as_bytes())?;
        Ok(signers)
    }

    fn load(folder: &StateFolder, at: OffsetDateTime) -> Result<Option<Self>> {
        let path = folder.csca_keys();
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            read => read.with_context(|| format!("cannot read {}", path.display()))?,
        };
        let file: SignersFile =
            serde_json::from_slice(&bytes).with_context(|| format!("{} is damaged", path.display()))?;
        if file.not_after - at < RENEW || !folder.csca_certificate().exists() {
            return Ok(None);
        }
        let certificate = |signer: &SignerFile| STANDARD.decode(&signer.certificate);
        Ok(Some(Self {
            country: CountrySigner::restore(&certificate(&file.country)?, &file.country.key, SCHEME)?,
            documents: DocumentSigner::restore(&certificate(&file.documents)?, &file.documents.key, SCHEME)?,
            revoked: DocumentSigner::restore(&certificate(&file.revoked)?, &file.revoked.key, SCHEME)?,
            fresh: false,
        }))
    }

    fn create(folder: &StateFolder, at: OffsetDateTime) -> Result<Self> {
        let profile = |common_name: &str, years: i64| CertificateProfile {
            country: "MA".to_owned(),
            common_name: common_name.to_owned(),
            scheme: SCHEME,
            not_before: at - BACKDATE,
            not_after: at + Duration::days(365 * years),
        };
        let country = profile("CSCA-DEMO", CSCA_YEARS);
        let not_after = country.not_after;
        let country = CountrySigner::create(&country)?;
        let documents = country.issue_document_signer(&profile("DS-DEMO-1", DOCUMENT_SIGNER_YEARS))?;
        let revoked = country.issue_document_signer(&profile("DS-DEMO-REVOKED", DOCUMENT_SIGNER_YEARS))?;
        let signer = |certificate: &[u8], key: &str| SignerFile {
            certificate: STANDARD.encode(certificate),
            key: key.to_owned(),
        };
        let file = SignersFile {
            not_after,
            country: signer(country.certificate(), &country.private_key_pem()?),
            documents: signer(documents.certificate(), &documents.private_key_pem()?),
            revoked: signer(revoked.certificate(), &revoked.private_key_pem()?),
        };
        write_public(&folder.csca_certificate(), pem("CERTIFICATE", country.certificate()).as_bytes())?;
        write_private(&folder.csca_keys(), serde_json::to_string_pretty(&file)?.as_bytes())?;
        Ok(Self { country, documents, revoked, fresh: true })
    }
}

/// RFC 7468 §2.
pub(super) fn pem(label: &str, der: &[u8]) -> String {
    let base64 = STANDARD.encode(der);
    let mut text = format!("-----BEGIN {label}-----\n");
    for (place, letter) in base64.chars().enumerate() {
        if place > 0 && place % 64 == 0 {
            text.push('\n');
        }
        text.push(letter);
    }
    text + &format!("\n-----END {label}-----\n")
}
