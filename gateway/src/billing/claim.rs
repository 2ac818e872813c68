//! What does a claim say that it rests on? (FHIR R4 Claim)

use bytes::Bytes;
use policies::Interaction;
use serde::Deserialize;

use crate::fhir::{FhirError, FhirRequest, Step};
use crate::limits::FSE_NUMBER_BYTES_MAX;
use crate::token::read_once;

/// The extension of a Claim, or of a question about cover, that carries a receipt (*reçu*) as `valueString`.
pub const RECEIPT_EXTENSION: &str = "https://bawaba.example/fhir/StructureDefinition/presence-receipt";

/// The system of the identifier that is the number of an electronic care sheet (*feuille de soins électronique*).
pub const FSE_SYSTEM: &str = "https://bawaba.example/fhir/sid/fse";

/// A claim that came (*facture*): what it says is believed of nobody yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UntrustedClaim {
    /// The receipt, as it came.
    pub(super) receipt: Option<String>,
    /// The number of the care sheet.
    pub(super) fse: Option<String>,
    /// It asks to be paid; otherwise it only asks beforehand (`Claim.use`), and nothing is billed.
    pub(super) bills: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClaimShape {
    #[serde(default)]
    resource_type: Option<String>,
    #[serde(default)]
    extension: Vec<ExtensionShape>,
    #[serde(default)]
    identifier: Vec<IdentifierShape>,
    #[serde(default)]
    r#use: Option<String>,
}

/// An extension as far as a receipt is sought in it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExtensionShape {
    url: String,
    value_string: Option<String>,
}

#[derive(Deserialize)]
struct IdentifierShape {
    system: Option<String>,
    value: Option<String>,
}

/// The claim of a request, if it is one. A claim comes alone: in a Bundle its answer would not say whether it was taken.
pub(super) fn of(asked: &FhirRequest) -> Result<Option<UntrustedClaim>, FhirError> {
    if !asked.steps.iter().any(is_claim) {
        return Ok(None);
    }
    match (asked.steps.as_slice(), &asked.body) {
        ([_alone], Some(body)) => read(body).map(Some),
        _ => Err(ALONE),
    }
}

const ALONE: FhirError = FhirError::NotUnderstood("a Claim is sent alone, not in a Bundle");

/// Whether a step sends or changes a claim.
pub(crate) fn is_claim(step: &Step) -> bool {
    step.resource_type == "Claim" && matches!(step.interaction, Interaction::Create | Interaction::Update)
}

fn read(body: &Bytes) -> Result<UntrustedClaim, FhirError> {
    let claim: ClaimShape = read_once(body).map_err(|_| {
        FhirError::NotUnderstood("extension, identifier or use of the Claim is not as in FHIR")
    })?;
    // ATTACK: a Bundle of one claim has one step too. Its own extension and identifier would speak for the claim in it.
    if claim.resource_type.as_deref() != Some("Claim") {
        return Err(ALONE);
    }
    Ok(UntrustedClaim {
        receipt: receipt(claim.extension)?,
        fse: fse(claim.identifier)?,
        bills: !matches!(claim.r#use.as_deref(), Some("preauthorization" | "predetermination")),
    })
}

/// The one receipt among extensions.
pub(crate) fn receipt(extensions: Vec<ExtensionShape>) -> Result<Option<String>, FhirError> {
    let mut receipts = extensions.into_iter().filter(|extension| extension.url == RECEIPT_EXTENSION);
    match (receipts.next().map(|extension| extension.value_string), receipts.next()) {
        (None, _) => Ok(None),
        (Some(Some(receipt)), None) => Ok(Some(receipt)),
        (Some(None), _) => Err(FhirError::NotUnderstood("the receipt is a valueString")),
        (Some(_), Some(_)) => Err(FhirError::NotUnderstood("one receipt, no more")),
    }
}

fn fse(identifiers: Vec<IdentifierShape>) -> Result<Option<String>, FhirError> {
    let of_fse = |identifier: &IdentifierShape| identifier.system.as_deref() == Some(FSE_SYSTEM);
    let mut numbers = identifiers.into_iter().filter(of_fse).map(|identifier| identifier.value);
    let number = match (numbers.next(), numbers.next()) {
        (None, _) => return Ok(None),
        (Some(Some(number)), None) => number,
        (Some(_), _) => return Err(FhirError::NotUnderstood("one number of a care sheet, with its value")),
    };
    let plain = number.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
    // It becomes a search parameter: FHIR would read `,`, `|` and `$` in it (R4 §3.1.1.4.0.1).
    match (1..=FSE_NUMBER_BYTES_MAX).contains(&number.len()) && plain {
        true => Ok(Some(number)),
        false => Err(FhirError::NotUnderstood("the number of a care sheet is 1 to 64 of A-Z a-z 0-9 . -")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn claim(body: &serde_json::Value) -> Result<UntrustedClaim, FhirError> {
        read(&Bytes::from(body.to_string()))
    }

    #[test]
    fn receipt_and_number_are_found_among_others() {
        let read = claim(&json!({
            "resourceType": "Claim", "use": "claim", "total": {"value": 12.50, "currency": "MAD"},
            "extension": [{"url": "https://else.example", "valueInteger": 3},
                {"url": RECEIPT_EXTENSION, "valueString": "a.b.c"}],
            "identifier": [{"value": "mine"}, {"system": FSE_SYSTEM, "value": "FSE-2026-1"}],
        }));
        let expected = UntrustedClaim {
            receipt: Some("a.b.c".to_owned()),
            fse: Some("FSE-2026-1".to_owned()),
            bills: true,
        };
        assert_eq!(read, Ok(expected));
        let nothing = UntrustedClaim { receipt: None, fse: None, bills: false };
        assert_eq!(claim(&json!({"resourceType": "Claim", "use": "preauthorization"})), Ok(nothing));
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        let receipt = json!({"url": RECEIPT_EXTENSION, "valueString": "a.b.c"});
        let number = |value: &str| json!({"identifier": [{"system": FSE_SYSTEM, "value": value}]});
        for body in [
            json!({"extension": [receipt, receipt]}),
            json!({"extension": [{"url": RECEIPT_EXTENSION, "valueUri": "a.b.c"}]}),
            json!({"extension": receipt}),
            json!({"identifier": [{"system": FSE_SYSTEM}]}),
            json!({"identifier": [{"system": FSE_SYSTEM, "value": "1"}, {"system": FSE_SYSTEM, "value": "2"}]}),
            number(""),
            number("1,2"),
            number("1|2"),
            number(&"1".repeat(65)),
        ] {
            assert!(claim(&body).is_err(), "{body}");
        }
        let twice = Bytes::from_static(b"{\"identifier\":[],\"identifier\":[]}");
        assert!(read(&twice).is_err());
    }
}
