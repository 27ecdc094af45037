//! Sizes in bytes as people write them, and quotas, which may be unlimited.

use crate::Invalid;

const UNITS: [(&str, u64); 5] = [
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1_000),
    ("B", 1),
];

/// Reads `5GB`, `1.5 MB` or a plain number of bytes (units are powers of ten).
pub fn parse_size(text: &str) -> Result<u64, Invalid> {
    let bad = || Invalid::new("a size is a number of bytes or a text like 500MB, 5GB or 1.5TB");
    let upper = text.trim().to_uppercase();
    let (number, unit) = UNITS
        .iter()
        .find_map(|(name, unit)| upper.strip_suffix(name).map(|n| (n.trim(), *unit)))
        .unwrap_or((&upper, 1));
    let value: f64 = number.parse().map_err(|_| bad())?;
    let bytes = value * unit as f64;
    if !bytes.is_finite() || bytes < 0.0 || bytes > i64::MAX as f64 {
        return Err(bad());
    }
    Ok(bytes as u64)
}

/// Writes a size with one decimal in the largest unit that fits.
pub fn human_size(bytes: u64) -> String {
    for (name, unit) in UNITS {
        if bytes >= unit && unit > 1 {
            let text = format!("{:.1}", bytes as f64 / unit as f64);
            return format!("{} {name}", text.strip_suffix(".0").unwrap_or(&text));
        }
    }
    format!("{bytes} B")
}

/// How many bytes a user may store: a number, or no limit. The API and the database write
/// "no limit" as -1, as PeerTube does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quota {
    Unlimited,
    Bytes(u64),
}

impl Quota {
    /// Reads the API's number.
    pub fn from_number(number: i64) -> Result<Self, Invalid> {
        match number {
            -1 => Ok(Self::Unlimited),
            n if n >= 0 => Ok(Self::Bytes(n as u64)),
            _ => Err(Invalid::new(
                "a quota is -1 (no limit) or a number of bytes",
            )),
        }
    }

    /// Writes the API's number.
    pub fn number(self) -> i64 {
        match self {
            Self::Unlimited => -1,
            Self::Bytes(n) => i64::try_from(n).unwrap_or(i64::MAX),
        }
    }

    /// Reads the configuration's text: `unlimited` or a size.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text.trim().eq_ignore_ascii_case("unlimited") || text.trim() == "-1" {
            return Ok(Self::Unlimited);
        }
        parse_size(text)
            .map(Self::Bytes)
            .map_err(|e| Invalid::new(format!("a quota is \"unlimited\" or a size; {e}")))
    }

    /// Whether `used` bytes and `more` on top stay within the quota.
    pub fn allows(self, used: u64, more: u64) -> bool {
        match self {
            Self::Unlimited => true,
            Self::Bytes(max) => used.saturating_add(more) <= max,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, bytes) in [
            ("0", 0),
            ("17", 17),
            ("5GB", 5_000_000_000),
            ("1.5 mb", 1_500_000),
            ("2KB", 2000),
            ("10 B", 10),
        ] {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for text in ["", "GB", "-1", "1e40GB", "NaN", "five"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
        assert_eq!(human_size(1_500_000), "1.5 MB");
        assert_eq!(human_size(2_000_000_000), "2 GB");
        assert_eq!(human_size(999), "999 B");
    }

    #[test]
    fn quotas() {
        assert_eq!(Quota::parse("unlimited"), Ok(Quota::Unlimited));
        assert!(Quota::Bytes(10).allows(4, 6));
        assert!(!Quota::Bytes(10).allows(4, 7));
        assert!(!Quota::Bytes(10).allows(u64::MAX, 7));
        assert!(Quota::from_number(-2).is_err());
    }
}
