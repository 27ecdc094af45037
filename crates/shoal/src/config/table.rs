//! The macro behind the table of keys: structs, defaults and a list of keys from one text.
//!
//! Defaults go through the same reading as everything else, so a default that is not allowed fails the first test that loads anything.

use toml::Value;

use super::Config;

/// One key of the table.
pub struct Key {
    /// Its name in the file, with its section: `tls.key`.
    pub name: &'static str,
    /// Its doc comment.
    pub docs: &'static [&'static str],
    /// What is allowed.
    pub allowed: fn() -> String,
    /// Puts a value in; false if it is not allowed.
    pub set: fn(&mut Config, &Value) -> bool,
    /// The value as it would be written.
    pub write: fn(&Config) -> Value,
    /// The value with secrets hidden.
    pub show: fn(&Config) -> Value,
}

impl Key {
    /// The environment variable that sets this key.
    pub fn variable(&self) -> String {
        format!("SHOAL_{}", self.name.replace('.', "_").to_uppercase())
    }

    /// The section the key is in and its name there.
    pub fn place(&self) -> (Option<&'static str>, &'static str) {
        match self.name.split_once('.') {
            Some((section, name)) => (Some(section), name),
            None => (None, self.name),
        }
    }
}

macro_rules! settings {
    (
        $config:ident { $($(#[doc = $doc:literal])* $key:ident: $type:ty = $default:literal;)* }
        $($(#[doc = $about:literal])* $section:ident: $name:ident {
            $($(#[doc = $inner_doc:literal])* $inner:ident: $inner_type:ty = $inner_default:literal;)*
        })*
    ) => {
        /// The whole configuration.
        #[derive(Clone, Debug, PartialEq)]
        pub struct $config {
            $($(#[doc = $doc])* pub $key: $type,)*
            $($(#[doc = $about])* pub $section: $name,)*
        }

        $(
            $(#[doc = $about])*
            #[derive(Clone, Debug, PartialEq)]
            pub struct $name { $($(#[doc = $inner_doc])* pub $inner: $inner_type,)* }
        )*

        impl Default for $config {
            fn default() -> $config {
                fn own<T: $crate::config::Setting>(default: impl Into<toml::Value>) -> T {
                    T::read(&default.into()).expect("defaults are allowed values")
                }
                $config {
                    $($key: own($default),)*
                    $($section: $name { $($inner: own($inner_default),)* },)*
                }
            }
        }

        /// Every key, in the order of the sample file.
        pub const KEYS: &[$crate::config::table::Key] = &[
            $($crate::config::table::key!($key, [$($doc)*], $type, $key),)*
            $($($crate::config::table::key!(
                $section.$inner, [$($inner_doc)*], $inner_type, $section . $inner
            ),)*)*
        ];

        /// Every section and what it is about.
        pub const SECTIONS: &[(&str, &[&str])] =
            &[$((stringify!($section), &[$($about),*]),)*];
    };
}

macro_rules! key {
    (@name $key:ident) => { stringify!($key) };
    (@name $section:ident.$key:ident) => { concat!(stringify!($section), ".", stringify!($key)) };
    ($($name:ident).+, [$($doc:literal)*], $type:ty, $($field:ident).+) => {
        $crate::config::table::Key {
            name: $crate::config::table::key!(@name $($name).+),
            docs: &[$($doc),*],
            allowed: <$type as $crate::config::Setting>::allowed,
            set: |config, value| match <$type as $crate::config::Setting>::read(value) {
                Some(value) => {
                    config.$($field).+ = value;
                    true
                }
                None => false,
            },
            write: |config| $crate::config::Setting::write(&config.$($field).+),
            show: |config| $crate::config::Setting::show(&config.$($field).+),
        }
    };
}

pub(super) use {key, settings};
