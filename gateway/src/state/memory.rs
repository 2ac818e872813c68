//! What does one space of this process remember?

use std::time::Duration;

use time::OffsetDateTime;

use super::remembered::Remembered;
use super::window::{Look, Window};
use super::{Entered, StateError, Taken};
use crate::limits::{
    STATE_KEPT_MAX, STATE_KEPT_OCTETS_MAX, STATE_NAMES_MAX, STATE_SPENT_MAX, STATE_WINDOWS_MAX,
    STATE_WINDOWS_OCTETS_MAX,
};

/// One space.
pub(super) struct Memory {
    pub(super) kept: Remembered<Kept>,
    pub(super) spent: Remembered<()>,
    pub(super) counts: Remembered<u64>,
    pub(super) rooms: Remembered<Remembered<()>>,
    pub(super) windows: Remembered<Window>,
}

/// None: taken. It is remembered for the rest of its life.
pub(super) struct Kept {
    pub(super) holder: Box<str>,
    pub(super) value: Option<Vec<u8>>,
}

impl Memory {
    pub(super) fn new() -> Self {
        Self {
            kept: Remembered::new(STATE_KEPT_MAX, STATE_KEPT_OCTETS_MAX),
            spent: Remembered::new(STATE_SPENT_MAX, 0),
            counts: Remembered::new(STATE_NAMES_MAX, 0),
            rooms: Remembered::new(STATE_NAMES_MAX, 0),
            windows: Remembered::new(STATE_WINDOWS_MAX, STATE_WINDOWS_OCTETS_MAX),
        }
    }

    pub(super) fn take(&mut self, key: &str, holder: &str, at: OffsetDateTime) -> Taken {
        let Some(kept) = self.kept.get(key, at) else { return Taken::Unknown };
        if *kept.holder != *holder {
            return Taken::AnothersOwn;
        }
        let Some(value) = kept.value.take() else { return Taken::Before };
        self.kept.lighten(key);
        Taken::Now(value)
    }

    pub(super) fn enter(
        &mut self,
        room: &str,
        (member, most): (&str, usize),
        life: Duration,
        at: OffsetDateTime,
    ) -> Result<Entered, StateError> {
        if self.rooms.get(room, at).is_none()
            && !self.rooms.insert(room, (Remembered::new(most, 0), 0), life, at)
        {
            return Err(StateError::Full);
        }
        self.rooms.extend(room, life, at);
        let inside = self.rooms.get(room, at).ok_or(StateError::Full)?;
        if inside.get(member, at).is_some() {
            inside.extend(member, life, at);
            return Ok(Entered::Yes);
        }
        while inside.forget(at) {}
        let entered = inside.insert(member, ((), 0), life, at);
        Ok(if entered { Entered::Yes } else { Entered::Full })
    }

    pub(super) fn window(
        &mut self,
        key: &str,
        look: &Look<'_>,
        at: OffsetDateTime,
    ) -> Result<Vec<Vec<u8>>, StateError> {
        if let Some(entry) = look.entry {
            let new = self.windows.get(key, at).is_none();
            let room = self.windows.has_room(entry.len() + 1)
                && (!new || self.windows.insert(key, (Window::default(), 0), look.keep, at));
            if !room {
                return Err(StateError::Full);
            }
            self.windows.extend(key, look.keep, at);
        }
        let Some(window) = self.windows.get(key, at) else { return Ok(Vec::new()) };
        let seen = window.look(look);
        let octets = window.octets();
        self.windows.weigh(key, octets);
        Ok(seen)
    }
}
