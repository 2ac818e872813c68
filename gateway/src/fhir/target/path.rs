//! Where is a target at the back-end?

use super::{About, FhirError, PatientNames, ResourceType, Shape, Target};

impl Target<'_> {
    /// The path below the back-end's base, with the back-end's name of the patient.
    pub(in crate::fhir) fn path(&self, patient: PatientNames<'_>) -> Result<String, FhirError> {
        Ok(match &self.shape {
            Shape::Base => "/".to_owned(),
            Shape::Create { of } if of.about == About::Patient => {
                return Err(FhirError::PatientMismatch("a session cannot create a patient"));
            }
            Shape::Create { of } | Shape::Conditional { of, .. } | Shape::Search { of, form: false } => {
                joined(&[of.name])
            }
            Shape::Search { of, form: true } => joined(&[of.name, "_search"]),
            Shape::Compartment { owner, id, of, form } => {
                let id = there(owner, id, patient)?;
                if *form {
                    joined(&[owner.name, id, of.name, "_search"])
                } else {
                    joined(&[owner.name, id, of.name])
                }
            }
            Shape::Operation { what, of, id: Some(id), .. } => {
                joined(&[of.name, there(of, id, patient)?, what.name])
            }
            Shape::Operation { what, of, id: None, .. } => joined(&[of.name, what.name]),
            Shape::Instance { of, id, history, .. } => {
                let id = there(of, id, patient)?;
                match history {
                    None => joined(&[of.name, id]),
                    Some(None) => joined(&[of.name, id, "_history"]),
                    Some(Some(version)) => joined(&[of.name, id, "_history", version]),
                }
            }
        })
    }
}

fn there<'a>(of: &ResourceType, id: &'a str, patient: PatientNames<'a>) -> Result<&'a str, FhirError> {
    match of.about {
        About::Patient if patient.include(id) => Ok(patient.there),
        About::Patient => Err(FhirError::PatientMismatch("the path names another patient")),
        _ => Ok(id),
    }
}

fn joined(segments: &[&str]) -> String {
    let mut path = String::with_capacity(segments.iter().map(|segment| segment.len() + 1).sum());
    for segment in segments {
        path.push('/');
        path.push_str(segment);
    }
    path
}
