//! How does a card on a reader become a session at the gateway, seen from the counter?
//!
//! One act at the counter (design, flow 3.1) is two requests and, between them, the chip's answers. The station is a pipe: it
//! opens the card with the CAN, which never leaves it, and carries bytes. It decides nothing and believes
//! nothing; the gateway judges.

mod card_side;
mod client;
mod error;
mod holder;
mod language;
mod messages;
mod state;
mod step_up;
mod wanted;
mod wire;

use std::fmt;
use std::time::Instant;

use serde::Serialize;

use crate::can::Can;
use crate::error::CardError;
use crate::profile::CardProfile;
use crate::transport::CardTransport;
use card_side::CardSide;

pub use client::{ClientIdentity, GatewayClient};
pub use error::{CounterError, Problem, Reason};
pub use holder::Holder;
pub use language::Language;
pub use messages::Explanation;
pub use state::DemoState;
pub use step_up::{KeptCard, SteppedUp};
pub use wanted::StepUpWanted;
pub use wire::{Coverage, Dependant, Session};

/// What is asked of one card (acte au guichet): who asks, for what, for whom.
#[derive(Debug)]
pub struct Act {
    can: Can,
    purpose: String,
    station: String,
    profile: CardProfile,
    encounter: Option<String>,
    dependant: Option<String>,
}

impl Act {
    /// An act with this card access number, for this purpose (an HL7 PurposeOfUse code such as `TREAT`).
    #[must_use]
    pub fn new(can: Can, purpose: &str) -> Act {
        Act {
            can,
            purpose: purpose.to_owned(),
            station: "poste-1".to_owned(),
            profile: CardProfile::default(),
            encounter: None,
            dependant: None,
        }
    }

    /// The counter's own name for this reader (poste).
    #[must_use]
    pub fn at_station(mut self, station: &str) -> Act {
        station.clone_into(&mut self.station);
        self
    }

    /// The visit that this act belongs to, as the counter's software names it.
    #[must_use]
    pub fn in_encounter(mut self, encounter: &str) -> Act {
        self.encounter = Some(encounter.to_owned());
        self
    }

    /// Opens the session for a child of the card's holder, named by the subject that an earlier session gave (ayant droit).
    #[must_use]
    pub fn for_dependant(mut self, subject: &str) -> Act {
        self.dependant = Some(subject.to_owned());
        self
    }
}

/// One step of an act and how long it took.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// Stable name: see [`Stage::name`].
    pub name: &'static str,
    /// Milliseconds, to a tenth of one.
    pub ms: f64,
}

/// Where an act is (étape).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The chip and the station prove to each other that they know the CAN.
    Pace,
    /// The files are read from the chip.
    Read,
    /// First request: the gateway checks the state's signature over the files (passive authentication) and challenges the chip.
    Presence,
    /// The chip computes its answers to the challenge.
    Chip,
    /// Second request: the gateway judges the answers, finds the patient, decides, writes its log and opens the session.
    Session,
}

impl Stage {
    /// All stages in their order.
    pub const ALL: [Stage; 5] = [Stage::Pace, Stage::Read, Stage::Presence, Stage::Chip, Stage::Session];

    /// Stable name, the same in `steps` and on the page.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Stage::Pace => "pace",
            Stage::Read => "read",
            Stage::Presence => "passive-authentication",
            Stage::Chip => "chip-proof",
            Stage::Session => "session",
        }
    }
}

/// A session that the gateway opened for this counter.
#[derive(Clone, Serialize)]
pub struct OpenedSession {
    /// What the gateway says about it: the patient's pseudonym, the cover, until when.
    pub session: Session,
    /// The session token, worth something only over this counter's own TLS certificate.
    pub token: String,
    /// How the token is used (RFC 6749 §7.1).
    pub token_type: String,
    /// Seconds until the token ends.
    pub expires_in: u64,
    /// The signed statement that this act took place.
    pub receipt: String,
    /// How the chip proved itself.
    pub method: String,
    /// What took how long.
    pub steps: Vec<Step>,
    /// Within the second request, what the gateway says its own parts took.
    #[serde(skip)]
    pub server: Vec<Step>,
    /// Commands exchanged with the chip.
    pub apdus: u32,
    /// The holder as printed on the card, for the screen of this counter only: never serialised, never sent.
    #[serde(skip)]
    pub holder: Option<Holder>,
}

