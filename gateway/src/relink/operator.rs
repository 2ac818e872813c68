//! Whose statement is this, and are they an operator at this moment?

use std::path::Path;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hsm_config::{HsmError, KeyRole};
use policies::ClientKind;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde::Serialize;
use serde::de::DeserializeOwned;
use time::OffsetDateTime;
use uuid::Uuid;

use super::statement::{Addressed, Kind};
use super::{Desk, RelinkError};
use crate::caller::Caller;
use crate::limits::MAX_RELINK_STATEMENT_BYTES;
use crate::trust::{StatementError, StatementHeader};

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
        self.sign_as(kind.typ(), statement)
    }

    /// A statement of that `typ`.
    pub(crate) fn sign_as(&self, typ: &str, statement: &impl Serialize) -> Result<String, RelinkError> {
        let header = StatementHeader {
            alg: "ES256".to_owned(),
            typ: typ.to_owned(),
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
        let stated = self.trust.statement(text, kind.typ(), MAX_RELINK_STATEMENT_BYTES, at)?;
        let statement: T = serde_json::from_slice(stated.payload())
            .map_err(|_| RelinkError::Statement("not the members of its kind"))?;
        if statement.id().aud != self.config.issuer {
            return Err(RelinkError::Statement("for another gateway"));
        }
        let caller = Caller::vouched(stated.signer(), &self.trust, &self.registry, at)
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

impl From<StatementError> for RelinkError {
    fn from(error: StatementError) -> Self {
        match error {
            StatementError::Malformed(what) => Self::Statement(what),
            StatementError::Key => Self::Key("not a P-256 key"),
            StatementError::Signature => Self::Signature,
            StatementError::Unvouched(error) => Self::Operator(error.code().into()),
        }
    }
}
