//! In which of sixteen shares is a key, and in which epoch is each?
//!
//! A cluster has several masters, and one of them can lose its memory alone. So every key belongs to a share whose hash
//! tag stands in it, and each share has its own epoch, kept beside its keys: a script sees both at once.

use aws_lc_rs::digest::{SHA256, digest};
use redis::Value;
use time::OffsetDateTime;

use crate::state::{Epoch, EpochId, Space, StateError};

/// Shares of the keys: more than a cluster of this size has masters.
pub(super) const SHARES: u8 = 16;

/// Every key begins so, and an ACL may say it.
const PREFIX: &str = "bawaba";

/// The share of a key (*part*).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Share(u8);

/// The epochs of all shares, and of all together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Epochs {
    pub(super) whole: Epoch,
    of: Vec<EpochId>,
}

/// What one share says of itself.
pub(super) struct Heard {
    id: EpochId,
    since: OffsetDateTime,
    /// Whether it may throw away what is not past.
    pub(super) evicts: bool,
}

impl Share {
    pub(super) fn all() -> impl Iterator<Item = Self> {
        (0..SHARES).map(Self)
    }

    /// FNV-1a: the same at every node and in every release, which is all that is asked of it.
    pub(super) fn of(space: Space, name: &str) -> Self {
        let octets = space.name().bytes().chain(name.bytes());
        let hash = octets.fold(0xcbf2_9ce4_8422_2325_u64, |hash, octet| {
            (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3)
        });
        // Folded: of short names no single octet of the hash is mixed well.
        let folded = hash ^ (hash >> 32) ^ (hash >> 48);
        Self((folded % u64::from(SHARES)) as u8)
    }

    /// Where its epoch is written.
    pub(super) fn epoch_key(self) -> String {
        format!("{PREFIX}:{{{:x}}}:epoch", self.0)
    }

    /// A key in it. `kind` keeps apart what would not be of one type.
    pub(super) fn key(self, space: Space, kind: &str, name: &str) -> String {
        format!("{PREFIX}:{{{:x}}}:{}:{kind}:{name}", self.0, space.name())
    }
}

impl Epochs {
    /// Of all shares, in their order.
    pub(super) fn of(heard: &[Heard]) -> Self {
        let names: Vec<u8> = heard.iter().flat_map(|share| share.id.0).collect();
        let mut id = [0; 16];
        for (octet, hashed) in id.iter_mut().zip(digest(&SHA256, &names).as_ref()) {
            *octet = *hashed;
        }
        let since = heard.iter().map(|share| share.since).max().unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let of = heard.iter().map(|share| share.id).collect();
        Self { whole: Epoch { id: EpochId(id), since }, of }
    }

    /// The epoch of one share, as it was when the whole was that one.
    pub(super) fn in_share(&self, share: Share, whole: &Epoch) -> Result<EpochId, StateError> {
        let same = self.whole.id == whole.id;
        same.then(|| self.of.get(usize::from(share.0)).copied()).flatten().ok_or(StateError::MemoryLost)
    }
}

impl Heard {
    /// From the answer of the script: name, microseconds, standing.
    pub(super) fn read(answer: &Value) -> Option<Self> {
        let Value::Array(parts) = answer else { return None };
        let [Value::BulkString(id), Value::BulkString(since), Value::BulkString(standing)] = parts.as_slice()
        else {
            return None;
        };
        let mut name = [0; 16];
        hex::decode_to_slice(id, &mut name).ok()?;
        let micros: i128 = std::str::from_utf8(since).ok()?.parse().ok()?;
        let since = OffsetDateTime::from_unix_timestamp_nanos(micros.checked_mul(1_000)?).ok()?;
        let evicts = match standing.as_slice() {
            b"evicts" => true,
            b"keeps" => false,
            _ => return None,
        };
        Some(Self { id: EpochId(name), since, evicts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_says_its_share_and_every_share_is_used() {
        let mut used = std::collections::BTreeSet::new();
        for number in 0..1_000 {
            let share = Share::of(Space::DpopProof, &number.to_string());
            let key = share.key(Space::DpopProof, "spent", "a{b}c");
            assert!(key.starts_with(&format!("bawaba:{{{:x}}}:dpop-proof:spent:", share.0)), "{key}");
            used.insert(share.0);
        }
        assert_eq!(used.len(), usize::from(SHARES));
    }

    #[test]
    fn the_whole_is_another_when_one_share_is() {
        let heard = |last: u8| -> Vec<Heard> {
            (0..16)
                .map(|share| Heard {
                    id: EpochId([if share == 15 { last } else { share }; 16]),
                    since: OffsetDateTime::UNIX_EPOCH + time::Duration::seconds(i64::from(last)),
                    evicts: false,
                })
                .collect()
        };
        let (before, after) = (Epochs::of(&heard(15)), Epochs::of(&heard(16)));
        assert_ne!(before.whole.id, after.whole.id);
        assert!(after.whole.since > before.whole.since);
        let share = Share::of(Space::DpopProof, "x");
        assert!(after.in_share(share, &after.whole).is_ok());
        assert_eq!(after.in_share(share, &before.whole), Err(StateError::MemoryLost));
    }

    #[test]
    fn an_answer_that_is_not_ours_is_not_believed() {
        let text = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        let id = "00112233445566778899aabbccddeeff";
        let answer = |id, since, standing| Value::Array(vec![text(id), text(since), text(standing)]);
        assert!(Heard::read(&answer(id, "1700000000000000", "keeps")).is_some());
        for wrong in [
            answer("0011", "1700000000000000", "keeps"),
            answer(id, "-", "keeps"),
            answer(id, "999999999999999999999999999999999999999", "keeps"),
            answer(id, "1700000000000000", "maybe"),
            Value::Nil,
            Value::Array(vec![]),
        ] {
            assert!(Heard::read(&wrong).is_none(), "{wrong:?}");
        }
    }
}