impl OpenedSession {
    /// Whether this counter may speak to that service at all, as its token says (`scope`, RFC 9068 §2.2.3). For the screen: what it may do
    /// there, the gateway decides.
    #[must_use]
    pub fn reaches(&self, service: &str) -> bool {
        wire::scope(&self.token).split(' ').any(|scope| scope == service)
    }
}

impl fmt::Debug for OpenedSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenedSession")
            .field("session", &self.session.id)
            .field("apdus", &self.apdus)
            .finish_non_exhaustive()
    }
}

/// Opens a session from the card behind `transport`: the shortest form of [`open_act`].
pub async fn open(
    transport: Box<dyn CardTransport + Send>,
    can: Can,
    gateway: &GatewayClient,
    purpose: &str,
) -> Result<OpenedSession, CounterError> {
    open_act(transport, Act::new(can, purpose), gateway, |_| {}).await
}

/// Runs one whole act. `progress` is told each stage as it begins.
///
/// The card's side blocks, so it runs on a thread of its own and ends with the act: the transport is dropped there,
/// which releases the reader. Before the card has opened with the CAN, the gateway is told at most that it was a wrong one.
pub async fn open_act(
    transport: Box<dyn CardTransport + Send>,
    act: Act,
    gateway: &GatewayClient,
    progress: impl FnMut(Stage),
) -> Result<OpenedSession, CounterError> {
    open_and_keep(transport, act, gateway, progress).await.map(|(opened, _card)| opened)
}

/// The same, and the card stays: for what needs the holder's PIN in this session. The reader is released with the [`KeptCard`].
pub async fn open_and_keep(
    transport: Box<dyn CardTransport + Send>,
    act: Act,
    gateway: &GatewayClient,
    mut progress: impl FnMut(Stage),
) -> Result<(OpenedSession, KeptCard), CounterError> {
    let mut watch = Stopwatch::default();
    let Act { can, purpose, station, profile, encounter, dependant } = act;

    progress(Stage::Pace);
    let mut card = match CardSide::open(transport, can, profile).await {
        Ok(card) => card,
        Err(error) => {
            if let CounterError::Card(CardError::WrongCan { .. }) = &error {
                gateway.tell_wrong_can(&station).await;
            }
            return Err(error);
        }
    };
    watch.lap(Stage::Pace);

    progress(Stage::Read);
    let transcript = card.read().await?;
    let holder = Holder::from_transcript(&transcript);
    watch.lap(Stage::Read);

    progress(Stage::Presence);
    let presence = gateway.begin_presence(&wire::BeginPresence::new(&station, &transcript)).await?;
    let commands = presence.commands()?;
    watch.lap(Stage::Presence);

    progress(Stage::Chip);
    let started = Instant::now();
    let (responses, apdus) = card.run(commands).await?;
    let took_ms = u32::try_from(started.elapsed().as_millis()).unwrap_or(u32::MAX);
    watch.lap(Stage::Chip);

    progress(Stage::Session);
    let proof = wire::Proof { responses: wire::hex_all(&responses), purpose, encounter, dependant, took_ms };
    let (opened, server) = gateway.prove_presence(&presence.presence, &proof).await?;
    watch.lap(Stage::Session);

    let kept = KeptCard::new(card, station, profile);
    let opened = OpenedSession {
        session: opened.session,
        token: opened.token,
        token_type: opened.token_type,
        expires_in: opened.expires_in,
        receipt: opened.receipt,
        method: presence.method,
        steps: watch.steps,
        server,
        apdus,
        holder,
    };
    Ok((opened, kept))
}

/// Measures the stages one after the other.
struct Stopwatch {
    lap_started: Instant,
    steps: Vec<Step>,
}

impl Default for Stopwatch {
    fn default() -> Stopwatch {
        Stopwatch { lap_started: Instant::now(), steps: Vec::with_capacity(Stage::ALL.len()) }
    }
}

impl Stopwatch {
    fn lap(&mut self, stage: Stage) {
        let ms = (self.lap_started.elapsed().as_secs_f64() * 10_000.0).round() / 10.0;
        self.steps.push(Step { name: stage.name(), ms });
        self.lap_started = Instant::now();
    }
}

#[cfg(test)]
mod tests;
