//! Any bytes as bencode: what is accepted can be walked to its last leaf and is, written anew, the same bytes.

#![no_main]

use std::borrow::Cow;

use bittorrent::bencode::{Item, Value, decode, decode_prefix};
use libfuzzer_sys::fuzz_target;

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

fuzz_target!(|bytes: &[u8]| {
    if let Ok(value) = decode(bytes) {
        assert_eq!(tree(value).encode(), bytes);
    }
    if let Ok((value, rest)) = decode_prefix(bytes) {
        assert_eq!([value.raw(), rest].concat(), bytes);
    }
});
