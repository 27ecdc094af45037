//! Numbers with a meaning: whole numbers within limits, amounts of bytes, spans of time, heights of videos.

use std::time::Duration;

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

/// An amount of bytes; None is unlimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount(pub Option<u64>);

const UNITS: [(&str, u64); 9] = [
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("B", 1),
];

impl Setting for Amount {
    fn allowed() -> String {
        "\"unlimited\", or a number with kB, MB, GB, TB (powers of 1000) or KiB, MiB, GiB, TiB (powers of 1024), such as \"5GB\"".into()
    }

    fn read(value: &Value) -> Option<Amount> {
        let text = match value {
            Value::Integer(bytes) => return Some(Amount(Some(u64::try_from(*bytes).ok()?))),
            Value::String(text) => text.trim(),
            _ => return None,
        };
        if text == "unlimited" {
            return Some(Amount(None));
        }
        let digits = text
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let unit = match unit.trim() {
            "" => 1,
            unit => {
                UNITS
                    .iter()
                    .find(|(name, _)| name.eq_ignore_ascii_case(unit))?
                    .1
            }
        };
        let bytes = number.parse::<u64>().ok()?.checked_mul(unit)?;
        // What is counted must fit into the databases' signed numbers.
        i64::try_from(bytes).ok()?;
        Some(Amount(Some(bytes)))
    }

    fn write(&self) -> Value {
        let Some(bytes) = self.0 else {
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
            .find(|(unit, _)| seconds % unit == 0)
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
