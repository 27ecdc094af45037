//! Where the values come from: defaults, then a file, then the environment, then flags; each may replace the one before.
//!
//! All problems are collected before anything is said, so that a file is mended in one go. Pure: texts in, configuration or problems out.

use std::collections::BTreeMap;
use std::fmt;

use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use super::{Config, KEYS};

/// Variables that begin like ours but are not keys.
const NOT_KEYS: [&str; 2] = ["SHOAL_ADMIN_PASSWORD", "SHOAL_USER_PASSWORD"];

/// Variables for tests begin like this; the pod ignores them.
const TEST_VARIABLES: &str = "SHOAL_TEST_";

/// The texts that a configuration is made from.
#[derive(Debug, Default)]
pub struct Sources {
    /// The name and the text of the file.
    pub file: Option<(String, String)>,
    /// The environment's variables.
    pub variables: Vec<(String, String)>,
    /// Flags: the flag, the key it sets, and the value.
    pub flags: Vec<(&'static str, &'static str, String)>,
}

/// A configuration and where each value that is not a default came from.
#[derive(Debug)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// Key and place.
    pub origins: BTreeMap<&'static str, String>,
}

/// Something in the sources that stops the start.
#[derive(Debug, PartialEq, Eq)]
pub enum Problem {
    /// The file is not TOML.
    Unreadable { place: String, message: String },
    /// There is no such key.
    Unknown {
        place: String,
        key: String,
        known: String,
    },
    /// The value is not allowed.
    Bad {
        place: String,
        key: String,
        value: String,
        allowed: String,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Unreadable { place, message } => write!(f, "{place}: {message}"),
            Problem::Unknown { place, key, known } => {
                write!(f, "{place}: there is no key \"{key}\". {known}")
            }
            Problem::Bad {
                place,
                key,
                value,
                allowed,
            } => {
                write!(
                    f,
                    "{place}: {key} = {value} is not allowed. Allowed: {allowed}."
                )
            }
        }
    }
}

impl Sources {
    /// Only a file.
    #[cfg(test)]
    pub fn of_file(name: &str, text: &str) -> Sources {
        Sources {
            file: Some((name.into(), text.into())),
            ..Sources::default()
        }
    }
}

/// The configuration, or everything that is wrong with the sources.
pub fn load(sources: &Sources) -> Result<Loaded, Vec<Problem>> {
    let mut loading = Loading {
        loaded: Loaded {
            config: Config::default(),
            origins: BTreeMap::new(),
        },
        problems: Vec::new(),
    };
    if let Some((name, text)) = &sources.file {
        loading.file(name, text);
    }
    for (variable, value) in &sources.variables {
        loading.variable(variable, value);
    }
    for (flag, key, value) in &sources.flags {
        loading.set((*flag).to_owned(), key, &Value::from(value.as_str()));
    }
    if loading.problems.is_empty() {
        Ok(loading.loaded)
    } else {
        Err(loading.problems)
    }
}

struct Loading {
    loaded: Loaded,
    problems: Vec<Problem>,
}

impl Loading {
    fn file(&mut self, name: &str, text: &str) {
        let (values, places) = match (text.parse::<Table>(), DeTable::parse(text)) {
            (Ok(values), Ok(places)) => (values, places),
            (Err(error), _) | (_, Err(error)) => {
                let line = error.span().map_or(1, |span| line_of(text, span.start));
                let place = format!("{name} line {line}");
                self.problems.push(Problem::Unreadable {
                    place,
                    message: error.message().into(),
                });
                return;
            }
        };
        for (key, value) in places.get_ref() {
            let place = |at: usize| format!("{name} line {}", line_of(text, at));
            let outer = key.get_ref().as_ref();
            let inside = values.get(outer).and_then(Value::as_table);
            let is_section = super::SECTIONS.iter().any(|(section, _)| *section == outer);
            match (value.get_ref(), inside) {
                (DeValue::Table(inner), Some(inside)) if is_section => {
                    for key in inner.keys() {
                        let inner = key.get_ref().as_ref();
                        if let Some(value) = inside.get(inner) {
                            self.set(place(key.span().start), &format!("{outer}.{inner}"), value);
                        }
                    }
                }
                _ => {
                    if let Some(value) = values.get(outer) {
                        self.set(place(key.span().start), outer, value);
                    }
                }
            }
        }
    }

    fn variable(&mut self, variable: &str, value: &str) {
        if !variable.starts_with("SHOAL_")
            || variable.starts_with(TEST_VARIABLES)
            || NOT_KEYS.contains(&variable)
        {
            return;
        }
        let place = format!("environment variable {variable}");
        match KEYS.iter().find(|key| key.variable() == variable) {
            Some(key) => self.set(place, key.name, &Value::from(value)),
            None => {
                let known = KEYS.iter().map(super::table::Key::variable).collect();
                self.unknown(place, variable, known);
            }
        }
    }

    fn set(&mut self, place: String, name: &str, value: &Value) {
        let Some(key) = KEYS.iter().find(|key| key.name == name) else {
            return self.unknown(
                place,
                name,
                KEYS.iter().map(|key| key.name.into()).collect(),
            );
        };
        if (key.set)(&mut self.loaded.config, value) {
            self.loaded.origins.insert(key.name, place);
        } else {
            self.problems.push(Problem::Bad {
                place,
                key: key.name.into(),
                value: value.to_string(),
                allowed: (key.allowed)(),
            });
        }
    }

    fn unknown(&mut self, place: String, key: &str, known: Vec<String>) {
        let nearest = known
            .iter()
            .map(|known| (distance(key, known), known))
            .min();
        let known = match nearest {
            Some((distance, known)) if distance <= 3 => format!("Did you mean \"{known}\"?"),
            _ => format!("The keys are: {}.", known.join(", ")),
        };
        self.problems.push(Problem::Unknown {
            place,
            key: key.into(),
            known,
        });
    }
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

/// How many letters have to be changed, added or removed to make one word the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let changed = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests;
