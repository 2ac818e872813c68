//! Does the target name one resource, whoever reads it?
//!
//! Decided on the raw bytes: whatever a second server could decode, normalise or cut differently is refused, so that
//! the path we decide on is the path the back-end acts on.

use http::Uri;

use super::malformed;
use crate::limits::MAX_TARGET_BYTES;
use crate::problem::{Problem, ProblemCode};

pub(super) fn check(uri: &Uri) -> Result<(), Problem> {
    let path = uri.path();
    let query = uri.query();
    if path.len() + query.map_or(0, str::len) > MAX_TARGET_BYTES {
        return Err(ProblemCode::TargetTooLong.into());
    }
    if !path.starts_with('/') {
        return Err(malformed("the request target must be in origin form"));
    }
    check_path(path)?;
    query.map_or(Ok(()), check_query)
}

fn check_path(path: &str) -> Result<(), Problem> {
    let mut rest = path.as_bytes();
    while let [byte, tail @ ..] = rest {
        rest = tail;
        match byte {
            b'/' if rest.first() == Some(&b'/') => return Err(malformed("empty path segment")),
            b'%' => rest = check_escape(rest)?,
            // RFC 3986 §3.3 pchar, without `;`: servers differ on whether parameters belong to the segment.
            b'/' | b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+'
            | b',' | b'=' | b':' | b'@' => {}
            _ if byte.is_ascii_alphanumeric() => {}
            _ => return Err(malformed("character not allowed in a path")),
        }
    }
    if path.split('/').any(|segment| segment == "." || segment == "..") {
        return Err(malformed("dot segment in the path"));
    }
    Ok(())
}

/// What follows `%` in a path. An escape that hides a delimiter, a dot, another escape, a control byte or a byte
/// beyond ASCII is refused; FHIR ids and operations need none of them.
fn check_escape(rest: &[u8]) -> Result<&[u8], Problem> {
    let [high, low, tail @ ..] = rest else { return Err(malformed("incomplete percent-escape")) };
    let byte = match (hex(*high), hex(*low)) {
        (Some(high), Some(low)) => high << 4 | low,
        _ => return Err(malformed("incomplete percent-escape")),
    };
    match byte {
        b'.' | b'/' | b'\\' | b'%' | b';' | b'#' | b'?' | 0x7f.. | ..=0x1f => {
            Err(malformed("percent-escape not allowed in a path"))
        }
        _ => Ok(tail),
    }
}

/// A query keeps the freedom of RFC 3986 §3.4 and of FHIR search (`|`), but no control byte, raw or escaped NUL.
fn check_query(query: &str) -> Result<(), Problem> {
    let mut rest = query.as_bytes();
    while let [byte, tail @ ..] = rest {
        rest = tail;
        match byte {
            ..=0x20 | 0x7f.. | b'#' | b'\\' => return Err(malformed("character not allowed in a query")),
            b'%' => match rest {
                [high, low, tail @ ..] => match (hex(*high), hex(*low)) {
                    (Some(0), Some(_)) | (Some(1), Some(_)) => {
                        return Err(malformed("control character in a query"));
                    }
                    (Some(_), Some(_)) => rest = tail,
                    _ => return Err(malformed("incomplete percent-escape")),
                },
                _ => return Err(malformed("incomplete percent-escape")),
            },
            _ => {}
        }
    }
    Ok(())
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_targets_that_everyone_reads_alike_pass() {
        for target in [
            "/",
            "/dossier/Patient/abc-1.2_3",
            "/prescription/MedicationRequest?patient=x&status=active%7Cdraft&code=a|b",
            "/dossier/Patient/$everything",
            "/dossier/Patient/x/_history/2",
            "/billing/Claim?name=%D9%85",
            "/a/...",
            "/a/.well-known",
            "/a%20b",
        ] {
            assert!(check(&target.parse().unwrap()).is_ok(), "{target}");
        }
        for target in [
            "/pub/../admin",
            "/pub/./admin",
            "/..",
            "/pub/%2e%2e/admin",
            "/pub/.%2E/admin",
            "/pub/..%2fadmin",
            "/pub%2Fadmin",
            "/pub%5cadmin",
            "/pub%00",
            "/pub%0d%0aX:y",
            "/pub%252e",
            "/pub//admin",
            "//admin",
            "/pub;jsessionid=1/admin",
            "/pub%3bx",
            "/pub/%",
            "/pub/%4",
            "/pub/%zz",
            "/caf%C3%A9",
            "/pub%7f",
            "/pub?x=%00",
            "/pub?x=%0a",
            "/pub?x=%",
            "*",
        ] {
            let Ok(uri) = target.parse::<Uri>() else { continue };
            assert!(check(&uri).is_err(), "{target}");
        }
    }

    #[test]
    fn a_long_target_has_its_own_code() {
        let uri: Uri = format!("/{}", "a".repeat(MAX_TARGET_BYTES)).parse().unwrap();
        assert_eq!(check(&uri).unwrap_err().code(), ProblemCode::TargetTooLong);
    }
}
