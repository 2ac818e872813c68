//! Who certifies the holders of the demonstration's cards? An authority with its revocation list, apart from the state's signers.

use std::fs;

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use card_reader::simulated::CardFile;
use pki::issuing::{
    CertificateProfile, ChipCurve, ChipKeyKind, HolderAuthority, HolderProfile, SignatureScheme,
};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::folder::{StateFolder, write_private, write_public};
use super::people::{self, Person};
use super::signers::pem;

const SCHEME: SignatureScheme = SignatureScheme::EcdsaP256;
const YEARS: i64 = 15;
/// Renewed whole when less than this is left: longer than a card's certificate lives.
const RENEW: Duration = Duration::days(365 * 9);
/// As the other lists of the demonstration: for a folder that nobody visited for a year.
const CRL_DAYS: i64 = 400;
const BACKDATE: Duration = Duration::days(365);

/// Certificate policy of the demonstration's holders: an invented number below Morocco's arc.
pub const POLICY: &str = "1.2.504.99.1";

/// The authority of cardholders with its key (autorité de certification des titulaires).
pub struct Holders {
    authority: HolderAuthority,
    /// Made in this call: certificates issued before are worth nothing now.
    pub fresh: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AuthorityFile {
    #[serde(with = "time::serde::rfc3339")]
    not_after: OffsetDateTime,
    certificate: String,
    key: String,
}

impl Holders {
    /// The authority of this folder: made on the first call, read afterwards.
    pub fn load_or_create(folder: &StateFolder, at: OffsetDateTime) -> Result<Self> {
        let path = folder.holder_keys();
        let known: Option<AuthorityFile> = match fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            read => {
                let bytes = read.with_context(|| format!("cannot read {}", path.display()))?;
                let file: AuthorityFile = serde_json::from_slice(&bytes)
                    .with_context(|| format!("{} is damaged", path.display()))?;
                (file.not_after - at > RENEW && folder.holder_ca().exists()).then_some(file)
            }
        };
        match known {
            Some(file) => {
                let certificate = STANDARD.decode(&file.certificate)?;
                let authority = HolderAuthority::restore(&certificate, &file.key, SCHEME)?;
                Ok(Self { authority, fresh: false })
            }
            None => Self::create(folder, at),
        }
    }

    fn create(folder: &StateFolder, at: OffsetDateTime) -> Result<Self> {
        let profile = CertificateProfile {
            country: "MA".to_owned(),
            common_name: "Bawaba Demo Holders".to_owned(),
            scheme: SCHEME,
            not_before: at - BACKDATE,
            not_after: at + Duration::days(365 * YEARS),
        };
        let authority = HolderAuthority::create(&profile)?;
        let file = AuthorityFile {
            not_after: profile.not_after,
            certificate: STANDARD.encode(authority.certificate()),
            key: authority.private_key_pem()?.to_string(),
        };
        write_public(&folder.holder_ca(), pem("CERTIFICATE", authority.certificate()).as_bytes())?;
        write_private(&folder.holder_keys(), serde_json::to_string_pretty(&file)?.as_bytes())?;
        Ok(Self { authority, fresh: true })
    }

    /// Gives a card its holder's application, if this person has one.
    pub fn equip(&self, card: CardFile, person: &Person, at: OffsetDateTime) -> Result<CardFile> {
        let Some(pin) = person.pin() else { return Ok(card) };
        let profile = HolderProfile {
            serial_number: person.national_number.to_owned(),
            common_name: format!("{} {}", person.given, person.family),
            not_before: at - BACKDATE,
            not_after: at + super::cards::GOOD_FOR,
            policy: Some(POLICY.to_owned()),
            key_usage: None,
            purpose: None,
        };
        let mut card = card.with_holder(pin, ChipKeyKind::Ec(ChipCurve::P256), &self.authority, &profile)?;
        if let Some(holder) = card.holder.as_mut().filter(|_| person.card == people::PIN_BLOCKED) {
            holder.tries = 0;
        }
        Ok(card)
    }

    /// Signs a fresh list; the certificate of one card is on it.
    pub fn sign_crl(&self, folder: &StateFolder, at: OffsetDateTime) -> Result<()> {
        let card = CardFile::load(&folder.card(people::PIN_REVOKED))?;
        let revoked: Vec<&[u8]> = card.holder.iter().map(|holder| holder.certificate.0.as_slice()).collect();
        let next_update = at + Duration::days(CRL_DAYS);
        let list = self.authority.issue_crl(&revoked, at - Duration::hours(1), next_update)?;
        Ok(write_public(&folder.holder_crl(), pem("X509 CRL", &list).as_bytes())?)
    }

    /// The authority itself, for tests that issue what the demonstration would not.
    #[must_use]
    pub fn authority(&self) -> &HolderAuthority {
        &self.authority
    }
}
