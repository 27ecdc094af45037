//! Pages that are conducted: what they are told on the tracker's socket, and that nobody else notices.

use std::ops::Range;
use std::time::Duration;

use peers::{Config, InfoHash};
use swarm::conductor::Report;
use swarm::conductor::message::{FromPage, ToPage, VERSION};

use crate::house::{Browser, CLIP, Door, FILM, House, STRANGER, announce};

const SWARM: u8 = 7;

fn hello(infohash: InfoHash) -> FromPage {
    FromPage::Hello {
        version: VERSION,
        swarm: SWARM,
        infohash,
        flags: 0,
        held: Vec::new(),
    }
}

fn report(playhead: u32, gained: impl IntoIterator<Item = Range<u32>>) -> FromPage {
    FromPage::Report {
        swarm: SWARM,
        report: Report {
            playhead,
            uploads: true,
            dependable: true,
            ..Report::default()
        },
        gained: gained.into_iter().collect(),
        lost: Vec::new(),
    }
}

/// A page that has been welcomed.
async fn page(door: &Door, peer: char) -> Browser {
    let mut page = door.browser().await;
    page.say(&announce(CLIP, peer, 1, 0)).await;
    page.hear().await.unwrap();
    page.tell(&hello(CLIP)).await;
    let ToPage::Welcome { version, swarm, .. } = page.told().await else {
        panic!("no welcome");
    };
    assert_eq!((version, swarm), (VERSION, SWARM));
    page
}

/// The next pieces that a page is granted.
async fn granted(page: &mut Browser) -> Vec<u32> {
    loop {
        if let ToPage::Grant { swarm, pieces } = page.told().await {
            assert_eq!(swarm, SWARM);
            return pieces.into_iter().flatten().collect();
        }
    }
}

#[tokio::test]
async fn a_page_may_greet_the_conductor_before_the_tracker_has_answered() {
    // Nobody has asked for the film before: the tracker has to ask the pod first.
    let house = House::conducting(Config::default());
    let door = house.open().await;
    let mut page = door.browser().await;
    page.say_and_tell(&announce(CLIP, 'a', 1, 0), &hello(CLIP))
        .await;
    let ToPage::Welcome { swarm, .. } = page.told().await else {
        panic!("no welcome");
    };
    assert_eq!(swarm, SWARM);
}

#[tokio::test]
async fn a_lone_page_is_granted_what_comes_next_and_nothing_far_away() {
    let house = House::conducting(Config::default());
    let door = house.open().await;
    let mut alice = page(&door, 'a').await;
    alice.tell(&report(0, None)).await;
    let mut got = vec![false; FILM.pieces as usize];
    // Half a minute ahead of a playhead that does not move is all that anybody needs.
    while got.iter().filter(|got| **got).count() < 50 {
        let pieces = granted(&mut alice).await;
        assert!(pieces.iter().all(|piece| *piece < 90), "{pieces:?}");
        pieces.iter().for_each(|piece| got[*piece as usize] = true);
        let gained = pieces.into_iter().map(|piece| piece..piece + 1);
        alice.tell(&report(0, gained)).await;
    }
    let account = house.tracker.account(CLIP).unwrap();
    assert!(account.copies() < 0.4, "{account:?}");
    drop(alice);
    house.until(|tracker| tracker.account(CLIP).is_none()).await;
}

#[tokio::test]
async fn what_one_page_has_the_other_is_not_granted() {
    let house = House::conducting(Config::default());
    let door = house.open().await;
    let mut alice = page(&door, 'a').await;
    alice.tell(&report(0, Some(0..60))).await;
    let mut bob = page(&door, 'b').await;
    // Bob seeks to where nobody has been.
    bob.tell(&report(150, None)).await;
    let pieces = granted(&mut bob).await;
    // The very first pieces he takes without being asked.
    assert!(
        pieces.iter().all(|piece| (150..220).contains(piece)),
        "{pieces:?}"
    );
}

#[tokio::test]
async fn only_members_of_a_conducted_swarm_are_conducted() {
    // Not a member, not hosted, hosted but not conducted: no word.
    for (house, joined, asked) in [
        (House::conducting(Config::default()), STRANGER, STRANGER),
        (House::conducting(Config::default()), STRANGER, CLIP),
        (House::new(Config::default()), CLIP, CLIP),
    ] {
        let door = house.open().await;
        let mut page = door.browser().await;
        page.say(&announce(joined, 'a', 1, 0)).await;
        page.hear().await.unwrap();
        page.tell(&hello(asked)).await;
        page.tell(&report(0, Some(0..9))).await;
        page.tell(&FromPage::Bye { swarm: SWARM }).await;
        page.say(&announce(STRANGER, 'a', 1, 0)).await;
        assert!(page.refusal().await.contains("does not host"));
        assert_eq!(house.tracker.account(CLIP), None);
    }
}

#[tokio::test]
async fn nonsense_ends_the_connection_and_hurts_nobody_else() {
    let house = House::conducting(Config::default());
    let door = house.open().await;
    let mut alice = page(&door, 'a').await;
    let mut mallory = page(&door, 'm').await;
    mallory.tell(&report(u32::MAX, Some(0..u32::MAX - 1))).await;
    for kind in [0, 1, 2, 3, 4, 8] {
        for fill in [0, 1, 2, 0x7f, 0x80, 0x81, 0xfe, 0xff] {
            let mut bytes = vec![fill; 40];
            bytes[0] = kind;
            mallory.tell_bytes(bytes).await;
        }
    }
    // A report that ends too early, more often than a mistake happens.
    for _ in 0..30 {
        mallory.tell_bytes(vec![2, SWARM]).await;
    }
    let end = loop {
        match mallory.hear().await {
            Ok(_) => {}
            Err(end) => break end,
        }
    };
    assert!(end.contains("malformed"), "{end}");
    alice.tell(&report(0, None)).await;
    let deadline = tokio::time::timeout(Duration::from_secs(20), granted(&mut alice)).await;
    assert!(!deadline.unwrap().is_empty());
}

#[tokio::test]
async fn a_video_that_is_gone_is_conducted_no_more() {
    let house = House::conducting(Config::default());
    let door = house.open().await;
    let mut alice = page(&door, 'a').await;
    house.delete(CLIP);
    assert!(alice.refusal().await.contains("does not host"));
    assert_eq!(house.tracker.account(CLIP), None);
    alice.tell(&report(0, None)).await;
    alice.say(&announce(CLIP, 'a', 1, 0)).await;
    assert!(alice.refusal().await.contains("does not host"));
}
