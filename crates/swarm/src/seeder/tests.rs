//! A client's side of the conversation, played by hand.

use proptest::prelude::*;

use bittorrent::extension::{self, metadata::Metadata};
use bittorrent::wire::Message;

use super::*;

const INFO: &[u8] = &[7; 40_000];
const ME: PeerId = PeerId(*b"-SH0001-aaaaaaaaaaaa");
const THEM: PeerId = PeerId(*b"-XX0001-bbbbbbbbbbbb");
const SWARM: InfoHash = InfoHash([3; 20]);
const START: Duration = Duration::from_secs(1);

fn torrent() -> Arc<Torrent> {
    Arc::new(Torrent {
        infohash: SWARM,
        length: 1_000_000,
        piece_length: 65_536,
        info: INFO.into(),
    })
}

fn hello(reserved: Reserved) -> Vec<u8> {
    Handshake {
        reserved,
        infohash: SWARM,
        peer_id: THEM,
    }
    .to_bytes()
    .to_vec()
}

fn modern() -> Reserved {
    Reserved::default().with_fast().with_extended()
}

fn block(piece: u32, begin: u32) -> Block {
    Block {
        piece,
        begin,
        length: 16 << 10,
    }
}

/// A client that talks to an uploader.
struct Client {
    uploader: Uploader,
    now: Duration,
}

impl Client {
    /// One whose handshake was answered; what it heard is dropped.
    fn connected(reserved: Reserved) -> Self {
        let mut client = Self::new();
        assert_eq!(
            client.uploader.hear(START, &hello(reserved)),
            Ok(Some(SWARM))
        );
        client.uploader.serve(START, torrent(), ME).unwrap();
        client
    }

    fn new() -> Self {
        Self {
            uploader: Uploader::new(START, UploadLimits::default()),
            now: START,
        }
    }

    fn say(&mut self, message: Message<'_>) -> Result<(), Farewell> {
        let mut bytes = Vec::new();
        message.write(&mut bytes);
        self.uploader
            .hear(self.now, &bytes)
            .map(|infohash| assert_eq!(infohash, None))
    }

    /// What the pod has said since, in words.
    fn hears(&mut self) -> Vec<String> {
        let bytes = std::mem::take(self.uploader.control());
        words(&bytes)
    }

    fn blocks(&mut self, most: usize) -> Vec<Block> {
        let mut blocks = Vec::new();
        self.uploader.take_blocks(self.now, most, &mut blocks);
        blocks
    }

    fn turn(&mut self, turn: bool) {
        self.uploader.set_turn(self.now, turn);
    }
}

fn words(bytes: &[u8]) -> Vec<String> {
    let mut decoder = Decoder::new(1 << 20);
    let mut input = bytes;
    let mut words = Vec::new();
    while let Some(message) = decoder.next(&mut input).unwrap() {
        words.push(match message {
            Message::Extended { id, payload } if id == extension::HANDSHAKE => {
                let theirs = extension::Handshake::parse(payload).unwrap();
                format!(
                    "extensions {:?} {:?} {:?}",
                    theirs.messages, theirs.metadata_size, theirs.upload_only
                )
            }
            Message::Extended { id, payload } => match Metadata::parse(payload).unwrap() {
                Metadata::Data {
                    piece,
                    total_size,
                    data,
                } => format!(
                    "to {id}: part {piece} of {total_size}, {} bytes",
                    data.len()
                ),
                other => format!("to {id}: {other:?}"),
            },
            Message::Bitfield(bits) => format!("bitfield {bits:x?}"),
            Message::Reject(block) => format!("reject {} {}", block.piece, block.begin),
            other => format!("{other:?}"),
        });
    }
    words
}

