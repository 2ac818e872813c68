//! Of what is the store of document trust made: the operator's own files, the imported snapshot, what was fetched?

use std::path::Path;
use std::sync::Arc;

use pki::{LeftOut, Material, PkiError, RevocationPolicy, TrustStore, UntrustedCertificate, UntrustedCrl};
use time::OffsetDateTime;

use super::fetch::kept_lists;
use super::files::{certificates, refused, revocation_lists};
use super::store::StoreFolder;
use super::stored::Stored;
use super::{TrustError, Unused};
use crate::config::TrustConfig;

/// Who is believed by this configuration alone; revocation is strict.
pub(crate) fn trust_store(config: &TrustConfig) -> Result<TrustStore, TrustError> {
    let (store, _) = documents(config, None)?;
    Ok(store.with_revocation_policy(RevocationPolicy::RequireFresh))
}

/// The operator's own files, each of which must be sound; the imported snapshot and what was fetched, of which each part
/// may be of no use. What was left out is said by name; policy judges how old the rest may be.
pub(crate) fn documents(
    config: &TrustConfig,
    before: Option<(&TrustStore, OffsetDateTime)>,
) -> Result<(TrustStore, Vec<Unused>), TrustError> {
    let mut material = Gathered::default();
    let stored = match &config.store {
        Some(folder) => Stored::read(&StoreFolder::new(folder))?,
        None => Stored::default(),
    };
    material.own_files(config, &stored)?;
    let signers = material.snapshot(config, stored);
    let fetched = config.fetch.as_ref().map(kept_lists).unwrap_or_default();
    material.lists.extend(fetched.into_iter().map(|(source, list)| (Source::Elsewhere(source), list)));

    let cscas = material.cscas.iter().map(|(_, csca)| csca.clone()).collect();
    let lists = material.lists.iter().map(|(_, list)| Arc::clone(list)).collect();
    let (store, left_out) = TrustStore::assemble(cscas, lists, before);
    for left in left_out {
        material.left_out(left)?;
    }
    if store.is_empty() {
        let path = config.csca.first().or(config.store.as_ref()).map_or(Path::new("trust.csca"), |path| path);
        return Err(TrustError::Empty { path: path.to_owned(), expected: "believed country signer" });
    }
    let place = config.store.as_deref().unwrap_or(Path::new("trust.store"));
    let store = store.with_document_signers(signers).map_err(|error| refused(place, error))?;
    let store = store.with_revocation_policy(RevocationPolicy::Report).with_sha1_policy(config.sha1);
    Ok((store, material.unused))
}

/// Everything, each with where it came from.
#[derive(Default)]
struct Gathered<'a> {
    cscas: Vec<(Source<'a>, UntrustedCertificate)>,
    lists: Vec<(Source<'a>, Arc<UntrustedCrl>)>,
    unused: Vec<Unused>,
    /// A country signer of the files was taken away: what its lists say counts for nothing.
    distrusts_own: bool,
}

enum Source<'a> {
    Own(&'a Path),
    Elsewhere(String),
}

impl<'a> Gathered<'a> {
    fn own_files(&mut self, config: &'a TrustConfig, stored: &Stored) -> Result<(), TrustError> {
        for path in &config.csca {
            for der in certificates(path)? {
                let csca = UntrustedCertificate::from_der(&der).map_err(|error| refused(path, error))?;
                match stored.distrusts(&csca) {
                    true => self.distrusts_own = true,
                    false => self.cscas.push((Source::Own(path), csca)),
                }
            }
        }
        for path in &config.crl {
            for der in revocation_lists(path)? {
                match UntrustedCrl::from_der(&der) {
                    Ok(list) => self.lists.push((Source::Own(path), Arc::new(list))),
                    Err(why @ (PkiError::CrlDelta | PkiError::CrlIndirect | PkiError::CrlPartitioned)) => {
                        self.unused.push(Unused { source: path.display().to_string(), why });
                    }
                    Err(error) => return Err(refused(path, error)),
                }
            }
        }
        Ok(())
    }

    /// Gives the document signers of the snapshot.
    fn snapshot(&mut self, config: &TrustConfig, stored: Stored) -> Vec<UntrustedCertificate> {
        let name = || config.store.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
        for csca in stored.cscas {
            if self.cscas.iter().all(|(_, own)| own.der() != csca.der()) {
                self.cscas.push((Source::Elsewhere(name()), csca));
            }
        }
        self.lists.extend(stored.lists.into_iter().map(|list| (Source::Elsewhere(name()), list)));
        stored.signers
    }

    fn left_out(&mut self, left: LeftOut) -> Result<(), TrustError> {
        let why = left.why;
        let source = match left.what {
            Material::Csca => self.cscas.get(left.index).map(|(source, _)| source),
            Material::Crl => self.lists.get(left.index).map(|(source, _)| source),
        };
        match source {
            // Rolled back, the list in use stays; anything else about an own file is the operator's to mend.
            Some(Source::Own(path)) if why != PkiError::CrlRolledBack && !self.distrusts_own => {
                Err(refused(path, why))
            }
            Some(Source::Own(path)) => {
                self.unused.push(Unused { source: path.display().to_string(), why });
                Ok(())
            }
            Some(Source::Elsewhere(name)) => {
                let source = name.clone();
                if left.what == Material::Csca {
                    tracing::warn!(source, code = why.code(), "country signer left out of the trust store");
                } else {
                    self.unused.push(Unused { source, why });
                }
                Ok(())
            }
            None => Ok(()),
        }
    }
}
