//! How is the body of a request to be treated, and is it what it says?

use policies::Interaction;

use super::{FhirError, Shape};

/// How the body is to be treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyKind {
    /// Read whole: a Bundle of requests.
    Bundle,
    /// Read whole: search parameters.
    Form,
    /// There must be none.
    None,
    /// Read whole: what an operation is asked.
    Parameters,
    /// Read whole: a JSON Patch (RFC 6902).
    Patch,
    /// Read whole: one resource.
    Resource,
    /// Passed on as it comes: a Binary that is not FHIR JSON.
    Stream,
}

impl BodyKind {
    /// Whether it is read whole before anything is decided.
    #[must_use]
    pub fn is_judged(self) -> bool {
        !matches!(self, Self::None | Self::Stream)
    }
}

/// What the body of a request of that shape is, and that its media type says the same.
pub(super) fn of(shape: &Shape<'_>, content_type: Option<&str>) -> Result<BodyKind, FhirError> {
    let kind = match shape {
        Shape::Base => BodyKind::Bundle,
        Shape::Search { form: true, .. } | Shape::Compartment { form: true, .. } => BodyKind::Form,
        Shape::Operation { post: true, .. } => BodyKind::Parameters,
        Shape::Instance { patch: true, .. } | Shape::Conditional { patch: true, .. } => BodyKind::Patch,
        Shape::Create { of } | Shape::Instance { of, interaction: Interaction::Update, .. }
            if of.name == "Binary" && !content_type.is_some_and(is_json) =>
        {
            BodyKind::Stream
        }
        Shape::Create { .. }
        | Shape::Instance { interaction: Interaction::Update, .. }
        | Shape::Conditional { interaction: Interaction::Update, .. } => BodyKind::Resource,
        _ => BodyKind::None,
    };
    let fits = match kind {
        BodyKind::Bundle | BodyKind::Resource | BodyKind::Parameters => content_type.is_some_and(is_json),
        BodyKind::Form => content_type.is_some_and(|it| is_utf8(it, &["application/x-www-form-urlencoded"])),
        BodyKind::Patch => content_type.is_some_and(|it| is_utf8(it, &["application/json-patch+json"])),
        BodyKind::None => true,
        // ATTACK: bytes that some server reads as FHIR all the same, named in a way that we do not.
        BodyKind::Stream => !content_type.is_some_and(looks_like_fhir),
    };
    if fits { Ok(kind) } else { Err(FhirError::MediaType) }
}

fn is_json(content_type: &str) -> bool {
    is_utf8(content_type, &["application/fhir+json", "application/json"])
}

/// One of these media types, in UTF-8.
///
/// ATTACK: `charset=utf-7` or an EBCDIC one: the same bytes are another text to a server that honours it.
fn is_utf8(content_type: &str, media_types: &[&str]) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    media_types.iter().any(|known| essence.eq_ignore_ascii_case(known))
        && parts.filter_map(|part| part.split_once('=')).all(|(name, value)| {
            !name.trim().eq_ignore_ascii_case("charset")
                || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        })
}

fn looks_like_fhir(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence.contains("json")
        || essence.contains("xml")
        || essence.contains("turtle")
        || essence.contains("form")
}
