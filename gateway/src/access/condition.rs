//! Has the counter this answer already? RFC 9110 §13.1.2, asked by us where the back-end must not answer for us.
//!
//! A back-end that says 304 says that something is there, unchanged. Where a part of the record is hidden from the
//! caller, the answer is looked at first, so the condition is taken out of the request and judged here.

use http::header::{ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue};

/// `If-None-Match` of a request, taken out of it.
#[derive(Default)]
pub(super) struct Condition(Vec<HeaderValue>);

impl Condition {
    /// Takes it out of a request, together with the date that stands for it.
    pub(super) fn take(headers: &mut HeaderMap) -> Self {
        headers.remove(IF_MODIFIED_SINCE);
        let taken = headers.get_all(IF_NONE_MATCH).iter().cloned().collect();
        headers.remove(IF_NONE_MATCH);
        Self(taken)
    }

    /// Whether the counter has the answer with these headers: weak comparison (§8.8.3.2).
    pub(super) fn holds(&self, answer: &HeaderMap) -> bool {
        let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        let Some(current) = answer.get(ETAG).and_then(|tag| tag.to_str().ok()).map(opaque) else {
            return false;
        };
        let known = self.0.iter().filter_map(|value| value.to_str().ok());
        known.flat_map(|value| value.split(',')).any(|tag| tag.trim() == "*" || opaque(tag) == current)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_taken_out_and_judged_weakly() {
        let mut headers = HeaderMap::new();
        headers.append(IF_NONE_MATCH, HeaderValue::from_static("\"1\", W/\"2\""));
        headers.append(IF_MODIFIED_SINCE, HeaderValue::from_static("Sun, 22 Nov 2026 10:00:00 GMT"));
        let condition = Condition::take(&mut headers);
        assert!(headers.is_empty());
        for (tag, holds) in [("W/\"1\"", true), ("\"2\"", true), ("W/\"3\"", false), ("", false)] {
            let answer = HeaderMap::from_iter([(ETAG, HeaderValue::from_static(tag))]);
            assert_eq!(condition.holds(&answer), holds, "{tag}");
        }
        assert!(!condition.holds(&HeaderMap::new()));
        assert!(
            !Condition::default().holds(&HeaderMap::from_iter([(ETAG, HeaderValue::from_static("\"1\""))]))
        );
    }
}
