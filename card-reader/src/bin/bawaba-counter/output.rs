//! How are answers written to the terminal?

use std::io::Write as _;

use card_reader::counter::Explanation;

/// One line on stdout. A closed pipe is not an error: whoever reads has read enough.
pub(crate) fn line(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// One JSON document on stdout.
pub(crate) fn json(value: &serde_json::Value) {
    line(&serde_json::to_string_pretty(value).unwrap_or_default());
}

/// What went wrong, whose turn it is, and what to do, on stderr.
pub(crate) fn error(said: &Explanation, party: &str, code: &str, detail: Option<&str>) {
    let mut stderr = std::io::stderr().lock();
    let _ = writeln!(stderr, "{}", said.title);
    for reason in &said.reasons {
        let _ = writeln!(stderr, "· {reason}");
    }
    if !said.next_step.is_empty() {
        let _ = writeln!(stderr, "→ {}", said.next_step);
    }
    let detail = detail.map(|detail| format!(": {detail}")).unwrap_or_default();
    let _ = writeln!(stderr, "[{party}/{code}{detail}]");
}
