//! What a back-end gets: its own audience, less scope, less time.

use std::sync::Arc;

use time::Duration;

use super::{AT, claims, part, permit, session_of, tokens};
use crate::session::Session;
use crate::token::{BackEndGrant, SessionClaims, Tokens};

const GRANT: BackEndGrant<'_> = BackEndGrant {
    audience: "https://prescription.example",
    subject: "patient-there",
    scope: "prescription",
    consent: None,
};

fn issue(tokens: &Tokens, session: &Session, seconds: i64) -> Arc<str> {
    tokens.issue_back_end(session, &permit(), &GRANT, AT + Duration::seconds(seconds)).unwrap()
}

#[test]
fn it_names_the_back_end_the_patient_there_and_who_acts() {
    let tokens = tokens();
    let token = issue(&tokens, &session_of(&tokens, &claims()), 0);
    let payload = part(&token, 1);
    assert_eq!(payload["aud"], GRANT.audience);
    assert_eq!(payload["sub"], GRANT.subject);
    assert_eq!(payload["scope"], "prescription");
    assert_eq!(payload["client_id"], "pharmacy-1");
    assert_eq!(payload["act"]["sub"], "pharmacy-1");
    assert_eq!(payload["sid"], claims().id.to_string());
    assert_eq!(payload["purpose"], "TREAT");
    assert_eq!(payload["acr"], "card");
    assert_ne!(payload["jti"], payload["sid"]);
    assert!(payload.get("cnf").is_none());
    assert_eq!(part(&token, 0)["typ"], "at+jwt");
    assert!(
        !payload.to_string().contains(super::SUBJECT),
        "the gateway's own pseudonym stays with the gateway"
    );
}

#[test]
fn no_back_end_learns_the_guardian_s_name_at_the_gateway() {
    let tokens = tokens();
    let claims = SessionClaims { actor: Some("guardian-here".to_owned()), ..claims() };
    let payload = part(&issue(&tokens, &session_of(&tokens, &claims), 0), 1);
    assert_eq!(payload["act"]["sub"], "pharmacy-1");
    assert!(!payload.to_string().contains("guardian"));
}

#[test]
fn it_lives_five_minutes_and_never_beyond_the_session() {
    let tokens = tokens();
    let session = session_of(&tokens, &claims());
    let lives = |at: i64| {
        let payload = part(&issue(&tokens, &session, at), 1);
        (
            payload["iat"].as_i64().unwrap() - AT.unix_timestamp(),
            payload["exp"].as_i64().unwrap() - AT.unix_timestamp(),
        )
    };
    assert_eq!(lives(0), (0, 300));
    assert_eq!(lives(240), (0, 300), "the same token while it is fresh");
    assert_eq!(lives(241), (241, 541), "a new one before the old one is stale");
    assert_eq!(lives(700), (700, 900), "the session's end");
    assert_eq!(lives(899), (700, 900), "nothing fresher to be had");
    let over = tokens.issue_back_end(&session, &permit(), &GRANT, AT + Duration::minutes(15)).unwrap_err();
    assert_eq!(over.code(), "token-expired");
}

#[test]
fn one_token_a_session_an_audience_a_patient_and_a_scope() {
    let tokens = tokens();
    let one = session_of(&tokens, &claims());
    let other = session_of(&tokens, &SessionClaims { id: uuid::Uuid::from_u128(9), ..claims() });
    let issue = |session, grant| tokens.issue_back_end(session, &permit(), &grant, AT).unwrap();
    let first = issue(&one, GRANT);
    assert_eq!(first, issue(&one, GRANT));
    for (session, grant) in [
        (&other, GRANT),
        (&one, BackEndGrant { audience: "https://billing.example", ..GRANT }),
        (&one, BackEndGrant { subject: "child-there", ..GRANT }),
        (&one, BackEndGrant { scope: "billing", ..GRANT }),
    ] {
        assert_ne!(first, issue(session, grant));
    }
}

#[test]
fn it_cannot_do_more_than_the_session() {
    let tokens = tokens();
    let session = session_of(&tokens, &claims());
    for scope in
        ["dossier", "prescription dossier", "", "prescription ", "Prescription", "prescription billing *"]
    {
        let grant = BackEndGrant { scope, ..GRANT };
        assert_eq!(
            tokens.issue_back_end(&session, &permit(), &grant, AT).unwrap_err().code(),
            "token-scope",
            "{scope:?}"
        );
    }
}
