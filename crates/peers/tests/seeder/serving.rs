//! What honest clients get.

use std::sync::atomic::Ordering;

use bittorrent::wire::Message;
use peers::seeder::{Bind, SeederConfig, Transport};

use crate::house::{House, until};

#[tokio::test]
async fn a_client_takes_the_video_whole_and_an_idle_torrent_is_closed() {
    let house = House::new(3_000_001, SeederConfig::default()).await;
    assert_eq!(
        house.opened.load(Ordering::SeqCst),
        0,
        "nothing is opened at the start"
    );
    let mut clients = Vec::new();
    for _ in 0..3 {
        let mut client = house.client().await;
        client.begin().await;
        clients.push(client);
    }
    assert_eq!((house.peers(), house.opened.load(Ordering::SeqCst)), (3, 1));
    for client in &mut clients {
        assert!(client.take(&house.blocks()).await == house.video);
    }
    assert!(house.sent() > 9_000_003);
    drop(clients);
    until(|| (house.peers() == 0).then_some(())).await;
    let (infohash, taken) = house.seeder.taken()[0];
    assert_eq!((infohash, taken.total()), (house.infohash, house.sent()));

    // The file was closed behind the last of them, and is opened again for the next.
    drop(house.client().await);
    assert_eq!(house.opened.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_browser_takes_the_video_whole() {
    let house = House::new(3_000_001, SeederConfig::default()).await;
    let (mut client, carries) = house.browsing(1).await;
    client.begin().await;
    assert_eq!((house.browsers(), house.peers()), (1, 0));
    assert!(client.take(&house.blocks()).await == house.video);
    drop(client);
    until(|| (house.browsers() == 0).then_some(())).await;
    carries.await.unwrap();
    let (_, taken) = house.seeder.taken()[0];
    assert!(taken.sent[Transport::WebRtc as usize] > 3_000_001);
}

#[tokio::test]
async fn a_door_that_is_switched_off_is_nowhere_from_that_moment_on() {
    let house = House::new(200_000, SeederConfig::default()).await;
    let seeder = house.seeder.clone();
    let udp = tokio::spawn(async move {
        seeder
            .serve_udp_tracker(Bind::Exactly(([127, 0, 0, 1], 0).into()))
            .await
    });
    until(|| house.seeder.udp_tracker_port()).await;
    for transport in Transport::ALL {
        house.seeder.switch(transport, false);
        let state = &house.seeder.transports()[transport as usize];
        assert_eq!((state.on, state.address), (false, None), "{transport:?}");
    }
    assert_eq!(house.seeder.udp_tracker_port(), None);
    for transport in Transport::ALL {
        house.seeder.switch(transport, true);
    }
    until(|| house.seeder.udp_tracker_port()).await;
    house.tracker.close().await;
    udp.await.unwrap();
    assert_eq!(house.seeder.udp_tracker_port(), None);
}

#[tokio::test]
async fn what_is_shared_no_more_is_gone_at_once() {
    let house = House::new(200_000, SeederConfig::default()).await;
    let mut client = house.client().await;
    client.begin().await;
    let (mut browser, _carries) = house.browsing(1).await;
    browser.begin().await;
    house.shared.store(false, Ordering::SeqCst);
    house.tracker.forget(house.infohash);
    house.seeder.forget(house.infohash);
    assert!(client.hears_the_end().await);
    assert!(browser.hears_the_end().await);
    let mut late = house.call(0).await;
    tokio::io::AsyncWriteExt::write_all(&mut late, &house.handshake())
        .await
        .unwrap();
    let mut nothing = Vec::new();
    let read = tokio::io::AsyncReadExt::read_to_end(&mut late, &mut nothing);
    let _ = tokio::time::timeout(crate::house::ENOUGH, read)
        .await
        .unwrap();
    assert_eq!(nothing, b"");
    until(|| (house.peers() + house.browsers() == 0).then_some(())).await;
}

#[tokio::test]
async fn a_door_that_is_switched_off_lets_everybody_go_and_opens_again() {
    let house = House::new(200_000, SeederConfig::default()).await;
    let client = house.client().await;
    house.seeder.switch(Transport::Tcp, false);
    assert!(client.hears_the_end().await);
    until(|| house.seeder.transports()[0].address.is_none().then_some(())).await;
    assert_eq!(house.seeder.tcp_addresses([127, 0, 0, 1].into()), []);
    house.seeder.switch(Transport::Tcp, true);
    let address = until(|| house.seeder.transports()[0].address).await;
    assert_eq!(house.seeder.tcp_addresses([127, 0, 0, 1].into()), [address]);
}

#[tokio::test]
async fn turns_are_passed_on_and_limits_are_kept() {
    let config = SeederConfig {
        slots: 1,
        upload: 400_000,
        ..SeederConfig::default()
    };
    let house = House::new(300_000, config).await;
    let mut first = house.client().await;
    first.begin().await;
    let mut second = house.client().await;
    second.say(Message::Interested).await;
    let began = tokio::time::Instant::now();
    assert!(first.take(&house.blocks()).await == house.video);
    // A fifth of a second's worth may leave at once; the test would fail without a limit, and not on a slow machine.
    assert!(began.elapsed().as_millis() > 300, "{:?}", began.elapsed());
    drop(first);
    second.wait(|message| *message == Message::Unchoke).await;
    assert!(second.take(&house.blocks()[..4]).await == house.video[..64 << 10]);
}
