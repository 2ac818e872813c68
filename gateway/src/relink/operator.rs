//! Whose statement is this, and are they an operator at this moment?

use std::path::Path;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, ParsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hsm_config::{HsmError, KeyRole};
use policies::ClientKind;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::ParsedCertificate;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::statement::{Addressed, Kind};
use super::{Desk, RelinkError};
use crate::caller::Caller;
use crate::limits::MAX_RELINK_STATEMENT_BYTES;

/// A registered auditor who signed a statement (*opérateur*).
///
/// Only `Desk::operator` makes one, from a signature that verified.
#[derive(Debug)]
pub(super) struct Operator {
    id: String,
}

impl Operator {
    pub(super) fn id(&self) -> &str {
        &self.id
    }
}

/// An operator's own certificate and key, for as long as one command runs.
pub struct OperatorKey {
    chain: Vec<CertificateDer<'static>>,
    key: EcdsaKeyPair,
    claimed: Option<String>,
}

impl std::fmt::Debug for OperatorKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OperatorKey(redacted)")
    }
}

/// The only header: three members, no other is understood.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: String,
    x5c: Vec<String>,
}

impl OperatorKey {
    /// Reads a chain, leaf first, and its key, both PEM.
    pub fn load(certificate: &Path, key: &Path) -> Result<Self, RelinkError> {
        let chain = CertificateDer::pem_file_iter(certificate)
            .and_then(Iterator::collect)
            .map_err(|_| RelinkError::Key("the certificate is not PEM"))?;
        let key = match PrivateKeyDer::from_pem_file(key) {
            Ok(PrivateKeyDer::Pkcs8(key)) => {
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.secret_pkcs8_der())
            }
            Ok(_) => return Err(RelinkError::Key("not PKCS#8")),
            Err(_) => return Err(RelinkError::Key("the key is not PEM")),
        };
        Self::new(chain, key.map_err(|_| RelinkError::Key("not a P-256 key"))?)
    }

    fn new(chain: Vec<CertificateDer<'static>>, key: EcdsaKeyPair) -> Result<Self, RelinkError> {
        let leaf = chain.first().ok_or(RelinkError::Key("no certificate"))?;
        let claimed = pki::ClientCertificate::from_der(leaf).ok();
        let claimed = claimed.map(|certificate| certificate.subject_serial_number().to_owned());
        Ok(Self { chain, key, claimed })
    }

    /// Who the certificate says that this is: for the event of a refusal.
    pub(super) fn claimed_id(&self) -> Option<&str> {
        self.claimed.as_deref()
    }

    pub(super) fn sign(&self, kind: Kind, statement: &impl Serialize) -> Result<String, RelinkError> {
        let header = Header {
            alg: "ES256".to_owned(),
            typ: kind.typ().to_owned(),
            x5c: self.chain.iter().map(|der| STANDARD.encode(der)).collect(),
        };
        let mut text = format!("{}.{}", encoded(&header)?, encoded(statement)?);
        let signature = self.key.sign(&SystemRandom::new(), text.as_bytes());
        let signature = signature.map_err(|_| RelinkError::Key("it does not sign"))?;
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut text);
        Ok(text)
    }
}

impl Desk {
    /// Reads a statement of this kind, addressed to this gateway, and proves who signed it: the signature verifies
    /// with the certificate's key, the certificate is our authority's and not revoked, its holder a registered
    /// auditor, active at this moment.
    pub(super) fn operator<T: DeserializeOwned + Addressed>(
        &self,
        text: &str,
        kind: Kind,
        at: OffsetDateTime,
    ) -> Result<(T, Operator), RelinkError> {
        if text.len() > MAX_RELINK_STATEMENT_BYTES {
            return Err(RelinkError::Statement("too long"));
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(RelinkError::Statement("not three parts"))?;
        let (header, payload) = signed.split_once('.').ok_or(RelinkError::Statement("not three parts"))?;
        let header: Header = decoded(header, "not exactly alg, typ and x5c")?;
        if header.alg != "ES256" || header.typ != kind.typ() {
            return Err(RelinkError::Statement("of another kind"));
        }
        let chain = header.x5c.iter().map(|der| STANDARD.decode(der).map(CertificateDer::from));
        let chain: Vec<_> = chain.collect::<Result<_, _>>().map_err(|_| RelinkError::Statement("x5c"))?;
        let leaf = chain.first().ok_or(RelinkError::Statement("x5c"))?;
        let parsed = ParsedCertificate::try_from(leaf).map_err(|_| RelinkError::Statement("x5c"))?;
        let key = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, parsed.subject_public_key_info().as_ref())
            .map_err(|_| RelinkError::Key("not a P-256 key"))?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| RelinkError::Signature)?;
        key.verify_sig(signed.as_bytes(), &signature).map_err(|_| RelinkError::Signature)?;
        let statement: T = decoded(payload, "not the members of its kind")?;
        if statement.id().aud != self.config.issuer {
            return Err(RelinkError::Statement("for another gateway"));
        }
        let vouched =
            self.trust.vouched(&chain, at).map_err(|error| RelinkError::Operator(error.code().into()))?;
        let caller = Caller::vouched(&vouched, &self.trust, &self.registry, at)
            .map_err(|refusal| RelinkError::Operator(refusal.into_codes().1))?;
        if caller.client().kind != ClientKind::Auditor {
            return Err(RelinkError::Operator("relink-not-an-auditor".into()));
        }
        Ok((statement, Operator { id: caller.client().id.clone() }))
    }

    /// A statement as it is stored: nobody but the gateway reads it, and it belongs to one request.
    pub(super) fn sealed(&self, id: Uuid, kind: Kind, text: &str) -> Result<Vec<u8>, RelinkError> {
        Ok(self.signer.seal(KeyRole::RegistrySealing, text.as_bytes(), &context(id, kind))?)
    }

    pub(super) fn opened(
        &self,
        id: Uuid,
        kind: Kind,
        sealed: &[u8],
    ) -> Result<zeroize::Zeroizing<String>, RelinkError> {
        let opened = match self.signer.open(KeyRole::RegistrySealing, sealed, &context(id, kind)) {
            Ok(opened) => opened,
            Err(HsmError::NotSealedHere { .. }) => return Err(RelinkError::Statement("altered")),
            Err(error) => return Err(error.into()),
        };
        let text = std::str::from_utf8(&opened).map_err(|_| RelinkError::Statement("not a text"))?;
        Ok(zeroize::Zeroizing::new(text.to_owned()))
    }
}

fn context(id: Uuid, kind: Kind) -> Vec<u8> {
    [b"relink\0".as_slice(), id.as_bytes(), kind.typ().as_bytes()].concat()
}

fn encoded(value: &impl Serialize) -> Result<String, RelinkError> {
    let json = serde_json::to_vec(value).map_err(|_| RelinkError::Statement("not JSON"))?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}

fn decoded<T: DeserializeOwned>(part: &str, otherwise: &'static str) -> Result<T, RelinkError> {
    let json = URL_SAFE_NO_PAD.decode(part).map_err(|_| RelinkError::Statement("not base64url"))?;
    serde_json::from_slice(&json).map_err(|_| RelinkError::Statement(otherwise))
}
