//! Which resource decides whether something is created? `If-None-Exist`, FHIR R4 section 3.1.0.8.1.

use super::{FhirError, PatientNames, Target, linked, search};
use search::Asks;

/// The condition as the back-end gets it: a search among the patient's resources of the type that is created.
pub(super) fn bind(
    target: &Target<'_>,
    condition: &str,
    patient: PatientNames<'_>,
    asks: &mut Asks,
) -> Result<String, FhirError> {
    const NOT: FhirError = FhirError::NotTaken("If-None-Exist belongs to a create");
    let of = target.resource_type().filter(|_| target.creates()).ok_or(NOT)?;
    let mut found = Asks::default();
    let mut parameters = search::parsed(condition.trim_start_matches('?').as_bytes())?;
    if parameters.is_empty() {
        return Err(FhirError::NotUnderstood("If-None-Exist is empty"));
    }
    search::bind_parameters(of, &mut parameters, &[], patient, &mut found)?;
    search::narrow(of, &mut parameters, patient)?;
    linked::criteria(of, &mut found)?;
    asks.steps.append(&mut found.steps);
    asks.searches = true;
    Ok(search::written(&parameters))
}
