//! Which registered client holds this connection or proved its key, and may it still?

use std::sync::Arc;

use pki::ClientCertificate;
use policies::ClientFacts;
use time::OffsetDateTime;

use crate::dpop::ProvenKey;
use crate::listen::Peer;
use crate::problem::ProblemCode;
use crate::refusal::Refusal;
use crate::registry::{Client, Registry};
use crate::token::Confirmation;
use crate::trust::{ClientStanding, Trust, VouchedCertificate};

/// A registered client whose certificate is good, or whose key was proven, at this very request (*appelant*).
///
/// Only `Caller::identify` makes one, `Caller::vouched` for a certificate that a proxy reports, and `Caller::by_key` of a
/// proven key:
///
/// ```compile_fail
/// fn forged(peer: gateway::listen::Peer) -> gateway::caller::Caller { gateway::caller::Caller { peer } }
/// ```
#[derive(Clone, Debug)]
pub struct Caller {
    client: Arc<Client>,
    id: Arc<str>,
    confirmation: Confirmation,
    /// What it showed over this connection, where that was a certificate.
    certificate: Option<Arc<ClientCertificate>>,
}

impl Caller {
    /// Judges the peer anew, whatever was true when it connected: a resumed TLS session skips the handshake's
    /// judgement, and a connection may stay open for hours after its holder was revoked.
    pub(crate) fn identify(
        peer: &Peer,
        trust: &Trust,
        registry: &Registry,
        at: OffsetDateTime,
    ) -> Result<Self, Refusal> {
        let Some(certificate) = &peer.certificate else {
            return Err(Refusal::exactly(ProblemCode::Unauthenticated, "client-certificate-missing"));
        };
        let caller = Self::of(certificate, trust, registry, at)?;
        Ok(Self { certificate: Some(Arc::clone(certificate)), ..caller })
    }

    /// Judges the holder of a certificate that a proxy reports, as if its connection were ours.
    pub(crate) fn vouched(
        vouched: &VouchedCertificate,
        trust: &Trust,
        registry: &Registry,
        at: OffsetDateTime,
    ) -> Result<Self, Refusal> {
        Self::of(vouched.certificate(), trust, registry, at)
    }

    /// The registered holder of a certificate whose chain is verified.
    fn of(
        certificate: &ClientCertificate,
        trust: &Trust,
        registry: &Registry,
        at: OffsetDateTime,
    ) -> Result<Self, Refusal> {
        match trust.client_standing(certificate, at) {
            ClientStanding::Good => {}
            ClientStanding::Revoked => {
                return Err(Refusal::exactly(ProblemCode::ClientRevoked, "client-certificate-revoked"));
            }
            ClientStanding::Unknown => {
                return Err(Refusal::exactly(ProblemCode::TrustUnavailable, "client-crl-stale"));
            }
        }
        if at > certificate.not_after() {
            return Err(Refusal::exactly(ProblemCode::ClientRevoked, "client-certificate-expired"));
        }
        let Some(client) = registry.client(certificate.subject_serial_number()) else {
            return Err(Refusal::new(ProblemCode::ClientUnknown));
        };
        if !client.active {
            return Err(Refusal::exactly(ProblemCode::ClientRevoked, "client-suspended"));
        }
        let confirmation = Confirmation::Certificate(certificate.thumbprint().to_owned());
        Ok(Self { id: client.id.as_str().into(), client, confirmation, certificate: None })
    }

    /// Why this caller would not be let in any more, where that is certain: asked while its request runs.
    pub(crate) fn barred(
        &self,
        trust: &Trust,
        registry: &Registry,
        at: OffsetDateTime,
    ) -> Option<&'static str> {
        if let Some(certificate) = &self.certificate
            && trust.client_standing(certificate, at) == ClientStanding::Revoked
        {
            return Some("client-certificate-revoked");
        }
        match registry.client(&self.client.id) {
            None => Some("client-unknown"),
            Some(client) if !client.active => Some("client-suspended"),
            Some(client) if !self.confirmation.is_still_of(client.key.as_ref()) => Some("client-key-removed"),
            Some(_) => None,
        }
    }

    /// The client that proved its registered key (RFC 9449), if it may still use the gateway.
    pub(crate) fn by_key(proven: ProvenKey) -> Result<Self, Refusal> {
        let (client, thumbprint) = proven.into_parts();
        if !client.active {
            return Err(Refusal::exactly(ProblemCode::ClientRevoked, "client-suspended"));
        }
        Ok(Self {
            id: client.id.as_str().into(),
            client,
            confirmation: Confirmation::Key(thumbprint),
            certificate: None,
        })
    }

    /// Its registered id.
    #[must_use]
    pub fn id(&self) -> &Arc<str> {
        &self.id
    }

    /// The registered client.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The key that it proved, to which its tokens are bound.
    #[must_use]
    pub fn confirmation(&self) -> &Confirmation {
        &self.confirmation
    }

    /// What policies know of it.
    #[must_use]
    pub fn facts(&self) -> ClientFacts {
        ClientFacts { id: self.client.id.clone(), kind: self.client.kind }
    }
}
