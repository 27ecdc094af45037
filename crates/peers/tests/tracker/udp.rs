//! Desktop clients over UDP: how they are served, and what is met with silence. That nothing comes is seen by what comes next: replies
//! to one socket come in the order of its requests.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bittorrent::tracker::udp::{Family, Reply, Request};
use bittorrent::tracker::{Announce, Announced, Counts, Event};
use bittorrent::{InfoHash, PeerId};
use datachannel::stun::{self, Outcome, Response};
use peers::{Config, Rate, SwarmCounts, serve_udp};
use tokio::net::UdpSocket;

use crate::house::{CLIP, House, STRANGER};

/// Long enough for anything that happens, so that a test that waits for nothing fails.
const ENOUGH: Duration = Duration::from_secs(20);

/// Serves the house's tracker and tells where.
async fn open(house: &House, bind: &str) -> SocketAddr {
    let socket = UdpSocket::bind(bind).await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(serve_udp(house.tracker.clone(), socket));
    address
}

struct Client {
    socket: UdpSocket,
    last: u32,
}

impl Client {
    async fn new(door: SocketAddr) -> Self {
        let bind = if door.is_ipv4() {
            "127.0.0.1:0"
        } else {
            "[::1]:0"
        };
        let socket = UdpSocket::bind(bind).await.unwrap();
        socket.connect(door).await.unwrap();
        Self { socket, last: 0 }
    }

    async fn say(&self, request: &Request) {
        let mut packet = Vec::new();
        request.write(&mut packet);
        self.socket.send(&packet).await.unwrap();
    }

    async fn hear(&self) -> Reply {
        let mut packet = [0; 4096];
        let heard = tokio::time::timeout(ENOUGH, self.socket.recv(&mut packet));
        let length = heard.await.expect("a reply in time").unwrap();
        let family = Family::of(self.socket.local_addr().unwrap().ip());
        Reply::parse(&packet[..length], family).unwrap()
    }

    /// The connection id; whatever was said before must have been met with silence.
    async fn connect(&mut self) -> u64 {
        self.last += 1;
        let transaction = self.last;
        self.say(&Request::Connect { transaction }).await;
        match self.hear().await {
            Reply::Connected {
                transaction,
                connection,
            } if transaction == self.last => connection,
            other => panic!("an id, not {other:?}"),
        }
    }

    async fn announce(&self, connection: u64, announce: Announce) -> Result<Announced, String> {
        let transaction = 7;
        self.say(&Request::Announce {
            connection,
            transaction,
            announce,
        })
        .await;
        match self.hear().await {
            Reply::Announced {
                transaction: 7,
                announced,
                ..
            } => Ok(announced),
            Reply::Failure {
                transaction: 7,
                reason,
            } => Err(reason),
            other => panic!("a reply to an announce, not {other:?}"),
        }
    }
}

fn announce(infohash: InfoHash, port: u16, left: u64) -> Announce {
    Announce {
        infohash,
        peer_id: PeerId(*b"-TR3000-000000000000"),
        port,
        left: Some(left),
        event: Event::Started,
        numwant: None,
    }
}

