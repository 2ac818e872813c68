//! Does this JSON say everything once?
//!
//! RFC 7519 §4 lets a parser take the last of two equal claims; two parsers that differ then disagree about
//! who the patient is. Here a name that comes twice, at any depth, refuses the whole.

use std::{collections::HashSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeOwned, MapAccess, SeqAccess, Visitor},
};

/// Reads JSON in which no object gives a name twice. Names that `T` does not know are allowed: a newer
/// node's tokens may say more.
pub(crate) fn read_once<T: DeserializeOwned>(json: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice::<SaidOnce>(json)?;
    serde_json::from_slice(json)
}

/// Any JSON value without a name given twice; keeps nothing. Depth is bounded by `serde_json` (128).
struct SaidOnce;

impl<'de> Deserialize<'de> for SaidOnce {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SaidOnceVisitor)
    }
}

struct SaidOnceVisitor;

impl<'de> Visitor<'de> for SaidOnceVisitor {
    type Value = SaidOnce;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<SaidOnce, E> {
        Ok(SaidOnce)
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<SaidOnce, E> {
        Ok(SaidOnce)
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<SaidOnce, E> {
        Ok(SaidOnce)
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<SaidOnce, E> {
        Ok(SaidOnce)
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<SaidOnce, E> {
        Ok(SaidOnce)
    }

    fn visit_unit<E: de::Error>(self) -> Result<SaidOnce, E> {
        Ok(SaidOnce)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<SaidOnce, A::Error> {
        while items.next_element::<SaidOnce>()?.is_some() {}
        Ok(SaidOnce)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<SaidOnce, A::Error> {
        let mut names = HashSet::new();
        while let Some((name, SaidOnce)) = members.next_entry::<String, SaidOnce>()? {
            if !names.insert(name) {
                return Err(de::Error::custom("a name comes twice"));
            }
        }
        Ok(SaidOnce)
    }
}
