//! By which names does the schema know things?

use std::sync::LazyLock;

use cedar_policy::{EntityId, EntityTypeName, EntityUid, RestrictedExpression};

use crate::ClientKind;

/// The entity types of the schema, by what they stand for; parsed once.
pub(crate) struct Names {
    pub(crate) pharmacy: EntityTypeName,
    pub(crate) clinic: EntityTypeName,
    pub(crate) hospital: EntityTypeName,
    pub(crate) mobile_unit: EntityTypeName,
    pub(crate) cnss: EntityTypeName,
    pub(crate) back_end: EntityTypeName,
    pub(crate) auditor: EntityTypeName,
    pub(crate) gateway: EntityTypeName,
    pub(crate) service: EntityTypeName,
    pub(crate) fhir_type: EntityTypeName,
    pub(crate) purpose: EntityTypeName,
    pub(crate) action: EntityTypeName,
    pub(crate) care_level: EntityTypeName,
    pub(crate) emergency_reason: EntityTypeName,
    pub(crate) identified: EntityTypeName,
    pub(crate) receipt_standing: EntityTypeName,
    pub(crate) scheme: EntityTypeName,
    pub(crate) signal: EntityTypeName,
    pub(crate) stance: EntityTypeName,
}

pub(crate) fn names() -> Result<&'static Names, String> {
    static NAMES: LazyLock<Result<Names, String>> = LazyLock::new(|| {
        let name = |text: &str| {
            format!("Bawaba::{text}").parse().map_err(|cause: cedar_policy::ParseErrors| cause.to_string())
        };
        Ok(Names {
            pharmacy: name("Pharmacy")?,
            clinic: name("Clinic")?,
            hospital: name("Hospital")?,
            mobile_unit: name("MobileUnit")?,
            cnss: name("Cnss")?,
            back_end: name("BackEnd")?,
            auditor: name("Auditor")?,
            gateway: name("Gateway")?,
            service: name("Service")?,
            fhir_type: name("FhirType")?,
            purpose: name("Purpose")?,
            action: name("Action")?,
            care_level: name("CareLevel")?,
            emergency_reason: name("EmergencyReason")?,
            identified: name("Identified")?,
            receipt_standing: name("ReceiptStanding")?,
            scheme: name("Scheme")?,
            signal: name("Signal")?,
            stance: name("Stance")?,
        })
    });
    NAMES.as_ref().map_err(Clone::clone)
}

impl Names {
    pub(crate) const fn principal(&self, kind: ClientKind) -> &EntityTypeName {
        match kind {
            ClientKind::Pharmacy => &self.pharmacy,
            ClientKind::Clinic => &self.clinic,
            ClientKind::Hospital => &self.hospital,
            ClientKind::MobileUnit => &self.mobile_unit,
            ClientKind::Cnss => &self.cnss,
            ClientKind::BackEnd => &self.back_end,
            ClientKind::Auditor => &self.auditor,
        }
    }
}

pub(crate) fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}

pub(crate) fn entity(kind: &EntityTypeName, id: &str) -> RestrictedExpression {
    RestrictedExpression::new_entity_uid(uid(kind, id))
}
