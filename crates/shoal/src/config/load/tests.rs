//! Short texts and what becomes of them.

use super::*;

fn wrong(text: &str) -> Vec<String> {
    let problems = load(&Sources::of_file("shoal.toml", text)).unwrap_err();
    problems.iter().map(Problem::to_string).collect()
}

fn value(text: &str, key: &str) -> String {
    let loaded = load(&Sources::of_file("shoal.toml", text)).unwrap();
    let key = KEYS.iter().find(|candidate| candidate.name == key).unwrap();
    (key.show)(&loaded.config).to_string()
}

#[test]
fn values() {
    for (text, key, expected) in [
        ("listen = '[::]:80'", "listen", "\"[::]:80\""),
        ("roles = ['worker', 'worker']", "roles", "[\"worker\"]"),
        (
            "public_url = 'https://Tube.example/'",
            "public_url",
            "\"https://tube.example\"",
        ),
        ("users.quota = '5GB'", "users.quota", "\"5GB\""),
        ("users.quota = '1.5 tb'", "users.quota", "\"1500GB\""),
        ("users.quota = 1500", "users.quota", "\"1500B\""),
        ("users.quota = 0", "users.quota", "\"0B\""),
        (
            "[users]\nquota = 'unlimited'",
            "users.quota",
            "\"unlimited\"",
        ),
        (
            "transcoding = { heights = [240, 720] }",
            "transcoding.heights",
            "[720, 240]",
        ),
        (
            "transcoding.max_duration = '90m'",
            "transcoding.max_duration",
            "\"90m\"",
        ),
        (
            "transcoding.max_duration = '48h'",
            "transcoding.max_duration",
            "\"2d\"",
        ),
        (
            "database = 'postgres://me:se:cr@et@h/n'",
            "database",
            "\"postgres://me:***@h/n\"",
        ),
        (
            "database = 'postgres://h/n?a=b&password=x'",
            "database",
            "\"postgres://h/n?a=b&password=***\"",
        ),
        (
            "database = 'sqlite:/var/a@b.db'",
            "database",
            "\"sqlite:/var/a@b.db\"",
        ),
        (
            "trusted_proxies = ['10.1.0.0/16']",
            "trusted_proxies",
            "[\"10.1.0.0/16\"]",
        ),
    ] {
        assert_eq!(value(text, key), expected, "{text}");
    }
}

#[test]
fn bad_values_name_key_value_place_and_what_is_allowed() {
    let message = "shoal.toml line 3: transcoding.fps_cap = \"fast\" is not allowed. Allowed: a whole number from 1 to 240.";
    assert_eq!(wrong("\n[transcoding]\nfps_cap = 'fast'"), [message]);
    for text in [
        "listen = 'localhost'",
        "listen = 9000",
        "public_url = 'tube.example'",
        "public_url = 'https://tube.example/path'",
        "public_url = 'https://me@tube.example'",
        "public_url = 'https://tube.example:99999'",
        "public_url = 'https://tube.example:'",
        "database = 'mysql://h/n'",
        "database = 'sqlite:'",
        "files = 's3://bucket'",
        "bus = 'nats://h'",
        "roles = []",
        "roles = ['web', 'cook']",
        "trusted_proxies = ['10.0.0.0/33']",
        "trusted_proxies = ['everybody']",
        "tls = 'yes'",
        "users.signup = true",
        "users.quota = '5 apples'",
        "users.quota = -2",
        "users.quota = '99999999999TB'",
        "transcoding.heights = [721]",
        "transcoding.heights = 'all'",
        "transcoding.fps_cap = 0",
        "transcoding.fps_cap = 60.5",
        "transcoding.keep_original = 'perhaps'",
        "transcoding.max_duration = '0s'",
        "transcoding.max_duration = 'é'",
        "log.level = 'loud'",
    ] {
        assert_eq!(wrong(text).len(), 1, "{text}");
    }
}

#[test]
fn unknown_keys_and_broken_files() {
    for (text, expected) in [
        (
            "lisen = 'x'",
            "shoal.toml line 1: there is no key \"lisen\". Did you mean \"listen\"?",
        ),
        (
            "[tls]\n\nkeys = 'x'",
            "shoal.toml line 3: there is no key \"tls.keys\". Did you mean \"tls.key\"?",
        ),
    ] {
        assert_eq!(wrong(text), [expected]);
    }
    assert!(wrong("[entirely]\ndifferent = 1")[0].contains("The keys are: listen, data,"));
    assert!(wrong("listen = 'x\ndata = 'y'")[0].starts_with("shoal.toml line 1: "));
    assert_eq!(wrong("a = 1\nb = 2\nlisten = 3").len(), 3);
}

#[test]
fn later_sources_win_and_are_named() {
    let mut sources = Sources::of_file(
        "f",
        "listen = '1.1.1.1:1'\ndata = 'a'\n[log]\nlevel = 'warn'",
    );
    sources.variables = [
        ("SHOAL_DATA", "b"),
        ("SHOAL_LISTEN", "2.2.2.2:2"),
        ("SHOAL_ROLES", "web,tracker"),
        ("SHOAL_TRANSCODING_FPS_CAP", "30"),
        ("SHOAL_ADMIN_PASSWORD", "x"),
        ("SHOAL_TEST_POSTGRES", "x"),
        ("PATH", "x"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec();
    sources.flags = vec![("--listen", "listen", "3.3.3.3:3".into())];
    let loaded = load(&sources).unwrap();
    assert_eq!(loaded.config.listen.port(), 3);
    assert_eq!(loaded.config.data.to_str(), Some("b"));
    assert_eq!(loaded.config.transcoding.fps_cap.0, 30);
    assert_eq!(loaded.config.database_url(), "sqlite:b/shoal.db");
    assert_eq!(loaded.config.public_url(), "http://localhost:3");
    let origins: Vec<_> = loaded
        .origins
        .iter()
        .map(|(k, v)| format!("{k}: {v}"))
        .collect();
    assert_eq!(
        origins,
        [
            "data: environment variable SHOAL_DATA",
            "listen: --listen",
            "log.level: f line 4",
            "roles: environment variable SHOAL_ROLES",
            "transcoding.fps_cap: environment variable SHOAL_TRANSCODING_FPS_CAP",
        ]
    );

    sources.variables.push(("SHOAL_LISEN".into(), "x".into()));
    let problems = load(&sources).unwrap_err();
    assert_eq!(
        problems[0].to_string(),
        "environment variable SHOAL_LISEN: there is no key \"SHOAL_LISEN\". Did you mean \"SHOAL_LISTEN\"?"
    );
}
