//! Which challenges wait for their chip, at whichever node they were made?
//!
//! A challenge is taken once of all nodes, by the client it was made for, in time. Somebody else's attempt is refused
//! and does *not* spend it: else whoever guesses or sees an id could starve an honest counter. Who may take it, and
//! whether somebody did, the shared state alone decides; what the node that made it keeps beside only saves it from
//! authenticating the card a second time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use card_reader::{CardTranscript, Challenge};
use futures_util::future::BoxFuture;
use hsm_config::{HsmError, Signer};
use time::OffsetDateTime;
use uuid::Uuid;

use super::parcel;
use crate::caller::Caller;
use crate::limits::{PRESENCE_REMEMBERED, PRESENCES_WAITING_MAX, PRESENCES_WAITING_PER_CLIENT_MAX};
use crate::problem::ProblemCode;
use crate::refusal::Refusal;
use crate::state::{Entered, Envelope, SharedState, Space, StateError, Taken};
use crate::token::Confirmation;
use crate::trust::Trust;

/// The room of all clients together. No client's room has this name: they begin otherwise.
const ALL: &str = "all";

/// Presences that wait for their proof, at all nodes (*présences en attente*).
pub struct PendingPresences {
    state: Arc<dyn SharedState>,
    envelope: Envelope,
    trust: Arc<Trust>,
    /// Challenges that were made here.
    made_here: Mutex<HashMap<Uuid, Begun>>,
}

/// A presence that was begun.
#[derive(Debug)]
pub(crate) struct Begun {
    pub(crate) challenge: Challenge,
    pub(crate) station: String,
    pub(crate) expires_at: OffsetDateTime,
}

impl PendingPresences {
    /// None wait yet.
    ///
    /// # Errors
    /// There is no key to seal them with.
    pub fn new(
        state: Arc<dyn SharedState>,
        signer: Arc<dyn Signer>,
        trust: Arc<Trust>,
        at: OffsetDateTime,
    ) -> Result<Self, HsmError> {
        Ok(Self { state, envelope: Envelope::new(signer, at)?, trust, made_here: Mutex::default() })
    }

    /// Keeps a challenge for that client's key, for `life`.
    pub(crate) async fn put(
        &self,
        caller: &Caller,
        begun: Begun,
        files: &CardTranscript,
        (life, at): (Duration, OffsetDateTime),
    ) -> Result<Uuid, Refusal> {
        let id = Uuid::new_v4();
        let (key, holder) = (id.to_string(), holder(caller.confirmation()));
        let sealed = parcel::sealed(&self.envelope, (id, &holder), &begun, files, at)?;
        self.enter(&room(caller), &key, life).await?;
        let kept = self.state.put(Space::Presence, &key, &holder, &sealed, life + PRESENCE_REMEMBERED).await;
        if let Err(error) = kept {
            leave(self.state.clone(), room(caller), key).await;
            return Err(error.into());
        }
        let mut made_here = self.made_here();
        if made_here.len() < PRESENCES_WAITING_MAX {
            made_here.insert(id, begun);
        }
        Ok(id)
    }

    /// Both rooms, or neither.
    async fn enter(&self, room: &str, key: &str, life: Duration) -> Result<(), Refusal> {
        let enter = |room, most| self.state.enter(Space::Presence, room, key, most, life);
        let (of_client, of_all) = tokio::try_join!(
            enter(room, PRESENCES_WAITING_PER_CLIENT_MAX),
            enter(ALL, PRESENCES_WAITING_MAX)
        )?;
        let full = match (of_client, of_all) {
            (Entered::Yes, Entered::Yes) => return Ok(()),
            (Entered::Full, _) => Refusal::exactly(ProblemCode::RateLimited, "client-presences-full"),
            (Entered::Yes, Entered::Full) => Refusal::exactly(ProblemCode::Overloaded, "presences-full"),
        };
        leave(self.state.clone(), room.to_owned(), key.to_owned()).await;
        Err(full)
    }

    /// Takes a challenge out, for good.
    pub(crate) async fn take(&self, id: Uuid, caller: &Caller, at: OffsetDateTime) -> Result<Begun, Refusal> {
        let unusable = |code| Err(Refusal::exactly(ProblemCode::PresenceNotUsable, code));
        let holder = holder(caller.confirmation());
        let taking = taking(self.state.clone(), id.to_string(), holder.clone(), room(caller));
        let sealed = match to_its_end(taking).await? {
            Taken::Now(sealed) => sealed,
            Taken::Before => return unusable("presence-spent"),
            Taken::AnothersOwn => return unusable("presence-of-another-client"),
            Taken::Unknown => return Err(Refusal::new(ProblemCode::PresenceUnknown)),
        };
        let made_here = self.made_here().remove(&id);
        let begun = match made_here {
            Some(begun) => begun,
            None => {
                let documents = self.trust.documents();
                parcel::opened(&self.envelope, (id, &holder), &sealed, &documents, at)?
            }
        };
        if at >= begun.expires_at { unusable("presence-expired") } else { Ok(begun) }
    }

    /// How many wait, at all nodes. Forgets those made here that are past, wherever they were proven; a background task
    /// calls it.
    pub(crate) async fn waiting(&self, at: OffsetDateTime) -> Result<u64, StateError> {
        self.made_here().retain(|_, begun| at < begun.expires_at);
        self.state.inside(Space::Presence, ALL).await
    }

    fn made_here(&self) -> MutexGuard<'_, HashMap<Uuid, Begun>> {
        self.made_here.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes it and gives its place free.
fn taking(
    state: Arc<dyn SharedState>,
    key: String,
    holder: String,
    room: String,
) -> BoxFuture<'static, Result<Taken, StateError>> {
    Box::pin(async move {
        let taken = state.take(Space::Presence, &key, &holder).await?;
        if matches!(taken, Taken::Now(_)) {
            // Nobody waits for it: the place would be free after the life of the presence anyway.
            let mut leaving: BoxFuture<'static, ()> = Box::pin(leave(state, room, key));
            if futures_util::poll!(&mut leaving).is_pending() {
                tokio::spawn(leaving);
            }
        }
        Ok(taken)
    })
}

async fn leave(state: Arc<dyn SharedState>, room: String, key: String) {
    for room in [room.as_str(), ALL] {
        let _left = state.leave(Space::Presence, room, &key).await;
    }
}

/// Does what was begun to its end, whoever goes on waiting for it: a request that is cancelled in between would leave a
/// challenge that nobody has and nobody can get.
async fn to_its_end<T: Send + 'static>(
    mut work: BoxFuture<'static, Result<T, StateError>>,
) -> Result<T, StateError> {
    match futures_util::poll!(&mut work) {
        Poll::Ready(done) => done,
        Poll::Pending => tokio::spawn(work).await.unwrap_or(Err(StateError::Unreachable)),
    }
}

/// Whose challenge it is: the key that has to be proven again.
fn holder(proven: &Confirmation) -> String {
    match proven {
        Confirmation::Certificate(thumbprint) => format!("x5t#S256 {thumbprint}"),
        Confirmation::Key(thumbprint) => format!("jkt {thumbprint}"),
    }
}

fn room(caller: &Caller) -> String {
    format!("client {}", caller.client().id)
}

impl std::fmt::Debug for PendingPresences {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PendingPresences")
    }
}
