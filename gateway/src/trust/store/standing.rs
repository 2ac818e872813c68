//! Who of a snapshot is believed, and why not the others?

use std::collections::{BTreeMap, BTreeSet};

use super::snapshot::{Action, Decision, Entry, ObjectKind, Snapshot, Source, Voucher};

/// Where one object stands (situation).
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Standing {
    /// A source vouches for it, or a link that ends at one.
    Believed,
    /// The operator vouches for it, whatever lists say.
    Pinned,
    /// The operator distrusts its key.
    Distrusted,
    /// Only somebody who is not believed vouches for it.
    Fallen,
}

impl Standing {
    pub(crate) fn is_believed(self) -> bool {
        matches!(self, Self::Believed | Self::Pinned)
    }

    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Believed => "believed",
            Self::Pinned => "pinned",
            Self::Distrusted => "distrusted",
            Self::Fallen => "fallen",
        }
    }
}

/// One object with all that is known of it.
#[derive(Debug)]
pub(crate) struct Known<'a> {
    pub(crate) fingerprint: &'a str,
    pub(crate) kind: ObjectKind,
    pub(crate) key: &'a str,
    pub(crate) standing: Standing,
    /// The names of the sources that hold it.
    pub(crate) sources: BTreeSet<&'a str>,
    pub(crate) issuers: BTreeSet<&'a str>,
    pub(crate) deviations: BTreeSet<&'a str>,
    pub(crate) decision: Option<&'a Decision>,
}

impl Snapshot {
    /// Every object once, by fingerprint.
    pub(crate) fn known(&self) -> BTreeMap<&str, Known<'_>> {
        let believed = self.believed_keys();
        let distrusted = self.distrusted_keys();
        let mut known: BTreeMap<&str, Known<'_>> = BTreeMap::new();
        for (name, source, entry) in self.entries() {
            let standing = match entry.kind {
                _ if distrusted.contains(entry.key.as_str()) => Standing::Distrusted,
                kind if kind.is_csca() && !vouched(source, entry, &believed, &distrusted) => Standing::Fallen,
                _ => Standing::Believed,
            };
            let one = known
                .entry(&entry.fingerprint)
                .or_insert_with(|| Known::new(&entry.fingerprint, entry.kind, &entry.key));
            one.sources.insert(name);
            one.issuers.extend(entry.issuers.iter().map(String::as_str));
            one.deviations.extend(entry.deviations.iter().map(String::as_str));
            if one.standing == Standing::Fallen {
                one.standing = standing;
            }
        }
        for decision in &self.decisions {
            let one = known
                .entry(&decision.fingerprint)
                .or_insert_with(|| Known::new(&decision.fingerprint, decision.kind, &decision.key));
            one.decision = Some(decision);
            one.standing = match decision.action {
                _ if distrusted.contains(decision.key.as_str()) => Standing::Distrusted,
                Action::Pin => Standing::Pinned,
                Action::Distrust => one.standing,
            };
        }
        known
    }

    /// From what operator and lists vouch for, along the links. Each round believes another key or is the last, so
    /// loops of links end, and a loop that nobody vouches for is never entered.
    pub(crate) fn believed_keys(&self) -> BTreeSet<&str> {
        let distrusted = self.distrusted_keys();
        let pinned = self.decisions.iter().filter(|decision| decision.action == Action::Pin);
        let mut believed: BTreeSet<&str> =
            pinned.map(|decision| decision.key.as_str()).filter(|key| !distrusted.contains(key)).collect();
        let mut open: Vec<(&Source, &Entry)> = self
            .entries()
            .filter(|(_, _, entry)| entry.kind.is_csca() && !distrusted.contains(entry.key.as_str()))
            .map(|(_, source, entry)| (source, entry))
            .collect();
        loop {
            let (reached, left): (Vec<_>, Vec<_>) =
                open.into_iter().partition(|(source, entry)| vouched(source, entry, &believed, &distrusted));
            if reached.is_empty() {
                return believed;
            }
            believed.extend(reached.iter().map(|(_, entry)| entry.key.as_str()));
            open = left;
        }
    }

    pub(crate) fn distrusted_keys(&self) -> BTreeSet<&str> {
        let distrusts = self.decisions.iter().filter(|decision| decision.action == Action::Distrust);
        distrusts.map(|decision| decision.key.as_str()).collect()
    }

    fn entries(&self) -> impl Iterator<Item = (&str, &Source, &Entry)> {
        self.sources
            .iter()
            .flat_map(|(name, source)| source.entries.iter().map(move |entry| (name.as_str(), source, entry)))
    }
}

/// Whether somebody who is believed vouches for this entry of this source.
fn vouched(source: &Source, entry: &Entry, believed: &BTreeSet<&str>, distrusted: &BTreeSet<&str>) -> bool {
    match entry.voucher {
        Voucher::Operator => true,
        Voucher::Issuer => entry.issuers.iter().any(|issuer| believed.contains(issuer.as_str())),
        Voucher::List(place) => source
            .lists
            .get(place)
            .is_some_and(|list| !list.rests_on.iter().any(|key| distrusted.contains(key.as_str()))),
    }
}

impl<'a> Known<'a> {
    fn new(fingerprint: &'a str, kind: ObjectKind, key: &'a str) -> Self {
        Self {
            fingerprint,
            kind,
            key,
            standing: Standing::Fallen,
            sources: BTreeSet::new(),
            issuers: BTreeSet::new(),
            deviations: BTreeSet::new(),
            decision: None,
        }
    }
}
