//! RFC 7662: what is this token worth? RFC 9701: and say it under your signature.
//!
//! | who asks | about |
//! |---|---|
//! | a back-end | tokens of its own audience |
//! | whoever holds the token's key | its own token |
//! | anybody else | what a policy of the place permits (`introspect`); shipped: nothing |
//!
//! Everything else, and every token that is not good, is `{"active": false}`: who asks learns no more (§4).

use http::header::ACCEPT;
use policies::{AccessRequest, Action, Facts};
use serde_json::json;

use super::received::is_alive;
use super::{Answer, Asked, OAuthError};
use crate::app::App;
use crate::audit::{AuditEvent, EventKind, Outcome};
use crate::caller::Caller;
use crate::token::{TokenRefusal, TokenSays};

/// The media type of a signed answer (RFC 9701 §4).
const SIGNED: &str = "application/token-introspection+jwt";

/// Says what the token is worth, to whom it may concern.
pub(super) async fn introspect(
    app: &App,
    asked: &Asked,
    event: &mut AuditEvent,
) -> Result<Answer, OAuthError> {
    // The hint only helps servers that search (RFC 7662 §2.1); ours read the token.
    let token = asked.form().required("token", "token is missing")?;
    event.kind = EventKind::TokenIntrospected;
    let answer = match worth(app, asked.caller(), token, event)? {
        Ok(says) => {
            event.outcome = Outcome::Permit;
            event.code = "token-active".into();
            app.tokens.introspection(&says)?
        }
        Err(code) => {
            event.outcome = Outcome::Refused;
            event.code = code.into();
            json!({ "active": false })
        }
    };
    if wants_signed(asked) {
        let text = app.tokens.sign_introspection(asked.caller().id(), answer, event.at)?;
        return Ok(Answer::Text { media_type: SIGNED, text });
    }
    Ok(Answer::Json(answer))
}

/// What the token says; or why it is worth nothing to this client, which only the event learns.
fn worth(
    app: &App,
    caller: &Caller,
    token: &str,
    event: &mut AuditEvent,
) -> Result<Result<TokenSays, &'static str>, OAuthError> {
    let says = match app.tokens.introspect(token, event.at) {
        Ok(says) => says,
        Err(error) if error.refusal() == TokenRefusal::Unavailable => return Err(error.into()),
        Err(error) => return Ok(Err(error.code())),
    };
    event.session = Some(says.session());
    if !may_ask(app, caller, &says, event) {
        return Ok(Err("introspection-not-yours"));
    }
    Ok(is_alive(app, &says)?.map(|()| says))
}

fn may_ask(app: &App, caller: &Caller, says: &TokenSays, event: &mut AuditEvent) -> bool {
    let own = app.config.back_end_of_client(caller.id()).map(|back_end| back_end.audience.as_str());
    let (audience, confirmation, purpose, acr) = match says {
        TokenSays::Session(claims) => (None, Some(&claims.confirmation), claims.purpose, claims.acr),
        TokenSays::BackEnd(claims, _) => {
            event.service = app.config.back_end_of_audience(&claims.audience).map(|to| to.service.clone());
            (Some(claims.audience.as_str()), claims.confirmation.as_ref(), claims.purpose, claims.acr)
        }
    };
    let is_for = own.is_some() && own == audience;
    let is_held = confirmation.is_some_and(|key| key.is_proven_by(caller.confirmation()));
    if is_for || is_held {
        return true;
    }
    let request = AccessRequest {
        client: caller.facts(),
        action: Action::Introspect,
        purpose,
        acr,
        dependant: false,
        facts: Facts::default(),
    };
    app.policies.decide_recorded(&request, None, event).is_permit()
}

/// Only a client that names the media type is answered in it; RFC 7662 clients ask for JSON or for anything.
fn wants_signed(asked: &Asked) -> bool {
    let accepted = asked.head().headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let named = parts.next().is_some_and(|media| media.eq_ignore_ascii_case(SIGNED));
        // RFC 9110 §12.4.2: a weight of 0 means "not acceptable".
        named
            && !parts
                .any(|part| matches!(part.strip_prefix("q="), Some("0" | "0." | "0.0" | "0.00" | "0.000")))
    })
}
