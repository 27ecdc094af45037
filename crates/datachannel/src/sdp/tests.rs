//! Descriptions in the shapes that browsers and libraries write, and hostile ones.

use proptest::prelude::*;

use super::*;

const DIGITS: &str = "0F:1E:2D:3C:4B:5A:69:78:87:96:A5:B4:C3:D2:E1:F0:0F:1E:2D:3C:4B:5A:69:78:87:96:A5:B4:C3:D2:E1:F0";

/// As Chromium writes it, with addresses hidden behind names.
fn chromium() -> String {
    format!(
        "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\na=extmap-allow-mixed\r\n\
        a=msid-semantic: WMS\r\nm=application 51472 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 203.0.113.7\r\n\
        a=candidate:1 1 udp 2113937151 1f4712db-ea17-4bcf-a596-105139dfd8bf.local 51472 typ host generation 0 network-cost 999\r\n\
        a=candidate:2 1 udp 1677729535 203.0.113.7 51472 typ srflx raddr 0.0.0.0 rport 0 generation 0 network-cost 999\r\n\
        a=candidate:3 1 tcp 1518280447 192.0.2.8 9 typ host tcptype active generation 0\r\n\
        a=ice-ufrag:Xx0+\r\na=ice-pwd:aB3dE6gH9jK2mN5pQ8sT1vWx\r\na=ice-options:trickle\r\na=fingerprint:sha-256 {DIGITS}\r\n\
        a=setup:actpass\r\na=mid:0\r\na=sctp-port:5000\r\na=max-message-size:262144\r\n"
    )
}

/// As Firefox writes it: the fingerprint stands before the medium, and there is a second component of nobody's.
fn firefox() -> String {
    format!(
        "v=0\r\no=mozilla...THIS_IS_SDPARTA-99.0 8051243018530122613 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=sendrecv\r\n\
        a=fingerprint:sha-256 {DIGITS}\r\na=group:BUNDLE 0\r\na=ice-options:trickle\r\na=msid-semantic:WMS *\r\n\
        m=application 57015 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP6 2001:db8::17\r\n\
        a=candidate:0 1 UDP 2122252543 2001:db8::17 57015 typ host\r\na=candidate:0 2 UDP 2122252542 2001:db8::17 57016 typ host\r\n\
        a=sendrecv\r\na=end-of-candidates\r\na=ice-pwd:0123456789abcdef0123456789abcdef\r\na=ice-ufrag:1a2b3c4d\r\na=mid:0\r\n\
        a=setup:actpass\r\na=sctp-port:5000\r\na=max-message-size:1073741823\r\n"
    )
}

/// As libdatachannel writes it, which leaves out what it can.
fn libdatachannel() -> String {
    format!(
        "v=0\r\no=rtc 2890844526 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\na=group:LS 0\r\na=msid-semantic:WMS *\r\n\
        a=setup:actpass\r\na=ice-ufrag:Ab1-\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\na=ice-options:ice2,trickle\r\n\
        a=fingerprint:sha-256 {DIGITS}\r\nm=application 40112 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 192.0.2.9\r\na=mid:0\r\n\
        a=sendrecv\r\na=sctp-port:5000\r\na=max-message-size:262144\r\n\
        a=candidate:1 1 UDP 2122317823 192.0.2.9 40112 typ host\r\na=end-of-candidates\r\n"
    )
}

fn check(offer: &str, ufrag: &str, max_message_size: u64, candidates: &[&str]) {
    let read = Description::offer(offer).unwrap();
    assert_eq!(read.ufrag, ufrag);
    assert_eq!(read.fingerprint, Fingerprint::parse(DIGITS).unwrap());
    assert_eq!((read.setup, read.lite), (Setup::ActPass, false));
    assert_eq!((read.mid.as_deref(), read.bundle), (Some("0"), true));
    assert_eq!(
        (read.sctp_port, read.max_message_size),
        (5000, max_message_size)
    );
    let candidates: Vec<SocketAddr> = candidates
        .iter()
        .map(|text| text.parse().unwrap())
        .collect();
    assert_eq!(read.candidates, candidates);
    // Line ends of other systems change nothing.
    assert_eq!(Description::offer(&offer.replace('\r', "")), Ok(read));
}

#[test]
fn offers_of_browsers_and_libraries() {
    check(&chromium(), "Xx0+", 262_144, &["203.0.113.7:51472"]);
    check(
        &firefox(),
        "1a2b3c4d",
        1_073_741_823,
        &["[2001:db8::17]:57015"],
    );
    check(&libdatachannel(), "Ab1-", 262_144, &["192.0.2.9:40112"]);
}

