//! Whom is a resource of a type about, and by what is it found? FHIR R4, Patient compartment (CompartmentDefinition/patient).
//!
//! A type that is not listed is no FHIR R4 type and is refused: what is not known cannot be bound to a patient.

/// A FHIR R4 resource type, and how it says whom it is about (*type de ressource*).
#[derive(Debug, PartialEq, Eq)]
pub struct ResourceType {
    pub(super) name: &'static str,
    pub(super) about: About,
}

/// Whom a resource is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// It is the patient.
    Patient,
    /// About one patient.
    One {
        /// The element that refers to the patient; nothing where that is further inside.
        element: Option<&'static str>,
        /// The search parameter that narrows to the patient; nothing where the type is not searched.
        parameter: Option<&'static str>,
    },
    /// About no patient: a search among them cannot be narrowed and need not be.
    Nobody,
    /// It gathers several patients, or acts on whomever it likes later: no single patient can be bound to it.
    Several,
}

use About::{Nobody, Patient, Several};

impl ResourceType {
    /// The type of this name.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        let place = TYPES.binary_search_by(|known| known.name.cmp(name)).ok()?;
        TYPES.get(place)
    }

    /// Whether resources of this type are about a patient.
    pub(super) fn is_personal(&self) -> bool {
        self.about != Nobody
    }

    /// The search parameter by which a search among them is narrowed to the patient.
    pub(super) fn narrowed_by(&self) -> Option<&'static str> {
        match self.about {
            Patient => Some("_id"),
            About::One { parameter, .. } => parameter,
            Nobody | Several => None,
        }
    }
}

const fn row(name: &'static str, about: About) -> ResourceType {
    ResourceType { name, about }
}

const fn of(element: &'static str, parameter: &'static str) -> About {
    let parameter = if parameter.is_empty() { None } else { Some(parameter) };
    About::One { element: Some(element), parameter }
}

const fn somewhere(parameter: &'static str) -> About {
    About::One { element: None, parameter: Some(parameter) }
}

