//! Which token of which module is meant, and what to do when it refuses?

use std::path::PathBuf;

use clap::Args;
use hsm_config::{HsmError, ModuleError, ProfilePlace, SecretSource, TokenPlace};

use super::super::{Exit, Failure};

/// `--profile FILE --module LIBRARY --token LABEL --pin-from SOURCE`, all or none.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct Token {
    /// Make in a hardware module what this profile declares there, instead of a file
    #[arg(long, value_name = "FILE", requires_all = ["module", "token", "pin_from"], conflicts_with = "file")]
    profile: Option<PathBuf>,
    /// The PKCS#11 library of the module
    #[arg(long, value_name = "LIBRARY", requires = "profile")]
    module: Option<PathBuf>,
    /// The label of the token
    #[arg(long, value_name = "LABEL", requires = "profile")]
    token: Option<String>,
    /// Where the user PIN is to be read
    #[arg(long, value_name = "SOURCE", requires = "profile")]
    pin_from: Option<String>,
}

impl Token {
    /// The token, if one is meant.
    pub(super) fn place(&self) -> Result<Option<ProfilePlace>, Failure> {
        let (Some(profile), Some(module), Some(token), Some(pin)) =
            (&self.profile, &self.module, &self.token, &self.pin_from)
        else {
            return Ok(None);
        };
        let pin: SecretSource = pin.parse().map_err(HsmError::Secret)?;
        let token = TokenPlace { module: module.clone(), token: token.clone(), pin };
        Ok(Some(ProfilePlace {
            profile: profile.clone(),
            file: None,
            token: Some(token),
            node: String::new(),
        }))
    }
}

/// Whether the module is away, or set up otherwise than the profile says.
pub(super) const fn exit(error: &ModuleError) -> Exit {
    match error {
        ModuleError::Unavailable(_) | ModuleError::Busy | ModuleError::DelegateEnded(_) => Exit::Unavailable,
        _ => Exit::Config,
    }
}

/// What an operator can do about it.
pub(super) const fn remedy(error: &ModuleError) -> &'static str {
    match error {
        ModuleError::Unusable { .. } => {
            "give the path of the module's PKCS#11 library, and see that its device is there"
        }
        ModuleError::Unavailable(_) | ModuleError::Busy | ModuleError::DelegateEnded(_) => {
            "see that the module is there and answers; nothing else has to be done"
        }
        ModuleError::TokenMissing(_) => {
            "give the label of a token that the module shows (pkcs11-tool --list-slots)"
        }
        ModuleError::TokenTwice(_) => "give one of the two another label",
        ModuleError::PinRefused => {
            "correct the PIN at its source before the next start; each start tries it once"
        }
        ModuleError::PinLocked | ModuleError::PinMissing => "have the security officer set the user PIN",
        ModuleError::PinLastTry => "log in once by hand with the right PIN, which resets the count",
        ModuleError::KeyMissing(_) => "bawaba keys init --profile makes what is missing",
        ModuleError::KeyTwice(_) => "delete the one that nobody uses (pkcs11-tool --delete-object)",
        ModuleError::KeyIdMalformed(_) | ModuleError::KeyAttribute { .. } => {
            "delete it, if nothing depends on it, and have it made by bawaba keys init --profile"
        }
        ModuleError::CertificateMissing(_) => {
            "bawaba keys init --profile makes one; or import one of your authority"
        }
        ModuleError::CertificateWrong { .. } => "replace the certificate with the label and id of the key",
        ModuleError::Refused(_) => "see the module's own log",
    }
}
