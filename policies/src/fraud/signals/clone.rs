//! Copied card (*carte copiée*): the right data came with the wrong chip key.

use super::{Signal, Windows};
use crate::RiskSignal;
use crate::fraud::hit::{Hit, Subject, Why};
use crate::fraud::observation::{Observation, Seen};

/// The proof failed, and in a way in which no honest card fails: its files are somebody's, its key is not.
///
/// The copy opened nothing. What is remembered of the card that was copied asks its holder for the PIN, and no more: a
/// copy must not lock the original out.
pub(super) struct Clone;

impl Signal for Clone {
    fn signal(&self) -> RiskSignal {
        RiskSignal::CloneSuspected
    }

    fn judge(&self, seen: &Observation, _: &Windows<'_>) -> Option<Hit> {
        (seen.seen == Seen::CloneSuspected).then(|| Hit {
            signal: self.signal(),
            weight: 55,
            about: Subject::Card,
            why: Why { of: "wrong-chip-keys", seen: 1, plausible: 0, seconds: 0 },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fraud::engine::Engine;
    use crate::fraud::in_process::InProcessWindows;
    use crate::fraud::score::LONE_MAX;
    use crate::fraud::testing::after;

    #[test]
    fn the_holder_of_a_copied_card_is_asked_for_more_and_not_sent_away() {
        let (engine, mut windows) = (Engine::new(), InProcessWindows::default());
        for minute in 0..50 {
            engine.observe(&mut windows, &after(minute * 60).saw(Seen::CloneSuspected).there(9));
        }
        let holder = engine.observe(&mut windows, &after(86_400));
        assert!(holder.hits.is_empty(), "nothing is wrong about this presence");
        assert!((40..=LONE_MAX).contains(&holder.risk.score), "{:?}", holder.risk);
        assert_eq!(
            engine.observe(&mut windows, &after(86_400).card(2)).risk.score,
            0,
            "nor about anybody else's"
        );
    }
}
