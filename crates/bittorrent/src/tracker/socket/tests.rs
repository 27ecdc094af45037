//! Messages as WebTorrent's clients send them, messages that are wrong in every field, and replies read back.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn announce() -> Value {
    json!({
        "action": "announce", "info_hash": "aaaaaaaaaaaaaaaaaaaa", "peer_id": "-WW0301-bbbbbbbbbbbb", "uploaded": 0,
        "downloaded": 0, "left": 5e3, "event": "started", "numwant": 5,
        "offers": [{"offer_id": "cccccccccccccccccccc", "offer": {"type": "offer", "sdp": "v=0\r\n"}}],
    })
}

fn answer() -> Value {
    json!({
        "action": "announce", "info_hash": "aaaaaaaaaaaaaaaaaaaa", "peer_id": "-WW0301-bbbbbbbbbbbb",
        "to_peer_id": "-WW0301-dddddddddddd", "offer_id": "cccccccccccccccccccc",
        "answer": {"sdp": "v=0\r\n", "type": "answer"},
    })
}

#[test]
fn reads_what_clients_send() {
    let text = announce().to_string();
    let Ok(Request::Announce(read)) = Request::parse(&text) else {
        panic!("an announce")
    };
    assert_eq!(
        (read.infohash, read.peer_id.0),
        (InfoHash([b'a'; 20]), *b"-WW0301-bbbbbbbbbbbb")
    );
    assert_eq!(
        (read.left, read.event, read.numwant),
        (Some(5000), Event::Started, Some(5))
    );
    assert_eq!(
        (read.offers.len(), read.offers[0].sdp.json()),
        (1, "\"v=0\\r\\n\"")
    );

    let text = answer().to_string();
    let Ok(Request::Answer(read)) = Request::parse(&text) else {
        panic!("an answer")
    };
    assert_eq!(
        (read.to_peer_id.0, read.offer_id),
        (*b"-WW0301-dddddddddddd", OfferId([b'c'; 20]))
    );

    for (infohash, count) in [
        (json!("aaaaaaaaaaaaaaaaaaaa"), 1),
        (json!(vec!["\u{ff}".repeat(20); 70]), MAX_SCRAPE),
    ] {
        let text = json!({"action": "scrape", "info_hash": infohash}).to_string();
        let Ok(Request::Scrape(swarms)) = Request::parse(&text) else {
            panic!("a scrape")
        };
        assert_eq!(swarms.len(), count);
    }
}

#[test]
fn nothing_and_null_are_the_same() {
    let text = r#"{"action":"announce","info_hash":"aaaaaaaaaaaaaaaaaaaa","peer_id":"bbbbbbbbbbbbbbbbbbbb","left":null,
        "event":null,"offers":null,"answer":null,"to_peer_id":null,"offer_id":null,"numwant":null}"#;
    let Ok(Request::Announce(read)) = Request::parse(text) else {
        panic!("an announce")
    };
    assert_eq!(
        (read.left, read.event, read.offers.len()),
        (None, Event::Update, 0)
    );
}

#[test]
fn keeps_ten_offers_of_very_many() {
    let mut message = announce();
    message["offers"] = json!(vec![message["offers"][0].clone(); 400]);
    let text = message.to_string();
    let Ok(Request::Announce(read)) = Request::parse(&text) else {
        panic!("an announce")
    };
    assert_eq!(read.offers.len(), MAX_OFFERS);
    message["offers"] = json!(vec![0; 1_000_000]);
    assert!(matches!(
        Request::parse(&message.to_string()),
        Err(BadMessage::TooLong)
    ));
}

#[test]
fn refuses_every_field_of_the_wrong_type() {
    let wrong = [
        json!(17),
        json!("short"),
        json!("a".repeat(21)),
        json!("Ā".repeat(20)),
        json!({}),
        json!([[]]),
        json!(true),
    ];
    for (message, fields) in [
        (
            announce(),
            vec!["action", "info_hash", "peer_id", "left", "offers"],
        ),
        (
            answer(),
            vec![
                "action",
                "info_hash",
                "peer_id",
                "to_peer_id",
                "offer_id",
                "answer",
            ],
        ),
    ] {
        for field in fields {
            for value in &wrong {
                if field == "left" && value.is_number() {
                    continue;
                }
                let mut bad = message.clone();
                bad[field] = value.clone();
                assert!(Request::parse(&bad.to_string()).is_err(), "{bad}");
            }
            let mut bad = message.clone();
            bad.as_object_mut().unwrap().remove(field);
            let optional = matches!(field, "left" | "offers" | "answer");
            assert_eq!(
                Request::parse(&bad.to_string()).is_ok(),
                optional,
                "without {field}"
            );
        }
    }
}

