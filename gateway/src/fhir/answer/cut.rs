//! What is left of a Bundle without some of its entries? Its own text, with nothing else changed.
//!
//! The text was parsed before, so it is sound JSON; here only places in it are found.

use std::borrow::Cow;

/// What stands for a hidden entry where the place of each says whose answer it is (FHIR R4 section 3.1.0.11.3).
const NOT_THERE: &[u8] = br#"{"response":{"status":"404"}}"#;

/// The Bundle without the entries that are marked, and without the members that would tell that there are some: its
/// `total`, and a `meta` that says how confidential the most confidential of them is.
///
/// `by_place`: the entries answer those of a request, one by one.
pub(super) fn bundle(text: &[u8], hidden: &[bool], by_place: bool) -> Option<Vec<u8>> {
    let mut left = Vec::with_capacity(text.len());
    let mut at = blank(text, 0);
    left.push(*text.get(at).filter(|byte| **byte == b'{')?);
    at = blank(text, at + 1);
    let mut written = false;
    while *text.get(at)? != b'}' {
        let key = at;
        let key_end = value_end(text, key)?;
        let value = blank(text, blank(text, key_end) + 1);
        let end = value_end(text, value)?;
        // Decoded: a key may be written with escapes.
        let name: Cow<'_, str> = serde_json::from_slice(text.get(key..key_end)?).ok()?;
        let kept = match name.as_ref() {
            "total" => Cow::Borrowed(&[][..]),
            "meta" if hidden.contains(&true) => Cow::Borrowed(&[][..]),
            "entry" => Cow::Owned(entries(text.get(value..end)?, hidden, by_place)?),
            _ => Cow::Borrowed(text.get(value..end)?),
        };
        if !kept.is_empty() {
            if written {
                left.push(b',');
            }
            left.extend_from_slice(text.get(key..value)?);
            left.extend_from_slice(&kept);
            written = true;
        }
        at = next(text, end);
    }
    left.push(b'}');
    Some(left)
}

/// The array without what is marked; no text where nothing is left (an empty array is no FHIR, section 2.6.2).
fn entries(text: &[u8], hidden: &[bool], by_place: bool) -> Option<Vec<u8>> {
    let mut left = vec![b'['];
    let mut at = blank(text, 1);
    let mut marks = hidden.iter();
    while *text.get(at)? != b']' {
        let end = value_end(text, at)?;
        let entry = match *marks.next()? {
            false => text.get(at..end)?,
            true if by_place => NOT_THERE,
            true => &[],
        };
        if !entry.is_empty() {
            if left.len() > 1 {
                left.push(b',');
            }
            left.extend_from_slice(entry);
        }
        at = next(text, end);
    }
    left.push(b']');
    Some(if left.len() > 2 { left } else { Vec::new() })
}

/// After the comma that follows, if one does.
fn next(text: &[u8], end: usize) -> usize {
    let at = blank(text, end);
    if text.get(at) == Some(&b',') { blank(text, at + 1) } else { at }
}

/// The first place from here that is no blank.
fn blank(text: &[u8], from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    from + rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count()
}

/// Where the value ends that begins here.
fn value_end(text: &[u8], from: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = from;
    loop {
        match text.get(at)? {
            b'"' => at = string_end(text, at)?,
            b'{' | b'[' => {
                depth += 1;
                at += 1;
            }
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                at += 1;
            }
            b',' | b':' => at += 1,
            _ => at = word_end(text, at),
        }
        at = if depth == 0 { return Some(at) } else { blank(text, at) };
    }
}

fn string_end(text: &[u8], from: usize) -> Option<usize> {
    let mut at = from + 1;
    loop {
        match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// A number, a truth value or null.
fn word_end(text: &[u8], from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    let word = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
    from + rest.iter().take_while(word).count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without(text: &str, hidden: &[bool]) -> Option<String> {
        bundle(text.as_bytes(), hidden, false).map(|left| String::from_utf8(left).unwrap())
    }

    #[test]
    fn entries_are_cut_out_and_nothing_else_is_touched() {
        let text = r#" { "resourceType" : "Bundle", "total": 3, "entry" : [ {"a": 0.10, "b":"]},\""} , {"x":[1,{"y":"\\"}]},
            {"c":1e2} ], "link": [ { "url": "x" } ] } "#;
        assert_eq!(
            without(text, &[false, true, false]).unwrap(),
            r#"{"resourceType" : "Bundle","entry" : [{"a": 0.10, "b":"]},\""},{"c":1e2}],"link": [ { "url": "x" } ]}"#
        );
        assert_eq!(
            without(text, &[true, true, true]).unwrap(),
            r#"{"resourceType" : "Bundle","link": [ { "url": "x" } ]}"#
        );
        assert_eq!(without(r#"{"tot\u0061l":1,"x":"\u0000"}"#, &[]).unwrap(), r#"{"x":"\u0000"}"#);
        assert_eq!(without(r#"{"meta":{},"entry":[1,2]}"#, &[false, true]).unwrap(), r#"{"entry":[1]}"#);
        assert_eq!(without(r#"{"total":0,"entry":[]}"#, &[]).unwrap(), "{}");
        let by_place = bundle(br#"{"entry":[{"a":1},{"b":2}]}"#, &[true, false], true).unwrap();
        assert_eq!(by_place, br#"{"entry":[{"response":{"status":"404"}},{"b":2}]}"#);
        // More entries than were judged is no answer.
        assert_eq!(without(text, &[false]), None);
    }
}