#[tokio::test]
async fn desktop_clients_are_told_of_each_other() {
    let house = House::new(Config::default());
    let doors = [
        open(&house, "127.0.0.1:0").await,
        open(&house, "[::1]:0").await,
    ];
    house.get("192.0.2.1", "/tracker/announce?info_hash=cccccccccccccccccccc&peer_id=-TR3000-000000000000&port=1&left=0").await;
    for (port, door) in doors.into_iter().enumerate() {
        let port = 6881 + port as u16;
        let mut client = Client::new(door).await;
        let connection = client.connect().await;
        let reply = client
            .announce(connection, announce(CLIP, port, 9))
            .await
            .unwrap();
        let others: Vec<String> = reply.peers.iter().map(SocketAddr::to_string).collect();
        // A client hears of those that it can call, which one of IPv6 does not know of any here.
        let expected: &[&str] = if door.is_ipv4() {
            &["192.0.2.1:1"]
        } else {
            &[]
        };
        assert_eq!(
            (others, reply.interval),
            (expected.iter().map(|&s| s.into()).collect(), 120)
        );
        assert_eq!(reply.counts.complete, 1);
    }
    let mut client = Client::new(doors[0]).await;
    let (connection, transaction) = (client.connect().await, 3);
    let infohashes = vec![STRANGER, CLIP, STRANGER];
    client
        .say(&Request::Scrape {
            connection,
            transaction,
            infohashes,
        })
        .await;
    let clip = Counts {
        complete: 1,
        incomplete: 2,
        downloaded: 0,
    };
    let swarms = vec![Counts::default(), clip, Counts::default()];
    assert_eq!(
        client.hear().await,
        Reply::Scraped {
            transaction,
            swarms
        }
    );

    let stopped = Announce {
        event: Event::Stopped,
        ..announce(CLIP, 6881, 9)
    };
    assert_eq!(
        client.announce(connection, stopped).await.unwrap().peers,
        []
    );
    assert_eq!(
        house.tracker.counts(CLIP),
        SwarmCounts {
            seeders: 1,
            leechers: 1,
            browsers: 0
        }
    );
    let refused = client.announce(connection, announce(STRANGER, 1, 9)).await;
    assert_eq!(
        refused,
        Err("this pod does not host this torrent".to_owned())
    );
    house.delete(CLIP);
    assert!(
        client
            .announce(connection, announce(CLIP, 1, 9))
            .await
            .is_err()
    );
}

#[tokio::test]
async fn an_id_that_is_forged_or_anothers_is_met_with_silence() {
    let house = House::new(Config::default());
    let door = open(&house, "127.0.0.1:0").await;
    let (mut alice, mut mallory) = (Client::new(door).await, Client::new(door).await);
    let stolen = alice.connect().await;
    let transaction = 9;
    for connection in [stolen, 0, u64::MAX, 0x0417_2710_1980, stolen ^ 1] {
        let announce = announce(CLIP, 1, 9);
        mallory
            .say(&Request::Announce {
                connection,
                transaction,
                announce,
            })
            .await;
        let infohashes = vec![CLIP; 60];
        mallory
            .say(&Request::Scrape {
                connection,
                transaction,
                infohashes,
            })
            .await;
        mallory.connect().await;
    }
    assert_eq!(house.tracker.totals().peers, 0);
    // It stays good for its owner, as often as wanted.
    for _ in 0..3 {
        assert!(alice.announce(stolen, announce(CLIP, 1, 9)).await.is_ok());
    }
    assert_eq!(house.tracker.totals().peers, 1);
}

#[tokio::test]
async fn what_is_no_request_is_met_with_silence() {
    let house = House::new(Config::default());
    let door = open(&house, "127.0.0.1:0").await;
    let mut mallory = Client::new(door).await;
    let connection = mallory.connect().await;
    let mut whole = Vec::new();
    let announce = announce(CLIP, 1, 9);
    Request::Announce {
        connection,
        transaction: 1,
        announce,
    }
    .write(&mut whole);
    for length in 0..whole.len() {
        mallory.socket.send(&whole[..length]).await.unwrap();
    }
    let of = |action: u32, rest: usize| {
        [
            &connection.to_be_bytes()[..],
            &action.to_be_bytes(),
            &vec![0xff; rest],
        ]
        .concat()
    };
    for packet in [
        of(0, 4),
        of(3, 100),
        of(u32::MAX, 84),
        of(2, 4),
        of(2, 4 + 65 * 20),
        of(2, 60_000),
        vec![0; 65_000],
    ] {
        mallory.socket.send(&packet).await.unwrap();
        mallory.connect().await;
    }
    assert_eq!(house.tracker.totals().peers, 0);
    // Options behind an announce, sensible or not, change nothing.
    whole.extend_from_slice(&[2, 200, 1, 1]);
    mallory.socket.send(&whole).await.unwrap();
    assert!(matches!(mallory.hear().await, Reply::Announced { .. }));
}

