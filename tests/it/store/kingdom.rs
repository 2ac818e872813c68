//! An empty database of each engine, for the conformance tests.

use std::path::PathBuf;
use std::sync::Arc;

use bawaba_tests::postgres::Postgres;
use gateway::registry::{Registry, SUBJECT_AUDIENCE};
use gateway::store::{Store, StorePlace};
use gateway::token::Tokens;
use hsm_config::{Signer, SoftwareKeys};
use time::OffsetDateTime;

/// One database that several processes of one gateway could open, and the keys that they share.
pub(super) struct Kingdom {
    pub(super) place: StorePlace,
    signer: Arc<dyn Signer>,
    _folder: tempfile::TempDir,
    server: Option<Postgres>,
}

impl Kingdom {
    /// One on each engine.
    pub(super) async fn both() -> [Self; 2] {
        [Self::sqlite(), Self::postgres().await]
    }

    fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path: PathBuf = folder.path().join("bawaba.db");
        Self { place: StorePlace::Sqlite(path), signer: keys(), _folder: folder, server: None }
    }

    pub(super) async fn postgres() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let server = Postgres::start();
        server.migrate().await;
        let place = StorePlace::Postgres(server.place());
        Self { place, signer: keys(), _folder: folder, server: Some(server) }
    }

    /// The server, where there is one.
    pub(super) fn server(&mut self) -> &mut Postgres {
        self.server.as_mut().expect("PostgreSQL")
    }

    /// For messages of failed tests.
    pub(super) fn engine(&self) -> &'static str {
        match self.place {
            StorePlace::Sqlite(_) => "SQLite",
            StorePlace::Postgres(_) => "PostgreSQL",
        }
    }

    /// The database as one process opens it.
    pub(super) async fn store(&self) -> Store {
        Store::open(&self.place).await.expect("an open database")
    }

    /// The registry as one process opens it.
    pub(super) async fn registry(&self) -> Registry {
        let issuer = "https://localhost:8441".to_owned();
        let tokens = Arc::new(Tokens::new(self.signer.clone(), issuer.clone(), issuer));
        let opened =
            Registry::open(self.store().await, self.signer.clone(), tokens, SUBJECT_AUDIENCE.to_owned());
        opened.await.expect("a registry")
    }
}

fn keys() -> Arc<dyn Signer> {
    Arc::new(SoftwareKeys::generate(OffsetDateTime::UNIX_EPOCH).expect("keys"))
}
