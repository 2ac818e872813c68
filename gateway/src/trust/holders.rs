//! Who certifies the holders of cards at this moment?

use pki::{PathCrl, PathReason, PathValidator, PkiError, Profile, UntrustedCertificate};

use time::OffsetDateTime;

use super::files::{TrustError, certificates, refused, revocation_lists};
use crate::config::HoldersConfig;

/// The authorities of cardholders with their lists, and what a holder's certificate must be fit for
/// (*autorités de certification des titulaires*).
pub struct Holders {
    /// Pinned authorities; revocation must be known and fresh.
    pub authorities: PathValidator,
    /// Signs challenges, for whom, under which policies.
    pub profile: Profile,
    /// When the oldest of their lists was made.
    pub listed_at: Option<OffsetDateTime>,
}

impl Holders {
    /// Reads the files of `config`.
    pub(super) fn read(config: &HoldersConfig) -> Result<Self, TrustError> {
        let (mut anchors, mut lists) = (Vec::new(), Vec::new());
        for path in &config.ca {
            for der in certificates(path)? {
                anchors.push(UntrustedCertificate::from_der(&der).map_err(|error| refused(path, error))?);
            }
        }
        for path in &config.crl {
            for der in revocation_lists(path)? {
                lists.push(PathCrl::from_der(&der).map_err(|error| refused(path, error))?);
            }
        }
        let listed_at = lists.iter().map(PathCrl::this_update).min();
        let too_many = |reason: PathReason| match (reason, config.ca.first()) {
            (PathReason::Certificate(error), Some(path)) => refused(path, error),
            (_, path) => {
                refused(path.map_or(std::path::Path::new("trust.holder_ca"), |path| path), PkiError::TooLarge)
            }
        };
        let authorities = PathValidator::new(anchors).and_then(|known| known.with_lists(lists));
        Ok(Self { authorities: authorities.map_err(too_many)?, profile: config.profile.clone(), listed_at })
    }
}
