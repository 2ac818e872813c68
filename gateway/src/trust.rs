//! Which issuers do we trust at this moment?
//!
//! Country signers and their revocation lists (for cards), the client authority and its list (for
//! connections), the server's own certificate. All come from files, from the trust store that imports fill and
//! from lists that are fetched; they are read in the background when something changes and swapped whole. A set
//! that does not hold together is not taken, and the old one stays.

mod fetch;
mod files;
mod holders;
pub mod hot_list;
pub(crate) mod import;
mod material;
mod reload;
mod statement;
pub(crate) mod store;
mod stored;
mod vouched;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use pki::{ClientCertificate, ClientCrl, TrustStore};
use rustls::ServerConfig;
use rustls::server::danger::ClientCertVerifier;
use time::{Duration, OffsetDateTime};

use crate::clock::Clock;
use crate::config::{TlsConfig, TrustConfig};
use crate::listen::{ClientAuth, ClientStatus, ListenError, client_chain, server_config};

pub use fetch::{Failed, SourceState, kept_states};
pub(crate) use files::certificates;
pub use files::{TrustError, Unused};
pub use holders::Holders;
pub(crate) use material::{documents as lists, trust_store as documents};
pub(crate) use statement::StatementHeader;
pub use statement::{SignedStatement, StatementError};
pub use store::StoreError;
pub use vouched::{Unvouched, VouchedCertificate};

/// What is trusted now (*magasin de confiance*), and the TLS configurations that follow from it.
pub struct Trust {
    files: TrustFiles,
    clock: Arc<dyn Clock>,
    current: Arc<ArcSwap<TrustSnapshot>>,
    api: Arc<ArcSwap<ServerConfig>>,
    public: Arc<ArcSwap<ServerConfig>>,
    fetched: fetch::States,
    /// One reading at a time: each begins from what the one before it left.
    reading: Mutex<()>,
    /// The state of the files when they were first read.
    read: Vec<reload::Stamp>,
}

/// Where trust comes from.
#[derive(Clone)]
struct TrustFiles {
    trust: TrustConfig,
    tls: TlsConfig,
}

/// One reading of all the files.
#[derive(Clone)]
struct TrustSnapshot {
    documents: Arc<TrustStore>,
    unused: Vec<Unused>,
    clients: Arc<ClientCrl>,
    /// As the handshake judges a chain, for one that a proxy reports.
    client_chain: Arc<dyn ClientCertVerifier>,
    holders: Option<Arc<Holders>>,
}

/// Whether a client's certificate is good on every list that we have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientStanding {
    /// On no list.
    Good,
    /// Revoked by its authority.
    Revoked,
    /// The list is past its next update: nobody can say.
    Unknown,
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trust")
    }
}

impl Trust {
    /// Reads everything once; a gateway does not start on half of it.
    pub fn load(trust: &TrustConfig, tls: &TlsConfig, clock: Arc<dyn Clock>) -> Result<Self, TrustError> {
        let files = TrustFiles { trust: trust.clone(), tls: tls.clone() };
        // Before they are read: a file that changes from now on is read again.
        let read = files.stamps();
        let current = Arc::new(ArcSwap::from_pointee(files.snapshot(None)?));
        let (api, public) = files.server_configs(&current, &clock)?;
        Ok(Self {
            files,
            clock,
            current,
            api: Arc::new(ArcSwap::from_pointee(api)),
            public: Arc::new(ArcSwap::from_pointee(public)),
            fetched: fetch::States::default(),
            reading: Mutex::new(()),
            read,
        })
    }

    /// The country signers and their lists.
    #[must_use]
    pub fn documents(&self) -> Arc<TrustStore> {
        self.current.load().documents.clone()
    }

    /// Revocation lists of which no use is made, and why.
    #[must_use]
    pub fn unused_lists(&self) -> Vec<Unused> {
        self.current.load().unused.clone()
    }

    /// Who certifies the holders of cards; none: nobody here.
    #[must_use]
    pub fn holders(&self) -> Option<Arc<Holders>> {
        self.current.load().holders.clone()
    }

    /// Where a client's certificate stands at that moment. Asked on every request: a TLS session that was
    /// resumed, or a connection that was kept open, has not been asked at the handshake.
    #[must_use]
    pub fn client_standing(&self, certificate: &ClientCertificate, at: OffsetDateTime) -> ClientStanding {
        self.current.load().client_standing(certificate, at)
    }

    /// How old the clients' revocation list is.
    #[must_use]
    pub fn client_crl_age(&self, at: OffsetDateTime) -> Duration {
        at - self.current.load().clients.this_update()
    }

