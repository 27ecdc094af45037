//! As much of Structured Field Values (RFC 8941) as signatures and digests are made of: dictionaries of items and of inner lists, with
//! parameters. What is read is written again in exactly one way, which is what RFC 9421 signs. Keys that come twice are refused,
//! although the RFC lets the last win: the other reader may not.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The most members of a dictionary, and the most parameters of one.
const MAX_MEMBERS: usize = 8;
const MAX_PARAMETERS: usize = 16;
const MAX_LIST: usize = 32;

/// A bare item. Decimals are not read: nothing that is signed has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    Integer(i64),
    Text(String),
    Token(String),
    Bytes(Vec<u8>),
    Flag(bool),
}

/// Something with its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member<T> {
    pub value: T,
    pub parameters: Vec<(String, Item)>,
}

impl<T> Member<T> {
    pub fn parameter(&self, name: &str) -> Option<&Item> {
        let mut found = self.parameters.iter();
        found.find(|(key, _)| key == name).map(|(_, item)| item)
    }
}

/// Members in brackets.
pub type List = Vec<Member<Item>>;

/// The place in a header up to which it has been read.
pub struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    pub fn new(text: &'a str) -> Self {
        Self {
            rest: text.trim_matches(' '),
        }
    }

    fn eat(&mut self, mark: char) -> Option<()> {
        self.rest = self.rest.strip_prefix(mark)?;
        Some(())
    }

    /// A dictionary up to the end of the header, its members read by `member`.
    pub fn dictionary<T>(
        mut self,
        member: fn(&mut Self) -> Option<Member<T>>,
    ) -> Option<Vec<(String, Member<T>)>> {
        let mut members = Vec::new();
        loop {
            let key = self.key()?;
            self.eat('=')?;
            let twice = members.iter().any(|(known, _)| *known == key);
            if twice || members.len() == MAX_MEMBERS {
                return None;
            }
            members.push((key, member(&mut self)?));
            self.rest = self.rest.trim_start_matches([' ', '\t']);
            if self.rest.is_empty() {
                return Some(members);
            }
            self.eat(',')?;
            self.rest = self.rest.trim_start_matches([' ', '\t']);
        }
    }

    /// `("a" "b";p);q=1`
    pub fn inner_list(&mut self) -> Option<Member<List>> {
        self.eat('(')?;
        let mut value = Vec::new();
        loop {
            self.rest = self.rest.trim_start_matches(' ');
            if self.eat(')').is_some() {
                let parameters = self.parameters()?;
                return Some(Member { value, parameters });
            }
            if value.len() == MAX_LIST {
                return None;
            }
            value.push(self.item()?);
            if !self.rest.starts_with([' ', ')']) {
                return None;
            }
        }
    }

    /// One item with its parameters.
    pub fn item(&mut self) -> Option<Member<Item>> {
        let value = self.bare()?;
        let parameters = self.parameters()?;
        Some(Member { value, parameters })
    }

    fn parameters(&mut self) -> Option<Vec<(String, Item)>> {
        let mut parameters: Vec<(String, Item)> = Vec::new();
        while self.eat(';').is_some() {
            self.rest = self.rest.trim_start_matches(' ');
            let key = self.key()?;
            let value = match self.eat('=') {
                Some(()) => self.bare()?,
                None => Item::Flag(true),
            };
            let twice = parameters.iter().any(|(known, _)| *known == key);
            if twice || parameters.len() == MAX_PARAMETERS {
                return None;
            }
            parameters.push((key, value));
        }
        Some(parameters)
    }

    fn key(&mut self) -> Option<String> {
        let letter = |c: char| c.is_ascii_lowercase() || c == '*';
        let more = |c: char| letter(c) || c.is_ascii_digit() || "_-.".contains(c);
        self.rest.starts_with(letter).then(|| self.take(more))
    }

    fn take(&mut self, part: impl Fn(char) -> bool) -> String {
        let end = self.rest.find(|c| !part(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken.to_owned()
    }

    fn bare(&mut self) -> Option<Item> {
        let first = self.rest.chars().next()?;
        match first {
            '"' => self.text().map(Item::Text),
            ':' => {
                self.eat(':')?;
                let (body, rest) = self.rest.split_once(':')?;
                self.rest = rest;
                STANDARD.decode(body).ok().map(Item::Bytes)
            }
            '?' => {
                self.eat('?')?;
                let flag = self.rest.starts_with('1');
                self.eat(if flag { '1' } else { '0' })?;
                Some(Item::Flag(flag))
            }
            '-' | '0'..='9' => {
                let sign = if self.eat('-').is_some() { -1 } else { 1 };
                let number = self.take(|c| c.is_ascii_digit());
                if number.is_empty() || number.len() > 15 || self.rest.starts_with('.') {
                    return None;
                }
                number.parse::<i64>().ok().map(|n| Item::Integer(sign * n))
            }
            'a'..='z' | 'A'..='Z' | '*' => {
                let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~:/".contains(c);
                Some(Item::Token(self.take(token)))
            }
            _ => None,
        }
    }

    fn text(&mut self) -> Option<String> {
        self.eat('"')?;
        let mut text = String::new();
        let mut letters = self.rest.char_indices();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '"' => {
                    self.rest = &self.rest[at + 1..];
                    return Some(text);
                }
                '\\' => match letters.next()? {
                    (_, letter @ ('"' | '\\')) => text.push(letter),
                    _ => return None,
                },
                ' '..='~' => text.push(letter),
                _ => return None,
            }
        }
        None
    }
}

/// Writes an inner list with its parameters.
pub fn write_list(list: &Member<List>) -> String {
    let items = list.value.iter().map(write_item);
    let items = items.collect::<Vec<_>>().join(" ");
    format!("({items}){}", write_parameters(&list.parameters))
}

/// Writes an item with its parameters.
pub fn write_item(item: &Member<Item>) -> String {
    write_bare(&item.value) + &write_parameters(&item.parameters)
}

fn write_parameters(parameters: &[(String, Item)]) -> String {
    let written = parameters.iter().map(|(key, value)| match value {
        Item::Flag(true) => format!(";{key}"),
        value => format!(";{key}={}", write_bare(value)),
    });
    written.collect()
}

fn write_bare(item: &Item) -> String {
    match item {
        Item::Integer(number) => number.to_string(),
        Item::Text(text) => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
        Item::Token(token) => token.clone(),
        Item::Bytes(bytes) => format!(":{}:", STANDARD.encode(bytes)),
        Item::Flag(flag) => format!("?{}", u8::from(*flag)),
    }
}
