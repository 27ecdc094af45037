//! What others do. In each case the pod serves an honest client on.

use std::time::Duration;

use bittorrent::wire::{Block, Message};
use peers::seeder::SeederConfig;
use tokio::io::AsyncWriteExt;

use crate::house::{House, until};

async fn serves_on(house: &House) {
    let mut honest = house.client().await;
    honest.begin().await;
    assert!(honest.take(&house.blocks()).await == house.video);
}

#[tokio::test]
async fn nonsense_is_hung_up_on() {
    let house = House::new(200_000, SeederConfig::default()).await;
    let unknown = {
        let mut handshake = house.handshake();
        handshake[28..48].fill(7);
        handshake.to_vec()
    };
    let huge = [&house.handshake()[..], &[0xff; 4]].concat();
    for bytes in [
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        vec![0; 96],
        unknown,
        huge,
    ] {
        let mut stream = house.call(0).await;
        stream.write_all(&bytes).await.unwrap();
        let mut heard = Vec::new();
        let read = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut heard);
        let _ = tokio::time::timeout(crate::house::ENOUGH, read)
            .await
            .unwrap();
    }
    for block in [
        Block {
            piece: 9,
            begin: 0,
            length: 16 << 10,
        },
        Block {
            piece: u32::MAX,
            begin: u32::MAX,
            length: 16 << 10,
        },
        Block {
            piece: 3,
            begin: 0,
            length: 16 << 10,
        },
    ] {
        let mut client = house.client().await;
        client.begin().await;
        client.say(Message::Request(block)).await;
        assert!(client.hears_the_end().await, "{block:?}");
    }
    serves_on(&house).await;
    until(|| (house.peers() == 0).then_some(())).await;
}

#[tokio::test]
async fn ten_thousand_half_open_connections_leave_room_for_others() {
    let house = House::new(
        200_000,
        SeederConfig {
            tcp_peers: 500,
            tcp_per_prefix: 100,
            ..SeederConfig::default()
        },
    )
    .await;
    let mut held = Vec::new();
    for n in 0..10_000_u32 {
        let stream = house.call(1).await;
        // The pod hangs up on those that are too many; some that it holds are held on to.
        if n % 50 == 0 {
            held.push(stream);
        }
    }
    serves_on(&house).await;
}

#[tokio::test]
async fn who_asks_and_never_reads_hears_the_end_and_holds_little() {
    let config = SeederConfig {
        patience: Duration::from_millis(300),
        ..SeederConfig::default()
    };
    let house = House::new(8 << 20, config).await;
    let mut client = house.client().await;
    client.begin().await;
    for block in house.blocks().into_iter().cycle().take(500) {
        client.say(Message::Request(block)).await;
    }
    serves_on(&house).await;
    until(|| (house.peers() == 0).then_some(())).await;
    drop(client);
}

#[tokio::test]
async fn a_browser_that_asks_and_never_reads_hears_the_end() {
    let config = SeederConfig {
        patience: Duration::from_millis(300),
        ..SeederConfig::default()
    };
    let house = House::new(8 << 20, config).await;
    let (mut client, _carries) = house.browsing(1).await;
    client.begin().await;
    for block in house.blocks().into_iter().cycle().take(400) {
        client.say(Message::Request(block)).await;
    }
    until(|| (house.browsers() == 0).then_some(())).await;
    serves_on(&house).await;
    drop(client);
}

#[tokio::test]
async fn a_file_that_became_shorter_ends_the_connection_and_not_the_pod() {
    let house = House::new(200_000, SeederConfig::default()).await;
    let mut client = house.client().await;
    client.begin().await;
    std::fs::OpenOptions::new()
        .write(true)
        .open(&house.path)
        .unwrap()
        .set_len(1000)
        .unwrap();
    client
        .say(Message::Request(Block {
            piece: 1,
            begin: 0,
            length: 16 << 10,
        }))
        .await;
    assert!(client.hears_the_end().await);
    drop(house.client().await);
}
