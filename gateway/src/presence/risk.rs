//! What do fraud signals see of a presence?

use card_reader::PresenceProof;
use policies::fraud::{Seen, Timing};
use policies::{RiskFacts, RiskSignal};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::pending::Begun;
use crate::app::App;
use crate::audit::AuditEvent;
use crate::caller::Caller;
use crate::fraud::{Sighting, observe, presence_seen};
use crate::refusal::Refusal;
use crate::wire::Proof;

/// What is known of a presence before its challenge is spent on the answers (*tentative*).
pub(super) struct Attempt {
    document: Zeroizing<String>,
    station: String,
    timing: Timing,
}

impl Attempt {
    /// How long it took is our own clock's word; how long the chip took, the station's.
    pub(super) fn of(app: &App, begun: &Begun, asked: &Proof, at: OffsetDateTime) -> Self {
        let card = begun.challenge.card();
        let began = begun.expires_at - app.config.limits.presence;
        let whole = (at - began).max(time::Duration::ZERO).unsigned_abs().as_millis();
        let timing = Timing {
            method: begun.challenge.method() as u8,
            commands: u16::try_from(begun.challenge.commands().len()).unwrap_or(u16::MAX),
            whole: u32::try_from(whole).unwrap_or(u32::MAX),
            chip: asked.took_ms,
        };
        let document = Zeroizing::new(card.document_number().to_owned());
        Self { document, station: begun.station.clone(), timing }
    }

    /// The right data with the wrong key: somebody copied the card's files.
    pub(super) async fn of_copy(
        self,
        app: &App,
        caller: &Caller,
        event: &mut AuditEvent,
    ) -> Result<(), Refusal> {
        let card = app.registry.card_named(&self.document)?;
        event.card = Some(card.clone());
        let station = Some(self.station.as_str());
        let sighting = Sighting { what: Seen::CloneSuspected, card: Some(&card), chip: None, station };
        observe(app, caller.client(), sighting, event).await.map(drop)
    }

    /// The original, of which something may look wrong all the same.
    pub(super) async fn of_original(
        self,
        app: &App,
        caller: &Caller,
        (proof, card, reported): (&PresenceProof, &str, Option<String>),
        event: &mut AuditEvent,
    ) -> Result<RiskFacts, Refusal> {
        event.card = Some(card.to_owned());
        let stands = reported.is_some();
        event.detail = reported.or(event.detail.take());
        let sighting = Sighting {
            what: presence_seen(app, proof, stands, Some(self.timing)),
            card: Some(card),
            chip: proof.card().chip_digest(),
            station: Some(&self.station),
        };
        let mut risk = observe(app, caller.client(), sighting, event).await?;
        // A report stands or does not, whatever is remembered of one or ruled on its signal.
        risk.signals.retain(|signal| *signal != RiskSignal::CardReported);
        if stands {
            risk.signals.push(RiskSignal::CardReported);
        }
        Ok(risk)
    }
}
