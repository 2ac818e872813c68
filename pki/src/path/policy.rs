//! Which certificate policies hold along the path? (RFC 5280 §6.1 with the graph of RFC 9618)
//!
//! RFC 5280's tree has a node per path through the mappings, and so doubles with every authority that maps two
//! policies to the same two (CVE-2023-0464). RFC 9618 keeps one node per policy and level with several parents: its
//! size is bounded by the octets of the certificates.

use super::PathReason;
use super::extensions::{ANY_POLICY, Read};
use super::profile::PolicyWish;
use der::asn1::ObjectIdentifier;
use std::collections::{BTreeMap, BTreeSet};

/// State of the policy part of path validation (état des politiques de certification).
pub(super) struct Policies<'a> {
    wish: &'a PolicyWish,
    /// None: the graph is NULL. The first level is the anchor's: anyPolicy alone.
    levels: Option<Vec<Level>>,
    explicit: u32,
    mapping: u32,
    any: u32,
}

#[derive(Default)]
struct Level {
    /// Whether there is a node for anyPolicy. Its parent is the one above.
    any: bool,
    nodes: BTreeMap<ObjectIdentifier, Node>,
}

/// One policy at one level.
#[derive(Default)]
struct Node {
    /// Policies of the level above whose expected policies have this one; none: anyPolicy of the level above.
    parents: Vec<ObjectIdentifier>,
    /// What a mapping made of it for the levels below; none: itself.
    mapped: Option<BTreeSet<ObjectIdentifier>>,
}

impl<'a> Policies<'a> {
    /// §6.1.2 for a path of `length` certificates without the anchor.
    pub(super) fn start(wish: &'a PolicyWish, length: usize) -> Self {
        let beyond = u32::try_from(length + 1).unwrap_or(u32::MAX);
        let unless = |inhibited: bool| if inhibited { 0 } else { beyond };
        let anchor = Level { any: true, nodes: BTreeMap::new() };
        Self {
            wish,
            levels: Some(vec![anchor]),
            explicit: unless(wish.require_explicit),
            mapping: unless(wish.inhibit_mapping),
            any: unless(wish.inhibit_any),
        }
    }

    /// §6.1.3 (d) to (f).
    pub(super) fn certificate(&mut self, certificate: &Read, last: bool) -> Result<(), PathReason> {
        let any_counts = self.any > 0 || (!last && certificate.is_self_issued());
        let next = match (&self.levels, &certificate.policies) {
            (Some(levels), Some(policies)) => levels.last().map(|above| below(above, policies, any_counts)),
            _ => None,
        };
        match (next.filter(|level| !level.is_empty()), &mut self.levels) {
            (Some(level), Some(levels)) => levels.push(level),
            _ => self.levels = None,
        }
        if self.explicit == 0 && self.levels.is_none() { Err(PathReason::Policy) } else { Ok(()) }
    }

    /// §6.1.4 (a), (b) and (h) to (j): what this authority says for those below it.
    pub(super) fn authority(&mut self, certificate: &Read) -> Result<(), PathReason> {
        if certificate.mappings.iter().any(|(from, to)| *from == ANY_POLICY || *to == ANY_POLICY) {
            return Err(PathReason::PolicyMapping);
        }
        self.map(&certificate.mappings);
        if !certificate.is_self_issued() {
            for counter in [&mut self.explicit, &mut self.mapping, &mut self.any] {
                *counter = counter.saturating_sub(1);
            }
        }
        for (counter, said) in [
            (&mut self.explicit, certificate.require_explicit_policy),
            (&mut self.mapping, certificate.inhibit_policy_mapping),
            (&mut self.any, certificate.inhibit_any_policy),
        ] {
            *counter = said.map_or(*counter, |said| said.min(*counter));
        }
        Ok(())
    }

    /// §6.1.5 (a), (b) and (g): the policies, of those wished for, that hold; all of them if none was wished for.
    pub(super) fn end(mut self, leaf: &Read) -> Result<Vec<ObjectIdentifier>, PathReason> {
        self.explicit = self.explicit.saturating_sub(1);
        if leaf.require_explicit_policy == Some(0) {
            self.explicit = 0;
        }
        let by_authorities = self.constrained_by_authorities();
        let holding: Vec<ObjectIdentifier> = match &self.wish.acceptable {
            None => by_authorities.into_iter().collect(),
            Some(wished) if by_authorities.contains(&ANY_POLICY) => wished.clone(),
            Some(wished) => wished.iter().copied().filter(|oid| by_authorities.contains(oid)).collect(),
        };
        if self.explicit == 0 && holding.is_empty() { Err(PathReason::Policy) } else { Ok(holding) }
    }

    fn map(&mut self, mappings: &[(ObjectIdentifier, ObjectIdentifier)]) {
        let Some(level) = self.levels.as_mut().and_then(|levels| levels.last_mut()) else { return };
        let mut grouped: BTreeMap<ObjectIdentifier, BTreeSet<ObjectIdentifier>> = BTreeMap::new();
        for (from, to) in mappings {
            grouped.entry(*from).or_default().insert(*to);
        }
        for (from, to) in grouped {
            if self.mapping == 0 {
                level.nodes.remove(&from);
            } else if let Some(node) = level.nodes.get_mut(&from) {
                node.mapped = Some(to);
            } else if level.any {
                level.nodes.insert(from, Node { parents: Vec::new(), mapped: Some(to) });
            }
        }
        if level.is_empty() {
            self.levels = None;
        }
    }

    /// RFC 9618 §5.6: from the leaf's level up along the parents; where anyPolicy is the parent, the policy is one of
    /// the anchor's own words.
    fn constrained_by_authorities(&self) -> BTreeSet<ObjectIdentifier> {
        let mut constrained = BTreeSet::new();
        let Some(levels) = &self.levels else { return constrained };
        let Some(leaf) = levels.last() else { return constrained };
        if leaf.any {
            constrained.insert(ANY_POLICY);
        }
        let mut reached: BTreeSet<ObjectIdentifier> = leaf.nodes.keys().copied().collect();
        for level in levels.iter().rev() {
            let mut above = BTreeSet::new();
            for (policy, node) in level.nodes.iter().filter(|(policy, _)| reached.contains(*policy)) {
                if node.parents.is_empty() {
                    constrained.insert(*policy);
                }
                above.extend(node.parents.iter().copied());
            }
            reached = above;
        }
        constrained
    }
}

impl Level {
    fn is_empty(&self) -> bool {
        !self.any && self.nodes.is_empty()
    }
}

/// The next level, for a certificate with these policies.
fn below(above: &Level, policies: &[ObjectIdentifier], any_counts: bool) -> Level {
    let mut expected: BTreeMap<ObjectIdentifier, Vec<ObjectIdentifier>> = BTreeMap::new();
    for (policy, node) in &above.nodes {
        match &node.mapped {
            None => expected.entry(*policy).or_default().push(*policy),
            Some(mapped) => mapped.iter().for_each(|to| expected.entry(*to).or_default().push(*policy)),
        }
    }
    let mut level = Level::default();
    for policy in policies.iter().filter(|policy| **policy != ANY_POLICY) {
        match expected.remove(policy) {
            Some(parents) => _ = level.nodes.insert(*policy, Node { parents, mapped: None }),
            None if above.any => _ = level.nodes.insert(*policy, Node::default()),
            None => {}
        }
    }
    if any_counts && policies.contains(&ANY_POLICY) {
        for (policy, parents) in expected {
            level.nodes.insert(policy, Node { parents, mapped: None });
        }
        level.any = above.any;
    }
    level
}
