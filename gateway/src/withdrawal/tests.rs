use std::sync::Arc;

use hsm_config::SoftwareKeys;
use policies::{Acr, Purpose};
use time::macros::datetime;
use time::{Duration as Span, OffsetDateTime};
use uuid::Uuid;

use super::*;
use crate::store::StorePlace;
use crate::token::{Confirmation, PresenceClaims, StatusReference};

const AT: OffsetDateTime = datetime!(2026-11-22 09:00:00 UTC);
const ISSUER: &str = "https://gateway.example";

struct Country {
    folder: tempfile::TempDir,
    keys: Arc<SoftwareKeys>,
}

/// One node of it.
struct Node {
    tokens: Arc<Tokens>,
    withdrawals: Withdrawals,
}

impl Country {
    fn new() -> Self {
        let keys = SoftwareKeys::generate(AT - Span::days(1)).unwrap();
        Self { folder: tempfile::tempdir().unwrap(), keys: Arc::new(keys) }
    }

    async fn store(&self) -> Store {
        Store::open(&StorePlace::Sqlite(self.folder.path().join("bawaba.db"))).await.unwrap()
    }

    async fn stored(&self) -> Vec<store::Numbered> {
        store::after(&self.store().await, 0, AT).await.unwrap().rows
    }

    async fn node(&self) -> Node {
        let tokens = Arc::new(Tokens::new(self.keys.clone(), ISSUER.to_owned(), ISSUER.to_owned()));
        let metrics = Arc::new(Metrics::new());
        let withdrawals = Withdrawals::open(self.store().await, tokens.clone(), metrics, AT).await.unwrap();
        Node { tokens, withdrawals }
    }
}

impl Node {
    fn token(&self, claims: &SessionClaims) -> VerifiedSessionToken {
        let token = self.tokens.issue_session(claims).unwrap();
        self.tokens.verify_session(&token, &claims.confirmation, claims.issued_at).unwrap()
    }

    fn ended(&self, token: &VerifiedSessionToken) -> Option<Ended> {
        self.withdrawals.running(token.clone()).err()
    }
}

fn claims() -> SessionClaims {
    let id = Uuid::new_v4();
    SessionClaims {
        id,
        token: id,
        subject: "0f1e2d3c4b5a69788796a5b4c3d2e1f0".to_owned(),
        client_id: "pharmacy-1".to_owned(),
        establishment: "pharmacy-1".to_owned(),
        confirmation: Confirmation::Certificate("bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2".to_owned()),
        scope: "prescription".to_owned(),
        acr: Acr::Card,
        amr: vec!["hwk".to_owned()],
        authenticated_at: AT,
        issued_at: AT,
        expires_at: AT + Span::minutes(15),
        actor: None,
        presence: PresenceClaims {
            id: Uuid::new_v4(),
            method: "chip-authentication".to_owned(),
            proven_at: AT,
            station: "poste-1".to_owned(),
            card: Some("9c".repeat(16)),
        },
        purpose: Purpose::Treatment,
        encounter: None,
        policy: "ab".repeat(32),
        status: Some(StatusReference { list: 3, index: 77 }),
        risk: policies::RiskFacts::default(),
    }
}

fn consent(subject: &str, establishment: &str) -> Withdrawn {
    Withdrawn::Consent { subject: subject.to_owned(), establishment: establishment.to_owned() }
}

#[tokio::test]
async fn what_one_node_withdraws_every_node_refuses_also_after_a_restart() {
    let country = Country::new();
    let (here, there) = (country.node().await, country.node().await);
    let (ended, other) = (here.token(&claims()), here.token(&claims()));
    let why = Some(Ended::Withdrawn("session-ended"));
    here.withdrawals.withdraw_session(ended.claims(), "session-ended", AT).await.unwrap();
    assert_eq!(here.ended(&ended), why, "at once where it was withdrawn");
    assert_eq!(there.ended(&ended), None);
    let news = there.withdrawals.read_on(AT, |_, _, _| {}).await.unwrap();
    assert_eq!(news.len(), 1);
    assert_eq!(news[0].place, Some(StatusReference { list: 3, index: 77 }));
    assert_eq!(there.ended(&ended), why);
    assert_eq!(country.node().await.ended(&ended), why, "after a restart");
    for node in [&here, &there] {
        assert_eq!(node.ended(&other), None, "another session goes on");
        assert!(node.withdrawals.read_on(AT, |_, _, _| {}).await.unwrap().len() <= 1);
    }
}

