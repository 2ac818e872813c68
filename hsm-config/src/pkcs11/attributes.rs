//! What must a key in the token be able to do, and what must it never?

use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;

use super::{ModuleError, key_id::KeyId, unavailable};
use crate::profile::KeyDeclaration;
use crate::{KeyJob, KeyRole};

/// DER of the object identifier of P-256, `CKA_EC_PARAMS` of a named curve (RFC 5480 §2.1.1.1).
const P256: [u8; 10] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

/// Bytes of the keys that authenticate and seal.
const SECRET_LEN: u64 = 32;

/// A permission: how PKCS#11 writes it, how it is asked for, and what it must be.
type Permission = (fn(bool) -> Attribute, AttributeType, &'static str, bool);

const PRIVATE: Permission = (Attribute::Private, AttributeType::Private, "CKA_PRIVATE", true);
const SENSITIVE: Permission = (Attribute::Sensitive, AttributeType::Sensitive, "CKA_SENSITIVE", true);

/// What a key of that job may do; everything else that its kind could do is forbidden by name, because modules allow
/// what is not mentioned (SoftHSM lets a fresh key unwrap, and a wrapping key that also decrypts gives keys away).
const fn permissions(job: KeyJob) -> &'static [Permission] {
    match job {
        KeyJob::Sign => &[
            PRIVATE,
            SENSITIVE,
            (Attribute::Sign, AttributeType::Sign, "CKA_SIGN", true),
            (Attribute::SignRecover, AttributeType::SignRecover, "CKA_SIGN_RECOVER", false),
            (Attribute::Decrypt, AttributeType::Decrypt, "CKA_DECRYPT", false),
            (Attribute::Unwrap, AttributeType::Unwrap, "CKA_UNWRAP", false),
            (Attribute::Derive, AttributeType::Derive, "CKA_DERIVE", false),
        ],
        KeyJob::Mac => &[
            PRIVATE,
            SENSITIVE,
            (Attribute::Sign, AttributeType::Sign, "CKA_SIGN", true),
            (Attribute::Verify, AttributeType::Verify, "CKA_VERIFY", false),
            (Attribute::Encrypt, AttributeType::Encrypt, "CKA_ENCRYPT", false),
            (Attribute::Decrypt, AttributeType::Decrypt, "CKA_DECRYPT", false),
            (Attribute::Wrap, AttributeType::Wrap, "CKA_WRAP", false),
            (Attribute::Unwrap, AttributeType::Unwrap, "CKA_UNWRAP", false),
            (Attribute::Derive, AttributeType::Derive, "CKA_DERIVE", false),
        ],
        KeyJob::Seal => &[
            PRIVATE,
            SENSITIVE,
            (Attribute::Encrypt, AttributeType::Encrypt, "CKA_ENCRYPT", true),
            (Attribute::Decrypt, AttributeType::Decrypt, "CKA_DECRYPT", true),
            (Attribute::Sign, AttributeType::Sign, "CKA_SIGN", false),
            (Attribute::Verify, AttributeType::Verify, "CKA_VERIFY", false),
            (Attribute::Wrap, AttributeType::Wrap, "CKA_WRAP", false),
            (Attribute::Unwrap, AttributeType::Unwrap, "CKA_UNWRAP", false),
            (Attribute::Derive, AttributeType::Derive, "CKA_DERIVE", false),
        ],
    }
}

/// What makes a key in the token.
pub(super) struct Recipe {
    pub(super) mechanism: Mechanism<'static>,
    /// Of the public key; empty for a secret key.
    pub(super) public: Vec<Attribute>,
    pub(super) secret: Vec<Attribute>,
}

