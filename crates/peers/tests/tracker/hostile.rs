//! Those who mean no good, or do not know better: too long, too many, too fast, malformed, or not reading. Each time somebody else is
//! served on beside them.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use peers::{Config, Rate, Totals};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

use crate::house::{CLIP, Door, House, announce};

/// Somebody who only wants to watch.
async fn is_served(door: &Door) {
    let mut honest = door.browser().await;
    honest.say(&announce(CLIP, 'h', 9, 0)).await;
    assert_eq!(honest.hear().await.unwrap()["interval"], 120);
}

#[tokio::test]
async fn malformed_messages_are_refused_and_in_the_end_the_sender_is() {
    let house = House::new(Config::default());
    let door = house.open().await;
    let ugly = [
        json!({"action": "announce", "info_hash": "short", "peer_id": "a".repeat(20)}),
        json!({"action": "announce", "info_hash": "c".repeat(60_000), "peer_id": "a".repeat(20)}),
        json!({"action": "announce", "info_hash": "\u{100}".repeat(20), "peer_id": "a".repeat(20)}),
        json!({"action": "announce", "info_hash": 17, "peer_id": "a".repeat(20)}),
        json!({"action": "announce", "info_hash": CLIP}),
        json!({"action": "announce", "info_hash": CLIP, "peer_id": "a".repeat(20), "offers": [1, 2, 3]}),
        json!({"action": "dance"}),
        json!(["announce"]),
        json!(null),
    ];
    let mut mallory = door.browser().await;
    for message in &ugly {
        mallory.say(message).await;
        assert!(!mallory.refusal().await.is_empty());
    }
    mallory
        .say_text("{\"action\":\"x\",\"y\":".to_owned() + &"[".repeat(50_000))
        .await;
    assert_eq!(mallory.refusal().await, "not JSON");
    mallory
        .socket
        .send(Message::binary(vec![0xff; 100]))
        .await
        .unwrap();
    is_served(&door).await;
    for _ in 0..20 {
        // It may be closed while it speaks.
        let _ = mallory.socket.send(Message::text("nonsense")).await;
    }
    let end = loop {
        if let Err(end) = mallory.hear().await {
            break end;
        }
    };
    assert!(
        ["too many malformed or hasty messages", "cut"].contains(&end.as_str()),
        "{end}"
    );
    is_served(&door).await;
}

#[tokio::test]
async fn ten_megabytes_of_json_end_the_connection() {
    let house = House::new(Config::default());
    let door = house.open().await;
    for size in [70_000, 10 << 20] {
        let mut mallory = door.browser().await;
        let mut message = announce(CLIP, 'm', 9, 1);
        message["offers"][0]["offer"]["sdp"] = json!("x".repeat(size));
        let _ = mallory
            .socket
            .send(Message::text(message.to_string()))
            .await;
        assert_eq!(mallory.hear().await, Err("cut".to_owned()));
    }
    is_served(&door).await;
}

#[tokio::test]
async fn a_million_offers_reach_at_most_ten_peers_a_message() {
    let house = House::new(Config::default());
    let door = house.open().await;
    let mut mallory = door.browser().await;
    let mut victim = door.browser().await;
    victim.say(&announce(CLIP, 'v', 9, 0)).await;
    victim.hear().await.unwrap();
    // As many as fit into one message, each of them well-formed.
    mallory.say(&announce(CLIP, 'm', 9, 600)).await;
    mallory.hear().await.unwrap();
    assert_eq!(victim.hear().await.unwrap()["offer"]["sdp"], "of m");
    let mut million = announce(CLIP, 'm', 9, 0);
    million["offers"] = json!(vec![0; 1_000_000]);
    let _ = mallory
        .socket
        .send(Message::text(million.to_string()))
        .await;
    assert_eq!(mallory.hear().await, Err("cut".to_owned()));
    // The one offer was all: the next thing the victim hears is its own reply.
    victim.say(&announce(CLIP, 'v', 9, 0)).await;
    assert_eq!(victim.hear().await.unwrap()["interval"], 120);
}

#[tokio::test]
async fn the_hasty_are_slowed_down_and_then_closed() {
    let house = House::new(Config {
        socket_rate: Rate {
            per_second: 0.001,
            burst: 3.0,
        },
        ..Config::default()
    });
    let door = house.open().await;
    let mut mallory = door.browser().await;
    let message = Message::text(announce(CLIP, 'm', 9, 0).to_string());
    for _ in 0..30 {
        let _ = mallory.socket.send(message.clone()).await;
    }
    for _ in 0..3 {
        assert_eq!(mallory.hear().await.unwrap()["interval"], 120);
    }
    assert_eq!(mallory.refusal().await, "too many requests, slow down");
    while mallory.hear().await.is_ok() {}
    house.until(|tracker| tracker.totals().sockets == 0).await;
    is_served(&door).await;
}

