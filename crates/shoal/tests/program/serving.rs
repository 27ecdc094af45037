//! A pod that runs: what it says, who may see what, and how it ends.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use super::pod::{Folder, Pod, read_all, shoal};

#[test]
fn a_new_pod_tells_the_password_once() {
    let pod = Pod::start(&[]);
    assert!(
        pod.greeting.contains("root, with the password "),
        "{}",
        pod.greeting
    );
    assert!(pod.ask("GET /health HTTP/1.1").ends_with("ok\n"));
    assert!(pod.ask("GET / HTTP/1.1").starts_with("HTTP/1.1 200"));
    assert!(
        pod.ask("GET /api/v1/config HTTP/1.1")
            .contains("\"instance\"")
    );
    pod.signal("-TERM");
    let (status, folder) = pod.wait();
    assert!(status.success());
    assert_eq!(Pod::start_in(folder, &[]).greeting, "");
}

#[test]
fn numbers_are_for_this_machine_unless_configured() {
    let pod = Pod::start(&[]);
    pod.ask("GET /api/v1/videos/1/nothing HTTP/1.1");
    pod.ask("GET /w/abc HTTP/1.1");
    let numbers = pod.ask("GET /metrics HTTP/1.1");
    assert!(numbers.contains("process_resident_memory_bytes "));
    assert!(numbers.contains("route=\"/w/{id}\""), "{numbers}");
    // Somebody behind the proxy on this machine is not this machine.
    let refused = pod.ask("GET /metrics HTTP/1.1\nX-Forwarded-For: 203.0.113.9");
    assert!(refused.starts_with("HTTP/1.1 403"));
}

#[test]
fn one_process_for_each_folder_and_one_for_each_port() {
    let pod = Pod::start(&[]);
    let start = |listen: &str, data: &std::path::Path| {
        let output = shoal()
            .args(["serve", "--listen", listen, "--data"])
            .arg(data)
            .output()
            .unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let refused = start("127.0.0.1:0", pod.folder.path());
    assert!(
        refused.contains("another process uses the data folder"),
        "{refused}"
    );
    let refused = start(&format!("127.0.0.1:{}", pod.port), Folder::new().path());
    assert!(refused.contains("cannot be used"), "{refused}");
    // With another folder and port it is a second pod.
    let second = Pod::start(&[]);
    assert!(second.ask("GET /health HTTP/1.1").ends_with("ok\n"));
}

/// A request whose body is on its way when the pod is told to stop is answered, and then the pod ends in good order.
#[test]
fn a_running_request_finishes() {
    for signal in ["-TERM", "-INT"] {
        let pod = Pod::start(&[]);
        let mut socket = pod.connect();
        write!(socket, "POST /api/v1/users/token HTTP/1.1\r\nHost: pod\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 20\r\nExpect: 100-continue\r\n\r\n").unwrap();
        // The handler runs as soon as it asks for the body.
        let mut go_on = [0; 25];
        socket.read_exact(&mut go_on).unwrap();
        assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
        pod.signal(signal);
        let begun = Instant::now();
        // The listener is closed at once; only then does the body arrive.
        while std::net::TcpStream::connect(("127.0.0.1", pod.port)).is_ok() {
            assert!(begun.elapsed() < Duration::from_secs(5));
        }
        write!(socket, "grant_type=password1").unwrap();
        assert!(read_all(socket).starts_with("HTTP/1.1 400"));
        let (status, _) = pod.wait();
        assert!(status.success());
        assert!(begun.elapsed() < Duration::from_secs(10));
    }
}

#[test]
fn a_client_that_never_finishes_does_not_hold_up_the_end() {
    let pod = Pod::start(&[]);
    let mut socket = pod.connect();
    write!(socket, "POST /api/v1/users/token HTTP/1.1\r\nHost: pod\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 20\r\nExpect: 100-continue\r\n\r\n").unwrap();
    socket.read_exact(&mut [0; 25]).unwrap();
    let begun = Instant::now();
    pod.signal("-TERM");
    let (status, _) = pod.wait();
    assert!(status.success());
    assert!(begun.elapsed() < Duration::from_secs(10));
}