/// What makes that key, so that [`check`] accepts it.
pub(super) fn recipe(declaration: &KeyDeclaration, id: KeyId) -> Recipe {
    let job = declaration.role.job();
    let id = id.encode(&declaration.id);
    let name = || {
        [
            Attribute::Token(true),
            Attribute::Label(declaration.label.clone().into_bytes()),
            Attribute::Id(id.clone()),
        ]
    };
    let mut secret = name().to_vec();
    secret.extend(permissions(job).iter().map(|(attribute, _, _, value)| attribute(*value)));
    secret.extend([
        Attribute::Extractable(declaration.extractable),
        Attribute::Modifiable(false),
        Attribute::Copyable(false),
    ]);
    let mut public = Vec::new();
    let mechanism = match job {
        KeyJob::Sign => {
            public.extend(name());
            public.extend([
                Attribute::EcParams(P256.to_vec()),
                Attribute::Private(false),
                Attribute::Verify(true),
                Attribute::Encrypt(false),
                Attribute::Wrap(false),
                Attribute::Modifiable(false),
            ]);
            Mechanism::EccKeyPairGen
        }
        KeyJob::Mac => Mechanism::GenericSecretKeyGen,
        KeyJob::Seal => Mechanism::AesKeyGen,
    };
    if job != KeyJob::Sign {
        secret.push(Attribute::ValueLen(SECRET_LEN.into()));
    }
    Recipe { mechanism, public, secret }
}

/// The class of the objects that hold keys of that job.
pub(super) const fn class(job: KeyJob) -> ObjectClass {
    match job {
        KeyJob::Sign => ObjectClass::PRIVATE_KEY,
        KeyJob::Mac | KeyJob::Seal => ObjectClass::SECRET_KEY,
    }
}

/// Refuses a key that was not made as [`recipe`] says, whoever made it.
pub(super) fn check(
    session: &Session,
    key: ObjectHandle,
    declaration: &KeyDeclaration,
) -> Result<(), ModuleError> {
    let role = declaration.role;
    let job = role.job();
    let mut asked = vec![AttributeType::KeyType, AttributeType::Extractable];
    asked.extend(permissions(job).iter().map(|(_, asked, _, _)| *asked));
    let found = session.get_attributes(key, &asked).map_err(|error| unavailable(&error))?;
    let wrong = |attribute| Err(ModuleError::KeyAttribute { role, attribute });
    for (attribute, _, name, value) in permissions(job) {
        // A module that does not know a permission cannot grant it; one that must be there has to be shown.
        let granted = found.contains(&attribute(true));
        if granted != *value {
            return wrong(name);
        }
    }
    let stays = found.contains(&Attribute::Extractable(false));
    if !stays && !declaration.extractable {
        return wrong("CKA_EXTRACTABLE");
    }
    let kind = match job {
        KeyJob::Sign => [KeyType::EC, KeyType::EC],
        KeyJob::Mac => [KeyType::GENERIC_SECRET, KeyType::SHA256_HMAC],
        KeyJob::Seal => [KeyType::AES, KeyType::AES],
    };
    if !kind.into_iter().any(|kind| found.contains(&Attribute::KeyType(kind))) {
        return wrong("CKA_KEY_TYPE");
    }
    if job == KeyJob::Sign { Ok(()) } else { check_length(session, key, role) }
}

/// Not every module tells the length of a secret; one that tells it must tell the right one.
fn check_length(session: &Session, key: ObjectHandle, role: KeyRole) -> Result<(), ModuleError> {
    let told =
        session.get_attributes(key, &[AttributeType::ValueLen]).map_err(|error| unavailable(&error))?;
    let fits = told.into_iter().all(|value| value == Attribute::ValueLen(SECRET_LEN.into()));
    if fits { Ok(()) } else { Err(ModuleError::KeyAttribute { role, attribute: "CKA_VALUE_LEN" }) }
}

/// The point of a P-256 public key, which `CKA_EC_POINT` carries in an OCTET STRING, and some modules bare.
pub(super) fn point(session: &Session, key: ObjectHandle, role: KeyRole) -> Result<[u8; 65], ModuleError> {
    let asked = [AttributeType::EcParams, AttributeType::EcPoint];
    let found = session.get_attributes(key, &asked).map_err(|error| unavailable(&error))?;
    let wrong = |attribute| ModuleError::KeyAttribute { role, attribute };
    if !found.contains(&Attribute::EcParams(P256.to_vec())) {
        return Err(wrong("CKA_EC_PARAMS"));
    }
    let point = found.iter().find_map(|attribute| match attribute {
        Attribute::EcPoint(point) => Some(point.strip_prefix(&[0x04, 65]).unwrap_or(point)),
        _ => None,
    });
    let point: [u8; 65] = point.and_then(|point| point.try_into().ok()).ok_or(wrong("CKA_EC_POINT"))?;
    if point.starts_with(&[0x04]) { Ok(point) } else { Err(wrong("CKA_EC_POINT")) }
}
