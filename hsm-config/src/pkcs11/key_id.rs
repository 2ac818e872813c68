//! Which generation is a key in the token, and when does it begin to sign?

use time::OffsetDateTime;

/// What a `CKA_ID` says: `profile's id ‖ generation (4) ‖ signs from (8, seconds since 1970)`, big-endian.
///
/// `CKA_START_DATE` has days only, and some modules drop it; every module keeps `CKA_ID`, every tool shows it, and it is
/// what certificates are matched by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct KeyId {
    /// From 1.
    pub(super) generation: u32,
    /// From when on it is the role's key.
    pub(super) signs_from: OffsetDateTime,
}

impl KeyId {
    pub(super) fn encode(self, prefix: &[u8]) -> Vec<u8> {
        let mut id = prefix.to_vec();
        id.extend(self.generation.to_be_bytes());
        id.extend(self.signs_from.unix_timestamp().to_be_bytes());
        id
    }

    /// None for an identifier that [`KeyId::encode`] did not make with that prefix.
    pub(super) fn decode(prefix: &[u8], id: &[u8]) -> Option<Self> {
        let (generation, seconds) = id.strip_prefix(prefix)?.split_first_chunk()?;
        let seconds = i64::from_be_bytes(seconds.try_into().ok()?);
        let signs_from = OffsetDateTime::from_unix_timestamp(seconds).ok()?;
        Some(Self { generation: u32::from_be_bytes(*generation), signs_from })
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::KeyId;

    #[test]
    fn an_id_comes_back() {
        let id = KeyId { generation: 7, signs_from: datetime!(2026-11-22 04:40:00 UTC) };
        assert_eq!(KeyId::decode(&[0xb1], &id.encode(&[0xb1])), Some(id));
        assert_eq!(id.encode(&[0xb1]).len(), 13);
    }

    #[test]
    fn an_id_of_somebody_else_does_not() {
        let id = KeyId { generation: 7, signs_from: datetime!(2026-11-22 04:40:00 UTC) }.encode(&[0xb1]);
        assert_eq!(KeyId::decode(&[0xb2], &id), None);
        assert_eq!(KeyId::decode(&[0xb1], &id[..12]), None);
        assert_eq!(KeyId::decode(&[0xb1], &[&id[..], &[0]].concat()), None);
        assert_eq!(KeyId::decode(&[0xb1], &[0xb1]), None);
        assert_eq!(KeyId::decode(&[0xb1], &[]), None);
        let mut never = id;
        never[5] = 0x7f;
        assert_eq!(KeyId::decode(&[0xb1], &never), None);
    }
}
