//! Many clients that come and go in every way there is: nothing of them is left.

use bittorrent::wire::Message;
use peers::seeder::SeederConfig;

use crate::house::{House, until};

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
    let before = tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks();
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
    until(|| {
        (tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
            == before)
            .then_some(())
    })
    .await;
    // Whoever comes now is served at once: no turn was lost.
    let mut last = house.client().await;
    last.begin().await;
}
