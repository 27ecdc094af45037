//! The order of the house: which crate may know which, what pure crates do without, and what the dependencies may bring along.
//!
//! A new arrow is a change of the architecture, and this is the place where it is noticed.

#![expect(
    clippy::unwrap_used,
    reason = "a test may fail wherever something is not as it must be"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::{DependencyKind, MetadataCommand, Package};

/// Which crates of ours each crate may use. Tests may use more.
const ARROWS: [(&str, &[&str]); 20] = [
    ("names", &[]),
    ("bittorrent", &["names"]),
    ("datachannel", &[]),
    ("fedi", &["names"]),
    ("hls", &["names"]),
    ("podnet", &["names"]),
    ("swarm", &["bittorrent", "names"]),
    ("db", &["names"]),
    ("fetch", &["names"]),
    ("files", &["names"]),
    ("media", &["names"]),
    ("queue", &["db", "names"]),
    ("peers", &["bittorrent", "datachannel", "names", "swarm"]),
    (
        "app",
        &[
            "bittorrent",
            "db",
            "fedi",
            "fetch",
            "files",
            "hls",
            "media",
            "names",
            "peers",
            "podnet",
            "queue",
            "swarm",
        ],
    ),
    ("api", &["app", "db", "names", "peers"]),
    ("site", &["app", "db", "names", "peers"]),
    (
        "shoal",
        &[
            "api", "app", "db", "fetch", "files", "media", "names", "peers", "queue", "site",
        ],
    ),
    ("bench", &["db", "fedi", "names", "podnet"]),
    ("sim", &["swarm"]),
    (
        "testpod",
        &[
            "api", "app", "db", "fedi", "fetch", "files", "media", "names", "peers", "podnet",
            "queue", "site",
        ],
    ),
];

/// Crates that compute and do nothing else: bytes and times come in, bytes and events go out.
const PURE: [&str; 7] = [
    "bittorrent",
    "datachannel",
    "fedi",
    "hls",
    "names",
    "podnet",
    "swarm",
];

/// Crates that only some of ours may use.
const RESERVED: [(&str, &[&str]); 8] = [
    ("sqlx", &["db"]),
    ("axum", &["api", "peers", "shoal", "site", "testpod"]),
    ("http", &["api", "fetch", "shoal", "site", "testpod"]),
    // In `peers` for the connection of which a WebSocket is made. Whoever wants something from outside asks `fetch`, which guards the way.
    ("hyper", &["fetch", "peers", "shoal", "site", "testpod"]),
    ("reqwest", &["fetch"]),
    ("rustls", &["fetch", "shoal", "testpod"]),
    ("clap", &["shoal"]),
    ("toml", &["shoal"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// Our crates by name.
fn ours() -> BTreeMap<String, Package> {
    let manifest = root().join("Cargo.toml");
    let metadata = MetadataCommand::new()
        .manifest_path(manifest)
        .no_deps()
        .exec()
        .unwrap();
    metadata
        .packages
        .into_iter()
        .map(|package| (package.name.to_string(), package))
        .collect()
}

/// The names of what a crate uses when it is not tested.
fn uses(package: &Package) -> BTreeSet<&str> {
    let used = package
        .dependencies
        .iter()
        .filter(|used| used.kind == DependencyKind::Normal);
    used.map(|used| used.name.as_str()).collect()
}

/// All sources of a crate but those of tests.
fn sources(package: &str) -> Vec<(PathBuf, String)> {
    let mut folders = vec![root().join("crates").join(package).join("src")];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                if !path.ends_with("tests") {
                    folders.push(path);
                }
            } else if path.file_name().is_some_and(|name| name != "tests.rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let tested = text.find("#[cfg(test)]").unwrap_or(text.len());
                sources.push((path, text[..tested].to_owned()));
            }
        }
    }
    sources
}

#[test]
fn arrows_run_one_way() {
    let ours = ours();
    let known: BTreeMap<&str, &[&str]> = ARROWS.into();
    for (name, package) in &ours {
        let may = known
            .get(name.as_str())
            .unwrap_or_else(|| panic!("the crate {name} has no place in the house yet"));
        let uses = uses(package);
        for used in uses.iter().filter(|used| ours.contains_key(**used)) {
            assert!(may.contains(used), "{name} uses {used}");
        }
        for (reserved, by) in RESERVED {
            assert!(
                !uses.contains(reserved) || by.contains(&name.as_str()),
                "{name} uses {reserved}"
            );
        }
    }
    assert!(ours.len() >= 14);
}

