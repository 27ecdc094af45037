//! What a type must know to be the value of a configuration key: how to read itself, how to show itself, and what to say is allowed.
//!
//! Everything can also be read from a string, because environment variables and flags have nothing else.

use std::net::SocketAddr;
use std::path::PathBuf;

use toml::Value;

/// The value of a configuration key.
pub trait Setting: Sized {
    /// What is allowed, as it ends the sentence "Allowed: ...".
    fn allowed() -> String;

    /// The value, if it is allowed.
    fn read(value: &Value) -> Option<Self>;

    /// The value as it would be written in the file.
    fn write(&self) -> Value;

    /// The value as it may be shown to anybody.
    fn show(&self) -> Value {
        self.write()
    }
}

impl Setting for String {
    fn allowed() -> String {
        "text of at most 1000 characters".into()
    }

    fn read(value: &Value) -> Option<String> {
        let text = value.as_str()?;
        (text.chars().count() <= 1000).then(|| text.to_owned())
    }

    fn write(&self) -> Value {
        Value::from(self.as_str())
    }
}

impl Setting for bool {
    fn allowed() -> String {
        "true, false".into()
    }

    fn read(value: &Value) -> Option<bool> {
        match value {
            Value::Boolean(yes) => Some(*yes),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    fn write(&self) -> Value {
        Value::from(*self)
    }
}

impl Setting for PathBuf {
    fn allowed() -> String {
        "a path".into()
    }

    fn read(value: &Value) -> Option<PathBuf> {
        value.as_str().map(PathBuf::from)
    }

    fn write(&self) -> Value {
        Value::from(self.to_string_lossy().as_ref())
    }
}

impl Setting for SocketAddr {
    fn allowed() -> String {
        "ADDRESS:PORT, such as 127.0.0.1:9000 or [::]:9000".into()
    }

    fn read(value: &Value) -> Option<SocketAddr> {
        value.as_str()?.trim().parse().ok()
    }

    fn write(&self) -> Value {
        Value::from(self.to_string())
    }
}

/// The items of a list, written as an array or, where there is only text, with commas.
pub fn items(value: &Value) -> Option<Vec<String>> {
    let item = |value: &Value| match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Integer(number) => Some(number.to_string()),
        _ => None,
    };
    match value {
        Value::Array(values) => values.iter().map(item).collect(),
        Value::String(text) if text.trim().is_empty() => Some(Vec::new()),
        Value::String(text) => Some(text.split(',').map(|item| item.trim().to_owned()).collect()),
        other => Some(vec![item(other)?]),
    }
}

/// A list as it is written in a file.
pub fn list<T: Into<Value>>(items: impl Iterator<Item = T>) -> Value {
    Value::Array(items.map(Into::into).collect())
}
