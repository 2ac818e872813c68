//! What does a token cost a core, beside the signature that is in it?

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};
use bawaba_tests::harness::Harness;
use gateway::session::Session;
use gateway::token::{BackEndGrant, Confirmation, PresenceClaims, SessionClaims, Tokens};
use hsm_config::{KeyRole, Signer};
use policies::{
    AccessRequest, Acr, Action, CardFacts, ClientFacts, ClientKind, Facts, Permit, PolicySet, Purpose,
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::process::median;

const ROLE: KeyRole = KeyRole::TokenSigning;
const SLICE: Duration = Duration::from_millis(300);
const ROUNDS: usize = 5;
/// Sessions at hand: fewer than are remembered, so that all of them can be.
const SESSIONS: usize = 4_000;

/// One thing, done for the n-th time.
type Act<'a> = Box<dyn FnMut(usize) -> Result<()> + 'a>;

/// Everything on one core, in turns.
pub(crate) async fn table() -> Result<()> {
    let town = Harness::healthy().await;
    let (app, at) = (town.app(), town.now());
    let (tokens, signer) = (&app.tokens, app.signer.as_ref());
    let key = Confirmation::Key("0".repeat(43));
    let all: Vec<SessionClaims> = (0..SESSIONS).map(|_| claims(&key, at)).collect();
    let issued = all.iter().map(|claims| Ok(tokens.issue_session(claims)?)).collect::<Result<Vec<_>>>()?;
    let sessions = issued
        .iter()
        .map(|token| app.withdrawals.running(tokens.verify_session(token, &key, at)?).ok().context("ended"))
        .collect::<Result<Vec<Session>>>()?;
    let permit = permit()?;
    let kid = signer.current(ROLE, at)?.kid().to_owned();
    let (message, signature) = ([0x2e; 600], signer.sign(ROLE, &kid, &[0x2e; 600])?);
    let public = signer.current(ROLE, at)?;
    let public =
        ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public.sec1_uncompressed()).ok().context("a key")?;
    let strangers = strangers(app.signer.clone(), &town);
    let mut acts: Vec<(&str, Act<'_>)> = vec![
        (
            "bare ES256 signature",
            Box::new(|_| {
                let _ = black_box(signer.sign(ROLE, &kid, &message)?);
                Ok(())
            }),
        ),
        (
            "bare ES256 verification",
            Box::new(|_| public.verify_sig(&message, &signature).ok().context("verified")),
        ),
        ("session token issued", Box::new(|n| done(tokens.issue_session(&all[n % SESSIONS])?))),
        (
            "session token verified, never seen",
            Box::new(|n| {
                let fresh = &strangers[n / SESSIONS % strangers.len()];
                done(fresh.verify_session(&issued[n % SESSIONS], &key, at)?)
            }),
        ),
        (
            "session token verified, remembered",
            Box::new(|n| done(tokens.verify_session(&issued[n % SESSIONS], &key, at)?)),
        ),
        (
            "back-end token issued",
            Box::new(|n| {
                let subject = n.to_string();
                done(tokens.issue_back_end(&sessions[n % SESSIONS], &permit, &grant(&subject), at)?)
            }),
        ),
        (
            "back-end token, issued a moment ago",
            Box::new(|_| done(tokens.issue_back_end(&sessions[0], &permit, &grant("p"), at)?)),
        ),
    ];
    let mut rates = vec![Vec::new(); acts.len()];
    let mut done = vec![0; acts.len()];
    for _ in 0..ROUNDS {
        for (((_, act), rates), done) in acts.iter_mut().zip(&mut rates).zip(&mut done) {
            let (start, before) = (Instant::now(), *done);
            while start.elapsed() < SLICE {
                for _ in 0..32 {
                    act(*done)?;
                    *done += 1;
                }
            }
            rates.push((*done - before) as f64 / start.elapsed().as_secs_f64());
        }
    }
    println!("\n| tokens, one core, keys in a file | per second | µs each |\n|---|---:|---:|");
    for ((name, _), rates) in acts.iter().zip(rates) {
        let rate = median(rates);
        println!("| {name} | {rate:.0} | {:.1} |", 1e6 / rate);
    }
    Ok(())
}

fn grant(subject: &str) -> BackEndGrant<'_> {
    BackEndGrant { audience: "prescription", subject, scope: "prescription", consent: None }
}

/// The same keys, nothing remembered: enough of them that no token is met twice.
fn strangers(signer: Arc<dyn Signer>, town: &Harness) -> Vec<Tokens> {
    let issuer = town.app().config.issuer.clone();
    let most = (SLICE.as_secs_f64() * ROUNDS as f64 * 60_000.0 / SESSIONS as f64).ceil() as usize + ROUNDS;
    (0..most).map(|_| Tokens::new(signer.clone(), issuer.clone(), issuer.clone())).collect()
}

fn permit() -> Result<Permit> {
    let decision = PolicySet::shipped()?.decide(&AccessRequest {
        client: ClientFacts { id: "pharmacy-1".to_owned(), kind: ClientKind::Pharmacy },
        action: Action::OpenSession(CardFacts::FRESH),
        purpose: Purpose::Treatment,
        acr: Acr::Card,
        dependant: false,
        facts: Facts::default(),
    });
    Arc::new(decision).permit().context("no permit")
}

fn claims(key: &Confirmation, at: OffsetDateTime) -> SessionClaims {
    let id = Uuid::new_v4();
    SessionClaims {
        id,
        token: id,
        subject: "00".repeat(16),
        client_id: "pharmacy-1".to_owned(),
        establishment: "pharmacy-1".to_owned(),
        confirmation: key.clone(),
        scope: "prescription billing".to_owned(),
        acr: Acr::Card,
        amr: vec!["sc".to_owned(), "hwk".to_owned()],
        authenticated_at: at,
        issued_at: at,
        expires_at: at + Duration::from_secs(900),
        actor: None,
        presence: PresenceClaims {
            id,
            method: "chip-authentication".to_owned(),
            proven_at: at,
            station: "poste-1".to_owned(),
            card: Some("9c".repeat(16)),
        },
        purpose: Purpose::Treatment,
        encounter: None,
        policy: "0".repeat(64),
        status: None,
        risk: policies::RiskFacts::default(),
    }
}

/// The answer was made and is not looked at.
#[expect(clippy::unnecessary_wraps, reason = "what is measured may fail")]
fn done<T>(answer: T) -> Result<()> {
    black_box(answer);
    Ok(())
}
