//! Which parameters came, each once? (RFC 6749 §3.2, WHATWG URL §5.1, strictly)

use http::header::CONTENT_TYPE;
use http::request::Parts;
use zeroize::Zeroizing;

use super::OAuthError;
use super::fault;
use crate::limits::{MAX_FORM_BYTES, MAX_FORM_PARAMETERS};

/// The parameters of a request (*formulaire*). Some are tokens: nothing of it is ever written anywhere.
pub(crate) struct Form(Vec<(String, Zeroizing<String>)>);

/// RFC 8693 §2.1 lets a client name several; we issue for one, and say so by a name of its own.
const TARGETS: [&str; 2] = ["audience", "resource"];

impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Form(redacted)")
    }
}

/// The head of a request that brings a form, and nothing else.
pub(super) fn check_head(head: &Parts) -> Result<(), OAuthError> {
    if head.uri.query().is_some() {
        return Err(OAuthError::new(&fault::FORM_QUERY));
    }
    let mut values = head.headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(OAuthError::new(&fault::FORM_MEDIA_TYPE));
    };
    let mut parts = value.to_str().unwrap_or_default().split(';').map(str::trim);
    let form =
        parts.next().is_some_and(|media| media.eq_ignore_ascii_case("application/x-www-form-urlencoded"));
    // Forms have no charset parameter; those that libraries add all the same must at least be true.
    let readable = parts.all(|parameter| {
        parameter.split_once('=').is_some_and(|(name, value)| {
            name.eq_ignore_ascii_case("charset") && value.trim_matches('"').eq_ignore_ascii_case("utf-8")
        })
    });
    if form && readable { Ok(()) } else { Err(OAuthError::new(&fault::FORM_MEDIA_TYPE)) }
}

impl Form {
    /// Reads a body; refuses what two parsers could read differently.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, OAuthError> {
        if u64::try_from(body.len()).unwrap_or(u64::MAX) > MAX_FORM_BYTES {
            return Err(OAuthError::new(&fault::FORM_TOO_LARGE));
        }
        let mut parameters: Vec<(String, Zeroizing<String>)> = Vec::new();
        if body.is_empty() {
            return Ok(Self(parameters));
        }
        for pair in body.split(|byte| *byte == b'&') {
            if parameters.len() == MAX_FORM_PARAMETERS {
                return Err(OAuthError::new(&fault::FORM_TOO_LARGE));
            }
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let (Some(name), Some(value)) = (halves.next(), halves.next()) else {
                return Err(malformed("a parameter without ="));
            };
            let (name, value) = (decoded(name)?, decoded(value)?);
            if name.is_empty() {
                return Err(malformed("a parameter without a name"));
            }
            if parameters.iter().any(|(earlier, _)| *earlier == *name) {
                let target = TARGETS.contains(&name.as_str());
                return Err(OAuthError::new(if target {
                    &fault::TARGET_REPEATED
                } else {
                    &fault::PARAMETER_REPEATED
                }));
            }
            parameters.push((name.as_str().to_owned(), value));
        }
        Ok(Self(parameters))
    }

    /// The value of a parameter; one without a value was not sent (RFC 6749 §3.2).
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name)?;
        Some(found.1.as_str()).filter(|value| !value.is_empty())
    }

    /// A parameter that must be there; `missing` names it in a fixed sentence.
    pub(crate) fn required(&self, name: &str, missing: &'static str) -> Result<&str, OAuthError> {
        self.get(name).ok_or_else(|| OAuthError::new(&fault::PARAMETER_MISSING).saying(missing))
    }
}

fn malformed(why: &'static str) -> OAuthError {
    OAuthError::new(&fault::FORM_MALFORMED).saying(why)
}

/// `+` is a space, `%` and two hex digits an octet, the whole is UTF-8 without control characters.
fn decoded(part: &[u8]) -> Result<Zeroizing<String>, OAuthError> {
    let mut octets = Zeroizing::new(Vec::with_capacity(part.len()));
    let mut rest = part.iter();
    while let Some(byte) = rest.next() {
        octets.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
                let (Some(high), Some(low)) = (digit(rest.next()), digit(rest.next())) else {
                    return Err(malformed("a % without two hexadecimal digits"));
                };
                u8::try_from(high * 16 + low).map_err(|_| malformed("not an octet"))?
            }
            byte => *byte,
        });
    }
    let text = std::str::from_utf8(&octets).map_err(|_| malformed("not UTF-8"))?;
    if text.chars().any(char::is_control) {
        return Err(malformed("a control character"));
    }
    Ok(Zeroizing::new(text.to_owned()))
}

#[cfg(test)]
mod tests;
