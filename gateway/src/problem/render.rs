//! How is a problem written? `application/problem+json` in the caller's language.

use std::fmt::Write as _;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::{
    CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_TYPE, HeaderName, RETRY_AFTER, VARY, WWW_AUTHENTICATE,
};
use serde::Serialize;

use super::{Language, Problem, ProblemReason};

/// RFC 9457 §3, with our extension members.
#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    code: &'static str,
    party: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'static str>,
    action_staff: &'static str,
    action_vendor: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<Reason<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
}

#[derive(Serialize)]
struct Reason<'a> {
    code: &'a str,
    text: &'a str,
}

impl Problem {
    /// The JSON document (RFC 9457 §3) in one language.
    #[must_use]
    pub fn document(&self, language: Language, request_id: Option<&str>) -> Vec<u8> {
        let entry = self.code.entry();
        let document = Document {
            r#type: format!("urn:bawaba:problem:{}", entry.code),
            title: entry.title.get(language),
            status: entry.status.as_u16(),
            code: entry.code,
            party: entry.party.as_str(),
            detail: self.detail,
            action_staff: entry.staff.get(language),
            action_vendor: entry.vendor,
            reasons: self
                .reasons
                .iter()
                .map(|reason| Reason { code: &reason.code, text: reason.text(language) })
                .collect(),
            request_id,
        };
        serde_json::to_vec(&document).unwrap_or_default()
    }

    fn response(self, language: Language, request_id: Option<&str>) -> Response {
        let mut response = Response::new(Body::from(self.document(language, request_id)));
        *response.status_mut() = self.code.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(VARY, HeaderValue::from_static("accept-language"));
        if let Some(challenge) = self.challenge().and_then(|text| HeaderValue::from_str(&text).ok()) {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        if let Some(seconds) = self.retry_after() {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl ProblemReason {
    fn text(&self, language: Language) -> &str {
        match language {
            Language::French => &self.fr,
            Language::Arabic => &self.ar,
            Language::English => &self.en,
        }
    }
}

impl IntoResponse for Problem {
    /// In French, without a request id, until [`localise`] writes it anew.
    fn into_response(self) -> Response {
        self.response(Language::default(), None)
    }
}

/// Writes a response that is a [`Problem`] in the caller's language and with the request's id; leaves any other
/// response alone. Headers and extensions that somebody added to the problem stay.
#[must_use]
pub fn localise(mut response: Response, accept_language: Option<&HeaderValue>, request_id: &str) -> Response {
    let Some(problem) = response.extensions_mut().remove::<Problem>() else { return response };
    let mut localised = problem.response(negotiated(accept_language), Some(request_id));
    for (name, value) in response.headers() {
        if !localised.headers().contains_key(name) && name != http::header::CONTENT_LENGTH {
            localised.headers_mut().append(name.clone(), value.clone());
        }
    }
    // What inner layers noted of the answer (that it is on record, its exact code) is still true.
    let problem = localised.extensions_mut().remove::<Problem>();
    std::mem::swap(localised.extensions_mut(), response.extensions_mut());
    if let Some(problem) = problem {
        localised.extensions_mut().insert(problem);
    }
    localised
}

/// The whole problem in a header, for a proxy that keeps only the head of an answer (nginx `auth_request`).
pub const X_BAWABA_PROBLEM: HeaderName = HeaderName::from_static("x-bawaba-problem");

/// The document in ASCII: what JSON writes beyond it is escaped (RFC 8259 §7).
#[must_use]
pub fn in_header(
    problem: &Problem,
    accept_language: Option<&HeaderValue>,
    request_id: &str,
) -> Option<HeaderValue> {
    let document = String::from_utf8(problem.document(negotiated(accept_language), Some(request_id))).ok()?;
    let mut ascii = String::with_capacity(document.len());
    for character in document.chars() {
        if character.is_ascii() {
            ascii.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a String does not fail.
                let _ = write!(ascii, "\\u{unit:04x}");
            }
        }
    }
    HeaderValue::try_from(ascii).ok()
}

fn negotiated(accept_language: Option<&HeaderValue>) -> Language {
    accept_language.and_then(|value| value.to_str().ok()).map_or_else(Language::default, Language::negotiate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::ProblemCode;

    #[test]
    fn a_refused_token_is_challenged_as_rfc_6750_asks() {
        let response = Problem::new(ProblemCode::TokenInvalid).into_response();
        assert_eq!(response.status(), 401);
        assert_eq!(response.headers()[WWW_AUTHENTICATE], "Bearer error=\"invalid_token\"");
        assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
    }

    #[test]
    fn who_lacks_the_holder_is_told_what_to_bring_as_rfc_9470_asks() {
        let asked = |age| {
            let problem = Problem::new(ProblemCode::HolderRequired).with_max_age(age);
            problem.into_response().headers()[WWW_AUTHENTICATE].to_str().unwrap().to_owned()
        };
        let plain = asked(None);
        assert!(plain.starts_with("Bearer error=\"insufficient_user_authentication\", "), "{plain}");
        assert!(plain.ends_with(", acr_values=\"holder\""), "{plain}");
        let recent = asked(Some(std::time::Duration::from_secs(300)));
        assert_eq!(recent, format!("{plain}, max_age=\"300\""));
    }

    #[tokio::test]
    async fn the_layer_writes_the_callers_language_and_the_request_id() {
        let reason =
            ProblemReason { code: "r1".into(), fr: "non".into(), ar: "لا".into(), en: "no".into() };
        let mut refused = Problem::new(ProblemCode::Denied).with_reasons([reason]).into_response();
        refused.headers_mut().insert("allow", HeaderValue::from_static("GET"));
        refused.extensions_mut().insert("a note of an inner layer");
        let response = localise(refused, Some(&HeaderValue::from_static("ar")), "r-1");
        assert_eq!(response.headers()["allow"], "GET");
        assert!(
            response.extensions().get::<&str>().is_some() && response.extensions().get::<Problem>().is_some()
        );
        assert_eq!(response.headers()[CONTENT_LANGUAGE], "ar");
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        let document: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(document["code"], "denied");
        assert_eq!(document["type"], "urn:bawaba:problem:denied");
        assert_eq!(document["reasons"][0]["text"], "لا");
        assert_eq!(document["request_id"], "r-1");
        assert_eq!(document["title"], ProblemCode::Denied.title(Language::Arabic));
    }

    #[test]
    fn a_header_says_the_same_as_the_body() {
        let problem = Problem::new(ProblemCode::Denied);
        let arabic = HeaderValue::from_static("ar");
        let header = in_header(&problem, Some(&arabic), "r-1").unwrap();
        let body = problem.document(Language::Arabic, Some("r-1"));
        let read = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).unwrap();
        assert_eq!(read(header.as_bytes()), read(&body));
    }

    #[test]
    fn retry_after_is_rounded_up() {
        let problem =
            Problem::new(ProblemCode::RateLimited).with_retry_after(std::time::Duration::from_millis(1200));
        assert_eq!(problem.into_response().headers()[RETRY_AFTER], "2");
    }
}
