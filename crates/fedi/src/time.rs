//! Times and durations as texts: RFC 3339 in objects, RFC 9110 in the `Date` header, ISO 8601 durations (`PT12S`). Inside the pod a time is
//! milliseconds since 1970. Written here in a few lines, because a calendar with time zones is far more than three formats need.

const DAY: i64 = 86_400_000;
const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
/// The last millisecond of the year 9999: texts have four digits for the year.
const LAST: i64 = 253_402_300_799_999;

/// Writes milliseconds since 1970 as `2026-11-23T06:45:52.123Z` (RFC 3339). Times before 1970 and after 9999 become the nearest
/// that can be written.
pub fn rfc3339(time: i64) -> String {
    let time = time.clamp(0, LAST);
    let (year, month, day) = date_of(time.div_euclid(DAY));
    let rest = time.rem_euclid(DAY);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
        rest / 3_600_000,
        rest / 60_000 % 60,
        rest / 1000 % 60,
        rest % 1000
    )
}

/// Reads a time of RFC 3339 with any offset, from 1970 to 9999; a leap second counts as the second before it.
pub fn parse_rfc3339(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if !text.is_ascii() || !(20..=40).contains(&bytes.len()) {
        return None;
    }
    let marks = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
    if marks.iter().any(|(at, mark)| bytes[*at] != *mark) || !b"Tt ".contains(&bytes[10]) {
        return None;
    }
    let date = day_of(
        digits(&text[0..4])?,
        digits(&text[5..7])?,
        digits(&text[8..10])?,
    )?;
    let clock = clock(
        digits(&text[11..13])?,
        digits(&text[14..16])?,
        digits(&text[17..19])?,
    )?;
    let (millis, zone) = match text[19..].strip_prefix('.') {
        Some(rest) => {
            let end = rest.find(|c: char| !c.is_ascii_digit())?;
            let mut fraction = rest.get(..end.min(3)).filter(|f| !f.is_empty())?.to_owned();
            while fraction.len() < 3 {
                fraction.push('0');
            }
            (digits(&fraction)?, &rest[end..])
        }
        None => (0, &text[19..]),
    };
    let offset = match zone.as_bytes() {
        b"Z" | b"z" => 0,
        [sign @ (b'+' | b'-'), _, _, b':', _, _] => {
            let (hours, minutes) = (digits(&zone[1..3])?, digits(&zone[4..6])?);
            let offset = clock_part(hours, 23)? * 3_600_000 + clock_part(minutes, 59)? * 60_000;
            if *sign == b'-' { -offset } else { offset }
        }
        _ => return None,
    };
    let time = date * DAY + clock + millis - offset;
    (0..=LAST).contains(&time).then_some(time)
}

/// Writes milliseconds since 1970 as `Mon, 23 Nov 2026 06:45:52 GMT` (IMF-fixdate, RFC 9110 section 5.6.7).
pub fn http_date(time: i64) -> String {
    let time = time.clamp(0, LAST);
    let days = time.div_euclid(DAY);
    let (year, month, day) = date_of(days);
    let rest = time.rem_euclid(DAY);
    format!(
        "{}, {day:02} {} {year:04} {:02}:{:02}:{:02} GMT",
        WEEKDAYS[days.rem_euclid(7) as usize],
        MONTHS[month as usize - 1],
        rest / 3_600_000,
        rest / 60_000 % 60,
        rest / 1000 % 60,
    )
}

/// Reads an IMF-fixdate. The weekday is not compared: the rest says it all, and it is the rest that is signed.
pub fn parse_http_date(text: &str) -> Option<i64> {
    let (weekday, rest) = text.split_once(", ")?;
    if !WEEKDAYS.contains(&weekday) || !rest.is_ascii() {
        return None;
    }
    let mut words = rest.split(' ');
    let day = digits(words.next().filter(|word| word.len() == 2)?)?;
    let month = words.next()?;
    let month = MONTHS.iter().position(|name| *name == month)? as i64 + 1;
    let year = digits(words.next().filter(|word| word.len() == 4)?)?;
    let mut parts = words.next()?.splitn(3, ':');
    let mut part = || digits(parts.next().filter(|part| part.len() == 2)?);
    let clock = clock(part()?, part()?, part()?)?;
    let zone = words.next()?;
    if !matches!(zone, "GMT" | "UTC") || words.next().is_some() {
        return None;
    }
    Some(day_of(year, month, day)? * DAY + clock)
}

