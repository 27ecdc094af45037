//! Any bytes as what pods say to each other: what can be read can be written and read again, and is bounded.

#![no_main]

use libfuzzer_sys::fuzz_target;
use names::Host;
use podnet::group::{Group, GroupId, MAX_ITEMS, Receipt};
use podnet::join::{FriendList, MAX_CANDIDATES, plan};
use podnet::present::{Answer, Farewell, Presentation, read_friends};

fuzz_target!(|bytes: &[u8]| {
    let entry = Host::parse("entry.example").expect("it is a host");
    if let Ok(said) = Presentation::read(bytes) {
        let again = serde_json::to_vec(&said).expect("it is JSON");
        assert_eq!(Presentation::read(&again), Ok(said));
    }
    if let Ok(said) = Answer::read(bytes, &entry) {
        let again = serde_json::to_vec(&said).expect("it is JSON");
        assert_eq!(Answer::read(&again, &entry), Ok(said));
    }
    if let Ok(said) = Farewell::read(bytes, &entry) {
        assert_eq!(said.host, entry);
    }
    if let Ok(hosts) = read_friends(bytes) {
        let us = Host::parse("us.example").expect("it is a host");
        let list = FriendList {
            owner: entry.clone(),
            hosts,
        };
        let plan = plan(&us, &[entry], &[list]);
        assert!(plan.candidates.len() <= MAX_CANDIDATES);
        assert!(plan.candidates.iter().all(|candidate| candidate.host != us));
    }
    let mut sent = Group {
        id: GroupId(1),
        whole: None,
        items: Vec::new(),
    };
    if let Ok(group) = Group::read(bytes) {
        assert!(group.items.len() <= MAX_ITEMS);
        sent = group;
    }
    if let Ok(receipt) = Receipt::read(bytes, &sent) {
        assert!(receipt.refused.len() <= sent.items.len() || receipt.accepted == 0);
    }
});
