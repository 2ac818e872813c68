//! How do clients exchange, ask about and take back their tokens? (RFC 6749 and what builds on it)
//!
//! Three endpoints, one shape: a form comes in, its client is proven, the endpoint decides, the event is durable,
//! one JSON object goes out that nobody stores.
//!
//! | module | the question it answers |
//! |---|---|
//! | `form` | which parameters came, each once? |
//! | `client` | who asks? By certificate (RFC 8705), or by what a client without one can prove |
//! | `assertion` | who asks without a certificate? RFC 7523, RFC 9449 |
//! | `token` | which grant is asked for? |
//! | `client_token` | RFC 6749 §4.4: with what does a client without a certificate open presences? |
//! | `exchange` | RFC 8693: for which audience does a session, or a received token, become another? |
//! | `actor` | which practitioner acts? |
//! | `introspect` | RFC 7662: what is a token worth, and who may know? |
//! | `received` | has what stands behind a received token been withdrawn? |
//! | `metadata` | RFC 8414, RFC 9728: what can be asked here, and where? |
//! | `revoke` | RFC 7009: whose token may a client take back, and what ends with it? |
//! | `fault` | which refusals are there? One table |
//! | `error` | how is a refusal told (RFC 6749 §5.2) and recorded? |

mod actor;
mod assertion;
mod client;
mod client_token;
mod error;
mod exchange;
mod fault;
mod form;
mod introspect;
mod metadata;
mod received;
mod revoke;
mod token;

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, PRAGMA};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use crate::app::App;
use crate::audit::{AuditEvent, EventKind, Outcome};
use crate::caller::Caller;
use crate::problem::{Problem, ProblemCode};
use crate::refusal::{on_record, unrecorded};
use crate::telemetry::RequestContext;

pub(crate) use client::Asked;
pub(crate) use error::OAuthError;
pub use fault::Fault;
pub(crate) use form::Form;
pub(crate) use metadata::{Port, authorization_server, challenged, protected_resource};
pub use received::Received;

/// Who is on the connection, where a certificate or an earlier layer already proved it.
pub(crate) type Proven = Option<Extension<Caller>>;

/// `POST /oauth/token`.
pub(crate) async fn token(
    State(app): State<Arc<App>>,
    proven: Proven,
    Extension(context): Extension<RequestContext>,
    request: Request,
) -> Response {
    let mut event = event(&app, EventKind::TokenRefused, &context);
    let answer = match client::asked(&app, proven, request, &mut event).await {
        Ok(asked) => token::grant(&app, &asked, &mut event).await,
        Err(error) => Err(error),
    };
    told(&app, "token", answer, event).await
}

/// `POST /oauth/introspect` (RFC 7662).
pub(crate) async fn introspect(
    State(app): State<Arc<App>>,
    proven: Proven,
    Extension(context): Extension<RequestContext>,
    request: Request,
) -> Response {
    let mut event = event(&app, EventKind::TokenRefused, &context);
    let answer = match client::asked(&app, proven, request, &mut event).await {
        Ok(asked) => introspect::introspect(&app, &asked, &mut event).await,
        Err(error) => Err(error),
    };
    told(&app, "introspect", answer, event).await
}

/// `POST /oauth/revoke` (RFC 7009).
pub(crate) async fn revoke(
    State(app): State<Arc<App>>,
    proven: Proven,
    Extension(context): Extension<RequestContext>,
    request: Request,
) -> Response {
    // In a task of its own: a client that hangs up half-way leaves nothing withdrawn that is not on record.
    let done = tokio::spawn(async move {
        let mut event = event(&app, EventKind::TokenRefused, &context);
        let answer = match client::asked(&app, proven, request, &mut event).await {
            Ok(asked) => revoke::revoke(&app, &asked, &mut event).await,
            Err(error) => Err(error),
        };
        told(&app, "revoke", answer, event).await
    });
    done.await.unwrap_or_else(|_| Problem::new(ProblemCode::Internal).into_response())
}

/// A good answer, not yet on record.
pub(crate) enum Answer {
    /// 200 and one JSON object.
    Json(serde_json::Value),
    /// 200 and a text of another media type.
    Text {
        /// Which.
        media_type: &'static str,
        /// The text.
        text: String,
    },
    /// 200 and nothing (RFC 7009 §2.2).
    Empty,
}

impl Answer {
    fn of(value: &impl Serialize) -> Result<Self, OAuthError> {
        serde_json::to_value(value).map(Self::Json).map_err(|_| OAuthError::new(&fault::INTERNAL))
    }

    fn response(self) -> Response {
        let mut response = match self {
            Self::Json(value) => typed("application/json", value.to_string()),
            Self::Text { media_type, text } => typed(media_type, text),
            Self::Empty => StatusCode::OK.into_response(),
        };
        never_stored(&mut response);
        response
    }
}

fn typed(media_type: &'static str, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

/// The answer, once its event is durable. No log, no answer.
async fn told(
    app: &App,
    endpoint: &'static str,
    answer: Result<Answer, OAuthError>,
    event: AuditEvent,
) -> Response {
    match answer {
        Ok(answer) => match app.audit.record(event).await {
            Ok(_recorded) => {
                app.metrics.oauth(endpoint, "ok");
                on_record(answer.response())
            }
            Err(error) => {
                app.metrics.oauth(endpoint, "audit-unavailable");
                unrecorded(error)
            }
        },
        Err(error) => {
            app.metrics.oauth(endpoint, error.code());
            if event.client.is_none() {
                return error.unrecorded();
            }
            error.record(&app.audit, event).await
        }
    }
}

/// RFC 6749 §5.1: what is said here, good or bad, is for this client and this moment.
fn never_stored(response: &mut Response) {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(PRAGMA, HeaderValue::from_static("no-cache"));
}

/// What every event of these endpoints has; the flow fills in the rest as it learns it.
fn event(app: &App, kind: EventKind, context: &RequestContext) -> AuditEvent {
    let mut event = AuditEvent::new(kind, Outcome::Refused, "", app.clock.now());
    event.request_id = Some(context.id().to_owned());
    event
}
