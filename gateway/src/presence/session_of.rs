//! What does a session say, to its token and to the counter?

use std::collections::BTreeMap;

use axum::response::Response;
use card_reader::PresenceProof;
use http::StatusCode;
use policies::{Acr, Permit, RiskFacts};
use time::OffsetDateTime;
use uuid::Uuid;

use super::json;
use crate::app::App;
use crate::audit::Recorded;
use crate::caller::Caller;
use crate::notice;
use crate::problem::{Problem, ProblemCode, ProblemReason};
use crate::refusal::{Refusal, on_record};
use crate::registry::{Dependant, Patient};
use crate::token::{PresenceClaims, ReceiptClaims, SessionClaims, TokenError};
use crate::wire::{CoverageAnswer, DependantAnswer, NoticeAnswer, OpenedSessionAnswer, Proof, SessionAnswer};

/// For whom a session is opened.
pub(super) struct Person {
    /// The patient of the session.
    pub(super) patient: Patient,
    /// The holder of the card, where the patient is a dependant.
    pub(super) guardian: Option<String>,
    /// Whom the holder may represent.
    pub(super) dependants: Vec<Dependant>,
    /// The keyed name of the card that was there.
    pub(super) card: String,
}

/// A session whose token is signed and whose event is not yet on record.
pub(super) struct Opened {
    pub(super) claims: SessionClaims,
    pub(super) token: String,
    pub(super) person: Person,
    pub(super) told: Told,
}

/// What the counter and the patient are told besides.
pub(super) struct Told {
    notices: Vec<NoticeAnswer>,
    advice: Vec<ProblemReason>,
}

impl Told {
    pub(super) async fn of(
        app: &App,
        permit: &Permit,
        subject: &str,
        at: OffsetDateTime,
    ) -> Result<Self, Refusal> {
        let notices = notice::untold(app, subject, at).await?;
        let advice = permit.decision().advice().map(ProblemReason::from).collect();
        Ok(Self { notices, advice })
    }
}

/// The claims of design.md section 5.
#[allow(clippy::too_many_arguments, reason = "each is one source of claims, and there is one caller")]
pub(super) fn claims(
    app: &App,
    caller: &Caller,
    presence: Uuid,
    station: &str,
    proof: &PresenceProof,
    person: &Person,
    asked: &Proof,
    permit: &Permit,
    at: OffsetDateTime,
) -> SessionClaims {
    let client = caller.client();
    // A token counts whole seconds (RFC 7519, NumericDate); what we say elsewhere is the same moment.
    let issued_at = at.replace_nanosecond(0).unwrap_or(at);
    let id = Uuid::new_v4();
    SessionClaims {
        id,
        token: id,
        subject: person.patient.subject.clone(),
        client_id: client.id.clone(),
        establishment: client.id.clone(),
        confirmation: caller.confirmation().clone(),
        scope: client.scopes.join(" "),
        acr: Acr::Card,
        amr: vec!["hwk".to_owned()],
        authenticated_at: proof.proven_at(),
        issued_at,
        expires_at: issued_at + app.config.limits.session,
        actor: person.guardian.clone(),
        presence: PresenceClaims {
            id: presence,
            method: proof.method().as_str().to_owned(),
            proven_at: proof.proven_at(),
            station: station.to_owned(),
            card: Some(person.card.clone()),
        },
        purpose: asked.purpose,
        encounter: asked.encounter.clone(),
        policy: permit.decision().policy_hash().to_owned(),
        status: None,
        risk: RiskFacts::default(),
    }
}

/// The answer, from the proof that the session is on record; the receipt carries its place in the log.
pub(super) fn answer(app: &App, opened: Opened, recorded: &Recorded) -> Response {
    let Opened { claims, token, person, told } = opened;
    let receipt = ReceiptClaims {
        presence: claims.presence.id,
        establishment: claims.establishment.clone(),
        time: recorded.at(),
        operation: "open-session".to_owned(),
        log_index: recorded.index(),
    };
    let signed = app.tokens.issue_receipt(&receipt).and_then(|receipt| {
        let dependants = person.dependants.iter().map(|dependant| DependantAnswer {
            subject: dependant.patient.subject.clone(),
            relationship: dependant.relationship.as_str(),
        });
        let session = session(app, &claims, &person.patient, dependants.collect(), recorded.at())?;
        Ok((session, receipt))
    });
    match signed {
        Ok((session, receipt)) => {
            let expires_in = app.config.limits.session.as_secs();
            let answer = OpenedSessionAnswer {
                session,
                token,
                token_type: claims.confirmation.scheme().as_str(),
                expires_in,
                receipt,
                notices: told.notices,
                advice: told.advice,
            };
            on_record(json(StatusCode::CREATED, &answer))
        }
        Err(error) => {
            tracing::error!(%error, code = error.code(), "session opened but not handed out");
            use axum::response::IntoResponse;
            Problem::new(ProblemCode::SignerUnavailable).into_response()
        }
    }
}

/// What a counter may see of a session.
pub(crate) fn session(
    app: &App,
    claims: &SessionClaims,
    patient: &Patient,
    dependants: Vec<DependantAnswer>,
    at: OffsetDateTime,
) -> Result<SessionAnswer, TokenError> {
    Ok(SessionAnswer {
        id: claims.id,
        subject: claims.subject.clone(),
        acr: claims.acr.as_str(),
        purpose: claims.purpose.as_str(),
        expires_at: claims.expires_at,
        coverage: (claims.acr >= Acr::Card).then(|| CoverageAnswer {
            scheme: patient.coverage.scheme.as_str(),
            open: patient.coverage.is_open(at),
        }),
        dependants,
        patient_at: app
            .config
            .back_ends
            .values()
            .map(|back_end| Ok((back_end.service.clone(), app.pseudonym_at(back_end, patient)?)))
            .collect::<Result<BTreeMap<_, _>, TokenError>>()?,
    })
}
