//! The jail holds: a program inside sees its own files and nothing else, has no network, and dies with its limits.

use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

const JAILER: &str = env!("CARGO_BIN_EXE_media-confine");

fn jailed(options: &[&str], program: &[&str]) -> Output {
    Command::new(JAILER)
        .arg("confine")
        .args(options)
        .arg("--")
        .args(program)
        .output()
        .expect("the jailer runs")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a plain name")
}

#[test]
fn other_files_are_closed() {
    assert!(
        media::confine::support().files,
        "this test needs a kernel with landlock"
    );
    let folder = TempDir::new().expect("a folder");
    let own = folder.path().join("own");
    std::fs::create_dir(&own).expect("a folder");
    let (inside, outside) = (own.join("a.wav"), folder.path().join("secret.wav"));
    crate::samples::make(&own, "a.wav", "-f lavfi -i sine=d=0.1");
    std::fs::copy(&inside, &outside).expect("copied");

    let read = |input: &Path, output: &str| {
        let args = [
            "/usr/bin/ffmpeg",
            "-v",
            "error",
            "-nostdin",
            "-y",
            "-i",
            text(input),
            "-f",
            "wav",
            output,
        ];
        jailed(&["--read", text(&inside), "--write", text(&own)], &args)
    };
    let made = own.join("out.wav");
    assert!(read(&inside, text(&made)).status.success());
    assert!(made.exists());

    let refused = read(&outside, text(&made));
    assert!(!refused.status.success());
    assert!(
        String::from_utf8_lossy(&refused.stderr).contains("Permission denied"),
        "{refused:?}"
    );

    let elsewhere = folder.path().join("elsewhere.wav");
    assert!(!read(&inside, text(&elsewhere)).status.success());
    assert!(!elsewhere.exists());

    // A link inside leads nowhere.
    let link = own.join("link.wav");
    std::os::unix::fs::symlink(&outside, &link).expect("a link");
    assert!(!read(&link, text(&made)).status.success());
    assert!(
        !jailed(&[], &["/usr/bin/cat", "/etc/passwd"])
            .status
            .success()
    );
}

#[test]
fn the_network_is_closed() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let program = format!("exec 3<>/dev/tcp/127.0.0.1/{}", address.port());
    assert!(
        Command::new("/bin/bash")
            .args(["-c", &program])
            .status()
            .expect("runs")
            .success()
    );
    assert!(!jailed(&[], &["/bin/bash", "-c", &program]).status.success());
    let udp = "exec 3<>/dev/udp/127.0.0.1/9";
    assert!(!jailed(&[], &["/bin/bash", "-c", udp]).status.success());
}

#[test]
fn limits_hold() {
    let folder = TempDir::new().expect("a folder");
    let many = jailed(&["--memory", "67108864"], &["/usr/bin/ffmpeg", "-version"]);
    assert!(!many.status.success(), "ffmpeg does not even load in 64 MB");
    let output = folder.path().join("large");
    let source = [
        "/usr/bin/ffmpeg",
        "-v",
        "error",
        "-nostdin",
        "-f",
        "lavfi",
        "-i",
        "sine=d=100",
        "-f",
        "wav",
    ];
    let args: Vec<&str> = source.into_iter().chain([text(&output)]).collect();
    assert!(
        !jailed(
            &["--file-size", "100000", "--write", text(folder.path())],
            &args
        )
        .status
        .success()
    );
    assert!(std::fs::metadata(&output).expect("a file").len() <= 100_000);
    let spin = jailed(&["--cpu", "1"], &["/bin/bash", "-c", "while :; do :; done"]);
    assert!(!spin.status.success());
}

#[test]
fn nonsense_is_refused() {
    for options in [&["--what", "x"][..], &["--memory", "much"], &["--read"]] {
        let refused = Command::new(JAILER)
            .arg("confine")
            .args(options)
            .output()
            .expect("runs");
        assert!(!refused.status.success(), "{options:?}");
    }
    assert!(!jailed(&[], &["/nowhere/at/all"]).status.success());
}

#[test]
fn it_dies_with_whoever_started_it() {
    // The program holds the pipe that we read; it ends as soon as the killed shell does, or after five minutes.
    let began = std::time::Instant::now();
    let script = format!("{JAILER} confine --parent $$ -- /usr/bin/sleep 300 & kill -9 $$");
    let output = Command::new("/bin/bash")
        .args(["-c", &script])
        .output()
        .expect("runs");
    assert!(!output.status.success());
    assert!(began.elapsed().as_secs() < 200);
}
