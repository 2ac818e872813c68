//! How does a person read a number?

use card_reader::counter::Language;

/// `842 ms`, `1,3 s`: as precise as a person reads it, with the comma of French.
pub(super) fn milliseconds(ms: f64, lang: Language) -> String {
    let text = if ms < 10.0 {
        format!("{ms:.1}\u{a0}ms")
    } else if ms < 1000.0 {
        format!("{ms:.0}\u{a0}ms")
    } else {
        format!("{:.1}\u{a0}s", ms / 1000.0)
    };
    if lang == Language::English { text } else { text.replace('.', ",") }
}

/// `123 456`: six digits are copied in two groups.
pub(super) fn spaced(can: &str) -> String {
    can.split_at_checked(3).map_or_else(|| can.to_owned(), |(first, last)| format!("{first}\u{a0}{last}"))
}