#[test]
fn what_is_refused() {
    let offer = chromium();
    let without = |part: &str| {
        let lines = offer.split_inclusive("\r\n");
        lines
            .filter(|line| !line.starts_with(part))
            .collect::<String>()
    };
    for (text, expected) in [
        (String::new(), BadOffer::Malformed),
        ("{\"sdp\":\"v=0\"}".to_owned(), BadOffer::Malformed),
        (format!("{offer}nonsense\r\n"), BadOffer::Malformed),
        (format!("{offer}é=1\r\n"), BadOffer::Malformed),
        (without("m="), BadOffer::Media),
        (offer.replace(" 51472 UDP", " 0 UDP"), BadOffer::Media),
        (offer.replace("webrtc-datachannel", "5000"), BadOffer::Media),
        (offer.replace("UDP/DTLS/SCTP", "DTLS/SCTP"), BadOffer::Media),
        (
            format!("{offer}m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"),
            BadOffer::Media,
        ),
        (without("a=ice-ufrag"), BadOffer::Credentials),
        (without("a=ice-pwd"), BadOffer::Credentials),
        (offer.replace("Xx0+", "Xx0"), BadOffer::Credentials),
        (offer.replace("Xx0+", "Xx:0"), BadOffer::Credentials),
        (
            offer.replace("Xx0+", &"x".repeat(257)),
            BadOffer::Credentials,
        ),
        (without("a=fingerprint"), BadOffer::Fingerprint),
        (offer.replace("sha-256", "sha-1"), BadOffer::Fingerprint),
        (offer.replace("0F:1E", "0G:1E"), BadOffer::Fingerprint),
        (offer.replace("actpass", "passive"), BadOffer::Passive),
        (offer.replace("actpass", "holdconn"), BadOffer::Malformed),
        (
            offer.replace("a=setup", "a=ice-lite\r\na=setup"),
            BadOffer::Lite,
        ),
        (
            offer.replace("port:5000", "port:70000"),
            BadOffer::Malformed,
        ),
        (offer.replace("262144", "-1"), BadOffer::Malformed),
        (offer.replace("a=mid:0", "a=mid:0 0"), BadOffer::Malformed),
        (
            format!("{offer}a={}\r\n", "x".repeat(5000)),
            BadOffer::TooLong,
        ),
        ("v=0\r\n".repeat(20_000), BadOffer::TooLong),
    ] {
        assert_eq!(Description::offer(&text), Err(expected), "{text}");
    }
}

#[test]
fn what_may_be_missing() {
    let offer = chromium()
        .replace("a=mid:0\r\n", "")
        .replace("a=sctp-port:5000\r\n", "")
        .replace("a=max-message-size:262144\r\n", "")
        .replace("a=setup:actpass\r\n", "");
    let read = Description::offer(&offer).unwrap();
    assert_eq!((read.mid, read.bundle), (None, false));
    assert_eq!((read.sctp_port, read.max_message_size), (5000, 65536));
    assert_eq!(read.setup, Setup::Active);
}

#[test]
fn a_bomb_costs_nothing() {
    let mut bomb = chromium();
    for _ in 0..1000 {
        bomb.push_str("a=candidate:1 1 udp 1 192.0.2.1 5 typ host\n");
    }
    assert_eq!(Description::offer(&bomb).unwrap().candidates.len(), 32);
}

#[test]
fn an_answer() {
    let answer = Description {
        ufrag: "ufrag123".to_owned(),
        password: "abcdefghijklmnopqrstuvwx".to_owned(),
        fingerprint: Fingerprint::parse(DIGITS).unwrap(),
        setup: Setup::Passive,
        lite: true,
        mid: Some("data".to_owned()),
        bundle: true,
        sctp_port: 5000,
        max_message_size: 262_144,
        candidates: vec![
            "[2001:db8::1]:4443".parse().unwrap(),
            "[::ffff:192.0.2.1]:4443".parse().unwrap(),
        ],
    };
    let expected = format!(
        "v=0\r\no=- 4255304284592745 2 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE data\r\na=ice-lite\r\n\
        m=application 4443 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP6 2001:db8::1\r\n\
        a=candidate:1 1 udp 2130706431 2001:db8::1 4443 typ host\r\na=candidate:2 1 udp 2130706175 192.0.2.1 4443 typ host\r\n\
        a=end-of-candidates\r\na=ice-ufrag:ufrag123\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n\
        a=fingerprint:sha-256 {DIGITS}\r\na=setup:passive\r\na=mid:data\r\na=sctp-port:5000\r\na=max-message-size:262144\r\n"
    );
    assert_eq!(answer.to_string(), expected);
    assert_eq!(Description::offer(&expected), Err(BadOffer::Passive));
}

prop_compose! {
    fn description()(
        ufrag in "[a-zA-Z0-9+/]{4,20}", password in "[a-zA-Z0-9+/]{22,40}", fingerprint: [u8; 32], setup in 0_usize..3, lite: bool,
        mid in proptest::option::of("[!-~]{1,64}"), bundle: bool, sctp_port: u16, max_message_size: u64,
        candidates in proptest::collection::vec((any::<std::net::IpAddr>(), 1_u16..), 0..8),
    ) -> Description {
        Description {
            ufrag, password, setup: [Setup::ActPass, Setup::Active, Setup::Passive][setup], lite,
            fingerprint: Fingerprint(fingerprint),
            bundle: bundle && mid.is_some(),
            mid, sctp_port, max_message_size,
            candidates: candidates.into_iter().map(|(ip, port)| SocketAddr::new(ip.to_canonical(), port)).collect(),
        }
    }
}

proptest! {
    #[test]
    fn descriptions_round_trip(description in description()) {
        prop_assert_eq!(Description::parse(&description.to_string()), Ok(description));
    }

    #[test]
    fn any_text(text in "(v=0\r?\n)?([a-z]=[ -~]{0,40}\r?\n){0,20}.{0,20}") {
        if let Ok(read) = Description::parse(&text) {
            prop_assert_eq!(Description::parse(&read.to_string()), Ok(read));
        }
    }
}
