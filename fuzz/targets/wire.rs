//! Any bytes as a connection between peers, cut in two at any place: both ways of reading come to the same messages, and each is,
//! written anew, the same bytes.

#![no_main]

use bittorrent::wire::{BadMessage, Decoder, HANDSHAKE, Handshake, Message};
use libfuzzer_sys::fuzz_target;

const MOST: u32 = 1 << 10;

fn read(parts: [&[u8]; 2]) -> (Vec<Vec<u8>>, Option<BadMessage>) {
    let (mut messages, mut decoder) = (Vec::new(), Decoder::new(MOST));
    for mut part in parts {
        loop {
            match decoder.next(&mut part) {
                Ok(Some(message)) => {
                    let mut written = Vec::new();
                    message.write(&mut written);
                    if !matches!(message, Message::Unknown(_)) {
                        assert_eq!(Message::parse(&written[4..]), Ok(message));
                    }
                    messages.push(written);
                }
                Ok(None) => break assert!(part.is_empty()),
                Err(bad) => return (messages, Some(bad)),
            }
        }
        assert!(decoder.held() <= 2 * MOST as usize + 8);
    }
    (messages, None)
}

fuzz_target!(|input: (usize, &[u8])| {
    let (at, bytes) = input;
    if let Some(handshake) = bytes.first_chunk::<HANDSHAKE>() {
        if let Ok(read) = Handshake::parse(handshake) {
            assert_eq!(&read.to_bytes(), handshake);
        }
    }
    let (front, back) = bytes.split_at(at.min(bytes.len()));
    assert_eq!(read([front, back]), read([bytes, &[]]));
});
