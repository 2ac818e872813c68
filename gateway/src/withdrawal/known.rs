//! Is this session among what was withdrawn? Answered from memory, for every request.

use std::collections::HashMap;

use time::OffsetDateTime;
use uuid::Uuid;

use super::Withdrawn;
use super::store::Withdrawal;
use crate::limits::WITHDRAWAL_LEEWAY;
use crate::token::{BackEndClaims, PatientReference, SessionClaims};

/// What was withdrawn and has not expired.
#[derive(Default)]
pub(super) struct Known {
    sessions: HashMap<Uuid, Mark>,
    clients: HashMap<Box<str>, Mark>,
    cards: HashMap<Box<str>, Mark>,
    subjects: HashMap<Box<str>, Vec<OfSubject>>,
    keys: HashMap<Box<str>, Mark>,
}

/// A subject's mark, and at which establishment; everywhere without one.
type OfSubject = (Option<Box<str>>, Mark);

/// Why, of which tokens, and until when it matters.
#[derive(Clone, Copy)]
struct Mark {
    reason: &'static str,
    issued_before: OffsetDateTime,
    expires_at: OffsetDateTime,
}

/// What a token rests on, as far as it says.
pub(super) struct RestsOn<'a> {
    pub(super) ids: [Uuid; 2],
    pub(super) kid: Option<&'a str>,
    pub(super) client: &'a str,
    pub(super) establishment: &'a str,
    pub(super) card: Option<&'a str>,
    pub(super) subjects: [Option<&'a str>; 2],
    pub(super) since: OffsetDateTime,
}

impl<'a> RestsOn<'a> {
    pub(super) fn of_session(claims: &'a SessionClaims, kid: &'a str) -> Self {
        Self {
            ids: [claims.id, claims.token],
            kid: Some(kid),
            client: &claims.client_id,
            establishment: &claims.establishment,
            card: claims.presence.card.as_deref(),
            subjects: [Some(&claims.subject), claims.actor.as_deref()],
            since: claims.issued_at,
        }
    }

    /// Card and patient it names to the gateway alone.
    pub(super) fn of_back_end(claims: &'a BackEndClaims, patient: &'a PatientReference) -> Self {
        Self {
            ids: [claims.session, claims.token],
            kid: None,
            client: &claims.client_id,
            establishment: &claims.establishment,
            card: patient.card.as_deref(),
            subjects: [Some(&patient.subject), patient.guardian.as_deref()],
            // It may be newer than the withdrawal of what it came of.
            since: claims.authenticated_at,
        }
    }
}

impl Mark {
    /// A token is dated in whole seconds, by a node whose clock may be a little apart.
    fn means(&self, token: &RestsOn<'_>) -> bool {
        token.since <= self.issued_before + WITHDRAWAL_LEEWAY
    }

    /// What was withdrawn twice is withdrawn from the first time to the last.
    fn joined(self, other: Self) -> Self {
        Self {
            reason: other.reason,
            issued_before: self.issued_before.max(other.issued_before),
            expires_at: self.expires_at.max(other.expires_at),
        }
    }
}

impl Known {
    /// Why what rests on that is over, if it is.
    pub(super) fn verdict(&self, token: &RestsOn<'_>) -> Option<&'static str> {
        if let Some(mark) = token.ids.iter().find_map(|id| self.sessions.get(id)) {
            return Some(mark.reason);
        }
        if let Some(mark) = token.kid.and_then(|kid| self.keys.get(kid)) {
            return Some(mark.reason);
        }
        let named = |marks: &HashMap<Box<str>, Mark>, name: &str| {
            marks.get(name).filter(|mark| mark.means(token)).map(|mark| mark.reason)
        };
        named(&self.clients, token.client)
            .or_else(|| named(&self.clients, token.establishment))
            .or_else(|| token.card.and_then(|card| named(&self.cards, card)))
            .or_else(|| token.subjects.iter().flatten().find_map(|subject| self.of_subject(token, subject)))
    }

    fn of_subject(&self, token: &RestsOn<'_>, subject: &str) -> Option<&'static str> {
        let marks = self.subjects.get(subject)?;
        let meant = |(place, mark): &&OfSubject| {
            place.as_deref().is_none_or(|place| place == token.establishment) && mark.means(token)
        };
        marks.iter().find(meant).map(|(_, mark)| mark.reason)
    }

    pub(super) fn insert(&mut self, withdrawal: &Withdrawal) {
        let Withdrawal { what, reason, issued_before, expires_at, .. } = withdrawal;
        let mark = Mark { reason, issued_before: *issued_before, expires_at: *expires_at };
        match what {
            Withdrawn::Session(id) => join(&mut self.sessions, *id, mark),
            Withdrawn::Client(name) => join(&mut self.clients, name.as_str().into(), mark),
            Withdrawn::Card(name) => join(&mut self.cards, name.as_str().into(), mark),
            Withdrawn::Key(kid) => join(&mut self.keys, kid.as_str().into(), mark),
            Withdrawn::Patient(subject) => self.join_subject(subject, None, mark),
            Withdrawn::Consent { subject, establishment } => {
                self.join_subject(subject, Some(establishment), mark);
            }
        }
    }

    fn join_subject(&mut self, subject: &str, place: Option<&String>, mark: Mark) {
        let marks = self.subjects.entry(subject.into()).or_default();
        match marks.iter_mut().find(|(known, _)| known.as_deref() == place.map(String::as_str)) {
            Some((_, known)) => *known = known.joined(mark),
            None => marks.push((place.map(|place| place.as_str().into()), mark)),
        }
    }

    /// The names of keys that sign nothing any more.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.keys.keys().map(AsRef::as_ref)
    }

    pub(super) fn len(&self) -> usize {
        let subjects = self.subjects.values().map(Vec::len).sum::<usize>();
        self.sessions.len() + self.clients.len() + self.cards.len() + self.keys.len() + subjects
    }

    /// Forgets what expired.
    pub(super) fn sweep(&mut self, at: OffsetDateTime) {
        let alive = |mark: &Mark| mark.expires_at > at;
        self.sessions.retain(|_, mark| alive(mark));
        for marks in [&mut self.clients, &mut self.cards, &mut self.keys] {
            marks.retain(|_, mark| alive(mark));
        }
        self.subjects.retain(|_, marks| {
            marks.retain(|(_, mark)| alive(mark));
            !marks.is_empty()
        });
    }
}

fn join<K: std::hash::Hash + Eq>(marks: &mut HashMap<K, Mark>, name: K, mark: Mark) {
    marks.entry(name).and_modify(|known| *known = known.joined(mark)).or_insert(mark);
}