#[test]
fn refuses_ugly_texts() {
    let deep = format!("{{\"action\":\"scrape\",\"x\":{}", "[".repeat(60_000));
    let deep_sdp = announce()
        .to_string()
        .replace("\"v=0\\r\\n\"", &"[".repeat(60_000));
    let object_sdp = announce().to_string().replace("\"v=0\\r\\n\"", "{\"a\":1}");
    let twice = announce()
        .to_string()
        .replace("\"left\"", "\"action\":\"scrape\",\"left\"");
    let huge_number = announce().to_string().replace("5000.0", "1e999");
    let cases = [
        "",
        "null",
        "[]",
        "17",
        "\"announce\"",
        "{}",
        "{",
        "{\"action\":1}",
        "{\"action\":\"\"}",
    ];
    for text in cases
        .into_iter()
        .chain([&*deep, &deep_sdp, &object_sdp, &twice, &huge_number])
    {
        assert!(
            Request::parse(text).is_err(),
            "{}",
            &text[..text.len().min(200)]
        );
    }
}

#[test]
fn writes_what_clients_expect() {
    let text = announce().to_string();
    let Ok(Request::Announce(read)) = Request::parse(&text) else {
        panic!("an announce")
    };
    let (infohash, peer_id, offer) = (read.infohash, read.peer_id, read.offers[0]);
    let counts = Counts {
        complete: 1,
        incomplete: 2,
        downloaded: 3,
    };
    let check = |reply: Reply<'_>, expected: Value| {
        assert_eq!(
            serde_json::from_str::<Value>(&reply.to_json()).unwrap(),
            expected
        );
    };
    check(
        Reply::Announced {
            infohash,
            interval: 120,
            counts,
        },
        json!({"action": "announce", "info_hash": "aaaaaaaaaaaaaaaaaaaa", "interval": 120, "complete": 1, "incomplete": 2}),
    );
    check(
        Reply::Offer {
            infohash,
            peer_id,
            offer,
        },
        json!({"action": "announce", "info_hash": "aaaaaaaaaaaaaaaaaaaa", "peer_id": "-WW0301-bbbbbbbbbbbb",
            "offer_id": "cccccccccccccccccccc", "offer": {"type": "offer", "sdp": "v=0\r\n"}}),
    );
    let to_peer_id = PeerId([0; 20]);
    check(
        Reply::Answer(Answer {
            infohash,
            peer_id,
            to_peer_id,
            offer_id: offer.offer_id,
            sdp: offer.sdp,
        }),
        json!({"action": "announce", "info_hash": "aaaaaaaaaaaaaaaaaaaa", "peer_id": "-WW0301-bbbbbbbbbbbb",
            "offer_id": "cccccccccccccccccccc", "answer": {"type": "answer", "sdp": "v=0\r\n"}}),
    );
    check(
        Reply::Scraped(vec![(InfoHash([0xff; 20]), counts)]),
        json!({"action": "scrape", "files": {"\u{ff}".repeat(20): {"complete": 1, "incomplete": 2, "downloaded": 3}}}),
    );
    check(
        Reply::Failure {
            action: Action::Announce,
            infohash: Some(infohash),
            reason: "unknown".into(),
        },
        json!({"action": "announce", "info_hash": "aaaaaaaaaaaaaaaaaaaa", "failure reason": "unknown"}),
    );
}

#[test]
fn a_description_can_be_taken_out_and_put_in() {
    for text in [
        "v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\n",
        "",
        "\"\\\u{0}\u{1f980}",
    ] {
        let own = OwnSdp::new(text);
        assert_eq!(own.sdp().text().as_deref(), Some(text));
    }
    let half = announce()
        .to_string()
        .replace("\"v=0\\r\\n\"", "\"\\ud800\"");
    let Ok(Request::Announce(read)) = Request::parse(&half) else {
        panic!("an announce")
    };
    assert_eq!(
        (read.offers[0].sdp.json(), read.offers[0].sdp.text()),
        ("\"\\ud800\"", None)
    );
}

proptest! {
    #[test]
    fn descriptions_pass_through_unchanged(sdp: String, id: [u8; 20]) {
        let mut message = announce();
        message["offers"][0]["offer"]["sdp"] = json!(sdp);
        message["offers"][0]["offer_id"] = serde_json::to_value(OfferId(id)).unwrap();
        let text = message.to_string();
        let Ok(Request::Announce(read)) = Request::parse(&text) else { panic!("an announce") };
        let reply = Reply::Offer { infohash: read.infohash, peer_id: read.peer_id, offer: read.offers[0] }.to_json();
        let reply: Value = serde_json::from_str(&reply).unwrap();
        assert_eq!(&reply["offer"]["sdp"], &json!(sdp));
        assert_eq!(reply["offer_id"].as_str().map(OfferId::from_binary_string), Some(Ok(OfferId(id))));
    }

    #[test]
    fn any_text_is_refused_or_read(text in "\\{(\"[a-z_]{0,9}\":[\"0-9\\[\\]{}a-z,]{0,9},?){0,6}\\}?") {
        let _ = Request::parse(&text);
    }
}
