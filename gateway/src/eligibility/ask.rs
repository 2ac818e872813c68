//! How is CNSS asked, and what if it does not answer?

use axum::body::Body;
use axum::extract::Request;
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderValue, Method, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use serde::Serialize;
use time::OffsetDateTime;
use tokio::time::timeout;

use super::cover::{BadAnswer, Cover};
use super::question::{Asked, Coded};
use super::shapes::written;
use crate::app::App;
use crate::limits::{ELIGIBILITY_ANSWER_BYTES_MAX, ELIGIBILITY_TIMEOUT};
use crate::proxy::ProxyError;

/// FHIR R4 operation `$submit` of CoverageEligibilityRequest: the answer comes at once.
const SUBMIT: &str = "/CoverageEligibilityRequest/$submit";

/// Why there is no answer that could be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoAnswer {
    /// CNSS is away: the registry's word is better than none.
    Away(&'static str),
    /// CNSS, or who passes for it, said what cannot be true: nothing is told in its place.
    Bad(&'static str),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestShape<'a> {
    resource_type: &'static str,
    status: &'static str,
    purpose: &'a [&'static str],
    patient: Reference,
    serviced_date: String,
    created: String,
    provider: Provider<'a>,
    insurer: Insurer,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    item: Vec<Item<'a>>,
}

#[derive(Serialize)]
struct Reference {
    reference: String,
}

#[derive(Serialize)]
struct Provider<'a> {
    identifier: Identifier<'a>,
}

#[derive(Serialize)]
struct Identifier<'a> {
    system: &'static str,
    value: &'a str,
}

#[derive(Serialize)]
struct Insurer {
    display: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item<'a> {
    product_or_service: Concept<'a>,
}

#[derive(Serialize)]
struct Concept<'a> {
    coding: [&'a Coded; 1],
}

/// About whom, where, with which token.
pub(super) struct Asking<'a> {
    pub(super) service: &'a str,
    pub(super) there: &'a str,
    pub(super) establishment: &'a str,
    pub(super) token: &'a str,
    /// The request, by whose name the back-end knows it too.
    pub(super) context: http::Extensions,
}

/// What CNSS says, within the time that a patient waits.
pub(super) async fn ask(
    app: &App,
    asked: &Asked,
    asking: &Asking<'_>,
    at: OffsetDateTime,
) -> Result<Cover, NoAnswer> {
    let answer = timeout(ELIGIBILITY_TIMEOUT, answer(app, asked, asking, at)).await;
    let body = answer.map_err(|_| NoAnswer::Away("back-end-timeout"))??;
    Cover::read(&body, asked, asking.there, at).map_err(|error: BadAnswer| NoAnswer::Bad(error.code()))
}

async fn answer(
    app: &App,
    asked: &Asked,
    asking: &Asking<'_>,
    at: OffsetDateTime,
) -> Result<Bytes, NoAnswer> {
    let forward = async || {
        let request = request(asked, asking, at).ok_or(ProxyError::Request)?;
        app.proxy.forward(asking.service, request, asking.token).await
    };
    let answer = match forward().await {
        // A question changes nothing: where a pooled connection was closed meanwhile it is asked once more.
        Err(ProxyError::Unreachable) => forward().await,
        answer => answer,
    };
    let answer = answer.map_err(|error| match error {
        ProxyError::Invalid => NoAnswer::Bad("eligibility-malformed"),
        // It is there, and does not believe the gateway: that is for people to mend, and no reason to answer in its place.
        ProxyError::TokenRefused => NoAnswer::Bad("back-end-refused"),
        _ => NoAnswer::Away(error.code().code()),
    })?;
    match answer.status() {
        StatusCode::OK | StatusCode::CREATED => {}
        status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
            return Err(NoAnswer::Away("eligibility-back-end-failed"));
        }
        _ => return Err(NoAnswer::Bad("eligibility-refused")),
    }
    let bounded = Limited::new(answer.into_body(), ELIGIBILITY_ANSWER_BYTES_MAX);
    match bounded.collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            Err(NoAnswer::Bad("eligibility-too-large"))
        }
        Err(_) => Err(NoAnswer::Away("eligibility-broken-off")),
    }
}

fn request(asked: &Asked, asking: &Asking<'_>, at: OffsetDateTime) -> Option<Request> {
    let items = asked.items.iter().map(|of| Item { product_or_service: Concept { coding: [of] } });
    let shape = RequestShape {
        resource_type: "CoverageEligibilityRequest",
        status: "active",
        purpose: &asked.purposes,
        patient: Reference { reference: format!("Patient/{}", asking.there) },
        serviced_date: written(asked.serviced),
        created: at.format(&time::format_description::well_known::Rfc3339).ok()?,
        provider: Provider {
            identifier: Identifier {
                system: "https://bawaba.example/fhir/sid/establishment",
                value: asking.establishment,
            },
        },
        insurer: Insurer { display: "CNSS" },
        item: items.collect(),
    };
    let body = serde_json::to_vec(&shape).ok()?;
    let fhir = HeaderValue::from_static("application/fhir+json");
    let request = Request::builder().method(Method::POST).uri(SUBMIT);
    let request = request.header(CONTENT_TYPE, &fhir).header(ACCEPT, &fhir).body(Body::from(body));
    let mut request = request.ok()?;
    request.extensions_mut().extend(asking.context.clone());
    Some(request)
}
