//! Questions about cover, and what CNSS answers.

use gateway::eligibility::{believed, understood};
use time::OffsetDateTime;
use time::macros::datetime;

const AT: OffsetDateTime = datetime!(2026-11-22 10:00 UTC);

/// A sound question and a sound answer to it.
pub const COVER_SEEDS: [&[u8]; 2] = [
    br#"{"resourceType":"CoverageEligibilityRequest","status":"active","purpose":["benefits"],"patient":{"reference":"Patient/there"},"servicedDate":"2026-11-22","item":[{"productOrService":{"coding":[{"system":"http://www.whocc.no/atc","code":"A10BA02"}]}}]}"#,
    br#"{"resourceType":"CoverageEligibilityResponse","outcome":"complete","patient":{"reference":"Patient/there"},"extension":[{"url":"https://bawaba.example/fhir/StructureDefinition/opposable-until","valueInstant":"2026-11-22T12:00:00Z"}],"insurance":[{"coverage":{"identifier":{"system":"https://bawaba.example/fhir/sid/amo-scheme","value":"tns"}},"inforce":true,"item":[{"productOrService":{"coding":[{"system":"http://www.whocc.no/atc","code":"A10BA02"}]},"benefit":[{"type":{"coding":[{"system":"https://bawaba.example/fhir/CodeSystem/amo-benefit","code":"reference-price"}]},"allowedMoney":{"value":14.10,"currency":"MAD"}}]}]}]}"#,
];

/// Questions are bounded; answers are believed of the patient whom they name and of nobody else.
pub fn cover(bytes: &[u8]) {
    assert!(understood(bytes, AT).is_none_or(|items| items <= 50));
    let [question, _] = COVER_SEEDS;
    let about = |there| believed(bytes, question, there, AT);
    assert!(!(about("there") && about("elsewhere")), "an answer about two patients");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeds_are_sound() {
        let [question, answer] = COVER_SEEDS;
        assert_eq!(understood(question, AT), Some(1));
        assert!(believed(answer, question, "there", AT) && !believed(answer, question, "elsewhere", AT));
    }
}
