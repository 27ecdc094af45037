//! Groups and receipts on the wire, their bounds, and the pages of a whole list.

use super::*;

fn group(text: &str) -> Result<Group, Malformed> {
    Group::read(text.as_bytes())
}

fn items(count: usize) -> String {
    let items = vec![r#"{"type":"Like"}"#; count].join(",");
    format!(r#"{{"id":7,"items":[{items}]}}"#)
}

#[test]
fn groups_are_read_as_they_are_written() {
    for text in [
        r#"{"id":7,"items":[]}"#,
        r#"{"id":7,"whole":{"token":"a-1","first":true,"last":false},"items":[{"type":"Create","n":1.50}]}"#,
    ] {
        assert_eq!(group(text).unwrap().write().unwrap(), text.as_bytes());
    }
}

#[test]
fn groups_are_bounded() {
    assert_eq!(group(&items(MAX_ITEMS)).unwrap().items.len(), MAX_ITEMS);
    for (text, expected) in [
        (items(MAX_ITEMS + 1), "it has more than 100 activities"),
        (
            format!(r#"{{"id":1,"items":[{}]}}"#, "[".repeat(100_000)),
            "it is nested more than 32 deep",
        ),
        (
            format!(r#"{{"id":1,"items":["{}"]}}"#, "a".repeat(MAX_BYTES)),
            "it has 1048597 bytes; the limit is 1048576",
        ),
        (
            r#"{"id":9007199254740993,"items":[]}"#.to_owned(),
            "its number is beyond 2 to the 53",
        ),
    ] {
        assert_eq!(group(&text).unwrap_err().to_string(), expected);
    }
    for wrong in [
        "",
        "{}",
        r#"{"id":-1,"items":[]}"#,
        r#"{"id":1,"items":[{]}"#,
        r#"{"id":1,"whole":{"token":"a b"},"items":[]}"#,
        r#"{"id":1,"id":2,"items":[]}"#,
    ] {
        assert!(group(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn numbers_rise_whatever_the_clock_does() {
    for (last, now, expected) in [
        (None, 1_000, 1_000),
        (Some(999), 1_000, 1_000),
        (Some(1_000), 1_000, 1_001),
        (Some(5_000), 1_000, 5_001),
        (None, -1, 0),
        (Some(u64::MAX), 0, GroupId::MAX.0),
    ] {
        assert_eq!(GroupId::after(last.map(GroupId), now), GroupId(expected));
    }
    let seven = group(r#"{"id":7,"items":[]}"#).unwrap();
    let stale = [None, Some(6), Some(7), Some(8)].map(|last| seven.is_stale(last.map(GroupId)));
    assert_eq!(stale, [false, false, true, true]);
}

#[test]
fn receipts_account_for_each_activity() {
    let sent = group(&items(3)).unwrap();
    let refused = RefusedItem {
        index: 1,
        reason: "another\nhost's video".to_owned(),
    };
    let receipt = Receipt::applied(&sent, vec![refused]);
    let text = serde_json::to_string(&receipt).unwrap();
    assert_eq!(
        text,
        r#"{"outcome":"applied","last":7,"accepted":2,"refused":[{"index":1,"reason":"another host's video"}]}"#
    );
    assert_eq!(Receipt::read(text.as_bytes(), &sent), Ok(receipt));
    for (text, good) in [
        (r#"{"outcome":"stale","last":9,"accepted":0}"#, true),
        (r#"{"outcome":"restart","last":9,"accepted":0}"#, true),
        (r#"{"outcome":"applied","last":7,"accepted":3}"#, true),
        (r#"{"outcome":"applied","last":7,"accepted":2}"#, false),
        (
            r#"{"outcome":"applied","last":7,"accepted":18446744073709551615,"refused":[{"index":0,"reason":""}]}"#,
            false,
        ),
        (
            r#"{"outcome":"applied","last":7,"accepted":2,"refused":[{"index":3,"reason":""}]}"#,
            false,
        ),
        (
            r#"{"outcome":"applied","last":7,"accepted":1,"refused":[{"index":1,"reason":""},{"index":1,"reason":""}]}"#,
            false,
        ),
        (r#"{"outcome":"maybe","last":7,"accepted":3}"#, false),
    ] {
        assert_eq!(
            Receipt::read(text.as_bytes(), &sent).is_ok(),
            good,
            "{text}"
        );
    }
}

#[test]
fn a_whole_list_is_swept_once_its_last_page_has_come() {
    use Step::{Apply, ApplyAndSweep, Restart};
    let mut list = List::default();
    for (token, first, last, expected) in [
        // Nobody told us the beginning.
        ("a", false, false, Restart),
        ("a", false, true, Restart),
        ("a", true, false, Apply),
        // The first page again, because its receipt was lost.
        ("a", true, false, Apply),
        ("a", false, false, Apply),
        // Another list began in between: the old one must not sweep.
        ("b", true, false, Apply),
        ("a", false, true, Restart),
        ("b", false, true, ApplyAndSweep),
        ("b", false, true, Restart),
        ("c", true, true, ApplyAndSweep),
    ] {
        let token = Token::parse(token).unwrap();
        let page = Whole { token, first, last };
        assert_eq!(list.step(Some(&page)), expected, "{page:?}");
        assert_eq!(list.step(None), Apply);
    }
    assert_eq!(list, List::default());
}
