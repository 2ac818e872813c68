//! What does a 401 ask for, if not for another session? (RFC 9470 §3)

use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};

/// What the holder of the card has to prove before the same request is permitted (authentification renforcée).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepUpWanted {
    /// `acr_values`: which proofs would do, in the gateway's words.
    pub acr_values: String,
    /// `max_age`: how many seconds ago it may have been given.
    pub max_age: Option<u64>,
}

impl StepUpWanted {
    /// From the challenge `insufficient_user_authentication`, whatever its scheme; any other challenge asks for something else.
    pub(super) fn of(headers: &HeaderMap) -> Option<StepUpWanted> {
        let challenges =
            headers.get_all(WWW_AUTHENTICATE).into_iter().filter_map(|value| value.to_str().ok());
        challenges.filter_map(StepUpWanted::read).next()
    }

    fn read(challenge: &str) -> Option<StepUpWanted> {
        let (_scheme, parameters) = challenge.split_once(' ')?;
        let parameters = parameters_of(parameters)?;
        let named = |name: &str| {
            parameters
                .iter()
                .find(|(given, _)| given.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.clone())
        };
        (named("error").as_deref() == Some("insufficient_user_authentication")).then(|| StepUpWanted {
            acr_values: named("acr_values").unwrap_or_default(),
            max_age: named("max_age").and_then(|seconds| seconds.parse().ok()),
        })
    }
}

/// `name=value` or `name="value"`, separated by commas (RFC 9110 §11.2); nothing, if it is anything else.
fn parameters_of(text: &str) -> Option<Vec<(String, String)>> {
    let mut parameters = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=')?;
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted_string(quoted)?,
            None => {
                let end = after.find(',').unwrap_or(after.len());
                let (value, after) = after.split_at(end);
                (value.trim().to_owned(), after)
            }
        };
        parameters.push((name.trim().to_owned(), value));
        let after = after.trim_start();
        rest = match after.strip_prefix(',') {
            Some(more) => more.trim_start(),
            None if after.is_empty() => after,
            None => return None,
        };
    }
    Some(parameters)
}

/// Up to the closing quotation mark; a backslash quotes what follows (RFC 9110 §5.6.4).
fn quoted_string(text: &str) -> Option<(String, &str)> {
    let (mut value, mut letters) = (String::new(), text.char_indices());
    while let Some((place, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, text.get(place + 1..)?)),
            '\\' => value.push(letters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_is_read_and_nothing_else_is_taken_for_it() {
        let wanted = StepUpWanted { acr_values: "holder".to_owned(), max_age: Some(300) };
        for written in [
            r#"Bearer error="insufficient_user_authentication", error_description="a, \"b\"", acr_values="holder", max_age="300""#,
            r#"DPoP ERROR=insufficient_user_authentication,acr_values=holder , max_age=300"#,
        ] {
            assert_eq!(StepUpWanted::read(written).as_ref(), Some(&wanted), "{written}");
        }
        for other in [
            "Bearer",
            r#"Bearer error="invalid_token""#,
            r#"Bearer error_description="error=insufficient_user_authentication""#,
            r#"Bearer error="insufficient_user_authentication"#,
            r#"Bearer error="insufficient_user_authentication" acr_values="holder""#,
        ] {
            assert_eq!(StepUpWanted::read(other), None, "{other}");
        }
    }
}