/// Reads a duration of ISO 8601 made of days, hours, minutes and seconds, in whole seconds.
pub fn parse_duration(text: &str) -> Option<u64> {
    let text = text.strip_prefix('P').filter(|rest| rest.len() <= 40)?;
    let (days, clock) = match text.split_once('T') {
        Some((days, clock)) if !clock.is_empty() => (days, clock),
        Some(_) => return None,
        None => (text, ""),
    };
    if days.is_empty() && clock.is_empty() {
        return None;
    }
    let days = parts(days, &[('D', 86_400)])?;
    days.checked_add(parts(clock, &[('H', 3600), ('M', 60), ('S', 1)])?)
}

/// Writes a duration the way PeerTube does, in seconds alone.
pub fn duration(seconds: u64) -> String {
    format!("PT{seconds}S")
}

fn parts(mut text: &str, units: &[(char, u64)]) -> Option<u64> {
    let mut total: u64 = 0;
    for (unit, seconds) in units {
        let Some((number, rest)) = text.split_once(*unit) else {
            continue;
        };
        let whole = number.split_once('.').map_or(number, |(whole, _)| whole);
        if whole.is_empty() || !number.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
            return None;
        }
        total = total.checked_add(whole.parse::<u64>().ok()?.checked_mul(*seconds)?)?;
        text = rest;
    }
    text.is_empty().then_some(total)
}

fn digits(text: &str) -> Option<i64> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

fn clock_part(value: i64, most: i64) -> Option<i64> {
    (value <= most).then_some(value)
}

fn clock(hours: i64, minutes: i64, seconds: i64) -> Option<i64> {
    let seconds = clock_part(seconds, 60)?.min(59);
    Some((clock_part(hours, 23)? * 3600 + clock_part(minutes, 59)? * 60 + seconds) * 1000)
}

/// Days since 1970 of a date, counted from a year that begins in March, so that the leap day is the last.
fn day_of(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let longest = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=longest).contains(&day) {
        return None;
    }
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leaps = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    Some(365 * year + leaps + (153 * month + 2) / 5 + day - 1 - 719_468)
}

/// The date of a day since 1970: the inverse of `day_of`.
fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    (year_of_era + era * 400 + later, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2026-11-23T06:45:52.123Z", Some(1_795_416_352_123)),
            ("2026-11-23T08:45:52+02:00", Some(1_795_416_352_000)),
            ("2024-02-29T12:00:00.123456789Z", Some(1_709_208_000_123)),
            ("2023-02-29T12:00:00Z", None),
            ("2016-12-31T23:59:60Z", Some(1_483_228_799_000)),
            ("2026-11-23", None),
            ("2026-11-23T06:45:52", None),
            ("2026-13-01T00:00:00Z", None),
            ("2026-11-23T24:00:00Z", None),
            ("2026-11-23T06:45:52.Z", None),
            ("２026-11-23T06:45:52Z", None),
            ("+026-11-23T06:45:52Z", None),
        ] {
            assert_eq!(parse_rfc3339(text), expected, "{text}");
        }
    }

    #[test]
    fn http_dates() {
        for (text, expected) in [
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(784_111_777_000)),
            ("Sun, 06 Nov 1994 08:49:37 UTC", Some(784_111_777_000)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", None),
            ("Sun, 06 Nov 1994 08:49:37", None),
            ("Sun, 31 Feb 1994 08:49:37 GMT", None),
            ("Sun, 06 Nov 1994 08:49 GMT", None),
        ] {
            assert_eq!(parse_http_date(text), expected, "{text}");
        }
    }

    #[test]
    fn durations() {
        for (text, expected) in [
            ("PT30S", Some(30)),
            ("PT1H2M3S", Some(3723)),
            ("P1DT1S", Some(86_401)),
            ("PT0.9S", Some(0)),
            ("PT", None),
            ("P", None),
            ("30S", None),
            ("PT-1S", None),
            ("PT3S1M", None),
            ("PT99999999999999999999S", None),
            ("PT18446744073709551615M", None),
        ] {
            assert_eq!(parse_duration(text), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read(time in 0..=LAST) {
            proptest::prop_assert_eq!(parse_rfc3339(&rfc3339(time)), Some(time));
            proptest::prop_assert_eq!(parse_http_date(&http_date(time)), Some(time / 1000 * 1000));
        }

        #[test]
        fn any_text(text: String) {
            let _ = (parse_rfc3339(&text), parse_http_date(&text), parse_duration(&text));
        }
    }
}
