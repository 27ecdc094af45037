//! Numbers with a meaning: whole numbers within limits, sizes and quotas, spans of time, heights of videos.

use std::time::Duration;

use names::Quota;
use toml::Value;

use super::setting::{Setting, items, list};

/// A whole number from `LEAST` to `MOST`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whole<const LEAST: u32, const MOST: u32>(pub u32);

impl<const LEAST: u32, const MOST: u32> Setting for Whole<LEAST, MOST> {
    fn allowed() -> String {
        format!("a whole number from {LEAST} to {MOST}")
    }

    fn read(value: &Value) -> Option<Self> {
        let number = match value {
            Value::Integer(number) => u32::try_from(*number).ok()?,
            Value::String(text) => text.trim().parse().ok()?,
            _ => return None,
        };
        (LEAST..=MOST).contains(&number).then_some(Whole(number))
    }

    fn write(&self) -> Value {
        Value::from(i64::from(self.0))
    }
}

const UNITS: [(&str, u64); 4] = [
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1_000),
];

impl Setting for Quota {
    fn allowed() -> String {
        "\"unlimited\", or a size such as \"500MB\", \"5GB\" or \"1.5TB\"".into()
    }

    fn read(value: &Value) -> Option<Quota> {
        match value {
            Value::Integer(bytes) => Quota::from_number(*bytes).ok(),
            Value::String(text) => Quota::parse(text).ok(),
            _ => None,
        }
    }

    /// In the largest unit that leaves nothing over.
    fn write(&self) -> Value {
        let Quota::Bytes(bytes) = *self else {
            return Value::from("unlimited");
        };
        let exact = |(_, unit): &&(&str, u64)| bytes != 0 && bytes % unit == 0;
        let (name, unit) = UNITS.iter().find(exact).unwrap_or(&("B", 1));
        Value::from(format!("{}{name}", bytes / unit))
    }
}

/// A span of time in whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub Duration);

impl Setting for Span {
    fn allowed() -> String {
        "a number above 0 with s, m, h or d, such as \"90s\" or \"12h\"".into()
    }

    fn read(value: &Value) -> Option<Span> {
        let text = value.as_str()?.trim();
        let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let unit = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            "d" => 86_400,
            _ => return None,
        };
        let number: u32 = number.trim().parse().ok()?;
        (number > 0).then(|| Span(Duration::from_secs(u64::from(number) * unit)))
    }

    fn write(&self) -> Value {
        let seconds = self.0.as_secs();
        let (unit, name) = [(86_400, "d"), (3600, "h"), (60, "m")]
            .into_iter()
            .find(|(unit, _)| seconds.is_multiple_of(*unit))
            .unwrap_or((1, "s"));
        Value::from(format!("{}{name}", seconds / unit))
    }
}

/// Heights of renditions in pixels, the largest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heights(pub Vec<u32>);

const HEIGHTS: [u32; 8] = [144, 240, 360, 480, 720, 1080, 1440, 2160];

impl Setting for Heights {
    fn allowed() -> String {
        let known = HEIGHTS.map(|height| height.to_string()).join(", ");
        format!("a list with at least one of {known}")
    }

    fn read(value: &Value) -> Option<Heights> {
        let read = |item: &String| item.parse().ok().filter(|height| HEIGHTS.contains(height));
        let mut heights: Vec<u32> = items(value)?.iter().map(read).collect::<Option<_>>()?;
        heights.sort_unstable_by(|a, b| b.cmp(a));
        heights.dedup();
        (!heights.is_empty()).then_some(Heights(heights))
    }

    fn write(&self) -> Value {
        list(self.0.iter().map(|height| i64::from(*height)))
    }
}
