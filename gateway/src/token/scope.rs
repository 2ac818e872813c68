//! What may a token be used for, in words? (RFC 6749 §3.3)
//!
//! | word | what it lets its holder do |
//! |---|---|
//! | `prescription` | everything that the policies permit at that back-end |
//! | `prescription.read` | read and search there, no more |
//! | `prescription.write` | create, change and run operations there, no more |
//!
//! A client is registered with such words, its sessions carry them, and a token has some of them: never more.

use super::TokenError;

/// How much of a back-end a word opens; the whole contains the other two.
const PARTS: [&str; 3] = ["", ".read", ".write"];

/// The words of `asked` for this back-end, each held; without `asked`, all that are held for it.
///
/// # Errors
/// [`TokenError::Scope`] where nothing is left, and for any word that is repeated, of another back-end, of no
/// back-end, or wider than what is held.
pub(crate) fn narrowed(held: &str, service: &str, asked: Option<&str>) -> Result<String, TokenError> {
    let of_service = |word: &str| word.strip_prefix(service).is_some_and(|part| PARTS.contains(&part));
    let words: Vec<&str> = match asked {
        Some(asked) => asked.split(' ').collect(),
        None => held.split(' ').filter(|word| of_service(word)).collect(),
    };
    let unique =
        words.iter().enumerate().all(|(place, word)| !words.iter().skip(place + 1).any(|w| w == word));
    let sound = words.iter().all(|word| of_service(word) && covers(held, word));
    if words.is_empty() || !unique || !sound { Err(TokenError::Scope) } else { Ok(words.join(" ")) }
}

/// The words with which the gateway itself goes to a back-end: the whole where it is held, else what the request needs.
///
/// # Errors
/// [`TokenError::Scope`] for a client that may not read, or not write, there.
pub(crate) fn needed(held: &str, service: &str, reads: bool, writes: bool) -> Result<String, TokenError> {
    if covers(held, service) {
        return Ok(service.to_owned());
    }
    let parts = [(reads, "read"), (writes, "write")].into_iter().filter(|(needed, _)| *needed);
    let words: Vec<String> = parts.map(|(_, part)| format!("{service}.{part}")).collect();
    narrowed(held, service, Some(&words.join(" ")))
}

/// Whether every word of `asked` is held, as itself or as part of a whole.
pub(crate) fn covers(held: &str, asked: &str) -> bool {
    asked.split(' ').all(|word| {
        let whole = word.split_once('.').map_or(word, |(whole, _)| whole);
        !word.is_empty() && held.split(' ').any(|held| held == word || held == whole)
    })
}

/// The reading half of what is held.
pub(crate) fn reading(held: &str) -> String {
    let words = held.split(' ').filter_map(|word| match word.split_once('.') {
        None if !word.is_empty() => Some(format!("{word}.read")),
        Some((_, "read")) => Some(word.to_owned()),
        _ => None,
    });
    words.collect::<Vec<_>>().join(" ")
}

/// What is held of one back-end, said of another: as much of that, and no more.
pub(crate) fn carried(held: &str, from: &str, to: &str) -> String {
    let parts =
        held.split(' ').filter_map(|word| word.strip_prefix(from)).filter(|part| PARTS.contains(part));
    parts.map(|part| format!("{to}{part}")).collect::<Vec<_>>().join(" ")
}

/// What is held, of this back-end to read alone.
pub(crate) fn reading_there(held: &str, service: &str) -> String {
    let read = format!("{service}.read");
    let words = held.split(' ').filter_map(|word| match word.strip_prefix(service) {
        Some("" | ".read") => Some(read.as_str()),
        Some(".write") => None,
        _ => Some(word),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// The words of `one` that `other` covers.
pub(crate) fn common(one: &str, other: &str) -> String {
    one.split(' ').filter(|word| covers(other, word)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_words_of_its_session_for_one_back_end() {
        let held = "prescription billing.read";
        for (service, asked, given) in [
            ("prescription", None, Some("prescription")),
            ("prescription", Some("prescription.read"), Some("prescription.read")),
            (
                "prescription",
                Some("prescription.write prescription.read"),
                Some("prescription.write prescription.read"),
            ),
            ("billing", None, Some("billing.read")),
            ("billing", Some("billing"), None),
            ("billing", Some("billing.write"), None),
            ("dossier", None, None),
            ("dossier", Some("dossier"), None),
            ("prescription", Some("billing.read"), None),
            ("prescription", Some(""), None),
            ("prescription", Some("prescription "), None),
            ("prescription", Some("prescription prescription"), None),
            ("prescription", Some("prescription.delete"), None),
            ("prescription", Some("Prescription"), None),
            ("prescription", Some("prescription.read.x"), None),
            ("prescription", Some("prescription\tbilling"), None),
        ] {
            assert_eq!(narrowed(held, service, asked).ok().as_deref(), given, "{service} {asked:?}");
        }
    }

    #[test]
    fn a_client_that_may_only_read_is_not_taken_to_write() {
        let needed = |held, reads, writes| needed(held, "billing", reads, writes).ok();
        assert_eq!(needed("billing", true, true).as_deref(), Some("billing"));
        assert_eq!(needed("billing.read", true, false).as_deref(), Some("billing.read"));
        assert_eq!(
            needed("billing.read billing.write", true, true).as_deref(),
            Some("billing.read billing.write")
        );
        for (held, reads, writes) in
            [("billing.read", true, true), ("billing.write", true, false), ("dossier", true, false)]
        {
            assert_eq!(needed(held, reads, writes), None, "{held}");
        }
    }

    #[test]
    fn an_emergency_reads_and_writes_nothing() {
        assert_eq!(reading("dossier prescription.write billing.read"), "dossier.read billing.read");
        assert_eq!(reading(""), "");
    }

    #[test]
    fn to_read_alone_is_less_of_one_back_end_and_as_much_of_others() {
        for (held, left) in [
            ("prescription billing", "prescription billing.read"),
            ("billing.read billing.write dossier.write", "billing.read dossier.write"),
            ("billing.write", ""),
            ("billings billing", "billings billing.read"),
        ] {
            assert_eq!(reading_there(held, "billing"), left, "{held}");
        }
    }

    #[test]
    fn what_is_carried_to_another_back_end_is_no_wider() {
        assert_eq!(carried("dossier.read", "dossier", "prescription"), "prescription.read");
        assert_eq!(carried("dossier", "dossier", "prescription"), "prescription");
        assert_eq!(carried("billing", "dossier", "prescription"), "");
        assert_eq!(
            common("prescription.read prescription.write", "prescription.read billing"),
            "prescription.read"
        );
        assert_eq!(common("prescription", "prescription.read"), "");
    }
}