#[tokio::test]
async fn the_hasty_are_met_with_silence_over_http_and_udp_together() {
    let http_rate = Rate {
        per_second: 0.001,
        burst: 3.0,
    };
    let house = House::new(Config {
        http_rate,
        ..Config::default()
    });
    let door = open(&house, "127.0.0.1:0").await;
    let mut hasty = Client::new(door).await;
    let connection = hasty.connect().await;
    for _ in 0..3 {
        assert!(
            hasty
                .announce(connection, announce(CLIP, 1, 9))
                .await
                .is_ok()
        );
    }
    let announce = announce(CLIP, 1, 9);
    hasty
        .say(&Request::Announce {
            connection,
            transaction: 7,
            announce,
        })
        .await;
    hasty.connect().await;
    let body = house
        .get(
            "127.0.0.9",
            "/tracker/scrape?info_hash=cccccccccccccccccccc",
        )
        .await;
    assert!(body.escape_ascii().to_string().contains("slow down"));
}

#[tokio::test]
async fn a_closing_tracker_leaves_its_socket() {
    let house = House::new(Config::default());
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let served = tokio::spawn(serve_udp(house.tracker.clone(), socket));
    Client::new(address).await.connect().await;
    house.tracker.close().await;
    served.await.unwrap();
    assert!(UdpSocket::bind(address).await.is_ok());
}

/// What a browser asks a STUN server.
fn binding() -> Vec<u8> {
    stun::Request::new([7; 12], None).write(None)
}

#[tokio::test]
async fn browsers_learn_at_the_same_port_how_others_see_them() {
    let house = House::new(Config::default());
    // A socket of IPv6 that takes IPv4 too is what a pod usually has.
    for (bind, asked) in [
        ("127.0.0.1:0", "127.0.0.1"),
        ("[::1]:0", "::1"),
        ("[::]:0", "127.0.0.1"),
        ("[::]:0", "::1"),
    ] {
        let door = open(&house, bind).await;
        let mut client = Client::new((asked.parse::<IpAddr>().unwrap(), door.port()).into()).await;
        client.socket.send(&binding()).await.unwrap();
        let mut packet = [0; 200];
        let heard = tokio::time::timeout(ENOUGH, client.socket.recv(&mut packet));
        let length = heard.await.expect("an answer in time").unwrap();
        let response = Response::parse(&packet[..length], None).unwrap();
        let own = client.socket.local_addr().unwrap();
        assert_eq!(response.outcome, Outcome::Address(own), "{bind}");
        assert_eq!(response.transaction, [7; 12]);
        assert!(length <= 2 * binding().len() + 12, "{length}");
        // The same socket may be a desktop client's.
        client.connect().await;
    }
}

#[tokio::test]
async fn what_is_no_question_to_a_stun_server_is_met_with_silence() {
    let house = House::new(Config::default());
    let mut client = Client::new(open(&house, "127.0.0.1:0").await).await;
    let named = stun::Request::new([7; 12], Some("pod:browser"));
    let key = stun::Key::new("0123456789abcdefghijkl");
    let mut response = binding();
    response[0] |= 1;
    let mut longer = binding();
    longer[3] = 200;
    let mut spoilt = named.write(None);
    *spoilt.last_mut().unwrap() ^= 1;
    for silence in [
        // Connectivity checks are for the port of WebRTC; nobody here knows their passwords.
        named.write(None),
        named.write(Some(&key)),
        response,
        longer,
        spoilt,
        binding()[..19].to_vec(),
        [&binding()[..], &[0; 40]].concat(),
        binding()[..8].to_vec(),
    ] {
        client.socket.send(&silence).await.unwrap();
        client.connect().await;
    }
}
