//! Bencode against a table of ugly texts, and the round trip in both directions.

use std::borrow::Cow;

use proptest::prelude::*;

use super::*;

#[test]
fn refuses_what_is_not_canonical() {
    let deep = "l".repeat(100_000);
    let long_number = format!("i{}e", "9".repeat(1_000_000));
    let cases: &[(&[u8], Problem)] = &[
        (b"", Problem::Truncated),
        (b"i", Problem::Truncated),
        (b"i4", Problem::Truncated),
        (b"ie", Problem::Number),
        (b"i-e", Problem::Number),
        (b"i-0e", Problem::Number),
        (b"i04e", Problem::Number),
        (b"i+4e", Problem::Number),
        (b"i4.0e", Problem::Number),
        (b"i 4e", Problem::Number),
        (b"i9223372036854775808e", Problem::Number),
        (long_number.as_bytes(), Problem::Number),
        (b"4:spa", Problem::Truncated),
        (b"4", Problem::Truncated),
        (b"04:spam", Problem::Number),
        (b"-1:a", Problem::Unexpected),
        (b"4spam", Problem::Unexpected),
        (b":", Problem::Unexpected),
        (b"99999999999:a", Problem::Truncated),
        (b"999999999999999999999:a", Problem::Number),
        (b"l", Problem::Truncated),
        (b"li1e", Problem::Truncated),
        (b"e", Problem::Unexpected),
        (b"d1:ae", Problem::Unexpected),
        (b"d1:a", Problem::Truncated),
        (b"di1ei1ee", Problem::Unexpected),
        (b"d1:bi1e1:ai1ee", Problem::KeyOrder),
        (b"d1:ai1e1:ai1ee", Problem::KeyOrder),
        (b"i1ei2e", Problem::Trailing),
        (b"\xff", Problem::Unexpected),
        (deep.as_bytes(), Problem::Depth),
    ];
    for (text, problem) in cases {
        let error = decode(text).expect_err("must be refused");
        let shown = text[..text.len().min(40)].escape_ascii().to_string();
        assert_eq!(error.problem, *problem, "{shown}");
    }
}

#[test]
fn order_is_forgiven_where_nobody_hashes() {
    let (value, rest) = decode_unordered(b"d1:bi1e1:ai2e1:bi3eerest").unwrap();
    let of = |key: &[u8]| value.get(key).and_then(Value::integer);
    assert_eq!((of(b"a"), of(b"b"), rest), (Some(2), Some(1), &b"rest"[..]));
    for bad in [&b"d1:bi01ee"[..], b"di1ei1ee", b"d1:b", b"d1:ae"] {
        assert!(decode_unordered(bad).is_err(), "{}", bad.escape_ascii());
    }
}

#[test]
fn depth_is_allowed_up_to_the_bound() {
    let nested = |depth: usize| format!("{}{}", "l".repeat(depth), "e".repeat(depth));
    assert!(decode(nested(MAX_DEPTH).as_bytes()).is_ok());
    assert_eq!(
        decode(nested(MAX_DEPTH + 1).as_bytes())
            .unwrap_err()
            .problem,
        Problem::Depth
    );
}

#[test]
fn looks_values_up_and_keeps_their_bytes() {
    let text = b"d4:infod6:lengthi5e4:name1:xe4:listl1:ai-7ed0:leeee";
    let value = decode(text).unwrap();
    assert_eq!(value.get(b"info").unwrap().raw(), b"d6:lengthi5e4:name1:xe");
    assert_eq!(
        value
            .get(b"info")
            .unwrap()
            .get(b"length")
            .unwrap()
            .unsigned(),
        Some(5)
    );
    let list: Vec<_> = value.get(b"list").unwrap().list().unwrap().collect();
    assert_eq!(list.len(), 3);
    assert_eq!(list[0].text(), Some("a"));
    assert_eq!((list[1].integer(), list[1].unsigned()), (Some(-7), None));
    assert_eq!(list[2].get(b"").unwrap().list().unwrap().count(), 0);
    assert_eq!(value.get(b"none"), None);
    assert!(value.list().is_none() && value.integer().is_none() && value.bytes().is_none());
    let (first, rest) = decode_prefix(b"i1epayload").unwrap();
    assert_eq!((first.integer(), rest), (Some(1), &b"payload"[..]));
}

fn item() -> impl Strategy<Value = Item<'static>> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..20).prop_map(Cow::Owned);
    let leaf = prop_oneof![
        any::<i64>().prop_map(Item::Integer),
        bytes().prop_map(Item::Bytes)
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Item::List),
            prop::collection::btree_map(bytes(), inner, 0..6).prop_map(Item::Dict),
        ]
    })
}

/// The tree of a value, to compare with what was written.
fn tree(value: Value<'_>) -> Item<'_> {
    if let Some(number) = value.integer() {
        Item::Integer(number)
    } else if let Some(bytes) = value.bytes() {
        Item::bytes(bytes)
    } else if let Some(list) = value.list() {
        Item::List(list.map(tree).collect())
    } else {
        let entries = value.dict().expect("nothing else is left");
        Item::Dict(
            entries
                .map(|(key, value)| (Cow::Borrowed(key), tree(value)))
                .collect(),
        )
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(item in item()) {
        let text = item.encode();
        assert_eq!(tree(decode(&text).unwrap()), item);
        for cut in 0..text.len() {
            assert!(decode(&text[..cut]).is_err());
        }
    }

    #[test]
    fn whatever_is_read_is_written_alike(text in "[0-9:ilde\\-]{0,24}") {
        if let Ok(value) = decode(text.as_bytes()) {
            assert_eq!(tree(value).encode(), text.as_bytes());
        }
    }
}
