//! What do exchange and introspection cost, next to the signature that each cannot do without?
//!
//! In this process, on one thread: policy, scope, pseudonym and token, without the HTTP around them and without the
//! audit append, which have tables of their own.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use bawaba_tests::harness::Harness;
use bawaba_tests::papers::header_of;
use gateway::token::{BackEndGrant, Confirmation, Holder};
use hsm_config::KeyRole;
use policies::{AccessRequest, Acr, Action, ClientFacts, ClientKind, Facts, Purpose, Service};

use crate::process::median;

const SLICE: Duration = Duration::from_millis(500);
const ROUNDS: usize = 3;
/// Tokens that nobody has seen yet: more than one slice verifies.
const UNSEEN: usize = 40_000;

/// One row: its name, what is counted.
type Row<'a> = (&'static str, Box<dyn FnMut() -> Result<()> + 'a>);

/// Prints the table.
pub(crate) async fn table() -> Result<()> {
    let town = Harness::healthy().await;
    let opened = town.session("amina", "pharmacy-1").await;
    let app = town.app();
    let (tokens, at) = (&app.tokens, app.clock.now());
    let certificate = pki::ClientCertificate::from_der(town.identity("pharmacy-1").certificate())?;
    let key = Confirmation::Certificate(certificate.thumbprint().to_owned());
    let session = app.withdrawals.running(tokens.verify_session(&opened.token, &key, at)?)?;
    let request = AccessRequest {
        client: ClientFacts { id: "pharmacy-1".to_owned(), kind: ClientKind::Pharmacy },
        action: Action::Exchange { service: Service("prescription".to_owned()) },
        purpose: Purpose::Treatment,
        acr: Acr::Card,
        dependant: false,
        facts: Facts::default(),
    };
    let health_id = "ID-BENCH-0001";
    let exchange = || -> Result<String> {
        let permit = app.policies.decide(&request).permit().context("the policy permits it")?;
        let subject = tokens.pairwise_subject("prescription", health_id)?;
        let grant = BackEndGrant {
            audience: "prescription",
            subject: &subject,
            scope: "prescription",
            consent: None,
        };
        let holder = Holder { client_id: "pharmacy-1", confirmation: &key };
        Ok(tokens.exchange(&session, &permit, &grant, (holder, None), at)?.token)
    };
    let known = exchange()?;
    tokens.introspect(&known, at)?;
    let kid = header_of(&known)["kid"].as_str().context("a kid")?.to_owned();
    let unseen = (0..UNSEEN).map(|_| exchange()).collect::<Result<Vec<_>>>()?;
    let mut next = unseen.iter().cycle();
    let answer = tokens.introspection(&tokens.introspect(&known, at)?)?;
    let mut rows: Vec<Row<'_>> = vec![
        (
            "ES256 signature alone",
            Box::new(|| {
                black_box(app.signer.sign(KeyRole::BackendTokenSigning, &kid, known.as_bytes())?);
                Ok(())
            }),
        ),
        (
            "session token issued",
            Box::new(|| {
                black_box(tokens.issue_session(session.claims())?);
                Ok(())
            }),
        ),
        (
            "token exchanged (policy, pseudonym, token)",
            Box::new(|| {
                black_box(exchange()?);
                Ok(())
            }),
        ),
        (
            "introspection, token seen before",
            Box::new(|| {
                black_box(tokens.introspection(&tokens.introspect(&known, at)?)?);
                Ok(())
            }),
        ),
        (
            "introspection, token new to this node",
            Box::new(|| {
                let token = next.next().context("tokens")?;
                black_box(tokens.introspection(&tokens.introspect(token, at)?)?);
                Ok(())
            }),
        ),
        (
            "introspection, signed answer",
            Box::new(|| {
                black_box(tokens.introspect(&known, at)?);
                black_box(tokens.sign_introspection("prescription", answer.clone(), at)?);
                Ok(())
            }),
        ),
    ];
    let mut rates = vec![Vec::new(); rows.len()];
    for _ in 0..ROUNDS {
        for ((_, act), rates) in rows.iter_mut().zip(&mut rates) {
            rates.push(rate(act)?);
        }
    }
    println!("\n| OAuth, one core | per second | µs |\n|---|---:|---:|");
    for ((name, _), rates) in rows.iter().zip(rates) {
        let rate = median(rates);
        println!("| {name} | {rate:.0} | {:.1} |", 1e6 / rate);
    }
    Ok(())
}

fn rate(act: &mut dyn FnMut() -> Result<()>) -> Result<f64> {
    let (start, mut count) = (Instant::now(), 0_u32);
    while start.elapsed() < SLICE {
        act()?;
        count += 1;
    }
    Ok(f64::from(count) / start.elapsed().as_secs_f64())
}
