//! Is a certificate of this path revoked? (RFC 5280 §6.3.3, complete lists)
//!
//! A list counts if its issuer is the certificate's, its scope covers the certificate, and its signer is the issuer's
//! key in this path, another certificate of that name in this path, or one in the bag whose own path is valid.

use super::distribution::{ALL_REASONS, HOLD};
use super::list::Entry;
use super::profile::CRL_SIGN;
use super::search::{Goal, Place, Search};
use super::{PathCrl, PathReason, Profile};
use crate::{RevocationPolicy, RevocationStatus, limits};
use time::OffsetDateTime;

impl<'a> Search<'a> {
    /// The status of the certificate at `depth` of `path`, under the anchor `anchor`. Revoked by any list, however
    /// old, is revoked; held is refused until a newer list does not name it; otherwise the lists that count have to
    /// cover all reasons together. A list that is dated after the moment is not asked.
    pub(super) fn status(
        &mut self,
        path: &[Place],
        depth: usize,
        anchor: usize,
    ) -> Result<RevocationStatus, PathReason> {
        let validator = self.validator;
        let Some(place) = path.get(depth).copied() else { return Err(PathReason::NoIssuer) };
        let (read, serial) = (self.read(place)?, self.held(place).certificate.serial());
        let mut covered = 0;
        let mut oldest: Option<(OffsetDateTime, OffsetDateTime)> = None;
        let (mut held, mut released) = (None, None);
        for index in validator.lists_by_issuer.get(&read.issuer).into_iter().flatten().copied() {
            let Some(list) = validator.lists.get(index) else { continue };
            let reasons = list.scope.covers(read, &list.issuer);
            let fresh = list.next_update >= self.at || validator.revocation == RevocationPolicy::Report;
            let entry = list.entry(serial);
            let asked = reasons != 0 && list.this_update <= self.at && (fresh || entry.is_some());
            if !asked || !self.is_signed(index, list, path, depth, anchor)? {
                continue;
            }
            match entry {
                Some(Entry::Revoked) => return Err(PathReason::Revoked),
                Some(Entry::OnHold) => held = held.max(Some(list.this_update)),
                None if reasons & HOLD != 0 => released = released.max(Some(list.this_update)),
                None => {}
            }
            if fresh {
                covered |= reasons;
                let dates = (list.this_update, list.next_update);
                oldest = Some(oldest.map_or(dates, |known| (known.0.min(dates.0), known.1.min(dates.1))));
            }
        }
        if held.is_some() && held >= released {
            return Err(PathReason::OnHold);
        }
        match (oldest, validator.revocation) {
            (Some((this_update, next_update)), _) if covered == ALL_REASONS => {
                Ok(RevocationStatus::NotRevoked { this_update, next_update })
            }
            (_, RevocationPolicy::Report) => Ok(RevocationStatus::Unknown),
            (_, RevocationPolicy::RequireFresh) => Err(PathReason::RevocationUnknown),
        }
    }

    /// Whether somebody who may sign lists in the issuer's name signed this one. An error is the budget's.
    fn is_signed(
        &mut self,
        index: usize,
        list: &PathCrl,
        path: &[Place],
        depth: usize,
        anchor: usize,
    ) -> Result<bool, PathReason> {
        let above = path.get(depth + 1..).unwrap_or_default();
        for place in above.iter().copied() {
            if self.may_sign(place, list) && self.list_signed(index, list, place)? {
                return Ok(true);
            }
        }
        let bag = self.validator.bag_by_name.get(&list.issuer).into_iter().flatten();
        let anchors = self.validator.anchors_by_name.get(&list.issuer).into_iter().flatten();
        let places = bag.copied().map(Place::Bag).chain(anchors.copied().map(Place::Anchor));
        for place in places.filter(|place| !above.contains(place)) {
            self.meter.step()?;
            if self.may_sign(place, list)
                && self.list_signed(index, list, place)?
                && self.is_believed(place, anchor)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn may_sign(&self, place: Place, list: &PathCrl) -> bool {
        let held = self.held(place);
        let identifier = held.certificate.subject_key_identifier();
        let other_key = list.authority_key.is_some()
            && identifier.is_some()
            && list.authority_key.as_deref() != identifier;
        !other_key && held.read.as_ref().is_ok_and(|read| read.subject == list.issuer && read.may(CRL_SIGN))
    }

    /// Whether a signer beside the path stands under the same anchor, valid and not revoked. A signer whose status is
    /// told only by its own list is believed as far as that list does not name it: nobody else could say.
    fn is_believed(&mut self, place: Place, anchor: usize) -> Result<bool, PathReason> {
        if place == Place::Anchor(anchor) || self.judging.contains(&place) {
            return Ok(true);
        }
        if matches!(place, Place::Anchor(_)) || self.judging.len() >= limits::PATH_LIST_NESTING {
            return Ok(false);
        }
        self.judging.push(place);
        let profile = Profile::plain();
        let found = self.find(place, &Goal { profile: &profile, anchor: Some(anchor) });
        self.judging.pop();
        match found {
            Ok(_) => Ok(true),
            Err(refusal) if refusal.reason.is_budget() => Err(refusal.reason),
            Err(_) => Ok(false),
        }
    }

    fn list_signed(&mut self, index: usize, list: &PathCrl, place: Place) -> Result<bool, PathReason> {
        let signer = self.held(place);
        let edge = (index, signer.key_name.as_slice());
        if let Some(known) = self.list_edges.get(&edge) {
            return Ok(*known);
        }
        self.meter.signature()?;
        let holds = signer.key().is_ok_and(|key| list.signed_with(key).is_ok());
        self.list_edges.insert(edge, holds);
        Ok(holds)
    }
}
