//! Which failures of a module go away with a new session, and which stay?

use cryptoki::error::{Error, RvError};

/// What a return value means for the next step (*défaillance*).
#[derive(Debug)]
pub(super) enum Fault {
    /// Session, login, token or module are lost: connect again, then repeat. Carries the value's name.
    Lost(String),
    /// The module understood and refuses; repeating changes nothing. Carries the value's name.
    Refused(String),
}

/// Says which it is.
///
/// Everything that is asked of a key here is without effect on it, so what a lost session left undone may be repeated;
/// making keys is not, and does not come this way.
pub(super) fn of(error: &Error) -> Fault {
    let Error::Pkcs11(value, _) = error else { return Fault::Refused(error.to_string()) };
    let name = format!("{value:?}");
    match value {
        // The session: closed by the module, by its time-out, or used half way.
        RvError::SessionHandleInvalid
        | RvError::SessionClosed
        | RvError::SessionCount
        | RvError::OperationActive
        | RvError::OperationNotInitialized
        // The login ended with the last session, or somebody logged out.
        | RvError::UserNotLoggedIn
        // The object: handles die with the session, the login and the token.
        | RvError::ObjectHandleInvalid
        | RvError::KeyHandleInvalid
        // The token or the device.
        | RvError::TokenNotPresent
        | RvError::TokenNotRecognized
        | RvError::DeviceRemoved
        | RvError::DeviceError
        | RvError::DeviceMemory
        | RvError::SlotIdInvalid
        // The module.
        | RvError::CryptokiNotInitialized
        | RvError::GeneralError
        | RvError::FunctionFailed
        | RvError::FunctionCanceled
        | RvError::HostMemory
        | RvError::VendorDefined(_) => Fault::Lost(name),
        _ => Fault::Refused(name),
    }
}

/// Whether a failed decryption may mean the ciphertext: modules do not agree on the value for a wrong tag.
pub(super) fn may_be_ciphertext(error: &Error) -> bool {
    matches!(
        error,
        Error::Pkcs11(
            RvError::EncryptedDataInvalid
                | RvError::EncryptedDataLenRange
                | RvError::DataInvalid
                | RvError::DataLenRange
                | RvError::SignatureInvalid
                | RvError::ArgumentsBad
                | RvError::GeneralError
                | RvError::FunctionFailed
                | RvError::VendorDefined(_),
            _
        )
    )
}
