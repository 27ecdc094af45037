//! Any headers as the signature of a request: nothing is ever taken for signed that was not, in either dialect, and nothing panics. The first line
//! holds method and path, the lines after it are headers, and what follows an empty line is the body.

#![no_main]

use fedi::signature::{Body, Claim, Request, Scheme, Window};
use libfuzzer_sys::fuzz_target;
use names::Host;

fuzz_target!(|text: &str| {
    let host = Host::parse("pod.example").expect("it is a host");
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.lines();
    let (method, target) = lines
        .next()
        .and_then(|line| line.split_once(' '))
        .unwrap_or(("POST", "/inbox"));
    let headers: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(": ")).collect();
    let request = Request {
        method,
        target,
        host: &host,
        scheme: Scheme::Https,
        headers: &headers,
        body: Body::Bytes(body.as_bytes()),
    };
    if let Ok(claim) = Claim::read(&request) {
        assert!(claim.signed("digest").is_some() || claim.signed("content-digest").is_some());
        let _ = claim.fresh(1_795_416_352_000, Window::ACTIVITYPUB);
    }
});