#[test]
fn a_new_client_and_an_old_one_are_greeted_in_their_own_words() {
    let mut client = Client::connected(modern());
    let said = std::mem::take(client.uploader.control());
    let (greeting, rest) = said.split_at(HANDSHAKE);
    let greeting = Handshake::parse(greeting.try_into().unwrap()).unwrap();
    assert_eq!((greeting.infohash, greeting.peer_id), (SWARM, ME));
    assert!(greeting.reserved.fast() && greeting.reserved.extended());
    assert_eq!(
        words(rest),
        [
            "extensions [(\"ut_metadata\", 1)] Some(40000) true",
            "HaveAll"
        ]
    );

    let mut client = Client::connected(Reserved::default());
    let said = std::mem::take(client.uploader.control());
    assert_eq!(words(&said[HANDSHAKE..]), ["bitfield [ff, ff]"]);
}

#[test]
fn a_handshake_may_come_in_crumbs_and_with_more_behind_it() {
    let mut client = Client::new();
    let mut bytes = hello(modern());
    Message::Interested.write(&mut bytes);
    let asked: Vec<_> = bytes
        .chunks(7)
        .filter_map(|crumb| client.uploader.hear(START, crumb).unwrap())
        .collect();
    assert_eq!(asked, [SWARM]);
    client.uploader.serve(START, torrent(), ME).unwrap();
    assert!(client.uploader.is_interested());
    assert_eq!(client.uploader.peer_id(), Some(THEM));
}

#[test]
fn who_does_not_speak_the_protocol_is_not_waited_for() {
    for (bytes, farewell) in [
        (b"GET / HTTP/1.1\r\n".to_vec(), Farewell::NotBitTorrent),
        (b"\x13BitTorrent protocoL".to_vec(), Farewell::NotBitTorrent),
        (
            b"\x13BitTorrent protocol"
                .iter()
                .copied()
                .chain([0; 3000])
                .collect(),
            Farewell::Hasty,
        ),
    ] {
        assert_eq!(Client::new().uploader.hear(START, &bytes), Err(farewell));
    }
    let mut silent = Client::new();
    assert_eq!(silent.uploader.deadline(), Duration::from_secs(11));
    assert_eq!(silent.uploader.tick(Duration::from_secs(10)), Ok(()));
    assert_eq!(
        silent.uploader.tick(Duration::from_secs(11)),
        Err(Farewell::Silent)
    );

    let mut client = Client::new();
    let ourselves = Handshake {
        reserved: modern(),
        infohash: SWARM,
        peer_id: ME,
    }
    .to_bytes();
    client.uploader.hear(START, &ourselves).unwrap();
    assert_eq!(
        client.uploader.serve(START, torrent(), ME),
        Err(Farewell::Ourselves)
    );
}

#[test]
fn blocks_are_given_while_it_is_the_clients_turn() {
    let mut client = Client::connected(modern());
    client.uploader.control().clear();
    assert!(!client.uploader.is_interested());
    client.say(Message::Interested).unwrap();
    assert!(client.uploader.is_interested());
    client.say(Message::Request(block(0, 0))).unwrap();
    assert_eq!(client.hears(), ["reject 0 0"]);
    client.turn(true);
    client.turn(true);
    assert_eq!(client.hears(), ["Unchoke"]);
    for begin in [0, 16 << 10, 32 << 10, 48 << 10] {
        client.say(Message::Request(block(1, begin))).unwrap();
    }
    client.say(Message::Cancel(block(1, 16 << 10))).unwrap();
    client.say(Message::Cancel(block(9, 0))).unwrap();
    assert_eq!(client.hears(), ["reject 1 16384"]);
    assert_eq!(client.uploader.waiting(usize::MAX), 48 << 10);
    assert_eq!(client.blocks(20_000), [block(1, 0)]);
    assert_eq!(client.blocks(1), [block(1, 32 << 10)], "at least one");
    assert_eq!(client.uploader.offset(&block(1, 32 << 10)), 98_304);
    client.turn(false);
    assert_eq!(client.hears(), ["Choke", "reject 1 49152"]);
    assert_eq!(client.blocks(usize::MAX), []);
}

