//! Who asks? Every endpoint begins with a form and a proven client (RFC 6749 §2.3, RFC 8705 §2).

use axum::extract::Request;
use http::header::AUTHORIZATION;
use http::request::Parts;

use super::form::{Form, check_head};
use super::{OAuthError, Proven};
use super::{assertion, fault};
use crate::app::App;
use crate::audit::AuditEvent;
use crate::caller::Caller;
use crate::edge::read_body;
use crate::limits::MAX_FORM_BYTES;

/// A form of a client that proved who it is (*demande*). Only [`asked`] makes one.
#[derive(Debug)]
pub(crate) struct Asked {
    caller: Caller,
    head: Parts,
    form: Form,
}

impl Asked {
    /// Who asks; new tokens are bound to the key that it proved.
    pub(crate) fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The request's head.
    pub(crate) fn head(&self) -> &Parts {
        &self.head
    }

    /// What is asked.
    pub(crate) fn form(&self) -> &Form {
        &self.form
    }
}

/// Reads the form and proves its client. `proven` is the client of the connection, where it has a certificate.
pub(super) async fn asked(
    app: &App,
    proven: Proven,
    request: Request,
    event: &mut AuditEvent,
) -> Result<Asked, OAuthError> {
    if let Some(caller) = &proven {
        event.client = Some(caller.client().id.clone());
    }
    let (head, body) = request.into_parts();
    check_head(&head)?;
    // A proof stands in the head: nobody's body is read whose head is wrong.
    let key = match &proven {
        Some(_) => None,
        None => assertion::proven_key(app, &head, event).await?,
    };
    let body = read_body(&head.headers, body, MAX_FORM_BYTES).await?;
    let form = Form::parse(&body)?;
    let caller = match proven {
        Some(axum::Extension(caller)) => by_certificate(caller, &head, &form)?,
        None => assertion::by_assertion(app, &head, &form, key, event).await?,
    };
    event.client = Some(caller.client().id.clone());
    Ok(Asked { caller, head, form })
}

/// RFC 8705 §2: the connection has authenticated the client; the form may only say the same.
fn by_certificate(caller: Caller, head: &Parts, form: &Form) -> Result<Caller, OAuthError> {
    let second = ["client_secret", "client_assertion", "client_assertion_type"];
    if second.iter().any(|name| form.get(name).is_some()) || head.headers.contains_key(AUTHORIZATION) {
        return Err(OAuthError::new(&fault::CLIENT_TWICE));
    }
    match form.get("client_id") {
        Some(id) if *id != **caller.id() => Err(OAuthError::new(&fault::CLIENT_ID)),
        _ => Ok(caller),
    }
}
