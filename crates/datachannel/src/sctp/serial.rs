//! Numbers that wrap around (RFC 1982): one is after another when the way to it from there is the shorter one.

/// Whether `a` comes after `b`.
pub fn after(a: u32, b: u32) -> bool {
    let way = a.wrapping_sub(b);
    way != 0 && way < 1 << 31
}

#[cfg(test)]
mod tests {
    use super::after;

    #[test]
    fn around_the_corner() {
        for (a, b, expected) in [
            (1, 0, true),
            (0, 1, false),
            (7, 7, false),
            (0, u32::MAX, true),
            (u32::MAX, 0, false),
            (0x7fff_ffff, 0, true),
            (0x8000_0000, 0, false),
        ] {
            assert_eq!(after(a, b), expected, "{a} after {b}");
        }
    }
}
