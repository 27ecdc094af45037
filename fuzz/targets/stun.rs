//! Any bytes as a STUN request and as a response: nothing is trusted that is not signed, and what is answered can be read.

#![no_main]

use std::net::SocketAddr;

use datachannel::stun::{Key, Outcome, Request, Response, respond};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let key = Key::new("a password that nobody has signed with");
    if let Ok(request) = Request::parse(bytes) {
        assert!(!request.verify(&key));
        let from = SocketAddr::from(([192, 0, 2, 1], 4443));
        let answer = Response::parse(&respond(&request, from, Some(&key)), Some(&key));
        let answer = answer.expect("our own message can be read");
        assert_eq!(answer.outcome, Outcome::Address(from));
        assert_eq!(answer.transaction, request.transaction);
    }
    assert!(Response::parse(bytes, Some(&key)).is_err());
    let _ = Response::parse(bytes, None);
});
