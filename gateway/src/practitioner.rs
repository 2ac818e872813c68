//! Which practitioner signed this? A person with a professional certificate, at this moment.
//!
//! A statement of a practitioner is a JWS (ES256, chain in `x5c`) under a certificate of the client authority that
//! belongs to no registered client: practitioners stand in no register of ours, the authority that issues and revokes
//! their certificates knows them.

use serde::de::DeserializeOwned;
use time::OffsetDateTime;

use crate::registry::Registry;
use crate::token::read_once;
use crate::trust::{ClientStanding, StatementError, Trust, Unvouched};
use crate::wire::is_label;

/// A practitioner who signed (*professionnel de santé*).
///
/// Only `Practitioner::signed` makes one, from a signature that verified under a certificate that is good now:
///
/// ```compile_fail
/// fn forge() -> gateway::practitioner::Practitioner {
///     gateway::practitioner::Practitioner { id: "INPE-1".to_owned() }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Practitioner {
    id: String,
}

/// Why nobody is known to have signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsigned {
    /// Not such a statement at all.
    Malformed,
    /// The certificate's key is not on P-256.
    Key,
    /// The signature is of something else.
    Signature,
    /// The certificate is not our authority's, or past its date.
    Unvouched(Unvouched),
    /// The certificate was revoked.
    Revoked,
    /// Nobody can say whether it was revoked: our own fault.
    StandingUnknown,
    /// A certificate of a machine or of an establishment.
    NotAPractitioner,
    /// What was signed is not what such a statement says.
    Claims,
}

impl Practitioner {
    /// The number of their certificate's subject: in Morocco, of their professional registration.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Who signed this statement of at most `limit` octets and of this `typ`, and what it says.
    ///
    /// # Errors
    /// The first thing that is wrong, from the outside in.
    pub(crate) fn signed<T: DeserializeOwned>(
        (trust, registry): (&Trust, &Registry),
        statement: &str,
        (typ, limit): (&str, usize),
        at: OffsetDateTime,
    ) -> Result<(Self, T), Unsigned> {
        let stated = trust.statement(statement, typ, limit, at).map_err(|error| match error {
            StatementError::Malformed(_) => Unsigned::Malformed,
            StatementError::Key => Unsigned::Key,
            StatementError::Signature => Unsigned::Signature,
            StatementError::Unvouched(error) => Unsigned::Unvouched(error),
        })?;
        let certificate = stated.signer().certificate();
        match trust.client_standing(certificate, at) {
            ClientStanding::Good => {}
            ClientStanding::Revoked => return Err(Unsigned::Revoked),
            ClientStanding::Unknown => return Err(Unsigned::StandingUnknown),
        }
        let id = certificate.subject_serial_number();
        if registry.client(id).is_some() || !is_label(id) {
            return Err(Unsigned::NotAPractitioner);
        }
        let said = read_once(stated.payload()).map_err(|_| Unsigned::Claims)?;
        Ok((Self { id: id.to_owned() }, said))
    }
}
