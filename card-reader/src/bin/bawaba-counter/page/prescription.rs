//! What is on the prescription, in words for the counter?

use serde_json::Value;

/// One prescribed medicine (ligne d'ordonnance), as text for the screen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) medicine: String,
    pub(crate) dosage: String,
    pub(crate) prescriber: String,
    /// As FHIR writes it, year first: it sorts.
    pub(crate) written_on: String,
    pub(crate) repeats: Option<u64>,
    pub(crate) active: bool,
}

impl Line {
    /// The date as it is written in Morocco: day, month, year.
    pub(crate) fn written(&self) -> String {
        self.written_on.rsplit('-').collect::<Vec<_>>().join("/")
    }
}

/// Reads the medicines of a FHIR R4 searchset. What a back-end leaves out stays empty; nothing is invented.
pub(crate) fn lines(bundle: &Value) -> Vec<Line> {
    let entries = bundle.get("entry").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut lines: Vec<Line> = entries
        .iter()
        .filter_map(|entry| entry.get("resource"))
        .filter(|resource| text(resource, "/resourceType") == "MedicationRequest")
        .map(line)
        .collect();
    // What can still be given comes first, the newest before the older.
    lines.sort_by(|a, b| b.active.cmp(&a.active).then_with(|| b.written_on.cmp(&a.written_on)));
    lines
}

fn line(request: &Value) -> Line {
    let first_of = |pointers: &[&str]| {
        pointers
            .iter()
            .map(|pointer| text(request, pointer))
            .find(|text| !text.is_empty())
            .unwrap_or_default()
    };
    let dosages =
        request.get("dosageInstruction").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let dosages: Vec<&str> =
        dosages.iter().map(|dosage| text(dosage, "/text")).filter(|text| !text.is_empty()).collect();
    Line {
        medicine: first_of(&[
            "/medicationCodeableConcept/text",
            "/medicationCodeableConcept/coding/0/display",
            "/medicationReference/display",
        ])
        .to_owned(),
        dosage: dosages.join(" · "),
        prescriber: first_of(&["/requester/display"]).to_owned(),
        written_on: first_of(&["/authoredOn"]).chars().take(10).collect(),
        repeats: request
            .pointer("/dispenseRequest/numberOfRepeatsAllowed")
            .and_then(Value::as_u64)
            .filter(|repeats| *repeats > 0),
        active: text(request, "/status") == "active",
    }
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn medicines_are_read_newest_first_and_stopped_ones_last() {
        let request = |name: &str, status: &str, on: &str| {
            json!({"resource": {"resourceType": "MedicationRequest", "status": status, "authoredOn": on,
                "medicationCodeableConcept": {"coding": [{"display": name}]},
                "dosageInstruction": [{"text": "1 cp matin"}, {"text": "1 cp soir"}],
                "dispenseRequest": {"numberOfRepeatsAllowed": 2}}})
        };
        let bundle = json!({"resourceType": "Bundle", "entry": [
            request("Stoppée", "stopped", "2026-12-01"),
            request("Ancienne", "active", "2026-01-01T08:00:00+01:00"),
            request("Nouvelle", "active", "2026-02-01"),
            {"resource": {"resourceType": "OperationOutcome"}},
        ]});
        let read = lines(&bundle);
        let names: Vec<&str> = read.iter().map(|line| line.medicine.as_str()).collect();
        assert_eq!(names, ["Nouvelle", "Ancienne", "Stoppée"]);
        assert_eq!(read[1].written(), "01/01/2026");
        assert_eq!(read[0].dosage, "1 cp matin · 1 cp soir");
        assert_eq!(read[0].repeats, Some(2));
    }

    #[test]
    fn what_is_no_bundle_is_an_empty_list() {
        assert_eq!(lines(&json!(null)), []);
        assert_eq!(
            lines(&json!({"entry": [{"resource": {"resourceType": "MedicationRequest"}}]})),
            [Line::default()]
        );
    }
}
