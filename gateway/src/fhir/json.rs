//! What does a JSON text say, and does it say it only once?

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Members of an object up to which each is compared with each; beyond, a set is cheaper.
const FEW: usize = 16;

/// JSON as far as references are sought in it; texts are those of the bytes where no escape stands in them.
///
/// A key that stands twice in an object is an error, in whatever case: two readers may each believe another one of the
/// two, and some fold case (Newtonsoft, Go). A key beyond ASCII is none of FHIR's, and one of those may fold into ours.
#[derive(Debug, PartialEq)]
pub(crate) enum Json<'a> {
    Array(Vec<Json<'a>>),
    /// Numbers, truth values, null.
    Other,
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
    Text(Cow<'a, str>),
}

impl<'a> Json<'a> {
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// The member of an object.
    pub(crate) fn member(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The text of a member of an object.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.member(key).and_then(Self::as_text)
    }

    /// Itself, where it is a text.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Its elements, where it is an array; itself alone, where it is not.
    pub(crate) fn elements(&self) -> &[Self] {
        match self {
            Self::Array(elements) => elements,
            one => std::slice::from_ref(one),
        }
    }
}

impl<'de> Deserialize<'de> for Json<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Json::Other)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Json::Other)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Json::Other)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Json::Other)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Json::Other)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Json::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut array = Vec::new();
        while let Some(element) = elements.next_element()? {
            array.push(element);
        }
        Ok(Json::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut object: Vec<(Cow<'de, str>, Json<'de>)> = Vec::new();
        let mut many = HashSet::new();
        while let Some(Key(name)) = members.next_key()? {
            let twice = if object.len() < FEW {
                object.iter().any(|(known, _)| known.eq_ignore_ascii_case(&name))
            } else {
                if many.is_empty() {
                    many.extend(object.iter().map(|(known, _)| known.to_ascii_lowercase()));
                }
                !many.insert(name.to_ascii_lowercase())
            };
            if twice || !name.is_ascii() {
                return Err(A::Error::custom("a key stands twice, or is none of FHIR's"));
            }
            let value = members.next_value()?;
            object.push((name, value));
        }
        Ok(Json::Object(object))
    }
}

/// The key of a member, borrowed where it can be.
struct Key<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;

        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Borrowed(text)))
            }
        }

        deserializer.deserialize_str(KeyVisitor)
    }
}
