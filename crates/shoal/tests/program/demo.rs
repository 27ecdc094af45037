//! Several pods at once.

use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use super::pod::{Folder, shoal};

/// The first of so many ports in a row that nobody uses.
fn free_ports(count: u16) -> u16 {
    loop {
        let first = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let free = |port| TcpListener::bind(("127.0.0.1", port)).is_ok();
        if first < 60_000 && (first..first + count).all(free) {
            return first;
        }
    }
}

/// A demonstration in a folder for temporary files of its own.
fn demo(folder: &Folder, arguments: &[&str]) -> Child {
    shoal()
        .arg("demo")
        .args(arguments)
        .env("TMPDIR", folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What is printed up to the line that says how to end it.
fn guide(child: &mut Child) -> String {
    let mut guide = String::new();
    let mut lines = BufReader::new(child.stdout.as_mut().unwrap());
    while !guide.contains("Ctrl-C ends") {
        if lines.read_line(&mut guide).unwrap() == 0 {
            let mut log = String::new();
            child
                .stderr
                .take()
                .unwrap()
                .read_to_string(&mut log)
                .unwrap();
            panic!("no guide: {log}");
        }
    }
    guide
}

fn rest(child: Child) -> (bool, String) {
    let output = child.wait_with_output().unwrap();
    (
        output.status.success(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

fn children(of: u32) -> Vec<String> {
    let path = format!("/proc/{of}/task/{of}/children");
    let found = std::fs::read_to_string(path).unwrap();
    found.split_whitespace().map(str::to_owned).collect()
}

fn signal(name: &str, id: &str) {
    assert!(
        Command::new("kill")
            .args([name, id])
            .status()
            .unwrap()
            .success()
    );
}

#[test]
fn pods_start_together_and_end_together() {
    let folder = Folder::new();
    let port = free_ports(2);
    let first = port.to_string();
    let arguments = ["--pods", "2", "--port", &first];
    let mut child = demo(&folder, &arguments);
    let told = guide(&mut child);
    assert!(told.contains(&format!("http://localhost:{}/admin/network", port + 1)));
    assert!(told.contains("Sign in as root, with the password "));
    // A second one says who is in the way, and leaves the first alone.
    let (good, complaint) = rest(demo(&folder, &arguments));
    assert!(
        !good && complaint.contains(&format!("port {port} is taken")),
        "{complaint}"
    );
    signal("-INT", &child.id().to_string());
    let (good, complaint) = rest(child);
    assert!(good, "{complaint}");
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        0,
        "all is removed"
    );
    for port in [port, port + 1] {
        assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    }
}

#[test]
fn when_a_pod_dies_so_do_the_others() {
    let folder = Folder::new();
    let port = free_ports(2);
    let kept = folder.path().join("kept");
    let mut child = demo(
        &folder,
        &[
            "--pods",
            "2",
            "--port",
            &port.to_string(),
            "--keep",
            kept.to_str().unwrap(),
        ],
    );
    guide(&mut child);
    let pods = children(child.id());
    assert_eq!(pods.len(), 2);
    signal("-KILL", &pods[0]);
    let (good, complaint) = rest(child);
    assert!(
        !good && complaint.contains("has ended (signal: 9"),
        "{complaint}"
    );
    assert!(kept.join("pod1/shoal.db").exists() && kept.join("pod2/shoal.db").exists());
}

#[test]
fn what_a_demonstration_cannot_do() {
    let folder = Folder::new();
    for (arguments, expected) in [
        (&["--pods", "0"][..], "0 is not in 1..=9"),
        (&["--pods", "10"], "10 is not in 1..=9"),
        (&["--port", "65534"], "no ports after 65535"),
        (&["--data", "x"], "shoal demo chooses"),
        (&["--config", "x"], "shoal demo chooses"),
    ] {
        let (good, complaint) = rest(demo(&folder, arguments));
        assert!(
            !good && complaint.contains(expected),
            "{expected}: {complaint}"
        );
    }
}