    /// Until when the clients' revocation list says anything.
    #[must_use]
    pub fn client_crl_next_update(&self) -> OffsetDateTime {
        self.current.load().clients.next_update()
    }

    /// TLS of the API port.
    #[must_use]
    pub fn api_tls(&self) -> Arc<ArcSwap<ServerConfig>> {
        self.api.clone()
    }

    /// TLS of the public port.
    #[must_use]
    pub fn public_tls(&self) -> Arc<ArcSwap<ServerConfig>> {
        self.public.clone()
    }

    /// Reads the files again and swaps everything, or keeps everything.
    ///
    /// The TLS configurations are new ones, with new session stores: who was revoked cannot resume a session
    /// that was agreed before.
    pub fn reload(&self) -> Result<(), TrustError> {
        let _one_at_a_time = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.documents();
        let snapshot = self.files.snapshot(Some((&before, self.clock.now())))?;
        let (api, public) = self.files.server_configs(&self.current, &self.clock)?;
        self.current.store(Arc::new(snapshot));
        self.api.store(Arc::new(api));
        self.public.store(Arc::new(public));
        Ok(())
    }
}

impl Trust {
    /// Reads the country signers and their lists again, and leaves connections and their TLS alone.
    fn reload_documents(&self) -> Result<(), TrustError> {
        let _one_at_a_time = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.current.load_full();
        let (documents, unused) = self.files.documents(Some((&before.documents, self.clock.now())))?;
        self.current.store(Arc::new(TrustSnapshot { documents, unused, ..(*before).clone() }));
        Ok(())
    }
}

impl TrustSnapshot {
    fn client_standing(&self, certificate: &ClientCertificate, at: OffsetDateTime) -> ClientStanding {
        if self.clients.is_revoked(certificate.serial()) {
            ClientStanding::Revoked
        } else if at > self.clients.next_update() {
            ClientStanding::Unknown
        } else {
            ClientStanding::Good
        }
    }
}

impl TrustFiles {
    fn snapshot(&self, before: Option<(&TrustStore, OffsetDateTime)>) -> Result<TrustSnapshot, TrustError> {
        let (documents, unused) = self.documents(before)?;
        let clients = Arc::new(files::client_crl(&self.tls)?);
        let unusable = |error| TrustError::Tls { path: self.tls.client_ca.clone(), error };
        let client_chain = client_chain(files::certificates(&self.tls.client_ca)?).map_err(unusable)?;
        let holders = self.trust.holders.as_ref().map(Holders::read).transpose()?.map(Arc::new);
        Ok(TrustSnapshot { documents, unused, clients, client_chain, holders })
    }

    /// The operator's own files, and what was fetched.
    fn documents(
        &self,
        before: Option<(&TrustStore, OffsetDateTime)>,
    ) -> Result<(Arc<TrustStore>, Vec<Unused>), TrustError> {
        let (store, unused) = material::documents(&self.trust, before)?;
        for list in &unused {
            tracing::warn!(source = list.source, code = list.why.code(), "revocation list not used");
        }
        Ok((Arc::new(store), unused))
    }

    fn server_configs(
        &self,
        current: &Arc<ArcSwap<TrustSnapshot>>,
        clock: &Arc<dyn Clock>,
    ) -> Result<(ServerConfig, ServerConfig), TrustError> {
        let chain = files::certificates(&self.tls.cert)?;
        let roots = files::certificates(&self.tls.client_ca)?;
        let key = || files::private_key(&self.tls.key);
        let status = Arc::new(AtHandshake { current: current.clone(), clock: clock.clone() });
        let auth = ClientAuth::Required { roots, status: Some(status) };
        let unusable = |error: ListenError| TrustError::Tls { path: self.tls.cert.clone(), error };
        let api = server_config(chain.clone(), key()?, auth).map_err(unusable)?;
        let public = server_config(chain, key()?, ClientAuth::None).map_err(unusable)?;
        Ok((api, public))
    }
}

/// The same question, asked by the handshake.
struct AtHandshake {
    current: Arc<ArcSwap<TrustSnapshot>>,
    clock: Arc<dyn Clock>,
}

impl ClientStatus for AtHandshake {
    fn is_revoked(&self, certificate: &ClientCertificate) -> bool {
        // Only the certain case ends the handshake; an unknown status is answered per request, with a problem
        // that says so.
        self.current.load().client_standing(certificate, self.clock.now()) == ClientStanding::Revoked
    }
}
