//! Which counter proves its key through the proxy? (RFC 9449)

use time::OffsetDateTime;

use super::{Asked, Unidentified};
use crate::app::App;
use crate::caller::Caller;
use crate::dpop::{ProvenRequest, RequestUrls};
use crate::problem::ProblemCode;
use crate::refusal::Refusal;
use crate::router::nonce_header;
use crate::session::access_token;
use crate::token::Scheme;

/// The proof is for the URL at which the proxy was asked, which the operator names: whoever held the proof at another
/// place could not use it here, nor the other way round.
pub(super) async fn counter(
    app: &App,
    asked: &Asked<'_>,
    at: OffsetDateTime,
) -> Result<Caller, Unidentified> {
    let headers = &asked.parts.headers;
    let token = access_token(headers, Scheme::Dpop)?;
    let Some(public) = &asked.back_end.public_url else {
        let refusal = Refusal::new(ProblemCode::Unauthenticated);
        return Err(refusal
            .detail("this service's proxy takes certificates only: no public_url is configured")
            .into());
    };
    let origin = public.origin().ascii_serialization();
    let urls = RequestUrls::new([origin.as_str()], asked.question.target.path());
    let request = ProvenRequest { method: &asked.question.method, urls: &urls, token: Some(token) };
    match app.proofs.prove(headers, &request, at, |key| app.registry.client_by_key(key)).await {
        Ok(key) => Ok(Caller::by_key(key)?),
        Err(unproven) if unproven.wants_nonce() => {
            let nonce = nonce_header(app, at).await.map_err(Refusal::from)?;
            Err(Unidentified { refusal: unproven.into(), nonce: Some(nonce) })
        }
        Err(unproven) => Err(Refusal::from(unproven).into()),
    }
}
