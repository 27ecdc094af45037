//! The frames in which the messages of the WebSocket dialect travel (RFC 6455), as a server reads and writes them. A message
//! that lies whole in what has just arrived is unmasked and read right there; only what is incomplete is kept, and no more of
//! it than has arrived. A frame that announces too much is found out by its first bytes.

use std::ops::Range;

/// The kinds of frames.
const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// The longest frame that is not part of a message.
const MAX_CONTROL: usize = 125;

/// Cuts what arrives into messages.
#[derive(Debug)]
pub struct Frames {
    most: usize,
    /// The beginning of a frame.
    kept: Vec<u8>,
    /// The parts of a message whose end is still to come.
    parts: Option<Vec<u8>>,
}

/// What a client sent.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard<'a> {
    /// A message, of text or of bytes.
    Message(&'a [u8]),
    /// A question whether we are there, with what to answer.
    Ping(&'a [u8]),
    /// An answer to ours.
    Pong,
    /// The end.
    Close,
}

/// The client does not keep to the protocol, or says too much at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a frame of a client, or too long a message")]
pub struct BadFrame;

/// The beginning of a frame, as far as it tells where the rest is.
struct Head {
    last: bool,
    kind: u8,
    mask: [u8; 4],
    payload: Range<usize>,
}

impl Frames {
    /// For messages of at most so many bytes.
    pub fn new(most: usize) -> Self {
        Self {
            most,
            kept: Vec::new(),
            parts: None,
        }
    }

    /// Bytes that are held for a message whose rest is still under way.
    pub fn held(&self) -> usize {
        self.kept.len() + self.parts.as_ref().map_or(0, Vec::len)
    }

    /// Takes what has arrived, which is changed on the way, and tells what it says. After an error nothing further makes sense.
    pub fn take(
        &mut self,
        arrived: &mut [u8],
        mut hear: impl FnMut(Heard<'_>),
    ) -> Result<(), BadFrame> {
        if self.kept.is_empty() {
            let taken = self.read(arrived, &mut hear)?;
            self.kept.extend_from_slice(&arrived[taken..]);
            return Ok(());
        }
        let mut kept = std::mem::take(&mut self.kept);
        kept.extend_from_slice(arrived);
        let taken = self.read(&mut kept, &mut hear)?;
        if taken < kept.len() {
            kept.drain(..taken);
            self.kept = kept;
        }
        Ok(())
    }

    /// Reads whole frames; returns how many bytes they had.
    fn read(
        &mut self,
        bytes: &mut [u8],
        hear: &mut impl FnMut(Heard<'_>),
    ) -> Result<usize, BadFrame> {
        let mut taken = 0;
        while let Some(head) = Head::read(&bytes[taken..], self.most)? {
            let Some(payload) = bytes[taken..].get_mut(head.payload.clone()) else {
                break;
            };
            taken += head.payload.end;
            unmask(payload, head.mask);
            self.frame(&head, payload, hear)?;
        }
        Ok(taken)
    }

    fn frame(
        &mut self,
        head: &Head,
        payload: &[u8],
        hear: &mut impl FnMut(Heard<'_>),
    ) -> Result<(), BadFrame> {
        match (head.kind, &mut self.parts) {
            (TEXT | BINARY, None) if head.last => hear(Heard::Message(payload)),
            (TEXT | BINARY, parts @ None) => *parts = Some(payload.to_vec()),
            (CONTINUATION, Some(parts)) => {
                if parts.len() + payload.len() > self.most {
                    return Err(BadFrame);
                }
                parts.extend_from_slice(payload);
                if head.last
                    && let Some(parts) = self.parts.take()
                {
                    hear(Heard::Message(&parts));
                }
            }
            (CLOSE, _) => hear(Heard::Close),
            (PING, _) => hear(Heard::Ping(payload)),
            (PONG, _) => hear(Heard::Pong),
            _ => return Err(BadFrame),
        }
        Ok(())
    }
}

impl Head {
    /// Reads the head of a frame, if it is all there.
    fn read(bytes: &[u8], most: usize) -> Result<Option<Self>, BadFrame> {
        let &[first, second, ref rest @ ..] = bytes else {
            return Ok(None);
        };
        let kind = first & 0x0f;
        // No extension was agreed upon that could use the reserved bits, and what a client sends is always masked.
        if first & 0x70 != 0 || second & 0x80 == 0 {
            return Err(BadFrame);
        }
        let last = first & 0x80 != 0;
        let (length, start) = match second & 0x7f {
            126 => match rest.first_chunk() {
                Some(length) => (u64::from(u16::from_be_bytes(*length)), 4),
                None => return Ok(None),
            },
            127 => match rest.first_chunk() {
                Some(length) => (u64::from_be_bytes(*length), 10),
                None => return Ok(None),
            },
            length => (length.into(), 2),
        };
        let is_control = kind >= CLOSE;
        let most = if is_control { MAX_CONTROL } else { most };
        let length = usize::try_from(length)
            .ok()
            .filter(|length| *length <= most);
        let length = length.ok_or(BadFrame)?;
        if is_control && !last {
            return Err(BadFrame);
        }
        let Some(&mask) = bytes.get(start..).and_then(<[u8]>::first_chunk) else {
            return Ok(None);
        };
        Ok(Some(Self {
            last,
            kind,
            mask,
            payload: start + 4..start + 4 + length,
        }))
    }
}

fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let (words, rest) = payload.as_chunks_mut::<8>();
    let [a, b, c, d] = mask;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    rest.iter_mut()
        .zip(mask.iter().cycle())
        .for_each(|(byte, mask)| *byte ^= mask);
}

/// Appends a message of text that `write` appends.
pub fn text_frame(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    message_frame(TEXT, out, write);
}

/// Appends a message of bytes.
pub fn binary_frame(out: &mut Vec<u8>, message: &[u8]) {
    message_frame(BINARY, out, |out| out.extend_from_slice(message));
}

fn message_frame(kind: u8, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    // Most messages have a length of two bytes; room for it is left and corrected where it was wrong.
    let start = out.len();
    out.extend_from_slice(&[0x80 | kind, 126, 0, 0]);
    write(out);
    let length = out.len() - start - 4;
    match u16::try_from(length) {
        Ok(short @ 0..=125) => {
            out[start + 1] = short as u8;
            out.drain(start + 2..start + 4);
        }
        Ok(middle) => out[start + 2..start + 4].copy_from_slice(&middle.to_be_bytes()),
        Err(_) => {
            out[start + 1] = 127;
            out.splice(start + 2..start + 4, (length as u64).to_be_bytes());
        }
    }
}

/// Appends a question whether the client is there.
pub fn ping_frame(out: &mut Vec<u8>) {
    out.extend_from_slice(&[0x80 | PING, 0]);
}

/// Appends the answer to a client's question.
pub fn pong_frame(out: &mut Vec<u8>, payload: &[u8]) {
    control(out, PONG, payload);
}

/// Appends the end with its reason: a number of the document and a few words.
pub fn close_frame(out: &mut Vec<u8>, code: u16, reason: &str) {
    control(
        out,
        CLOSE,
        &[&code.to_be_bytes()[..], reason.as_bytes()].concat(),
    );
}

fn control(out: &mut Vec<u8>, kind: u8, payload: &[u8]) {
    let payload = &payload[..payload.len().min(MAX_CONTROL)];
    out.extend_from_slice(&[0x80 | kind, payload.len() as u8]);
    out.extend_from_slice(payload);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MOST: usize = 70_000;

    /// A frame of a client.
    fn sent(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![first];
        match payload.len() {
            length @ 0..126 => bytes.push(0x80 | length as u8),
            length @ 126..65536 => {
                bytes.push(0x80 | 126);
                bytes.extend_from_slice(&(length as u16).to_be_bytes());
            }
            length => {
                bytes.push(0x80 | 127);
                bytes.extend_from_slice(&(length as u64).to_be_bytes());
            }
        }
        let mask = [1, 2, 3, 4];
        bytes.extend_from_slice(&mask);
        bytes.extend(
            payload
                .iter()
                .zip(mask.iter().cycle())
                .map(|(byte, mask)| byte ^ mask),
        );
        bytes
    }

    /// What is heard when the bytes arrive in parts of a size.
    fn heard(bytes: &[u8], size: usize) -> Result<Vec<String>, BadFrame> {
        let (mut frames, mut all) = (Frames::new(MOST), Vec::new());
        for part in bytes.chunks(size) {
            frames.take(&mut part.to_vec(), |heard| {
                all.push(match heard {
                    Heard::Message(bytes) => format!(
                        "{}:{}",
                        bytes.len(),
                        bytes
                            .iter()
                            .take(5)
                            .map(|b| char::from(*b))
                            .collect::<String>()
                    ),
                    Heard::Ping(bytes) => format!("ping {}", bytes.len()),
                    other => format!("{other:?}"),
                });
            })?;
            assert!(frames.kept.len() <= MOST + 14);
        }
        assert!(frames.kept.is_empty() || !bytes.is_empty());
        Ok(all)
    }

    #[test]
    fn messages_are_found_however_they_arrive() {
        let long = vec![b'x'; 300];
        let longest = vec![b'y'; MOST];
        let stream = [
            sent(0x81, b"hello"),
            sent(0x82, b""),
            sent(0x89, b"you"),
            sent(0x81, &long),
            sent(0x01, b"in "),
            sent(0x8a, b""),
            sent(0x00, b"three "),
            sent(0x80, b"parts"),
            sent(0x82, &longest),
            sent(0x88, &[3, 232]),
        ]
        .concat();
        let expected = [
            "5:hello",
            "0:",
            "ping 3",
            "300:xxxxx",
            "Pong",
            "14:in th",
            "70000:yyyyy",
            "Close",
        ];
        for size in [1, 2, 3, 7, 100, 4096, usize::MAX] {
            assert_eq!(
                heard(&stream, size).unwrap(),
                expected,
                "in parts of {size}"
            );
        }
    }

    #[test]
    fn what_breaks_the_rules_is_refused() {
        let part = vec![0; MOST / 2 + 1];
        for bad in [
            vec![0x81, 0x05, 1, 2, 3, 4, 5],
            sent(0xc1, b"compressed"),
            sent(0x83, b"unknown"),
            sent(0x8b, b"unknown"),
            sent(0x09, b"a ping in parts"),
            sent(0x89, &[0; 126]),
            sent(0x80, b"of nothing"),
            [sent(0x01, b"begun"), sent(0x81, b"another")].concat(),
            [sent(0x01, &part), sent(0x00, &part)].concat(),
            vec![0x81, 0xff, 0, 0, 0, 0, 0, 1, 0x11, 0x71],
            vec![0x81, 0xff, 255, 255, 255, 255, 255, 255, 255, 255],
        ] {
            for size in [1, usize::MAX] {
                assert_eq!(
                    heard(&bad, size),
                    Err(BadFrame),
                    "{:?}",
                    &bad[..bad.len().min(12)]
                );
            }
        }
    }

    #[test]
    fn own_frames_have_the_right_length() {
        for (length, head) in [(0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            let mut out = b"before".to_vec();
            text_frame(&mut out, |out| out.resize(out.len() + length, b'z'));
            let frame = &out[6..];
            assert_eq!(frame.len(), head + length);
            assert!(frame[head..].iter().all(|byte| *byte == b'z'));
            let told = match head {
                2 => u64::from(frame[1]),
                4 => u64::from(u16::from_be_bytes([frame[2], frame[3]])),
                _ => u64::from_be_bytes(frame[2..10].try_into().unwrap()),
            };
            assert_eq!((frame[0], told), (0x81, length as u64));
        }
        let mut out = Vec::new();
        ping_frame(&mut out);
        pong_frame(&mut out, b"you");
        close_frame(&mut out, 1001, "bye");
        assert_eq!(out, b"\x89\0\x8a\x03you\x88\x05\x03\xe9bye");
    }

    proptest! {
        #[test]
        fn any_bytes_mean_the_same_however_they_arrive(bytes: Vec<u8>, size in 1..9_usize) {
            assert_eq!(heard(&bytes, size).ok(), heard(&bytes, usize::MAX).ok());
        }

        #[test]
        fn what_is_sent_is_heard(messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..400), 0..9), size in 1..99_usize) {
            let stream: Vec<u8> = messages.iter().flat_map(|message| sent(0x82, message)).collect();
            let (mut frames, mut all) = (Frames::new(MOST), Vec::new());
            for part in stream.chunks(size) {
                let take = frames.take(&mut part.to_vec(), |heard| match heard {
                    Heard::Message(bytes) => all.push(bytes.to_vec()),
                    other => panic!("{other:?}"),
                });
                take.unwrap();
            }
            assert_eq!((all, frames.held()), (messages, 0));
        }
    }
}