#[tokio::test]
async fn each_kind_ends_the_sessions_that_it_means_and_no_other() {
    let mine = claims();
    let other = |change: fn(&mut SessionClaims)| {
        let mut other = claims();
        change(&mut other);
        other
    };
    let kinds = [
        (Withdrawn::Session(mine.id), other(|_| {})),
        (
            Withdrawn::Client("pharmacy-1".to_owned()),
            other(|it| {
                it.client_id = "pharmacy-2".to_owned();
                it.establishment = "pharmacy-2".to_owned();
            }),
        ),
        (Withdrawn::Card("9c".repeat(16)), other(|it| it.presence.card = Some("9d".repeat(16)))),
        (Withdrawn::Patient(mine.subject.clone()), other(|it| it.subject = "ff".repeat(16))),
        (consent(&mine.subject, "pharmacy-1"), other(|it| it.establishment = "clinic-1".to_owned())),
        (consent(&mine.subject, "pharmacy-1"), other(|it| it.subject = "ff".repeat(16))),
    ];
    for (what, other) in kinds {
        let country = Country::new();
        let (here, there) = (country.node().await, country.node().await);
        let later = SessionClaims { issued_at: AT + Span::seconds(3), ..mine.clone() };
        here.withdrawals.withdraw(what.clone(), "ended-by-operator", AT + Span::hours(1), AT).await.unwrap();
        there.withdrawals.read_on(AT, |_, _, _| {}).await.unwrap();
        for node in [&here, &there] {
            let why = Some(Ended::Withdrawn("ended-by-operator"));
            assert_eq!(node.ended(&node.token(&mine)), why, "{what:?}");
            assert_eq!(node.ended(&node.token(&other)), None, "{what:?}");
            let again = if matches!(what, Withdrawn::Session(_)) { why } else { None };
            assert_eq!(node.ended(&node.token(&later)), again, "{what:?}: what was opened afterwards");
        }
    }
}

#[tokio::test]
async fn the_guardians_withdrawal_ends_what_runs_for_the_dependant() {
    let node = Country::new().node().await;
    let guarded = SessionClaims { actor: Some("aa".repeat(16)), ..claims() };
    let what = Withdrawn::Patient("aa".repeat(16));
    node.withdrawals.withdraw(what, "patient-withdrawn", AT + Span::hours(1), AT).await.unwrap();
    assert_eq!(node.ended(&node.token(&guarded)), Some(Ended::Withdrawn("patient-withdrawn")));
}

#[tokio::test]
async fn a_key_in_other_hands_is_believed_by_no_node_and_published_by_none() {
    let country = Country::new();
    let (here, there) = (country.node().await, country.node().await);
    let claims = claims();
    let text = here.tokens.issue_session(&claims).unwrap();
    let token = there.token(&claims);
    let kid = token.key().to_owned();
    assert!(there.tokens.jwks(AT).unwrap().to_string().contains(&kid));
    here.withdrawals
        .withdraw(Withdrawn::Key(kid.clone()), "key-compromised", AT + Span::days(365), AT)
        .await
        .unwrap();
    there.withdrawals.read_on(AT, |_, _, _| {}).await.unwrap();
    for node in [&here, &there, &country.node().await] {
        let refused = node.tokens.verify_session(&text, &claims.confirmation, AT).unwrap_err();
        assert_eq!(refused.code(), "token-key-unknown", "whatever its date");
        assert_eq!(node.ended(&token), Some(Ended::Withdrawn("key-compromised")), "verified just before");
        assert!(node.tokens.issue_session(&claims).is_err(), "it signs nothing more");
        assert!(!node.tokens.jwks(AT).unwrap().to_string().contains(&kid));
    }
}

#[tokio::test]
async fn what_expired_is_forgotten_here_and_in_the_store() {
    let country = Country::new();
    let node = country.node().await;
    let claims = claims();
    node.withdrawals.withdraw_session(&claims, "session-ended", AT).await.unwrap();
    node.withdrawals.sweep(AT + Span::minutes(14)).await.unwrap();
    assert_eq!(node.withdrawals.count(), 1);
    node.withdrawals.sweep(AT + Span::minutes(21)).await.unwrap();
    assert_eq!(node.withdrawals.count(), 0);
    assert!(country.stored().await.is_empty());
    // Its number is not given again: whoever had read it would never hear of the next.
    let next = country.node().await;
    next.withdrawals.withdraw_session(&claims, "session-ended", AT).await.unwrap();
    assert_eq!(country.stored().await[0].number, 2);
}

#[tokio::test]
async fn a_node_that_hears_nothing_for_long_opens_nothing() {
    let country = Country::new();
    let mut node = country.node().await;
    let token = node.token(&claims());
    assert_eq!(node.withdrawals.fault(), None);
    node.withdrawals.born -= WITHDRAWAL_STALE;
    assert_eq!(node.ended(&token), Some(Ended::Unknown));
    assert_eq!(node.withdrawals.fault(), Some("withdrawals-unheard"));
    node.withdrawals.read_on(AT, |_, _, _| {}).await.unwrap();
    assert_eq!(node.ended(&token), None);
}
