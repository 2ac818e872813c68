//! Which keys exist, what each may do, and how to sign with them.
//!
//! Modules in reading order:
//!
//! | module | the question it answers |
//! |---|---|
//! | [`role`] | which keys are there, and what is the one job of each? |
//! | [`signer`] | what can be asked of a key, wherever it lives? |
//! | [`rotation`] | how does one key follow another without a token being refused? |
//! | [`software`] | how are keys held in this process? |
//! | [`sealed`] | how do keys lie in a file that is worth nothing to a thief? |
//! | [`live`] | how do the keys of a running gateway follow their file? |
//! | [`place`] | where do the keys of a gateway live, and how are they opened there? |
//! | [`secret_source`] | from where does a passphrase or a PIN come, if not from the command line? |
//! | [`private_file`] | can anybody but its owner read or replace this file? |
//! | [`profile`] | which keys does this installation declare, and where does each live? |
//! | [`pkcs11`] | how are keys used that never leave a hardware module? |
//! | `delegated` | how does a key in memory sign for a key in a module, for an hour at most? |
//! | [`installed`] | which signer does a profile make, with each key where it lives? |
//! | [`conformance`] | does this signer keep every promise of the trait? |
//! | [`error`] | what can go wrong with a key? |

pub mod conformance;
mod delegated;
pub mod error;
pub mod installed;
pub mod live;
pub mod pkcs11;
pub mod place;
pub mod private_file;
pub mod profile;
pub mod role;
pub mod rotation;
pub mod sealed;
pub mod secret_source;
pub mod signer;
pub mod software;

pub use delegated::Announcement;
pub use error::HsmError;
pub use installed::{InstalledKeys, Places};
pub use live::LiveKeys;
pub use pkcs11::{ModuleError, Provisioned, TokenKeys, TokenPlace};
pub use place::{KeyPlace, OpenKeys, ProfilePlace, open};
pub use profile::{Profile, ProfileError};
pub use role::{KeyJob, KeyRole};
pub use rotation::{Rotated, Schedule, Turn};
pub use sealed::{KeyFile, KeyFileView, KeyView};
pub use secret_source::{SecretError, SecretSource};
pub use signer::{PublicKey, PublishedKey, SIGNATURE_LEN, Signer};
pub use software::SoftwareKeys;

#[cfg(test)]
mod tests;
