//! Whose certificate is this? The registered numbers of the subject, never its display name.
//!
//! A common name is what somebody is called; two people are called alike, and whoever requests a certificate chooses
//! its spelling. The registration authority vouches for serialNumber (2.5.4.5) and organizationIdentifier (2.5.4.97).

use super::PathReason;
use super::profile::Holder;
use crate::limits;
use der::{Tag, Tagged};
use std::fmt;
use x509_cert::name::Name;

const SERIAL_NUMBER: &str = "2.5.4.5";
const ORGANIZATION_IDENTIFIER: &str = "2.5.4.97";

/// The registered numbers of a subject (identité enregistrée). Its `Debug` shows none of them.
#[derive(Clone, PartialEq, Eq)]
pub struct RegisteredIdentity {
    serial_number: String,
    organization_identifier: Option<String>,
}

impl RegisteredIdentity {
    /// The X.520 serialNumber (2.5.4.5): the registered number of the person or establishment.
    #[must_use]
    pub fn serial_number(&self) -> &str {
        &self.serial_number
    }

    /// The organizationIdentifier (2.5.4.97, ETSI EN 319 412-1 §5.1.4), if there is one.
    #[must_use]
    pub fn organization_identifier(&self) -> Option<&str> {
        self.organization_identifier.as_deref()
    }

    pub(super) fn of(subject: &Name, holder: Holder) -> Result<Option<Self>, PathReason> {
        if holder == Holder::Anyone {
            return Ok(None);
        }
        let serial_number = serial_number(subject)?;
        let organization_identifier = match single(subject, ORGANIZATION_IDENTIFIER) {
            Ok(Some(text)) => Some(text),
            Ok(None) if holder == Holder::Establishment => return Err(PathReason::OrganizationMissing),
            Ok(None) => None,
            Err(Spoiled::Repeated) => return Err(PathReason::OrganizationRepeated),
            Err(Spoiled::Form) => return Err(PathReason::OrganizationForm),
        };
        Ok(Some(Self { serial_number, organization_identifier }))
    }
}

impl fmt::Debug for RegisteredIdentity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RegisteredIdentity").finish_non_exhaustive()
    }
}

/// The one X.520 serialNumber of a subject.
pub(crate) fn serial_number(subject: &Name) -> Result<String, PathReason> {
    match single(subject, SERIAL_NUMBER) {
        Ok(Some(text)) => Ok(text),
        Ok(None) => Err(PathReason::SerialNumberMissing),
        Err(Spoiled::Repeated) => Err(PathReason::SerialNumberRepeated),
        Err(Spoiled::Form) => Err(PathReason::SerialNumberForm),
    }
}

enum Spoiled {
    Repeated,
    Form,
}

/// The single value of this type. Two of them are none, for a reader might take either; a TeletexString or BMPString
/// is none, for two readers decode it differently; a space at an end or a control character is none, for two
/// registries trim differently.
fn single(subject: &Name, oid: &str) -> Result<Option<String>, Spoiled> {
    let mut values = subject.iter().filter(|attribute| attribute.oid.to_string() == oid);
    let Some(attribute) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Spoiled::Repeated);
    }
    if !matches!(attribute.value.tag(), Tag::PrintableString | Tag::Utf8String) {
        return Err(Spoiled::Form);
    }
    let text = std::str::from_utf8(attribute.value.value()).map_err(|_| Spoiled::Form)?;
    let plain = text.bytes().all(|octet| octet.is_ascii_graphic() || octet == b' ');
    if text.is_empty() || text.len() > limits::REGISTERED_NUMBER || !plain || text.trim() != text {
        return Err(Spoiled::Form);
    }
    Ok(Some(text.to_owned()))
}
