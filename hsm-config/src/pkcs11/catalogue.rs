//! Which keys are in the token, and is each what the profile declares?

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;

use super::{ModuleError, attributes, key_id::KeyId, unavailable};
use crate::delegated::certificate::{self, Issuer};
use crate::profile::{KeyDeclaration, Signing};
use crate::{HsmError, KeyJob, KeyRole, PublicKey};

/// One generation of a key in the token; the handle is worth as much as the connection it was found by.
#[derive(Clone)]
pub(super) struct TokenKey {
    pub(super) role: KeyRole,
    pub(super) id: KeyId,
    pub(super) handle: ObjectHandle,
    /// Of a key that signs.
    pub(super) public: Option<PublicKey>,
    /// DER of the certificate with the same label and `CKA_ID`, if there is one.
    pub(super) certificate: Option<Vec<u8>>,
    /// Whether a signature by this handle was seen to be this key's.
    pub(super) proven: Arc<AtomicBool>,
}

/// Every declared key that is there, oldest first.
pub(super) fn read(session: &Session, declared: &[KeyDeclaration]) -> Result<Vec<TokenKey>, HsmError> {
    let mut keys: Vec<TokenKey> = Vec::new();
    for declaration in declared {
        for key in of_role(session, declaration)? {
            // Two labels do not make two keys: whoever imported one key twice gave it two jobs.
            let twin = keys.iter().find(|other| key.public.is_some() && other.public == key.public);
            if let Some(other) = twin {
                return Err(HsmError::SharedKey(other.role, key.role));
            }
            keys.push(key);
        }
    }
    Ok(keys)
}

/// Refuses a token that lacks the key of a role.
pub(super) fn require(keys: &[TokenKey], declared: &[KeyDeclaration]) -> Result<(), ModuleError> {
    let missing = declared.iter().find(|declaration| keys.iter().all(|key| key.role != declaration.role));
    missing.map_or(Ok(()), |declaration| Err(ModuleError::KeyMissing(declaration.role)))
}

fn of_role(session: &Session, declaration: &KeyDeclaration) -> Result<Vec<TokenKey>, ModuleError> {
    let role = declaration.role;
    let mut found: Vec<(ObjectHandle, Vec<u8>, KeyId)> = Vec::new();
    for handle in find(session, attributes::class(role.job()), declaration, None)? {
        let id = id_of(session, handle)?;
        let generation = KeyId::decode(&declaration.id, &id).ok_or(ModuleError::KeyIdMalformed(role))?;
        // A key that names things is never replaced: a second one would name everything anew.
        let named = role.job() == KeyJob::Mac && !found.is_empty();
        if named || found.iter().any(|(_, _, other)| other.generation == generation.generation) {
            return Err(ModuleError::KeyTwice(role));
        }
        found.push((handle, id, generation));
    }
    let mut keys = Vec::with_capacity(found.len());
    for (handle, id, generation) in found {
        attributes::check(session, handle, declaration)?;
        let (public, certificate) = match role.job() {
            KeyJob::Sign => {
                let public = public_key(session, declaration, &id)?;
                let certificate = certificate(session, declaration, &id)?;
                if let Some(der) = &certificate {
                    check_certificate(declaration, &public, der)?;
                }
                (Some(public), certificate)
            }
            KeyJob::Mac | KeyJob::Seal => (None, None),
        };
        let proven = Arc::default();
        keys.push(TokenKey { role, id: generation, handle, public, certificate, proven });
    }
    keys.sort_by_key(|key| key.id.generation);
    Ok(keys)
}

/// A key that certifies signs nothing else, and the other way round: its certificate says which.
fn check_certificate(
    declaration: &KeyDeclaration,
    public: &PublicKey,
    der: &[u8],
) -> Result<(), ModuleError> {
    match declaration.signing {
        Signing::Direct => certificate::check_direct(declaration.role, public, der),
        Signing::Delegated(_) => Issuer::read(declaration.role, public, der.to_vec()).map(drop),
    }
}

fn find(
    session: &Session,
    class: ObjectClass,
    declaration: &KeyDeclaration,
    id: Option<&[u8]>,
) -> Result<Vec<ObjectHandle>, ModuleError> {
    let mut wanted = vec![
        Attribute::Token(true),
        Attribute::Class(class),
        Attribute::Label(declaration.label.clone().into_bytes()),
    ];
    wanted.extend(id.map(|id| Attribute::Id(id.to_vec())));
    session.find_objects(&wanted).map_err(|error| unavailable(&error))
}

fn id_of(session: &Session, handle: ObjectHandle) -> Result<Vec<u8>, ModuleError> {
    let found = session.get_attributes(handle, &[AttributeType::Id]).map_err(|error| unavailable(&error))?;
    let id = found.into_iter().find_map(|attribute| match attribute {
        Attribute::Id(id) => Some(id),
        _ => None,
    });
    Ok(id.unwrap_or_default())
}

fn public_key(session: &Session, declaration: &KeyDeclaration, id: &[u8]) -> Result<PublicKey, ModuleError> {
    let role = declaration.role;
    match find(session, ObjectClass::PUBLIC_KEY, declaration, Some(id))?.as_slice() {
        [] => Err(ModuleError::KeyMissing(role)),
        [key] => Ok(PublicKey::new(attributes::point(session, *key, role)?)),
        _ => Err(ModuleError::KeyTwice(role)),
    }
}

fn certificate(
    session: &Session,
    declaration: &KeyDeclaration,
    id: &[u8],
) -> Result<Option<Vec<u8>>, ModuleError> {
    let found = find(session, ObjectClass::CERTIFICATE, declaration, Some(id))?;
    let certificate = match found.as_slice() {
        [] => return Ok(None),
        [certificate] => *certificate,
        _ => {
            let problem = "is there twice";
            return Err(ModuleError::CertificateWrong { role: declaration.role, problem });
        }
    };
    let value =
        session.get_attributes(certificate, &[AttributeType::Value]).map_err(|error| unavailable(&error))?;
    Ok(value.into_iter().find_map(|attribute| match attribute {
        Attribute::Value(der) => Some(der),
        _ => None,
    }))
}
