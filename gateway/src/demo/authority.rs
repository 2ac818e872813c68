//! Who issues the certificates of the demonstration's clients and servers?
//!
//! A small certification authority with a ledger, like any other: what it issued, until when, what it took back.
//! It renews what is near its end, so that a state folder that is months old still works.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, RevocationReason,
    RevokedCertParams, SerialNumber,
};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::clients::Client;
use super::folder::{StateFolder, write_private, write_public};

/// X.520 serialNumber: the registered client id in the subject.
const SUBJECT_SERIAL_NUMBER: [u64; 4] = [2, 5, 4, 5];
/// organizationIdentifier (ETSI EN 319 412-1 §5.1.4): the establishment in the national register.
const ORGANIZATION_IDENTIFIER: [u64; 4] = [2, 5, 4, 97];
const CA_YEARS: i64 = 10;
const LEAF_DAYS: i64 = 397;
/// Renewed when less than this is left.
const RENEW_DAYS: i64 = 60;
/// As long as a leaf: a state folder that only `bawaba serve` runs on must not go stale before its certificates do.
const CRL_DAYS: i64 = LEAF_DAYS;
/// Clocks at the counters may run behind.
const BACKDATE: Duration = Duration::hours(1);

/// The demonstration's certification authority (autorité de certification).
pub struct Authority {
    folder: StateFolder,
    issuer: Issuer<'static, KeyPair>,
    ledger: Ledger,
}

