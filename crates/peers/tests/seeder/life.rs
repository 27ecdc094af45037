//! Many clients that come and go in every way there is: nothing of them is left.

use std::sync::atomic::Ordering;
use std::time::Duration;

use bittorrent::wire::Message;
use peers::Totals;
use peers::seeder::SeederConfig;

use crate::house::{ENOUGH, House, until};

fn tasks() -> usize {
    tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks()
}

#[tokio::test]
async fn nothing_is_left_of_clients_that_have_gone() {
    let house = House::new(
        300_000,
        SeederConfig {
            slots: 3,
            ..SeederConfig::default()
        },
    )
    .await;
    let before = tasks();
    for round in 0..40 {
        let mut clients = Vec::new();
        for _ in 0..6 {
            clients.push(house.client().await);
        }
        for (n, client) in clients.iter_mut().enumerate() {
            client.say(Message::Interested).await;
            if (n + round) % 2 == 0 {
                client.say(Message::Request(house.blocks()[n])).await;
            }
            if (n + round) % 5 == 0 {
                client.say(Message::NotInterested).await;
            }
        }
        if round % 3 == 0 {
            drop(clients);
            let mut client = house.client().await;
            client.begin().await;
            assert!(client.take(&house.blocks()).await == house.video);
        }
    }
    until(|| (house.peers() == 0).then_some(())).await;
    until(|| (tasks() == before).then_some(())).await;
    // Whoever comes now is served at once: no turn was lost.
    let mut last = house.client().await;
    last.begin().await;
}

#[tokio::test]
async fn nothing_is_left_of_browsers_and_desktop_clients_that_were_in_one_swarm() {
    let mut config = SeederConfig {
        slots: 3,
        webrtc_set_up: Duration::from_secs(2),
        webrtc_silence: Duration::from_secs(2),
        ..SeederConfig::default()
    };
    config.limits.handshake = Duration::from_secs(1);
    let house = House::new(300_000, config).await;
    let before = tasks();
    for round in 0..4 {
        let mut kept = Vec::new();
        let name = |n: u32| round * 100 + n;
        // One that takes the whole video and says good-bye.
        let (mut whole, carries) = house.browsing(name(0)).await;
        // Two that ask for something and are cut off, one that wants nothing and says good-bye.
        for n in 1..4 {
            let (mut client, carries) = house.browsing(name(n)).await;
            if n < 3 {
                client.say(Message::Interested).await;
                client
                    .say(Message::Request(house.blocks()[n as usize]))
                    .await;
                carries.abort();
            }
            kept.push((client, carries));
        }
        // One that does not come although it was answered, one that does not listen to the answer, one whose channel opens in silence.
        let mut stays_away = house.browser(name(4)).await;
        stays_away.answer().await;
        drop(house.browser(name(5)).await);
        let (silent, far) = tokio::io::duplex(1000);
        let mute = tokio::spawn(house.browser(name(6)).await.carry(far));
        // Desktop clients in the same swarm, cut off and not.
        let mut desktop = house.client().await;
        desktop.say(Message::Interested).await;
        drop(house.client().await);
        drop(house.call(0).await);

        let tracked = house.tracker.totals();
        assert!(tracked.sockets >= 4 && tracked.peers >= 4, "{tracked:?}");
        drop((kept, desktop));
        whole.begin().await;
        assert!(whole.take(&house.blocks()).await == house.video);
        drop(whole);
        carries.await.unwrap();
        // The pod lets the mute one go by itself, after which nobody reads what it might say.
        mute.await.unwrap();
        drop((stays_away, silent));
    }
    until(|| (house.browsers() + house.peers() == 0).then_some(())).await;
    until(|| (house.tracker.totals() == Totals::default()).then_some(())).await;
    until(|| (tasks() == before).then_some(())).await;
    // Nobody's turn was lost.
    let (mut last, carries) = house.browsing(9999).await;
    last.begin().await;
    drop(last);
    carries.await.unwrap();
    // Those whose channel never opened have let go of the file too: it was closed, and is opened for whoever comes next.
    let opened = house.opened.load(Ordering::SeqCst);
    let again = async {
        while house.opened.load(Ordering::SeqCst) == opened {
            drop(house.client().await);
            until(|| (house.peers() == 0).then_some(())).await;
        }
    };
    tokio::time::timeout(ENOUGH, again).await.unwrap();
}
