//! The holder agrees by PIN: how does a running session become a stronger one, seen from the counter? (RFC 9470)
//!
//! The card has stayed on the reader since its act. It is opened anew with the same CAN, for after Chip Authentication the old
//! channel is the gateway's; the PIN goes through that channel into the card and nowhere else.

use std::fmt;
use std::time::Instant;

use reqwest::Method;
use reqwest::header::AUTHORIZATION;
use serde::{Deserialize, Serialize};

use super::card_side::{CardSide, WithPin};
use super::client::{GatewayClient, answer, plain};
use super::error::CounterError;
use super::wire::{self, Session};
use super::{Act, Step};
use crate::error::CardError;
use crate::holder::{Pin, PinState};
use crate::profile::CardProfile;
use crate::transport::CardTransport;

/// A card that stays on the reader after its act (carte posée): its CAN is kept, overwritten when this is dropped, which also
/// releases the reader.
pub struct KeptCard {
    side: CardSide,
    station: String,
    profile: CardProfile,
}

/// The same session, its holder having agreed.
#[derive(Clone, Serialize)]
pub struct SteppedUp {
    /// What the gateway says about the session now.
    pub session: Session,
    /// The new session token.
    pub token: String,
    /// How the token is used (RFC 6749 §7.1).
    pub token_type: String,
    /// Seconds until the token ends, with the session.
    pub expires_in: u64,
    /// What took how long.
    pub steps: Vec<Step>,
    /// Commands exchanged with the card since it was opened.
    pub apdus: u32,
}

/// `POST /v1/sessions/{id}/step-up`
#[derive(Serialize)]
struct Begin<'a> {
    station: &'a str,
    profile: &'static str,
}

/// Its answer.
#[derive(Deserialize)]
struct Begun {
    step_up: String,
    commands: Vec<String>,
}

/// `POST /v1/sessions/{id}/step-up/{id}/proof`
#[derive(Serialize)]
struct Proof {
    responses: Vec<String>,
}

/// Its answer.
#[derive(Deserialize)]
struct Agreed {
    session: Session,
    token: String,
    #[serde(default)]
    token_type: String,
    expires_in: u64,
}

impl KeptCard {
    pub(super) const fn new(side: CardSide, station: String, profile: CardProfile) -> KeptCard {
        KeptCard { side, station, profile }
    }

    /// A card that was put back on the reader during its session.
    pub async fn open(transport: Box<dyn CardTransport + Send>, act: Act) -> Result<KeptCard, CounterError> {
        let Act { can, station, profile, .. } = act;
        Ok(KeptCard { side: CardSide::open(transport, can, profile).await?, station, profile })
    }

    /// Asks the card how many tries of the PIN are left. Costs none of them.
    pub async fn pin_state(&mut self) -> Result<PinState, CounterError> {
        self.side.holder().await
    }

    /// Steps the session of this token up. The PIN is tried once and never again by itself; a card whose PIN is blocked is told
    /// so before anything is sent.
    ///
    /// A PIN that the card refuses is told to the gateway, which writes down that it happened, and comes back as
    /// [`CardError::WrongPin`] with the tries left.
    pub async fn step_up(
        &mut self,
        pin: Pin,
        (session, token): (&str, &str),
        gateway: &GatewayClient,
    ) -> Result<SteppedUp, CounterError> {
        let mut steps = Vec::new();
        let mut lap = Instant::now();
        let mut measured = |name| {
            steps.push(Step { name, ms: (lap.elapsed().as_secs_f64() * 10_000.0).round() / 10.0 });
            lap = Instant::now();
        };
        if let state @ PinState { tries_left: Some(0) } = self.pin_state().await? {
            return Err(CardError::WrongPin { tries_left: state.tries_left }.into());
        }
        measured("pace");
        let begin = Begin { station: &self.station, profile: self.profile.as_str() };
        let begun = gateway.begin_step_up(session, token, &begin).await?;
        let commands = wire::commands(&begun.commands)?;
        measured("step-up");
        let WithPin { responses, refused, apdus } = self.side.run_with_pin(commands, pin).await?;
        measured("pin");
        let proof = Proof { responses: wire::hex_all(&responses) };
        let proven = gateway.prove_step_up(session, token, &begun.step_up, &proof).await;
        if let Some(refused) = refused {
            return Err(refused.into());
        }
        let agreed = proven?;
        measured("session");
        let Agreed { session, token, token_type, expires_in } = agreed;
        Ok(SteppedUp { session, token, token_type, expires_in, steps, apdus })
    }
}

impl GatewayClient {
    async fn begin_step_up(
        &self,
        session: &str,
        token: &str,
        begin: &Begin<'_>,
    ) -> Result<Begun, CounterError> {
        let path = format!("/v1/sessions/{}/step-up", plain(session)?);
        let bearer = format!("Bearer {token}");
        answer(self.request(Method::POST, &path).header(AUTHORIZATION, bearer).json(begin)).await
    }

    /// Never repeated: the challenge is spent once, whatever became of the answer.
    async fn prove_step_up(
        &self,
        session: &str,
        token: &str,
        step_up: &str,
        proof: &Proof,
    ) -> Result<Agreed, CounterError> {
        let path = format!("/v1/sessions/{}/step-up/{}/proof", plain(session)?, plain(step_up)?);
        let bearer = format!("Bearer {token}");
        answer(self.request(Method::POST, &path).header(AUTHORIZATION, bearer).json(proof)).await
    }
}

impl fmt::Debug for KeptCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptCard").field("station", &self.station).finish_non_exhaustive()
    }
}

impl fmt::Debug for SteppedUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SteppedUp").field("session", &self.session.id).finish_non_exhaustive()
    }
}
