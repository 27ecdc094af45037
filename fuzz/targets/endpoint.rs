//! Any datagrams from a peer that was let in, whose connectivity check is good, and from a stranger: nothing panics, and what the
//! endpoint wants to send is no more than a few handshakes.

#![no_main]

use std::net::SocketAddr;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use datachannel::sdp::Description;
use datachannel::stun::{Key, Request};
use datachannel::{Batch, Certificate, Config, Endpoint, Path};
use libfuzzer_sys::fuzz_target;

static CERTIFICATE: LazyLock<Certificate> =
    LazyLock::new(|| Certificate::generate().expect("there is randomness"));
static EPOCH: LazyLock<Instant> = LazyLock::new(Instant::now);

const OFFER: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n\
    m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\n\
    a=fingerprint:sha-256 0F:1E:2D:3C:4B:5A:69:78:87:96:A5:B4:C3:D2:E1:F0:0F:1E:2D:3C:4B:5A:69:78:87:96:A5:B4:C3:D2:E1:F0\r\n\
    a=setup:actpass\r\na=mid:0\r\n";

fuzz_target!(|bytes: &[u8]| {
    let mut endpoint = Endpoint::new(Config::default(), &CERTIFICATE, *EPOCH, [7; 32]);
    let mut now = Duration::from_secs(1);
    let (_, answer) = endpoint.accept(now, OFFER, &[]).expect("a good offer");
    let answer = Description::parse(&answer).expect("our own text can be read");
    let [peer, stranger] = [1, 2].map(|host| Path {
        remote: SocketAddr::from(([192, 0, 2, host], 5000)),
        local: None,
    });
    let name = format!("{}:abcd", answer.ufrag);
    let check = Request::new([7; 12], Some(&name)).write(Some(&Key::new(&answer.password)));
    endpoint.receive(now, peer, &check);
    let mut batch = Batch::default();
    let mut rest = bytes;
    // Each datagram begins with its length and who sends it.
    while let [length, who, tail @ ..] = rest {
        let (datagram, tail) = tail.split_at(tail.len().min(usize::from(*length)));
        rest = tail;
        endpoint.receive(now, if who & 1 == 0 { peer } else { stranger }, datagram);
        now += Duration::from_millis(u64::from(*who));
        if endpoint.deadline().is_some_and(|at| at <= now) {
            endpoint.tick(now);
        }
        let mut sent = 0;
        while let Some(transmit) = endpoint.poll_transmit(now, &mut batch) {
            sent += transmit.bytes.len();
        }
        assert!(sent < 65_536);
        while endpoint.poll_event().is_some() {}
    }
});
