//! How does one key follow another without a token being refused?
//!
//! ```text
//! rotate ── lead ──► next signs ── keep ──► the old key is no longer published
//!   │ the next key is published              │ the last token of the old key has expired
//! ```

use time::{Duration, OffsetDateTime};

use crate::{
    HsmError, KeyJob, KeyRole, PublicKey, SoftwareKeys,
    software::{Generation, Material},
};

/// How long keys of one role overlap (*calendrier de rotation*).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// How long the next key is published before it signs: until every verifier has fetched it.
    pub lead: Duration,
    /// How long the old key is published after it signed for the last time: until what it signed has expired.
    pub keep: Duration,
    /// How far the clocks of two nodes may be apart.
    pub skew: Duration,
}

/// When the next key takes over (*relève*).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// After it was announced for long enough: nobody notices.
    Announced,
    /// Now, because the old key is in other hands: what it signed dies with it.
    AtOnce,
}

/// What a rotation has changed (*rotation faite*).
#[derive(Clone, Debug)]
pub struct Rotated {
    /// Whose key it is.
    pub role: KeyRole,
    /// The next key, for a role that signs.
    pub key: Option<PublicKey>,
    /// When it takes over.
    pub signs_from: OffsetDateTime,
    /// When the last key before it is no longer published; none for a role that signs nothing.
    pub old_until: Option<OffsetDateTime>,
}

impl SoftwareKeys {
    /// Adds the next key of a role, and gives those before it their end.
    ///
    /// # Errors
    /// [`HsmError::NeverRotated`] for a role whose key names or indexes, [`HsmError::RotationPending`] while a
    /// key is announced that does not sign yet, [`HsmError::NoRandomness`].
    pub fn rotate(
        &mut self,
        role: KeyRole,
        turn: Turn,
        schedule: &Schedule,
        at: OffsetDateTime,
    ) -> Result<Rotated, HsmError> {
        if role.job() == KeyJob::Mac {
            return Err(HsmError::NeverRotated(role));
        }
        self.prune(at, schedule.skew);
        // The times of keys are whole seconds: in files, and in what nodes remember of them.
        let now = at.replace_nanosecond(0).unwrap_or(at);
        let announced = self.of(role).map(|key| key.signs_from).max().filter(|signs_from| *signs_from > at);
        let signs_from = match (turn, role.job(), announced) {
            (Turn::Announced, KeyJob::Sign, Some(signs_from)) => {
                return Err(HsmError::RotationPending { role, signs_from });
            }
            (Turn::Announced, KeyJob::Sign, None) => now.saturating_add(schedule.lead + Duration::SECOND),
            // Nobody has to know a sealing key before it is used.
            _ => now,
        };
        let material = Material::generate(role)?;
        let key = material.public().cloned();
        let old_until = (role.job() == KeyJob::Sign).then(|| match turn {
            Turn::Announced => signs_from.saturating_add(schedule.keep),
            Turn::AtOnce => now,
        });
        for old in self.generations.iter_mut().filter(|old| old.role == role) {
            // One that has its end already signs no more; only a leak cuts it short.
            if turn == Turn::AtOnce || old.published_until.is_none() {
                old.published_until = old_until;
            }
        }
        let number = self.of(role).map(|key| key.number).max().unwrap_or(0).saturating_add(1);
        self.generations.push(Generation { role, number, signs_from, published_until: None, material });
        self.prune(at, schedule.skew);
        self.generations.sort_by_key(|key| (key.role, key.number));
        Ok(Rotated { role, key, signs_from, old_until })
    }

    /// Forgets what is not needed any more: keys that nobody meets, and the private half of those that only verify.
    ///
    /// A receipt is verified for years; the key that signed it must not be there to be stolen for years.
    pub fn prune(&mut self, at: OffsetDateTime, skew: Duration) {
        self.generations.retain(|key| key.published_until.is_none_or(|until| at < until));
        let began = |role| {
            let started = self.generations.iter().filter(move |key| key.role == role);
            started.map(|key| key.signs_from).filter(|from| from.saturating_add(skew) <= at).max()
        };
        let newest: Vec<_> = self.generations.iter().map(|key| began(key.role)).collect();
        for (key, newest) in self.generations.iter_mut().zip(newest) {
            if newest.is_some_and(|newest| key.signs_from < newest) {
                key.material.retire();
            }
        }
    }
}