#[test]
fn pure_crates_do_nothing_but_compute() {
    let ours = ours();
    for name in PURE {
        let uses = uses(&ours[name]);
        for engine in [
            "tokio",
            "reqwest",
            "futures-util",
            "rustix",
            "rand",
            "getrandom",
            "tracing",
            "metrics",
        ] {
            assert!(!uses.contains(engine), "{name} uses {engine}");
        }
        for (path, text) in sources(name) {
            for deed in [
                "SystemTime::now",
                "Instant::now",
                "std::net::Tcp",
                "std::fs::",
                "std::env::",
                "new_v4(",
                "thread::sleep",
            ] {
                assert!(!text.contains(deed), "{} contains {deed}", path.display());
            }
        }
    }
}

#[test]
fn sql_stays_with_the_database() {
    for name in ["api", "app", "site", "shoal", "peers", "queue"] {
        for (path, text) in sources(name) {
            for sql in ["sql!(", "SELECT ", "INSERT INTO ", "DELETE FROM "] {
                assert!(!text.contains(sql), "{} contains {sql}", path.display());
            }
        }
    }
}

#[test]
fn dependencies_are_allowed() {
    let deny: toml::Table = std::fs::read_to_string(root().join("deny.toml"))
        .unwrap()
        .parse()
        .unwrap();
    let list = |section: &str, key: &str| deny[section][key].as_array().unwrap().clone();
    let allowed = list("licenses", "allow");
    let allowed: BTreeSet<&str> = allowed.iter().map(|id| id.as_str().unwrap()).collect();
    let banned = list("bans", "deny");
    let banned: BTreeSet<&str> = banned
        .iter()
        .map(|ban| ban["crate"].as_str().unwrap())
        .collect();
    let tree = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--workspace",
            "--locked",
            "--offline",
            "--edges",
            "normal,build,dev",
        ])
        .args(["--prefix", "none", "--no-dedupe", "--format", "{p}|{l}"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        tree.status.success(),
        "{}",
        String::from_utf8_lossy(&tree.stderr)
    );
    let tree = String::from_utf8(tree.stdout).unwrap();
    let lines: BTreeSet<&str> = tree.lines().filter(|line| !line.is_empty()).collect();
    assert!(lines.len() > 100);
    for line in lines {
        let (package, licence) = line.split_once('|').unwrap();
        let name = package.split(' ').next().unwrap();
        assert!(!banned.contains(name), "{package} is banned");
        assert!(
            permits(licence, &allowed),
            "{package}: the licence \"{licence}\" is not allowed"
        );
    }
}

/// Whether a licence expression can be met with the allowed licences. `AND` binds more than `OR`, and a slash is an old `OR`.
fn permits(expression: &str, allowed: &BTreeSet<&str>) -> bool {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    any(&mut rest, allowed) && rest.is_empty()
}

fn any(words: &mut &[&str], allowed: &BTreeSet<&str>) -> bool {
    let mut good = all(words, allowed);
    while let Some(("OR", rest)) = words.split_first().map(|(word, rest)| (*word, rest)) {
        *words = rest;
        good |= all(words, allowed);
    }
    good
}

fn all(words: &mut &[&str], allowed: &BTreeSet<&str>) -> bool {
    let mut good = one(words, allowed);
    while let Some(("AND", rest)) = words.split_first().map(|(word, rest)| (*word, rest)) {
        *words = rest;
        good &= one(words, allowed);
    }
    good
}

fn one(words: &mut &[&str], allowed: &BTreeSet<&str>) -> bool {
    match **words {
        ["(", ref rest @ ..] => {
            *words = rest;
            let good = any(words, allowed);
            let closed = words.first() == Some(&")");
            *words = &words[usize::from(closed)..];
            good && closed
        }
        [id, "WITH", exception, ref rest @ ..] => {
            *words = rest;
            allowed.contains(format!("{id} WITH {exception}").as_str())
        }
        [id, ref rest @ ..] => {
            *words = rest;
            allowed.contains(id)
        }
        [] => false,
    }
}

#[test]
fn licence_expressions() {
    let allowed = BTreeSet::from(["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"]);
    for (expression, expected) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("GPL-3.0 OR MIT", true),
        ("GPL-3.0/MIT", true),
        ("GPL-3.0 AND MIT", false),
        ("MIT AND ISC", true),
        ("GPL-3.0 OR MIT AND ISC", true),
        ("(GPL-3.0 OR MIT) AND ISC", true),
        ("(GPL-3.0 OR MIT) AND Zlib", false),
        ("Apache-2.0 WITH LLVM-exception", true),
        ("Apache-2.0", false),
        ("(MIT", false),
        ("MIT ISC", false),
        ("", false),
    ] {
        assert_eq!(permits(expression, &allowed), expected, "{expression}");
    }
}
