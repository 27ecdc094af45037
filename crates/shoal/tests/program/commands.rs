//! Commands that end by themselves.

use super::pod::{Folder, Pod, shoal};

/// Runs a command; whether it was successful, what it printed and what it complained about.
fn run(arguments: &[&str], environment: &[(&str, &str)]) -> (bool, String, String) {
    let output = shoal()
        .args(arguments)
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        output.status.success(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn version_and_sample() {
    let (good, version, _) = run(&["version"], &[]);
    assert!(good && version.starts_with("shoal "));
    let (good, sample, _) = run(&["sample-config"], &[]);
    assert!(good && sample.contains("#listen = \"127.0.0.1:9000\"\n"));
}

#[test]
fn check_config_shows_what_is_in_force_and_why() {
    let folder = Folder::new();
    let file = folder.path().join("shoal.toml");
    let text = "database = \"postgres://me:secret@localhost/shoal\"\n[transcoding]\nfps_cap = 30\n";
    std::fs::write(&file, text).unwrap();
    let file = file.to_str().unwrap();
    let data = folder.path().to_str().unwrap();
    let arguments = ["check-config", "--config", file, "--data", data];
    let (good, shown, complaint) = run(&arguments, &[("SHOAL_LOG_LEVEL", "warn")]);
    assert!(good, "{complaint}");
    for expected in [
        format!("transcoding.fps_cap = 30  # {file} line 3\n"),
        "log.level = \"warn\"  # environment variable SHOAL_LOG_LEVEL\n".into(),
        format!("data = \"{data}\"  # --data\n"),
        "listen = \"127.0.0.1:9000\"  # default\n".into(),
        format!("database = \"postgres://me:***@localhost/shoal\"  # {file} line 1\n"),
        "# visitors reach it at http://localhost:9000\n".into(),
        "# no problems found\n".into(),
    ] {
        assert!(shown.contains(&expected), "{expected} in {shown}");
    }
    assert!(!shown.contains("secret"));
}

#[test]
fn what_is_wrong_stops_everything() {
    let folder = Folder::new();
    let file = folder.path().join("shoal.toml");
    std::fs::write(&file, "lisen = 1\n[users]\nquota = \"much\"\n").unwrap();
    let file = file.to_str().unwrap();
    for command in ["serve", "check-config"] {
        let (good, _, complaint) = run(&[command, "--config", file], &[]);
        assert!(!good);
        assert!(complaint.contains("line 1: there is no key \"lisen\". Did you mean \"listen\"?"));
        assert!(
            complaint
                .contains("line 3: users.quota = \"much\" is not allowed. Allowed: \"unlimited\"")
        );
    }
    let data = folder.path().to_str().unwrap();
    for (key, value, expected) in [
        (
            "SHOAL_TLS_KEY",
            "x.pem",
            "tls.certificate and tls.key belong together",
        ),
        ("SHOAL_ROLES", "worker", "SQLite serves one process only"),
        (
            "SHOAL_TRANSCODING_FFMPEG",
            "/no/ffmpeg",
            "there is no program /no/ffmpeg",
        ),
        ("SHOAL_POD_NAME", " ", "a pod has a name"),
        ("SHOAL_LISTEN", "9000", "Allowed: ADDRESS:PORT"),
        ("SHOAL_LITSEN", "9000", "Did you mean \"SHOAL_LISTEN\"?"),
    ] {
        for command in ["serve", "check-config"] {
            let arguments = [command, "--data", data];
            let (good, _, complaint) = run(&arguments, &[(key, value)]);
            assert!(!good && complaint.contains(expected), "{key}: {complaint}");
        }
    }
    let (good, _, complaint) = run(&["serve", "--config", "/no/such/file"], &[]);
    assert!(!good && complaint.contains("/no/such/file cannot be read"));
}

#[test]
fn users_from_the_command_line() {
    let folder = Folder::new();
    let data = folder.path().to_str().unwrap().to_owned();
    let create = [
        "user",
        "create",
        "alice",
        "--email",
        "alice@example.org",
        "--role",
        "admin",
        "--data",
        &data,
    ];
    let (good, printed, complaint) = run(&create, &[]);
    assert!(good, "{complaint}");
    assert!(printed.contains("user alice was created\npassword: "));
    let (good, _, _) = run(&create, &[]);
    assert!(!good);

    // While the pod runs a user can still be helped back in.
    let pod = Pod::start_in(folder, &[]);
    let (good, _, complaint) = run(&create, &[]);
    assert!(!good && complaint.contains("another process uses the data folder"));
    let reset = ["user", "reset-password", "alice", "--data", &data];
    let (good, _, complaint) = run(&reset, &[("SHOAL_USER_PASSWORD", "a new password")]);
    assert!(good, "{complaint}");
    let client = pod.ask("GET /api/v1/oauth-clients/local HTTP/1.1");
    let value = |name: &str| {
        let rest = client.split(&format!("\"{name}\":\"")).nth(1).unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let form = format!(
        "client_id={}&client_secret={}&grant_type=password&username=alice&password=a+new+password",
        value("client_id"),
        value("client_secret")
    );
    let head = format!(
        "POST /api/v1/users/token HTTP/1.1\nContent-Type: application/x-www-form-urlencoded\nContent-Length: {}",
        form.len()
    );
    let mut socket = pod.connect();
    let head = head.replace('\n', "\r\n");
    use std::io::Write;
    write!(
        socket,
        "{head}\r\nHost: pod\r\nConnection: close\r\n\r\n{form}"
    )
    .unwrap();
    let answer = super::pod::read_all(socket);
    assert!(answer.contains("\"access_token\""), "{answer}");
    let (good, _, _) = run(&["user", "reset-password", "nobody", "--data", &data], &[]);
    assert!(!good);
}