#[test]
fn what_is_not_in_the_file_ends_the_connection() {
    // The last piece has 16 960 bytes.
    let good = [
        (15, 0, 16_960),
        (15, 16_959, 1),
        (0, 0, 65_536),
        (14, 65_535, 1),
    ];
    let bad = [
        (15, 0, 16_961),
        (15, 16_960, 1),
        (16, 0, 1),
        (0, 65_536, 1),
        (0, 65_535, 2),
        (0, 0, 0),
        (0, 0, 131_073),
        (u32::MAX, u32::MAX, u32::MAX),
        (0, u32::MAX, 131_072),
        (u32::MAX, 0, 16_384),
    ];
    for (blocks, expected) in [(&good[..], Ok(())), (&bad[..], Err(Farewell::Beyond))] {
        for (piece, begin, length) in blocks.iter().copied() {
            let mut client = Client::connected(modern());
            client.say(Message::Interested).unwrap();
            client.turn(true);
            assert_eq!(
                client.say(Message::Request(Block {
                    piece,
                    begin,
                    length
                })),
                expected,
                "{piece} {begin} {length}"
            );
        }
    }
}

#[test]
fn lengths_of_four_gigabytes_are_found_out_at_once() {
    let mut client = Client::connected(modern());
    let farewell = client.uploader.hear(START, &[0xff; 4]).unwrap_err();
    assert_eq!(farewell.label(), "malformed");
}

#[test]
fn requests_that_nobody_reads_the_answers_of_are_not_collected_for_ever() {
    for reserved in [modern(), Reserved::default()] {
        let mut client = Client::connected(reserved);
        client.say(Message::Interested).unwrap();
        client.turn(true);
        let mut said = 0;
        let farewell = loop {
            said += 1;
            assert!(said < 100_000);
            if let Err(farewell) = client.say(Message::Request(block(0, 0))) {
                break farewell;
            }
        };
        assert_eq!(farewell, Farewell::TooManyRequests);
        assert!(client.uploader.control().len() < 200_000);
    }
}

#[test]
fn the_info_dictionary_is_handed_out_but_not_without_end() {
    let mut client = Client::connected(modern());
    client.uploader.control().clear();
    let request = |piece| Metadata::Request { piece }.to_bytes();
    client
        .say(Message::Extended {
            id: 1,
            payload: &request(0),
        })
        .unwrap();
    assert!(
        client.hears().is_empty(),
        "we do not know yet under which number the client wants it"
    );
    let theirs = extension::Handshake {
        messages: vec![("ut_pex", 1), ("ut_metadata", 9)],
        ..extension::Handshake::default()
    };
    client
        .say(Message::Extended {
            id: 0,
            payload: &theirs.to_bytes(),
        })
        .unwrap();
    for piece in [0, 1, 2, 3, u32::MAX] {
        client
            .say(Message::Extended {
                id: 1,
                payload: &request(piece),
            })
            .unwrap();
    }
    client
        .say(Message::Extended {
            id: 1,
            payload: b"d8:msg_typei",
        })
        .unwrap();
    client
        .say(Message::Extended {
            id: 77,
            payload: b"",
        })
        .unwrap();
    let reject = |piece: u32| format!("to 9: {:?}", Metadata::Reject { piece });
    assert_eq!(
        client.hears(),
        [
            "to 9: part 0 of 40000, 16384 bytes".into(),
            "to 9: part 1 of 40000, 16384 bytes".into(),
            "to 9: part 2 of 40000, 7232 bytes".into(),
            reject(3),
            reject(u32::MAX)
        ]
    );
    for _ in 0..6 {
        client
            .say(Message::Extended {
                id: 1,
                payload: &request(0),
            })
            .unwrap();
    }
    assert!(client.hears().iter().all(|word| word.contains("part 0")));
    client
        .say(Message::Extended {
            id: 1,
            payload: &request(0),
        })
        .unwrap();
    assert_eq!(client.hears(), [reject(0)]);
}

