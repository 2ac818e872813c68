//! Which step-ups wait for the holder's card?
//!
//! As with presences: taken once on all nodes, by the client it was made for, in time. Somebody else's attempt neither gets nor
//! spends it.

use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use card_reader::CardProfile;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::app::App;
use crate::problem::ProblemCode;
use crate::refusal::Refusal;
use crate::session::Session;
use crate::state::{Space, Taken};
use crate::token::Confirmation;

/// What a card signs for us is never what it signs for anybody else.
const CONTEXT: &str = "bawaba-step-up-1";

/// What is remembered between challenge and answer (*défi en attente*). No secret: the station sees the challenge anyway.
#[derive(Serialize, Deserialize)]
pub(super) struct Pending {
    session: Uuid,
    profile: String,
    nonce: [u8; 32],
}

impl Pending {
    pub(super) fn fresh(session: Uuid, profile: CardProfile) -> Result<Self, Refusal> {
        let mut nonce = [0; 32];
        getrandom::fill(&mut nonce).map_err(|_| Refusal::exactly(ProblemCode::Internal, "no-random"))?;
        Ok(Self { session, profile: profile.as_str().to_owned(), nonce })
    }

    pub(super) fn profile(&self) -> CardProfile {
        self.profile.parse().unwrap_or_default()
    }

    /// The 32 octets that the card signs: our nonce, bound to who asks, for which session, at which gateway. An answer that is carried
    /// to another session or another client is a signature of something else.
    pub(super) fn challenge(&self, app: &App, session: &Session, step_up: Uuid) -> [u8; 32] {
        let claims = session.claims();
        let kind = match &claims.confirmation {
            Confirmation::Certificate(_) => "x5t#S256",
            Confirmation::Key(_) => "jkt",
        };
        let parts: [&[u8]; 7] = [
            CONTEXT.as_bytes(),
            app.config.issuer.as_bytes(),
            self.session.as_bytes(),
            step_up.as_bytes(),
            kind.as_bytes(),
            claims.confirmation.thumbprint().as_bytes(),
            &self.nonce,
        ];
        let mut context = Context::new(&SHA256);
        // Each after its length: no two questions share a challenge by moving a boundary.
        for part in parts {
            context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(part);
        }
        let mut challenge = [0; 32];
        let digest = context.finish();
        challenge.iter_mut().zip(digest.as_ref()).for_each(|(octet, digest)| *octet = *digest);
        challenge
    }

    pub(super) async fn keep(
        &self,
        app: &App,
        step_up: Uuid,
        proven: &Confirmation,
        life: Duration,
    ) -> Result<(), Refusal> {
        let value =
            serde_json::to_vec(self).map_err(|_| Refusal::exactly(ProblemCode::Internal, "step-up-kept"))?;
        let (key, holder) = (step_up.to_string(), holder(proven));
        Ok(app.state.put(Space::StepUp, &key, &holder, &value, life).await?)
    }

    pub(super) async fn take(
        app: &App,
        step_up: Uuid,
        proven: &Confirmation,
        session: Uuid,
    ) -> Result<Self, Refusal> {
        let unusable = |code| Refusal::exactly(ProblemCode::StepUpNotUsable, code);
        let taken = app.state.take(Space::StepUp, &step_up.to_string(), &holder(proven)).await?;
        let value = match taken {
            Taken::Now(value) => value,
            Taken::Before => return Err(unusable("step-up-spent")),
            Taken::AnothersOwn => return Err(unusable("step-up-of-another-client")),
            Taken::Unknown => return Err(unusable("step-up-unknown")),
        };
        let pending: Self = serde_json::from_slice(&value)
            .map_err(|_| Refusal::exactly(ProblemCode::StateUnavailable, "state-unexpected"))?;
        if pending.session == session { Ok(pending) } else { Err(unusable("step-up-of-another-session")) }
    }
}

/// The key of whoever may take it.
fn holder(proven: &Confirmation) -> String {
    match proven {
        Confirmation::Certificate(thumbprint) => format!("x5t#S256 {thumbprint}"),
        Confirmation::Key(thumbprint) => format!("jkt {thumbprint}"),
    }
}
