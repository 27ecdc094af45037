//! Reading and writing the fields of an object. Servers write the same thing in many ways: a value or a list of one, an id or the whole
//! object, a number or its digits, null or nothing. All of that is levelled out here, and every text is bounded, so that the types of the
//! vocabulary are plain.

use std::str::FromStr;

use names::ObjectUri;
use serde_json::{Map, Value};

use crate::Unreadable;
use crate::time;

/// The most entries of a list of ids or links that are kept.
pub const MAX_LIST: usize = 200;
/// The longest line (a name, a label) and the longest text, in characters.
pub const MAX_LINE: usize = 500;
pub const MAX_TEXT: usize = 50_000;

/// The fields of an object that have not been read yet.
pub struct Fields {
    map: Map<String, Value>,
}

impl Fields {
    pub fn of(value: Value) -> Result<Self, Unreadable> {
        match value {
            Value::Object(map) => Ok(Self { map }),
            _ => Err(Unreadable::NotAnObject),
        }
    }

    /// The type; of several the first.
    pub fn kind(&self) -> &str {
        let kind = self.map.get("type");
        let first = kind.and_then(|kind| kind.as_array()?.first());
        first.or(kind).and_then(Value::as_str).unwrap_or_default()
    }

    /// Refuses an object that is of none of these types.
    pub fn expect(&self, what: &'static str, kinds: &[&str]) -> Result<(), Unreadable> {
        let kind = self.kind();
        if kinds.contains(&kind) {
            return Ok(());
        }
        Err(Unreadable::Unexpected {
            expected: what,
            found: kind.chars().take(80).collect(),
        })
    }

    pub fn has(&self, key: &str) -> bool {
        self.map.get(key).is_some_and(|value| !value.is_null())
    }

