//! Which way leads from this certificate to an anchor? (path building, RFC 4158)
//!
//! Depth first from the leaf upwards, the likeliest issuers first: key identifiers that fit, valid now, marked as an
//! authority. None of these hints decides; only the signature and [`super::judge`] do. No name with the same key comes
//! twice into one path (RFC 4158 §5.2), and every step is paid for.

use super::budget::{Meter, Work};
use super::judge::Judged;
use super::{Budget, FaultyCertificate, Held, PathError, PathReason, PathValidator, Profile};
use crate::{PkiError, limits};
use std::collections::HashMap;
use time::OffsetDateTime;

/// Where a certificate lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Place {
    Leaf,
    Bag(usize),
    Anchor(usize),
}

/// One validation under way.
pub(super) struct Search<'a> {
    pub(super) validator: &'a PathValidator,
    leaf: &'a Held,
    pub(super) at: OffsetDateTime,
    pub(super) meter: Meter,
    /// Signatures already computed, by signed certificate and signer's key.
    edges: HashMap<(Place, &'a [u8]), Result<(), PkiError>>,
    /// The same for lists.
    pub(super) list_edges: HashMap<(usize, &'a [u8]), bool>,
    /// List signers whose own status is being asked for.
    pub(super) judging: Vec<Place>,
}

/// What a path has to lead to.
pub(super) struct Goal<'p> {
    pub(super) profile: &'p Profile,
    /// Only this anchor will do (RFC 5280 §6.3.3 (f): a list's signer stands under the certificate's own anchor).
    pub(super) anchor: Option<usize>,
}

/// Why a candidate failed, and how far it had come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refusal {
    pub(super) reason: PathReason,
    pub(super) place: Place,
    pub(super) depth: usize,
    /// Higher came further: a complete path further than any that found no anchor.
    rank: usize,
}

impl Refusal {
    pub(super) fn judged(reason: PathReason, place: Place, depth: usize) -> Self {
        Self { reason, place, depth, rank: limits::PATH_DEPTH + 1 }
    }
}

impl<'a> Search<'a> {
    pub(super) fn new(
        validator: &'a PathValidator,
        leaf: &'a Held,
        at: OffsetDateTime,
        budget: Budget,
    ) -> Self {
        Self {
            validator,
            leaf,
            at,
            meter: Meter::new(budget),
            edges: HashMap::new(),
            list_edges: HashMap::new(),
            judging: Vec::new(),
        }
    }

    /// A path from `from` that is valid for `goal`, or why the best candidate is not.
    pub(super) fn find(&mut self, from: Place, goal: &Goal<'_>) -> Result<Judged, Refusal> {
        let mut best = None;
        match self.walk(&mut vec![from], goal, &mut best)? {
            Some(judged) => Ok(judged),
            None => {
                Err(best.unwrap_or(Refusal { reason: PathReason::NoIssuer, place: from, depth: 0, rank: 0 }))
            }
        }
    }

    /// Tries all issuers of the last certificate in `path`. `Err` ends everything: the budget is spent.
    fn walk(
        &mut self,
        path: &mut Vec<Place>,
        goal: &Goal<'_>,
        best: &mut Option<Refusal>,
    ) -> Result<Option<Judged>, Refusal> {
        let Some(child) = path.last().copied() else { return Ok(None) };
        let depth = path.len() - 1;
        let issuers = match self.read(child) {
            Ok(_) => self.issuers_of(child),
            Err(reason) => {
                note(best, Refusal { reason, place: child, depth, rank: depth });
                return Ok(None);
            }
        };
        let mut unsigned = PathReason::NoIssuer;
        for issuer in issuers {
            let refused = |reason| Refusal { reason, place: child, depth, rank: depth };
            self.meter.step().map_err(refused)?;
            if goal.anchor.is_some_and(|wanted| matches!(issuer, Place::Anchor(found) if found != wanted))
                || self.is_repeated(path, issuer)
            {
                continue;
            }
            if let Err(reason) = self.signed(child, issuer).map_err(refused)? {
                unsigned = if unsigned == PathReason::NoIssuer { reason } else { unsigned };
                continue;
            }
            path.push(issuer);
            let found = match issuer {
                Place::Anchor(anchor) => match self.judge(path, anchor, goal.profile) {
                    Ok(judged) => Some(judged),
                    Err(refusal) if refusal.reason.is_budget() => return Err(refusal),
                    Err(refusal) => {
                        note(best, refusal);
                        None
                    }
                },
                _ if path.len() >= limits::PATH_DEPTH => {
                    note(
                        best,
                        Refusal {
                            reason: PathReason::TooDeep,
                            place: issuer,
                            depth: depth + 1,
                            rank: depth + 1,
                        },
                    );
                    None
                }
                _ => self.walk(path, goal, best)?,
            };
            if found.is_some() {
                return Ok(found);
            }
            path.pop();
        }
        note(best, Refusal { reason: unsigned, place: child, depth, rank: depth });
        Ok(None)
    }

