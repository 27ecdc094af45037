//! Writing bencode. An [`Item`] is the small tree that a message is built from; its dictionaries are sorted maps, so the canonical
//! order cannot be got wrong, and bytes are borrowed wherever the caller has them already.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Write;

/// A value to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item<'a> {
    /// A number.
    Integer(i64),
    /// A byte string.
    Bytes(Cow<'a, [u8]>),
    /// A list.
    List(Vec<Item<'a>>),
    /// A dictionary; the map keeps the keys in order.
    Dict(BTreeMap<Cow<'a, [u8]>, Item<'a>>),
}

impl<'a> Item<'a> {
    /// A byte string that borrows.
    pub fn bytes(bytes: &'a (impl AsRef<[u8]> + ?Sized)) -> Self {
        Item::Bytes(Cow::Borrowed(bytes.as_ref()))
    }

    /// A dictionary of the given entries.
    pub fn dict<const N: usize>(entries: [(&'a str, Item<'a>); N]) -> Self {
        Item::Dict(
            entries
                .into_iter()
                .map(|(key, item)| (Cow::Borrowed(key.as_bytes()), item))
                .collect(),
        )
    }

    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut text = Vec::new();
        self.write(&mut text);
        text
    }

    fn write(&self, text: &mut Vec<u8>) {
        match self {
            Item::Integer(number) => write!(text, "i{number}e").expect("a vector takes all writes"),
            Item::Bytes(bytes) => write_bytes(bytes, text),
            Item::List(items) => {
                text.push(b'l');
                items.iter().for_each(|item| item.write(text));
                text.push(b'e');
            }
            Item::Dict(entries) => {
                text.push(b'd');
                for (key, item) in entries {
                    write_bytes(key, text);
                    item.write(text);
                }
                text.push(b'e');
            }
        }
    }
}

fn write_bytes(bytes: &[u8], text: &mut Vec<u8>) {
    write!(text, "{}:", bytes.len()).expect("a vector takes all writes");
    text.extend_from_slice(bytes);
}
