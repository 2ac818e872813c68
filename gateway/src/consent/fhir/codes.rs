//! Which codes of which lists are known, and how is a Coding read?

use crate::consent::class::speaks_of_patients;
use crate::consent::label::{ACT_CODE, Label};
use crate::consent::model::Choice;
use crate::limits::MAX_PROVISION_WORDS;
use serde_json::Value;

use super::ConsentError;
use super::ConsentError::{Malformed, UnknownCode};

pub(super) const SCOPE: &str = "http://terminology.hl7.org/CodeSystem/consentscope";
pub(super) const ACT_REASON: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
pub(super) const PARTICIPATION: &str = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
pub(super) const RESOURCE_TYPES: &str = "http://hl7.org/fhir/resource-types";

/// HL7 v3 PurposeOfUse. This gateway asks for `TREAT`, `ETREAT`, `HPAYMT` and `BTG` alone; a patient may name the others.
const PURPOSES: [&str; 59] = [
    "BIORCH",
    "BTG",
    "CAREMGT",
    "CLINTRCH",
    "CLINTRCHNPC",
    "CLINTRCHPC",
    "CLINTRL",
    "CLMATTCH",
    "COC",
    "COVAUTH",
    "COVERAGE",
    "DISASTER",
    "DONAT",
    "DSRCH",
    "ELIGDTRM",
    "ELIGVER",
    "ENROLLM",
    "ERTREAT",
    "ETREAT",
    "FAMRQT",
    "FRAUD",
    "GOV",
    "HACCRED",
    "HCOMPL",
    "HDECD",
    "HDIRECT",
    "HDM",
    "HLEGAL",
    "HMARKT",
    "HOPERAT",
    "HOUTCOMS",
    "HPAYMT",
    "HPRGRP",
    "HQUALIMP",
    "HRESCH",
    "HSYSADMIN",
    "HTEST",
    "LABELING",
    "MEMADMIN",
    "METAMGT",
    "MILCDM",
    "MILDCRG",
    "PATADMIN",
    "PATRQT",
    "PATSFTY",
    "PERFMSR",
    "POARCH",
    "POPHLTH",
    "PRECLINTRCH",
    "PUBHLTH",
    "PWATRNY",
    "RECORDMGT",
    "REMITADV",
    "SUPNWK",
    "SYSDEV",
    "THREAT",
    "TRAIN",
    "TRANSRCH",
    "TREAT",
];

/// A Coding: system and code. Display and version say nothing more.
pub(super) fn coding(json: &Value) -> Result<(&str, &str), ConsentError> {
    match (json.get("system").and_then(Value::as_str), json.get("code").and_then(Value::as_str)) {
        (Some(system), Some(code)) => Ok((system, code)),
        _ => Err(UnknownCode("a Coding has system and code")),
    }
}

/// The codings of a CodeableConcept; a text alone is understood by nobody.
pub(super) fn codings(concept: &Value) -> Result<Vec<(&str, &str)>, ConsentError> {
    match concept.get("coding") {
        Some(Value::Array(found)) if !found.is_empty() => found.iter().map(coding).collect(),
        _ => Err(UnknownCode("a CodeableConcept has no coding")),
    }
}

/// The elements of a list that may be missing.
pub(super) fn list<'a>(json: &'a Value, name: &str) -> Result<&'a [Value], ConsentError> {
    match json.get(name) {
        None => Ok(&[]),
        Some(Value::Array(elements)) if elements.is_empty() => Err(Malformed("an array is empty")),
        Some(Value::Array(elements)) if elements.len() > MAX_PROVISION_WORDS => {
            Err(ConsentError::NotUnderstood("a list is longer than is taken"))
        }
        Some(Value::Array(elements)) => Ok(elements),
        Some(_) => Err(Malformed("an element that repeats is not an array")),
    }
}

pub(super) fn purpose(json: &Value) -> Result<String, ConsentError> {
    match coding(json)? {
        (ACT_REASON, code) if PURPOSES.contains(&code) => Ok(code.to_owned()),
        _ => Err(UnknownCode("provision.purpose is of HL7 v3 PurposeOfUse")),
    }
}

pub(super) fn class(json: &Value) -> Result<String, ConsentError> {
    match coding(json)? {
        (RESOURCE_TYPES, code) if speaks_of_patients(code) => Ok(code.to_owned()),
        _ => Err(UnknownCode("provision.class is a FHIR R4 resource type about a patient")),
    }
}

pub(super) fn label(json: &Value) -> Result<Label, ConsentError> {
    let (system, code) = coding(json)?;
    Label::of(system, code).ok_or(UnknownCode(
        "provision.securityLabel is of HL7 v3 Confidentiality or InformationSensitivityPolicy",
    ))
}

/// FHIR R4 policyRule: the base that everything else is an exception to.
pub(super) fn base(concept: &Value) -> Result<Choice, ConsentError> {
    match codings(concept)?.as_slice() {
        [(ACT_CODE, "OPTIN")] => Ok(Choice::Permit),
        [(ACT_CODE, "OPTOUT")] => Ok(Choice::Deny),
        _ => Err(UnknownCode("policyRule is OPTIN or OPTOUT of HL7 v3 ActCode")),
    }
}