/// What was issued (registre des certificats). Kept as JSON so that an operator can read it.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ledger {
    /// When the authority's own certificate ends.
    #[serde(with = "time::serde::rfc3339::option")]
    ca_not_after: Option<OffsetDateTime>,
    crl_number: u64,
    /// Current certificate of each holder.
    issued: BTreeMap<String, Issued>,
    revoked: Vec<Revoked>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Issued {
    serial: String,
    #[serde(with = "time::serde::rfc3339")]
    not_after: OffsetDateTime,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Revoked {
    holder: String,
    serial: String,
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
}

impl Authority {
    /// The authority of this folder: made on the first call, read afterwards.
    pub fn load_or_create(folder: &StateFolder, at: OffsetDateTime) -> Result<Self> {
        let mut ledger = Ledger::load(&folder.ledger())?;
        let fresh = ledger.ca_not_after.is_some_and(|end| end - at > Duration::days(LEAF_DAYS + RENEW_DAYS));
        let known = folder.ca_key().exists() && folder.ca_certificate().exists();
        let key = match known && fresh {
            true => read_key(&folder.ca_key())?,
            false => {
                // A new root: nothing signed by the old one can be kept.
                ledger.issued.clear();
                let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
                let not_after = at + Duration::days(365 * CA_YEARS);
                let certificate = ca_params(at - BACKDATE, not_after)?.self_signed(&key)?;
                write_private(&folder.ca_key(), key.serialize_pem().as_bytes())?;
                write_public(&folder.ca_certificate(), certificate.pem().as_bytes())?;
                ledger.ca_not_after = Some(not_after);
                ledger.save(&folder.ledger())?;
                key
            }
        };
        // The issuer needs the name and the key identifier, which do not depend on the dates.
        let issuer = Issuer::new(ca_params(at, at)?, key);
        Ok(Self { folder: folder.clone(), issuer, ledger })
    }

    /// Gives a client its certificate, unless the one it has is good for a while.
    pub fn ensure_client(&mut self, client: &Client, at: OffsetDateTime) -> Result<()> {
        let mut params = leaf_params(client.name, Vec::new())?;
        params.distinguished_name.push(DnType::OrganizationName, client.name);
        params.distinguished_name.push(DnType::LocalityName, client.city);
        params.distinguished_name.push(DnType::from_oid(&SUBJECT_SERIAL_NUMBER), client.id);
        let establishment = format!("NTRMA-DEMO-{}", client.id);
        params.distinguished_name.push(DnType::from_oid(&ORGANIZATION_IDENTIFIER), establishment);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let (certificate, key) =
            (self.folder.client_certificate(client.id), self.folder.client_key(client.id));
        self.ensure(&format!("client:{}", client.id), params, &certificate, &key, at)
    }

    /// Gives a server of this machine its certificate for `localhost`.
    pub fn ensure_server(
        &mut self,
        name: &str,
        certificate: &Path,
        key: &Path,
        at: OffsetDateTime,
    ) -> Result<()> {
        let names = ["localhost", "127.0.0.1", "::1"].map(String::from).to_vec();
        let mut params = leaf_params(name, names)?;
        params.distinguished_name.push(DnType::OrganizationName, "Bawaba (démonstration)");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.ensure(&format!("server:{name}"), params, certificate, key, at)
    }

    /// Takes a client's certificate back and signs a new revocation list.
    ///
    /// The client's own files stay: the refusal can be tried out. Returns the serial number (hexadecimal).
    pub fn revoke_client(&mut self, client: &str, at: OffsetDateTime) -> Result<String> {
        let holder = format!("client:{client}");
        let issued = self.ledger.issued.get(&holder).with_context(|| {
            format!("no certificate was issued to {client} in {}", self.folder.root().display())
        })?;
        let serial = issued.serial.clone();
        if !self.ledger.revoked.iter().any(|revoked| revoked.serial == serial) {
            self.ledger.revoked.push(Revoked { holder, serial: serial.clone(), at });
        }
        self.sign_crl(at)?;
        Ok(serial)
    }

    /// Signs a fresh list of revoked client certificates.
    pub fn sign_crl(&mut self, at: OffsetDateTime) -> Result<()> {
        self.ledger.crl_number += 1;
        let revoked = self.ledger.revoked.iter().map(revoked_params).collect::<Result<Vec<_>>>()?;
        let list = CertificateRevocationListParams {
            this_update: at - BACKDATE,
            next_update: at + Duration::days(CRL_DAYS),
            crl_number: SerialNumber::from_slice(&self.ledger.crl_number.to_be_bytes()),
            issuing_distribution_point: None,
            revoked_certs: revoked,
            key_identifier_method: KeyIdMethod::Sha256,
        }
        .signed_by(&self.issuer)?;
        // Ledger first: a number is never used twice, even if the process dies here.
        self.ledger.save(&self.folder.ledger())?;
        Ok(write_public(&self.folder.client_crl(), list.pem()?.as_bytes())?)
    }

    fn is_revoked(&self, holder: &str) -> bool {
        let serial = self.ledger.issued.get(holder).map(|issued| &issued.serial);
        self.ledger.revoked.iter().any(|revoked| Some(&revoked.serial) == serial)
    }

    fn ensure(
        &mut self,
        holder: &str,
        mut params: CertificateParams,
        certificate: &Path,
        key: &Path,
        at: OffsetDateTime,
    ) -> Result<()> {
        let left = self.ledger.issued.get(holder).map(|issued| issued.not_after - at);
        let present = certificate.exists() && key.exists();
        // Who was revoked is not given a new certificate by a restart.
        if present && self.is_revoked(holder) {
            return Ok(());
        }
        if present && left.is_some_and(|left| left > Duration::days(RENEW_DAYS)) {
            return Ok(());
        }
        let key_pair = match key.exists() {
            true => read_key(key)?,
            false => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?,
        };
        let mut serial = [0_u8; 16];
        getrandom::fill(&mut serial).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
        // RFC 5280 §4.1.2.2: positive, and always 16 bytes long.
        if let Some(first) = serial.first_mut() {
            *first = *first & 0x7F | 0x40;
        }
        params.serial_number = Some(SerialNumber::from_slice(&serial));
        params.not_before = at - BACKDATE;
        params.not_after = at + Duration::days(LEAF_DAYS);
        let signed = params.signed_by(&key_pair, &self.issuer)?;
        write_private(key, key_pair.serialize_pem().as_bytes())?;
        write_public(certificate, signed.pem().as_bytes())?;
        let issued = Issued { serial: hex::encode(serial), not_after: params.not_after };
        self.ledger.issued.insert(holder.to_owned(), issued);
        Ok(self.ledger.save(&self.folder.ledger())?)
    }
}

impl Ledger {
    fn load(path: &Path) -> Result<Self> {
        match fs::read(path) {
            Ok(bytes) => {
                serde_json::from_slice(&bytes).with_context(|| format!("{} is damaged", path.display()))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    fn save(&self, path: &Path) -> std::io::Result<()> {
        write_public(path, serde_json::to_string_pretty(self)?.as_bytes())
    }
}

fn ca_params(not_before: OffsetDateTime, not_after: OffsetDateTime) -> Result<CertificateParams> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CountryName, "MA");
    params.distinguished_name.push(DnType::OrganizationName, "Bawaba (démonstration)");
    params.distinguished_name.push(DnType::CommonName, "Bawaba Demo CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = not_before;
    params.not_after = not_after;
    Ok(params)
}

fn leaf_params(name: &str, names: Vec<String>) -> Result<CertificateParams> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CountryName, "MA");
    params.distinguished_name.push(DnType::CommonName, name);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    params.is_ca = IsCa::ExplicitNoCa;
    Ok(params)
}

fn revoked_params(revoked: &Revoked) -> Result<RevokedCertParams> {
    Ok(RevokedCertParams {
        serial_number: SerialNumber::from_slice(&hex::decode(&revoked.serial)?),
        revocation_time: revoked.at,
        reason_code: Some(RevocationReason::KeyCompromise),
        invalidity_date: None,
    })
}

fn read_key(path: &Path) -> Result<KeyPair> {
    let pem = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    KeyPair::from_pem(&pem).with_context(|| format!("{} is not a PKCS#8 P-256 key", path.display()))
}

#[cfg(test)]
mod tests;