    /// The value, or all values of a list.
    pub fn all(&mut self, key: &str) -> Vec<Value> {
        match self.map.remove(key) {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(values)) => values,
            Some(value) => vec![value],
        }
    }

    /// The value; of a list the first.
    pub fn one(&mut self, key: &str) -> Option<Value> {
        let value = self.all(key).into_iter().next();
        value.filter(|value| !value.is_null())
    }

    /// A text, cut to a number of characters. NUL characters, which databases refuse, are dropped.
    pub fn text(&mut self, key: &str, most: usize) -> Option<String> {
        match self.one(key)? {
            Value::String(text) => Some(clean(&text, most)),
            _ => None,
        }
    }

    /// A text on one line.
    pub fn line(&mut self, key: &str) -> Option<String> {
        self.text(key, MAX_LINE)
    }

    /// A number that is not negative; texts of digits are numbers as well.
    pub fn number(&mut self, key: &str) -> Option<u64> {
        number(&self.one(key)?)
    }

    pub fn flag(&mut self, key: &str) -> Option<bool> {
        match self.one(key)? {
            Value::Bool(flag) => Some(flag),
            Value::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// A time, in milliseconds since 1970.
    pub fn time(&mut self, key: &str) -> Option<i64> {
        let text = self.one(key)?;
        time::parse_rfc3339(text.as_str()?)
    }

    pub fn duration(&mut self, key: &str) -> Option<u64> {
        let seconds = time::parse_duration(self.one(key)?.as_str()?)?;
        i64::try_from(seconds).is_ok().then_some(seconds)
    }

    /// An address: given as such, or as an object that has it.
    pub fn uri<T: FromStr>(&mut self, key: &str) -> Option<T> {
        address(&self.one(key)?)
    }

    /// All addresses of a list that are any.
    pub fn uris<T: FromStr>(&mut self, key: &str) -> Vec<T> {
        let all = self.all(key);
        all.iter().filter_map(address).take(MAX_LIST).collect()
    }

    /// All lines of a list that are texts.
    pub fn lines(&mut self, key: &str, most: usize) -> Vec<String> {
        let all = self.all(key);
        let texts = all.iter().filter_map(Value::as_str);
        texts.map(|text| clean(text, MAX_LINE)).take(most).collect()
    }

    /// All objects of a list that can be read.
    pub fn objects<T>(
        &mut self,
        key: &str,
        most: usize,
        read: impl FnMut(Self) -> Option<T>,
    ) -> Vec<T> {
        let all = self.all(key).into_iter();
        let objects = all.filter_map(|value| Self::of(value).ok());
        objects.filter_map(read).take(most).collect()
    }
}

/// A field without which nothing can be done.
pub fn need<T>(what: &'static str, field: &'static str, value: Option<T>) -> Result<T, Unreadable> {
    value.ok_or(Unreadable::Field { what, field })
}

/// The address that a value is or has.
pub fn address<T: FromStr>(value: &Value) -> Option<T> {
    let text = match value {
        Value::String(text) => text,
        Value::Object(map) => {
            let keys = ["id", "href", "url"];
            keys.iter().find_map(|key| map.get(*key)?.as_str())?
        }
        _ => return None,
    };
    text.parse().ok()
}

fn number(value: &Value) -> Option<u64> {
    match value {
        // Some write times and sizes with a fraction; the largest exact float is far above any of them.
        Value::Number(number) => number.as_u64().or_else(|| {
            let float = number.as_f64()?;
            (0.0..9e15).contains(&float).then_some(float as u64)
        }),
        Value::String(text) if text.len() <= 20 => text.parse().ok(),
        _ => None,
    }
    .filter(|number| i64::try_from(*number).is_ok())
}

pub fn clean(text: &str, most: usize) -> String {
    text.chars().filter(|c| *c != '\0').take(most).collect()
}

/// The name of a hashtag without number signs and blanks around it.
pub fn hashtag(text: &str) -> Option<String> {
    let text = text.trim_start_matches(|c: char| c == '#' || c.is_whitespace());
    let name: String = text.chars().take(100).collect();
    let name = name.trim_end();
    (!name.is_empty()).then(|| name.to_owned())
}

/// Whether a text begins like an address with one of the schemes and is not too long.
pub fn has_scheme(text: &str, schemes: &[&str]) -> bool {
    let scheme = text.split_once(':').map(|(scheme, _)| scheme);
    text.len() <= 8 << 10 && scheme.is_some_and(|scheme| schemes.contains(&scheme))
}

/// The address of a file or a page on the web: http(s), absolute, at most 2000 bytes. It may be on any host, and says nothing about who
/// speaks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Link(ObjectUri);

impl Link {
    /// Reads an absolute http(s) address.
    pub fn parse(text: &str) -> Result<Self, names::Invalid> {
        ObjectUri::parse(text).map(Self)
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The host of the address.
    pub fn host(&self) -> names::Host {
        self.0.host()
    }
}

impl FromStr for Link {
    type Err = names::Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl std::fmt::Display for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// An object that is being written.
#[derive(Default)]
pub struct Writer {
    map: Map<String, Value>,
}

impl Writer {
    pub fn new(kind: &str) -> Self {
        Self::default().with("type", kind)
    }

    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.map.insert(key.to_owned(), value.into());
        self
    }

    /// Leaves the key out if there is nothing.
    pub fn maybe<T: Into<Value>>(self, key: &str, value: Option<T>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    pub fn address<T: ToString>(self, key: &str, value: Option<&T>) -> Self {
        self.maybe(key, value.map(T::to_string))
    }

    pub fn time(self, key: &str, value: Option<i64>) -> Self {
        self.maybe(key, value.map(time::rfc3339))
    }

    pub fn list<T: Into<Value>>(self, key: &str, values: impl IntoIterator<Item = T>) -> Self {
        let values: Vec<Value> = values.into_iter().map(Into::into).collect();
        self.with(key, values)
    }

    /// Leaves the key out if the list is empty.
    pub fn some<T: Into<Value>>(self, key: &str, values: impl IntoIterator<Item = T>) -> Self {
        let values: Vec<Value> = values.into_iter().map(Into::into).collect();
        if values.is_empty() {
            self
        } else {
            self.with(key, values)
        }
    }

    pub fn done(self) -> Value {
        Value::Object(self.map)
    }
}

/// What every type of the vocabulary has beside `read(Fields)` and `write()`: its ways from and to JSON.
macro_rules! vocabulary {
    ($($name:ty: $context:expr;)*) => {$(
        impl $name {
            /// Reads the object from JSON that came through [`crate::read()`].
            pub fn from_json(value: serde_json::Value) -> Result<Self, $crate::Unreadable> {
                Self::read($crate::fields::Fields::of(value)?)
            }

            /// Writes the object as it is embedded in another.
            pub fn to_json(&self) -> serde_json::Value {
                self.write()
            }

            /// Writes the object as a document of its own, with its `@context`.
            pub fn document(&self) -> serde_json::Value {
                $crate::context::document(self.write(), $context)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.write().serialize(serializer)
            }
        }
    )*};
}
pub(crate) use vocabulary;
