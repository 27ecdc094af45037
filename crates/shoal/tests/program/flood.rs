//! Very many clients that hardly send anything.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::pod::{Pod, read_all};

const CLIENTS: usize = 10_000;

/// Memory a connection may take. Ten thousand of them are what the machine of a small pod can spare.
const EACH: u64 = 40_000;

fn memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    line.trim()
        .strip_suffix(" kB")
        .unwrap()
        .parse::<u64>()
        .unwrap()
        * 1024
}

/// Ten thousand uploads at the same time, of which one byte arrives each: others are served as before, memory stays within bounds, and
/// who does not go on is shown the door.
#[test]
fn slow_uploads_do_no_harm() {
    let most = getrlimit(Resource::Nofile).maximum;
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: most,
            maximum: most,
        },
    )
    .unwrap();
    let clients = most.map_or(CLIENTS, |most| CLIENTS.min(most as usize - 500));
    let pod = Pod::start(&[]);
    pod.ask("GET / HTTP/1.1");
    let before = memory(pod.id());
    let head = "POST /api/v1/users/token HTTP/1.1\r\nHost: pod\r\n\
        Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100000\r\n\r\ng";
    let slow: Vec<TcpStream> = (0..clients)
        .map(|_| {
            let mut socket = pod.connect();
            socket.write_all(head.as_bytes()).unwrap();
            socket
        })
        .collect();
    let begun = Instant::now();
    for _ in 0..20 {
        assert!(pod.ask("GET / HTTP/1.1").starts_with("HTTP/1.1 200"));
    }
    assert!(
        begun.elapsed() < Duration::from_secs(3),
        "{:?}",
        begun.elapsed()
    );
    let grown = memory(pod.id()) - before;
    assert!(
        grown < EACH * clients as u64,
        "{} bytes each",
        grown / clients as u64
    );
    for socket in slow {
        let answer = read_all(socket);
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
            "{answer}"
        );
    }
    assert!(pod.ask("GET /health HTTP/1.1").ends_with("ok\n"));
}
