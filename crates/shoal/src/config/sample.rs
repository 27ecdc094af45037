//! The sample file: every key with what it means, what is allowed and its default, from the table of keys.

use std::fmt::Write;

use super::{Config, KEYS, SECTIONS};

/// The whole text of the sample file.
pub fn sample() -> String {
    let defaults = Config::default();
    let mut text = String::from(
        "# The configuration of a Shoal pod, with every key at its default. A line without # in front of the key counts.\n\
         # Each key is also an environment variable: SHOAL_LISTEN, SHOAL_TLS_KEY and so on. The environment wins over this file,\n\
         # and the flags --listen, --data and --public-url win over both. `shoal check-config` shows what is in force and why.\n",
    );
    let mut section = None;
    for key in KEYS {
        let (its_section, name) = key.place();
        if its_section != section {
            section = its_section;
            let about = SECTIONS.iter().find(|(name, _)| Some(*name) == its_section);
            text.push('\n');
            for line in about.map_or(&[][..], |(_, about)| about) {
                comment(&mut text, line);
            }
            line(&mut text, &format!("[{}]", its_section.unwrap_or_default()));
        }
        text.push('\n');
        for line in key.docs {
            comment(&mut text, line);
        }
        comment(&mut text, &format!(" Allowed: {}.", (key.allowed)()));
        line(&mut text, &format!("#{name} = {}", (key.write)(&defaults)));
    }
    text
}

/// A line of a doc comment, which begins with a blank.
fn comment(text: &mut String, doc: &str) {
    line(text, format!("#{doc}").trim_end());
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("writing to a String does not fail");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load::{Sources, load};

    #[test]
    fn the_sample_holds_the_defaults() {
        let uncomment = |line: &str| match line.strip_prefix('#') {
            Some(key) if key.starts_with(|c: char| c.is_ascii_lowercase()) => key.to_owned(),
            _ => line.to_owned(),
        };
        let text: Vec<String> = sample().lines().map(uncomment).collect();
        let keys = text
            .iter()
            .filter(|line| line.contains(" = ") && !line.starts_with('#'));
        assert_eq!(keys.count(), KEYS.len());
        let loaded = load(&Sources::of_file("sample", &text.join("\n"))).unwrap();
        assert_eq!(loaded.config, Config::default());
        assert_eq!(
            load(&Sources::of_file("sample", &sample())).unwrap().config,
            Config::default()
        );
    }

    /// Run with `UPDATE=1` to write the file anew.
    #[test]
    fn the_sample_in_the_documents_is_this_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/shoal.sample.toml");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(path, sample()).unwrap();
        }
        let kept = std::fs::read_to_string(path).unwrap();
        assert!(
            kept == sample(),
            "{path} is not what `shoal sample-config` prints"
        );
    }
}