    /// Those who bear the issuer's name, anchors first, then by how well the hints fit.
    fn issuers_of(&self, child: Place) -> Vec<Place> {
        let held = self.held(child);
        let Ok(read) = &held.read else { return Vec::new() };
        let of = |index: &HashMap<_, Vec<usize>>| index.get(&read.issuer).cloned().unwrap_or_default();
        let anchors = of(&self.validator.anchors_by_name).into_iter().map(Place::Anchor);
        let bag = of(&self.validator.bag_by_name).into_iter().map(Place::Bag);
        let mut issuers: Vec<Place> = anchors.chain(bag).collect();
        let wanted = held.certificate.authority_key_identifier();
        issuers.sort_by_key(|place| {
            let issuer = self.held(*place);
            let identifier = issuer.certificate.subject_key_identifier();
            let other_key = wanted.is_some() && identifier.is_some() && wanted != identifier;
            let outside = issuer.certificate.valid_at(self.at).is_err();
            let no_authority = !matches!(&issuer.read, Ok(read) if read.authority == Some(true));
            (other_key, outside, no_authority, !matches!(place, Place::Anchor(_)))
        });
        issuers
    }

    /// Whether this name with this key is in the path already.
    fn is_repeated(&self, path: &[Place], issuer: Place) -> bool {
        let candidate = self.held(issuer);
        path.iter().any(|place| {
            let held = self.held(*place);
            *place == issuer
                || (held.certificate.public_key_info() == candidate.certificate.public_key_info()
                    && matches!((&held.read, &candidate.read), (Ok(one), Ok(other)) if one.subject == other.subject))
        })
    }

    /// Whether the key of `issuer` signed `child`; the outer error is the budget's.
    fn signed(&mut self, child: Place, issuer: Place) -> Result<Result<(), PathReason>, PathReason> {
        let edge = (child, self.held(issuer).key_name.as_slice());
        if let Some(known) = self.edges.get(&edge) {
            return Ok(known.map_err(PathReason::from));
        }
        self.meter.signature()?;
        let (child, issuer) = (self.held(child), self.held(issuer));
        let holds = issuer.key().and_then(|key| child.certificate.signed_with(key));
        self.edges.insert(edge, holds);
        Ok(holds.map_err(PathReason::from))
    }

    pub(super) fn held(&self, place: Place) -> &'a Held {
        let found = match place {
            Place::Leaf => None,
            Place::Bag(index) => self.validator.bag.get(index),
            Place::Anchor(index) => self.validator.anchors.get(index),
        };
        found.unwrap_or(self.leaf)
    }

    pub(super) fn read(&self, place: Place) -> Result<&'a super::extensions::Read, PathReason> {
        self.held(place).read.as_ref().map_err(|reason| *reason)
    }

    /// The refusal as the caller sees it.
    pub(super) fn error(&self, refusal: Refusal) -> PathError {
        let der = || self.held(refusal.place).certificate.der().to_vec();
        PathError {
            reason: refusal.reason,
            certificate: (!refusal.reason.is_budget())
                .then(|| FaultyCertificate { depth: refusal.depth, der: der() }),
            work: self.work(),
        }
    }

    pub(super) fn work(&self) -> Work {
        self.meter.work
    }
}

/// The furthest refusal counts, the first of equals: the likeliest candidate was tried first.
fn note(best: &mut Option<Refusal>, refusal: Refusal) {
    if best.is_none_or(|known| known.rank < refusal.rank) {
        *best = Some(refusal);
    }
}
