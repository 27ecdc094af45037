//! The one door through which JSON from other servers comes in. Everything behind it may recurse and loop without care, because here the
//! size, the depth and the number of values are bounded: too big or too deep is refused, long lists are cut. An object that has the same
//! key twice is refused as well, for two readers could understand two things.

use std::cell::{Cell, RefCell};
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// How much of a document is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest document, in bytes.
    pub bytes: usize,
    /// How many objects and lists may lie in one another.
    pub depth: usize,
    /// How many elements of a list are kept; those behind are passed over.
    pub items: usize,
    /// How many values there may be in all.
    pub values: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 1 << 20,
            depth: 32,
            items: 1000,
            values: 100_000,
        }
    }
}

/// Why a document is not understood: a sentence for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is longer than is read.
    #[error("the document has {0} bytes, more than are read")]
    TooLong(usize),
    /// Objects and lists lie too deep in one another.
    #[error("the document is nested deeper than {0} levels")]
    TooDeep(usize),
    /// There is too much in it.
    #[error("the document has more than {0} values")]
    TooMany(usize),
    /// A key occurs twice in one object.
    #[error("the document says “{0}” twice in one object")]
    Twice(String),
    /// It is not JSON.
    #[error("the document is not JSON: {0}")]
    Json(String),
    /// It is JSON, but not an object.
    #[error("the document is not a JSON object")]
    NotAnObject,
    /// A field without which nothing can be done is missing or makes no sense.
    #[error("{what} has no usable “{field}”")]
    Field {
        /// What was being read.
        what: &'static str,
        /// The field as it is called in JSON.
        field: &'static str,
    },
    /// Somebody says something about what is another's.
    #[error("{0}")]
    NotTheirs(&'static str),
    /// It is something else than was asked for.
    #[error("expected {expected}, found “{found}”")]
    Unexpected {
        /// What was asked for.
        expected: &'static str,
        /// The type it says it has.
        found: String,
    },
}

/// Reads a JSON object within the usual limits.
pub fn read(bytes: &[u8]) -> Result<Value, Unreadable> {
    read_within(bytes, &Limits::default())
}

/// Reads a JSON object within limits of the caller's choice.
pub fn read_within(bytes: &[u8], limits: &Limits) -> Result<Value, Unreadable> {
    if bytes.len() > limits.bytes {
        return Err(Unreadable::TooLong(bytes.len()));
    }
    let watch = Watch {
        limits,
        values: Cell::new(0),
        reason: RefCell::new(None),
    };
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let seed = Bounded {
        watch: &watch,
        depth: 0,
    };
    let value = seed
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value));
    match value {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err(Unreadable::NotAnObject),
        Err(error) => Err(watch
            .reason
            .take()
            .unwrap_or_else(|| Unreadable::Json(error.to_string()))),
    }
}

/// What all levels of one document share.
struct Watch<'a> {
    limits: &'a Limits,
    values: Cell<usize>,
    /// Our own reason, since the JSON library only carries a text.
    reason: RefCell<Option<Unreadable>>,
}

impl Watch<'_> {
    fn refuse<E: de::Error>(&self, reason: Unreadable) -> E {
        let error = E::custom(&reason);
        self.reason.replace(Some(reason));
        error
    }
}

#[derive(Clone, Copy)]
struct Bounded<'a> {
    watch: &'a Watch<'a>,
    depth: usize,
}

impl Bounded<'_> {
    fn deeper<E: de::Error>(self) -> Result<Self, E> {
        let depth = self.depth + 1;
        if depth > self.watch.limits.depth {
            return Err(self
                .watch
                .refuse(Unreadable::TooDeep(self.watch.limits.depth)));
        }
        Ok(Self { depth, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Bounded<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let values = self.watch.values.get() + 1;
        self.watch.values.set(values);
        if values > self.watch.limits.values {
            return Err(self
                .watch
                .refuse(Unreadable::TooMany(self.watch.limits.values)));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Bounded<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut items = Vec::new();
        while items.len() < self.watch.limits.items {
            match list.next_element_seed(inner)? {
                Some(item) => items.push(item),
                None => return Ok(Value::Array(items)),
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut map = Map::new();
        while let Some(key) = object.next_key::<String>()? {
            let value = object.next_value_seed(inner)?;
            if map.contains_key(&key) {
                let shown = key.chars().take(80).collect();
                return Err(self.watch.refuse(Unreadable::Twice(shown)));
            }
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read() {
        for (text, expected) in [
            (r#"{"a":[1,"b",null,true,1.5]}"#, None),
            ("[]", Some(Unreadable::NotAnObject)),
            ("1", Some(Unreadable::NotAnObject)),
            (r#"{"a":1,"a":2}"#, Some(Unreadable::Twice("a".into()))),
            (
                r#"{"b":{"a":1,"a":1}}"#,
                Some(Unreadable::Twice("a".into())),
            ),
        ] {
            assert_eq!(read(text.as_bytes()).err(), expected, "{text}");
        }
        for text in ["", "{", "{}}", "{}x", "{\"a\":\"\\ud800\"}", "{'a':1}"] {
            let error = read(text.as_bytes()).unwrap_err();
            assert!(matches!(error, Unreadable::Json(_)), "{text}: {error}");
        }
    }

    #[test]
    fn depth() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(nested(31).as_bytes()).is_ok());
        for depth in [32, 200, 100_000] {
            let error = read(nested(depth).as_bytes()).unwrap_err();
            assert_eq!(error, Unreadable::TooDeep(32), "{depth}");
        }
        // Without an end, and as objects.
        let error = read("{\"a\":".repeat(100_000).as_bytes()).unwrap_err();
        assert_eq!(error, Unreadable::TooDeep(32));
        // Among the elements that are passed over.
        let hidden = format!("{{\"a\":[{}{}]}}", "1,".repeat(2000), "[".repeat(100_000));
        assert!(matches!(read(hidden.as_bytes()), Err(Unreadable::Json(_))));
    }

    #[test]
    fn size() {
        let list = |items: usize| format!("{{\"tag\":[{}1]}}", "1,".repeat(items - 1));
        let cut = read(list(400_000).as_bytes()).unwrap();
        assert_eq!(cut["tag"].as_array().unwrap().len(), 1000);
        let long = list(1_000_000);
        assert_eq!(read(long.as_bytes()), Err(Unreadable::TooLong(long.len())));
        let keys: String = (0..120_000).map(|i| format!("\"{i:x}\":1,")).collect();
        let many = read(format!("{{{keys}\"end\":1}}").as_bytes());
        assert!(many.is_err());
        let keys: String = (0..90_000).map(|i| format!("\"{i:x}\":1,")).collect();
        let lists = format!("{{{keys}\"end\":[{}1]}}", "1,".repeat(20_000));
        assert!(read(lists.as_bytes()).is_ok());
    }
}
