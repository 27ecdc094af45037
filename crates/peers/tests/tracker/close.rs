//! The end of a tracker: everybody is told, nobody new is let in, nothing is left.

use peers::{Config, Totals};

use crate::house::{CLIP, House, announce};

#[tokio::test]
async fn closing_says_good_bye() {
    let house = House::new(Config::default());
    let door = house.open().await;
    let mut alice = door.browser().await;
    alice.say(&announce(CLIP, 'a', 0, 0)).await;
    alice.hear().await.unwrap();
    house.tracker.close().await;
    assert_eq!(alice.hear().await, Err("the pod is going down".to_owned()));
    house
        .until(|tracker| tracker.totals() == Totals::default())
        .await;
    assert_eq!(door.browser_from("127.0.0.1").await.err(), Some(503));
    house.tracker.close().await;
}
