//! Who vouches for this? Certificates, document signers, EF.SOD, passive and active authentication.
//!
//! No I/O, no clock: every function is told the bytes and the moment (`at`).
//!
//! | question | module |
//! |---|---|
//! | which digest is meant? | [`digest`] |
//! | what does this certificate say of itself? | [`certificate`] |
//! | whom do we believe, and since when not any more? | [`trust`], [`revocation`] |
//! | what does the card's EF.SOD claim? | [`security_object`] |
//! | are these the bytes the state signed? | [`passive`] |
//! | does the chip hold its private key? | [`active`] |
//! | which client is on the other end of the TLS connection? | [`client`] |
//! | how is a demonstration kingdom's paper made? | `issuing` (feature) |

pub mod active;
mod asn1;
pub mod certificate;
pub mod client;
mod curve;
pub mod digest;
pub mod error;
#[cfg(feature = "issuing")]
pub mod issuing;
mod key;
pub mod limits;
pub mod passive;
pub mod revocation;
pub mod security_object;
mod signature;
pub mod trust;
#[cfg(test)]
mod vectors;

pub use active::{ActiveAuthenticationKey, SignatureForm};
pub use certificate::{CscaKind, UntrustedCertificate};
pub use client::{ClientCertificate, ClientCrl};
pub use digest::DigestAlgorithm;
pub use error::PkiError;
pub use passive::{AuthenticDataGroup, PassiveAuthentication, SignedSecurityObject};
pub use revocation::{RevocationPolicy, RevocationStatus, UntrustedCrl};
pub use security_object::{DataGroupNumber, SecurityObject};
pub use trust::{TrustStore, VerifiedCertificate};