#[test]
fn who_has_everything_or_wants_nothing_is_let_go_and_who_waits_is_not() {
    let minutes = |minutes: u64| START + Duration::from_secs(60 * minutes);
    let mut client = Client::connected(modern());
    client.say(Message::HaveAll).unwrap();
    client.say(Message::Interested).unwrap();
    assert!(!client.uploader.is_interested());

    let mut idle = Client::connected(modern());
    assert_eq!(idle.uploader.deadline(), minutes(4));
    assert_eq!(idle.uploader.tick(minutes(3)), Ok(()));
    assert_eq!(idle.uploader.tick(minutes(4)), Err(Farewell::Idle));

    let mut waiting = Client::connected(modern());
    waiting.say(Message::Interested).unwrap();
    waiting.uploader.control().clear();
    for minute in 1..100 {
        waiting.uploader.tick(minutes(minute)).unwrap();
    }
    let heard = waiting.hears();
    assert!(
        heard.len() > 40 && heard.iter().all(|word| word == "KeepAlive"),
        "{heard:?}"
    );
    waiting.now = minutes(100);
    waiting.turn(true);
    assert_eq!(waiting.uploader.tick(minutes(103)), Ok(()));
    waiting.now = minutes(103);
    waiting.say(Message::Request(block(0, 0))).unwrap();
    assert_eq!(
        waiting.uploader.tick(minutes(120)),
        Ok(()),
        "it is up to us"
    );
    assert_eq!(waiting.blocks(1), [block(0, 0)]);
    assert_eq!(waiting.uploader.tick(minutes(107)), Err(Farewell::Idle));
}

#[test]
fn who_lets_its_turns_pass_makes_room_for_others() {
    let minutes = |minutes: u64| START + Duration::from_secs(60 * minutes);
    let mut client = Client::connected(modern());
    client.say(Message::Interested).unwrap();
    for (minute, asks, expected) in [
        (1, false, Ok(())),
        (2, true, Ok(())),
        (3, false, Ok(())),
        (4, false, Err(Farewell::Idle)),
    ] {
        client.now = minutes(minute);
        client.turn(true);
        if asks {
            client.say(Message::Request(block(0, 0))).unwrap();
        }
        client.turn(false);
        let told = client.uploader.deadline() <= client.now;
        assert_eq!(told, expected.is_err(), "{minute}");
        assert_eq!(client.uploader.tick(client.now), expected, "{minute}");
    }
    // Who is granted nothing has nothing to ask for.
    let mut granted = Client::new();
    granted.uploader.hear(START, &hello(modern())).unwrap();
    granted
        .uploader
        .serve_granted(START, torrent(), ME)
        .unwrap();
    granted.say(Message::Interested).unwrap();
    for _ in 0..5 {
        granted.turn(true);
        granted.turn(false);
        assert_eq!(granted.uploader.tick(START), Ok(()));
    }
    // Who says that it wants nothing any more has not let a turn pass.
    let mut content = Client::connected(modern());
    for _ in 0..5 {
        content.say(Message::Interested).unwrap();
        content.turn(true);
        content.say(Message::NotInterested).unwrap();
        content.turn(false);
        assert_eq!(content.uploader.tick(START), Ok(()));
    }
}

proptest! {
    #[test]
    fn whatever_is_said_memory_stays_bounded(mut said in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 0..60), kinds in proptest::collection::vec(0u8..24, 60)) {
        let mut client = Client::connected(modern());
        client.uploader.control().clear();
        client.turn(true);
        for (bytes, kind) in said.iter_mut().zip(kinds) {
            let mut message = (bytes.len() as u32 + 1).to_be_bytes().to_vec();
            message.push(kind);
            message.append(bytes);
            if client.uploader.hear(START, &message).is_err() {
                break;
            }
            prop_assert!(client.uploader.control().len() < 200_000);
        }
        let mut blocks = Vec::new();
        client.uploader.take_blocks(START, usize::MAX, &mut blocks);
        let torrent = torrent();
        prop_assert!(blocks.iter().all(|block| torrent.has(block)));
    }
}