#[tokio::test]
async fn whoever_never_reads_is_closed_while_others_talk_on() {
    let rate = Rate {
        per_second: 1e6,
        burst: 1e6,
    };
    let house = House::new(Config {
        socket_rate: rate,
        ..Config::default()
    });
    let door = house.open().await;
    let mut deaf = door.browser().await;
    deaf.say(&announce(CLIP, 'd', 9, 0)).await;
    house.until(|tracker| tracker.totals().peers == 1).await;
    let mut talker = door.browser().await;
    let mut message = announce(CLIP, 't', 9, 3);
    for offer in message["offers"].as_array_mut().unwrap() {
        offer["offer"]["sdp"] = json!("x".repeat(16_000));
    }
    // Every message makes the tracker send 16 kB to the one who does not read.
    let mut said = 0;
    while house.tracker.totals().sockets == 2 {
        talker.say(&message).await;
        talker.hear().await.unwrap();
        said += 1;
        assert!(said < 5000, "the tracker would hold everything for ever");
    }
    house
        .until(|tracker| {
            tracker.totals()
                == Totals {
                    sockets: 1,
                    swarms: 1,
                    peers: 1,
                }
        })
        .await;
    is_served(&door).await;
}

#[tokio::test]
async fn the_silent_are_asked_and_then_closed() {
    let (ping, idle) = (Duration::from_millis(50), Duration::from_secs(1));
    let house = House::new(Config {
        ping,
        idle,
        ..Config::default()
    });
    let door = house.open().await;
    let mut quiet = door.browser().await;
    let mut dead = door.browser().await;
    dead.say(&announce(CLIP, 'd', 9, 0)).await;
    house.until(|tracker| tracker.totals().peers == 1).await;
    // A live client answers pings while it waits for messages; a dead one does nothing at all.
    tokio::select! {
        heard = quiet.hear() => panic!("nobody spoke, but {heard:?}"),
        () = house.until(|tracker| tracker.totals() == Totals { sockets: 1, swarms: 0, peers: 0 }) => {}
    }
}

#[tokio::test]
async fn frames_that_break_the_rules_end_the_connection() {
    let house = House::new(Config::default());
    let door = house.open().await;
    let handshake = "GET /tracker/socket HTTP/1.1\r\nHost: pod\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    for bad in [
        // Of 2^63 bytes, of 4 GiB, not masked, compressed, of an unknown kind, a ping that is too long, the end of nothing.
        &[0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0][..],
        &[0x81, 0xff, 0, 0, 0, 1, 0, 0, 0, 0],
        &[0x81, 0x02, b'{', b'}'],
        &[0xc1, 0x80, 0, 0, 0, 0],
        &[0x83, 0x80, 0, 0, 0, 0],
        &[0x89, 0xfe, 0, 126, 0, 0, 0, 0],
        &[0x80, 0x80, 0, 0, 0, 0],
    ] {
        let mut mallory = TcpStream::connect(door.address).await.unwrap();
        mallory.write_all(handshake.as_bytes()).await.unwrap();
        mallory.write_all(bad).await.unwrap();
        let mut heard = Vec::new();
        // However it is cut, nothing follows the reply to the handshake.
        let _ = mallory.read_to_end(&mut heard).await;
        assert!(heard.is_empty() || heard.ends_with(b"\r\n\r\n"), "{bad:x?}");
    }
    house.until(|tracker| tracker.totals().sockets == 0).await;
    is_served(&door).await;
}

#[tokio::test]
async fn whoever_dawdles_over_a_message_holds_nobody_up() {
    let house = House::new(Config::default());
    let door = house.open().await;
    let mut slow = door.browser().await;
    let raw = slow.socket.get_mut();
    // A frame of 60 kB of which only the beginning ever comes, and a message whose end does not.
    raw.write_all(&[0x81, 0xfe, 0xea, 0x60, 0, 0, 0, 0, b'{'])
        .await
        .unwrap();
    is_served(&door).await;
    // A message in parts, with a question between them.
    let mut parts = door.browser().await;
    let text = announce(CLIP, 'p', 9, 0).to_string();
    let (front, back) = text.split_at(60);
    for (first, part) in [(0x01, front), (0x89, "there?"), (0x80, back)] {
        let mut frame = vec![first];
        match u8::try_from(part.len()) {
            Ok(length @ 0..126) => frame.push(0x80 | length),
            _ => frame.extend([0xfe, (part.len() >> 8) as u8, part.len() as u8]),
        }
        frame.extend([0; 4]);
        frame.extend(part.as_bytes());
        parts.socket.get_mut().write_all(&frame).await.unwrap();
    }
    let pong = parts.socket.next().await.unwrap().unwrap();
    assert_eq!(pong, Message::Pong("there?".into()));
    assert_eq!(parts.hear().await.unwrap()["interval"], 120);
    parts.socket.close(None).await.unwrap();
    let end = parts.socket.next().await.unwrap().unwrap();
    assert!(matches!(end, Message::Close(Some(frame)) if u16::from(frame.code) == 1000));
    house.until(|tracker| tracker.totals().sockets == 1).await;
    drop(slow);
}