/// By name.
static TYPES: [ResourceType; 146] = [
    row("Account", of("subject", "patient")),
    row("ActivityDefinition", Nobody),
    row("AdverseEvent", of("subject", "subject")),
    row("AllergyIntolerance", of("patient", "patient")),
    row("Appointment", somewhere("patient")),
    row("AppointmentResponse", of("actor", "patient")),
    row("AuditEvent", somewhere("patient")),
    row("Basic", of("subject", "patient")),
    row("Binary", of("securityContext", "")),
    row("BiologicallyDerivedProduct", Several),
    row("BodyStructure", of("patient", "patient")),
    row("Bundle", Several),
    row("CapabilityStatement", Nobody),
    row("CarePlan", of("subject", "patient")),
    row("CareTeam", of("subject", "patient")),
    row("CatalogEntry", Nobody),
    row("ChargeItem", of("subject", "patient")),
    row("ChargeItemDefinition", Nobody),
    row("Claim", of("patient", "patient")),
    row("ClaimResponse", of("patient", "patient")),
    row("ClinicalImpression", of("subject", "patient")),
    row("CodeSystem", Nobody),
    row("Communication", of("subject", "patient")),
    row("CommunicationRequest", of("subject", "patient")),
    row("CompartmentDefinition", Nobody),
    row("Composition", of("subject", "patient")),
    row("ConceptMap", Nobody),
    row("Condition", of("subject", "patient")),
    row("Consent", of("patient", "patient")),
    row("Contract", of("subject", "patient")),
    row("Coverage", of("beneficiary", "patient")),
    row("CoverageEligibilityRequest", of("patient", "patient")),
    row("CoverageEligibilityResponse", of("patient", "patient")),
    row("DetectedIssue", of("patient", "patient")),
    row("Device", of("patient", "patient")),
    row("DeviceDefinition", Nobody),
    row("DeviceMetric", Several),
    row("DeviceRequest", of("subject", "patient")),
    row("DeviceUseStatement", of("subject", "patient")),
    row("DiagnosticReport", of("subject", "patient")),
    row("DocumentManifest", of("subject", "patient")),
    row("DocumentReference", of("subject", "patient")),
    row("EffectEvidenceSynthesis", Nobody),
    row("Encounter", of("subject", "patient")),
    row("Endpoint", Nobody),
    row("EnrollmentRequest", of("candidate", "patient")),
    row("EnrollmentResponse", Several),
    row("EpisodeOfCare", of("patient", "patient")),
    row("EventDefinition", Nobody),
    row("Evidence", Nobody),
    row("EvidenceVariable", Nobody),
    row("ExampleScenario", Nobody),
    row("ExplanationOfBenefit", of("patient", "patient")),
    row("FamilyMemberHistory", of("patient", "patient")),
    row("Flag", of("subject", "patient")),
    row("Goal", of("subject", "patient")),
    row("GraphDefinition", Nobody),
    row("Group", Several),
    row("GuidanceResponse", of("subject", "patient")),
    row("HealthcareService", Nobody),
    row("ImagingStudy", of("subject", "patient")),
    row("Immunization", of("patient", "patient")),
    row("ImmunizationEvaluation", of("patient", "patient")),
    row("ImmunizationRecommendation", of("patient", "patient")),
    row("ImplementationGuide", Nobody),
    row("InsurancePlan", Nobody),
    row("Invoice", of("subject", "patient")),
    row("Library", Nobody),
    row("Linkage", Several),
    row("List", of("subject", "patient")),
    row("Location", Nobody),
    row("Measure", Nobody),
    row("MeasureReport", of("subject", "patient")),
    row("Media", of("subject", "patient")),
    row("Medication", Nobody),
    row("MedicationAdministration", of("subject", "patient")),
    row("MedicationDispense", of("subject", "patient")),
    row("MedicationKnowledge", Nobody),
    row("MedicationRequest", of("subject", "patient")),
    row("MedicationStatement", of("subject", "patient")),
    row("MedicinalProduct", Nobody),
    row("MedicinalProductAuthorization", Nobody),
    row("MedicinalProductContraindication", Nobody),
    row("MedicinalProductIndication", Nobody),
    row("MedicinalProductIngredient", Nobody),
    row("MedicinalProductInteraction", Nobody),
    row("MedicinalProductManufactured", Nobody),
    row("MedicinalProductPackaged", Nobody),
    row("MedicinalProductPharmaceutical", Nobody),
    row("MedicinalProductUndesirableEffect", Nobody),
    row("MessageDefinition", Nobody),
    row("MessageHeader", Several),
    row("MolecularSequence", of("patient", "patient")),
    row("NamingSystem", Nobody),
    row("NutritionOrder", of("patient", "patient")),
    row("Observation", of("subject", "patient")),
    row("ObservationDefinition", Nobody),
    row("OperationDefinition", Nobody),
    row("OperationOutcome", Several),
    row("Organization", Nobody),
    row("OrganizationAffiliation", Nobody),
    row("Parameters", Several),
    row("Patient", Patient),
    row("PaymentNotice", Several),
    row("PaymentReconciliation", Several),
    row("Person", Several),
    row("PlanDefinition", Nobody),
    row("Practitioner", Nobody),
    row("PractitionerRole", Nobody),
    row("Procedure", of("subject", "patient")),
    row("Provenance", somewhere("patient")),
    row("Questionnaire", Nobody),
    row("QuestionnaireResponse", of("subject", "patient")),
    row("RelatedPerson", of("patient", "patient")),
    row("RequestGroup", of("subject", "patient")),
    row("ResearchDefinition", Nobody),
    row("ResearchElementDefinition", Nobody),
    row("ResearchStudy", Several),
    row("ResearchSubject", of("individual", "patient")),
    row("RiskAssessment", of("subject", "patient")),
    row("RiskEvidenceSynthesis", Nobody),
    row("Schedule", Several),
    row("SearchParameter", Nobody),
    row("ServiceRequest", of("subject", "patient")),
    row("Slot", Several),
    row("Specimen", of("subject", "patient")),
    row("SpecimenDefinition", Nobody),
    row("StructureDefinition", Nobody),
    row("StructureMap", Nobody),
    row("Subscription", Several),
    row("Substance", Nobody),
    row("SubstanceNucleicAcid", Nobody),
    row("SubstancePolymer", Nobody),
    row("SubstanceProtein", Nobody),
    row("SubstanceReferenceInformation", Nobody),
    row("SubstanceSourceMaterial", Nobody),
    row("SubstanceSpecification", Nobody),
    row("SupplyDelivery", of("patient", "patient")),
    row("SupplyRequest", somewhere("subject")),
    row("Task", of("for", "patient")),
    row("TerminologyCapabilities", Nobody),
    row("TestReport", Several),
    row("TestScript", Nobody),
    row("ValueSet", Nobody),
    row("VerificationResult", Several),
    row("VisionPrescription", of("patient", "patient")),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_found_by_its_name() {
        for known in &TYPES {
            assert_eq!(ResourceType::named(known.name), Some(known));
        }
        for name in ["", "patient", "Patients", "DomainResource", "Resource", "$everything"] {
            assert_eq!(ResourceType::named(name), None, "{name}");
        }
    }
}
